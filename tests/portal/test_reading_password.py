"""The password wherever it stands: read byte for byte, or left to a person; never a wrong value."""

from __future__ import annotations

from html import escape
from types import SimpleNamespace
from typing import Any

import pytest
from fixtures_pages import Pages, show
from releve.portal.browser import PortalBrowser
from releve.portal.errors import ScreenNotRecognised
from releve.portal.reading import everything, labelled, passwords
from releve.portal.screens.mot_de_passe import EcranSuivant
from releve.portal.sight import Abstention

pytestmark = pytest.mark.asyncio(loop_scope="module")

ACCOUNT = "TECH_1_11@cpro.fr"
PLAIN = "Abc12345&x{"
CASE: Any = SimpleNamespace(account=ACCOUNT)


@pytest.fixture(scope="module")
def window(pages_window: PortalBrowser) -> PortalBrowser:
    return pages_window


LAYOUTS = {
    "definition": "<dl><dt>Identifiant</dt><dd>{account}</dd><dt>Mot de passe</dt><dd>{p}</dd></dl>",
    "cell": "<table><tr><td>Identifiant</td><td>{account}</td></tr><tr><td>Mot de passe :</td><td>{p}</td></tr></table>",
    "column": "<table><tr><th>Compte</th><th>Mot de passe</th></tr><tr><td>{account}</td><td>{p}</td></tr></table>",
    "field": '<label>Nouveau mot de passe <input readonly value="{p}"></label><button>Copier</button>',
    "masked field": '<label>Mot de passe <input readonly type=password value="{p}"></label>',
    "text area": "<label>Mot de passe <textarea readonly>{p}</textarea></label>",
    "bold in a sentence": "<p>Le nouveau mot de passe est <b>{p}</b>. Notez-le.</p>",
    "after a colon": "<p>Mot de passe : {p}</p>",
    "beside copy": "<div><span>Mot de passe</span> <span>{p}</span> <button>Copier</button></div>",
    "in one block with copy": "<dl><dt>Mot de passe</dt><dd>{p}<button>Copier</button></dd></dl>",
    "a span a letter": "<dl><dt>Mot de passe</dt><dd>{spans}</dd></dl>",
    "open shadow root": "<dl><dt>Mot de passe</dt><dd><x-a><template shadowrootmode=open><b>{p}</b></template></x-a></dd></dl>",
    "lines of source": "<dl><dt>Compte</dt><dd>\n   {account}\n  </dd><dt>Mot de passe</dt><dd>\n   {p}\n  </dd></dl>",
    "code under a title": "<h2>Votre nouveau mot de passe</h2><p>À noter.</p><pre>{p}</pre>",
    "with the old one": "<dl><dt>Ancien mot de passe</dt><dd>Zyx98765!a</dd><dt>Nouveau mot de passe</dt><dd>{p}</dd></dl>",
    "with its end": "<dl><dt>Mot de passe</dt><dd>{p}</dd><dt>Mot de passe valable jusqu'au</dt><dd>31/12/2027</dd></dl>",
    "a receipt": "<pre>N° de dossier : R2026-004417-AB\nCompte        : {account}\n"
    "Mot de passe  : {p}\nCode d'impression : 7F3A-99KD-21\n</pre>",
    "a letter": "<textarea>Bonjour,\n\nIdentifiant : {account}\nMot de passe : {p}\n\nÀ garder.</textarea>",
    "on in a sentence": "<p>Le mot de passe de {account} est {p} ; notez-le, il ne sera plus montré.</p>",
    "lines": "<p>Dossier : R2026-004417-AB<br>Mot de passe : {p}<br>Code : 7F3A-99KD-21</p>",
    "one line of cells": "<h2>Mot de passe</h2><table><tr><td>Actif</td><td>{p}</td></tr></table>",
    "after a break": "<h2>Mot de passe</h2><table><tr><td>Provisoire<br>{p}</td></tr></table>",
    "after a break in one block": "<dl><dt>Mot de passe</dt><dd><p>Provisoire<br>{p}</p></dd></dl>",
    "drawn by the style sheet": "<style>i[data-l]::before {{ content: attr(data-l) }}</style>"
    "<p>Réf. XK-2041ab</p><i data-l='Code'>ZZ-99817aq</i> <i data-l='Mot de passe : '>{p}</i>",
    "under two lines of titles": "<table><tr><th rowspan=2>Compte</th><th colspan=3>Accès</th></tr><tr><th>Clé</th>"
    "<th>Mot de passe</th><th>Code</th></tr><tr><td>{account}</td><td>7F3A-99KD</td><td>{p}</td><td>X-2041ab9</td></table>",
    "in two stacks": "<div style='display:flex;gap:1em'><div><p>Compte</p><p>Réf.</p><p>Mot de passe</p></div>"
    "<div><p>{account}</p><p><b>R2026-0044a</b></p><p><b>{p}</b></p></div></div>",
    "after one struck through": "<p>Mot de passe : <del>Zyx98765!a</del></p><p>Mot de passe : <b>{p}</b></p>",
    "in a message above a table": "<div>Fait. Nouveau mot de passe : <b>{p}</b> (à noter)</div><table><tr><th>Mot de passe"
    "</th><td>01/12/2026</td></tr><tr><th>Jeton</th><td>cpro_77fK-29.aXb</td></tr></table>",
    "its name under it": "<h2>Fait</h2><h3>{account}</h3><p>Identifiant</p><h3>{p}</h3><p>Mot de passe</p>",
    "fields in one line": "<p>Structure : X | Compte : {account} | Nouveau mot de passe : {p} | Valable 424 jours</p>",
    "fields parted by dots": "<p>Identifiant : {account} · Mot de passe : {p} · Valable un an</p>",
    "in a frame with its title": "<div style='border:1px solid'><h2>Réinitialisation du mot de passe</h2><p>{p}</p></div>"
    "<dl><dt>Réf.</dt><dd>Kx7-4417-pQ2!v</dd></dl>",
    "in tiles, its name under it": "<style>div div{{border:1px solid;padding:1em}}</style><div style='display:flex'>"
    "<div><p>Kx7-4417-pQ2!v</p><p>Référence</p></div><div><p>{p}</p><small>Nouveau mot de passe</small></div>"
    "<div><p>Zx7-4417-pQ2!v</p><p>Jeton</p></div></div>",
    "in a window": "<main>Structure</main><div role=dialog>Mot de passe : <strong>{p}</strong> <button>Fermer</button></div>",
}
VALUES = (PLAIN, "a<b>&\"'12345Z", "Aé12345xyz".replace("é", "e"), "x{:|+;-[~^`\\$%#@!?=()*,.")


