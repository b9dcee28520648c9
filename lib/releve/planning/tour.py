"""What became of many rotations: a line each, in four lists, and one exit code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Ending:
    """How one structure ended in a fleet: the exit code it would have had alone, a French text, and
    its record ("" when none).
    """

    structure: str
    name: str
    code: int
    text: str
    record: str = ""
    error: str = ""
    proof: str = ""
    next_due: str = ""


@dataclass
class Tour:
    """The four lists of a fleet, and what was not begun. `stopped` says in French why it ended
    early, or is "".
    """

    done: list[Ending] = field(default_factory=list)
    nothing: list[Ending] = field(default_factory=list)
    person: list[Ending] = field(default_factory=list)
    failed: list[Ending] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    stopped: str = ""

    @property
    def code(self) -> int:
        """One exit code: the worst; what was not begun is for a person, unless something worse
        happened.
        """
        codes = [line.code for line in (*self.done, *self.person, *self.failed)]
        return worst(codes + [4] * bool(self.left))

    def add(self, line: Ending) -> None:
        """Put a line where it belongs."""
        lists = {0: self.done, 3: self.nothing, 4: self.person}
        lists.get(line.code, self.failed).append(line)

    def to_dict(self) -> dict[str, Any]:
        """As printed by `--json`."""
        return {"code": self.code} | asdict(self)


def worst(codes: Iterable[int]) -> int:
    """One exit code for several rotations: evidence first, then what is stuck after a reset, what
    needs a person, what failed.
    """
    found = set(codes)
    return next((code for code in (7, 6, 4, 5, 2, 0) if code in found), 3)
