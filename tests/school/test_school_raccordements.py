"""The newer route, as a person sees it in a real browser: the password is seen before the click
that makes it effective.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page, expect
from releve.school import SchoolThread, World
from releve.school.people import DEMO_ACCOUNT, DEMO_NAME, DEMO_SIRET

pytestmark = pytest.mark.asyncio(loop_scope="module")

RESET = "Réinitialisation du mot de passe d'un compte technique"


@pytest.fixture
def school() -> Iterator[SchoolThread]:
    """A school that shows the newer route only."""
    with SchoolThread(World(routes="raccordements")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def page(window: BrowserContext) -> Page:
    """A page of a real Chromium."""
    return await window.new_page()


async def connect(school: SchoolThread, page: Page) -> None:
    """Log in straight on Chorus Pro."""
    await page.goto(school.urls.chorus)
    await page.get_by_role("link", name="Se connecter").click()
    await page.get_by_label("Identifiant").fill(school.world.manager.login)
    await page.get_by_label("Mot de passe").fill(school.world.manager.password)
    await page.get_by_role("button", name="Se connecter").click()


async def open_form(page: Page) -> None:
    """From the home page to the form."""
    await (
        page.get_by_role("listitem")
        .filter(has_text="Raccordements")
        .get_by_role("button", name="Accéder au domaine")
        .click()
    )
    await page.get_by_role("link", name="Compte technique").click()


async def pick(page: Page, label: str, option: str, words: str = "") -> None:
    """Choose an option in a picker, after typing some words in its search."""
    await page.get_by_role("combobox", name=label).click()
    if words:
        await page.get_by_role("searchbox", name="Rechercher dans la liste").fill(words)
    await page.get_by_role("option", name=option).click()


async def fill_form(page: Page, account: str = DEMO_ACCOUNT) -> str:
    """Fill the form for the demonstration; the candidate that it shows."""
    await pick(page, "Type de demande", RESET)
    await pick(page, "Choisir la structure", f"{DEMO_SIRET} - {DEMO_NAME}", DEMO_SIRET)
    await pick(page, "Compte technique", account)
    box = page.get_by_label("Nouveau mot de passe")
    await expect(box).to_be_visible()
    return await box.text_content() or ""


async def test_the_candidate_is_seen_before_it_takes_effect(
    school: SchoolThread, page: Page
) -> None:
    """The password in the red box is not yet effective; "Soumettre" makes it so, says so, and shows
    it no more.
    """
    before = school.world.accounts[DEMO_ACCOUNT].password
    await connect(school, page)
    await expect(page.get_by_role("link", name="Activités du gestionnaire")).to_have_count(0)
    await open_form(page)
    await expect(page.get_by_role("button", name="Soumettre")).to_be_disabled()
    candidate = await fill_form(page)
    assert (before, 0) == (school.world.accounts[DEMO_ACCOUNT].password, school.world.resets())
    await page.get_by_role("button", name="Soumettre").click()
    await expect(page.get_by_text("Votre demande a bien été soumise")).to_be_visible()
    await expect(page.get_by_text(candidate, exact=True)).to_have_count(0)
    assert (candidate, 1) == (school.world.accounts[DEMO_ACCOUNT].password, school.world.resets())
    await page.get_by_role("link", name="Retour à l'accueil").click()
    await expect(page.get_by_role("cell", name=DEMO_ACCOUNT)).to_be_visible()


@pytest.mark.parametrize("keeps", [False, True])
async def test_leaving_the_form_changes_nothing(
    school: SchoolThread, page: Page, keeps: bool
) -> None:
    """Leaving and coming back offers the same candidate or a new one, as the switch says, and
    resets nothing.
    """
    school.faults.leaving_keeps_candidate = keeps
    await connect(school, page)
    await open_form(page)
    first = await fill_form(page)
    await page.get_by_role("link", name="Retour au domaine").click()
    await page.get_by_role("link", name="Compte technique").click()
    assert keeps == (first == await fill_form(page))
    assert (0, 1, 2) == tuple(
        school.world.ledger.count(kind)
        for kind in ("reset", "candidate_dropped", "candidate_shown")
    )


async def test_the_effect_may_come_with_the_display(school: SchoolThread, page: Page) -> None:
    """With `effect_at` "display" the candidate is effective as soon as it is seen, and submitting
    it resets no more.
    """
    school.faults.effect_at = "display"
    await connect(school, page)
    await open_form(page)
    candidate = await fill_form(page)
    assert (candidate, 1) == (school.world.accounts[DEMO_ACCOUNT].password, school.world.resets())
    await page.get_by_role("button", name="Soumettre").click()
    await expect(page.get_by_role("heading", name="Demande soumise")).to_be_visible()
    assert (1, 1) == (school.world.resets(), school.world.ledger.count("submitted"))


FAULTS = {
    "server_error_at": "Une erreur technique est survenue",
    "maintenance_at": "Le service est momentanément indisponible",
    "session_expired_at": "Votre session a expiré, veuillez vous reconnecter",
}


async def walk_to(page: Page, screen: str) -> None:
    """From the home page to the view that a fault stands in place of."""
    await (
        page.get_by_role("listitem")
        .filter(has_text="Raccordements")
        .get_by_role("button", name="Accéder au domaine")
        .click()
    )
    if screen != "raccordements":
        await page.get_by_role("link", name="Compte technique").click()
    if screen in ("formulaire", "soumettre"):
        await pick(page, "Type de demande", RESET)
        await pick(page, "Choisir la structure", DEMO_SIRET, DEMO_SIRET)
        await pick(page, "Compte technique", DEMO_ACCOUNT)
    if screen == "soumettre":
        await page.get_by_role("button", name="Soumettre").click()


@pytest.mark.parametrize("screen", ["raccordements", "compte-technique", "formulaire", "soumettre"])
async def test_a_fault_stands_in_place_of_its_view(
    school: SchoolThread, page: Page, screen: str
) -> None:
    """Each view's faults are shown in the page, and nothing is reset."""
    await connect(school, page)
    for switch, words in FAULTS.items():  # the one that ends the session comes last
        setattr(school.faults, switch, screen)
        await page.goto(f"{school.urls.chorus}/cpp/accueil")
        await walk_to(page, screen)
        await expect(page.get_by_text(words)).to_be_visible()
    assert 0 == school.world.resets()