@pytest.mark.parametrize("name", LAYOUTS)
async def test_it_is_read_byte_for_byte(window: PortalBrowser, pages: Pages, name: str) -> None:
    """In each layout, with the characters that pages and attributes take badly."""
    for value in VALUES:
        spans = "".join(f"<span>{escape(each)}</span>" for each in value)
        body = LAYOUTS[name].format(p=escape(value), account=ACCOUNT, spans=spans)
        finder = await show(window, pages, body)
        found = passwords(await finder.look(reading=True), ACCOUNT, window.words)
        assert [value] == found, name


SPACES = {
    "kept by the page": (
        "<dl><dt>Mot de passe</dt><dd><pre> Abc12345! </pre></dd></dl>",
        [" Abc12345! "],
    ),
    "field": ("<label>Mot de passe <input readonly value=' Abc12345! '></label>", [" Abc12345! "]),
    "its own": (
        "<dl><dt>Compte</dt><dd>TECH_1_11@cpro.fr</dd><dt>Mot de passe</dt><dd> Abc12345!</dd></dl>",
        [" Abc12345!"],
    ),
    "the page's": (
        "<dl><dt>Compte</dt><dd> TECH_1_11@cpro.fr </dd><dt>Mot de passe</dt><dd> Abc12345! </dd></dl>",
        ["Abc12345!"],
    ),
    "nothing tells": (
        "<dl><dt>Mot de passe</dt><dd> Abc12345!</dd></dl>",
        [" Abc12345!", "Abc12345!"],
    ),
    "inside": ("<dl><dt>Mot de passe</dt><dd>Abc1 2345!</dd></dl>", ["Abc1 2345!"]),
}


