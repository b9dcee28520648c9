"""Finding a control on pages that nobody here built: tiny pages in a real Chromium, each drawn as
some public site is.

The answer is read from the page itself: every control that may be meant carries `data-is`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
from fixtures_pages import Pages, show
from playwright.async_api import ElementHandle
from releve.base.secret import Secret
from releve.base.words import Learned, whole
from releve.portal.browser import PortalBrowser
from releve.portal.errors import (
    AskedAgain,
    NoTechnicalAccount,
    NotPressed,
    PasswordRefused,
    PortalError,
    ResetOutcomeUnknown,
    ScreenNotRecognised,
    StructureNotFound,
    UnexpectedPopup,
    WrongForm,
)
from releve.portal.find import LATE_COVER, finder
from releve.portal.rows import Proof
from releve.portal.screen import want
from releve.portal.screens.accueil import AccueilDeChorusPro
from releve.portal.screens.authentification import Authentification, login_form
from releve.portal.screens.confirmation import Asked, Confirmation
from releve.portal.screens.mot_de_passe import EcranSuivant
from releve.portal.screens.portail import AccueilDuPortail, chorus
from releve.portal.screens.raccordements import Formulaire, Soumission
from releve.portal.screens.structure import ModificationDeLaStructure
from releve.portal.screens.structures import ActivitesDuGestionnaire, listing
from releve.portal.sight import Abstention, decide
from releve.portal.view import Text, Thing, View

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def window(pages_window: PortalBrowser) -> PortalBrowser:
    return pages_window




FIELDS = {
    "label for": "<form><label for=a>Identifiant</label><input id=a data-is=it></form>",
    "label around": "<label>Identifiant * <input data-is=it></label><label>Autre <input></label>",
    "left cell": "<table><tr><td>Identifiant :</td><td><input data-is=it></td></tr>"
    "<tr><td>Mot de passe :</td><td><input type=password></td></tr></table>",
    "cell above": "<table><tr><th>Identifiant</th><th>Code</th></tr>"
    "<tr><td><input data-is=it></td><td><input></td></tr></table>",
    "strong before": "<b>Identifiant</b><br><input data-is=it><br><b>Courriel</b><br><input>",
    "placeholder": "<input placeholder=Identifiant data-is=it><input placeholder=Recherche>",
    "title": "<input title='Identifiant' data-is=it><input title='Recherche'>",
    "block before": "<div><div>Identifiant</div><div><input data-is=it></div></div>"
    "<div><div>Nom</div><div><input></div></div>",
    "aria": "<input aria-label=Identifiant data-is=it><input>",
    "legend": "<fieldset><legend>Identifiant</legend><input data-is=it></fieldset><input>",
    "floating": "<div style='position:relative'><input style='height:40px' data-is=it><label "
    "style='position:absolute;left:4px;top:8px'>Identifiant</label></div>",
    "shadow": "<x-a><template shadowrootmode=open><label>Identifiant<input data-is=it></label>"
    "</template></x-a><input>",
    "exact before longer": "<label>Identifiant de la structure <input></label>"
    "<label>Identifiant <input data-is=it></label>",
    "own form": "<form><label>Identifiant <input data-is=it></label></form>"
    "<p>Identifiant oublié ?</p><form><label>Recherche <input></label></form>",
}


@pytest.mark.parametrize("name", FIELDS)
async def test_a_field_is_called_by_what_stands_near(
    window: PortalBrowser, pages: Pages, name: str
) -> None:
    """By its label, its cell, its line, its block, or what is written in it."""
    finder = await show(window, pages, FIELDS[name])
    found = decide(await finder.look(), want(finder.words, "login.identifier", "field"))
    assert not isinstance(found, Abstention), str(found)
    assert "it" == await (await finder.element(found)).get_attribute("data-is")


PRESSES = {
    "submit": "<form><input type=reset value=Effacer><input type=submit value=Connexion data-is=it></form>",
    "link": "<a href='/x' data-is=it>Connexion</a><a href='/y'>Aide à la connexion</a>",
    "image": "<input type=image alt=Connexion data-is=it><img alt='Aide'>",
    "no role": "<div style='cursor:pointer' data-is=it><span>Connexion</span></div><div>Aide</div>",
    "onclick": "<span onclick='x()' data-is=it>Connexion</span>",
    "title": "<a href='#' title=Connexion data-is=it><i class=icon>✎</i></a><a href='#'><i>✗</i></a>",
    "span in button": "<button data-is=it><span style='cursor:pointer'>Connexion</span></button>",
    "same place twice": "<nav><a href='/x'>Connexion</a></nav><main><a href='/x' data-is=it>Connexion</a></main>",
    "read aloud": "<button data-is=it><svg></svg><span style='position:absolute;width:1px;height:1px;overflow:hidden'>"
    "Connexion</span></button>",
    "tooltip": "<button aria-describedby=a><svg></svg></button><i role=tooltip id=a hidden>Aide</i>"
    "<button aria-describedby=b data-is=it><svg></svg></button><i role=tooltip id=b hidden>Connexion</i>",
    "menu that opens by focus": "<style>ul ul { position: absolute; left: -9999px } li:focus-within > ul { left: 0 }"
    "</style><ul><li><span tabindex=0>Accès</span><ul><li><a href='/x' data-is=it>Connexion</a></li></ul></ul>",
    "closed menu": "<button aria-expanded=false onclick='m.hidden=false'>☰</button>"
    "<ul id=m hidden><li><a href='/x' data-is=it>Connexion</a></li></ul>",
    "hover menu": "<style>li ul{display:none} li:hover ul{display:block}</style><ul><li>Accès<ul><li>"
    "<a href='/x' data-is=it>Connexion</a></li></ul></li></ul>",
    "details": "<details><summary>Accès</summary><a href='/x' data-is=it>Connexion</a></details>",
    "panel": "<h3><a href='#p' data-toggle=collapse onclick='document.getElementById(`p`).style.height=`auto`'>Accès</a></h3>"
    "<div id=p style='height:0;overflow:hidden'><a href='/x' data-is=it>Connexion</a></div>",
    "late": "<script>setTimeout(() => document.body.innerHTML += '<button data-is=it>Connexion</button>', 400)</script>",
    "built by its opener": "<button type=button class=kebab onclick=\"this.insertAdjacentHTML('afterend', "
    "'<div role=menu><span role=menuitem data-is=it>Connexion</span></div>')\">⋮</button>",
    "tab": "<ul><li role=tab aria-selected=true>Un</li><li role=tab onclick='t.hidden=false'>Deux</li></ul>"
    "<div id=t hidden><button data-is=it>Connexion</button></div>",
}


@pytest.mark.parametrize("name", PRESSES)
async def test_a_button_is_found_wherever_it_hides(
    window: PortalBrowser, pages: Pages, name: str
) -> None:
    """With or without a role, in a menu, a panel, a tab, or a moment later."""
    finder = await show(window, pages, PRESSES[name])
    async with window.on("Accueil"):
        found = await finder.find(want(finder.words, "login.submit", longer=False))
    assert "it" == await (await finder.element(found)).get_attribute("data-is")


SECRETS = {
    "drawn as dots": ("style='-webkit-text-security:disc'", True),
    "a font of dots": ("style='font-family:text-security-disc'", True),
    "says what it is for": ("autocomplete=current-password", True),
    "shows what is typed": ("", False),
    "holds something": ("style='-webkit-text-security:disc' value=x", False),
}


@pytest.mark.parametrize("name", SECRETS)
async def test_a_password_s_field_may_be_of_another_type(
    window: PortalBrowser, pages: Pages, name: str
) -> None:
    """Where a person sees dots; never where everybody would read it."""
    how, secret = SECRETS[name]
    body = f"<form><input placeholder=Identifiant><input placeholder='Mot de passe' {how}></form>"
    finder = await show(window, pages, body)
    assert secret == isinstance(login_form(await finder.look(), finder.words), tuple)


HEADS = {
    "lines": ("<a href=/x><b>Un</b><div>Deux</div></a>", "Un"),
    "a badge": ("<a href=/x><div><b>Un</b> <i>deux</i></div><p>Trois</p></a>", "Un deux"),
    "one line": ("<a href=/x><b>Un</b> <i>deux</i></a>", ""),
    "side by side": ("<a href=/x style='display:flex'><b>Un</b><i>deux</i></a>", ""),
    "broken": ("<a href=/x style='display:block;width:2em'><b>Un</b> <i>deux</i></a>", ""),
    "its own text": ("<a href=/x>Un<div>Deux</div></a>", ""),
}


@pytest.mark.parametrize("name", HEADS)
async def test_the_first_line_of_a_tile(window: PortalBrowser, pages: Pages, name: str) -> None:
    """A line that is only broken goes on."""
    body, head = HEADS[name]
    found = (await (await show(window, pages, body)).look()).of_kind("press")
    assert [head] == [each.head for each in found]


BAR = (
    "<div role=listbox id=bar class={} {}><span role=option aria-selected=true>Factures</span> "
    "<span role=option aria-selected=false onclick='document.title=`opened`; t.hidden=false'>"
    "Gestion</span></div><div id=t hidden><a href='/x'>Connexion</a></div>{}"
)
def applications(*names: str, row: str = "<tr><td><b>{}</b><td>Finances<td>{}</tr>") -> str:
    """Each with its « Accéder », but those whose name begins with a dash."""
    button = "<button{}>Accéder</button> <button>Retirer</button>"
    it = [" data-is=it" if name == "Chorus Pro" else "" for name in names]
    rows = [
        row.format(name.lstrip("-"), "" if name.startswith("-") else button.format(mark))
        for name, mark in zip(names, it, strict=True)
    ]
    return f"<h1>Applications</h1><table><tr><th>Nom<th>Domaine<th>{''.join(rows)}</table>"


TWO = "Chorus Pro (qualification)", "Hélios"
CARD_OF = "</table><div><h2>{}</h2><p>Un service.</p>{}</div><table>"
NAMED_BY_ITS_ROW = {
    "a table": (applications(*TWO, "Chorus Pro"), True),
    "cards": (applications(*TWO, "Chorus Pro", row=CARD_OF), True),
    "a longer name of something else": (
        applications(*TWO, "Chorus Pro") + "<a href=/x>Aide de Chorus Pro</a>",
        True,
    ),
    "none of that name": (applications(*TWO), False),
    "twice": (applications(*TWO, "Chorus Pro", "Chorus Pro"), False),
    "nothing in its row": (applications("-Chorus Pro", *TWO), False),
    "nothing in its row, without a head": (
        applications("-Chorus Pro", *TWO).replace("<h1>", "<br><h1 hidden>").replace("<th>", "<td>"),
        False,
    ),
    "nothing in its card": (applications("-Chorus Pro", *TWO, row=CARD_OF), False),
    "in another column": (
        applications("Chorus Pro", *TWO, row="<tr><td>Annuaire<td>{}<td>{}</tr>"),
        False,
    ),
    "something else's line in its card": (
        applications(*TWO) + "<div><h2>Chorus Pro</h2><div><i>Export</i> <button>Ouvrir</button></div></div>",
        False,
    ),
    "what starts something": (applications(*TWO, "Chorus Pro").replace("Accéder", "Lancer"), False),
    "what a form asks for": (
        applications(*TWO) + "<div><h2>Chorus Pro</h2><form>Code <input> <button>Accéder</button></form></div>",
        False,
    ),
    "two lines": (
        applications(*TWO, "Chorus Pro", row="<tr><td><b>{}</b><br>Finances<br>et plus<td>{}</tr>"),
        True,
    ),
    "a line under another name": (
        applications(*TWO, "Chorus Pro", row="<tr><td>Annuaire<br><b>{}</b><td>{}</tr>"),
        False,
    ),
    "a link that says that it is an entry": (
        "<div><a role=option href=/x data-is=it>Chorus Pro</a><a role=option href=/y>Hélios</a></div>",
        True,
    ),
    "a notice": ("<div><h2>Chorus Pro</h2>Fermé lundi. <button>OK</button></div>", False),
}


@pytest.mark.parametrize("name", NAMED_BY_ITS_ROW)
async def test_what_opens_an_application_may_be_named_by_its_row(
    window: PortalBrowser, pages: Pages, name: str
) -> None:
    """By the name that the row begins with, or the card's title; by no other's."""
    body, there = NAMED_BY_ITS_ROW[name]
    finder = await show(window, pages, body)
    found = chorus(await finder.look(), finder.words)
    assert there == isinstance(found, Thing), found
    if isinstance(found, Thing):
        assert "it" == await (await finder.element(found)).get_attribute("data-is")


async def test_a_window_that_closes_itself_gives_way_to_the_one_that_opened_it(
    window: PortalBrowser, pages: Pages
) -> None:
    """As after a login in a window of its own: the press has done what it was for."""
    pages.at["/own"] = (
        "<button onclick='opener.document.body.innerHTML = `<a href=/x>Chorus Pro</a>`; window.close()'>Valider</button>"
    )
    finder = await show(window, pages, "<button onclick='open(`/own`, ``, `width=300`)'>Connexion</button>")
    first = window.page
    async with window.on("Authentification"):
        for key in ("connection.connect", "reset.confirm"):
            await finder.press(await finder.find(want(finder.words, key, longer=False)))
        await finder.find(want(finder.words, "pigp.chorus"))
    assert first is window.page


BARS = {
    "parts of a page": (BAR.format("tabs", "", ""), True),
    "of nobody knows what": (BAR.format("choice", "", ""), False),
    "of a form": (f"<form>{BAR.format('tabs', '', '')}</form>", False),
    "drawn over the page": (BAR.format("tabs", "style='position:absolute'", ""), False),
    "of a list": (BAR.format("tabs", "", "<input role=combobox aria-controls=bar>"), False),
}


@pytest.mark.parametrize("name", BARS)
async def test_parts_that_are_chosen_in_a_bar_are_opened_as_tabs(
    window: PortalBrowser, pages: Pages, name: str
) -> None:
    """The entries of a form's list are left alone."""
    body, opened = BARS[name]
    finder = await show(window, pages, body)
    with suppress(PortalError):
        async with window.on("Accueil"):
            await finder.find(want(finder.words, "login.submit", longer=False))
    assert opened == ("opened" == await window.page.title())


