"""Every skin walked twice, by the reference person and by Relève: one line each, and one figure."""

from __future__ import annotations

import io
import itertools
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from fixtures_rotation import CELLS, LOGIN, PASSWORD, Scene, a_desk, open_scene, windows_of
from playwright.async_api import Browser, async_playwright
from releve.base.errors import ReleveError
from releve.decision.procedure import NAVIGATION
from releve.portal import browsers
from releve.rotation.session import Parameters, Session
from releve.school import SchoolThread, World
from releve.school.people import DEMO_ACCOUNT, DEMO_SIRET

from zoo.mutations import MUTATIONS, TAUGHT, UNCHANGED, Mutation, next_to
from zoo.person import Person
from zoo.skins import ZooSkin
from zoo.taught import AtHerDesk

SECONDS = 5
"""Time-out of the product's waits: everything here is on this machine."""


@dataclass(frozen=True)
class Result:
    """How Relève fared on one skin."""

    skin: ZooSkin
    by_person: str
    """"" when the reference person completed it, else what is wrong with the skin."""
    mutation: str = ""
    completed: bool = False
    wrong: int = 0
    """Clicks on what is somebody else's, or that nobody asked for."""
    needless: int = 0
    """Resets of the right account beyond the first."""
    why: str = ""
    seconds: float = 0.0

    def line(self) -> str:
        """One row of the table."""
        if self.by_person:
            return f"{self.skin.name:<34} not completable: {self.by_person}"
        done = "yes" if self.completed else "no"
        counts = f"{self.wrong:<6} {self.needless:<9} {self.seconds:5.1f}"
        changed = f"[{self.mutation}] " if self.mutation else ""
        return f"{self.skin.name:<34} {done:<9} {counts}  {changed}{self.why}"


def table(results: list[Result]) -> str:
    """The table and its figure."""
    counted = [each for each in results if not each.by_person]
    head = f"{'skin':<34} {'completed':<9} {'wrong':<6} {'needless':<9} {'s':>5}  why not"
    return "\n".join([head, *(each.line() for each in results), figure(counted)])


def figure(counted: list[Result]) -> str:
    """The one-line figure that stands in the README."""
    done, wrong, needless = (
        sum(number)
        for number in zip(*((r.completed, r.wrong, r.needless) for r in counted), strict=True)
    )
    counts = f"{wrong} wrong clicks, {needless} needless resets"
    return f"{done} of {len(counted)} foreign portals completed, {counts}"


@asynccontextmanager
async def one_browser() -> AsyncIterator[Browser]:
    """One Chromium for all skins; each rotation opens a window of its own in it."""
    choice = browsers.find()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            channel=choice.channel, executable_path=choice.executable
        )
        with windows_of(browser):
            yield browser


async def run(
    skins: Iterable[ZooSkin], browser: Browser, *, person: bool = True
) -> AsyncIterator[Result]:
    """Try each skin; `person` checks first that it can be completed."""
    for skin in skins:
        wrong_skin = await completable(skin, browser) if person else ""
        yield Result(skin, wrong_skin) if wrong_skin else await rotation(skin)


async def seen_by_a_person(skins: Iterable[ZooSkin], browser: Browser) -> AsyncIterator[Result]:
    """Only the reference walk."""
    for skin in skins:
        why = await completable(skin, browser)
        yield Result(skin, why, completed=not why)


async def changed(skins: Iterable[ZooSkin], ways: int) -> AsyncIterator[Result]:
    """Each skin with so many of the mutations, each in its turn."""
    turn = itertools.cycle(MUTATIONS)
    for skin in skins:
        for mutation in itertools.islice(turn, ways):
            yield await rotation(skin, mutation)


async def completable(skin: ZooSkin, browser: Browser) -> str:
    """Walk the skin as its marks say; what went wrong, or "" when a person can complete it."""
    world = skin.world(PASSWORD)
    with SchoolThread(world, world.faults, skin=skin.for_school(marked=True)) as school:
        context = await browser.new_context()
        try:
            return await _walk(skin, Person(context, LOGIN, PASSWORD), school)
        finally:
            await context.close()


async def _walk(skin: ZooSkin, person: Person, school: SchoolThread) -> str:
    page, world = await person.context.new_page(), school.world
    await page.goto(school.urls.portal)
    read = await person.walk(page, 0, 60)
    person.seconds = 2.0
    await person.walk(person.context.pages[-1], 90, 100)
    if read is None or world.accounts[DEMO_ACCOUNT].password not in read:
        return f"the password was not read ({read!r} at {person.context.pages[-1].url})"
    if skin.drives_corail:
        person.new, person.seconds = world.accounts[DEMO_ACCOUNT].password, 4.0
        page = await person.context.new_page()
        await page.goto(school.urls.corail)
        await person.walk(page, 60, 90)
        if not world.corail_matches(DEMO_SIRET):
            return "the password was not entered in Corail"
    wrong = wrong_clicks(world) + needless_resets(world)
    if not world.ledger.count("logout"):
        return "nobody logged out"
    return f"{wrong} wrong clicks or needless resets by the person" if wrong else ""


