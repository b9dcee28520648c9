"""What stands at the head of an executed notebook and at its end, for whoever checks it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date

from releve.base import person
from releve.base.errors import ReleveError
from releve.base.origins import origin
from releve.base.sites import Site, site, training
from releve.base.texts import text
from releve.decision import events as ev
from releve.decision import journal as j
from releve.decision.procedure import target_name
from releve.rotation.session import Session


def context(session: Session) -> str:
    """Which structure, account and programs, when it was last renewed, and which slots hold
    something: the proof that this is the right one. One fact a line.
    """
    s, rotation = session.structure, session.rotation
    kind = "context.rehearsal" if session.parameters.rehearse else "context.by"
    targets = map(target_name, rotation.context.journalled.targets)
    portal = _portal([origin(session.settings.portal.url)])
    lines = (
        text("context.structure", name=s.name, siret=s.siret, portal=portal).rstrip(),
        text("context.account", account=s.technical_account),
        text("context.programs", programs=" ; ".join(targets)),
        text("context.last", day=_last(session)),
        _slots(session),
        text(kind, run=rotation.context.folder.run, actor=_who(session)),
    )
    return "\n".join(lines)


def _portal(origins: Iterable[str]) -> str:
    """What is said of a portal that is not the real one, by the names of its origins."""
    if others := [each for each in origins if site(each) is Site.OTHER]:
        return text("context.other", origins=", ".join(dict.fromkeys(others)))
    return text("context.school") if training(origins) else ""


def _last(session: Session) -> str:
    told = ev.of(session.rotation.context.journal.entries, ev.LastChangeKnown)
    return _day(told[0].day if told else "")


def _day(day: str) -> str:
    return f"{date.fromisoformat(day):%d/%m/%Y}" if day else text("context.unknown")


def _who(session: Session) -> str:
    """The name that the person gave, with the machine's account; a program has that alone."""
    name = person.given_name() if session.operator.interactive else ""
    return f"{name} ({session.actor})" if name else session.actor


def _slots(session: Session) -> str:
    try:
        held = session.rotation.context.slots.filled()
    except ReleveError:
        return text("context.unread")
    words = {
        slot: text("context.filled" if getattr(held, slot) else "context.empty")
        for slot in ("current", "previous", "pending")
    }
    return text("context.slots", **words)


def closing(session: Session) -> str:
    """The proof, the next due date, the journal's fingerprint, and how to check them. "" before the
    rotation is closed.
    """
    entries = session.rotation.context.journal.entries
    if not (closed := ev.of(entries, ev.RotationClosed)):
        return ""
    end, folder = closed[-1], session.rotation.context.folder.path
    journal = (folder / j.FILE_NAME).read_bytes()
    due = _day(end.next_due)
    proof = text(f"closing.{end.proof or 'none'}", actor=_who(session))
    met = [each.origin for each in ev.of(entries, ev.OriginMet)]
    digest = hashlib.sha256(journal).hexdigest()
    lines = (
        text("closing.proof", proof=proof),
        text("closing.due", day=due),
        text("closing.print", count=len(journal.splitlines()), digest=digest),
        text("closing.check"),
        text("closing.record", record=folder.name, portal=_portal(met)).rstrip(),
    )
    return "\n".join(lines)
