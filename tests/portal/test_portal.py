"""The driver's screens on pages that the school does not have: other layouts, numbers in groups,
rows that cannot be told apart.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from PIL import Image, PngImagePlugin
from playwright.async_api import Browser, Route
from releve.base.secret import Secret
from releve.base.settings import Portal, load
from releve.portal import browsers
from releve.portal import errors as e
from releve.portal.browser import PortalBrowser
from releve.portal.camera import capture
from releve.portal.screen import Screen, thing
from releve.portal.screens.mot_de_passe import EcranSuivant
from releve.portal.screens.structure import ModificationDeLaStructure
from releve.portal.screens.structures import ActivitesDuGestionnaire
from releve.record import picture

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("one_browser")]
SITE, SIRET, ACCOUNT = "http://127.0.0.1:1", "21990001600011", "TECH_1_12345678@cpro.fr"
CASE: Any = SimpleNamespace(account=ACCOUNT, siret=SIRET)
BUTTON = "<button>Réinitialiser le mot de passe (utilisateur technique)</button>"
SETTINGS = f"""
[portal]
url = "{SITE}/"
login = "xt012345"
origins = ["{SITE}"]
timeout_seconds = 2
[school]
corail_url = "{SITE}/"
[structures.{SIRET}]
name = "Commune"
technical_account = "{ACCOUNT}"
targets = ["school"]
"""


@pytest.fixture
def portal(tmp_path: Path) -> Portal:
    """Settings of a portal whose pages the tests write."""
    (tmp_path / "releve.toml").write_text(SETTINGS, encoding="utf-8")
    return load(tmp_path / "releve.toml", tmp_path).portal


@pytest_asyncio.fixture(loop_scope="module")
async def window(portal: Portal, chromium: Browser) -> AsyncIterator[PortalBrowser]:
    """A window on nothing yet."""
    opened = PortalBrowser(portal, browsers.find(), headed=False)
    await opened.start()
    yield opened
    await opened.close()


async def show(window: PortalBrowser, *pages: str) -> None:
    """Open the first of these pages; the others are at ?1, ?2…"""

    async def answer(route: Route) -> None:
        body = pages[int(urlsplit(route.request.url).query or 0)]
        await route.fulfill(
            body=f"<!doctype html><meta charset=utf-8><main>{body}</main>",
            content_type="text/html; charset=utf-8",
        )

    await window.context.route("**/*", answer)
    await window.goto(f"{SITE}/")
    await window.page.wait_for_load_state("load")


def listing(siret: str, following: str = "") -> str:
    """One page of "Mes structures", without a search field."""
    row = f"<tr><td>{siret}<td><a href='/?9' aria-label='Modifier la structure'>/</a>"
    return (
        f"<h2>Mes structures</h2><table><tr><th>Identifiant<th>Actions</tr>{row}</table>{following}"
    )


FOLLOWING = (
    "<form><button name=1 formaction='/' onclick=\"location='/?1'; return false\" title='Page"
    " suivante'>›</button></form>"
)


@pytest.mark.parametrize("shown", [SIRET, "219 900 016 00011", "219&nbsp;900&nbsp;016&nbsp;00011"])
async def test_a_structure_is_found_on_a_later_page(window: PortalBrowser, shown: str) -> None:
    """Without a search field the pages are turned; a SIRET in groups is the same SIRET."""
    await show(window, listing("21990002400014", FOLLOWING), listing(shown))
    async with window.on("Activités du gestionnaire"):
        await ActivitesDuGestionnaire(window)._bring(SIRET)
        assert [SIRET] == await ActivitesDuGestionnaire(window).sirets()


async def test_a_structure_that_no_page_shows_is_not_found(window: PortalBrowser) -> None:
    """The last page has been turned: not found, and not looked for without end."""
    await show(window, listing("21990002400014", FOLLOWING), listing("21990003200010"))
    with pytest.raises(e.StructureNotFound):
        async with window.on("Activités du gestionnaire"):
            await ActivitesDuGestionnaire(window).edit(SIRET)


async def test_two_rows_of_one_structure_are_ambiguous(window: PortalBrowser) -> None:
    """Relève does not choose at random."""
    await show(window, listing(SIRET) + listing(SIRET).replace("?9", "?8"))
    with pytest.raises(e.AmbiguousScreen, match="2 fois"):
        async with window.on("Activités du gestionnaire"):
            await ActivitesDuGestionnaire(window).edit(SIRET)


ROWS = {
    "table": "<table><tr><td>{0}<td>{1}</tr><tr><td>TECH_1_123456789@cpro.fr<td>{1}</tr></table>",
    "list": "<ul><li>{0} {1}</li><li>TECH_1_1234@cpro.fr {1}</li></ul>",
    "alone": "<p>Compte technique : {0}</p><p>{1}</p>",
    "spaced": (
        "<table><tr><td>\u00a0{0}\u00a0<td>{1}</tr><tr><td>TECH_021990001600011@cpp2017.fr<td>{1}</tr></table>"
    ),
}


@pytest.mark.parametrize("layout", ROWS)
async def test_the_accounts_own_button_is_found(window: PortalBrowser, layout: str) -> None:
    """In a table, in a list, or alone on its page: the button beside this account, and no other."""
    await show(
        window, f"<h1>Modification de la structure</h1>{ROWS[layout].format(ACCOUNT, BUTTON)}"
    )
    async with window.on("Modification de la structure"):
        card = ModificationDeLaStructure(window)
        step = await card.reset_button(SIRET, ACCOUNT)
        button = await card.finder.element(step.thing)
        beside = await button.evaluate("el => el.closest('tr, li, main, body').innerText")
    assert ACCOUNT in beside


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (f"<p>{ACCOUNT}</p>{BUTTON}<p>TECH_1_999@cpro.fr</p>{BUTTON}", e.AccountToChoose),
        (f"<p>{ACCOUNT}</p><p>TECH_1_999@cpro.fr</p>{BUTTON}", e.AccountToChoose),
        (
            f"<a href='#d'>{ACCOUNT}</a> <b>TECH_1_999@cpro.fr</b><div id=d>{BUTTON}</div>",
            e.ResetButtonMissing,
        ),
        (f"<p>{ACCOUNT}</p>" + BUTTON.replace("<button", "<button disabled"), e.ResetButtonMissing),
        (f"<p>{ACCOUNT}</p><p>Jean, gestionnaire secondaire</p>", e.ResetButtonMissing),
        (
            f"<p>{ACCOUNT}</p><p>Vous n'êtes pas le gestionnaire principal.</p>",
            e.NotPrincipalManager,
        ),
        (f"<p>TECH_1_999@cpro.fr</p>{BUTTON}", e.AccountNotFound),
        ("<p>Personne</p>", e.NoTechnicalAccount),
    ],
)
async def test_a_button_that_is_not_surely_ours_is_not_pressed(
    window: PortalBrowser, body: str, error: type[e.PortalError]
) -> None:
    """Each doubt has its name; somebody else's role is not ours."""
    await show(window, f"<h1>Modification de la structure</h1>{body}")
    with pytest.raises(error):
        async with window.on("Modification de la structure"):
            await ModificationDeLaStructure(window).reset_button(SIRET, ACCOUNT)


