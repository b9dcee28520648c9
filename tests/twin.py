"""A twin of the portal, without HTTP and without a browser: the real rotation, journal, slots and
lock over `releve.school.World`.

In this process, a kill is simulated (`Killed` at an effect, and all memory dropped). Across
processes it is real: the world and the keyring stay with the test, `serve` lets a child process
reach them, and the child is SIGKILLed at an effect.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Client, Listener
from pathlib import Path
from typing import Any

import instants
from fixtures_rotation import LONG_AGO
from instants import Killed
from keyring.backend import KeyringBackend
from keyring.errors import PasswordSetError
from releve.base.errors import ReleveError
from releve.base.secret import Secret, forget, registered
from releve.base.settings import Settings, load
from releve.decision import events as ev
from releve.decision import facts, state
from releve.decision.procedure import NAVIGATION, PORTAL_STEPS
from releve.headless.run import model
from releve.jupyter import runbook
from releve.portal import errors as e
from releve.proof import verdicts
from releve.proof.asking import Prover
from releve.proof.piste import Tried
from releve.proof.verdicts import Verdict
from releve.record import seal, vouching
from releve.record.folder import RecordFolder, all_records
from releve.record.folder import is_closed as is_closed
from releve.rotation.prompts import Unattended
from releve.rotation.session import Parameters, Session
from releve.school.people import DEMO_ACCOUNT, DEMO_NAME, DEMO_SIRET
from releve.school.world import CorailRow, World
from releve.vault.keystore import Keystore
from releve.vault.made_up import MadeUpBackend
from releve.vault.slots import Slot, Slots
from releve.vault.unread import Unread

LOGIN, PASSWORD = "xt012345", "Entrainement-2026"
CELLS: list[str] = [
    step
    for cell in json.loads(model().read_text(encoding="utf-8"))["cells"]
    if (step := cell["metadata"].get("releve", {}).get("step")) and step != "ouverture"
]
At = Callable[[str], None]
"""Told each thing that the twin does, before it does it; what it raises happens there."""


class MemoryKeyring(KeyringBackend):
    """A keyring that outlives a simulated kill."""

    priority = -3  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[tuple[str, str], str] = {}
        self.refuses = ""
        """The service that keeps nothing."""

    def get_password(self, service: str, username: str) -> str | None:
        return self.values.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        instants.tell(f"keyring {service}")
        if service == self.refuses:
            raise PasswordSetError("refused")
        self.values[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        instants.tell(f"keyring {service} cleared")
        del self.values[service, username]


class TwinDriver:
    """The screens as a state machine: what is asked on the wrong screen is refused, as the real
    ones would.
    """

    version, visible, hers = "", False, False

    def __init__(
        self, world: Any, siret: str, account: str, sees_first: bool, at: At, cut: int = 0
    ) -> None:
        self.world, self.siret, self.account, self.sees_first, self.at, self.cut = (
            world,
            siret,
            account,
            sees_first,
            at,
            cut,
        )
        self.name = "raccordements" if sees_first else "gestionnaire"
        self.where = ""
        self._shown: str | None = None

    async def go(self, step: str) -> str:
        if step == PORTAL_STEPS[-1]:
            return self._leave()
        self.at(f"go {step}")
        before = NAVIGATION[NAVIGATION.index(step) - 1] if step != NAVIGATION[0] else self.where
        self._expect(before)
        self.where, self._shown = step, None
        return f"{step} atteint"

    async def arrived(self, step: str) -> None:
        self._expect(step)

    async def find(self) -> str:
        return "répété"

    async def recognised(self, step: str) -> dict[str, str]:
        return {}

    async def last_change(self) -> None:
        return None

    async def offer(self) -> None:
        self.at("offer")
        self._expect(NAVIGATION[-1])
        self.where, self._shown = "formulaire", self.world.candidate(self.account, siret=self.siret)

    async def ready(self) -> None:
        self.at("ready")
        self._expect("formulaire" if self.sees_first else NAVIGATION[-1])

    async def commit(self) -> None:
        self.at("commit")
        self._expect("formulaire" if self.sees_first else NAVIGATION[-1])
        if self.sees_first:
            self.world.submit(self.account, siret=self.siret)
        else:
            self._shown = self.world.reset(self.account, siret=self.siret)
        self.where = "récapitulatif"
        self.at("answer")
        if self.world.resets(self.account) <= self.cut:
            self.where, self._shown = "", None
            raise e.ResetOutcomeUnknown(why="connexion coupée", todo="")

    async def read(self) -> Secret:
        self.at("read")
        if self._shown is None:
            raise e.PasswordUnreadable(why="aucun mot de passe à l'écran")
        return Secret(self._shown)

    async def shown(self) -> tuple[str, ...]:
        return (self._shown,) if self._shown else ()

    async def back(self) -> str:
        self.at("back")
        if self._shown is None:
            raise e.ScreenNotRecognised(screen="retour", wanted="un mot de passe")
        self.where, self._shown = "structures", None
        return "structure"

    def _leave(self) -> str:
        self.at("leave")
        self.where = ""
        return "déconnecté"

    async def capture(self, path: Path) -> bool:
        return False

    async def front(self) -> None:
        return None

    async def close(self) -> None:
        return None

    def _expect(self, screen: str) -> None:
        if self.where != screen:
            raise e.ScreenNotRecognised(screen=screen, wanted=screen)


class TwinTarget:
    """The accounting program of one structure."""

    kind, mode = "school", "automatic"

    def __init__(self, world: Any, siret: str, at: At) -> None:
        self.world, self.siret, self.at = world, siret, at

    async def show(self, step: str) -> str:
        self.at(f"show {step}")
        return "affiché"

    async def enter(self, secret: Secret) -> str:
        self.at("enter")
        self.world.corail_save(self.siret, secret.reveal())
        self.at("entered")
        return f"entré pour {self.siret}"

    async def capture(self, path: Path) -> bool:
        return False


class TwinPiste:
    """The API: it takes the portal's password at once, and no other."""

    def __init__(self, world: Any) -> None:
        self.world = world

    def try_password(self, account: str, password: Secret) -> Tried:
        """As PISTE's answers are read."""
        takes = self.world.accounts[account].password == password.reveal()
        wanted = Verdict.ACCEPTED if takes else Verdict.REFUSED
        return Tried(next(row for row in verdicts.TABLE if row.verdict is wanted), listed=takes)

    def prove(self, account: str, password: Secret, siret: str) -> Tried:
        """As PISTE's answers are read."""
        return self.try_password(account, password)


