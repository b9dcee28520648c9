"""Waking a person, and only when needed: someone is waited for, something failed, is overdue, or
nothing has run for too long.

The texts are made here; `apprise` carries them (SMTP, webhooks, and a hundred others). A channel's
address may hold a password, so it stands in the keyring (service "releve/notice", user = the
channel's name), never in the settings.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from releve.base import disk
from releve.base.disk import make_folder, write_atomically
from releve.base.errors import ReleveError
from releve.base.secret import Secret, scrub
from releve.base.settings import Notices, Settings
from releve.base.texts import text
from releve.planning.alarm import AccountCheck
from releve.planning.due import Due, Standing
from releve.planning.plan import aloud
from releve.planning.tour import Ending, Tour
from releve.record.folder import PAGE
from releve.vault.entry import CredentialMissing
from releve.vault.keystore import Keystore, open_keystore

HEARTBEAT = ".last-fleet.json"


class NoticeNotSent(ReleveError):
    """A channel did not take the notice. Sending it again is safe."""


@dataclass(frozen=True)
class Notice:
    """What a person is told. Nothing secret: both texts are scrubbed when they are made."""

    title: str
    body: str


def of_fleet(tour: Tour, settings: Settings) -> Notice | None:
    """What a fleet has to say, None when nobody is needed."""
    parts = [
        _lines(text("notice.person"), tour.person, settings.notices),
        _lines(text("notice.failed"), tour.failed, settings.notices),
    ]
    if tour.left:
        names = ", ".join(tour.left)
        parts.append(text("notice.left", stopped=tour.stopped, names=names))
    if not any(parts):
        return None
    count = len(tour.person) + len(tour.failed) + len(tour.left)
    title = text("notice.fleet" if count > 1 else "notice.fleet-one", count=count)
    return _notice(title, [*parts, aloud(settings)])


def of_plan(told: str, settings: Settings) -> Notice:
    """A run that stopped with its plan: nothing is done until somebody agrees to it."""
    return _notice(text("notice.plan"), [told, aloud(settings)])


def of_check(refused: Iterable[AccountCheck]) -> Notice | None:
    """Passwords that the portal takes no more though no rotation of ours changed them; None when
    there is none.
    """
    told = [text("notice.account", **vars(each)) for each in refused]
    return _notice(text("notice.check"), ["\n".join(told)]) if told else None


def of_agenda(
    dues: Iterable[Due], last_fleet: datetime | None, settings: Settings, now: datetime
) -> Notice | None:
    """What is stuck, to be proved or overdue, and whether the scheduler has stopped; None when all
    is well.
    """
    dues = list(dues)
    left = (Standing.STUCK, Standing.TO_PROVE, Standing.OVERDUE)
    urgent = [each for each in dues if each.standing in left]
    count = len(urgent)
    parts = ["\n".join(text("notice.due", **vars(each)) for each in urgent)]
    silence = _silence(last_fleet, settings.notices.silence_days, now)
    if silence and dues:
        parts.append(silence)
    if not any(parts):
        return None
    title = text(
        "notice.late" if count > 1 else "notice.late-one" if count else "notice.stopped",
        count=count,
    )
    return _notice(title, [*parts, aloud(settings)])


def _silence(last: datetime | None, days: int, now: datetime) -> str:
    if days == 0 or (last is not None and now - last < timedelta(days=days)):
        return ""
    if last is None:
        return text("notice.never")
    here = last.astimezone()
    return text("notice.silence", day=f"{here:%d/%m/%Y}", hour=f"{here:%H:%M}")


def _lines(title: str, lines: list[Ending], notices: Notices) -> str:
    told = [
        f"- {line.name} ({line.structure})\n{line.text}\n{_link(line.record, notices)}".rstrip()
        for line in lines
    ]
    return "\n".join([title, *told]) if told else ""


def _link(record: str, notices: Notices) -> str:
    """Where the reader opens the record: under `link` when the settings give one, else the file
    itself.
    """
    if not record:
        return ""
    folder, link = Path(record), notices.link.rstrip("/")
    page = f"{link}/{quote(folder.name)}/{PAGE}" if link else (folder / PAGE).as_uri()
    return text("notice.record", page=page)


def _notice(title: str, parts: list[str]) -> Notice:
    return Notice(scrub(title), scrub("\n\n".join(part for part in parts if part)))


def send(notice: Notice, settings: Settings, keystore: Keystore) -> None:
    """By every channel of the settings. Raises `NoticeNotSent` naming those that failed, once all
    were tried.
    """
    failed = [name for name in settings.notices.channels if not _send(notice, keystore, name)]
    if failed:
        raise NoticeNotSent(channels=", ".join(failed))


def _send(notice: Notice, keystore: Keystore, channel: str) -> bool:
    from apprise import Apprise  # only when there is something to send
    from apprise.common import NotifyFormat

    logging.getLogger("apprise").disabled = True  # it would write addresses, and what they hold
    try:
        address = keystore.entry("notice", channel).require()
    except CredentialMissing:
        return False
    carrier = Apprise()
    return bool(
        carrier.add(address.reveal())
        and carrier.notify(title=notice.title, body=notice.body, body_format=NotifyFormat.TEXT)
    )


def store(keystore: Keystore, channel: str, address: str) -> bool:
    """Keep a channel's address in the keyring; False when it is not one that apprise understands.
    """
    from apprise import Apprise

    logging.getLogger("apprise").disabled = True
    secret = Secret(address)
    if not Apprise().add(secret.reveal()):
        return False
    keystore.entry("notice", channel).set(secret)
    return True


def beat(outputs: Path, code: int, now: datetime | None = None) -> None:
    """Note that a scheduled fleet has run, whatever it found."""
    make_folder(outputs.resolve())
    told = {"time": (now or datetime.now(UTC)).isoformat(timespec="seconds"), "code": code}
    write_atomically(outputs / HEARTBEAT, json.dumps(told).encode())


def last_beat(outputs: Path) -> datetime | None:
    """When a scheduled fleet last ran; None when it never did or the note cannot be read."""
    try:
        return datetime.fromisoformat(json.loads(disk.read(outputs / HEARTBEAT, 4096))["time"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def tell(notice: Notice | None, settings: Settings) -> ReleveError | None:
    """Send what there is to say, if anything and by any channel; an error is returned, never
    raised: it changes no outcome.
    """
    if notice is None or not settings.notices.channels:
        return None
    try:
        send(notice, settings, open_keystore(settings).bounded())
    except ReleveError as error:
        return error
    return None
