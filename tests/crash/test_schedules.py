"""Random schedules on the portal's twin: killed anywhere, run again, run twice, two at once, one
failure after the other.

Every schedule comes from its number alone: `pytest tests/crash/test_schedules.py --schedules 5000`
tries more, and the number in a failure's message is enough to see it again (`schedule(number)`).
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
import threading
from pathlib import Path

import pytest
import twin as twins
from fixtures_rotation import Scene
from releve.decision import events as ev
from releve.decision.state import Next
from releve.portal import errors as e
from releve.record.folder import all_records
from releve.record.lock import AccountBusy
from releve.rotation.prompts import Unattended
from releve.rotation.session import Parameters
from releve.school import Faults
from twin import Twin

BATCHES = 10
TROUBLES = [
    e.Maintenance(screen="jumeau"),
    e.TechnicalError(screen="jumeau"),
    e.SessionExpired(screen="jumeau"),
    e.BrowserGone(screen="jumeau"),
    e.ScreenNotRecognised(screen="jumeau", wanted="un bouton"),
]
SAFE_PLACES = ("go ", "ready", "back", "leave", "show", "enter", "offer", "read")


class Schedule:
    """One random life of a rotation, checked after each thing that happens to it."""

    def __init__(self, number: int, folder: Path) -> None:
        self.random = random.Random(number)
        self.number = number
        cut = int(self.random.random() < 0.2)
        self.twin = Twin.new(
            folder,
            seed=number,
            sees_first=self.random.random() < 0.3,
            targets=self.random.choice([1, 1, 2]),
            cut=cut,
            at=self.at,
        )
        self.twin.world.faults = Faults(slash_in_first=self.random.choice([0, 0, 1, 2]))
        self.deciding = False
        self.trouble = ""
        self.told: list[str] = []

    def at(self, point: str) -> None:
        """What the twin is about to do: a click must be the first, or its predecessor concluded;
        now and then something fails.
        """
        if point == "commit":
            self.check_click()
        if self.trouble and point.startswith(self.trouble):
            self.trouble = ""
            raise self.random.choice(TROUBLES)

    def check_click(self) -> None:
        """Nobody clicks while the password before is good and known, nor while its fate is unknown
        and undecided.
        """
        events = self.twin.events
        *before, last = [event.attempt for event in events if isinstance(event, ev.ResetIntended)]
        for attempt in before[-1:]:
            ends = (ev.CandidateRejected, ev.ResetNotDone, ev.ResetAgainDecided)
            assert any(isinstance(event, ends) and event.attempt == attempt for event in events), (
                self.story()
            )
        stored = any(
            isinstance(event, ev.PendingStored) and event.attempt < last for event in events
        )
        assert self.twin.sees_first or not stored, self.story()

    def story(self) -> str:
        return f"schedule {self.number}: {self.told}"

    def live(self) -> None:
        """A few things happen, then it is brought to its end."""
        for _ in range(self.random.randint(1, 5)):
            act = self.random.choice(
                [self.kill, self.kill, self.kill, self.run, self.run_twice, self.intrude, self.fail]
            )
            self.told.append(act.__name__)
            act()
            self.check()
        self.end()

    def kill(self) -> None:
        number = self.random.randrange(90)
        self.told.append(str(number))
        with twins.dying(number):
            self.run()

    def run(self) -> None:
        self.deciding = self.random.random() < 0.3
        result = self.twin.run(reset_again=self.deciding)
        self.told.append(f"{result.code} {result.error}")
        assert result.code in (None, 0, 3, 5, 6), self.story()

    def run_twice(self) -> None:
        """Run All twice in the same notebook."""
        self.twin.run(cells=[*twins.CELLS, *twins.CELLS])

    def intrude(self) -> None:
        """Another process comes at a random moment: it stands aside, whatever the first one is
        doing.
        """
        moment, seen, count = self.random.randrange(60), [], 0

        def come(name: str, when: str) -> None:
            nonlocal count
            count += 1
            if count == moment:
                other = threading.Thread(target=lambda: seen.append(self.other()))
                other.start()
                other.join()

        with twins.listening(come):
            self.run()
        assert seen in ([], ["AccountBusy"]), (seen, self.story())

    def other(self) -> str:
        """What a second process is told."""
        parameters = Parameters.checked(self.twin.parameters())
        try:
            asyncio.run(self.twin.session(parameters, Unattended(True, True)).open())
        except AccountBusy as busy:
            return type(busy).__name__
        return "opened"

    def fail(self) -> None:
        """The portal, the browser or a target fails at a random place, once."""
        self.trouble = self.random.choice(SAFE_PLACES)
        self.run()
        self.trouble = ""

    def check(self) -> None:
        assert [] == self.twin.lies(), self.story()
        open_ones = [
            record for record in self.twin.records if not twins.is_closed(record.entries())
        ]
        assert len(open_ones) <= 1, self.story()

    def end(self) -> None:
        """It is finished by a resume, and by a decision when somebody must decide; portal, keyring
        and targets agree.
        """
        result = self.twin.run()
        for _ in range(2):  # the decided click may be the one whose answer is cut
            if result.code == 6:
                assert self.twin.situation.next is Next.DECIDE, (result, self.story())
                result = self.twin.run(reset_again=True)
        assert result.code in (0, 3), (result, self.story())
        assert self.twin.agree(), self.story()
        done = [
            record
            for record in self.twin.records
            if any(_succeeded(entry.event) for entry in record.entries())
        ]
        decisions = sum(isinstance(event, ev.ResetAgainDecided) for event in self.twin.events)
        rejected = (
            0
            if self.twin.sees_first
            else sum(isinstance(event, ev.CandidateRejected) for event in self.twin.events)
        )
        assert 1 == len(done), self.story()
        assert 1 <= self.twin.resets() <= 1 + decisions + rejected, self.story()
        assert 3 == self.twin.run().code, self.story()


def _succeeded(event: ev.Event) -> bool:
    return isinstance(event, ev.RotationClosed) and event.outcome == "succeeded"


def schedule(number: int, folder: Path) -> None:
    """One schedule, from its number."""
    Schedule(number, folder).live()


@pytest.mark.one_in(10)
@pytest.mark.timeout(600)
@pytest.mark.parametrize("batch", range(BATCHES))
def test_random_schedules(batch: int, shm: Path, request: pytest.FixtureRequest) -> None:
    """Whatever happens, in whatever order: nothing is lost, nothing is done twice, and what is said
    is true after each event.
    """
    for number in range(batch, request.config.getoption("--schedules"), BATCHES):
        folder = shm / str(number)
        schedule(number, folder)
        shutil.rmtree(folder)


@pytest.mark.one_in(10)
@pytest.mark.parametrize("number", range(5))
@pytest.mark.usefixtures("one_browser")
@pytest.mark.asyncio(loop_scope="module")
async def test_random_schedules_in_a_real_browser(number: int, scene: Scene) -> None:
    """A sample of such lives against the school's own server and a real Chromium: killed up to
    three times, then brought to the end.
    """
    chance = random.Random(number)
    scene.faults.slash_in_first = chance.choice([0, 1])
    points = [chance.randrange(5, 70) for _ in range(chance.randint(1, 3))]
    for point in points:
        with contextlib.suppress(twins.Killed), twins.dying(point):
            await scene.walk(reset_again=chance.random() < 0.3)
    done = await scene.walk()
    for _ in range(len(points)):
        if done.error == "DecisionNeeded":
            done = await scene.walk(reset_again=True)
    assert done.error in ("", "JustDone"), (
        number,
        points,
        done.text,
    )  # it may have died when all was done
    assert scene.three_places_agree(), (number, points)
    records = list(all_records(scene.outputs))
    assert 1 == len(records), (number, points)
    events = [entry.event for entry in records[0].entries()]
    assert 1 == sum(_succeeded(event) for event in events), (number, points)
    again = sum(isinstance(event, ev.ResetAgainDecided | ev.CandidateRejected) for event in events)
    assert 1 <= scene.resets() <= 1 + again, (number, points)
