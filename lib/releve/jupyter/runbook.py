"""What the notebook calls: one line a cell. Opens the rotation, does its steps, prints what an
archive can be read by.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from functools import partial
from html import escape
from typing import Any

from releve.base.disk import write_atomically
from releve.base.errors import ReleveError, UsageError
from releve.base.secret import forget
from releve.base.settings import KEEP_BROWSER
from releve.base.texts import typographic
from releve.decision.procedure import BY_ID, CLOSE, STEPS, TITLES, model, screen
from releve.headless import guard as kernel
from releve.portal.pool import Pool
from releve.record.evidence import Evidence, NotebookUnwritable
from releve.record.folder import is_closed
from releve.record.seal import finish
from releve.rotation.plan import Rotation
from releve.rotation.prompts import Operator, Unattended
from releve.rotation.session import Parameters, Session, refuse_secrets
from releve.rotation.steps import Done, StepMissing
from releve.rotation.summary import closing, context


class NothingOpen(UsageError):
    pass


_session: Session | None = None


async def open(**given: Any) -> None:  # the notebook reads: runbook.open(...)
    """Open the rotation of the parameters, or the unfinished one of the same account. Run again, it
    says where it stands.
    """
    global _session
    guard, before, kept = _guard(), _session, KEEP_BROWSER in os.environ
    if before is not None and before.stopped is None and not (kept and before.ended):
        before.rotation.by_hand_from_here(Parameters.checked(given).by_hand)
        await before.rotation.decide()
        print(context(before))
        print(_where(before.rotation))
        return
    parameters = Parameters.checked(given)
    session = Session(
        parameters,
        _at_desk(parameters) or Unattended(parameters.approve, parameters.reset_again),
        pool=before.pool if before and kept else Pool(keep=kept),
    )
    if before and kept:  # the page in hand may still show the last one's password
        forget(before.inherited)
    try:
        rotation = await session.open()
        _session = session
    except ReleveError:
        if guard is not None:
            guard.renew = kept
        raise
    finally:
        if guard is not None and session.begun:
            await _keep_evidence(guard, session)
    for notice in session.notices:
        print(notice)
    print(context(session))
    print(_where(rotation))


async def step(name: str) -> None:
    """Do the step of that id (`procedure`), print one line, show the picture of the screen reached.
    Safe to repeat.
    """
    session = _session
    if session is None:
        raise NothingOpen
    # a program that runs on after an error: the account is in nobody's hands any more
    if session.stopped is not None:
        raise session.stopped
    try:
        session.check_stop(name)
        done = await _do(session, name)
    except ReleveError as error:
        if not session.operator.interactive and not isinstance(error, StepMissing):
            await session.stop(session.rotation, error)
        raise
    print(line(name, done, session.rotation.context.route))
    _show(done)
    if name == CLOSE and done.mode != "skipped":
        await session.stop(session.rotation, None)
        print(closing(session))
        if session.operator.interactive and session.evidence is not None:
            from releve.jupyter.closing import close

            session.evidence.told = close(session)


def stop_soon() -> None:
    """The operator stops the fleet: the rotation in hand ends here if its reset has not begun, else
    it is finished.
    """
    if _session is not None:
        _session.stopping = True


async def _do(session: Session, name: str) -> Done:
    if not session.operator.interactive:
        return await session.rotation.do(name)
    from releve.jupyter.prompts import AtDesk
    from releve.jupyter.steps import Desk

    assert isinstance(session.operator, AtDesk)
    return await Desk(session, session.operator).do(name)


def _shell() -> Any:
    """The IPython that this runs in; None elsewhere."""
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython

    return get_ipython()


def _kernel() -> Any:
    return getattr(_shell(), "kernel", None)


def _at_desk(parameters: Parameters) -> Operator | None:
    """The person at the notebook, if a person ran this cell: papermill and other programs say that
    nobody can be asked.
    """
    running = _kernel()
    if not getattr(running, "_allow_stdin", False):
        return None
    from releve.jupyter.offer import ModelOpened, offer_copy
    from releve.jupyter.prompts import AtDesk
    from releve.jupyter.reconnect import watch_pages

    if not parameters.record:
        offer_copy(parameters)
        raise ModelOpened
    return AtDesk(watch_pages(running))


def line(name: str, done: Done, route: str = "") -> str:
    """One line that makes sense in an archive: "Étape 6 sur 12 · Modification de la structure — …".

    By another route than the document's, the words above the cell are not those of its screen: its
    own follow.
    """
    if name in TITLES:
        return typographic(f"{TITLES[name]} — {done.result}")
    found = screen(name, route)
    told = f"Étape {found.number} sur {len(STEPS)} · {found.system} · {found.title}"
    own = ""
    if found != BY_ID[name]:
        own = f"\nVoie « {route.capitalize()} » : {found.instruction.replace('**', '')}"
    return typographic(f"{told} — {done.result}{own}")


def _where(rotation: Rotation) -> str:
    return f"À ce jour : {rotation.context.known().truth}"


def _show(done: Done) -> None:
    if done.capture is not None and "IPython" in sys.modules:
        from IPython.display import HTML, display

        picture = base64.b64encode(done.capture.read_bytes()).decode()
        alt = escape(f"Écran atteint : {done.result}")
        # JupyterLab drops the text of an `Image`
        shown = f'<img width="640" alt="{alt}" src="data:image/png;base64,{picture}">'
        display(HTML(shown))  # type: ignore[no-untyped-call]


def _guard() -> kernel.OutputGuard | None:
    if (shell := _shell()) is None:
        return None
    guard = kernel.guard(shell, _note_error)
    refuse_secrets(shell.user_ns)
    return guard


async def _keep_evidence(guard: kernel.OutputGuard, session: Session) -> None:
    """From here on the kernel writes the record's notebook. It seals the record too, unless a
    process of ours runs it: that one outlives a kernel that is killed.
    """
    folder, signed, run_by_us = session.rotation.context.folder, None, False
    if session.operator.interactive:
        from releve.jupyter.copy import current

        base, signed = current(folder, session.parameters, session.settings)
    else:
        folder.keep_earlier_notebook()
        base, run_by_us = json.loads(model().read_bytes()), bool(session.parameters.record)
    seal = partial(finish, folder, session.settings, session.keystore)
    try:
        evidence = Evidence(folder, guard.transcript, base, signed, None if run_by_us else seal)
    except NotebookUnwritable as error:
        raise await session.stop(session.rotation, error) from None
    session.evidence = evidence

    def changed(cell_ended: bool) -> ReleveError | None:
        error = evidence.changed(cell_ended)
        if cell_ended and session.ended:
            evidence.release()
            guard.renew = KEEP_BROWSER in os.environ
        return error

    guard.on_change = changed


def _note_error(error: BaseException, traceback: str) -> int | None:
    """The exit code of a run that ends with this error. An unforeseen one leaves its traceback in
    the record, for the maintainers.
    """
    person = getattr(_kernel(), "_allow_stdin", False)
    if _session is None:
        return None if person else error.exit_code if isinstance(error, ReleveError) else 5
    context = _session.rotation.context
    if traceback and not is_closed(context.journal.entries):
        write_atomically(context.folder.path / "incident.txt", traceback.encode())
    if isinstance(error, kernel.CellInterrupted):
        error.place(context.known().truth)
        error.exit_code = _session.rotation.code(error)
    if _session.operator.interactive:
        return None
    return error.exit_code if isinstance(error, ReleveError) else _session.rotation.code(error)