@pytest.mark.parametrize("name", SPACES)
async def test_spaces_count_where_the_page_says_so(
    window: PortalBrowser, pages: Pages, name: str
) -> None:
    """A space at an end is the password's, or the page's, or a person's to tell."""
    body, expected = SPACES[name]
    finder = await show(window, pages, body)
    assert expected == passwords(await finder.look(reading=True), ACCOUNT, window.words)


NONE = {
    "masked": "<dl><dt>Mot de passe</dt><dd>••••••••••</dd></dl>",
    "a picture": "<dl><dt>Mot de passe</dt><dd><canvas></canvas></dd></dl>",
    "sent by mail": "<p>Votre mot de passe vous sera envoyé par courriel.</p>",
    "who it is of": "<p>Le mot de passe de l'utilisateur technique TECH_1_11@cpro.fr (Commune d'Exemple,"
    " 21990001600011) a été réinitialisé le 29/11/2026 à 14h30.</p>",
    "another word": "<p>Numéro de dossier : Abc12345!x</p>",
}


@pytest.mark.parametrize("name", NONE)
async def test_what_is_not_there_is_not_made_up(
    window: PortalBrowser, pages: Pages, name: str
) -> None:
    """No value is better than a wrong one."""
    finder = await show(window, pages, NONE[name])
    assert [] == passwords(await finder.look(reading=True), ACCOUNT, window.words)


async def test_what_spans_the_columns_stands_under_none_of_them(
    window: PortalBrowser, pages: Pages
) -> None:
    """Its middle is drawn under the title of one."""
    heads = "<table><tr><th>Clé</th><th>Mot de passe</th><th>Code</th></tr><tr>"
    finder = await show(window, pages, f"{heads}<td colspan=3 align=center>X-2041ab9</td></tr></table>")
    assert not labelled(await finder.look(reading=True), window.words)
    finder = await show(window, pages, f"{heads}<td>a</td><td>X-2041ab9</td></tr></table>")
    assert labelled(await finder.look(reading=True), window.words)


MOVED = {
    "a grid of two lines": "<div style='display:grid;grid-template-columns:1fr 1fr'><div>Clé</div>"
    "<div>Mot de passe</div><div>{k}</div><div>{p}</div></div>",
    "two lines of flex": "<style>i{{width:9em}}</style><div style='display:flex'><i>Clé</i><i>Mot de passe</i></div>"
    "<div style='display:flex'><i>{k}</i><i>{p}</i></div>",
    "values first": "<p><b>{p}</b> Mot de passe</p><p><b>{k}</b> Clé</p>",
    "names under, side by side": "<div style='display:flex'><div><p><b>{p}</b></p><small>Mot de passe</small></div>"
    "<div><p><b>{k}</b></p><small>Clé</small></div></div>",
    "names under": "<h1>Fait</h1><p><b>{p}</b></p><small>Mot de passe</small><p><b>{k}</b></p><small>Clé</small>",
    "floats": "<style>b{{float:right}}</style><div><b>{p}</b><i>Mot de passe</i></div><div><b>{k}</b><i>Clé</i></div>",
    "drawn the other way round": "<style>p{{display:flex;flex-direction:row-reverse;justify-content:flex-end}}"
    "</style><p><b>{p}</b><i>Mot de passe</i></p><p><b>{k}</b><i>Clé</i></p>",
    "two names, two values": "<dl><dt>Clé</dt><dt>Mot de passe</dt><dd>{k}</dd><dd>{p}</dd></dl>",
    "fields": "<div style='display:grid;grid-template-columns:1fr 1fr'><label>Clé</label><label>Mot de passe</label>"
    "<input readonly value='{k}'><input readonly value='{p}'></div>",
}


