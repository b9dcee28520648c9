"""Many rotations, one after the other: one kernel, one browser, one login, and all the same one
record each.

A failure never stops the others, unless it would meet every one of them (a refused login, a portal
that is closed).
"""

from __future__ import annotations

import gc
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from releve.base.errors import ReleveError
from releve.base.secret import forget, registered
from releve.base.settings import Settings, Structure
from releve.headless import run as headless
from releve.headless.guard import UnforeseenError
from releve.record import search
from releve.record.history import JustDone, history
from releve.record.lock import AccountBusy
from releve.vault.keystore import open_keystore

if TYPE_CHECKING:
    from releve.headless.kept_kernel import Kernel

# the next login would only make it worse
AT_ONCE = {
    "PasswordRefused",
    "AccountLocked",
    "AlreadyRefused",
    "CodeNeeded",
    "CodeRefused",
    "KeyNeeded",
}
EVERYWHERE = {
    "Maintenance",
    "PortalUnreachable",
    "BrowserDidNotStart",
    "KeyringLocked",
    "KeyringUnavailable",
    "KeyringMissing",
}
BREAKER = 2  # failures after a reset: the portal, or the targets, are not what they were
PATIENCE = 3  # how many in a row of those that would meet every structure
_ELSEWHERE = {"AccountBusy"}


class KernelRefused(ReleveError):
    """The kernel of the fleet did not start: nothing was begun for the structure in hand."""

    happened = "Le programme qui exécute les carnets n'a pas démarré ({why})."
    todo = (
        "Relancez la même commande ; si cela se répète, réparez l'installation avec « releve"
        " doctor »."
    )


@dataclass(frozen=True)
class Line:
    """How one structure ended in a fleet: the exit code it would have had alone, a French text, and
    its record ("" when none).
    """

    structure: str
    name: str
    code: int
    text: str
    record: str = ""
    error: str = ""
    proof: str = ""
    next_due: str = ""


@dataclass
class Tour:
    """The four lists of a fleet, and what was not begun. `stopped` says in French why it ended
    early, or is "".
    """

    done: list[Line] = field(default_factory=list)
    nothing: list[Line] = field(default_factory=list)
    person: list[Line] = field(default_factory=list)
    failed: list[Line] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    stopped: str = ""

    @property
    def code(self) -> int:
        """One exit code: the worst; what was not begun is for a person, unless something worse
        happened.
        """
        codes = [line.code for line in (*self.done, *self.person, *self.failed)] + [4] * bool(
            self.left
        )
        return worst(codes)

    def add(self, line: Line) -> None:
        """Put a line where it belongs."""
        lists = {0: self.done, 3: self.nothing, 4: self.person}
        lists.get(line.code, self.failed).append(line)

    def to_dict(self) -> dict[str, Any]:
        """As printed by `--json`."""
        return {"code": self.code} | asdict(self)


def worst(codes: Iterable[int]) -> int:
    """One exit code for several rotations: evidence first, then what is stuck after a reset, what
    needs a person, what failed.
    """
    found = set(codes)
    return next((code for code in (7, 6, 4, 5, 2, 0) if code in found), 3)


def one_each(structures: Iterable[Structure]) -> list[Structure]:
    """One structure for each technical account: the rotation serves all those that share it."""
    found: dict[str, Structure] = {}
    for structure in structures:
        found.setdefault(structure.technical_account, structure)
    return list(found.values())


@dataclass(frozen=True)
class _Told:
    """How a structure ended, the run whose record is still to be sealed (None: there is none), and
    what the scrubber learnt from it.
    """

    line: Line
    ended: headless.Ended | None = None
    secrets: frozenset[str] = frozenset()

    def sealed(self) -> Line:
        """The line, once its record is sealed; what the scrubber knows must not grow with the
        fleet.
        """
        line = self.line
        if self.ended:
            line = _line(self.ended.seal())
        forget(self.secrets)
        return line


def _line(found: headless.Outcome) -> Line:
    text = "" if found.code == 0 else found.text
    return Line(
        found.structure,
        found.name,
        found.code,
        text,
        found.record,
        found.error,
        found.proof,
        found.next_due,
    )


