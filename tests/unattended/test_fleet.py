"""Fleets on the school: one login, one record each, failures that stop nothing, and never two
resets for one account.
"""

from __future__ import annotations

import json
import os
import pty
import signal
import termios
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from subprocess import Popen

import psutil
import pytest
from fleet_scene import FleetScene, fleet_scene
from releve.base.secret import Secret
from releve.base.settings import Portal, Settings, Structure
from releve.decision import events as ev
from releve.decision import journal as j
from releve.headless.fleet import Fleet
from releve.planning.shares import Shares, one_each
from releve.planning.tour import Ending, Tour
from releve.record.history import lacks_proof
from releve.school import Faults
from releve.school.people import siret
from releve.vault.slots import Slot

pytestmark = pytest.mark.timeout(900)  # a fleet of fifty, on a busy machine


@pytest.fixture
def two(tmp_path: Path) -> Iterator[FleetScene]:
    """Two structures, no fault."""
    with fleet_scene(tmp_path, 2) as scene:
        yield scene


@pytest.fixture
def three(tmp_path: Path) -> Iterator[FleetScene]:
    """Three structures, no fault."""
    with fleet_scene(tmp_path, 3) as scene:
        yield scene


# what goes wrong for one structure, the exit code that it would have alone, and its resets
FAULTS = {
    "no account": (Faults(no_technical_account=True), 5, 0),
    "not the manager": (Faults(missing_button=True), 5, 0),
    "refused": (Faults(reset_refused=-1), 5, 0),
    "error 500": (Faults(server_error_at="structure:0"), 5, 0),
    "maintenance": (Faults(maintenance_at="structure:0"), 5, 0),
    "old address": (Faults(security_at="structure:0"), 5, 0),
    "Corail closed": (Faults(server_error_at="corail-transfert:0"), 6, 1),
}