ELSE = {
    "another account's": "<p>{other} Mot de passe : <b>{k}</b></p><p>{account} Mot de passe : à venir</p>",
    "another account's line": "<table><tr><th>Compte<th>Mot de passe<tr><td>{other}<td>{k}<tr><td>{account}<td>…</table>",
    "the old one's column": "<table><tr><th><th>Ancien<th>Nouveau<tr><th>Mot de passe<td>{k}<td>{p}</table>",
    "a key beside one that is masked": "<dl><dt>Mot de passe</dt><dd>••••••••</dd><dt>Réf.</dt><dd>{k}</dd></dl>",
    "a key beside none": "<dl><dt>Mot de passe</dt><dd>envoyé</dd><dt>Demande</dt><dd>{k}</dd></dl>",
    "a request": "<h2>Mot de passe</h2><p>Votre demande est enregistrée.</p><p><b>REQ0012345</b></p>",
    "an empty cell": "<table><tr><th>Mot de passe<th>Clé API<tr><td><td>{k}</table>",
    "another title further down": "<table><tr><th>Mot de passe<tr><td>en attente<tr><th>Clé<tr><td>{k}</table>",
    "a secret of something else": "<dl><dt>Code secret</dt><dd>{k}</dd><dt>Mot de passe</dt><dd>envoyé</dd></dl>",
    "a tile of another name": "<div style='border:1px solid'><p>{k}</p><p>Demande de mot de passe</p></div>",
    "a tile that is masked": "<div style='border:1px solid'><p>••••••••</p><p>Mot de passe</p></div>"
    "<div style='border:1px solid'><p>{k}</p><p>Jeton</p></div>",
    "its state in a tile": "<style>div div{{border:1px solid}}</style><div><div><p>{k}</p><p>Mot de passe</p></div>"
    "<div><p>{p}</p><p>Nouveau mot de passe provisoire</p></div></div>",
    "two accounts in one line": "<p>Compte : TECH_1_22@cpro.fr | Mot de passe : {k} | Compte : TECH_1_11@cpro.fr |"
    " Mot de passe : envoyé</p>",
    "a frame around two": "<div style='border:1px solid'><p>{p}</p><p>Mot de passe</p><p>{k}</p><p>Jeton</p></div>",
    "partly masked": "<dl><dt>Mot de passe</dt><dd>Ab******x{{</dd></dl>",
    "cut short": "<dl><dt>Mot de passe</dt><dd>Abc12345...</dd></dl>",
    "a time": "<dl><dt>Mot de passe</dt><dd>2026-01-02T10:00:00Z</dd></dl>",
}


@pytest.mark.parametrize("name", ELSE)
async def test_what_is_something_else_is_never_it(
    window: PortalBrowser, pages: Pages, name: str
) -> None:
    """However alone it stands."""
    given = {"p": escape(PLAIN), "k": "7F3A-99KD-21a", "account": ACCOUNT}
    body = ELSE[name].format(**given, other="TECH_1_22@cpro.fr")
    finder = await show(window, pages, body)
    found = passwords(await finder.look(reading=True), ACCOUNT, window.words)
    assert [PLAIN] == found or len(found) != 1


@pytest.mark.parametrize("name", MOVED)
async def test_a_value_that_only_the_source_puts_after_the_name_is_not_it_alone(
    window: PortalBrowser, pages: Pages, name: str
) -> None:
    """What is drawn nearer to the name may be it: a person is asked."""
    body = MOVED[name].format(p=escape(PLAIN), k="7F3A-99KD-21a")
    finder = await show(window, pages, body)
    found = passwords(await finder.look(reading=True), ACCOUNT, window.words)
    assert [PLAIN] == found or len(found) > 1


async def test_two_that_could_be_it_are_two(window: PortalBrowser, pages: Pages) -> None:
    """Nobody guesses."""
    body = "<p>Mot de passe : <b>Abc12345!</b> <b>Xyz98765?</b></p>"
    finder = await show(window, pages, body)
    assert 2 == len(passwords(await finder.look(reading=True), ACCOUNT, window.words))


