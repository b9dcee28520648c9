"""What the records tell of every rotation there was: `state` says what is true, this counts.

A journal that has not changed is not read again by the same process: a fleet asks at every
structure.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any

from releve.base.account import folded
from releve.base.errors import PersonNeeded, ReleveError
from releve.base.settings import Settings
from releve.decision import events as ev
from releve.decision import journal as j
from releve.decision.line import moment
from releve.decision.state import Next
from releve.record.folder import RecordFolder, opened
from releve.record.register import Register
from releve.record.view import as_told, is_training

SAME_DAY = timedelta(hours=24)
DOUBTED = "doubted"
TOO_EARLY = "ProofTooEarly"  # its name in a journal: the reset has not reached the API yet
PATIENCE_SECONDS = 15 * 60  # a person who answers later than that was elsewhere in the meantime


class JustDone(ReleveError):
    """A scheduler that fires twice must not reset twice."""

    code = 3


class SucceededTomorrow(PersonNeeded):
    """A record, or this machine's clock, is wrong by more than a day."""


@dataclass(frozen=True)
class Past:
    """One rotation. `outcome` is "" while it is open, "damaged" when its journal cannot be read,
    "doubted" for a success that nothing confirms (`doubt`); times are UTC.
    """

    record: Path
    run: str
    structure: str
    account: str = ""
    name: str = ""
    school: bool = False
    began: datetime | None = None
    ended: datetime | None = None  # of the last event
    closed: datetime | None = None
    outcome: str = ""
    proof: str = ""
    touched: bool = False  # the portal may have a new password
    reset: datetime | None = None  # when its latest reset was announced
    next: Next = Next.NOTHING
    text: str = ""  # of what stopped it last
    refused: bool = False  # the latest word on its password: it does not work
    human_seconds: float = 0.0  # spent by a person at gates and at steps done by hand

    @property
    def open(self) -> bool:
        """Neither closed nor abandoned."""
        return self.outcome == ""

    @property
    def stuck(self) -> bool:
        """The portal may have a new password, and the rotation never came to its end."""
        return self.touched and self.outcome in ("", "abandoned", "damaged")

    @property
    def to_prove(self) -> bool:
        """Entered everywhere, and nobody has said yet whether it works."""
        return self.open and self.next is Next.PROVE and not self.refused


def history(outputs: Path) -> list[Past]:
    """Every rotation of the folder, the oldest first; rehearsals are left out. Never raises for a
    damaged journal.
    """
    found = []
    for entry in sorted(_folders(outputs), key=lambda each: each.name):
        folder = RecordFolder.at(Path(entry.path))
        past = _past(folder) if folder else None
        if past is not None and past.outcome != "rehearsed":
            found.append(past)
    return found


def counting(settings: Settings) -> list[Past]:
    """Those that count for these settings: the school's only at the school, a damaged record, which
    does not tell, everywhere.
    """
    school, found = settings.school is not None, history(settings.record.folder)
    return [each for each in found if each.school == school or each.outcome == "damaged"]


def lacks_proof(entries: list[ev.Entry]) -> bool:
    """Whether the latest run of a rotation made a reset, entered its password everywhere, and could
    not prove it. What the API does not know yet is no failure: a later run asks again.
    """
    starts = [at for at, each in enumerate(entries) if isinstance(each.event, ev.RunStarted)]
    run = entries[starts[-1] :] if starts else entries
    if not ev.of(run, ev.ResetIntended):
        return False
    stop = _last_stop(run)
    early = stop is not None and stop.error == TOO_EARLY
    return as_told(entries).next is Next.PROVE and not early


def doubt(past: list[Past], register: Register) -> list[Past]:
    """The same, each account's latest success "doubted" as long as it lies in the future or nobody
    whom this reader knows has sealed it: what a stranger can write is told, and not believed.
    """
    while latest := _latest_successes(past):
        sealed = _sealed(latest, register)
        doubted = {p.record for p in latest if p.record.name not in sealed or _in_the_future(p)}
        if not doubted:
            break
        past = [replace(p, outcome=DOUBTED) if p.record in doubted else p for p in past]
    return past


def _sealed(past: Iterable[Past], register: Register) -> set[str]:
    """The names of those that somebody whom this reader knows has sealed, and whose journal says
    what was sealed then.
    """
    every = {each.record.name: each for each in past}
    lines = dict[str, dict[str, Any]]()
    with suppress(OSError):
        lines = register.find_all(every, anybody=True)
    return {name for name, line in lines.items() if _as_sealed(every[name], line)}


def _as_sealed(past: Past, line: dict[str, Any]) -> bool:
    """Whether the signed line bears out the account, a success, and an end before it, by a clock
    that may have been set since (`verify` reads the whole). Version 0.1's lines say less.
    """
    with suppress(KeyError, ValueError):
        ended = past.ended is None or past.ended <= moment(line["time"]) + SAME_DAY
        account = folded(str(line.get("account", past.account))) == folded(past.account)
        success = past.outcome != "succeeded" or line.get("outcome", "succeeded") == "succeeded"
        return ended and account and success
    return False


