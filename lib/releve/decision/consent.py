"""May a reset be made with nobody there? A pure function: `TABLE` is the whole decision.

A reset that cannot be finished stops every commune's invoices, so each row names one thing that
would keep a run without a person from finishing it, and the one thing to do about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class BeforeReset:
    """What is known before the reset of one technical account. Names are structures'."""

    guided: tuple[str, ...] = ()  # whose accounting program a person fills in
    without_program: tuple[str, ...] = ()  # whose `command` is not on this machine
    herself: bool = False  # a person logs in at the portal, by her own means
    met: bool = True  # an attended rotation has read a new password on this portal
    overtaken: bool = False  # the keyring tells of a change that these records do not know
    dated: bool = True  # it is known when the password was last changed
    provable: bool = True  # the API can be asked afterwards, or that was declared unneeded


# What stands in the way; the table of texts says why, and what a person does about it.
TABLE: Mapping[str, Callable[[BeforeReset], bool]] = {
    "guided": lambda case: case.guided != (),
    "without program": lambda case: case.without_program != (),
    "herself": lambda case: case.herself,
    "never met": lambda case: not case.met,
    "overtaken": lambda case: case.overtaken,
    "undated": lambda case: not case.dated,
    "unproven": lambda case: not case.provable,
}


def refusals(case: BeforeReset) -> list[str]:
    """What stands in the way of a reset with nobody there, in the table's order; empty: none."""
    return [name for name, holds in TABLE.items() if holds(case)]


def overtaken(
    writers: Iterable[tuple[str, datetime]], run: str, last_attempt: int, opened: datetime
) -> bool:
    """Whether a slot's writer ("RUN/ATTEMPT", and when) tells of a change that came after what an
    open rotation's journal knows: of an attempt it does not know, or of another run since.
    """
    for writer, written in writers:
        owner, _, attempt = writer.partition("/")
        if owner == run and attempt.isdigit() and int(attempt) > last_attempt:
            return True
        if owner != run and attempt and written > opened:
            return True
    return False
