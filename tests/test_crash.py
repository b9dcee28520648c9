"""The crash matrix: a process killed by SIGKILL before and after every effect, then another one
that resumes what it left.

The matrix is printed at the end of the tests, one line an effect; `--matrix FILE.html` writes it as
a page.
"""

from __future__ import annotations

import html
import multiprocessing
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import pytest
import twin as twins
from fixtures_keyring import ThrowawayKeyring
from releve.decision import events as ev
from releve.school import Faults
from twin import Twin


@dataclass(frozen=True)
class Case:
    """One course of a rotation. `before`: a run that ended in an unknown outcome, and `reset_again`
    decides in the one that is killed.
    """

    name: str
    shape: dict[str, Any] = field(default_factory=dict)
    slashes: int = 0
    before: bool = False

    @property
    def least(self) -> int:
        """The resets of the whole course when nothing is killed."""
        return 1 + self.before + (0 if self.shape.get("sees_first") else self.slashes)

    @property
    def options(self) -> dict[str, Any]:
        """What the killed run is started with."""
        return {"reset_again": True} if self.before else {}


CASES = [
    Case("sans incident"),
    Case("un mot de passe refusé", slashes=1),
    Case("issue inconnue, puis --reset-again", {"cut": 1}, before=True),
    Case("deux cibles", {"targets": 2}),
    Case("mot de passe vu d'abord", {"sees_first": True}),
    Case("vu d'abord, un refusé", {"sees_first": True}, slashes=1),
    Case(
        "vu d'abord, issue inconnue, puis --reset-again",
        {"sees_first": True, "cut": 1},
        before=True,
    ),
]


@dataclass(frozen=True)
class Cell:
    """One kill: where, what was said then, how many resets there were at the end, and how many
    could not be avoided.
    """

    case: str
    point: str
    phase: str
    decided: bool
    resets: int
    least: int


CELLS: list[Cell] = []


def prepared(case: Case, folder: Path, **options: Any) -> Twin:
    """The twin, ready for the run that will be killed."""
    twin = Twin.new(folder, **case.shape, **options)
    twin.world.faults = Faults(slash_in_first=case.slashes)
    if case.before:
        assert 6 == twin.run().code
    return twin


def course(case: Case, folder: Path) -> tuple[list[str], int]:
    """Every effect of the run when nothing kills it, and the resets that it takes in all."""
    twin = prepared(case, folder)
    return twins.points(twin, **case.options), twin.resets()


def still_needed(case: Case, twin: Twin) -> int:
    """How many resets cannot be avoided from here: none once a good password of the portal is known
    to be held.
    """
    known = twin.password in (twin.held(twins.Slot.PENDING), twin.held(twins.Slot.CURRENT))
    unsure = (
        twin.sees_first and twin.situation.portal != twins.state.NEW
    )  # held, and nobody saw the click end
    if twin.resets() and known and not unsure:
        return 0
    slashes_to_come = case.slashes - twin.world.faults.__dict__["_fired"].get("slash_in_first", 0)
    return 1 + (0 if twin.sees_first else slashes_to_come)


def finish(twin: Twin, run: Any) -> bool:
    """Resume until the end; whether somebody had to decide on the way."""
    closed, code = bool(twin.records) and twin.situation.closed, run()
    if closed:  # all was done: it is said, and nothing happens
        assert 3 == code
        return False
    decided = code == 6 and twin.situation.next is twins.state.Next.DECIDE
    if decided:
        assert isinstance(twin.events[-1], ev.RunStopped)
        code = run(reset_again=True)
    assert 0 == code, twin.situation.truth
    return decided


def judge(case: Case, twin: Twin, point: str, run: Any) -> Cell:
    """What is said after the kill is true; the end is reached without a reset too many, and all
    three places agree.
    """
    assert [] == twin.lies(), point
    phase, least = (
        twin.situation.phase if twin.records else "rien",
        twin.resets() + still_needed(case, twin),
    )
    decided = finish(twin, run)
    assert (least, True, 1, []) == (twin.resets(), twin.agree(), len(twin.records), twin.lies()), (
        point
    )
    assert decided or not phase.startswith("unknown")
    return Cell(case.name, point, phase, decided, twin.resets(), least)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_simulated_kill_at_every_effect(case: Case, shm: Path) -> None:
    """The same matrix without processes: it finds most faults in seconds, and both must agree."""
    effects, resets = course(case, shm / "clean")
    assert case.least == resets
    for number, point in enumerate(effects):
        twin = prepared(case, shm / str(number))
        with twins.dying(number):
            assert twin.run(**case.options).code is None
        judge(case, twin, point, lambda twin=twin, **more: twin.run(**more).code)


def _forkserver() -> Any:
    """Processes forked from one that has run everything once; its own imports follow PYTHONPATH
    alone.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["twin_warm"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parent), *sys.path]))
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
            for name in ("sees_first", "targets", "max_attempts", "cut", "patience")
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


@pytest.mark.timeout(300)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_real_kill_at_every_effect(case: Case, shm: Path, keyring: ThrowawayKeyring) -> None:
    """SIGKILL before and after each event written, slot written, click, target entry and promotion;
    a new process ends it well.
    """
    effects, resets = course(case, shm / "clean")
    assert case.least == resets
    for number, point in enumerate(effects):
        keyring._values.clear()
        twin = prepared(case, shm / str(number), keystore=keyring.keystore())
        with ExitStack() as stack:
            processes = Processes(twin, keyring, stack)
            assert -signal.SIGKILL == processes.run(number, **case.options), point
            CELLS.append(judge(case, twin, point, processes.run))
        shutil.rmtree(shm / str(number))


def test_the_matrix(
    request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    """The whole is printed, and written as a page on request; it covers every kind of effect."""
    if not CELLS:
        pytest.skip("the real kills were not run")
    lines = [
        f"{len(CELLS)} morts, {sum(cell.decided for cell in CELLS)} décisions demandées, 0 mot de"
        " passe perdu"
    ]
    for cell in CELLS:
        again = "décision demandée" if cell.decided else ""
        lines.append(
            f"{cell.case:48} {cell.point:52} {cell.phase:18} {cell.resets} réinitialisation(s),"
            f" minimum {cell.least} {again}"
        )
    record_property("table", "\n".join(lines))
    for kind in (
        "journal reset.intended",
        "reset click",
        "keyring pending",
        "target school",
        "keyring current",
        "keyring clear pending",
    ):
        assert any(cell.point.startswith(kind) for cell in CELLS), kind
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
        "un effet, puis un autre qui reprend. Refaire : <code>pytest tests/test_crash.py --matrix"
        " FICHIER</code></p><table><tr>"
        f"{''.join(f'<th>{head}' for head in heads.split('|'))}{rows}</table>"
    )