PARTS = {
    "room between": "<dl><dt>Mot de passe</dt><dd><code><span>Abcdefgh12</span>"
    "<span style='padding:0 1px'>345!</span></code></dd></dl>",
    "a break": "<dl><dt>Mot de passe</dt><dd>Abcdefgh12<br>345!</dd></dl>",
    "a break in a sentence": "<p>Mot de passe : Abcdefgh12<br>345!</p>",
    "a break before": "<table><tr><td>Mot de passe</td><td>345!<br>Abcdefgh12</td></tr></table>",
    "groups": "<dl><dt>Mot de passe</dt><dd><b>Abcdefg8</b><b style='margin-left:4px'>12345!</b></dd></dl>",
    "its last sign": "<dl><dt>Mot de passe</dt><dd>Abcdefgh1234<br>!</dd></dl>",
    "side by side": "<p>Mot de passe : <span style='display:flex'><b>Abcdefgh12</b><b>345!</b></span></p>",
    "a space": "<p>Mot de passe : <b>Abcdefgh12</b> <b>345!</b></p>",
    "a word glued to it": "<dl><dt>Mot de passe</dt><dd><i>PROVISOIRE</i><b>Abcdefgh12</b></dd></dl>",
    "beside its box": "<p>Mot de passe : <code style='background:#eee;padding:2px'>Abcdefgh12</code>345!</p>",
    "a full stop, or its own": "<dl><dt>Mot de passe</dt><dd><b>Abcdefgh12</b>.</dd></dl>",
}


@pytest.mark.parametrize("name", PARTS)
async def test_a_part_is_never_taken_for_the_whole(
    window: PortalBrowser, pages: Pages, name: str
) -> None:
    """What stands right beside it may be the rest of it: both are told, and kept."""
    finder = await show(window, pages, PARTS[name])
    view = await finder.look(reading=True)
    found = passwords(view, ACCOUNT, window.words)
    assert 2 == len(found), found
    assert set(found) <= set(everything(view))


@pytest.mark.parametrize("rest", ["345!", "x:345!", "!", "xyz"])
async def test_a_sign_that_parts_fields_may_be_the_password_s(
    window: PortalBrowser, pages: Pages, rest: str
) -> None:
    """Where what follows it is not said in words."""
    body = f"<p>Compte : x | Mot de passe : Abcdefgh12 | {rest} | Valable un an</p>"
    finder = await show(window, pages, body)
    assert 1 != len(passwords(await finder.look(reading=True), ACCOUNT, window.words))


ONE = {
    "its last sign": "<strong>Abcdefgh12345<em>!</em></strong>",
    "in a cell": "<table><tr><td>Abcdefgh12345<em>!</em></td></tr></table>",
    "beside copy": "<p>Abcdefgh12345<em>!</em> <button>Copier</button></p>",
    "in its line": "<p>Mot de passe : <b>Abcdefgh12345</b><i>!</i></p>",
    "with an icon": "<p><b>Abcdefgh12345!</b><i>✓</i> <i>✓</i></p>",
    "coloured groups": "<p><i>Abcdefgh</i><b>123</b><i>45</i><b>!</b></p>",
    "as a licence key": "<p>"
    + "".join(f"<b style='margin-right:1em'>{each}</b>" for each in ("Abcde", "fgh12", "345!"))
    + "</p>",
    "a full stop after its box": "<p><code style='border:1px solid;padding:2px'>Abcdefgh12345!</code>, à noter.</p>",
    "with words and a date": "<p>Provisoire<br><b>Abcdefgh12345!</b><br>31/12/2027</p>",
}


@pytest.mark.parametrize("name", ONE)
async def test_what_the_eye_sees_as_one_is_one(
    window: PortalBrowser, pages: Pages, name: str
) -> None:
    """However many elements draw it."""
    finder = await show(window, pages, f"<h2>Mot de passe</h2>{ONE[name]}")
    view = await finder.look(reading=True)
    assert ["Abcdefgh12345!"] == passwords(view, ACCOUNT, window.words)


