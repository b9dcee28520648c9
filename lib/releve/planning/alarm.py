"""Is the password that the keyring keeps still the portal's? One question a day and an account, to
the API: nothing is changed, and nothing is ever reset because of the answer.

The day is the calendar's, where this machine is: a timer that fires a few minutes earlier than the
day before still asks. Two questions are half a day apart, whatever midnight lies between them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

from releve.base import disk
from releve.base.account import folded, usual
from releve.base.settings import Settings, Structure
from releve.base.texts import text
from releve.decision.journal import FILE_NAME, JournalUnreadable
from releve.decision.reconcile import Verdict
from releve.proof.verdicts import Meaning
from releve.record.contents import STATEMENT
from releve.record.folder import RecordFolder
from releve.record.history import Past, history
from releve.record.seal import registered_in
from releve.record.statement import read_sealed
from releve.record.vouching import vouched
from releve.vault.keystore import Keystore
from releve.vault.slots import BY_HAND, Slot

APART = timedelta(hours=12)  # nobody knows whether refusals lock a technical account


class State(StrEnum):
    """How an account's password stands."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"  # the API said nothing of it
    EXPLAINED = "explained"  # a rotation of ours is not finished, or the API may not know it yet
    ASKED = "asked"  # today, or within half a day
    EMPTY = "empty"  # nothing is kept


@dataclass(frozen=True)
class AccountCheck:
    """One account, by one of its structures; `text` is a French line."""

    structure: str
    name: str
    account: str
    state: State
    text: str


def voucher(settings: Settings, keystore: Keystore) -> Callable[[Past], bool]:
    """Whether what a journal tells may decide: this keyring has the rotation's key, or the journal
    is the one that a signer whom this reader knows has sealed. The register is read when it has
    changed, not for each account. What that returns raises a keyring error.
    """
    register = registered_in(settings, keystore)

    @lru_cache(maxsize=1)
    def lines(size: int, changed: int) -> dict[str, dict[str, Any]]:
        return register.find_all({each.record.name for each in history(settings.record.folder)})

    def vouches(past: Past) -> bool:
        folder = RecordFolder.at(past.record)
        with suppress(JournalUnreadable, OSError, ValueError):
            if folder is None or vouched(folder, keystore):
                return folder is not None
            stat = register.path.stat()
            line = lines(stat.st_size, stat.st_mtime_ns).get(past.record.name)
            return line is not None and _unchanged(past.record, line)
        return False

    return vouches


def _unchanged(record: Path, line: dict[str, Any]) -> bool:
    """Whether the record has the statement of that line, and the journal of that statement. Raises
    OSError, ValueError.
    """
    content = disk.read(record / STATEMENT)
    if hashlib.sha256(content).hexdigest() != line.get("statement"):
        return False
    journal = {"name": FILE_NAME, "digest": {"sha256": disk.sha256(record / FILE_NAME)}}
    return journal in read_sealed(content).statement["subject"]


def check(
    structure: Structure,
    past: Callable[[], Iterable[Past]],
    vouches: Callable[[Past], bool],
    keystore: Keystore,
    ask: Callable[[Structure], Meaning],
    now: datetime,
    propagation: timedelta,
) -> AccountCheck:
    """Its account; `ask` tries what the slot `current` holds. When it was asked is kept in the
    keyring before the question. `past` reads the records, before the question and again before a
    refusal is judged: a rotation may have begun in between. Only what `vouches` explains a refusal:
    whoever can write in the folder could silence it. `propagation`: how long a reset takes to reach
    the API. Raises a keyring's error, and what `ask` raises.
    """
    account = structure.technical_account

    def found(state: State, told: str) -> AccountCheck:
        return AccountCheck(structure.siret, structure.name, account, state, told)

    ours, _ = _latest(past(), account, vouches)
    if why := _explained(ours, now - propagation):
        return found(State.EXPLAINED, why)
    held = keystore.slots(account).read(Slot.CURRENT)
    if held is None:
        return found(State.EMPTY, text("alarm.empty"))
    written = datetime.fromisoformat(held.written)
    if held.run != BY_HAND and written > now - propagation:  # whatever became of its record
        return found(State.EXPLAINED, text("alarm.recent"))
    last = keystore.entry("checked", usual(account))
    before = last.text()
    if before and not _another_day(datetime.fromisoformat(before), now):
        return found(State.ASKED, text("alarm.asked"))
    last.set_text(now.isoformat(timespec="seconds"))
    said = ask(structure)
    if said.verdict is Verdict.ACCEPTED:
        return found(State.ACCEPTED, text("alarm.accepted"))
    if said.verdict is Verdict.REFUSED:
        ours, doubted = _latest(past(), account, vouches)
        if why := _explained(ours, now - propagation):
            return found(State.EXPLAINED, why)
        given_up = ours and ours.reset and ours.outcome == "abandoned" and written < ours.reset
        todo = text("alarm.abandoned" if given_up else "alarm.outside")
        names = [each.record.name for each in doubted if _explained(each, now - propagation)]
        if names:
            todo = text("alarm.doubted", todo=todo, record=names[0])
        return found(State.REFUSED, text("alarm.refused", todo=todo))
    return found(State.UNKNOWN, f"{said.said}. {said.todo}".strip())


def _latest(
    past: Iterable[Past], account: str, vouches: Callable[[Past], bool]
) -> tuple[Past | None, list[Past]]:
    """The account's rotation that reset it last, an open one before others, of those that something
    vouches for (None when none did); and those that would come before it.
    """
    told = [e for e in past if folded(e.account) == folded(account) and e.touched and e.reset]
    doubted = list[Past]()
    for each in sorted(told, key=lambda each: (each.open, each.reset), reverse=True):
        if vouches(each):
            return each, doubted
        doubted.append(each)
    return None, doubted


def _explained(ours: Past | None, settled: datetime) -> str:
    """Why an answer would tell nothing: that rotation is not finished, or its reset is later than
    `settled`; "" when it would.
    """
    if ours and ours.open:
        return text("alarm.open")
    if ours and ours.reset and ours.reset > settled:
        return text("alarm.recent")
    return ""


def _another_day(before: datetime, now: datetime) -> bool:
    """Whether a question may follow the one of `before` (both aware)."""
    return now - before >= APART and now.astimezone().date() > before.astimezone().date()
