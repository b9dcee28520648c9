"""What every route to the reset promises, whatever its screens: one class of tests that each route
inherits.

In a real Chromium on the school. Routes differ by the order in which a password is seen and takes
effect: `resets` says what a password that cannot be used costs. A third route is one more subclass.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import pytest
from fixtures_rotation import DEMO_ACCOUNT, Scene, Walk
from PIL import Image
from releve.decision import events as ev
from releve.decision.state import DISPLAYED, FORBIDDEN, PERHAPS
from releve.jupyter import runbook
from releve.portal.driver import ROUTES
from releve.record.folder import CAPTURES
from releve.record.picture import uneven
from releve.record.view import view

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("one_browser")]


class Killed(BaseException):
    """This process is dead from here on."""


_deadly = ""


def _hook(event: str, args: tuple[Any, ...]) -> None:
    global _deadly
    if _deadly and event == "releve.effect" and f"{args[0]} {args[1]}" == _deadly:
        _deadly = ""
        raise Killed


sys.addaudithook(_hook)  # for the life of the process: there is no way to remove one


@contextmanager
def dying(point: str) -> Iterator[None]:
    """The process dies at that effect, once."""
    global _deadly
    _deadly = point
    with pytest.raises(Killed):
        yield
    assert "" == _deadly, "the effect was reached"


class RouteContract:
    """The promises. `name` is the route's; `seen_first` whether its password is seen before it
    takes effect.
    """

    name: ClassVar[str]
    screens: ClassVar[tuple[str, ...]]
    """The school's screens on the way to the reset, after the login."""
    refused: ClassVar[int]
    """The exit code of a reset that the portal refused: whether anything is kept by then."""
    unusable: ClassVar[str]
    """What is true once no usable password was seen."""
    points: ClassVar[tuple[str, ...]]
    """Where a kill is tried: between any two effects that matter."""

    @pytest.fixture(autouse=True)
    def by_this_route(self, scene: Scene) -> None:
        """The settings ask for this route, and the portal offers every one."""
        scene.portal["route"], scene.world.routes = self.name, "both"

    def cost(self, rejected: int) -> int:
        """How many resets so many unusable passwords cost."""
        return 0 if ROUTES[self.name].sees_first else rejected

    @staticmethod
    async def killed(scene: Scene, point: str, *, reset_again: bool) -> None:
        """A run that dies at that effect; only what it wrote is left."""
        with dying(point):
            await scene.walk(reset_again=reset_again)
        if runbook._session is not None:
            runbook._session.lock.release()

    @staticmethod
    def ended_well(scene: Scene, done: Walk) -> None:
        """Portal, keyring and accounting program agree, in one record that holds no secret."""
        assert ("", 0) == (done.error, done.code), done.text
        assert scene.three_places_agree()
        assert [] == scene.leaks()
        assert 1 == len(list(scene.outputs.glob("*_*_*_*")))

    async def test_one_reset_and_the_three_places_agree(self, scene: Scene) -> None:
        """A rotation without incident makes one reset, of this account, and records which way it
        took.
        """
        done = await scene.walk()
        self.ended_well(scene, done)
        assert (1, 1) == (scene.resets(), scene.world.resets(DEMO_ACCOUNT))
        chosen = done.last(ev.RouteChosen)
        assert (
            chosen is not None
            and isinstance(chosen.event, ev.RouteChosen)
            and self.name == chosen.event.route
        )
        self.pictured(done)

    def pictured(self, done: Walk) -> None:
        """The screen just before the irreversible click is in the record, under that step, and what
        it showed of a password is one flat colour.
        """
        (click,) = [each for each in done.events if isinstance(each.event, ev.ResetIntended)]
        assert done.record and isinstance(click.event, ev.ResetIntended)
        path = done.record.path / CAPTURES / click.event.capture
        assert ("confirmation", True) == (click.step, "-confirmation-1" in path.name)
        with Image.open(path) as picture:
            covered = json.loads(picture.info["releve:blanked"])
        assert ([], ROUTES[self.name].sees_first) == (uneven(path.read_bytes()), covered != [])
        (shown,) = [each for each in view(done.events, {}).steps if each.step.id == click.step]
        assert [path.name] == [each.name for each in shown.pictures if each.kind == "click"]

    @pytest.mark.long
    async def test_an_unusable_password_is_replaced(self, scene: Scene) -> None:
        """Two passwords with a slash: the third is kept, and only a route that sees them too late
        pays for them with resets.
        """
        scene.faults.slash_in_first = 2
        done = await scene.walk()
        self.ended_well(scene, done)
        assert 1 + self.cost(2) == scene.resets()
        assert 2 == sum(isinstance(entry.event, ev.CandidateRejected) for entry in done.events)

    @pytest.mark.long
    async def test_too_many_unusable_passwords_are_for_a_person(self, scene: Scene) -> None:
        """After `max_attempts` nobody clicks any more until somebody decides; then it ends well."""
        scene.policy["max_attempts"], scene.faults.slash_in_first = 2, 2
        stopped = await scene.walk()
        assert ("DecisionNeeded", 6, self.cost(2)) == (*_end(stopped), scene.resets())
        assert self.unusable in stopped.text
        assert "DecisionNeeded" == (await scene.walk()).error
        assert self.cost(2) == scene.resets(), "a second run asked for no more"
        self.ended_well(scene, await scene.walk(reset_again=True))

    async def test_a_refusal_of_the_portal_is_known(self, scene: Scene) -> None:
        """The portal says no: nothing was reset, it is said, and the next run ends well with one
        reset.
        """
        scene.faults.reset_refused = 1
        refused = await scene.walk()
        assert ("ResetRefused", self.refused, 0) == (*_end(refused), scene.resets())
        assert "n'a pas pu être" in refused.text, "the portal's own words"
        assert None is not refused.last(ev.ResetNotDone)
        done = await scene.walk()
        scene.expect_done(done)
        assert [] == scene.leaks()

    @pytest.mark.long
    async def test_an_unknown_outcome_is_never_retried_blindly(self, scene: Scene) -> None:
        """The answer is lost: it is said, a second run clicks nothing, and a decision ends it well.
        """
        scene.portal["timeout_seconds"] = 5  # a page that draws itself waits it out
        scene.faults.cut_after_confirmation = -1
        lost = await scene.walk()
        assert ("ResetOutcomeUnknown", 6) == _end(lost), lost.text
        assert PERHAPS in lost.text
        made = scene.resets()
        scene.faults.cut_after_confirmation = 0
        assert ("DecisionNeeded", 6, made) == (*_end(await scene.walk()), scene.resets())
        self.ended_well(scene, await scene.walk(reset_again=True))
        assert made + 1 == scene.resets()

    @pytest.mark.long
    async def test_trouble_on_any_screen_before_the_reset_changes_nothing(
        self, scene: Scene
    ) -> None:
        """An expired session, screen by screen: the run stops with nothing changed, and the one
        after the last ends well.
        """
        scene.portal["timeout_seconds"] = 5
        for screen in self.screens:
            scene.faults.session_expired_at = screen
            stopped = await scene.walk()
            assert ("SessionExpired", 0) == (stopped.error, scene.resets()), (
                f"{screen}: {stopped.text}"
            )
        done = await scene.walk()
        scene.expect_done(done)

    @pytest.mark.long
    async def test_killed_at_one_point_after_the_other_it_ends_well(self, scene: Scene) -> None:
        """Each resume is killed further on than the last: nobody clicks unasked after a lost
        answer, and the last run ends it.
        """
        decided = False
        for point in self.points:
            await self.killed(scene, point, reset_again=decided)
            if decided := point in ("journal reset.intended after", "reset click after"):
                made = scene.resets()
                assert ("DecisionNeeded", 6, made) == (*_end(await scene.walk()), scene.resets()), (
                    point
                )
        self.ended_well(scene, await scene.walk(reset_again=decided))
        assert 2 == scene.resets(), "the one whose answer nobody saw, and the one that was decided"

    @pytest.mark.long
    async def test_looking_changes_nothing(self, scene: Scene) -> None:
        """Every screen gone through twice, and a rehearsal at the end: no candidate is asked for,
        nothing is reset.
        """
        await scene.walk(until="demande")
        await scene.walk(until="demande")
        assert 0 == scene.resets() == scene.world.ledger.count("candidate_shown")


def _end(walk: Walk) -> tuple[str, int]:
    return walk.error, walk.code


class TestGestionnaire(RouteContract):
    """The documented route: the reset takes effect before its password is seen."""

    name = "gestionnaire"
    screens = ("structures", "structure")
    refused, unusable = 5, FORBIDDEN
    points = ("journal reset.intended after", "reset click after", "keyring pending after")


class TestRaccordements(RouteContract):
    """The newer route: the password is seen before it is submitted."""

    name = "raccordements"
    screens = ("raccordements", "compte-technique")
    refused, unusable = 6, DISPLAYED
    points = (
        "candidate asked after",
        "keyring pending after",
        "journal reset.intended after",
        "reset click after",
    )