@dataclass
class Result:
    """How a run ended: the exit code, the error's class name and its text; nothing of them when it
    was killed.
    """

    code: int | None
    error: str = ""
    text: str = ""


@dataclass
class Twin:
    """One account, its portal, its keyring and its folder of records."""

    folder: Path
    world: Any
    keystore: Keystore
    sees_first: bool = False
    targets: int = 1
    max_attempts: int = 5
    cut: int = 0
    """The answers to so many first resets are lost."""
    at: At = instants.tell
    operator: Any = None
    patience: float = 0.0
    trouble: str = ""
    """What fails, where: "commit: ResetRefused" ("" for nothing)."""
    api: bool = False
    """Whether the settings name PISTE."""
    void: int = 0
    """How many resets an abandoned rotation made; what it left is in `pending`."""
    adopts: bool = False
    """Whether what is not this keyring's is taken over, as `releve resume SIRET --yes` does."""

    @classmethod
    def new(
        cls, folder: Path, *, seed: int = 1, keystore: Keystore | None = None, **options: Any
    ) -> Twin:
        """A small world, in which as many structures as there are targets share one technical
        account.
        """
        folder.mkdir(exist_ok=True)
        twin = cls(
            folder,
            World(seed=seed, structures=4, login=LOGIN, password=PASSWORD),
            keystore or Keystore(MemoryKeyring()),
            **options,
        )
        for siret in twin.sirets:
            twin.world.corail[siret] = CorailRow(
                DEMO_ACCOUNT, twin.world.accounts[DEMO_ACCOUNT].password
            )
        twin.keystore.portal_password(LOGIN).set(Secret(PASSWORD))
        if twin.api:
            twin.keystore.piste_secret("inventé").set(Secret("Application-inventée-1"))
            twin.slots.adopt(Secret(twin.password), "saisi-a-la-main")
        twin.settings()
        return twin

    def told(self, point: str) -> None:
        """What the portal and the targets are about to do; there `trouble` comes."""
        self.at(point)
        where, _, error = self.trouble.partition(": ")
        if point == where:
            raise getattr(e, error)(text="non", why="non", todo="", screen=point, wanted="")

    @property
    def sirets(self) -> list[str]:
        """The structures that use the account."""
        others = [
            siret
            for siret, each in self.world.structures.items()
            if DEMO_ACCOUNT not in each.accounts
        ]
        return [DEMO_SIRET, *others][: self.targets]

    @property
    def outputs(self) -> Path:
        return self.folder / "outputs"

    @property
    def slots(self) -> Slots:
        return self.keystore.slots(DEMO_ACCOUNT)

    def settings(self) -> Path:
        """The settings file, written once."""
        path = self.folder / "releve.toml"
        if not path.exists():
            structures = "".join(
                f'[structures.{siret}]\nname = "{DEMO_NAME}"\ntechnical_account ='
                f' "{DEMO_ACCOUNT}"\ntargets = ["school"]\n'
                f"last_rotation = {LONG_AGO}\n"
                for siret in self.sirets
            )
            here = "http://127.0.0.1:9"
            path.write_text(
                f'[portal]\nurl = "{here}/"\nlogin = "{LOGIN}"\norigins ='
                f' ["{here}"]\n[school]\ncorail_url = "{here}/"\n[policy]\nunproven = true\n'
                "max_attempts ="
                f" {self.max_attempts}\n{structures}"
                + f'[piste]\nclient_id = "inventé"\ntoken_url = "{here}/"\napi_url = "{here}/"\n'
                * self.api,
                encoding="utf-8",
            )
        return path

    def parameters(self, **options: Any) -> dict[str, Any]:
        given = {
            "structure": DEMO_SIRET,
            "approve": True,
            "settings": str(self.settings()),
            "outputs": str(self.outputs),
        }
        return given | options

    def session(self, parameters: Parameters, operator: Any, **_: Any) -> Session:
        """What the notebook's cells use in place of the real session."""
        kind = self.operator if isinstance(self.operator, type) else Unattended
        short = kind(operator.approve, operator._reset_again, patience_seconds=self.patience)
        given = None if kind is self.operator else self.operator
        if given:
            given._reset_again = operator._reset_again
        return TwinSession(self, parameters, given or short)

    async def cells(self, cells: list[str] = CELLS, **options: Any) -> None:
        """The notebook's cells, from the opening to the end, in this process."""
        with _installed(self):
            await runbook.open(**self.parameters(**options))
            session = runbook._session
            assert session is not None
            if not session.operator.interactive:
                for step in cells:
                    await runbook.step(step)
                return
            try:  # a person of the test's, without JupyterLab's panels
                for step in cells:
                    await self._decide(session)
                    await session.rotation.do(step)
            except ReleveError as error:
                raise await session.stop(session.rotation, error) from None
            await session.stop(session.rotation, None)

    async def _decide(self, session: Session) -> None:
        context = session.rotation.context
        situation = await asyncio.to_thread(context.situation)
        if situation.next is not state.Next.DECIDE:
            return
        if how := await context.operator.reset_again(situation.truth):
            decided = ev.ResetAgainDecided(situation.facts.question, how)
            context.journal.append(decided, "confirmation")

    def run(self, cells: list[str] = CELLS, **options: Any) -> Result:
        """A process of its own, as far as memory is concerned: all the cells, then nothing of it is
        left but what it wrote.
        """
        runbook._session = None
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                asyncio.run(self.cells(cells, **options))
            return Result(0)
        except Killed:
            instants.bury()
            return Result(None)
        except ReleveError as error:
            return Result(self._code(error), type(error).__name__, error.text)
        finally:
            if runbook._session is not None:
                runbook._session.lock._lock.release(
                    force=True
                )  # as the system does when a process dies: its name stays written
            runbook._session = None
            forget(registered())  # all memory is gone

    def whole(self, **options: Any) -> int | None:
        """A run, and the seal of what it ended, as the command does it: the exit code."""
        opened = self.adopts and not is_closed(self.record.entries())
        if opened and not vouching.vouched(self.record, self.keystore):
            with self.record.writing():
                targets = tuple(f"school:{siret}" for siret in self.sirets)
                vouching.adopt(self.record, "j.martin@agence", targets, self.keystore)
        code = self.run(**options).code
        if self.records and is_closed(self.record.entries()) and code is not None:
            with self.record.writing():
                seal.finish(self.record, self.loaded(), self.keystore)
        return code

    def loaded(self) -> Settings:
        """The settings, as a command reads them."""
        return load(self.settings(), self.outputs)

    def _code(self, error: ReleveError) -> int:
        entries = self.record.entries() if self.records else []
        last = entries[-2:] if entries else []
        stopped = [each.event.code for each in last if isinstance(each.event, ev.RunStopped)]
        return stopped[-1] if stopped else getattr(error, "exit_code", None) or error.code

    # -- what is true

    @property
    def records(self) -> list[RecordFolder]:
        return sorted(
            all_records(self.outputs), key=lambda each: [entry.time for entry in each.entries()][:1]
        )

    @property
    def record(self) -> RecordFolder:
        return self.records[-1]

    @property
    def events(self) -> list[ev.Event]:
        return [entry.event for entry in self.record.entries()] if self.records else []

    @property
    def situation(self) -> state.Situation:
        """What Relève would say now."""
        run = self.record.run if self.records else ""
        return state.assess(facts.gather(self.events, self.slots.filled(), run, self.max_attempts))

    @property
    def password(self) -> str:
        """The portal's, in fact."""
        return str(self.world.accounts[DEMO_ACCOUNT].password)

    def held(self, slot: Slot) -> str | None:
        found = self.slots.read(slot)
        return found.password.reveal() if found else None

    def resets(self) -> int:
        return int(self.world.resets(DEMO_ACCOUNT))

    def agree(self) -> bool:
        """Portal, keyring and every target hold the same password."""
        return self.held(Slot.CURRENT) == self.password and all(
            self.world.corail_matches(siret) for siret in self.sirets
        )

    def lies(self) -> list[str]:
        """What Relève says now that is not so."""
        said, found = self.situation, []
        facts_, held = (
            said.facts,
            self.password in (self.held(Slot.PENDING), self.held(Slot.CURRENT)),
        )
        begun = [each for each in self.records if each.entries()]
        void = self.void if len(begun) > 1 else 0  # else the abandoned one is told of
        resets, elsewhere = self.resets() - void, self.adopts and said.phase == "vanished"
        portal = {
            state.OLD: resets == 0,
            state.NEW: resets > 0 and (held or elsewhere or said.phase == "by hand"),
            state.DISPLAYED: self.sees_first and resets == 0,
            state.UNSEEN: resets > 0 and not held,
            state.SHOWN: resets > 0 and not held,
            state.FORBIDDEN: "/" in self.password,
            state.UNUSABLE: "/" in self.password,
            state.PERHAPS: facts_.touched,
            state.DECIDED: facts_.touched,
            state.CHANGED: resets > 0 and not held,
        }
        on_its_page = self.password in Unread(self.keystore, DEMO_ACCOUNT).pieces()
        keyring = {
            state.KEPT: self.held(Slot.PENDING) == self.password,
            state.TURNED: self.held(Slot.CURRENT) == self.password,
            state.TURNING: held,
            state.AS_BEFORE: said.phase in ("again", "again, unconfirmed"),
            state.NONE_KEPT: not held or not resets,
            state.UNTOUCHED: void or self.held(Slot.PENDING) is None,
            state.CANDIDATE: self.held(Slot.PENDING) not in (None, self.password),
            state.ASKED: self.held(Slot.PENDING) is not None,
            state.HAND: not held,
            state.ON_ITS_PAGE: on_its_page,
            state.IF_ON_ITS_PAGE: on_its_page,
            state.GONE: not held,
            state.NONE_GOOD: not held,
        }
        found += [said.portal] if not portal.get(said.portal, False) else []
        found += [said.keyring] if not keyring.get(said.keyring, False) else []
        wrong = [
            each
            for each in facts_.entered
            if facts_.effective and not self.world.corail_matches(each.split(":")[1])
        ]
        return found + [f"{each} n'a pas le mot de passe" for each in wrong]