LOGIN = "<form method=post><input placeholder=Identifiant>{}<button>Se connecter</button></form>"


@pytest.mark.parametrize("form", ["", LOGIN.format("<input placeholder=Code>")])
async def test_the_login_is_behind_se_connecter(
    window: PortalBrowser, pages: Pages, form: str
) -> None:
    """Where no part of it is in sight: else that may send it."""
    secret = "<input type=password placeholder=`Mot de passe`>".replace("`", '"')
    body = (
        f"{form}<a href='#' onclick='document.title=`opened`;t.style.display=`block`'>Se connecter</a>"
        f"<p>Bienvenue</p><div id=t style='display:none'>{LOGIN.format(secret)}</div>"
    )
    await show(window, pages, body if not form else body.partition("<p>")[0])
    case: Any = SimpleNamespace(through_chorus=False)
    async with window.on("Authentification"):
        with suppress(ScreenNotRecognised):
            await Authentification(window).open(case)
    assert ("" if form else "opened") == await window.page.title()


ROWS = "".join(
    f"<tr><td>{siret}</td><td><button aria-haspopup=true onclick='document.title=`menu`'>▾</button>"
    for siret in ("21990002400013", "21990003200016")
)
VIEWS = (
    "<h1>Mes structures</h1><button aria-haspopup=true onclick='v.hidden=false'>Récentes</button>"
    "<table id=l>{}</table><ul id=v role=listbox hidden><li role=option>Structures closes"
    "<li role=option onclick='l.innerHTML = `<tr><td>21990001600011`; v.hidden=true'>{}</ul>"
)


