"""What a check of the evidence may find."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from releve.base.texts import text


@dataclass(frozen=True)
class Finding:
    """One thing found. `kind` is a code (in the table of texts: `found`), `record` a folder's name
    or "", `what` a file, a line of the register or a fingerprint, `by` the fingerprint of who
    signed what it is about, or "".
    """

    kind: str
    record: str = ""
    what: str = ""
    by: str = ""

    @property
    def text(self) -> str:
        """One French line, without control characters of the facts."""
        record, what, by = map(_printable, (self.record, self.what, self.by))
        told = text(f"found.{self.kind}", record=record, what=what)
        return text("verified.signed", told=told, by=by) if by else told


def _printable(fact: str) -> str:
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in fact)


# What limits the check, or what a reader wants to know.
NOTES = frozenset(
    {
        "open", "open_elsewhere", "no_head", "beyond", "register_not_given", "unknown_signer",
        "training_signer", "older", "untimed", "timed", "late", "backwards", "destroyed",
        "put_aside", "beside", "signer",
    }
)  # fmt: skip
PLAIN = frozenset({"open", "timed", "destroyed", "put_aside"})
"""Notes that take nothing away from the check."""
UNSEALED = frozenset({"unsealed", "unsealed_elsewhere"})
"""Faults of which nothing is harmed."""


@dataclass(frozen=True)
class CheckedRecords:
    """What a check found: `faults` break the evidence, `notes` do not."""

    records: int = 0
    lines: int = 0
    faults: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)

    @property
    def limits(self) -> list[Finding]:
        """The notes that say what was not checked."""
        return [note for note in self.notes if note.kind not in PLAIN]

    def code(self, strict: bool = False) -> int:
        """7 for a fault; `strict`: also for what could not be checked."""
        return 7 if self.faults or (strict and self.limits) else 0

    @property
    def conclusion(self) -> str:
        """The last sentence: never more than what was witnessed."""
        if any(fault.kind not in UNSEALED for fault in self.faults):
            return text("verified.broken")
        if self.faults:
            return text("verified.unsealed")
        if self.limits:
            return text("verified.limits")
        if not self.lines:
            return text("verified.nothing")
        going_on = any(note.kind == "open" for note in self.notes)
        return text("verified.sealed" if going_on else "verified.all")

    def to_dict(self, strict: bool = False) -> dict[str, Any]:
        """As printed by `--json`."""
        told = {
            name: [asdict(each) | {"text": each.text} for each in getattr(self, name)]
            for name in ("faults", "notes")
        }
        return {
            "code": self.code(strict),
            "records": self.records,
            "lines": self.lines,
            "conclusion": self.conclusion,
        } | told
