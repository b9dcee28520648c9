"""The crash matrix: a process that dies at every instant at which it leaves something new, by
SIGKILL or by a power cut, then another one that resumes what it left.

The matrix is printed at the end of the tests, one line an effect; `--matrix FILE.html` writes it as
a page.
"""

from __future__ import annotations

import argparse
import html
import io
import json
import multiprocessing
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass, field, replace
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import instants
import pytest
import twin as twins
from fixtures_keyring import ThrowawayKeyring
from instants import KILL, Instant, die
from releve.base.errors import ReleveError
from releve.base.secret import Secret
from releve.commands import abandon
from releve.decision import events as ev
from releve.headless import run as headless
from releve.record import seal
from releve.record.verify import verify
from releve.record.view import as_told
from releve.rotation.prompts import Attestation, Keep, Unattended
from releve.school import Faults
from releve.vault.keystore import Keystore
from twin import Twin


@dataclass(frozen=True)
class Case:
    """One course of a rotation, with its exit code. `before`: a run that ended in an unknown
    outcome, and `reset_again` decides in the one that is killed; one that left a torn line; one
    that was abandoned after its reset; or one of another machine, which somebody here takes over.
    """

    name: str
    shape: dict[str, Any] = field(default_factory=dict)
    slashes: int = 0
    before: str = ""
    code: int = 0
    refuses: str = ""
    """The service of the keyring that keeps nothing in the run that is killed."""
    operator: type[Unattended] | None = None

    @property
    def options(self) -> dict[str, Any]:
        """What the killed run is started with."""
        return {"reset_again": True} if self.before in ("unknown", "elsewhere") else {}

    @property
    def void(self) -> int:
        """How many resets were made before whose passwords nobody here may use."""
        return 1 if self.before in BY_TWO else 0


class Doubtful(Unattended):
    """The first proof of a new password is refused."""

    async def prove(self, targets: tuple[str, ...], refused: bool) -> Attestation:
        return await super().prove(targets, refused) if refused else Attestation("refused", "non")


class Copies(Unattended):
    """A person writes down what the keyring refuses, and the keyring comes back. Her sheet of paper
    outlives any process.
    """

    interactive = True

    def __init__(self, twin: Twin) -> None:
        super().__init__(True, False)
        self.twin, self.paper = twin, Secret("")

    async def keep_trying(self, secret: Secret, error: ReleveError, seconds: float) -> Keep:
        self.paper = Secret(secret.reveal())
        recovered(self.twin)
        return Keep.COPIED

    async def new_password(self, account: str, why: str = "") -> Secret:
        return self.paper


CASES = [
    Case("sans incident"),
    Case("un mot de passe refusé", slashes=1),
    Case("issue inconnue", {"cut": 1}, code=6),
    Case("issue inconnue, puis --reset-again", {"cut": 1}, before="unknown"),
    Case("deux cibles", {"targets": 2}),
    Case("mot de passe vu d'abord", {"sees_first": True}),
    Case("vu d'abord, un refusé", {"sees_first": True}, slashes=1),
    Case("vu d'abord, issue inconnue", {"sees_first": True, "cut": 1}, code=6),
    Case(
        "vu d'abord, issue inconnue, puis --reset-again",
        {"sees_first": True, "cut": 1},
        before="unknown",
    ),
    Case("arrêt avant la réinitialisation", {"trouble": "go structures: TechnicalError"}, code=5),
    Case("réinitialisation refusée", {"trouble": "commit: ResetRefused"}, code=5),
    Case("illisible", {"trouble": "read: PasswordUnreadable"}, code=6),
    Case("arrêt dans Corail", {"trouble": "enter: TechnicalError"}, code=6),
    Case("preuve refusée", operator=Doubtful),
    Case("ligne déchirée", before="torn"),
    Case("le trousseau refuse", code=6, refuses="releve/pending"),
    Case("copié par une personne", refuses="releve/pending", operator=Copies),
    Case("après un abandon", before="abandoned"),
    Case("repris d'un autre poste", before="elsewhere"),
    Case("issue inconnue, l'API interrogée", {"cut": 1, "api": True}, code=6),
]


BY_TWO = ("abandoned", "elsewhere")
REAL = [
    c for c in CASES if not (c.refuses or c.operator or "api" in c.shape or c.before in BY_TWO)
]
"""Those that a process of its own can be given."""


@dataclass(frozen=True)
class Cell:
    """One death: where, what was said then, how many resets there were at the end, and how many
    could not be avoided.
    """

    case: str
    point: str
    phase: str
    decided: bool
    resets: int
    least: int


CELLS: list[Cell] = []
MET: list[Instant] = []
"""Every instant of every course that leaves what no other one leaves."""
DIED: set[str] = set()
"""The names of those at which somebody died."""


