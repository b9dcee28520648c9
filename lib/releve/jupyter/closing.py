"""The end of a rotation in JupyterLab: its record is sealed once the notebook with its closing cell
is on the disk.
"""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from html import escape
from urllib.parse import quote

from IPython.display import HTML, display

from releve.base.disk import write_atomically
from releve.base.errors import ReleveError
from releve.decision import events as ev
from releve.decision.procedure import CLOSE
from releve.jupyter.copy import folder_url
from releve.planning.calendar_file import calendar
from releve.planning.due import agenda
from releve.record.folder import NOTEBOOK, PAGE, RecordFolder
from releve.record.history import history
from releve.record.seal import finish
from releve.rotation.session import Session

CALENDAR = "echeance.ics"
_LOOK_SECONDS = 0.3
_tasks: set[asyncio.Task[None]] = set()


def saved(folder: RecordFolder) -> bool:
    """Whether the notebook on the disk shows how its closing cell ended."""
    try:
        cells = json.loads((folder.path / NOTEBOOK).read_bytes())["cells"]
    except (OSError, ValueError):  # being written
        return False
    return any(
        cell["metadata"].get("releve", {}).get("step") == CLOSE and cell.get("outputs")
        for cell in cells
    )


def close(session: Session) -> None:
    """Under the closing cell: when to come back, a calendar to import, the record; which is sealed
    as soon as all this is saved.
    """
    folder = session.rotation.context.folder
    write_calendar(session)
    end = _end(session, "Le dossier sera scellé dès que ce carnet est enregistré.")
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
        while not saved(folder):  # noqa: ASYNC110
            await asyncio.sleep(
                _LOOK_SECONDS
            )  # JupyterLab writes when it likes, and tells the kernel nothing
        try:
            await asyncio.to_thread(finish, folder, session.settings, session.keystore)
            said = "✓ Le dossier est enregistré et scellé. Vous pouvez fermer cet onglet."
        except ReleveError as error:
            said = error.text
    # on the page only: what is sealed does not change
    handle.update(HTML(_end(session, said)))  # type: ignore[attr-defined, no-untyped-call]


def _end(session: Session, said: str) -> str:
    link = f"/files/{quote(folder_url(session.rotation.context.folder))}"
    return (
        f'<p><a href="{link}/{CALENDAR}" download="{CALENDAR}">Ajouter la prochaine échéance à mon'
        f' agenda</a> · <a href="{link}/{PAGE}" target="_blank" rel="noopener">Voir le'
        f" dossier</a></p><p>{escape(said)}</p>"
    )
