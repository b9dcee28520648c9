"""The portal's window is never in front while a question waits elsewhere, and takes no click of a
person's until a step is hers.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio
from fixtures_lab import Desk, lab
from fixtures_rotation import Scene
from fixtures_screen import Screen
from fixtures_shell import PROOF, a_window, at_the_gate, school_of_its_own
from playwright.sync_api import Browser
from releve.base.settings import load
from releve.portal import browsers, camera
from releve.portal.browser import PortalBrowser
from releve.portal.window import AWAY, HERS
from releve.school.people import DEMO_SIRET

TITLE = "Chromium"  # its own name, behind each page's


@pytest_asyncio.fixture
async def browser(
    scene: Scene, screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[PortalBrowser]:
    """The portal's own, with a window, on the login page."""
    monkeypatch.setenv("DISPLAY", screen.name)
    settings = load(scene.settings(), scene.outputs).portal
    browser = PortalBrowser(settings, browsers.find("auto", headed=True), headed=True)
    await browser.start()
    async with browser.on("Authentification"):
        await browser.goto(settings.url)
        await browser.page.get_by_label("Identifiant").wait_for()
    yield browser
    await browser.close()


async def until(true: Callable[[], object]) -> None:
    """A window manager is asked, and does it when it likes."""
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def clicks(browser: PortalBrowser, screen: Screen) -> int:
    """How many of three real clicks in the middle of the page arrive."""
    await browser.page.evaluate("window.n = 0; addEventListener('mousedown', () => n++, true)")
    for _ in range(3):
        screen.click(683, 500)
        await asyncio.sleep(0.2)
    return int(await browser.page.evaluate("window.n"))


@pytest.mark.long
async def test_it_is_away_while_releve_works_and_asks(
    browser: PortalBrowser, screen: Screen
) -> None:
    """Not on the screen; brought back by hand it ignores her; Relève still can click."""
    await until(lambda: not screen.windows(TITLE))
    screen.restore(TITLE)
    await until(lambda: screen.windows(TITLE))
    assert 0 == await clicks(browser, screen)
    async with browser.on("Authentification"):
        await until(lambda: not screen.windows(TITLE))
        await browser.page.get_by_label("Identifiant").click()
    assert await browser.page.evaluate("document.activeElement.tagName") == "INPUT"


async def test_a_step_that_is_hers_brings_it_forward(
    browser: PortalBrowser, screen: Screen
) -> None:
    """In front, and hers; it goes away again with the next screen that Relève does."""
    await browser.front()
    await until(lambda: TITLE in screen.front)
    await browser.page.wait_for_function("document.hasFocus()")  # it is drawn, not only announced
    assert 3 == await clicks(browser, screen)
    async with browser.on("Authentification"):  # looking whether she did it leaves it there
        assert screen.windows(TITLE)
    browser.window.take_back()
    async with browser.on("Authentification"):
        await until(lambda: not screen.windows(TITLE))


async def test_the_strip_says_whose_turn_it_is_and_is_in_no_picture(
    browser: PortalBrowser, scene: Scene
) -> None:
    """On each page; its words are found by no locator, and the picture is the portal's alone."""
    said: list[str] = []
    await browser.page.expose_function("heard", lambda words: said.append(words))
    await browser.page.evaluate(
        "const s = document.querySelector('[data-releve-strip]'), say = s.say;"
        "s.say = words => { heard(words); say(words); }; 0"
    )
    await browser.front()
    browser.window.take_back()
    async with browser.on("Authentification"):
        assert 0 == await browser.page.get_by_text(AWAY).count()
    assert [HERS, AWAY] == said
    shown, bare = scene.folder / "shown.png", scene.folder / "bare.png"
    assert await camera.capture(browser, shown)
    await browser.page.evaluate("document.querySelector('[data-releve-strip]').remove()")
    assert await camera.capture(browser, bare)
    assert bare.read_bytes() == shown.read_bytes()


def away(screen: Screen) -> None:
    """Nothing of the portal is on the screen, as soon as the window manager has done its part."""
    late = time.monotonic() + 5
    while screen.windows(TITLE):
        assert time.monotonic() < late
        time.sleep(0.05)


def test_nothing_stands_before_the_gate(screen: Screen, person: Browser) -> None:
    """In a real JupyterLab, while the confirmation waits and after it: no window of the portal is
    on the screen.
    """
    with school_of_its_own() as scene:
        options = ("--settings", str(scene.settings()), "--outputs", str(scene.outputs))
        with lab(scene.environment | screen.environment, *options) as running:
            window = a_window(person)
            desk = Desk(window.new_page(), running)
            desk.open_home()
            at_the_gate(desk)
            assert screen.exists("Chromium")
            away(screen)
            desk.confirm(DEMO_SIRET)
            desk.panel(PROOF).wait_for()
            away(screen)
            window.close()