def prepared(case: Case, folder: Path, **options: Any) -> Twin:
    """The twin, ready for the run that will be killed."""
    shape = {key: case.shape[key] for key in case.shape if key != "trouble"}
    twin = Twin.new(folder, **shape, **options)
    twin.world.faults = Faults(slash_in_first=case.slashes)
    if case.before == "unknown":
        assert 6 == twin.run().code
    if case.before == "torn":
        twin.trouble = "enter: TechnicalError"
        assert 6 == twin.run().code
        with open(twin.record.path / "journal.jsonl", "ab") as journal:
            journal.write(b'{"time": "20')
    if case.before in BY_TWO:
        twin.trouble = "enter: TechnicalError"
        assert 6 == twin.run().code
    if case.before == "abandoned":
        assert 0 == abandoned(twin)
        twin.void = twin.resets()
    if case.before == "elsewhere":
        twin = replace(twin, keystore=Keystore(twins.MemoryKeyring()), adopts=True)
        twin.keystore.portal_password(twins.LOGIN).set(Secret(twins.PASSWORD))
    twin.trouble = case.shape.get("trouble", "")
    twin.operator = Copies(twin) if case.operator is Copies else case.operator
    if case.refuses:
        twin.keystore.backend.refuses = case.refuses  # type: ignore[attr-defined]
    return twin


def recovered(twin: Twin) -> None:
    """What failed does not fail any more."""
    twin.trouble = ""
    if isinstance(twin.keystore.backend, twins.MemoryKeyring):
        twin.keystore.backend.refuses = ""


def beyond(twin: Twin) -> tuple[object, ...]:
    """What a death leaves outside the folder: in the keyring, at the portal, in the targets."""
    known = twin.world.accounts[twins.DEMO_ACCOUNT]
    values = [*known.history, known.password]
    ring: dict[tuple[str, str], str] = twin.keystore.backend.values  # type: ignore[attr-defined]
    texts = [value for value in ring.values() if value.startswith("{")]
    told = [json.loads(each)["password"] for each in texts]
    held = sorted(values.index(each) if each in values else -1 for each in told)
    rows = [twin.world.corail[each].password == known.password for each in twin.sirets]
    return (tuple(sorted(ring_of for ring_of, _ in ring)), tuple(held), len(values), tuple(rows))


def course(case: Case, folder: Path) -> list[Instant]:
    """The instants of the whole run."""
    twin = prepared(case, folder)

    def act() -> None:
        assert case.code == twin.whole(**case.options), twin.situation

    MET.extend(found := instants.course(folder, act, lambda: beyond(twin)))
    return found


def some(found: list[Instant], request: pytest.FixtureRequest) -> list[Instant]:
    """All of them with `--long`; else one in twenty-four, and the first of each event, and of what
    the portal and the keyring tell, at which nobody died yet.
    """
    if request.config.getoption("--long"):
        return found
    own = [each for each in found if not each.name.startswith(("os.", "open ", "test.fsync"))]
    new = {each.name: each for each in reversed(own) if each.name not in DIED}
    return [each for each in found if each in {*found[::24], *new.values()}]


def still_needed(case: Case, twin: Twin) -> int:
    """How many resets cannot be avoided from here: none once a good password of the portal is known
    to be held.
    """
    known = twin.password in (twin.held(twins.Slot.PENDING), twin.held(twins.Slot.CURRENT))
    unsure = (
        twin.sees_first and twin.situation.portal != twins.state.NEW
    )  # held, and nobody saw the click end
    if twin.resets() > case.void and known and not unsure:
        return 0
    if twin.situation.phase == "by hand":
        return 0
    slashes_to_come = case.slashes - twin.world.faults.__dict__["_fired"].get("slash_in_first", 0)
    return 1 + max(0, twin.cut - twin.resets() + case.void) + (0 if twin.sees_first else slashes_to_come)


def finish(twin: Twin, run: Any) -> bool:
    """Resume until the end; whether somebody had to decide on the way."""
    done = bool(twin.records) and as_told(twin.record.entries()).facts.outcome == "succeeded"
    if done and isinstance(twin.operator, Copies):  # who is there would begin anew
        return False
    code = run()
    if done:  # all was done: it is said, and nothing happens
        assert 3 == code
        return False
    decided = 0
    while code == 6 and twin.situation.next is twins.state.Next.DECIDE:
        assert isinstance(twin.events[-1], ev.RunStopped)
        assert decided < 2
        decided, code = decided + 1, run(reset_again=True)
    assert 0 == code, twin.situation.truth
    return decided > 0


def registered(twin: Twin) -> list[str]:
    """The kinds of the register's lines."""
    lines = (twin.outputs / "register.jsonl").read_bytes().splitlines()
    return [json.loads(line)["kind"] for line in lines]


