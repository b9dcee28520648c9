"""What looks like a way on and is none: whatever it does, it is left alone."""

from __future__ import annotations

from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from fixtures_pages import Pages, show
from releve.base.secret import Secret
from releve.portal.browser import PortalBrowser
from releve.portal.errors import PortalError
from releve.portal.screens.accueil import AccueilDeChorusPro
from releve.portal.screens.authentification import Authentification
from releve.portal.screens.structure import ModificationDeLaStructure
from releve.portal.screens.structures import ActivitesDuGestionnaire

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def window(pages_window: PortalBrowser) -> PortalBrowser:
    return pages_window


SIRET, ANOTHER = "21990001600011", "21990002400013"
ACCOUNT, OTHER = "TECH_1_11@cpro.fr", "TECH_1_22@cpro.fr"
TRAP = "type=button onclick='document.title=`trap`'"
SENT = "onsubmit='document.title=`trap`; return false'"
LIST = f"<h1>Mes structures</h1><table><tr><td>{ANOTHER}<td><a href=/x>Modifier</a></table>"
CARD = f"<h1>Modification de la structure</h1><p>SIRET {SIRET}</p>"
RESET = "<button>Réinitialiser le mot de passe (utilisateur technique)</button>"
MARKS = "".join(f"<button {TRAP}>{n}</button>" for n in range(1, 6))
DAYS = "".join(
    f"<button style='width:13%' {TRAP if n != 14 else 'class=active'}>{n}</button>"
    for n in range(1, 31)
)
FIELD = "<label>SIRET de la structure <input></label>"


def row(*buttons: str) -> str:
    """The line of the wanted structure among others."""
    cells = "".join(f"<td>{each}" for each in buttons)
    return f"{LIST}<table><tr><td>{SIRET}{cells}</table>"


LISTS = {
    "a tooltip that deletes": row(f"<button {TRAP} data-toggle=tooltip title=Supprimer>-</button>"),
    "its other name": row(
        f"<button {TRAP} data-bs-toggle=tooltip data-bs-title=Supprimer>-</button>"
    ),
    "a window that deletes": row("Exemple", f"<button {TRAP} data-toggle=modal>Supprimer</button>"),
    "asks before it deletes": row(f"<button {TRAP}>Supprimer...</button>"),
    "a bin beside the name": row(
        "<a href=#>Exemple</a>", f"<button {TRAP}><i class='icon edit-delete'></i></button>"
    ),
    "a cross": row("<a href=#>Exemple</a>", f"<button {TRAP}>✖</button>"),
    "moves all from list to list": f"{LIST}<table><tr><td><select multiple><option>A</select>"
    f"<td><button {TRAP}>«</button><button {TRAP}>»</button><td>Retenues</table>",
    "attaches one": f"{LIST}<button {TRAP}>+ Rattacher une structure</button>",
    "a plus": f"{LIST}<button {TRAP}>+</button>",
    "a form that attaches one": f"{LIST}<form {SENT}>{FIELD}<button>Rattacher</button></form>",
    "without the key": f"{LIST}<form {SENT} onkeydown='return event.key !== `Enter`'>{FIELD}"
    "<button>Rattacher</button></form>",
    "a step of something": f"{LIST}<h2>Clore mon exercice</h2><button {TRAP}>Suite</button>",
    "says more": f"{LIST}<button {TRAP}>Classer sans suite</button>",
    "as wide as its page": f"{LIST}<button {TRAP} class='button expand'>Relancer</button>",
    "asks to leave": f"{LIST}<form {SENT}>Motif <input><button>Changer de structure</button>",
    "does it at once": f"{LIST}<button {TRAP}>Changer d'entité</button>",
    "marks": f"{LIST}<p>Messages <b>0</b></p>Votre avis : {MARKS}",
}


@pytest.mark.parametrize("name", LISTS)
async def test_in_the_list_nothing_else_is_pressed(
    window: PortalBrowser, pages: Pages, name: str
) -> None:
    """Not in the row, nor to look for it further on."""
    await show(window, pages, LISTS[name])
    async with window.on("Activités du gestionnaire"):
        with suppress(PortalError):
            await ActivitesDuGestionnaire(window).edit(SIRET)
    assert "" == await window.page.title()


