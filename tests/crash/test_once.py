"""Exactly once, and a resume that finishes what it was asked to finish: on the twin, and with the
real command line, kernel and browser.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import io
import json
import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import twin as twins
from fixtures_rotation import DEMO_SIRET, PATIENCE, Scene
from killing import KILL
from releve.base.errors import ReleveError
from releve.base.settings import load
from releve.commands import abandon, resume
from releve.decision import events as ev
from releve.decision import journal as j
from releve.headless import run as headless
from releve.jupyter import runbook
from releve.portal.errors import BrowserGone
from releve.record.folder import all_records
from releve.record.lock import AccountBusy
from releve.rotation.prompts import Unattended
from releve.rotation.session import Parameters
from releve.school.ledger import Entry
from twin import CELLS, Twin


def fingerprints(folder: Path) -> dict[str, str]:
    """Every file of a folder, by its content."""
    files = [
        path for path in sorted(folder.rglob("*")) if path.is_file() and ".locks" not in path.parts
    ]
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


# -- on the twin


@pytest.mark.parametrize(
    "cells",
    [[*CELLS, *CELLS], [step for step in CELLS for _ in range(2)]],
    ids=["run all twice", "each cell twice"],
)
@pytest.mark.parametrize("sees_first", [False, True])
def test_cells_run_twice_reset_once(cells: list[str], sees_first: bool, tmp_path: Path) -> None:
    """Run All twice, or every cell twice: one reset, one entry in the target, one promotion."""
    twin = Twin.new(tmp_path / "twin", sees_first=sees_first)
    assert 0 == twin.run(cells=cells).code
    assert (1, True, 1) == (twin.resets(), twin.agree(), twin.world.ledger.count("corail_saved"))
    assert 1 == sum(isinstance(event, ev.PromotionDone) for event in twin.events)


def test_a_closed_notebook_opened_again_changes_nothing(tmp_path: Path) -> None:
    """The dated notebook of a complete rotation, run again from top to bottom: not a byte moves."""
    twin = Twin.new(tmp_path / "twin")
    assert 0 == twin.run().code
    before = fingerprints(twin.outputs)
    assert 0 == twin.run(record=twin.record.path.name, again=True).code
    assert (before, 1) == (fingerprints(twin.outputs), twin.resets())


def test_a_second_start_within_a_day_is_refused(tmp_path: Path) -> None:
    """Whatever started it (here the notebook itself): code 3, nothing done; `again` is explicit."""
    twin = Twin.new(tmp_path / "twin")
    assert [0, 3, 0] == [twin.run().code, twin.run().code, twin.run(again=True).code]
    assert (2, True, 2) == (twin.resets(), twin.agree(), len(twin.records))


def test_an_open_notebook_keeps_everybody_else_out(tmp_path: Path) -> None:
    """A walkthrough that waits at its gate: whoever comes meanwhile is told by whom, and leaves no
    trace.
    """
    twin = Twin.new(tmp_path / "twin")

    async def both() -> None:
        first = twin.session(Parameters.checked(twin.parameters()), Unattended(True, False))
        await first.open()
        before = fingerprints(twin.outputs)
        second = twin.session(Parameters.checked(twin.parameters()), Unattended(True, False))
        with pytest.raises(AccountBusy):
            await second.open()
        assert before == fingerprints(twin.outputs)
        await first.close()
        await second.open()
        await second.close()

    asyncio.run(both())
    assert 1 == len(twin.records)


def test_a_closed_record_that_is_open_keeps_nobody_out(tmp_path: Path) -> None:
    """An archived notebook in some tab is only read: this year's rotation may begin."""
    twin = Twin.new(tmp_path / "twin")
    assert 0 == twin.run().code
    again = Parameters.checked(twin.parameters() | {"again": True})
    read = Parameters.checked(twin.parameters() | {"again": True, "record": twin.record.path.name})

    async def both() -> None:
        archived = twin.session(read, Unattended(True, False))
        assert "skipped" == (await (await archived.open()).do("authentification")).mode
        second = twin.session(again, Unattended(True, False))
        await second.open()
        await second.close()
        await archived.close()

    asyncio.run(both())
    assert 2 == len(twin.records)