PASSWORD = "aB3{&|+<;\"x'\\-"
SHOWN = "aB3{&amp;|+&lt;;&quot;x'\\-"
SUMMARIES = {
    "dl": "<dl><dt>Identifiant technique<dd>{account}<dt>Mot de passe<dd>{password}</dl>",
    "table": "<table><tr><th>Mot de passe :<td>{password}</table>",
    "field": '<label for=p>MOT DE PASSE</label><input id=p readonly value="{password}">',
    "inline": "<p>Nouveau mot de passe : <b>{password}</b></p>",
    "grid": "<div><div><span>Mot de passe *</span></div><div><span>{password}</span></div></div>",
}


@pytest.mark.parametrize("layout", SUMMARIES)
async def test_the_password_is_read_byte_for_byte(window: PortalBrowser, layout: str) -> None:
    """Beside, under or in the element that its label names; entities, quotes and brackets survive.
    """
    await show(
        window, "<h1>Récapitulatif</h1>" + SUMMARIES[layout].format(account=ACCOUNT, password=SHOWN)
    )
    async with window.on("Écran suivant"):
        assert PASSWORD == (await EcranSuivant(window).read(CASE)).reveal()


@pytest.mark.parametrize(
    "body",
    [
        "<dl><dt>Mot de passe<dd>court</dl>",
        SUMMARIES["dl"].format(account="x", password="Premier-12") * 2,
    ],
)
async def test_a_password_that_is_not_surely_one_is_not_read(
    window: PortalBrowser, body: str
) -> None:
    """Too short to be one, or two different ones: a wrong value kept would be worse than none."""
    await show(window, body.replace("Premier", "Second", 1) if "Premier" in body else body)
    with pytest.raises(e.PasswordUnreadable):
        async with window.on("Écran suivant"):
            await EcranSuivant(window).read(CASE)