@pytest.mark.parametrize("called", ["Toutes les structures (35)", "Exporter toutes les structures"])
async def test_a_list_that_says_that_it_is_a_part_is_shown_as_a_whole(
    window: PortalBrowser, pages: Pages, called: str
) -> None:
    """By an entry of that very name; no row's menu is opened for it."""
    await show(window, pages, VIEWS.format(ROWS, called))
    async with window.on("Activités du gestionnaire"):
        if called.startswith("T"):
            await ActivitesDuGestionnaire(window)._bring(SIRET)
        else:
            with pytest.raises(StructureNotFound):
                await ActivitesDuGestionnaire(window)._bring(SIRET)
    assert "" == await window.page.title()


QUICK = "<form>{}<select><option>Factures<option>Activités du gestionnaire<option>Activités du gestionnaire secondaire</select>{}</form>"
QUICKS = {
    "an entry": (QUICK.format("Accès rapide", "<button>OK</button>"), True),
    "with something to fill in": (QUICK.format("<input name=q>", "<button>OK</button>"), False),
    "what sends something": (QUICK.format("Objet", "<button>Envoyer</button>"), False),
    "two that may be meant": (2 * QUICK.format("", "<button>OK</button>"), False),
}


@pytest.mark.parametrize("name", QUICKS)
async def test_an_entry_of_a_list_may_lead_on(
    window: PortalBrowser, pages: Pages, name: str
) -> None:
    """Chosen by its very name, where nothing else is filled in, and what goes there pressed."""
    body, gone = QUICKS[name]
    pages.at["/there"] = "<title>there</title><h1>Mes structures</h1>"
    await show(window, pages, body.replace("<form", "<form action=/there"))
    async with window.on("Accueil"):
        with suppress(PortalError):
            await AccueilDeChorusPro(window).go(SimpleNamespace())  # type: ignore[arg-type]
    assert gone == ("there" == await window.page.title())


INDEX = {
    "the document's own words": ("Activités du gestionnaire", "there"),
    "a longer name": ("Activités du gestionnaire délégué", "index"),
}


@pytest.mark.parametrize("name", INDEX)
async def test_what_was_shown_may_lead_to_a_page_with_the_document_s_own_words(
    window: PortalBrowser, pages: Pages, name: str
) -> None:
    """Those in full are pressed there; what was shown is not pressed again."""
    called, last = INDEX[name]
    bar = "<nav><a href=/index>Gestion</a></nav>"
    pages.at["/index"] = f"<title>index</title>{bar}<a href=/there>{called}</a>"
    pages.at["/there"] = "<title>there</title><h1>Mes structures</h1>"
    finder = await show(window, pages, bar)
    window.words.learned["home.manager"] = Learned("Gestion", "press a", place="nav")
    pages.asked.clear()
    try:
        async with window.on("Accueil"):
            with suppress(ScreenNotRecognised):
                await AccueilDeChorusPro(window).go(SimpleNamespace())  # type: ignore[arg-type]
    finally:
        del finder.words.learned["home.manager"]
    assert (last, 1) == (await window.page.title(), pages.asked.count("/index"))