def test_cells_that_run_on_after_an_error_do_nothing(tmp_path: Path) -> None:
    """`--allow-errors`: the rotation was put down and its lock let go; each later cell repeats why,
    and only a new opening goes on.
    """
    twin = Twin.new(tmp_path / "twin")
    fails = ["enter"]

    def at(point: str) -> None:
        if point in fails:
            fails.remove(point)
            raise BrowserGone(screen="x")

    twin.at = at

    async def run_on() -> list[str]:
        with twins._installed(twin), contextlib.redirect_stdout(io.StringIO()):
            await runbook.open(**twin.parameters())
            told = []
            for step in CELLS:
                try:
                    await runbook.step(step)
                except ReleveError as error:
                    told.append(type(error).__name__)
            await twin.cells()
            return told

    assert ["BrowserGone"] * 3 == asyncio.run(
        run_on()
    )  # Corail's last screen, then the proof and the end
    runbook._session = None
    assert (1, True, 1) == (twin.resets(), twin.agree(), len(twin.records))


def test_the_record_of_an_earlier_year_that_is_damaged_stops_nobody(tmp_path: Path) -> None:
    """A closed record whose journal was changed is the check's business, not that of this year's
    rotation.
    """
    twin = Twin.new(tmp_path / "twin")
    assert 0 == twin.run().code
    path = twin.record.path / j.FILE_NAME
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:3], b"non\n", *lines[3:]]))
    assert 0 == twin.run(again=True).code
    assert twin.agree()


def test_a_pending_password_of_nobody_is_not_replaced_silently(tmp_path: Path) -> None:
    """Another folder's rotation may have left it: a person decides; what a closed rotation left is
    replaced, and that is noted.
    """
    twin = Twin.new(tmp_path / "twin")
    twin.slots.write(twins.Slot.PENDING, twins.Secret("Inconnu-12345"), "deadbeef/1")
    stopped = twin.run()
    assert ("PendingOfAnotherRun", 4, 0) == (stopped.error, stopped.code, twin.resets())
    assert "Inconnu-12345" == twin.held(twins.Slot.PENDING)
    twin.slots.clear(twins.Slot.PENDING, "deadbeef/1")
    with twins.dying(
        twins.points(Twin.new(tmp_path / "other")).index("journal target.intended before")
    ):
        twin.run()
    left = twin.slots.filled().pending
    abandoned(twin, "le serveur de Corail est arrêté")
    assert 0 == twin.run().code
    assert [left] == [
        event.writer for event in twin.events if isinstance(event, ev.PendingSuperseded)
    ]
    assert (2, True) == (twin.resets(), twin.agree())


# -- abandon


def abandoned(twin: Twin, reason: str) -> str:
    """What `releve abandon` prints."""
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()) as said:
        patch.setattr(headless, "open_keystore", lambda *_: twin.keystore)
        patch.setattr("releve.record.evidence.open_keystore", lambda: twin.keystore, raising=False)
        for module in (abandon, resume):
            patch.setattr(module, "open_keystore", lambda *_: twin.keystore, raising=False)
        args = argparse.Namespace(
            settings=str(twin.settings()),
            outputs=str(twin.outputs),
            json=False,
            siret=DEMO_SIRET,
            reason=reason,
        )
        assert 0 == abandon.main(args)
    return said.getvalue()


def test_an_abandon_tells_the_truth_wherever_it_comes(tmp_path: Path) -> None:
    """Killed at every effect, then abandoned: the event, the terminal and the page say what is then
    true; a new rotation ends well.
    """
    effects = twins.points(Twin.new(tmp_path / "clean"))
    for number in range(4, len(effects), 6):
        twin = Twin.new(tmp_path / str(number))
        with twins.dying(number):
            twin.run()
        said = twin.situation
        if said.closed:
            continue
        printed = abandoned(twin, "panne générale du service")
        (event,) = (each for each in twin.events if isinstance(each, ev.RotationAbandoned))
        assert (said.portal, said.keyring, said.targets) == (
            event.portal,
            event.keyring,
            event.targets,
        )
        assert said.truth in printed
        page = " ".join((twin.record.path / "record.html").read_text(encoding="utf-8").split())
        assert "panne générale du service" in page
        for sentence in (" ".join(each.split()) for each in (said.portal, said.keyring)):
            assert sentence.replace("'", "&#39;") in page or sentence in page, effects[number]
        with pytest.raises(ReleveError, match="Aucune rotation n'est restée ouverte"):
            abandoned(twin, "encore")
        before = twin.resets()
        assert 0 == twin.run().code
        assert (before + 1, True) == (twin.resets(), twin.agree())


# -- for real: the command line, papermill's kernel, Chromium