class TwinSession(Session):
    """The real session, with the twin's portal and targets."""

    def __init__(self, twin: Twin, parameters: Parameters, operator: Any) -> None:
        self.twin = twin
        super().__init__(parameters, operator, twin.keystore)

    async def open_driver(self, route: str) -> Any:
        t = self.twin
        self.rotation.context.note_origin(ev.OriginMet(self.portal.origins[0]))
        return TwinDriver(
            t.world,
            self.structure.siret,
            self.structure.technical_account,
            t.sees_first,
            t.told,
            t.cut,
        )

    def target(self, target: str) -> Any:
        return TwinTarget(self.twin.world, target.split(":")[1], self.twin.told)


@contextlib.contextmanager
def _installed(twin: Twin) -> Iterator[None]:
    real, runbook.Session = runbook.Session, twin.session  # type: ignore[misc,assignment]
    piste, Prover._piste = Prover._piste, lambda _: contextlib.nullcontext(TwinPiste(twin.world))  # type: ignore[method-assign,assignment,return-value]
    try:
        yield
    finally:
        runbook.Session, Prover._piste = real, piste  # type: ignore[misc,method-assign]


# -- effects: counted, and killed at

listener: Callable[[str, str], None] | None = None
_hooked = False


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if event == "releve.effect" and listener is not None:
        listener(*args)