def _latest_successes(past: list[Past]) -> list[Past]:
    """Of each account."""
    done = [(each.closed, each) for each in past if each.outcome == "succeeded" and each.closed]
    done.sort(key=itemgetter(0))
    return list({folded(each.account): each for _, each in done}.values())


def _in_the_future(past: Past) -> bool:
    return past.closed is not None and past.closed > datetime.now(UTC) + SAME_DAY


def _folders(outputs: Path) -> list[os.DirEntry[str]]:
    try:
        return [entry for entry in os.scandir(outputs) if entry.name[:1].isdigit()]
    except FileNotFoundError:
        return []


def _past(folder: RecordFolder) -> Past | None:
    """None for a folder without a journal that tells of a rotation, and for a rehearsal that is
    still open.
    """
    try:
        stat = (folder.path / j.FILE_NAME).stat()
    except OSError:
        return None
    return _read(folder, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=50_000)
def _read(folder: RecordFolder, size: int, changed: int) -> Past | None:
    """Cached by size and time of change: a journal only grows."""
    try:
        return _tell(folder, folder.entries())
    except (OSError, j.JournalUnreadable):
        # who knows
        return Past(folder.path, folder.run, folder.siret, outcome="damaged", touched=True)


def _tell(folder: RecordFolder, entries: list[ev.Entry]) -> Past | None:
    """The rotation: what is true of it is `state`'s to say, the rest is counted here."""
    first = opened(entries)
    if first is None or first.rehearsal:
        return None
    situation = as_told(entries)
    facts, stop = situation.facts, _last_stop(entries)
    clicks = [each for each in entries if isinstance(each.event, ev.ResetIntended)]
    ends = [each for each in entries if isinstance(each.event, ev.ENDS)]
    return Past(
        folder.path,
        folder.run,
        first.structure,
        account=first.account,
        name=first.name,
        school=is_training(entries),
        began=_time(entries[0]),
        ended=_time(entries[-1]),
        closed=_time(ends[-1]) if ends else None,
        outcome=facts.outcome,
        proof=facts.proof,
        touched=facts.touched,
        reset=_time(clicks[-1]) if clicks else None,
        next=situation.next,
        text=stop.text if stop else "",
        refused=facts.proof_refused and (stop is None or stop.error != TOO_EARLY),
        human_seconds=_human_seconds(entries),
    )


def _last_stop(entries: list[ev.Entry]) -> ev.RunStopped | ev.StepFailed | None:
    """How the last process put the rotation down, or the step that stopped it in front of a person;
    None when neither was said.
    """
    said = (each.event for each in reversed(entries) if not isinstance(each.event, ev.ENDS))
    last = next(said, None)
    return last if isinstance(last, ev.RunStopped | ev.StepFailed) else None


def _human_seconds(entries: list[ev.Entry]) -> float:
    """The time before each answer of a person, since the line before it; longer than
    `PATIENCE_SECONDS` counts as that.
    """
    return sum(
        min(max((_time(entry) - _time(before)).total_seconds(), 0.0), PATIENCE_SECONDS)
        for before, entry in pairwise(entries)
        if _of_a_person(entry.event)
    )


def _of_a_person(event: ev.Event) -> bool:
    match event:
        case ev.GateGiven(_, how) | ev.ResetAgainDecided(_, how) | ev.ResetDone(_, how):
            return how in ("widget", "terminal")
        case ev.StepDone("manual") | ev.TargetEntered(_, "manual") | ev.ProofGiven("attested"):
            return True
    return False


def _time(entry: ev.Entry) -> datetime:
    return datetime.fromisoformat(entry.time)


def refuse_twice(register: Register, account: str, kept: datetime | None = None) -> None:
    """Raises `JustDone` when the account was renewed within a day, by a record that the register
    vouches for, and nothing of it is left open. Under its lock, this is sure. `kept`: when, by the
    keyring, which outlives a lost folder.
    """
    told = history(register.path.parent)
    past = [each for each in told if folded(each.account) == folded(account)]
    sealed = _sealed(past, register)
    past = [each for each in past if each.open or each.record.name in sealed]
    if ahead := [each for each in past if each.outcome == "succeeded" and _in_the_future(each)]:
        day = f"{ahead[-1].closed:%d/%m/%Y}" if ahead[-1].closed else ""
        raise SucceededTomorrow(account=account, when=day, record=ahead[-1].record.name)
    closed = [each.closed for each in past if each.outcome == "succeeded" and each.closed]
    if kept and not any(each.ended and each.ended >= kept for each in past):
        closed.append(kept)
    done = max(closed, default=None)
    if done and not any(each.open for each in past) and datetime.now(UTC) - done < SAME_DAY:
        raise JustDone(account=account, when=f"{done.astimezone():%d/%m/%Y à %H:%M}")