def test_two_starts_at_the_same_instant(scene: Scene) -> None:
    """Two schedulers: one wins, the other stands aside (busy, or just done), and leaves nothing
    behind.
    """
    command = scene.command("--json", "rotate", DEMO_SIRET, "--yes")
    pipe = subprocess.PIPE
    children = [
        subprocess.Popen(command, env=scene.environment, stdout=pipe, stderr=pipe, text=True)
        for _ in range(2)
    ]
    told = [(child.communicate(timeout=120)[0], child.returncode) for child in children]
    codes = sorted(code for _, code in told)
    assert codes in ([0, 5], [0, 3]), told
    assert any(
        word in out
        for word in ("est déjà en cours", "a déjà été renouvelé")
        for out, code in told
        if code
    ), told
    assert (1, True) == (scene.resets(), scene.three_places_agree())
    assert 1 == len(
        [path for path in scene.outputs.iterdir() if path.is_dir() and path.name[0].isdigit()]
    )


@pytest.mark.long
async def test_a_scheduler_that_fires_while_a_walkthrough_is_open(scene: Scene) -> None:
    """The open notebook keeps its account: the scheduler is told who has it, with code 5, and the
    walkthrough goes on.
    """
    await runbook.open(
        structure=DEMO_SIRET,
        approve=True,
        settings=str(scene.settings()),
        outputs=str(scene.outputs),
    )
    fired = scene.releve("rotate", DEMO_SIRET, "--yes")
    assert (5, 0) == (fired.returncode, scene.resets()), fired.stderr
    assert f"(processus {os.getpid()})" in fired.stderr
    for step in CELLS:
        await runbook.step(step)
    assert (1, True) == (scene.resets(), scene.three_places_agree())
    again = scene.releve("rotate", DEMO_SIRET, "--yes")
    assert (3, 1) == (again.returncode, scene.resets())


@pytest.mark.long
def test_a_resume_of_what_is_complete_changes_nothing(scene: Scene) -> None:
    """It says so, code 0, and not a byte moves; even when it is told to go on with that very
    record.
    """
    done = scene.headless()
    assert 0 == done.code
    before = fingerprints(scene.outputs)
    told = scene.releve("resume", "--yes", "--reset-again")
    assert (0, 1) == (told.returncode, scene.resets())
    assert "rien à reprendre" in told.stdout and "est complète" in told.stdout
    (record,) = all_records(scene.outputs)
    with pytest.raises(
        ReleveError, match="a déjà été renouvelé"
    ):  # as if it had been finished by another in the meantime
        headless.run(load(scene.settings(), scene.outputs), DEMO_SIRET, approve=True, record=record)
    assert (before, 1) == (fingerprints(scene.outputs), scene.resets())


def kernel_of(scene: Scene) -> int:
    """The process that has the rotation in hand, by its journal."""
    (journal,) = scene.outputs.glob(f"*/{j.FILE_NAME}")
    started = [entry.event for entry in j.read(journal) if isinstance(entry.event, ev.RunStarted)]
    return started[-1].pid


def killed(scene: Scene, kind: str, *args: str) -> dict[str, Any]:
    """What `releve` tells when its kernel is killed at that event of the portal's ledger."""
    once = at_ledger(scene, kind, lambda: os.kill(kernel_of(scene), KILL))
    ended = scene.releve("--json", *args)
    assert once.is_set()
    told: dict[str, Any] = json.loads(ended.stdout)
    assert ended.returncode == told["code"]
    assert "Le carnet s'est arrêté brusquement" in told["text"]
    assert "releve resume" in told["text"]
    return told


def ended(scene: Scene, *args: str) -> None:
    """A resume ends it: one record, which holds no secret."""
    resumed = scene.releve("--json", "resume", *args)
    assert (0, True) == (resumed.returncode, scene.three_places_agree()), resumed.stdout
    assert 1 == len(list(scene.outputs.glob(f"*/{j.FILE_NAME}")))
    assert [] == scene.leaks()


@pytest.mark.long
def test_the_kernel_is_killed_for_real(scene: Scene) -> None:
    """SIGKILL at the login, at the reset, then at Corail, with the real browser and papermill:
    told, and resumed by another process.

    The portal has a new password that nobody saw: it is asked, and only the decision resets once
    more.
    """
    assert 5 == killed(scene, "login", "rotate", DEMO_SIRET, "--yes")["code"]
    assert 6 == killed(scene, "reset", "resume", "--yes")["code"]
    asked = scene.releve("--json", "resume", "--yes")
    assert (6, 1) == (asked.returncode, scene.resets())
    assert "--reset-again" in json.loads(asked.stdout)["text"]
    assert 6 == killed(scene, "corail_saved", "resume", "--reset-again")["code"]
    ended(scene)
    assert 2 == scene.resets()