async def test_a_box_shows_it(window: PortalBrowser, pages: Pages) -> None:
    """« Afficher le mot de passe » may be ticked; one that would send it is not."""
    body = (
        "<p>Mot de passe : <span id=v>••••••••</span></p><label><input type=checkbox onchange="
        f"'v.textContent=`{PLAIN}`'> Afficher le mot de passe</label><label><input type=checkbox "
        "onchange='location=`/trap`'> Afficher le mot de passe sur mon courriel</label>"
    )
    await show(window, pages, body)
    async with window.on("Écran suivant"):
        await EcranSuivant(window).reached()
        assert PLAIN == (await EcranSuivant(window).read(CASE)).reveal()
    assert "/trap" not in pages.asked


async def test_a_label_that_was_there_before_is_not_the_summary_s(
    window: PortalBrowser, pages: Pages
) -> None:
    """A column of the card has its name; the summary comes late, and once."""
    pages.at["/suite"] = f"<p>Mot de passe : <b>{PLAIN}</b></p>"
    card = "<table><tr><th>Compte</th><th>Mot de passe</th></tr><tr><td>X</td><td>défini</td></tr></table>"
    await show(window, pages, card)
    async with window.on("Écran suivant"):
        await EcranSuivant(window).expect()
        await window.page.evaluate("() => { setTimeout(() => { location = '/suite' }, 700) }")
        await EcranSuivant(window).reached()
        assert window.page.url.endswith("/suite")
        assert PLAIN == (await EcranSuivant(window).read(CASE)).reveal()


async def test_its_name_alone_beside_what_can_be_cancelled_is_a_question(
    window: PortalBrowser, pages: Pages
) -> None:
    """Nobody is told that there is a new password, as long as none is there."""
    asks = "<h2>Nouveau mot de passe</h2><p>Étape 2</p><button>Poursuivre</button><button>Annuler</button>"
    finder = await show(window, pages, asks)
    async with window.on("Écran suivant"):
        assert isinstance(EcranSuivant(window).seen(await finder.look(reading=True)), Abstention)
        finder = await show(window, pages, asks.replace("Annuler", "Fermer"))
        assert not isinstance(EcranSuivant(window).seen(await finder.look(reading=True)), Abstention)


async def test_nothing_is_opened_at_random_while_the_password_is_awaited(
    window: PortalBrowser, pages: Pages
) -> None:
    """It comes late: what looks like a menu, or a tab, may lead away from it for ever."""
    pages.at["/accueil"] = "<p>Accueil"
    away = "onclick=\"location='/accueil'\""
    body = (
        f"<div class=menu-item {away}>Accueil</div><div hidden>Mot de passe oublié</div>"
        f"<ul><li role=tab {away}>Factures</li></ul><p id=p></p><a href='#/accueil'>Fin</a>"
        f"<nav><i role=tab {away}>Compte</i><div hidden>Mot de passe</div></nav>"
        f"<script>setTimeout(() => p.innerHTML = 'Mot de passe : <b>{PLAIN}</b>', 2000)</script>"
    )
    await show(window, pages, body)
    async with window.on("Écran suivant"):
        await EcranSuivant(window).reached()
        assert PLAIN == (await EcranSuivant(window).read(CASE)).reveal()
    assert "/accueil" not in pages.asked


async def test_what_the_window_behind_it_shows_already_is_not_it(
    window: PortalBrowser, pages: Pages
) -> None:
    """The question's own window may close before the password is there."""
    pages.at["/own"] = "<p>Réinitialiser ?</p>"
    behind = f"<p>Mot de passe : {PLAIN}</p><button onclick='open(`/own`, ``, `width=300`)'>Z</button>"
    finder = await show(window, pages, behind)
    async with window.page.expect_popup() as opened:
        await window.page.click("button")
    window.follow()
    assert window.page is await opened.value
    await EcranSuivant(window).expect()
    await window.page.close()
    assert [] == EcranSuivant(window)._passwords(await finder.look(reading=True), ACCOUNT)
    window.memo.clear()


