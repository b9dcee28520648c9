"""What finding a control costs: the one way (a walk, a decision, the element), beside the way of
before it (a locator by role and name), in one run, on the plain school.
"""

from __future__ import annotations

import asyncio
import re
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from fixtures_rotation import DEMO_ACCOUNT, DEMO_SIRET, LOGIN, PASSWORD, open_scene
from playwright.async_api import Locator
from releve.base.settings import load
from releve.portal import browsers
from releve.portal.browser import PortalBrowser
from releve.portal.case import Case
from releve.portal.credentials import Credentials
from releve.portal.driver import Driver
from releve.portal.find import finder
from releve.portal.screen import want
from releve.portal.screens.authentification import login_form
from releve.portal.sight import Abstention, decide
from releve.portal.view import View
from releve.rotation.prompts import Unattended
from releve.school import Faults, World

TIMES = 40
CONTROLS: dict[str, list[tuple[str, str]]] = {
    "authentification": [("login.password", "secret"), ("login.submit", "press")],
    "portail": [("home.manager", "press"), ("home.logout", "press")],
    "accueil": [("structures.search", "field"), ("structures.next", "press")],
}


async def main() -> None:
    """One line a control, then the medians."""
    world = World(password=PASSWORD, faults=Faults())
    with tempfile.TemporaryDirectory() as folder, open_scene(Path(folder), world) as scene:
        settings = load(scene.settings())
        browser = PortalBrowser(settings.portal, browsers.find(), headed=False)
        await browser.start()
        credentials = Credentials(scene.keystore, LOGIN, scene.outputs)
        case = Case(browser, DEMO_SIRET, DEMO_ACCOUNT, credentials, Unattended(True, False))
        driver, rows = Driver(case, "gestionnaire"), []
        await browser.goto(settings.portal.url)
        await browser.page.wait_for_load_state("load")
        for step, controls in CONTROLS.items():
            if step != "authentification":
                await driver.go(step)
            rows += [(f"{step}: {key}", *await _both(browser, key, kind)) for key, kind in controls]
            if step == "authentification":
                await driver.go(step)
        await browser.close()
    for name, before, now in rows:
        print(f"{name:<40} {before:6.1f} ms before, {now:6.1f} ms now")
    more = statistics.median(now - before for _, before, now in rows)
    print(f"finding costs {more:+.1f} ms a control (median of {len(rows)})")


async def _both(browser: PortalBrowser, key: str, kind: str) -> tuple[float, float]:
    name, look = browser.words.find(key), finder(browser)

    async def before() -> None:
        found = _locator(browser, name, kind).filter(visible=True)
        assert await found.count()
        await found.first.element_handle()

    async def now() -> None:
        view = await look.look()
        found = _decided(browser, view, key, kind)
        assert not isinstance(found, Abstention), str(found)
        await look.element(found)

    return await _median(before), await _median(now)


def _decided(browser: PortalBrowser, view: View, key: str, kind: str) -> object:
    if kind == "secret":
        form = login_form(view, browser.words)
        return form if isinstance(form, Abstention) else form[1]
    return decide(view, want(browser.words, key, kind))


def _locator(browser: PortalBrowser, name: re.Pattern[str], kind: str) -> Locator:
    page = browser.page
    if kind == "secret":
        return page.get_by_label(name)
    if kind == "field":
        return page.get_by_role("searchbox").or_(page.get_by_role("textbox", name=name))
    both = page.get_by_role("button", name=name).or_(page.get_by_role("link", name=name))
    return both.or_(page.get_by_title(name))


async def _median(once: Callable[[], Awaitable[None]]) -> float:
    times = []
    for _ in range(TIMES):
        began = time.perf_counter()
        await once()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


if __name__ == "__main__":
    asyncio.run(main())