async def test_a_secret_is_blanked_in_the_page_before_its_picture(
    window: PortalBrowser, tmp_path: Path
) -> None:
    """Text, fields, attributes and shadow trees: afterwards the page itself does not hold it any
    more.
    """
    secret = Secret("Tres-secret-0451")
    value = secret.reveal()
    shadow = (
        "<div"
        f" id=s></div><script>s.attachShadow({{mode:'open'}}).innerHTML='<i>{value}</i>'</script>"
    )
    await show(
        window,
        f"<p title='{value}'>{value}</p><input value='{value}'><input type=password"
        f" value='autre'>{shadow}",
    )
    assert await capture(window, tmp_path / "a.png")
    everything = (
        "document.documentElement.outerHTML + [...document.querySelectorAll('input')].map(i =>"
        " i.value) + s.shadowRoot.innerHTML"
    )
    left = await window.page.evaluate(everything)
    assert value not in str(left).replace(shadow, "").replace(f"'<i>{value}</i>'", "")
    assert (tmp_path / "a.png").stat().st_size


@pytest.mark.parametrize("layout", SUMMARIES)
async def test_a_password_that_nobody_has_read_yet_is_covered_and_stays(
    window: PortalBrowser, tmp_path: Path, layout: str
) -> None:
    """A person by hand may be further than the step: the picture shows one flat box there, and the
    page still shows the password.
    """
    await show(
        window, "<h1>Récapitulatif</h1>" + SUMMARIES[layout].format(account=ACCOUNT, password=SHOWN)
    )
    assert await capture(window, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as taken:
        assert isinstance(taken, PngImagePlugin.PngImageFile)
        boxes, shown = json.loads(taken.text["releve:blanked"]), taken.text["releve:text"]
    assert boxes and "Récapitulatif" in shown and PASSWORD not in shown
    assert [] == picture.uneven((tmp_path / "a.png").read_bytes())
    async with window.on("Écran suivant"):
        assert PASSWORD == (await EcranSuivant(window).read(CASE)).reveal()


@pytest.mark.parametrize(
    "parts", ["Abcdefgh12<em>345!</em> <button>Copier</button>", "<b>Abcdefgh12</b><b>345!</b>"]
)
async def test_a_part_of_a_password_is_covered_with_the_others(
    window: PortalBrowser, tmp_path: Path, parts: str
) -> None:
    """Nothing of it is in the picture, whatever draws its end, however far."""
    style = "<style>p:not(:has(button)) { display: flex; gap: 500px }</style>"
    await show(window, f"{style}<h1>Récapitulatif</h1><h2>Mot de passe</h2><p>{parts}</p>")
    assert await capture(window, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as taken:
        assert isinstance(taken, PngImagePlugin.PngImageFile)
        shown = taken.text["releve:text"]
    assert "Récapitulatif" in shown and "Abcdefgh12" not in shown and "345!" not in shown


async def test_a_page_that_says_it_is_in_maintenance_is_told_at_once(window: PortalBrowser) -> None:
    """By its words, with a 200 like any other page, long before the time-out."""

    class Any(Screen):
        title, mark = "Accueil", thing("home.manager")

    await show(window, "<h1>Service momentanément indisponible</h1>")
    with pytest.raises(e.Maintenance):
        async with asyncio.timeout(1.5), window.on("Accueil"):
            await Any(window).reached()