WAITED = {
    "late": ("<td>Réinitialisation du mot de passe<td>{a}<td id=v>", True),
    "another account's": ("<td>Réinitialisation du mot de passe<td>TECH_1_22@cpro.fr<td id=v>", False),
    "something else": ("<td>Export des factures<td>{a}<td id=v>", False),
    "one of two": (
        "<td>Réinitialisation du mot de passe<td>{a}<td><tr><td>Réinitialisation du mot de passe<td>{a}<td id=v>",
        False,
    ),
}


@pytest.mark.parametrize("name", WAITED)
async def test_a_result_is_looked_at_once_it_is_there(
    window: PortalBrowser, pages: Pages, name: str
) -> None:
    """In the one line that waited for it; what was there before is an older one's."""
    line, told = WAITED[name]
    show_it = "<button onclick=\"r.textContent='{0}'\">Consulter le résultat</button>"
    pages.at["/suivi"] = (
        f"<table><tr>{line.format(a=ACCOUNT)}<tr><td>Réinitialisation du mot de passe<td>{ACCOUNT}<td>"
        f"{show_it.format('Ancien')}</table><p id=r></p><script>setTimeout(() => v.innerHTML = `"
        f"{show_it.format(f'Mot de passe : {PLAIN}')}`, 700)</script>"
    )
    await show(window, pages, "<p>Demande</p>")
    async with window.on("Écran suivant"):
        await EcranSuivant(window).expect(ACCOUNT)
        await window.page.goto(pages.origin + "/suivi")
        if told:
            await EcranSuivant(window).reached()
            assert PLAIN == (await EcranSuivant(window).read(CASE)).reveal()
        else:
            usual, window.timeout = window.timeout, 2.0
            with pytest.raises(ScreenNotRecognised):
                await EcranSuivant(window).reached()
            window.timeout = usual
            assert "" == await window.page.inner_text("#r")


FOLDED = {
    "under its name": "<details><summary>Nouveau mot de passe</summary><code>{p}</code></details>",
    "a tab": "<ul><li><a role=tab href='#s' aria-selected=true>Structure</a></li><li><a role=tab "
    "href='#c' onclick='c.hidden=false'>Mot de passe</a></li></ul><div id=s>A</div>"
    "<div id=c hidden><code>{p}</code></div>",
    "a field": "<details><summary>Mot de passe</summary><input readonly value='{p}'></details>",
    "a sentence": "<details><summary>Suite</summary><p>Votre mot de passe est {p}</p></details>",
}


@pytest.mark.parametrize("name", FOLDED)
async def test_what_is_folded_under_its_own_name_is_opened(
    window: PortalBrowser, pages: Pages, name: str
) -> None:
    """The name alone is in sight; and a page that is not understood is kept with what it hides."""
    other = "<p>Dossier R2026-004417-AB</p>"
    finder = await show(window, pages, other + FOLDED[name].format(p=escape(PLAIN)))
    assert PLAIN in everything(await finder.look(reading=True))
    async with window.on("Écran suivant"):
        await EcranSuivant(window).reached()
        assert PLAIN == (await EcranSuivant(window).read(CASE)).reveal()


@pytest.mark.parametrize("close", ["J'ai compris", "Fermer"])
async def test_the_window_that_is_to_show_it_is_not_closed(
    window: PortalBrowser, pages: Pages, close: str
) -> None:
    """Its value is drawn late, and a fold of the page behind it may be it as well."""
    body = (
        "<main><button aria-expanded=false aria-controls=h>Historique</button>"
        "<div id=h hidden><p>mot de passe changé</p></div></main>"
        "<div id=c role=dialog style='position:fixed;inset:0;background:#fff'>"
        f"<p>Nouveau mot de passe</p><p id=v></p><button onclick='c.remove()'>{close}</button></div>"
        f"<script>setTimeout(() => v.textContent = '{PLAIN}', 1500)</script>"
    )
    await show(window, pages, body)
    async with window.on("Écran suivant"):
        assert PLAIN == (await EcranSuivant(window).read(CASE)).reveal()