def judge(case: Case, twin: Twin, point: str, run: Any) -> Cell:
    """What is said after the kill is true; the end is reached without a reset too many, all three
    places agree, and the record is sealed once.
    """
    recovered(twin)
    assert [] == twin.lies(), point
    if twin.sees_first and not case.before and twin.resets():  # kept before the click, so never lost
        assert twin.password in (twin.held(twins.Slot.PENDING), twin.held(twins.Slot.CURRENT)), point
    phase, least = (
        twin.situation.phase if twin.records else "rien",
        twin.resets() + still_needed(case, twin),
    )
    decided = finish(twin, run)
    opened = [each for each in twin.records if each.entries()]
    assert (least, True, []) == (twin.resets(), twin.agree(), twin.lies()), point
    # what failed before the reset, or is refused, may be closed as such: the next is a new one
    may_be_two = case.code == 5 or case.before == "abandoned"
    assert len(opened) == 1 or (may_be_two and len(opened) == 2), point
    assert decided or not phase.startswith("unknown")
    assert [] == seal.finish_left_over(twin.loaded(), twin.keystore).faults, point
    assert [] == verify(twin.outputs, None, twin.keystore).faults, point
    assert ["record"] * len(opened) == registered(twin), point
    return Cell(case.name, point, phase, decided, twin.resets(), least)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_death_at_every_instant(case: Case, shm: Path, request: pytest.FixtureRequest) -> None:
    """At each audit event that leaves something new, by a kill and by a power cut, from the first
    write to the register's line: the school's own ledger says what happened.
    """
    for instant in some(course(case, shm / "clean"), request):
        name = f"{instant.name}, {instant.mode}"
        twin = prepared(case, shm / str(instant.number))
        die(twin.folder, instant, lambda twin=twin: twin.whole(**case.options))
        DIED.add(instant.name)
        CELLS.append(judge(case, twin, name, lambda twin=twin, **more: twin.whole(**more)))
        shutil.rmtree(shm / str(instant.number))


