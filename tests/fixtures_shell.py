"""One `releve lab` a module, on a school of its own, for tests that each use a browser window."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from fixtures_lab import Desk, Lab, lab
from fixtures_rotation import LOGIN, PASSWORD, Scene, open_scene
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from releve.portal import browsers
from releve.record.folder import unfinished
from releve.school import World
from releve.school.people import DEMO_ACCOUNT, DEMO_SIRET
from releve.vault.slots import Slot


@dataclass
class Shop:
    """A scene and the JupyterLab that serves it."""

    scene: Scene
    running: Lab

    def clear(self) -> None:
        """Give up what the last test left open, as nobody's: the next one begins anew."""
        for folder in unfinished(self.scene.outputs):
            folder.path.rename(folder.path.with_name(f"left-{folder.path.name}"))
            if held := self.scene.slots.read(Slot.PENDING):
                self.scene.slots.clear(Slot.PENDING, held.run)


@contextmanager
def school_of_its_own() -> Iterator[Scene]:
    """As the fixture `scene`, for whoever holds it longer than a test."""
    world = World(password=PASSWORD, login=LOGIN, demo_account=DEMO_ACCOUNT)
    with tempfile.TemporaryDirectory() as folder, open_scene(Path(folder), world) as opened:
        yield opened


@contextmanager
def a_person() -> Iterator[Browser]:
    """The browser of the person at the desk."""
    choice = browsers.find("auto")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            channel=choice.channel, executable_path=choice.executable
        )
        yield browser
        browser.close()


def a_window(browser: Browser) -> BrowserContext:
    """A window of the usual size of a small laptop, that may use the clipboard."""
    return browser.new_context(
        viewport={"width": 1366, "height": 768},
        locale="fr-FR",
        permissions=["clipboard-read", "clipboard-write"],
    )


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    """One for the module."""
    with school_of_its_own() as scene:
        options = ("--settings", str(scene.settings()), "--outputs", str(scene.outputs))
        with lab(scene.environment, *options) as running:
            yield Shop(scene, running)


@pytest.fixture(scope="module")
def person() -> Iterator[Browser]:
    """One for the module; each test has windows of its own."""
    with a_person() as browser:
        yield browser


@pytest.fixture
def page(person: Browser) -> Iterator[Page]:
    """A window."""
    context = a_window(person)
    yield context.new_page()
    context.close()


@pytest.fixture
def desk(shop: Shop, page: Page) -> Iterator[Desk]:
    """At the home page, with nothing left over from the test before."""
    shop.running.end_kernels()
    shop.clear()
    desk = Desk(page, shop.running)
    desk.open_home()
    yield desk


def at_the_gate(desk: Desk) -> None:
    """Begin, and wait for the confirmation."""
    desk.press("Mots de passe", "Commencer pour")
    desk.panel("Vous allez réinitialiser|Déjà renouvelé").first.wait_for()
    if desk.panel("Déjà renouvelé").count():
        desk.press("Déjà renouvelé", "Recommencer")
    desk.panel("Vous allez réinitialiser").wait_for()


def finish(desk: Desk) -> None:
    """From the gate to the seal."""
    desk.confirm(DEMO_SIRET)
    desk.press("fonctionne-t-il", "a réussi")
    desk.printed("réussi")
    desk.printed("enregistré et scellé")
