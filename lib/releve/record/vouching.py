"""Whose rotation is it? What a journal says counts as far as this user's keyring vouches for it.

`outputs/` may be shared, so an open rotation found there may be a colleague's, an older version's
or a stranger's. It is never gone on with by itself: a person adopts it (`adopt`), at the gate or by
its name, and then nothing of what stood there before is believed but what makes us more careful.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from releve.base.errors import PersonNeeded, printable
from releve.decision import events as ev
from releve.decision import journal as j
from releve.decision.line import moment
from releve.record.folder import RecordFolder, opened
from releve.vault import keys
from releve.vault.entry import KeyringError
from releve.vault.keystore import Keystore
from releve.vault.slots import Slots

ROLLED_BACK = (
    "Le trousseau sait que cette réinitialisation a été annoncée, et le journal ne le dit plus :"
    " il a été remplacé par un plus ancien."
)


ADOPTED = (
    "D'après son journal, cette rotation a été ouverte par {whose}, et non ici : elle est reprise à"
    " votre compte, et rien de ce qui y était noté n'est tenu pour sûr."
)


class NotOurs(PersonNeeded):
    """An open rotation for which this keyring does not vouch. Nothing was begun."""


@dataclass(frozen=True)
class Claim:
    """What the journal of a rotation that is not ours says of it; a stranger may have written it.
    `host` is "" when no process told where it ran.
    """

    whose: str
    host: str
    begun: str  # the day and the time, in French and in local time


def claim(entries: Sequence[ev.Entry]) -> Claim:
    """Of a journal that has entries."""
    host = next((run.host for run in ev.of(entries, ev.RunStarted)), "")
    begun = moment(entries[0].time).astimezone()
    whose, host = (str(printable(each)) for each in (entries[0].actor, host))
    return Claim(whose, host, f"{begun:%d/%m/%Y à %H:%M}")


def vouched(folder: RecordFolder, keystore: Keystore) -> bool:
    """Whether this keyring has the rotation's key, and it vouches for the whole journal. Raises a
    keyring error, `JournalUnreadable`.
    """
    content = j.content_of(folder.path / j.FILE_NAME)
    return j.vouches(keys.rotation_key(keystore, folder.run), content)


def check_ours(folder: RecordFolder, keystore: Keystore) -> None:
    """Raises `NotOurs` for a rotation that was begun, and for which this keyring does not vouch."""
    start = opened(entries := folder.entries())
    if start is not None and not vouched(folder, keystore):
        raise NotOurs(record=folder.path.name, whose=entries[0].actor)


def open_journal(folder: RecordFolder, actor: str, keystore: Keystore) -> j.Journal:
    """The journal of a rotation, with its key; a new key for one that was not begun."""
    begun = opened(folder.entries()) is not None
    key = (keys.rotation_key if begun else keys.make_rotation_key)(keystore, folder.run)
    return j.Journal(folder.path, folder.run, actor, key)


def adopt(
    folder: RecordFolder, actor: str, targets: Sequence[str], keystore: Keystore
) -> j.Journal:
    """Take in hand a rotation that is not ours, for the person who acts and was asked: from here on
    this keyring vouches for it, and pins what stood there before as history. The caller holds the
    account's lock. Raises `JournalUnwritable`, a keyring error.
    """
    entries = folder.entries(pass_over_damage=True)
    key = keys.make_rotation_key(keystore, folder.run)
    journal = j.Journal(folder.path, folder.run, actor, key, pass_over_damage=True)
    whose = entries[0].actor if entries else ""
    journal.append(ev.RotationAdopted(whose, tuple(targets)))
    return journal


def note_announced(journal: j.Journal, keystore: Keystore, attempt: int) -> None:
    """Beside the rotation's key, before the click of `attempt`: a journal that is put back to what
    it was before is recognised. Raises a keyring error; then the click must not be made, and the
    journal says so.
    """
    try:
        keys.announce(keystore, journal.run, attempt)
    except KeyringError as error:
        journal.append(ev.ResetNotDone(attempt, str(error)), "confirmation")
        raise


def restore_announced(journal: j.Journal, keystore: Keystore, slots: Slots) -> None:
    """Enter again, with an unknown end, the click that a journal put back does not tell any more:
    the keyring knows it from its announcement, or from a slot that holds a later writer. Raises
    `JournalUnwritable`, a keyring error.
    """
    holds = slots.filled()
    told = max((e.attempt for e in ev.of(journal.entries, ev.ResetIntended)), default=0)
    asked = max((e.attempt for e in ev.of(journal.entries, ev.CandidateAsked)), default=0)
    held = [_attempt(w) for w in (holds.pending, holds.current) if w and _run(w) == journal.run]
    later = max([keys.announced(keystore, journal.run), *(n for n in held if n > asked)], default=0)
    if later > told:
        journal.append(ev.ResetIntended(later), "confirmation")
        journal.append(ev.ResetUnknown(later, ROLLED_BACK), "confirmation")


def _run(writer: str) -> str:
    return writer.partition("/")[0]


def _attempt(writer: str) -> int:
    number = writer.partition("/")[2]
    return int(number) if number.isascii() and number.isdigit() else 0