@contextlib.contextmanager
def listening(to: Callable[[str, str], None]) -> Iterator[None]:
    """`to` is called at each effect of this process, from whichever thread has it."""
    global listener, _hooked
    if not _hooked:
        sys.addaudithook(_hook)  # for the life of the process: there is no way to remove one
        _hooked = True
    before, listener = listener, to
    try:
        yield
    finally:
        listener = before


def points(twin: Twin, **options: Any) -> list[str]:
    """Every effect of a run, in order: "NAME before", "NAME after"."""
    seen: list[str] = []
    with listening(lambda name, when: seen.append(f"{name} {when}")):
        result = twin.run(**options)
    assert (0, "") == (result.code, result.error), result
    return seen


@contextlib.contextmanager
def dying(number: int) -> Iterator[None]:
    """Dies at the effect of that number (from 0), and does nothing after it."""
    count = -1

    def die(name: str, when: str) -> None:
        nonlocal count
        count += 1
        if count >= number:
            raise Killed

    with listening(die):
        yield


# -- across processes

EXPOSED = ("reset", "resets", "candidate", "submit", "corail_save")


@contextlib.contextmanager
def serve(world: World) -> Iterator[tuple[str, bytes]]:
    """Let other processes call the world; yields the address and the key."""
    key = os.urandom(16)
    with Listener(authkey=key, backlog=32) as door:
        threading.Thread(target=_accept, args=(door, world), daemon=True).start()
        yield str(door.address), key


