"""One rotation without a person: papermill executes the notebook, and the journal tells how it
ended.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from releve.base.errors import ReleveError
from releve.base.settings import Settings, Structure
from releve.decision import events as ev
from releve.decision import journal as j
from releve.decision.facts import Facts, SlotsView, gather
from releve.decision.procedure import model as model
from releve.decision.state import Next, Situation, assess, exit_code
from releve.record import search, vouching
from releve.record.folder import CAPTURES, RecordFolder, is_closed, opened, prepare, unfinished
from releve.record.history import refuse_twice
from releve.record.lock import AccountLock
from releve.record.page import PageUnwritable
from releve.record.seal import finish, registered_in
from releve.vault.entry import KeyringError
from releve.vault.keystore import open_keystore

if TYPE_CHECKING:
    from releve.headless.own_kernel import Kernel  # imported late: zmq takes its time


LATER = (
    "Le dossier de cette rotation n'est donc pas encore scellé, et ne prouve rien ; lancez « releve"
    " due » : il le scelle."
)


class KernelDied(ReleveError):
    """The notebook's process ended by itself or was killed."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended: the exit code, where the record is, and what the journal counts. Nothing
    secret.
    """

    code: int
    outcome: str
    record: str
    run: str
    structure: str
    name: str
    account: str
    proof: str
    next_due: str
    resets: int
    rejected: int
    text: str
    error: str = ""

    def to_dict(self) -> dict[str, str | int]:
        """As printed by `--json`."""
        return asdict(self)


def run(
    settings: Settings,
    siret: str,
    *,
    approve: bool,
    reset_again: bool = False,
    again: bool = False,
    rehearse: bool = False,
    record: RecordFolder | None = None,
    progress: Callable[[str, str], None] | None = None,
    kernel: Kernel | None = None,
) -> Outcome:
    """Begin a rotation for that structure, or finish the open one of its account, by executing the
    notebook; the record of an ended rotation is sealed.

    `again` renews even what was renewed within a day; `rehearse` begins a rehearsal, which changes
    nothing. With `record`, that very rotation is finished, and no other begun. `kernel` is one
    that outlives the notebook, as a fleet's worker keeps it. Raises before anything is begun
    (settings, keyring, busy account); everything later is told by the outcome. Safe to repeat.
    """
    structure = settings.structure(siret)
    prepare(settings.record)
    check(settings, structure, again=again or rehearse)
    keystore = open_keystore(settings).bounded()
    if record is None and not rehearse:
        left = unfinished(settings.record.folder, structure.technical_account)
        record = left[-1] if left else None
    if record:
        vouching.check_ours(record, keystore)
    folder = record or RecordFolder.new(settings.record.folder, structure.siret)
    parameters: dict[str, str | bool] = {
        "structure": structure.siret,
        "approve": approve,
        "settings": str(settings.path.resolve()),
        "outputs": str(settings.record.folder),
        "record": folder.path.name,
        "reset_again": reset_again,
        "again": again,
        "rehearse": rehearse,
    }
    search.learn(keystore, settings, structure.technical_account)
    with folder.writing():  # nobody else seals it meanwhile
        error = _execute(parameters, {"progress": progress}, kernel)
        outcome = _conclude(settings, folder, error)
        return outcome if outcome.code == 7 else _sealed(outcome, settings, folder)


def _sealed(outcome: Outcome, settings: Settings, folder: RecordFolder) -> Outcome:
    """The outcome, once the record is sealed. A rotation without its evidence is not done: 7,
    unless something worse stopped it.
    """
    try:
        finish(folder, settings, open_keystore(settings).bounded())
    except ReleveError as error:
        code = 7 if error.code == 7 or outcome.code == 0 else outcome.code
        aside = folder.aside if folder.aside.path.exists() else folder
        over = is_closed(folder.entries(pass_over_damage=True))
        later = over and isinstance(error, PageUnwritable | KeyringError)
        text = "\n".join((error.text, *[LATER] * later, outcome.text))
        return replace(outcome, code=code, text=text, record=str(aside.path))
    return outcome


def check(settings: Settings, structure: Structure, *, again: bool) -> None:
    """Raises what can be known before a kernel is started: no keyring, an account just renewed or
    in other hands. Changes nothing.
    """
    account, keystore = structure.technical_account, open_keystore(settings).bounded()
    # the kernel takes it; a race is told by the kernel
    AccountLock(settings.record.folder, account).check()
    if not again:
        register = registered_in(settings, keystore)
        refuse_twice(register, account, keystore.slots(account).changed())


def _execute(
    parameters: dict[str, str | bool], engine: dict[str, object], kept: Kernel | None
) -> ReleveError | None:
    """Run the notebook. An error in a cell is in the journal; only what no cell could tell is
    returned.
    """
    try:
        kernel = kept or new_kernel()
    except KernelDied as error:
        return error
    try:
        return _execute_in(parameters, engine | {"kernel": kernel})
    finally:
        if kept is None:
            kernel.end()


def new_kernel(*, kept: bool = False) -> Kernel:
    """Before papermill, whose import takes as long as the kernel's start. `kept` from one notebook
    to the next, and the browser with it. Raises `KernelDied`.
    """
    from releve.headless.own_kernel import Kernel

    try:
        return Kernel(kept=kept)
    except (OSError, RuntimeError) as error:
        raise KernelDied(why=type(error).__name__) from None


def _execute_in(parameters: dict[str, str | bool], engine: dict[str, object]) -> ReleveError | None:
    from nbclient.exceptions import DeadKernelError
    from papermill import execute_notebook
    from papermill.exceptions import PapermillExecutionError

    from releve.headless.engine import RunEnded

    engine |= {"engine_name": "releve", "kernel_name": "python3"}
    try:
        execute_notebook(model(), None, parameters, **engine)
    except RunEnded as error:
        return CellStopped(error.error, error.exit_code, error.message)
    except PapermillExecutionError as error:
        return CellStopped(error.ename, ReleveError.code, "\n".join(error.traceback))
    except (DeadKernelError, RuntimeError, OSError) as error:
        return KernelDied(why=type(error).__name__)
    return None


class CellStopped(ReleveError):
    """A cell's own error: its name, its exit code, and its French text, as the kernel told them."""

    def __init__(self, name: str, code: int, text: str) -> None:
        super().__init__()
        self.name, self.code, self.told = name, code, text

    @property
    def text(self) -> str:
        return self.told