async def test_a_refused_request_says_so(school: SchoolThread, page: Page) -> None:
    """A refusal is told in the form and nothing is reset."""
    school.faults.reset_refused = 1
    await connect(school, page)
    await open_form(page)
    await fill_form(page)
    await page.get_by_role("button", name="Soumettre").click()
    await expect(page.get_by_role("alert")).to_have_text(
        "Votre demande n'a pas pu être enregistrée."
    )
    assert 0 == school.world.resets()


@pytest.mark.parametrize(
    ("cuts", "heading"), [(1, "Demande soumise"), (-1, "Connexion interrompue")]
)
async def test_a_cut_comes_after_the_submission(
    school: SchoolThread, page: Page, cuts: int, heading: str
) -> None:
    """The request was taken each time; whether sent again by the browser or not, the password is
    the candidate seen.
    """
    school.faults.cut_after_confirmation = cuts
    await connect(school, page)
    await open_form(page)
    candidate = await fill_form(page)
    await page.get_by_role("button", name="Soumettre").click()
    await expect(page.get_by_role("heading", name=heading)).to_be_visible()
    assert candidate == school.world.accounts[DEMO_ACCOUNT].password
    assert school.world.resets() == school.world.ledger.count("submitted") >= 1


@pytest.mark.parametrize(
    ("switch", "picker"),
    [("missing_button", "Choisir la structure"), ("no_technical_account", "Compte technique")],
)
async def test_a_picker_may_have_nothing_to_offer(
    school: SchoolThread, page: Page, switch: str, picker: str
) -> None:
    """Who is not principal manager finds no structure; a structure without technical account offers
    none.
    """
    setattr(school.faults, switch, True)
    await connect(school, page)
    await open_form(page)
    await pick(page, "Type de demande", RESET)
    if picker == "Compte technique":
        await pick(page, "Choisir la structure", DEMO_SIRET, DEMO_SIRET)
    await page.get_by_role("combobox", name=picker).click()
    await expect(page.get_by_text("Aucun résultat trouvé").locator("visible=true")).to_be_visible()
    await expect(page.get_by_role("option")).to_have_count(0)


async def test_a_popup_and_other_words_reach_this_route_too(
    school: SchoolThread, page: Page
) -> None:
    """The unexpected pop-up lies over a view, and renamed words are renamed in views and in
    pickers.
    """
    school.faults.popup_at = "compte-technique"
    school.faults.renamed_labels = {
        "Type de demande": "Nature de la demande",
        RESET: "Nouveau secret",
    }
    await connect(school, page)
    await open_form(page)
    await (
        page.get_by_role("dialog", name="Information importante")
        .get_by_role("button", name="Fermer")
        .click()
    )
    await pick(page, "Nature de la demande", "Nouveau secret")
    await expect(page.get_by_role("combobox", name="Choisir la structure")).to_be_visible()


async def test_both_routes_can_be_shown(school: SchoolThread, page: Page) -> None:
    """With routes "both" the home page has the documented link and the newer domains."""
    school.world.routes = "both"
    await connect(school, page)
    await expect(page.get_by_role("link", name="Activités du gestionnaire")).to_be_visible()
    await expect(page.get_by_role("button", name="Accéder au domaine")).to_have_count(3)