DOES = TRAP.partition(" ")[2]
ELSEWHERE = "onclick='location.href=`/piege`'"
LINK = "<a href=/piege style='display:block'>Habilitations</a>"
ITEMS = {
    "a link in an item": f"<ul role=menu><li class=ant-menu-item role=menuitem>{LINK}</ul>",
    "a tab that is a link": f"<ul role=tablist><li role=tab>{LINK}</ul>",
    "a link as wide as its tab": f"<ul><li class=tab style='cursor:pointer'>{LINK}</ul>",
    "an item of a menu": f"<div role=menu><div role=menuitem {DOES}>Habilitations</div></div>",
    "by its class": f"<div class='sidebar-menu-item' {DOES}>Habilitations</div>",
    "in the navigation": f"<nav><div class=menu {DOES}>Habilitations</div></nav>",
    "actions": f"<nav><button {TRAP}>Actions en cours</button></nav>",
    "goes elsewhere": f"<div class=tab {ELSEWHERE}>Habilitations</div>",
    "details": f"<button type=button {ELSEWHERE}>Détails</button>",
}


@pytest.mark.parametrize("name", ITEMS)
async def test_what_leads_elsewhere_is_not_pressed_to_open_something(
    window: PortalBrowser, pages: Pages, name: str
) -> None:
    """Where the words are not on the page, nor behind anything that opens."""
    pages.asked.clear()
    await show(window, pages, f"<h1>Mes organisations</h1>{ITEMS[name]}")
    async with window.on("Activités du gestionnaire"):
        await ActivitesDuGestionnaire(window).finder.settled(ActivitesDuGestionnaire(window).seen)
    assert "" == await window.page.title()
    assert "/piege" not in pages.asked


def boxes(called: str, head: str = "") -> str:
    """Both accounts, with a box each, and one button for what is chosen."""
    lines = "".join(
        f"<tr><td><input {DOES} type=checkbox {state} title='{called}'><td>{each}"
        for each, state in ((OTHER, "checked"), (ACCOUNT, ""))
    )
    return f"{CARD}<table><tr><th>{head}<th>Compte{lines}</table>{RESET}"


CARDS = {
    "a state": boxes("Sélectionné pour le dépôt automatique"),
    "a default": boxes("Choisir par défaut"),
    "a column of states": boxes("", "Suspendu"),
    "a setting": f"{CARD}<p>{OTHER}</p><div role=listbox>"
    f"<i role=option aria-selected=true>Active</i>"
    f"<i role=option aria-selected=false {TRAP}>Inactive</i></div>",
    "as wide as its page": f"{CARD}<p>{ACCOUNT}</p>"
    f"<button {TRAP} class='button expand'>Relancer</button>",
    "marks": f"{CARD}<p>Messages <b>0</b></p><p>{OTHER}</p>Votre avis : {MARKS}",
    "days": f"{CARD}<p>{OTHER}</p><div style='width:20em'>{DAYS}</div>",
    "the card's own": f"{CARD}<p>{ACCOUNT}</p><p>Adresse <button {TRAP}>Modifier</button></p>",
    "a tooltip": f"{CARD}<table><tr><td>{ACCOUNT}"
    f"<td><button {TRAP} data-toggle=tooltip>Rétablir</button><tr><td>{OTHER}<td>{RESET}</table>",
}

CHANGED = DOES.replace("click", "change")
KIND = f"<select {CHANGED}><option>Personne<option>Technique</select>"
CARDS |= {
    "somebody's kind": f"{CARD}<table><tr><td>Jean<td>{KIND}</table>",
    "somebody's kind on a line": f"{CARD}<div>jean@mairie.example {KIND}</div>",
    "a kind that can be removed": f"{CARD}<div>Jean {KIND} <button {TRAP}>Détacher</button></div>",
    "one kind of two": f"{CARD}<p>Type {KIND}</p><p>Nature {KIND}</p>",
    "a kind that is sent": f"{CARD}<form>Type {KIND}</form>",
}
USERS = "<h2>Utilisateurs rattachés</h2>"
NATURE = f"<select {CHANGED}><option>Utilisateur<option>Utilisateur technique</select>"
CARDS |= {
    "a kind of contact": f"{CARD}{USERS}<p>Type {KIND}</p>",
    "a way to connect": f"{CARD}{USERS}<p>Type "
    f"{NATURE.replace('Utilisateur<', 'Certificat<')}</p>",
    "the kind of the only one": f"{CARD}{USERS}<div>Jean</div><div>Type {NATURE}</div>",
    "under a name": f"{CARD}{USERS}<h3>Jean</h3><p>Type d'utilisateur</p>{NATURE}",
    "before a name": f"{CARD}{USERS}<div>{NATURE} Jean</div>",
    "far from its users": f"{CARD}<h2>Alertes</h2><p>Type {NATURE}</p>{USERS}",
}
PART = "Comptes techniques"
HELD = "onclick='document.title=`trap`; event.stopPropagation()'"
WIDE = "width:180px; height:20px"


def whole(said: str, what: str = f"role=button {DOES}") -> str:
    """Each account's line, which is pressed as a whole."""
    return CARD + "".join(f"<div {what}>{each} {said}</div>" for each in (ACCOUNT, OTHER))