def _conclude(settings: Settings, folder: RecordFolder, error: ReleveError | None) -> Outcome:
    """What the journal says now; a folder without a journal was never a record, and goes."""
    entries = folder.entries(pass_over_damage=True)
    start = opened(entries)
    if start is None:
        _discard(folder)
        raise error or KernelDied(why="aucun journal")
    situation = situation_of(settings, folder)
    stopped = _last_stop(entries)
    code = stopped.code if stopped else exit_code(situation, error)
    text = stopped.text if stopped and stopped.text else _told(error, situation)
    facts = situation.facts
    ends = ev.of(entries, ev.RotationClosed)
    return Outcome(
        code=code,
        outcome=facts.outcome or situation.phase,
        record=str(folder.path),
        run=folder.run,
        structure=start.structure,
        name=start.name,
        account=start.account,
        proof=facts.proof or "none",
        next_due=ends[-1].next_due if ends else "",
        resets=resets(facts),
        rejected=facts.rejections,
        text=text,
        error=stopped.error if stopped else "",
    )


def _discard(folder: RecordFolder) -> None:
    """A folder in which no rotation was opened is no record."""
    notebooks = folder.path.glob("rotation*.ipynb")
    for path in [*notebooks, folder.path / j.FILE_NAME, folder.path / CAPTURES, folder.path]:
        with suppress(OSError):
            path.rmdir() if path.is_dir() else path.unlink()


def _told(error: ReleveError | None, situation: Situation) -> str:
    """What no process could journal: the error in the light of the situation, or the situation
    alone.
    """
    if error is None:
        return situation.truth
    if isinstance(error, CellStopped):
        return f"{error.text}\n{situation.truth}"
    error.place(situation.truth, situation.todo, alone=True)
    return error.text


def _last_stop(entries: list[ev.Entry]) -> ev.RunStopped | None:
    """How the last process put the rotation down, if it could say so."""
    for entry in reversed(entries):
        if isinstance(entry.event, ev.RunStopped):
            return entry.event
        if isinstance(entry.event, ev.RunStarted):
            return None
    return None


def resets(facts: Facts) -> int:
    """How many resets were announced and not denied by the portal."""
    return sum(attempt.intended and not attempt.not_done for attempt in facts.attempts.values())


def resets_still(
    settings: Settings, left: RecordFolder, reset_again: bool, approve: bool = True
) -> bool:
    """Whether a run that takes up that open rotation may make a reset: the one that comes next, one
    that `reset_again` decides, or one because the API says that the last did not take place.
    """
    situation = situation_of(settings, left)
    if situation.next is Next.DECIDE:
        return reset_again or (situation.facts.unknown and settings.piste is not None)
    return situation.next is Next.RESET or (approve and situation.next is Next.CONFIRM)


def situation_of(settings: Settings, folder: RecordFolder) -> Situation:
    """Where a rotation stands: read from its journal and, if it can be asked, the keyring."""
    entries = folder.entries(pass_over_damage=True)
    start = opened(entries)
    slots: SlotsView | None = SlotsView()
    try:
        if start:
            slots = open_keystore(settings).bounded().slots(start.account).filled()
    except KeyringError:
        slots = None
    events, most = (entry.event for entry in entries), settings.policy.max_attempts
    return assess(gather(events, slots, folder.run, most, platform.node()))