def test_the_command_itself_is_killed(scene: Scene) -> None:
    """A scheduler that loses patience kills `releve`, not its kernel: that one ends by itself, and
    a resume ends well.
    """
    command = scene.command("rotate", DEMO_SIRET, "--yes")
    with subprocess.Popen(
        command, env=scene.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as child:
        once = at_ledger(scene, "corail_saved", child.kill)
        assert 0 != child.wait(PATIENCE)
    assert once.is_set()
    with contextlib.suppress(psutil.NoSuchProcess):  # it may be gone already
        psutil.Process(kernel_of(scene)).wait(30)
    ended(scene)
    assert 1 == scene.resets()


@pytest.mark.long
@pytest.mark.parametrize(
    ("kind", "error", "asked"),
    [("reset", "ResetOutcomeUnknown", True), ("corail_saved", "BrowserGone", False)],
)
async def test_the_browser_is_killed_for_real(
    scene: Scene, kind: str, error: str, asked: bool
) -> None:
    """Chromium dies at the click, or when Corail has the password: the first is a question, the
    second loses nothing.

    Either is told at once: an answer that cannot come any more is not waited for.
    """
    scene.portal["timeout_seconds"] = 60
    once = at_ledger(scene, kind, kill_browsers)
    stopped = await scene.walk()
    assert once.is_set()
    assert (error, 6) == (stopped.error, stopped.code), stopped.text
    assert 15 > stopped.seconds_to_fail()
    done = await scene.walk()
    if asked:
        assert ("DecisionNeeded", 6) == (done.error, done.code)
        done = await scene.walk(reset_again=True)
    assert ("", 1 + asked, True) == (done.error, scene.resets(), scene.three_places_agree()), (
        done.text
    )


@pytest.mark.long
async def test_a_browser_that_dies_at_the_log_out_is_replaced(scene: Scene) -> None:
    """What counts is done: another browser goes to Corail, and the rotation succeeds."""
    once = at_ledger(scene, "logout", kill_browsers)
    done = await scene.walk()
    assert once.is_set()
    assert ("", 0, 1, True) == (
        done.error,
        done.code,
        scene.resets(),
        scene.three_places_agree(),
    ), done.text


KILLER = """
import os, signal, sys
if any("kernel" in word for word in sys.orig_argv) and os.environ.get("KILL_AT"):
    def hook(event, args):
        if event == "releve.effect" and " ".join(args) == os.environ["KILL_AT"]:
            os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hook)
"""


@pytest.mark.long
def test_the_kernel_is_killed_at_one_effect_after_the_other(scene: Scene, tmp_path: Path) -> None:
    """Cells of the crash matrix, with the notebook, papermill, its kernel and Chromium: killed
    three times, and one reset.
    """
    (tmp_path / "killer").mkdir()
    (tmp_path / "killer" / "sitecustomize.py").write_text(KILLER)
    path = os.pathsep.join(
        [str(tmp_path / "killer"), *filter(None, [os.environ.get("PYTHONPATH")])]
    )
    for point, command in (
        ("reset click before", ("rotate", DEMO_SIRET, "--yes")),
        ("keyring pending after", ("resume", "--reset-again")),
        ("keyring current after", ("resume",)),
    ):
        dead = scene.releve("--json", *command, PYTHONPATH=path, KILL_AT=point)
        assert 6 == dead.returncode, dead.stdout
    ended(scene)
    assert 1 == scene.resets()


def at_ledger(scene: Scene, kind: str, act: Callable[[], Any]) -> threading.Event:
    """`act` at the first entry of that kind, before the portal answers."""
    done = threading.Event()

    def hear(entry: Entry) -> None:
        if entry.kind == kind and not done.is_set():
            done.set()
            act()

    scene.world.ledger.listeners.append(hear)
    return done


def kill_browsers() -> None:
    """Every Chromium that this very process started, and no other."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            text = stat.read_text().rpartition(")")[2].split()
            children.setdefault(int(text[1]), []).append(int(stat.parent.name))
    mine = [os.getpid()]
    for pid in mine:
        mine += children.get(pid, [])
    for pid in mine[1:]:
        with contextlib.suppress(OSError):
            if b"chrom" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]:
                os.kill(pid, KILL)
