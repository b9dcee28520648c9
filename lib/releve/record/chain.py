"""The register read line by line: what its grammar allows, what each line follows, who signed it.

One `record` line a name, ever. `quarantine` only where no record line stands. `period` declares for
how many years records are kept, and `purge` stands only behind a record's line that is older than
the period declared before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from releve.base import disk
from releve.decision.line import moment
from releve.record.findings import Finding
from releve.record.folder import RecordFolder
from releve.record.register import FIRST, Register, digest, parse
from releve.vault.keys import short, shown

KINDS = frozenset({"record", "quarantine", "purge", "period"})
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Inscription:
    """One line: its number, its entry, and the id of the key that signed it ("" for none, or for a
    signature that is false)."""

    number: int
    entry: dict[str, Any]
    by: str

    @property
    def kind(self) -> str:
        return str(self.entry["kind"])

    @property
    def when(self) -> datetime:
        return datetime.fromisoformat(self.entry["time"])


@dataclass
class Chain:
    """The register as read: each record's line, what was destroyed or put aside, the hash of every
    line, and what is wrong.
    """

    records: dict[str, Inscription] = field(default_factory=dict)
    purged: dict[str, Inscription] = field(default_factory=dict)
    aside: dict[str, Inscription] = field(default_factory=dict)
    hashes: dict[str, int] = field(default_factory=dict)
    read: dict[int, Inscription] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    years: int = 0  # the period declared last

    @property
    def signers(self) -> dict[str, list[int]]:
        """The lines of each key."""
        found: dict[str, list[int]] = {}
        for each in self.read.values():
            if each.by:
                found.setdefault(each.by, []).append(each.number)
        return found


def read_chain(register: Register) -> Chain:
    """Every line of the register in its order. Reads only."""
    chain = Chain()
    try:
        content = disk.read_if_any(register.path)
    except OSError:
        chain.findings.append(Finding("register_odd", what=str(register.path)))
        return chain
    lines = content.split(b"\n")
    if torn := lines.pop():
        chain.findings.append(Finding("line_torn", what=str(len(lines) + 1)))
    everything = {digest(line) for line in [*lines, torn]} | {FIRST}
    previous = FIRST
    for number, line in enumerate(lines, 1):
        try:
            entry = _typed(parse(line))
        except ValueError:
            chain.findings.append(Finding("line_unreadable", what=str(number)))
        else:
            _take(chain, register, number, entry, previous, everything)
        previous = digest(line)
        chain.hashes[previous] = number
    return chain


def _typed(entry: dict[str, Any]) -> dict[str, Any]:
    """The entry, its fields of the kinds that they must be. Raises ValueError."""
    texts = all(isinstance(entry.get(key), str) for key in ("time", "kind", "record", "previous"))
    if not texts or type(entry.get("n")) is not int:
        raise ValueError("no entry")
    moment(entry["time"])
    if entry["kind"] == "period":
        if type(entry.get("years")) is not int or entry["years"] < 1 or entry["record"]:
            raise ValueError("no period")
    elif entry["kind"] in KINDS:
        folder = RecordFolder.at(Path(entry["record"]))
        if folder is None or folder.quarantined or re.search(r"[/\\]", entry["record"]):
            raise ValueError("no record's name")
        stated = entry.get("statement")
        if entry["kind"] == "record" and not (isinstance(stated, str) and _HASH.fullmatch(stated)):
            raise ValueError("no statement")
    return entry


def _take(
    chain: Chain,
    register: Register,
    number: int,
    entry: dict[str, Any],
    previous: str,
    everything: set[str],
) -> None:
    """One well-formed line: what is wrong with it, and what it adds."""
    by, faults = _signature(chain, register, number, entry)
    line = Inscription(number, entry, by)
    before = chain.read.get(number - 1)
    expected = before.entry["n"] + 1 if before else number
    if entry["previous"] != previous or entry["n"] != expected:
        why = _why(entry, number, previous, everything)
        faults.append(Finding(why, what=str(number), by=shown(by)))
    if before and line.when < before.when:
        faults.append(Finding("backwards", what=str(number), by=shown(by)))
    faults.extend(_grammar(chain, line))
    chain.findings.extend(faults)
    chain.read[number] = line


def _signature(
    chain: Chain, register: Register, number: int, entry: dict[str, Any]
) -> tuple[str, list[Finding]]:
    try:
        by = register.signer_of(entry)
    except FileNotFoundError:
        return "", [Finding("line_keyless", what=str(number))]
    except (ValueError, OSError):
        return "", [Finding("line_forged", what=str(number))]
    if not by and chain.signers:
        return "", [Finding("line_unsigned", what=str(number))]
    if by and register.known and short(by) not in register.known:
        training = entry["kind"] == "record" and entry.get("training") is True
        kind = "training_signer" if training and not register.noted else "stranger"
        return by, [Finding(kind, what=str(number), by=shown(by))]
    return by, []


def _grammar(chain: Chain, line: Inscription) -> Iterator[Finding]:
    """What the register's grammar does not allow; the first line of a name stands."""
    name, number, by = line.entry["record"], str(line.number), shown(line.by)
    match line.kind:
        case "record":
            if name in chain.records or name in chain.aside:
                yield Finding("line_twice", name, number, by)
            chain.records.setdefault(name, line)
        case "quarantine":
            if name in chain.records:
                yield Finding("line_quarantine", name, number, by)
            elif name in chain.aside:
                yield Finding("line_twice", name, number, by)
            chain.aside.setdefault(name, line)
        case "purge":
            sealed = chain.records.get(name)
            if sealed is None or name in chain.purged or not _over(sealed, line, chain.years):
                yield Finding("line_purge", name, number, by)
            else:
                chain.purged[name] = line
        case "period":
            chain.years = line.entry["years"]
        case _:
            yield Finding("line_kind", what=number, by=by)


def _over(sealed: Inscription, line: Inscription, years: int) -> bool:
    """Whether the period was over when the line was written; version 0.1 declared none."""
    if not line.by:
        return True
    return years > 0 and over(sealed.when, line.when, years)


def over(sealed: datetime, now: datetime, years: int) -> bool:
    """Whether so many years have passed: by the calendar, 29 February counting as 1 March."""
    return (sealed.year + years, sealed.month, sealed.day) <= (now.year, now.month, now.day)


def _why(entry: dict[str, Any], number: int, previous: str, hashes: set[str]) -> str:
    """How a line does not follow the one before it."""
    if entry["previous"] == previous:
        return "line_moved"
    if entry["previous"] in hashes:
        return "line_moved" if entry["n"] != number else "line_changed"
    return "line_missing" if entry["n"] != number or previous == FIRST else "line_changed"
