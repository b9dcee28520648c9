"""The end of a rotation in JupyterLab: the green end, and what was kept of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from html import escape
from urllib.parse import quote

from IPython.display import HTML, display

from releve.base.disk import write_atomically
from releve.base.errors import ReleveError
from releve.base.programs import program
from releve.base.texts import text
from releve.decision import events as ev
from releve.decision.procedure import PORTAL_STEPS
from releve.jupyter import MODELS
from releve.jupyter.copy import folder_url
from releve.jupyter.panel import say
from releve.planning.calendar_file import calendar
from releve.planning.due import agenda
from releve.record.folder import PAGE
from releve.record.history import history
from releve.rotation.rehearsal import alone
from releve.rotation.session import Session

CALENDAR = "echeance.ics"
END = "rv-done"  # the class of the green end
HOME = f"{MODELS}/home.ipynb"


def close(session: Session) -> Callable[[ReleveError | None], None]:
    """Under the closing cell: when to come back, a calendar to import, the record. What is returned
    tells there, in the page only, how the sealing ended: what is sealed does not change.
    """
    write_calendar(session)
    handle = display(HTML(_end(session, text("end.saving"))), display_id=True)  # type: ignore[no-untyped-call]

    def told(error: ReleveError | None) -> None:
        said = error.text if error else text("end.saved")
        handle.update(HTML(_end(session, said)))  # type: ignore[no-untyped-call]

    return told


def write_calendar(session: Session) -> None:
    """The next due date, for the operator's own calendar, beside the record's page."""
    settings, folder = session.settings, session.rotation.context.folder
    account = session.structure.technical_account
    structures = [s for s in settings.structures.values() if s.technical_account == account]
    closed, _ = _closed(session)
    today = datetime.fromisoformat(closed).astimezone().date()
    dues = agenda(structures, settings.policy, history(settings.record.folder), today)
    write_atomically(folder.path / CALENDAR, calendar(dues, settings.policy.warn_days))


def _end(session: Session, said: str) -> str:
    """The green end, in plain HTML: it stays in the record's notebook."""
    context, (_, end) = session.rotation.context, _closed(session)
    exercise = session.settings.school is not None or session.parameters.rehearse
    if session.parameters.rehearse:
        heading = text("end.met-heading")
        count = alone(context.journal.entries, session.settings)
        told = say("end.met", count=count, of=len(PORTAL_STEPS))
    elif exercise:
        heading, told = text("end.exercise-heading"), say("end.exercise")
    else:
        heading = text("end.heading")
        programs = dict.fromkeys(program(each).name for each in context.journalled.targets)
        told = say(
            "end.unproven" if end.proof == "none" else "end.body",
            where=" et ".join(("Chorus Pro", *programs)),
            due=f"{date.fromisoformat(end.next_due):%d/%m/%Y}",
        )
    return (
        f'<section class="rv {END}" aria-label="{heading}">'
        f'<h3 class="rv-heading">✓ {heading}</h3>{told}<p role="status">{escape(said)}</p>'
        f'<p class="rv-ways">{_ways(session, exercise)}</p></section>'
    )


def _closed(session: Session) -> tuple[str, ev.RotationClosed]:
    """When the rotation was closed, and how."""
    entries = reversed(session.rotation.context.journal.entries)
    return next((e.time, e.event) for e in entries if isinstance(e.event, ev.RotationClosed))


def _ways(session: Session, exercise: bool) -> str:
    """Where one may go from the end; an exercise has no date for an agenda."""
    link = f"/files/{quote(folder_url(session.rotation.context.folder))}"
    agenda = f'<a href="{link}/{CALENDAR}" download="{CALENDAR}">{text("end.agenda")}</a>'
    record = f'<a href="{link}/{PAGE}" target="_blank" rel="noopener">{text("end.record")}</a>'
    home = f'<a href="/lab/tree/{HOME}">{text("end.home")}</a>'
    return " · ".join([record, home] if exercise else [agenda, record, home])