def cells(middle: str) -> str:
    """Such lines of a table, whose middle does something of its own."""
    cell = "<td style='width:200px; text-align:center'>"
    rows = (f"{cell}{each}{cell}{middle}{cell}" for each in (ACCOUNT, OTHER))
    return f"{CARD}<table>{''.join(f'<tr onclick=0>{each}' for each in rows)}</table>"


CARDS |= {
    "takes a part out": f"{CARD}<button {TRAP}>{PART} 🗑</button>",
    "adds one": f"{CARD}<button {TRAP}>+ {PART}</button>",
    "is called a part only by its hint": f"{CARD}<button {TRAP} title='{PART}'>Supprimer</button>",
    "a tile that does something": f"{CARD}<div {DOES}><h3>{PART}</h3><p>Les désactiver</p></div>",
    "a setting that stays in": f"{CARD}<button {TRAP} aria-pressed=true>{PART}</button>",
    "a line around its state": cells(f"<input type=checkbox checked style='{WIDE}' {HELD}>"),
    "a line that stays in": whole("Actif", f"role=button aria-pressed=true {DOES}"),
    "a line that invites again": whole("Renvoyer l'invitation"),
    "a line that refuses": whole(": refuser la demande"),
    "a line that is taken out": whole("x"),
}


@pytest.mark.parametrize("name", CARDS)
async def test_on_the_card_nothing_else_is_pressed(
    window: PortalBrowser, pages: Pages, name: str
) -> None:
    """What may be a state, or somebody's opinion, is no way to the account."""
    await show(window, pages, CARDS[name])
    async with window.on("Modification de la structure"):
        with pytest.raises(PortalError):
            await ModificationDeLaStructure(window).reset_button(SIRET, ACCOUNT)
    assert "" == await window.page.title()


CONNECTS = {
    "of no form": "Matricule <input> Code confidentiel <input type=password>"
    f"<button {TRAP}>Connexion</button>",
    "one of two": f"Matricule <input><button {TRAP}>Connexion</button>",
    "after a choice": f"<form {SENT}>Domaine <select><option>A<option>B</select>"
    "<button>Connexion</button></form>",
}


@pytest.mark.parametrize("name", CONNECTS)
async def test_no_login_is_sent_empty(window: PortalBrowser, pages: Pages, name: str) -> None:
    """« Connexion » only shows a login where nothing is to be filled in first."""
    await show(window, pages, CONNECTS[name])
    case: Any = SimpleNamespace(through_chorus=False)
    async with window.on("Authentification"):
        with pytest.raises(PortalError):
            await Authentification(window).open(case)
    assert "" == await window.page.title()


async def test_the_password_is_not_the_code_that_is_asked_for_next(
    window: PortalBrowser, pages: Pages
) -> None:
    """Though that is drawn as dots too."""
    dots = "style='-webkit-text-security:disc'"
    pages.at["/code"] = (
        "<!doctype html><meta charset=utf-8><form method=post>"
        f"<label>Code de vérification <input {dots}></label><button>Valider</button></form>"
    )
    name = "<form method=post action=/code><label>Identifiant <input></label><button>Suivant"
    await show(window, pages, name)
    async with window.on("Authentification"), window.guarded():
        with pytest.raises(PortalError):
            await Authentification(window).sign_in("xt012345", Secret("Portail!2345"))
    assert "" == await window.page.input_value("input")


async def test_what_is_typed_in_dots_is_not_looked_at(window: PortalBrowser, pages: Pages) -> None:
    """Whatever the type of its field."""
    dots = "<input placeholder='Mot de passe' style='-webkit-text-security:disc'>"
    form = f"<form method=post><input placeholder=Identifiant>{dots}<button type=button>Connexion"
    finder = await show(window, pages, form)
    async with window.on("Authentification"), window.guarded():
        await Authentification(window).sign_in("xt012345", Secret("Portail!2345"))
    assert "Portail!2345" == await window.page.input_value("[style]")
    assert "Portail!2345" not in {each.selected for each in (await finder.look()).things}


@pytest.mark.parametrize("word", ["Demander", "Appliquer", "Masquer", "Renoncer"])
async def test_a_list_that_is_sent_by_another_word_leads_nowhere(
    window: PortalBrowser, pages: Pages, word: str
) -> None:
    """It may be a setting, or ask for something."""
    entries = "<option>Factures<option>Activités du gestionnaire"
    form = f"<form {SENT}><select>{entries}</select><button>{word}</button></form>"
    await show(window, pages, form)
    async with window.on("Accueil"):
        with pytest.raises(PortalError):
            await AccueilDeChorusPro(window).go(SimpleNamespace())  # type: ignore[arg-type]
    assert "" == await window.page.title()
    assert "Factures" == await window.page.input_value("select")
