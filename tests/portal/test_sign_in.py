"""« Connectez-vous, je continue »: a person logs in by any means, on any origin, and Relève goes on
from a page that it knows; no password of the portal enters the process.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from unittest.mock import patch

import pytest
import tomlkit
from fixtures_rotation import DEMO_SIRET, LOGIN, PASSWORD, Scene, a_desk
from playwright.async_api import Browser, Page
from releve.base.settings import load
from releve.jupyter.prompts import StoppedHere
from releve.portal import errors as e
from releve.portal.credentials import Credentials
from releve.rotation.prompts import Unattended
from releve.school.federation import PASSWORD as FEDERATED
from releve.vault.keystore import Keystore
from test_at_desk import at_desk
from test_login_codes import login, mailed, rotate

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("one_browser")]


class Herself(Unattended):
    """A person at the desk who logs in by the federation, in the window that she is shown."""

    interactive = True

    def __init__(self, scene: Scene, chromium: Browser, stops: bool = False) -> None:
        super().__init__(approve=True, reset_again=False)
        self.scene, self.chromium, self.stops, self.asked = scene, chromium, stops, 0

    async def sign_in(self, credentials: Credentials) -> None:
        assert credentials.herself

    async def signs_in_herself(self) -> None:
        self.asked += 1
        if self.stops:
            raise StoppedHere
        page = self.chromium.contexts[-1].pages[-1]
        await (self._code(page) if "/code" in page.url else self._federation(page))
        await asyncio.Event().wait()

    async def _federation(self, page: Page) -> None:
        await page.get_by_text("mon compte d'agent").click()
        await page.get_by_label("Adresse électronique").fill(self.scene.world.manager.email)
        await page.get_by_text("Continuer").click()
        for given in ("une faute de frappe", FEDERATED):  # what she mistypes there stops nothing
            await page.get_by_label("Mot de passe").fill(given)
            await page.get_by_role("button", name="S'identifier").click()

    async def _code(self, page: Page) -> None:
        await page.get_by_role("textbox").fill(mailed(self.scene))
        await page.get_by_role("button", name="Valider").click()


@pytest.fixture
def hers(scene: Scene) -> Iterator[Scene]:
    """The settings leave the login to her, the portal offers a federation whose origin they do not
    know, a window can be shown, and whoever asks the keyring for the portal's password fails.
    """
    scene.portal["sign_in"], scene.faults.federated = "person", True
    assert scene.school.urls.federation not in scene.origins
    with (
        a_desk(scene.folder / "config"),
        patch.object(Keystore, "portal_password", side_effect=AssertionError),
    ):
        yield scene


async def test_a_rotation_goes_on_from_where_she_logged_in(hers: Scene, chromium: Browser) -> None:
    """By a federation on an origin that is in no settings; her password never passed here."""
    person = Herself(hers, chromium)
    assert None is await rotate(hers, person)
    assert (1, 1, True) == (hers.resets(), person.asked, hers.three_places_agree())
    assert ["federation"] == [
        each.detail for each in hers.world.ledger.entries if each.kind.startswith("login")
    ]
    assert [] == hers.leaks()


@pytest.mark.long
async def test_the_second_factor_is_hers_too(hers: Scene, chromium: Browser) -> None:
    """Asked for after the portal's own login: the same window, the same waiting."""
    hers.faults.otp, hers.faults.otp_after_pigp = "email", True
    person = Herself(hers, chromium)
    assert None is await rotate(hers, person)
    assert (2, 1) == (person.asked, hers.resets())


async def test_she_stops_and_nothing_was_changed(hers: Scene, chromium: Browser) -> None:
    """« M'arrêter ici » works while the window waits for her."""
    error = await rotate(hers, Herself(hers, chromium, stops=True))
    assert (StoppedHere, 0) == (type(error), hers.resets())


async def test_without_a_window_she_is_told(hers: Scene, chromium: Browser) -> None:
    """There is nothing to log in to."""
    async with login(hers, Herself(hers, chromium)) as entry:
        entry.case.credentials.herself = True
        with pytest.raises(e.NoWindow):
            await entry.go("authentification")


@pytest.mark.long
async def test_nobody_there_stops_before_anything(scene: Scene) -> None:
    """Code 4 in plain French, by each command that would log in; doctor and schedule say so the day
    before.
    """
    scene.portal["sign_in"] = "person"
    for command in (["rotate", DEMO_SIRET, "--yes"], ["rehearse", DEMO_SIRET], ["discover"]):
        ended = await asyncio.to_thread(scene.releve, "--json", *command)
        told = json.loads(ended.stdout)
        assert (4, 4) == (ended.returncode, told["code"]), ended
        assert "une personne" in told["text"].lower() and "releve lab" in told["text"]
    assert (0, 0) == (scene.resets(), scene.logins())
    told = json.loads(
        (await asyncio.to_thread(scene.releve, "--json", "schedule", "--cron")).stdout
    )
    assert "se connecte elle-même" in " ".join(told["stops"])
    told = json.loads((await asyncio.to_thread(scene.releve, "--json", "doctor")).stdout)
    said = {each["name"]: (each["grade"], each["text"]) for each in told["findings"]}
    assert "good" == said["Identifiants"][0] and "vous-même" in said["Identifiants"][1]
    assert "se connecte elle-même" in said["Sans personne"][1]


async def test_it_is_offered_beside_the_password_and_remembered(scene: Scene) -> None:
    """One button of the form that asks for the password; the settings then say so."""
    desk, script = at_desk("herself", folder=scene.outputs)
    scene.keystore.portal_password(LOGIN).delete()
    desk.settings = load(scene.settings(), scene.outputs)
    credentials = Credentials(scene.keystore, LOGIN, scene.outputs)
    await desk.sign_in(credentials)
    assert credentials.herself and ["Votre mot de passe du portail"] == script.headings
    written = tomlkit.parse(desk.settings.path.read_text(encoding="utf-8"))
    assert "person" == written["portal"]["sign_in"]  # type: ignore[index]
    again = Credentials(scene.keystore, LOGIN, scene.outputs)
    await desk.sign_in(again)
    assert again.herself and 1 == len(script.shown)
    assert PASSWORD not in desk.settings.path.read_text(encoding="utf-8")