class Fleet:
    """One run over a list of structures. `tell(kind, text)` is told "begin" (a name), "step",
    "text" and "end" (a name).

    A record is printed, then sealed, while the next structures are in hand; all of them are when
    `run` returns.
    """

    def __init__(
        self, settings: Settings, *, approve: bool, reset_again: bool = False, again: bool = False
    ) -> None:
        self.settings, self.approve, self.reset_again, self.again = (
            settings,
            approve,
            reset_again,
            again,
        )
        self.tour = Tour()
        self._kernel: Kernel | None = None
        self._stop = threading.Event()
        self._in_a_row, self._after_reset = 0, 0
        self._sealer = ThreadPoolExecutor(1, "sceau")
        self._unsealed, self._lines = list[_Told](), list[Future[Line]]()

    def run(
        self,
        structures: Iterable[Structure],
        tell: Callable[[str, str], None] = lambda kind, text: None,
    ) -> Tour:
        """Rotate them all, as far as it goes; never raises for one of them. Start it again to do
        what is left.
        """
        queue, waiting = deque(one_each(structures)), list[Structure]()
        with suppress(ReleveError):  # what every structure needs stays known
            search.learn_login(open_keystore(self.settings).bounded(), self.settings)
        with self._signals():
            try:
                while (queue or waiting) and not self._stop.is_set():
                    last_try = not queue
                    structure = queue.popleft() if queue else waiting.pop(0)
                    known = set(registered())
                    told = replace(
                        self._one(structure, tell), secrets=frozenset(registered()) - known
                    )
                    if told.line.error in _ELSEWHERE and not last_try:
                        waiting.append(
                            structure
                        )  # another fleet has it in hand: see again at the end
                        forget(told.secrets)
                        continue
                    self._unsealed.append(told)
                    tell("end", structure.name)
                    self._judge(told.line)
                    if queue and told.line.record:
                        self._stop.wait(self.settings.policy.pause_seconds)
            finally:
                self._end()
        for sealed in self._lines:
            self.tour.add(sealed.result())
        self.tour.left = [each.siret for each in (*queue, *waiting)]
        return self.tour

    def _seal(self, but: int = 0) -> None:
        """Have the records sealed, but for the last `but` ones, whose pages are not printed yet."""
        ready, self._unsealed = (
            self._unsealed[: len(self._unsealed) - but],
            self._unsealed[len(self._unsealed) - but :],
        )
        self._lines += [self._sealer.submit(self._sealed, told) for told in ready]

    def _sealed(self, told: _Told) -> Line:
        try:
            return told.sealed()
        except Exception as error:  # one record's fault is one line, foreseen or not
            return self._unforeseen(self.settings.structure(told.line.structure), error)
        finally:
            # its notebook and its pictures, some ten megabytes, would wait for the next rotations'
            gc.collect()

    def stop(self) -> None:
        """End soon: the structure in hand stops before its reset, or is finished. Safe to call from
        a signal handler.
        """
        self._stop.set()
        self.tour.stopped = self.tour.stopped or "Arrêt demandé."
        if self._kernel:
            self._kernel.stopping = True

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """The first Ctrl-C (or SIGTERM) stops the fleet softly; the second one as ever."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.getsignal(number) for number in numbers}

        def soft(number: int, frame: object) -> None:
            self.stop()
            for each in numbers:
                signal.signal(each, before[each])

        for number in numbers:
            signal.signal(number, soft)
        try:
            yield
        finally:
            for number in numbers:
                signal.signal(number, before[number])

    def _one(self, structure: Structure, tell: Callable[[str, str], None]) -> _Told:
        """One structure in the kept kernel; whatever happens becomes a line."""
        tell("begin", structure.name)
        try:
            ended = self._rotate(structure, tell)
        except JustDone as error:
            return _Told(Line(structure.siret, structure.name, 3, str(error), error="JustDone"))
        except ReleveError as error:
            name = error.name if isinstance(error, headless.CellStopped) else type(error).__name__
            code = 3 if name in _ELSEWHERE else error.code
            self._refresh(code)
            text = str(error) if isinstance(error, AccountBusy) else error.text
            return _Told(Line(structure.siret, structure.name, code, text, error=name))
        except Exception as error:  # one failure never stops the others, foreseen or not
            self._drop()
            return _Told(self._unforeseen(structure, error))
        self._refresh(ended.outcome.code)
        return _Told(_line(ended.outcome), ended)

    def _unforeseen(self, structure: Structure, error: Exception) -> Line:
        """The journal tells whether anything can have changed."""
        account = structure.technical_account
        left = next(
            (
                each
                for each in reversed(history(self.settings.record.folder))
                if each.account == account and each.open
            ),
            None,
        )
        text = UnforeseenError(kind=type(error).__name__).text
        return Line(
            structure.siret,
            structure.name,
            6 if left and left.touched else 5,
            text,
            str(left.record) if left else "",
        )

    def _rotate(self, structure: Structure, tell: Callable[[str, str], None]) -> headless.Ended:
        return headless.run(
            self.settings,
            structure.siret,
            approve=self.approve,
            reset_again=self.reset_again,
            again=self.again,
            progress=tell,
            kernel=self._ready_kernel,
        )

    def _ready_kernel(self) -> Kernel:
        """The kernel of the fleet, clean. Raises `KernelRefused`."""
        headless.lighten()
        from nbclient.exceptions import CellExecutionError, DeadKernelError

        from releve.headless.kept_kernel import Kernel

        if self._kernel is None:
            self._kernel = Kernel()
        try:
            self._kernel.tell("from releve.headless import warm; warm.begin(); warm.clean()")
        except (CellExecutionError, DeadKernelError, OSError, RuntimeError, ValueError) as error:
            self._drop()
            raise KernelRefused(why=type(error).__name__) from None
        self._kernel.stopping = self._stop.is_set()
        self._seal(but=1)
        return self._kernel

    def _refresh(self, code: int) -> None:
        """After a failure nothing is trusted: the next structure gets a fresh kernel, browser and
        login.
        """
        if code not in (0, 3, 4):
            self._drop()

    def _finish(self, line: str) -> None:
        """Have the kernel do a last thing, whatever its state: it is shut down next, and what
        counts is already written.
        """
        if self._kernel is not None and self._kernel.started:
            with suppress(Exception):
                self._kernel.tell(f"from releve.headless import warm; {line}")

    def _drop(self) -> None:
        kernel, self._kernel = self._kernel, None
        if kernel is not None:
            with suppress(RuntimeError, OSError):
                kernel.shut_down()

    def _judge(self, line: Line) -> None:
        """Stop the fleet when what happened would happen to every structure."""
        self._in_a_row = self._in_a_row + 1 if line.error in EVERYWHERE else 0
        self._after_reset += line.code == 6
        unproven = line.code == 0 and line.proof == "none" and not self.settings.policy.unproven
        if self._after_reset >= BREAKER or line.code == 7 or unproven:
            self.tour.stopped = (
                f"Arrêt : {BREAKER} échecs après une réinitialisation. Réparez-les d'abord."
                if self._after_reset >= BREAKER
                else f"Arrêt : la rotation de {line.name} n'est pas prouvée. Vérifiez-la d'abord."
            )
            self._stop.set()
        if line.error in AT_ONCE or self._in_a_row >= PATIENCE:
            first = line.text.splitlines()[0] if line.text else line.error
            self.tour.stopped = (
                f"Arrêt : les autres structures auraient rencontré la même chose. {first}"
            )
            self._stop.set()

    def _end(self) -> None:
        """Log out and let everything go."""
        self._finish("await warm.end()")
        self._drop()
        self._seal()
        self._sealer.shutdown()


def unconfirmed(settings: Settings, structures: Iterable[Structure]) -> list[Structure]:
    """Those whose reset nobody has confirmed yet: without approval, only the rotations left open
    can go on.
    """
    begun = {each.account for each in history(settings.record.folder) if each.open}
    return [each for each in structures if each.technical_account not in begun]