def _accept(door: Listener, world: World) -> None:
    while True:
        try:
            connection = door.accept()
        except Exception:
            if getattr(door, "_listener", None) is None:
                return
            continue
        threading.Thread(target=_answer, args=(connection, world), daemon=True).start()


def _answer(connection: Any, world: World) -> None:
    with contextlib.suppress(EOFError, OSError), connection:
        while True:
            name, args, kwargs = connection.recv()
            connection.send(getattr(world, name)(*args, **kwargs) if name in EXPOSED else None)


class RemoteWorld:
    """The world of the test, from a process of its own."""

    def __init__(self, address: str, key: bytes) -> None:
        self._connection = Client(address, authkey=key)

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            self._connection.send((name, args, kwargs))
            return self._connection.recv()

        return call


def process(
    address: str,
    key: bytes,
    keyring: str,
    folder: str,
    shape: dict[str, Any],
    kill_at: int | None,
    options: dict[str, Any],
) -> None:
    """The body of a child: one run and its seal, killed by SIGKILL at that instant; its exit code
    is the run's.
    """
    keystore = Keystore(ToldKeyring(keyring))
    twin = Twin(Path(folder), RemoteWorld(address, key), keystore, **shape)
    count = -1

    def die(_: str) -> None:
        nonlocal count
        count += 1
        if count == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    with instants.watched(twin.folder, die):
        code = twin.whole(**options)
    os._exit(code if code is not None else 99)


class ToldKeyring(MadeUpBackend):
    """The same instants as `MemoryKeyring`."""

    def set_password(self, service: str, username: str, password: str) -> None:
        instants.tell(f"keyring {service}")
        super().set_password(service, username, password)

    def delete_password(self, service: str, username: str) -> None:
        instants.tell(f"keyring {service} cleared")
        super().delete_password(service, username)
