"""The school as a person sees it: a real browser, and only words, roles and labels."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.async_api import BrowserContext, Page, expect
from releve.school import SchoolThread, World
from releve.school.people import DEMO_ACCOUNT, DEMO_NAME, DEMO_SIRET

pytestmark = pytest.mark.asyncio(loop_scope="module")

BUTTON = "Réinitialiser le mot de passe (utilisateur technique)"
NEXT = "button[title='Aller à la page suivante du tableau']"


class DifficultWorld(World):
    """A world whose passwords are easily spoilt on the way through a page."""

    def generate(self) -> str:
        """Entities, a tag, quotes and brackets."""
        return "&amp;<b>\"'\\{|[`"


@pytest.fixture
def school() -> Iterator[SchoolThread]:
    """A school with difficult passwords."""
    with SchoolThread(DifficultWorld()) as running:
        yield running


async def connected(school: SchoolThread, window: BrowserContext) -> Page:
    """Log in, open Chorus Pro's tab, and connect there."""
    page, manager = await window.new_page(), school.world.manager
    await page.goto(school.urls.portal)
    await page.get_by_label("Identifiant").fill(manager.login)
    await page.get_by_label("Mot de passe").fill(manager.password)
    await page.get_by_role("button", name="Connexion").click()
    async with window.expect_page() as tab:
        await page.get_by_role("link", name="Chorus Pro").click()
    chorus = await tab.value
    await chorus.get_by_role("link", name="Se connecter").click()
    return chorus


async def at_the_popup(school: SchoolThread, window: BrowserContext) -> Page:
    """Go on to the confirmation pop-up for the demonstration's account, page by page."""
    page = await connected(school, window)
    await page.get_by_role("link", name="Activités du gestionnaire").click()
    pen = page.get_by_role("row", name=DEMO_SIRET).get_by_role("link", name="Modifier la structure")
    for number in (2, 3):
        await page.locator(NEXT).click()
        await expect(page.get_by_text(f"Page {number} sur 4")).to_be_visible()
    await pen.click()
    await page.get_by_role(
        "button", name="Utilisateurs rattachés à la structure", expanded=False
    ).click()
    await page.get_by_role("row", name=DEMO_ACCOUNT).get_by_role("button", name=BUTTON).click()
    return page


async def test_a_person_can_walk_the_whole_procedure(
    school: SchoolThread, window: BrowserContext
) -> None:
    """From the login page to "Valider" in Corail, the password read from the page is the one that
    both sides then hold.
    """
    page = await at_the_popup(school, window)
    await (
        page.get_by_role("dialog", name="Confirmation")
        .get_by_role("button", name="Confirmer")
        .click()
    )
    await expect(page.get_by_role("heading", name="Récapitulatif")).to_be_visible()
    password = await page.get_by_label("Mot de passe").text_content()
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Exporter les informations de connexion").click()
    assert "informations-de-connexion.pdf" == (await download.value).suggested_filename
    await page.reload()
    await expect(page.get_by_text("qu'une seule fois")).to_be_visible()
    await page.get_by_role("link", name="Se déconnecter").click()
    await expect(page.get_by_text("Vous êtes déconnecté")).to_be_visible()
    await enter_in_corail(school, page, password or "")
    assert (school.world.accounts[DEMO_ACCOUNT].password, True) == (
        password,
        school.world.corail_matches(DEMO_SIRET),
    )
    assert 1 == school.world.resets()


async def enter_in_corail(school: SchoolThread, page: Page, password: str) -> None:
    """The procedure's last three screens."""
    await page.goto(school.urls.corail)
    await page.get_by_role("menuitem", name="Environnement").click()
    await page.get_by_role("menuitem", name="Gestion des collectivités").click()
    await page.get_by_role("link", name=DEMO_NAME, exact=True).click()
    await page.get_by_role("tab", name="Transfert").click()
    await page.get_by_role("link", name="Facture dématérialisée").click()
    await (
        page.get_by_role("row", name=DEMO_SIRET)
        .get_by_role("cell")
        .last.locator("input")
        .fill(password)
    )
    await page.get_by_role("button", name="Valider").click()
    await expect(page.get_by_text("Modifications enregistrées")).to_be_visible()


async def test_the_popup_can_be_cancelled(school: SchoolThread, window: BrowserContext) -> None:
    """Cancelling closes the pop-up and nothing is reset."""
    page = await at_the_popup(school, window)
    await page.get_by_role("button", name="Annuler").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert 0 == school.world.resets()


async def test_panels_hide_what_they_hold_until_they_are_opened(
    school: SchoolThread, window: BrowserContext
) -> None:
    """The reset button is out of reach while its panel is collapsed."""
    page = await connected(school, window)
    await expect(page.get_by_role("heading", name="Accueil")).to_be_visible()
    await page.goto(f"{school.urls.chorus}/cpp/structure/{DEMO_SIRET}")
    await expect(page.get_by_role("button", expanded=False)).to_have_count(5)
    await expect(page.get_by_role("button", name=BUTTON)).to_have_count(0)


async def test_an_unexpected_popup_blocks_the_page_until_it_is_closed(
    school: SchoolThread, window: BrowserContext
) -> None:
    """Nothing under the pop-up can be clicked before "Fermer"."""
    school.faults.popup_at = "accueil"
    page = await connected(school, window)
    link = page.get_by_role("link", name="Activités du gestionnaire")
    await expect(page.get_by_role("dialog", name="Information importante")).to_be_visible()
    with pytest.raises(Exception, match="intercepts pointer events"):
        await link.click(timeout=700)
    await page.get_by_role("button", name="Fermer").click()
    await link.click()
    await expect(page.get_by_role("heading", name="Mes structures")).to_be_visible()


async def test_the_browser_itself_may_confirm_twice(
    school: SchoolThread, window: BrowserContext
) -> None:
    """After a cut Chromium may send the confirmation again: the ledger counts each, and the
    password shown is the last one.
    """
    school.faults.cut_after_confirmation = 1
    page = await at_the_popup(school, window)
    await page.get_by_role("button", name="Confirmer").click()
    await expect(page.get_by_role("heading", name=re.compile("Récapitulatif"))).to_be_visible()
    assert (
        school.world.accounts[DEMO_ACCOUNT].password
        == await page.get_by_label("Mot de passe").text_content()
    )
    assert 2 == school.world.resets(DEMO_ACCOUNT)