CHANGE = (
    "<title>change</title><h1>Choix de la structure</h1><p>Pour laquelle souhaitez-vous {} ?</p>"
    "<form action=/mine>{}<button>Valider</button></form>"
)


@pytest.mark.parametrize("to_do", ["agir", "fusionner"])
async def test_one_structure_is_in_force_at_a_time(
    window: PortalBrowser, pages: Pages, to_do: str
) -> None:
    """Another is chosen on the page that says that one will act for it, and nothing is sent where
    it does not.
    """
    radios = "".join(
        f"<p><label><input type=radio name=s value={each}>{each}</label></p>"
        for each in ("21990002400013", SIRET)
    )
    listed = "<title>{0}</title><h1>Mes structures</h1><p>SIRET : {0}</p>"
    pages.at["/change"] = CHANGE.format(to_do, radios)
    pages.at["/mine"] = listed.format(SIRET)
    other = listed.format("21990002400013").partition("</title>")[2]
    await show(window, pages, f"<a href=/change>Changer de structure</a>{other}")
    async with window.on("Activités du gestionnaire"):
        with suppress(StructureNotFound):
            await ActivitesDuGestionnaire(window)._bring(SIRET)
    assert (SIRET if to_do == "agir" else "change") == await window.page.title()


OWNERS = {
    "in its line": ("<p>TECH_1_11@cpro.fr</p>", ["TECH_1_11@cpro.fr"]),
    "glued to another name": ("<p>OLD-TECH_1_11@cpro.fr</p>", ["OLD-TECH_1_11@cpro.fr"]),
    "cut short": ("<p title='TECH_1_11@cpro.fr'>TECH_1…</p>", ["TECH_1_11@cpro.fr"]),
    "after a badge": ("<p><i>Actif</i>TECH_1_11@cpro.fr</p>", ["TECH_1_11@cpro.fr"]),
    "before a badge": ("<p>TECH_1_11@cpro.fr<i>Actif</i></p>", ["TECH_1_11@cpro.fr"]),
    "after bold letters": ("<p><b>OLD-</b>TECH_1_11@cpro.fr</p>", ["OLD-TECH_1_11@cpro.fr"]),
    "after a break": ("<p>OLD<wbr>TECH_1_11@cpro.fr</p>", ["OLDTECH_1_11@cpro.fr"]),
    "marked": ("<p>TECH_1_<mark>11</mark>@cpro.fr</p>", ["TECH_1_11@cpro.fr"]),
    "a list": ("<ul><li>-TECH_1_11@cpro.fr</ul>", ["TECH_1_11@cpro.fr"]),
}


@pytest.mark.parametrize("name", OWNERS)
async def test_an_account_is_called_by_all_of_its_name(
    window: PortalBrowser, pages: Pages, name: str
) -> None:
    """A name within another one is another's."""
    body, expected = OWNERS[name]
    assert expected == (await (await show(window, pages, body)).look()).found("account")


TYPED = {
    "to search by": ("<form>SIRET <input value=21990001600011><button>OK</button></form>", False),
    "without a form": ("SIRET <input value=21990001600011>", False),
    "on a card": (
        "<form method=post>SIRET <input value=21990001600011><button>Enregistrer</button></form>",
        True,
    ),
    "that nobody can": ("SIRET <input disabled value=21990001600011>", True),
    "among others": ("SIRET <input value=21990001600011> Nom <input value=Exemple>", True),
}


@pytest.mark.parametrize("name", TYPED)
async def test_what_is_typed_to_search_by_is_not_what_the_portal_shows(
    window: PortalBrowser, pages: Pages, name: str
) -> None:
    """A field alone is a search; one of a form is the portal's own."""
    body, shown = TYPED[name]
    found = (await (await show(window, pages, body)).look()).found("siret")
    assert shown == bool(found)


async def test_what_holds_other_things_is_pointed_at_and_never_clicked(
    window: PortalBrowser, pages: Pages
) -> None:
    """Its middle may be any of them: here it is a trap."""
    body = (
        "<div><button style='width:100%;height:300px' onclick='location=`/trap`'>Effacer</button>"
        "<a href='/x' hidden>Connexion</a></div>"
    )
    finder = await show(window, pages, body)
    with pytest.raises(PortalError):
        async with window.on("Accueil"):
            await finder.find(want(finder.words, "login.submit", longer=False))
    assert "/trap" not in pages.asked


COVERS = {
    "Le service ferme à 18 h.": True,
    "Vous acceptez nos cookies.": False,
    "Le mot de passe va être réinitialisé.": False,
    "La demande va partir.": False,
}


@pytest.mark.parametrize("text", COVERS)
async def test_a_cover_that_only_tells_something_is_closed_by_its_one_button(
    window: PortalBrowser, pages: Pages, text: str
) -> None:
    """« J'ai compris » to what one would agree to, or ask for, is for a person."""
    body = (
        "<button onclick='document.title=`pressed`'>Connexion</button>"
        f"<div id=c style='position:fixed;inset:0;background:#fff'>{text} "
        "<button onclick='c.remove()'>J'ai compris</button></div>"
    )
    finder = await show(window, pages, body)
    async with window.on("Accueil"):
        found = await finder.find(want(finder.words, "login.submit", longer=False))
        if COVERS[text]:
            await finder.press(found)
        else:
            with pytest.raises(UnexpectedPopup):
                await finder.press(found)
    assert ("pressed" == await window.page.title()) == COVERS[text]


async def test_two_that_may_be_meant_are_told(window: PortalBrowser, pages: Pages) -> None:
    """No guess is made, and a person reads what was seen."""
    body = "<p>Recherche <button>Valider</button></p><p>Connexion <button>Valider</button></p>"
    finder = await show(window, pages, body)
    with pytest.raises(PortalError, match=r"2 fois « connexion ».*« Valider » après « Connexion »"):
        async with window.on("Accueil"):
            await finder.find(want(finder.words, "login.submit", longer=False))