def _forkserver() -> Any:
    """Processes forked from one that has run everything once; its own imports follow PYTHONPATH
    alone.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["twin_warm"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parents[1]), *sys.path]))
        forkserver.ensure_running()
    return context


class Processes:
    """Runs of a twin in processes of their own, forked from one that has imported everything."""

    def __init__(self, twin: Twin, keyring: ThrowawayKeyring, stack: ExitStack) -> None:
        self.context = _forkserver()
        self.address, self.key = stack.enter_context(twins.serve(twin.world))
        self.twin, self.keyring = twin, keyring.url

    def run(self, kill_at: int | None = None, **options: Any) -> int | None:
        """The exit code; negative for a signal."""
        child = self.start(kill_at, **options)
        child.join(60)
        return child.exitcode

    def start(self, kill_at: int | None = None, **options: Any) -> Any:
        shape = {
            name: getattr(self.twin, name)
            for name in ("sees_first", "targets", "max_attempts", "cut", "patience", "trouble")
        }
        args = (
            self.address,
            self.key,
            self.keyring,
            str(self.twin.folder),
            shape,
            kill_at,
            options,
        )
        child = self.context.Process(target=twins.process, args=args)
        child.start()
        return child


@pytest.fixture(scope="module")
def keyring() -> Iterator[ThrowawayKeyring]:
    """One throw-away keyring for all: each twin empties it."""
    with ThrowawayKeyring() as server:
        yield server


@pytest.mark.one_in(4)
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("case", REAL, ids=lambda case: case.name)
def test_a_real_kill_at_every_instant(
    case: Case, shm: Path, keyring: ThrowawayKeyring, request: pytest.FixtureRequest
) -> None:
    """SIGKILL, in a process of its own, at the same instants; a new process ends it well."""
    found = [each for each in course(case, shm / "clean") if each.mode == KILL]
    for instant in some(found, request):
        keyring._values.clear()
        twin = prepared(case, shm / str(instant.number), keystore=keyring.keystore())
        with ExitStack() as stack:
            processes = Processes(twin, keyring, stack)
            assert -signal.SIGKILL == processes.run(instant.number, **case.options), instant
            DIED.add(instant.name)
            CELLS.append(judge(case, twin, f"{instant.name}, {KILL}", processes.run))
        shutil.rmtree(shm / str(instant.number))


def abandoned(twin: Twin) -> int:
    """`releve abandon`, as the command does it."""
    args = argparse.Namespace(settings=str(twin.settings()), outputs=str(twin.outputs), json=False)
    args.siret, args.reason = twins.DEMO_SIRET, "portail fermé"
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()):
        patch.setattr(abandon, "open_keystore", lambda *_: twin.keystore)
        patch.setattr(headless, "open_keystore", lambda *_: twin.keystore)
        return abandon.main(args)


def test_an_abandon_that_dies_at_any_instant_is_finished(shm: Path) -> None:
    """It is closed and sealed once, or the next command closes it; what it says is true."""
    case = Case("abandon", {"cut": 1})

    def stuck(folder: Path) -> Twin:
        twin = prepared(case, folder)
        assert 6 == twin.run().code
        return twin

    clean = stuck(shm / "clean")
    found = instants.course(clean.folder, lambda: abandoned(clean), lambda: beyond(clean))
    MET.extend(found)
    for instant in found:
        twin = stuck(shm / str(instant.number))
        die(twin.folder, instant, lambda twin=twin: abandoned(twin))
        DIED.add(instant.name)
        if not twin.situation.closed:
            assert 0 == abandoned(twin)
        assert [] == seal.finish_left_over(twin.loaded(), twin.keystore).faults, instant
        assert [] == verify(twin.outputs, None, twin.keystore).faults, instant
        assert ["record"] == registered(twin), instant
        assert 1 == twin.resets()
        shutil.rmtree(shm / str(instant.number))
    assert len(found) > 20


def test_a_rehearsal_that_dies_holds_nobody_up(
    shm: Path, request: pytest.FixtureRequest
) -> None:
    """It changed nothing, and the next rotation is made as if it had never been."""
    case = Case("répétition")

    def rehearsed(twin: Twin) -> int | None:
        return twin.whole(rehearse=True)

    clean, ended = prepared(case, shm / "clean"), list[int | None]()
    found = instants.course(
        clean.folder, lambda: ended.append(rehearsed(clean)), lambda: beyond(clean)
    )
    assert [0] == ended
    MET.extend(found)
    for instant in some(found, request):
        twin = prepared(case, shm / str(instant.number))
        die(twin.folder, instant, lambda twin=twin: rehearsed(twin))
        DIED.add(instant.name)
        assert (0, None) == (twin.resets(), twin.held(twins.Slot.PENDING)), instant
        assert (0, 1, True) == (twin.whole(), twin.resets(), twin.agree()), instant
        assert [] == seal.finish_left_over(twin.loaded(), twin.keystore).faults, instant
        assert [] == verify(twin.outputs, None, twin.keystore).faults, instant
        shutil.rmtree(shm / str(instant.number))


def test_the_matrix(
    request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    """The whole is printed, and written as a page on request; it covers every kind of event."""
    if len({cell.case for cell in CELLS}) < len(CASES):
        pytest.skip("not every case was run")
    lines = [
        f"{len(MET)} instants qui laissent chacun autre chose, {len(CELLS)} morts,"
        f" {sum(cell.decided for cell in CELLS)} décisions demandées, 0 mot de passe perdu"
    ]
    for cell in CELLS:
        again = "décision demandée" if cell.decided else ""
        lines.append(
            f"{cell.case:48} {cell.point:52} {cell.phase:18} {cell.resets} réinitialisation(s),"
            f" minimum {cell.least} {again}"
        )
    record_property("table", "\n".join(lines))
    # None is impossible: a process can die just after any line. Just before an effect stands what
    # announced it: the click and `reset.intended` are one instant.
    wanted = {*(f"journal.jsonl {kind}" for kind in ev.KINDS), "register.jsonl record"}
    assert set() == {*wanted, "answer", "entered", "keyring releve/pending cleared"} - DIED
    if path := request.config.getoption("--matrix"):
        Path(path).write_text(page(CELLS), encoding="utf-8")


def page(cells: list[Cell]) -> str:
    """The matrix as a page that needs nothing else."""
    rows = "".join(
        f"<tr{' class=asked' * cell.decided}><td>{html.escape(cell.case)}<td>{html.escape(cell.point)}"
        f"<td>{html.escape(cell.phase)}<td>{cell.resets}<td>{cell.least}<td>{'oui' if cell.decided else ''}<td>non<td>oui"
        for cell in cells
    )
    heads = (
        "Cas|Mort par SIGKILL|Situation dite|Réinitialisations|Minimum sans l'API|Décision"
        " demandée|Perdu|Tout est d'accord"
    )
    return (
        "<!doctype html><html lang=fr><meta charset=utf-8><title>Relève : tuée partout</title>"
        "<style>body{font:15px"
        " system-ui;margin:2rem}table{border-collapse:collapse}td,th{padding:.2rem"
        " .6rem;border-bottom:1px solid #ccc;"
        "text-align:left}.asked{background:#fff4d6}</style>"
        f"<h1>Tuée partout : {len(cells)} morts, aucun mot de passe perdu</h1><p>Chaque ligne : un"
        " vrai processus, tué avant ou après "
        "un effet, puis un autre qui reprend. Refaire : <code>pytest tests/crash/test_crash.py --matrix"
        " FICHIER</code></p><table><tr>"
        f"{''.join(f'<th>{head}' for head in heads.split('|'))}{rows}</table>"
    )