@pytest.mark.long
def test_seven_faults_in_a_fleet_then_only_what_is_left(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """With `--fleet 50`: 43 done, 7 explained, 50 records, exact resets; a lost session costs one
    login; a second start does the rest. (Two failures after a reset would stop it.)
    """
    size = request.config.getoption("--fleet")
    with fleet_scene(tmp_path, size) as scene:
        wrong = dict(zip(scene.sirets[:: size // 10], FAULTS, strict=False))
        scene.school.faults.per_structure = {
            siret: FAULTS[name][0] for siret, name in wrong.items()
        }
        _after(
            scene,
            size // 5,
            lambda: setattr(scene.school.faults, "session_expired_at", "structures"),
        )
        first = scene.run()
        told = {line.structure: line for line in first.failed}
        lists = [
            len(each)
            for each in (first.done, first.nothing, first.person, first.failed, first.left)
        ]
        assert ([size - 7, 0, 0, 7, 0], "") == (lists, first.stopped)
        assert {siret: FAULTS[name][1] for siret, name in wrong.items()} == {
            siret: line.code for siret, line in told.items()
        }
        assert all("Ce qu'il faut faire : " in line.text and line.record for line in told.values())
        assert size == len(scene.past())
        _exact(scene, wrong)
        # a fresh start after each failure, and at most once more for the lost session
        assert scene.logins() in (1 + 7, 1 + 7 + 1)
        assert all(scene.agree(siret) for siret in scene.sirets if siret not in wrong)
        _second_start(scene, wrong)


def _exact(scene: FleetScene, wrong: dict[str, str]) -> None:
    expected = {siret: FAULTS[wrong[siret]][2] if siret in wrong else 1 for siret in scene.sirets}
    assert expected == scene.resets()


def _second_start(scene: FleetScene, wrong: dict[str, str]) -> None:
    """The faults gone: what had changed nothing is done anew, and Corail gets its password."""
    before = scene.resets()
    scene.school.faults.per_structure = {}
    second = scene.run()
    assert (7, len(scene.sirets) - 7, []) == (len(second.done), len(second.nothing), second.failed)
    finished = {siret for siret, name in wrong.items() if name == "Corail closed"}
    again = {siret: number - before[siret] for siret, number in scene.resets().items()}
    assert {siret: int(siret in wrong and siret not in finished) for siret in scene.sirets} == again
    assert all(scene.agree(siret) for siret in scene.sirets)
    assert len(scene.sirets) + 6 == len(scene.past())


def _after(scene: FleetScene, resets: int, act: Callable[[], None]) -> None:
    """Do something, once, when the portal has counted so many resets."""
    done: list[int] = []

    def listen(entry: object) -> None:
        if scene.world.resets() == resets and not done:
            done.append(1)
            act()

    scene.world.ledger.listeners.append(listen)


@pytest.mark.long
def test_two_fleets_at_once_share_the_work(tmp_path: Path) -> None:
    """Two commands started together on the same list: each account is reset once, and both end
    well.
    """
    with fleet_scene(tmp_path, 4) as scene:
        both = [scene.start("rotate", "--all", "--yes", "--json") for _ in range(2)]
        ended = [(*each.communicate(timeout=200), each.returncode) for each in both]
        tours = [json.loads(out) for out, _, _ in ended]
        assert dict.fromkeys(scene.sirets, 1) == scene.resets(), ended
        assert sorted(scene.sirets) == sorted(
            line["structure"] for tour in tours for line in tour["done"]
        )
        assert [[], []] == [tour["failed"] + tour["person"] + tour["left"] for tour in tours]
        assert all(scene.agree(siret) for siret in scene.sirets)


def test_a_refused_password_stops_everything_at_once(three: FleetScene) -> None:
    """One refusal only: the account would be locked after three; what was not begun is told."""
    three.keyring.keystore().portal_password("xt012345").set(Secret("ce-n-est-pas-celui-là"))
    tour = three.run()
    assert (["PasswordRefused"], three.sirets[1:]) == (
        [line.error for line in tour.failed],
        tour.left,
    )
    assert 1 == three.world.ledger.count("login_refused")
    assert "auraient rencontré la même chose" in tour.stopped


def test_a_refused_code_stops_everything_at_once(three: FleetScene) -> None:
    """A seed that is not the portal's is tried once, not once a structure."""
    three.school.faults.otp, three.school.faults.otp_after_pigp = "totp", True
    three.keyring.keystore().otp_seed("xt012345").set(Secret("KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU"))
    tour = three.run()
    assert (["CodeRefused"], three.sirets[1:]) == ([line.error for line in tour.person], tour.left)
    assert 1 == three.world.ledger.count("code_refused")


def test_a_portal_that_is_closed_stops_the_fleet_after_three(tmp_path: Path) -> None:
    """Maintenance for all is not asked of the fourth structure."""
    with fleet_scene(tmp_path, 5) as scene:
        scene.school.faults.maintenance_at = "authentification:0"
        tour = scene.run()
        assert (["Maintenance"] * 3, scene.sirets[3:], 0) == (
            [line.error for line in tour.failed],
            tour.left,
            scene.world.resets(),
        )


@pytest.mark.long
def test_a_reset_that_cannot_be_proven_stops_the_fleet_at_once(three: FleetScene) -> None:
    """PISTE is closed: one account is reset, and no second one; with a proof too early to have, all
    of them are.
    """
    three.piste, three.policy = True, {"max_resets": 100}
    three.school.faults.maintenance_at = "piste:0"
    tour = three.run()
    assert (["ProofImpossible"], three.sirets[1:], [1, 0, 0]) == (
        [line.error for line in tour.person],
        tour.left,
        list(three.resets().values()),
    ), tour
    assert "n'est pas prouvée" in tour.stopped
    three.school.faults.maintenance_at, three.school.faults.propagation_seconds = "", 3600
    later = three.run()
    assert (["ProofTooEarly"] * 2, 1, "", [1, 1, 1]) == (
        [line.error for line in later.person],
        len(later.done),
        later.stopped,
        list(three.resets().values()),
    ), later


RESET: list[ev.Event] = [
    ev.GateGiven("cible", "approve"),
    ev.ResetIntended(1),
    ev.PendingStored(1),
    ev.ResetDone(1),
    ev.TargetIntended("school:21990001600011"),
    ev.TargetEntered("school:21990001600011", "automatic"),
]


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        ([ev.RunStopped(4, "ProofImpossible")], True),
        ([ev.ProofRefused("refusé"), ev.RunStopped(6, "PasswordNotAccepted")], True),
        ([ev.ProofRefused("refusé"), ev.RunStopped(4, "ProofTooEarly")], False),
        ([], True),  # killed in front of its proof
        ([ev.ProofGiven("api"), ev.RunStopped(5, "KeyringLocked")], False),
        # reset by an earlier run: this one had only to prove it
        ([ev.RunStarted("h", 2, False), ev.RunStopped(4, "ProofImpossible")], False),
    ],
)
def test_a_journal_tells_whether_a_run_left_its_reset_unproven(
    tmp_path: Path, ended: list[ev.Event], expected: bool
) -> None:
    """Whatever the exit code; a proof that is too early is none to wait for."""
    journal = j.Journal(tmp_path, "ab", "a@b")
    targets = ("school:21990001600011",)
    journal.append(ev.RotationOpened("21990001600011", "M", "A@cpro.fr", "gestionnaire", targets))
    for event in (*RESET, *ended):
        journal.append(event)
    assert expected is lacks_proof(journal.entries)


@pytest.mark.long
@pytest.mark.parametrize("whose", ["kernel", "worker"])
def test_a_killed_process_costs_one_structure(three: FleetScene, whose: str) -> None:
    """The notebook's process, or the worker itself, killed right after a reset: that structure
    is told as such, the others are done, a second start finishes. A kernel outlives its worker
    for a moment: what it kept then spares the second reset.
    """
    settings = three.settings()
    fleet = Fleet(settings, approve=True)
    _after(three, 2, lambda: _kill(fleet, kernel=whose == "kernel"))
    tour = fleet.run(settings.structures.values())
    assert (2, [three.sirets[1]], 6) == (
        len(tour.done),
        [line.structure for line in tour.failed],
        tour.code,
    )
    slots = three.keyring.keystore().slots(three.account(three.sirets[1]))
    kept = any(slots.read(slot) for slot in (Slot.PENDING, Slot.CURRENT))
    again = Fleet(settings, approve=True, reset_again=True).run(settings.structures.values())
    assert ([three.sirets[1]], 2) == ([line.structure for line in again.done], len(again.nothing))
    assert [1, 1 if kept else 2, 1] == list(three.resets().values())


def _kill(fleet: Fleet, *, kernel: bool) -> None:
    worker = psutil.Process(fleet.hands[0].process.pid)
    chosen = next(each for each in worker.children() if "ipykernel_launcher" in each.cmdline())
    (chosen if kernel else worker).kill()


@pytest.mark.one_in(2)
@pytest.mark.parametrize(("on", "done"), [("login", 0), ("reset", 1)])
def test_ctrl_c_stops_at_a_safe_point(two: FleetScene, on: str, done: int) -> None:
    """Before the reset the structure in hand is put down, nothing changed; after it, it is
    finished. The same command does the rest.
    """
    process = two.start("rotate", "--all", "--yes", "--json")
    _signal_at(two, on, process)
    out, err = process.communicate(timeout=120)
    told = json.loads(out)
    stopped = [line["error"] for line in told["failed"]]
    assert (4, done, ["StoppedBeforeReset"] * (1 - done)) == (
        process.returncode,
        len(told["done"]),
        stopped,
    ), err
    assert two.sirets[1:] == told["left"]
    assert [done, 0] == list(two.resets().values())
    assert [1, 1] == [*_finished(two)]


def _signal_at(scene: FleetScene, kind: str, process: Popen[str]) -> None:
    sent: list[int] = []

    def listen(entry: object) -> None:
        if entry.kind == kind and not sent:  # type: ignore[attr-defined]
            sent.append(1)
            process.send_signal(signal.SIGINT)

    scene.world.ledger.listeners.append(listen)


def _finished(scene: FleetScene) -> list[int]:
    tour = scene.run()
    assert 0 == tour.code and all(scene.agree(siret) for siret in scene.sirets)
    return list(scene.resets().values())


def test_without_a_confirmation_nothing_is_begun(three: FleetScene) -> None:
    """No terminal and no --yes: a person is needed for each, and the portal was not even asked."""
    process = three.start("rotate", "--due", "--json")
    out, _ = process.communicate(timeout=60)
    told = json.loads(out)
    assert (4, 3, 0) == (process.returncode, len(told["person"]), len(three.world.ledger.entries))
    assert not three.past()


@pytest.mark.long
def test_at_a_terminal_one_confirmation_and_a_bar_with_the_time_left(two: FleetScene) -> None:
    """The operator types how many accounts; the bar tells the structure, its screen and the time
    that remains; then the lists.
    """
    two.policy["pause_seconds"] = 1.5
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (40, 140))
    process = Popen(
        two.command("rotate", "--due"), env=os.environ, stdin=slave, stdout=slave, stderr=slave
    )
    os.close(slave)
    seen = _read_until(master, "tapez ce nombre")
    os.write(master, b"2\n")
    seen += _read_until(master, "en échec.")
    assert 0 == process.wait(30), seen
    assert "2 comptes techniques" in seen and "reste" in seen and "Fait (2)" in seen
    assert [1, 1] == list(two.resets().values())
    _paused(two, 1.5)


def _read_until(master: int, text: str) -> str:
    seen = b""
    while text.encode() not in seen:
        try:
            some = os.read(master, 4096)
        except OSError:
            break
        seen += some
    return seen.decode(errors="replace")


def _paused(scene: FleetScene, seconds: float) -> None:
    """A polite guest: `pause_seconds` stands between the end of one and the start of the next."""
    first, second = scene.past()
    assert first.ended and second.began
    assert timedelta(seconds=seconds) <= second.began - first.ended


def test_structures_that_share_an_account_are_one_rotation(three: FleetScene) -> None:
    """The rotation of one of them serves all: the others are not asked for again."""
    structures = list(three.settings().structures.values())
    shared = [
        structures[0],
        replace(structures[1], technical_account=structures[0].technical_account),
        structures[2],
    ]
    assert [structures[0], structures[2]] == one_each(shared)


@pytest.mark.long
def test_every_login_has_a_worker_of_its_own(tmp_path: Path) -> None:
    """Two managers, two workers: each logs in once, and a refused one stops its own alone."""
    with fleet_scene(tmp_path, 4, managers=2) as scene:
        other = list(scene.world.managers.values())[1]
        theirs = {s for s in scene.sirets if scene.world.structures[s].manager == other.login}
        kept = scene.keyring.keystore().portal_password(other.login)
        kept.set(Secret("ce-n-est-pas-celui-là"))
        first = scene.run(workers=2)
        stopped = {*first.left, *(line.structure for line in first.failed)}
        assert ({*scene.sirets} - theirs, theirs) == (
            {each.structure for each in first.done},
            stopped,
        )
        assert (1, 1) == (scene.logins(), scene.world.ledger.count("login_refused"))
        kept.set(Secret(other.password))
        second = scene.run(workers=2)
        assert (len(theirs), 4 - len(theirs)) == (len(second.done), len(second.nothing))
        assert (2, dict.fromkeys(scene.sirets, 1)) == (scene.logins(), scene.resets())


def test_logins_are_shared_out_so_that_all_workers_end_together() -> None:
    """Five logins of ten, two workers in turn: no login is two workers' at once, and each does
    half.
    """
    structures = {
        f"{login}{number}": Structure(
            siret(100 * login + number), "C", f"A{login}{number}", login=f"l{login}"
        )
        for login in range(1, 6)
        for number in range(10)
    }
    settings = Settings(Path("x"), Portal("l1"), structures=structures)
    shares, done = Shares(settings, structures.values()), {"a": 0, "b": 0}
    held, changes = {"a": "", "b": ""}, 0
    assert 5 == shares.logins
    while shares.left:
        for worker in done:
            structure = shares.take(held[worker])
            if structure:
                assert structure.login not in [held[each] for each in held if each != worker]
                changes += structure.login != held[worker]
                held[worker], done[worker] = structure.login, done[worker] + 1
    assert ({"a": 25, "b": 25}, True) == (done, changes <= 10)


def test_one_exit_code_for_four_lists() -> None:
    """The worst wins; a fleet that ended early is for a person; nothing to do at all is 3."""

    def code(*codes: int, left: int = 0) -> int:
        tour = Tour(left=["x"] * left)
        for each in codes:
            tour.add(Ending("1", "n", each, ""))
        return tour.code

    assert [0, 3, 3, 6, 4, 4, 5, 7] == [
        code(0, 3),
        code(3),
        code(),
        code(0, 4, 5, 6),
        code(0, 4, 5),
        code(0, left=1),
        code(0, 5),
        code(6, 7),
    ]