async def test_a_cover_is_closed_by_its_own_button(window: PortalBrowser, pages: Pages) -> None:
    """Never by the one that agrees, and without a role of its own."""
    body = (
        "<button onclick='document.title=`pressed`'>Connexion</button>"
        "<div id=c style='position:fixed;inset:0;background:#fff'>Votre avis ? "
        "<button onclick='location=`/trap`'>Accepter</button>"
        "<button onclick='c.remove()'>Plus tard</button></div>"
    )
    finder = await show(window, pages, body)
    async with window.on("Accueil"):
        await finder.press(await finder.find(want(finder.words, "login.submit", longer=False)))
    assert ("pressed", False) == (await window.page.title(), "/trap" in pages.asked)


async def test_a_cover_that_comes_as_it_is_clicked_is_closed_too(
    window: PortalBrowser, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was pressed: it is tried once more."""
    finder = await show(window, pages, "<button onclick='document.title+=`!`'>Connexion</button>")
    uncovered, covers = finder._uncovered, ["x"]

    async def then_covered(thing: Thing) -> ElementHandle:
        handle = await uncovered(thing)
        for _ in range(len(covers)):
            covers.pop()
            await window.page.evaluate(
                "document.body.insertAdjacentHTML('beforeend', '<div id=c style=\"position:fixed;"
                "inset:0\">Avis ? <button onclick=\"c.remove()\">Plus tard</button></div>')"
            )
        return handle

    monkeypatch.setattr(finder, "_uncovered", then_covered)
    async with window.on("Accueil"):
        await finder.press(await finder.find(want(finder.words, "login.submit", longer=False)))
    assert 1 == (await window.page.title()).count("!")


async def test_the_middle_of_a_block_is_not_clicked_to_open_it(
    window: PortalBrowser, pages: Pages
) -> None:
    """Whatever stands there would be pressed."""
    body = "<div><a href='/trap' style='display:block'>Autre</a><a hidden href='/x'>Connexion</a></div>"
    finder = await show(window, pages, body)
    with pytest.raises(PortalError):
        async with window.on("Accueil"):
            await finder.find(want(finder.words, "login.submit", longer=False))
    assert "/trap" not in pages.asked


SIRET, ACCOUNT, OTHER = "21990001600011", "TECH_1_11@cpro.fr", "TECH_1_22@cpro.fr"
CARD = f"<h1>Modification de la structure</h1><p>SIRET {SIRET}</p>"
BUTTON = "<button>Réinitialiser le mot de passe (utilisateur technique)</button>"
CHOICE = f"<option>Tous</option><option>{ACCOUNT}</option><option>{OTHER}</option></select>"


async def test_an_account_that_was_chosen_here_is_no_proof(
    window: PortalBrowser, pages: Pages
) -> None:
    """The list may be a filter of something else: the confirmation has to name the account."""
    body = f"{CARD}<p>Historique <select>{CHOICE}</p><p>Compte technique {BUTTON}</p>"
    await show(window, pages, body)
    async with window.on("Modification de la structure"):
        for _ in range(2):  # the second time it is there already
            step = await ModificationDeLaStructure(window).reset_button(SIRET, ACCOUNT)
            assert (Proof.PLACE, True) == (step.proof, step.proof.weak)
    window.memo.clear()


async def test_a_list_that_a_form_may_send_is_left_alone(
    window: PortalBrowser, pages: Pages
) -> None:
    """A choice there may be kept by the portal."""
    body = f"{CARD}<form action=/trap><select onchange='form.submit()'>{CHOICE}</form>"
    await show(window, pages, body)
    pages.asked.clear()
    async with window.on("Modification de la structure"):
        with pytest.raises(NoTechnicalAccount):
            await ModificationDeLaStructure(window).reset_button(SIRET, ACCOUNT)
    assert not any("/trap" in each for each in pages.asked)


async def test_the_technical_accounts_may_be_a_kind_that_is_chosen(
    window: PortalBrowser, pages: Pages
) -> None:
    """In the one list of kinds of the card, with which nothing is sent."""
    body = (
        f"{CARD}<h2>Utilisateurs rattachés</h2><p>Type d'utilisateur <select onchange='setTimeout(() => t.hidden = value < 1, 300)'>"
        f"<option value=0>Utilisateur (personne)<option value=1>Utilisateur technique</select></p>"
        f"<table id=t hidden><tr><td>{OTHER}<td>{BUTTON}<tr><td>{ACCOUNT}<td>{BUTTON}</table>"
    )
    await show(window, pages, body.replace(OTHER, "<script>document.write(`TECH_1_` + `22@cpro.fr`)</script>"))
    async with window.on("Modification de la structure"):
        step = await ModificationDeLaStructure(window).reset_button(SIRET, ACCOUNT)
    assert Proof.ROW == step.proof


@pytest.mark.parametrize("beside", ["", "<input name=nom>"])
async def test_a_structure_is_chosen_where_nothing_else_is_filled_in(
    window: PortalBrowser, pages: Pages, beside: str
) -> None:
    """What stands in a form with other things may be kept by the portal."""
    chosen = f"<select onchange='document.title=`chosen`'><option>Aucune<option>{SIRET}</select>"
    await show(window, pages, f"<h1>Mes structures</h1><form>{chosen}{beside}</form>")
    async with window.on("Activités du gestionnaire"):
        with suppress(PortalError):
            await ActivitesDuGestionnaire(window)._bring(SIRET)
    assert ("" if beside else "chosen") == await window.page.title()


SOUGHT = {
    "by its button": ("<button type=button onclick='document.title=`sought`'>Rechercher</button>", True),
    "by the key": ("<button>OK</button>", False),
    "by nothing that changes": ("<button onclick='document.title=`!`'>Valider</button>", False),
}


@pytest.mark.parametrize("name", SOUGHT)
async def test_a_search_is_sent_by_its_button_where_the_key_does_nothing(
    window: PortalBrowser, pages: Pages, name: str
) -> None:
    """The one that stands with the field and says so; where another one sends it, none is asked."""
    button, pressed = SOUGHT[name]
    keys = "" if name == "by the key" else "onkeydown='return event.key !== `Enter`'"
    found = "<p>21990001600011</p>" if name == "by the key" else ""
    pages.at["/found"] = f"<title></title>{found}"
    body = f"<form action=/found><label>Rechercher <input name=q {keys}></label>{button}</form>"
    await show(window, pages, f"<h1>Mes structures</h1>{body}")
    async with window.on("Activités du gestionnaire"):
        screen = ActivitesDuGestionnaire(window)
        field = await screen.search_field()
        assert (field is None) == (name == "by nothing that changes")
        if field:
            await screen.ask(field, SIRET)
    assert ("sought" if pressed else "") == await window.page.title()


PAGED = (
    "{}<p>TECH_1_22@cpro.fr <button>Réinitialiser</button></p><p><b>1</b> "
    "<button type=button onclick='document.title=`2`'>2</button> "
    "<button type=button onclick='document.title=`3`'>3</button></p>{}"
)


@pytest.mark.parametrize("form", [False, True])
async def test_a_card_s_accounts_may_come_in_pages(
    window: PortalBrowser, pages: Pages, form: bool
) -> None:
    """By their numbers; never by a button of a form, which may keep what it shows."""
    around = ("<form>", "</form>") if form else ("", "")
    await show(window, pages, CARD + PAGED.format(*around))
    async with window.on("Modification de la structure"):
        assert await ModificationDeLaStructure(window)._further() is not form
    assert ("" if form else "2") == await window.page.title()


async def test_its_users_are_reached_by_a_link_of_that_name_alone(
    window: PortalBrowser, pages: Pages
) -> None:
    """What sends something to them has a longer one."""
    users = "utilisateurs rattachés à la structure"
    body = (
        f"{CARD}<form action=/trap method=post><button>Notifier les {users}</button></form>"
        f"<a href=/trap>Exporter les {users}</a>"
    )
    await show(window, pages, body)
    pages.asked.clear()
    async with window.on("Modification de la structure"):
        card = ModificationDeLaStructure(window)
        assert not await card._elsewhere(SIRET)
        assert not pages.asked
        pages.at["/users"] = "<h1>Une autre structure</h1>"
        await show(window, pages, f"{CARD}<a href=/users>U{users[1:]} (4)</a>")
        with pytest.raises(ScreenNotRecognised, match="SIRET"):
            await card._elsewhere(SIRET)


BEHIND = {
    "a tile": "<div onclick='document.title=`it`'><h2>Comptes techniques (2)</h2><p>Pour vos "
    "logiciels</p></div><div onclick='document.title=`trap`'><h2>Équipe</h2></div>",
    "a tab of the page": "<nav><a href='/x'>Modifier</a> <a href='#c' onclick='document.title=`it`'>"
    "Comptes techniques</a> <a href='/x'>Supprimer</a></nav>",
    "says more": "<a href='/x'>Créer un compte technique</a><a href='/x'>Aide : comptes techniques</a>",
    "sends": "<form action='/x'><button>Comptes techniques</button></form>",
    "two": "<a href='/x'>Comptes techniques</a> <a href='/y'>Utilisateurs techniques</a>",
}


@pytest.mark.parametrize("name", BEHIND)
async def test_its_technical_accounts_may_be_behind_what_is_called_so(
    window: PortalBrowser, pages: Pages, name: str
) -> None:
    """One thing of that very name, on a card without any."""
    await show(window, pages, f"{CARD}{BEHIND[name]}")
    pages.asked.clear()
    async with window.on("Modification de la structure"):
        found = await ModificationDeLaStructure(window)._elsewhere(SIRET)
    assert ("it" if found else "") == await window.page.title()
    assert not pages.asked and found == ("it`" in BEHIND[name])


async def test_a_line_that_asks_itself_is_no_way_to_the_button(
    window: PortalBrowser, pages: Pages
) -> None:
    """The window's own « Réinitialiser » would be the irreversible click, unannounced."""
    asks = (
        f"<div id=w role=dialog hidden style='position:fixed;inset:9em'><p>Réinitialiser le mot de "
        f"passe de {ACCOUNT} ?</p><button onclick='document.title=`trap`'>Réinitialiser</button>"
        "<button>Annuler</button></div>"
    )
    lines = (f"<div onclick='w.hidden=false'>{each} Actif</div>" for each in (ACCOUNT, OTHER))
    await show(window, pages, f"{CARD}{''.join(lines)}{asks}")
    async with window.on("Modification de la structure"):
        with pytest.raises(PortalError):
            await ModificationDeLaStructure(window).reset_button(SIRET, ACCOUNT)
    assert "" == await window.page.title()


BOX = (
    "<h2>Comptes techniques</h2><button aria-expanded=false onclick='b.hidden=!b.hidden'>{}▾</button>"
    "<p>1 place de la Mairie</p><div id=b hidden>"
)
BOXES = {"Ouvrir/fermer la section Comptes techniques": True, "Fermer les comptes techniques": False}


@pytest.mark.parametrize("called", BOXES)
async def test_what_opens_and_closes_a_part_opens_it(
    window: PortalBrowser, pages: Pages, called: str
) -> None:
    """Its accounts come with it."""
    await show(window, pages, f"{CARD}{BOX.format(called)}</div>")
    await window.page.evaluate(
        "account => { new MutationObserver(() => { b.textContent = account }).observe(b, { attributes: true }) }",
        ACCOUNT,
    )
    async with window.on("Modification de la structure"):
        assert bool(await ModificationDeLaStructure(window).accounts()) == BOXES[called]


TITLES = {
    "of the page": ("<h1>Activités du gestionnaire</h1><p>{}", True),
    "without a list": ("<h1>Activités du gestionnaire</h1>", False),
    "of a tile": ("<div onclick='0'><h1>Activités du gestionnaire</h1></div><p>{}", False),
    "under the list": ("<p>{}<h1>Activités du gestionnaire</h1>", False),
    "of a part": ("<p>Activités du gestionnaire</p><p>{}", False),
}


@pytest.mark.parametrize("name", TITLES)
async def test_the_list_may_have_its_page_s_title(
    window: PortalBrowser, pages: Pages, name: str
) -> None:
    """Where structures are listed under it."""
    body, told = TITLES[name]
    finder = await show(window, pages, body.format(SIRET))
    assert told == isinstance(listing(await finder.look(), finder.words), Text)


async def test_a_line_is_pressed_around_the_cell_that_keeps_clicks(
    window: PortalBrowser, pages: Pages
) -> None:
    """A cell that only stops them does nothing."""
    cell = "<td onclick='event.stopPropagation()'><input type=checkbox>"
    rows = (f"<tr onclick='document.title={n}'>{cell}<td>Mairie<td>{n}" for n in (SIRET, "21990002400013"))
    await show(window, pages, f"<h1>Mes structures</h1><table>{''.join(rows)}</table>")
    async with window.on("Activités du gestionnaire"):
        await ActivitesDuGestionnaire(window).edit(SIRET)
    assert SIRET == await window.page.title()


async def test_a_word_that_is_asked_for_is_written_on_the_newer_route_too(
    window: PortalBrowser, pages: Pages
) -> None:
    """The question's button sleeps until then."""
    body = (
        "<div id=c>Réinitialisation du mot de passe. <p>Tapez RENOUVELER</p><input oninput="
        "'k.disabled = this.value !== `RENOUVELER`'><button id=k disabled onclick="
        "'c.innerHTML = `La demande a bien été soumise`'>Confirmer</button></div>"
    )
    await show(window, pages, body)
    async with window.on("Compte technique"):
        case: Any = SimpleNamespace(account=ACCOUNT)
        await Soumission(window)._answered(View(), case)


@pytest.mark.parametrize(
    "icon", ["<i class='fa fa-pencil'></i>", "<i class=g></i>", "<svg><use href='#icon-edit'/></svg>"]
)
async def test_a_pencil_is_the_pen(window: PortalBrowser, pages: Pages, icon: str) -> None:
    """By its drawing, or what the drawing is called; a word beside it says what it is."""
    style = "<style>.g::before{content:'\\270e'} .x::before{content:'\\2716'}</style>"
    bin_ = "<button><i class='x fa-trash'></i></button>"
    body = f"{style}<button data-is=it>{icon}</button>{bin_}<button>{icon} Signer</button>"
    finder = await show(window, pages, body)
    found = decide(await finder.look(), want(finder.words, "structures.edit"))
    assert isinstance(found, Thing), str(found)
    assert "it" == await (await finder.element(found)).get_attribute("data-is")


@pytest.mark.parametrize("known", [True, False])
async def test_a_part_that_is_drawn_once_it_is_in_sight(
    window: PortalBrowser, pages: Pages, known: bool
) -> None:
    """Its title is brought to the top before anything is said not to be there."""
    body = (
        "<h2 style='margin-top:200vh'>Utilisateurs rattachés à la structure</h2><p id=p>…</p><script>"
        "new IntersectionObserver(s => { if (s.some(e => e.isIntersecting)) p.textContent = "
        f"'{ACCOUNT}' }}).observe(p)</script>"
    )
    finder = await show(window, pages, body)
    section = want(finder.words, "structure.users") if known else None

    def listed(view: View) -> tuple[str, ...] | Abstention:
        return tuple(view.found("account")) or Abstention("compte")

    async with window.on("Modification de la structure"):
        found = await finder.settled(listed, section=section)
    assert known == (found == (ACCOUNT,))


LISTS = {
    "radios": "<fieldset><legend>Ancien compte technique</legend><label><input type=radio name=x>{a}</label>"
    "</fieldset><fieldset><legend>* Compte technique</legend><label><input type=radio name=y>{b}</label>"
    "<label><input type=radio name=y data-is=it>{a}</label></fieldset>",
    "looked up": "<label for=l>Compte technique</label><input id=l role=combobox><ul id=u role=listbox></ul>"
    "<script>l.oninput = () => {{ u.innerHTML = l.value ? '<li role=option data-is=it><span title={a}>{a}"
    "</span></li>' : ''; u.onclick = () => {{ l.value = '{a}'; u.firstChild.checked = true }} }}</script>",
}


@pytest.mark.parametrize("name", LISTS)
async def test_a_list_may_be_drawn_as_radio_buttons_or_filled_by_what_is_typed(
    window: PortalBrowser, pages: Pages, name: str
) -> None:
    """Under its own name."""
    await show(window, pages, LISTS[name].format(a=ACCOUNT, b=OTHER))
    form = Formulaire(window)
    async with window.on(form.title):
        assert await form.choose("form.account", whole(ACCOUNT), search=ACCOUNT)
        case: Any = SimpleNamespace(account=ACCOUNT, siret=SIRET)
        await form.check(case, "form.account")
        case.account = OTHER
        with pytest.raises(WrongForm):
            await form.check(case, "form.account")
    assert await window.page.evaluate("() => document.querySelector('[data-is]').checked")


STEPS = {
    "Oui, réinitialiser": "read",
    "Poursuivre": "read",
    "Envoyer le code": "unknown",
    "Oui, réinitialiser pour tous": "unknown",
    "Réinitialiser": "read",
    "Valider": "unknown",
}
NATIVE = {"Réinitialiser": "Réinitialiser ce mot de passe ?", "Valider": "Quitter cette page ?"}


@pytest.mark.parametrize("who", [ACCOUNT, OTHER])
@pytest.mark.parametrize("last", STEPS)
async def test_a_question_of_two_steps_is_one_click(
    window: PortalBrowser, pages: Pages, last: str, who: str
) -> None:
    """Nobody is told that a password was made by a title of the second step; and what is not
    understood there, or names another account, is not pressed.
    """
    done = f"confirm(&quot;{NATIVE[last]}&quot;) && fait()" if last in NATIVE else "fait()"
    body = (
        f"<p>{ACCOUNT}</p><div id=w role=dialog hidden style='position:fixed;inset:9em;background:#fff'>"
        f"<h2>Nouveau mot de passe</h2><div id=e><p>Compte : {ACCOUNT}</p><button onclick='deux()'>"
        "Continuer</button><button>Annuler</button></div></div><script>function deux() { w.innerHTML = "
        f"`<h2>Nouveau mot de passe</h2><p>Le mot de passe de <b>{who}</b> sera réinitialisé.</p><button "
        f"onclick='{done}'>{last}</button><button>Annuler</button>` }}\nfunction fait() {{ fetch('/fait'); "
        "w.innerHTML = '<p>Mot de passe : <b>Abc12345&amp;x{</b></p><button>Continuer</button>' }</script>"
    )
    await show(window, pages, body)
    pages.at["/fait"] = "fait"
    pages.asked.clear()
    case: Any = SimpleNamespace(account=ACCOUNT, siret=SIRET)
    ask = Confirmation(window)
    async with window.on(ask.title):
        window.memo["asked"] = Asked(await finder(window).look(), None, len(window.dialogs))
        await window.page.evaluate("() => { w.hidden = false }")
        await ask.ready(case)
        if STEPS[last] == "read" and who == ACCOUNT:
            await ask.commit(case)
            assert "Abc12345&x{" == (await EcranSuivant(window).read(case)).reveal()
        else:
            with pytest.raises(ResetOutcomeUnknown):
                await ask.commit(case)
            assert "/fait" not in pages.asked
    await window.let_go()
    window.memo.clear()


async def test_another_question_after_the_click_is_told_as_one(
    window: PortalBrowser, pages: Pages
) -> None:
    """It may be the same one's, or not: it is not pressed; nor is a button that has gone again."""
    yes = "<button onclick='{}'>{}</button><button>Annuler</button>"
    body = f"<p>{ACCOUNT}</p><div id=w hidden><p>Mot de passe de {ACCOUNT}</p>"
    body += yes.format("plus()", "Confirmer") + "</div>"
    more = f"<h2>Vérification</h2><p>Mot de passe de {ACCOUNT}</p>" + yes.format('fetch("/fait")', "Je confirme")
    body += f"<script>function plus() {{ w.innerHTML = `{more}` }}</script>"
    pages.asked.clear()
    case: Any = SimpleNamespace(account=ACCOUNT, siret=SIRET)
    ask = Confirmation(window)
    for error in (AskedAgain, NotPressed):
        await show(window, pages, body)
        async with window.on(ask.title):
            window.memo["asked"] = Asked(await finder(window).look(), None, len(window.dialogs))
            await window.page.evaluate("() => { w.hidden = false }")
            await ask.ready(case)
            if error is NotPressed:
                await window.page.evaluate("() => w.replaceChildren()")
            with pytest.raises(error):
                await ask.commit(case)
        await window.let_go()
        window.memo.clear()
    assert "/fait" not in pages.asked


LATER = {  # what came in place of the question
    "the last step": "<h2>Réinitialisation du mot de passe</h2><p>Nouveau mot de passe : <b id=v>…</b></p>"
    "<button>Annuler</button><button onclick='parti()'>Terminer</button>",
    "its answer": "<h2>Réinitialisation du mot de passe</h2><p>Nouveau mot de passe : <b id=v></b></p>"
    "<button disabled>Annuler</button><button onclick='parti()'>Confirmer</button>",
    "a new yes": "<p>Voici le mot de passe :</p><p id=v></p><button onclick='parti()'>Continuer</button>"
    "<button>Conserver dans le coffre</button>",
    "a way out of the session": "<p><a href=/x>Fermer la session</a></p><p>Nouveau mot de passe</p>"
    "<p id=v></p><button onclick='parti()'>OK</button>",
}


@pytest.mark.parametrize("asks", ["Suivant", "Confirmer"])
@pytest.mark.parametrize("name", LATER)
async def test_a_page_that_is_to_show_the_password_is_not_left(
    window: PortalBrowser, pages: Pages, name: str, asks: str
) -> None:
    """Though it comes late, and what stands there can be left, or said yes to."""
    body = (
        f"<p>{ACCOUNT}</p><div id=w role=dialog hidden style='position:fixed;inset:9em;background:#fff'>"
        f"<h2>Réinitialisation du mot de passe</h2><p>{ACCOUNT}</p><button onclick='fait()'>{asks}</button>"
        f"<button>Annuler</button></div><script>function parti() {{ w.innerHTML = '<p>À bientôt</p>' }}\n"
        f"function fait() {{ w.innerHTML = `<p>{ACCOUNT}</p>{LATER[name]}`; setTimeout(() => {{ v.textContent"
        " = 'Abc12345&x{' }, 1500) }</script>"
    )
    await show(window, pages, body)
    case: Any = SimpleNamespace(account=ACCOUNT, siret=SIRET)
    ask = Confirmation(window)
    async with window.on(ask.title):
        window.memo["asked"] = Asked(await finder(window).look(), None, len(window.dialogs))
        await window.page.evaluate("() => { w.hidden = false }")
        await ask.ready(case)
        await ask.commit(case)
        assert "Abc12345&x{" == (await EcranSuivant(window).read(case)).reveal()
    await window.let_go()
    window.memo.clear()


@pytest.fixture
def slow(window: PortalBrowser, pages: Pages) -> Iterator[None]:
    """`/slow` answers later than a cover is waited for, and long before the time that it has."""
    pages.late["/slow"], usual = LATE_COVER / 1000 + 1, window.timeout
    window.timeout = 30
    window.context.set_default_timeout(30_000)
    yield
    window.timeout = usual
    window.context.set_default_timeout(usual * 1000)


@pytest.mark.usefixtures("slow")
async def test_a_page_has_all_its_time_to_answer_a_click(
    window: PortalBrowser, pages: Pages
) -> None:
    """A click lasts until the next page is there."""
    finder = await show(window, pages, "<a href=/slow>Connexion</a>")
    pages.at["/slow"] = "<title>pressed</title>"
    async with window.on("Accueil"):
        await finder.press(await finder.find(want(finder.words, "login.submit", longer=False)))
    assert ("pressed", 1) == (await window.page.title(), pages.asked.count("/slow"))


@pytest.mark.usefixtures("slow")
async def test_a_refusal_that_comes_late_is_remembered(window: PortalBrowser, pages: Pages) -> None:
    """The same password is not tried again, towards the lock."""
    form = (
        "<form action=/slow method=post><label>Identifiant <input></label><label>Mot de passe "
        "<input type=password></label><button>Connexion</button></form>"
    )
    await show(window, pages, form)
    pages.at["/slow"] = f"<meta charset=utf-8><p>Mot de passe incorrect.</p>{form}"
    kept = MagicMock()
    kept.password.return_value = Secret("Faux-mais-long-1")
    case: Any = SimpleNamespace(credentials=kept, through_chorus=False)
    async with window.on("Authentification"):
        with pytest.raises(PasswordRefused):
            await Authentification(window)._sign_in(case)
    kept.remember_refusal.assert_called_once()


async def test_news_that_only_change_are_passed_once(window: PortalBrowser, pages: Pages) -> None:
    """What « Continuer » does there is not known: a second one may agree to something."""
    body = (
        "<p id=p>Le service ferme à 18 h.</p>"
        "<button onclick='document.title+=`!`;p.append(` Bonne journée.`)'>Continuer</button>"
    )
    await show(window, pages, body)
    async with window.on("Accueil"):
        with pytest.raises(PortalError):
            await AccueilDuPortail(window).reached()
    assert "!" == await window.page.title()
