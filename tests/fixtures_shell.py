"""One `releve lab` a module, on a school of its own, for tests that each use a browser window."""

from __future__ import annotations

import os
import re
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from fixtures_keyring import ThrowawayKeyring
from fixtures_lab import Desk, Lab, lab
from fixtures_rotation import LOGIN, PASSWORD, Scene, open_scene
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright
from releve.base.secret import Secret
from releve.portal import browsers
from releve.record.folder import unfinished
from releve.school import World
from releve.school.people import DEMO_ACCOUNT, DEMO_SIRET
from releve.vault.slots import Slot
from sealed_records import Office


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
    with tempfile.TemporaryDirectory() as folder, open_scene(Path(folder), world) as scene:
        scene.portal["timeout_seconds"] = 60  # a machine under load is no portal that changed
        yield scene


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


@pytest.fixture
def office(
    tmp_path: Path, throwaway: ThrowawayKeyring, monkeypatch: pytest.MonkeyPatch
) -> Office:
    """Settings and a folder of records, of which JupyterLab is told."""
    made = Office(tmp_path / "outputs", throwaway.keystore())
    monkeypatch.setenv("RELEVE_SETTINGS", str(made.settings.path))
    monkeypatch.setenv("RELEVE_OUTPUTS", str(made.outputs))
    return made


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


GATE, PROOF = "Point de non-retour", "fonctionne-t-il"


def begin(desk: Desk, opened: Locator) -> None:
    """Until that stands there; who renewed already today is asked first whether it is meant."""
    desk.press("Mots de passe", "Commencer pour")
    twice = desk.panel("Déjà renouvelé")
    opened.or_(twice).first.wait_for()
    if twice.count():
        desk.press("Déjà renouvelé", "Recommencer")


def at_the_gate(desk: Desk) -> None:
    """Begin, and wait for the confirmation."""
    begin(desk, desk.panel("Avant de commencer"))
    again(desk, GATE)


def again(desk: Desk, heading: str) -> None:
    """Until that question; who begins anew is told first what to have at hand."""
    desk.panel(f"Avant de commencer|{heading}").first.wait_for()
    if desk.panel("Avant de commencer").count():
        desk.press("Avant de commencer", "Tout est prêt")
    desk.panel(heading).wait_for()


def finish(desk: Desk) -> None:
    """From the gate to the seal."""
    again(desk, GATE)
    desk.confirm(DEMO_SIRET)
    desk.press(PROOF, "factures arrivent")
    desk.ended()


QUESTIONS = {
    "before": "Avant de commencer",
    "credentials": "Votre mot de passe du portail",
    "gate": GATE,
    "stopped": "s'est arrêtée",
    "hers": "À vous",
    "first of Corail": "Corail : Ouvrir les coll",
    "second of Corail": "Corail : Ouvrir la facture",
    "password for Corail": "Corail : Entrer",
    "proof": PROOF,
}


class Counter:
    """A server that can be lost and started again, a window that can be closed."""

    def __init__(self, scene: Scene, person: Browser, stack: ExitStack) -> None:
        self.scene, self.person, self._stack = scene, person, stack
        self._options = ("--settings", str(scene.settings()), "--outputs", str(scene.outputs))
        self.running: Lab = stack.enter_context(lab(scene.environment, *self._options))
        self._windows: list[BrowserContext] = []
        self.desk = self.come_in()

    def come_in(self) -> Desk:
        """A window on the home page."""
        window = a_window(self.person)
        self._windows.append(window)
        self.desk = Desk(window.new_page(), self.running)
        self.desk.open_home()
        return self.desk

    def leave(self) -> None:
        """Close the window."""
        while self._windows:
            self._windows.pop().close()

    def clear(self) -> None:
        """Nothing is open, nobody is there."""
        self.leave()
        self.running.end_kernels()
        Shop(self.scene, self.running).clear()
        self.scene.faults.session_expired_at = ""
        self.scene.keystore.portal_password(LOGIN).set(Secret(PASSWORD))

    def start_again(self, how: signal.Signals) -> None:
        """The program ends, and is started anew on the same port."""
        self.running.process.send_signal(how)
        self.running.process.wait(30)
        again = lab(self.scene.environment, *self._options, again=self.running)
        self.running = self._stack.enter_context(again)

    def lose(self, how: str) -> None:
        """Lose the page in that way, and come back as anyone would."""
        if how == "kernel gone":
            os.kill(self.running.kernel("rotation.ipynb"), signal.SIGKILL)
            self.desk.page.get_by_role("button", name="Reprendre").click()
            return
        if how == "server gone":
            self.start_again(signal.SIGKILL)
            self.desk.page.get_by_role("alert").get_by_role("button", name="Reprendre").click()
            return
        self.leave()
        if how == "next day":
            self.start_again(signal.SIGTERM)
        home = self.come_in()
        home.press("Mots de passe", "Tout faire" if how == "all by hand" else "Reprendre|Commencer")


@pytest.fixture(scope="module")
def counter(person: Browser) -> Iterator[Counter]:
    """One for the module: the portal by Relève, Corail by hand."""
    with school_of_its_own() as scene, ExitStack() as stack:
        scene.structure = {"technical_account": DEMO_ACCOUNT, "targets": ["corail"]}
        yield Counter(scene, person, stack)


def asked(desk: Desk) -> str:
    """What is asked now, once something is."""
    desk.panel("|".join(QUESTIONS.values())).first.wait_for()
    found = [each for each in QUESTIONS.values() if desk.panel(each).count()]
    return found[0] if found else asked(desk)  # it was answered just then


def answer(counter: Counter, heading: str) -> None:
    """Answer that question in the way that goes on, doing what it asks for."""
    desk = counter.desk
    form = desk.panel(heading)
    if heading == QUESTIONS["credentials"]:
        form.get_by_label(re.compile("^Mot de passe")).fill(PASSWORD)
        form.get_by_role("button", name="Se connecter").click()
    elif heading == GATE:
        desk.confirm(DEMO_SIRET)
    elif heading == QUESTIONS["password for Corail"]:
        form.get_by_role("button", name="Copier le mot de passe").click()
        expect(form.get_by_role("status")).to_contain_text("Copié")
        pasted = desk.page.evaluate("navigator.clipboard.readText()")
        counter.scene.world.corail_save(DEMO_SIRET, pasted)
        form.get_by_role("button", name="C'est validé").click()
    else:
        form.get_by_role("button").filter(visible=True).first.click()


def on_to(counter: Counter, wanted: str) -> None:
    """Answer whatever is asked until that question stands there."""
    while (now := asked(counter.desk)) != wanted:
        answer(counter, now)
        expect(counter.desk.panel(now)).to_have_count(0)