async def rotation(skin: ZooSkin, mutation: Mutation = UNCHANGED) -> Result:
    """One rotation by Relève, headless and without a person, on a skin that has changed or not."""
    began, world = time.monotonic(), skin.world(PASSWORD)
    mutation.data(world)
    shown = skin.for_school(marked=bool(mutation.marked), change=mutation.change)
    with tempfile.TemporaryDirectory() as folder, open_scene(Path(folder), world, shown) as scene:
        scene.portal = {"timeout_seconds": SECONDS, "route": skin.routes}
        with redirect_stdout(io.StringIO()):  # a notebook's cells print their line
            walk = await scene.walk()
        done = walk.code == 0 and scene.three_places_agree()
        why = "" if done else f"{walk.code} {walk.error}: {_first_sentence(walk.text)}"
        return Result(
            skin,
            "",
            mutation.name,
            done,
            wrong_clicks(scene.world),
            needless_resets(scene.world),
            why,
            time.monotonic() - began,
        )


@contextmanager
def at_a_desk(
    skin: ZooSkin, world: World, change: Callable[[str], str] = str
) -> Iterator[Scene]:
    """That skin on a school of its own, its controls marked, before a person without a profile."""
    shown = skin.for_school(marked=True, change=change)
    with (
        tempfile.TemporaryDirectory() as folder,
        open_scene(Path(folder), world, shown) as scene,
        a_desk(Path(folder, "config")),
    ):
        scene.portal = {"timeout_seconds": SECONDS, "route": skin.routes}
        yield scene


async def taught(skins: Iterable[ZooSkin], browser: Browser) -> AsyncIterator[Result]:
    """Each skin with a person at the desk, who clicks once where she is asked to."""
    for skin in skins:
        began, world = time.monotonic(), skin.world(PASSWORD)
        with at_a_desk(skin, world) as scene:
            person = AtHerDesk(browser, LOGIN, PASSWORD)
            error = await rotate(scene, person)
            done = error is None and scene.three_places_agree()
            asked = f"asked: {', '.join(person.asked)} " if person.asked else ""
            asked += f"by hand: {', '.join(person.by_hand)} " if person.by_hand else ""
            why = "" if done else f"{type(error).__name__}: {_first_sentence(str(error))}"
            counts = wrong_clicks(scene.world), needless_resets(scene.world)
            seconds = time.monotonic() - began
            yield Result(skin, "", "", done, *counts, asked + why, seconds)


async def decoyed(skins: Iterable[ZooSkin], browser: Browser) -> AsyncIterator[Result]:
    """Each skin with one control under other words: a person shows it; then, with nobody there, two
    decoys stand next to it, one that has the document's words and one that looks the same.
    """
    for skin, mark in zip(skins, itertools.cycle(TAUGHT), strict=False):
        began, world = time.monotonic(), skin.world(PASSWORD)
        now = [next_to(mark, "rename")]

        def change(page: str, now: list[Mutation] = now) -> str:
            return now[0].change(page)

        with at_a_desk(skin, world, change) as scene:
            person = AtHerDesk(browser, LOGIN, PASSWORD)
            error = await rotate(scene, person)
            asked = f"asked: {', '.join(person.asked)} " if person.asked else ""
            why = f"{asked}{type(error).__name__ if error else 'done'}"
            harm = wrong_clicks(world), needless_resets(world)
            now[0] = next_to(mark, "twin", "rename", "twin")
            with redirect_stdout(io.StringIO()):
                walk = await scene.walk(again=True)
            again = max(0, world.resets(DEMO_ACCOUNT) - (not error) - (not walk.error))
            counts = wrong_clicks(world), harm[1] + again
            why += f", then {walk.error or 'done'}"
            seconds = time.monotonic() - began
            yield Result(skin, "", now[0].name, not walk.error, *counts, why, seconds)


async def rotate(scene: Scene, operator: AtHerDesk) -> ReleveError | None:
    """A whole rotation with that person; the error that stopped it, if any."""
    given = {"structure": DEMO_SIRET, "settings": str(scene.settings())}
    session = Session(Parameters.checked(given | {"outputs": str(scene.outputs)}), operator)
    rotation = await session.open()
    try:
        for step in CELLS:
            try:
                await rotation.do(step)
            except ReleveError:
                if step not in NAVIGATION:
                    raise
                operator.by_hand.append(step)
                rotation.take_over(step)
                await rotation.do(step)
    except ReleveError as error:
        return await session.stop(rotation, error)
    finally:
        await session.close()
    return None


def _first_sentence(text: str) -> str:
    happened = " ".join(text.split()).removeprefix("Ce qui s'est passé : ")
    return happened.partition(" Ce qui est sûr")[0][:160]


def wrong_clicks(world: World) -> int:
    """What was done to others, or what nobody asked for."""
    return sum(
        entry.kind == "trap"
        or (
            entry.kind in ("reset", "submitted")
            and (entry.account, entry.siret) != (DEMO_ACCOUNT, DEMO_SIRET)
        )
        for entry in world.ledger.entries
    )


def needless_resets(world: World) -> int:
    """Resets of the right account beyond the first."""
    return max(0, world.resets(DEMO_ACCOUNT) - 1)
