"""The end of a rotation in JupyterLab: its record is sealed once the notebook with its closing cell
is on the disk, or as it is there when nobody shows that page any more.
"""

from __future__ import annotations

import asyncio
import json
import time
from datetime import date, datetime
from html import escape
from urllib.parse import quote

from IPython.display import HTML, display

from releve.base.disk import write_atomically
from releve.base.errors import ReleveError
from releve.base.programs import program
from releve.base.texts import text
from releve.decision import events as ev
from releve.decision.procedure import CLOSE
from releve.jupyter import MODELS
from releve.jupyter.copy import folder_url
from releve.jupyter.panel import say
from releve.planning.calendar_file import calendar
from releve.planning.due import agenda
from releve.record.folder import NOTEBOOK, PAGE, RecordFolder
from releve.record.history import history
from releve.record.seal import finish
from releve.rotation.session import Session

CALENDAR = "echeance.ics"
END = "rv-done"  # the class of the green end
HOME = f"{MODELS}/home.ipynb"
_LOOK_SECONDS = 0.3
_PAGE_SECONDS = 60.0  # a page that is there saves within one of them; one that is gone never will
_tasks: set[asyncio.Task[None]] = set()


def saved(folder: RecordFolder) -> bool:
    """Whether the notebook on the disk shows how its closing cell ended, and not a panel that was
    there while it worked.
    """
    try:
        cells = json.loads((folder.path / NOTEBOOK).read_bytes())["cells"]
    except (OSError, ValueError):  # being written
        return False
    return any(
        cell["metadata"].get("releve", {}).get("step") == CLOSE
        and END in json.dumps(cell.get("outputs"))
        for cell in cells
    )


def close(session: Session) -> None:
    """Under the closing cell: when to come back, a calendar to import, the record; which is sealed
    as soon as all this is saved.
    """
    folder = session.rotation.context.folder
    write_calendar(session)
    end = _end(session, text("end.saving"))
    handle = display(HTML(end), display_id=True)  # type: ignore[no-untyped-call]
    task = asyncio.get_running_loop().create_task(_seal(session, folder, handle))
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


def write_calendar(session: Session) -> None:
    """The next due date, for the operator's own calendar, beside the record's page."""
    settings, folder = session.settings, session.rotation.context.folder
    structures = [
        each
        for each in settings.structures.values()
        if each.technical_account == session.structure.technical_account
    ]
    closed = next(
        e
        for e in reversed(session.rotation.context.journal.entries)
        if isinstance(e.event, ev.RotationClosed)
    )
    today = datetime.fromisoformat(closed.time).astimezone().date()
    dues = agenda(structures, settings.policy, history(settings.record.folder), today)
    write_atomically(folder.path / CALENDAR, calendar(dues, settings.policy.warn_days))


async def _seal(session: Session, folder: RecordFolder, handle: object) -> None:
    with folder.writing():
        until = time.monotonic() + _PAGE_SECONDS
        while not saved(folder) and time.monotonic() < until:  # noqa: ASYNC110
            await asyncio.sleep(
                _LOOK_SECONDS
            )  # JupyterLab writes when it likes, and tells the kernel nothing
        try:
            await asyncio.to_thread(finish, folder, session.settings, session.keystore)
            said = text("end.saved")
        except ReleveError as error:
            said = error.text
    # on the page only: what is sealed does not change
    handle.update(HTML(_end(session, said)))  # type: ignore[attr-defined, no-untyped-call]


def _end(session: Session, said: str) -> str:
    """The green end, in plain HTML: it stays in the record's notebook."""
    context = session.rotation.context
    end = next(e.event for e in reversed(context.journal.entries) if _is_end(e.event))
    assert isinstance(end, ev.RotationClosed)
    exercise = session.settings.school is not None
    if exercise:
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


def _is_end(event: ev.Event) -> bool:
    return isinstance(event, ev.RotationClosed)


def _ways(session: Session, exercise: bool) -> str:
    """Where one may go from the end; an exercise has no date for an agenda."""
    link = f"/files/{quote(folder_url(session.rotation.context.folder))}"
    agenda = f'<a href="{link}/{CALENDAR}" download="{CALENDAR}">{text("end.agenda")}</a>'
    record = f'<a href="{link}/{PAGE}" target="_blank" rel="noopener">{text("end.record")}</a>'
    home = f'<a href="/lab/tree/{HOME}">{text("end.home")}</a>'
    return " · ".join([record, home] if exercise else [agenda, record, home])
