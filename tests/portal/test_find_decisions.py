"""What a page means, decided without a browser: whose a button is, and when nobody is to press it."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from releve.base.words import Words
from releve.portal.confirm import Question, about, left, question, step
from releve.portal.reading import message
from releve.portal.rows import Act, Missing, Move, Proof, pen, reset, revealed
from releve.portal.screens.accueil import going_on
from releve.portal.screens.authentification import login_form
from releve.portal.screens.structure import more as rest
from releve.portal.screens.structures import ActivitesDuGestionnaire, chooser, folded, tucked
from releve.portal.sight import Abstention, Want, agrees, closest, decide, describe, key_of
from releve.portal.view import Owner, Text, Thing, View

WORDS = Words()
MINE, HERS = "TECH_1_11@cpro.fr", "TECH_1_22@cpro.fr"
A, B = "21990001600011", "21990002400013"
RESET = WORDS.first("reset.button")


def want(key: str, kind: str = "press") -> Want:
    return Want(WORDS.first(key), WORDS.exact(key), WORDS.find(key), kind)


def press(number: int, text: str, *path: int, **more: object) -> Thing:
    return Thing(
        number, "press", {"text": text} if text else {}, path=(*path, number), at=number, **more
    )  # type: ignore[arg-type]


def account(what: str, *path: int, at: int = 0) -> Owner:
    return Owner(what, "account", path, at=at)


def structure(what: str, *path: int) -> Owner:
    return Owner(what, "siret", path)


def ask(things: list[Thing], owners: list[Owner]) -> Move | Missing:
    view = View(tuple(things), (), tuple(owners))
    return reset(view, MINE, want("reset.button"), want("reset.short"))


def test_each_row_has_its_own_button() -> None:
    """Blocks 10 and 20 are the rows: only the one that holds the account counts."""
    found = ask(
        [press(11, RESET, 1, 10), press(21, RESET, 1, 20)],
        [account(HERS, 1, 10, 12), account(MINE, 1, 20, 22)],
    )
    assert isinstance(found, Move)
    assert (Act.PRESS, 21, Proof.ROW) == (found.act, found.thing.id, found.proof)


def test_the_only_button_is_another_s() -> None:
    """The account is there without a button: hers is not pressed."""
    found = ask([press(11, RESET, 1, 10)], [account(HERS, 1, 10, 12), account(MINE, 1, 20, 22)])
    assert isinstance(found, Missing)
    assert found.others


def test_one_button_for_several_accounts_needs_a_choice() -> None:
    """Nothing tells whose it is until the account, and no other, is ticked."""
    owners = [account(HERS, 1, 10, 12), account(MINE, 1, 20, 22)]
    button = press(30, RESET, 1)
    assert isinstance(ask([button], owners), Missing)

    def radios(hers: bool, mine: bool) -> list[Thing]:
        return [
            Thing(13, "radio", path=(1, 10, 13), checked=hers),
            Thing(23, "radio", path=(1, 20, 23), checked=mine),
            button,
        ]

    first = ask(radios(hers=True, mine=False), owners)
    assert isinstance(first, Move)
    assert (Act.CHECK, 23) == (first.act, first.thing.id)
    then = ask(radios(hers=False, mine=True), owners)
    assert isinstance(then, Move)
    assert (Act.PRESS, Proof.CHOSEN) == (then.act, then.proof)
    assert isinstance(ask(radios(hers=True, mine=True), owners), Missing), "both are ticked"


def test_what_a_tab_says_of_its_part_is_a_weak_proof() -> None:
    """And no question names an account by the tab that it is asked in."""
    tabs = [account(HERS, 1, 10, 11), account(MINE, 1, 10, 12)]
    lent = replace(account(MINE, 1, 30), lent=True)
    found = ask([press(31, RESET, 1, 30)], [*tabs, lent])
    assert isinstance(found, Move)
    assert (Act.PRESS, Proof.PLACE) == (found.act, found.proof)
    there = account(HERS, 1, 30, 32)
    assert isinstance(ask([press(31, RESET, 1, 30)], [*tabs, lent, there]), Missing)
    asked = View(
        (press(33, WORDS.first("reset.confirm"), 1, 30),),
        (Text(34, "Réinitialiser le mot de passe ?", (1, 30, 34)),),
        (*tabs, lent),
    )
    told = question(asked, View(), WORDS)
    assert isinstance(told, Question) and not told.accounts


def test_a_name_that_says_another_account_outweighs_the_row() -> None:
    """A button that names somebody else's account is never ours, wherever it stands."""
    found = ask(
        [press(21, f"{RESET} {HERS}", 1, 20)], [account(HERS, 1, 10, 12), account(MINE, 1, 20, 22)]
    )
    assert not isinstance(found, Move)


@pytest.mark.parametrize(
    "other",
    [
        press(13, f"Supprimer {MINE}", 1, 10),
        press(13, f"Changer l'état de {MINE}", 1, 10),
        press(13, "", 1, 10, opens="looks"),
    ],
    ids=["deletes", "says more", "a switch"],
)
def test_what_changes_an_account_does_not_lead_to_it(other: Thing) -> None:
    """A link that is called by the account, and says more; an icon that only looks like a menu's.
    Its name alone does.
    """
    told = replace(want("reset.button"), words=WORDS)
    owners = (account(MINE, 1, 10, 12),)
    assert isinstance(
        reset(View((other,), (), owners), MINE, told, want("reset.short")), Missing
    )
    named = View((press(14, MINE, 1, 10), other), (), owners)
    found = reset(named, MINE, told, want("reset.short"))
    assert isinstance(found, Move)
    assert (Act.VISIT, 14) == (found.act, found.thing.id)


def test_the_question_that_a_row_opens_is_no_reset_button() -> None:
    """Its « Réinitialiser » would be the irreversible click, unannounced."""
    told, short = replace(want("reset.button"), words=WORDS), want("reset.short")
    asks = Text(31, f"Réinitialiser le mot de passe de {MINE} ?", (1, 30, 31))
    buttons = (press(32, "Réinitialiser", 1, 30), press(33, "Annuler", 1, 30))
    opened = View(buttons, (asks,), (account(MINE, 1, 30, 31),))
    assert revealed(opened, View(), MINE, told, short) is None
    menu = View((press(32, "Réinitialiser", 1, 30),), (), (account(MINE, 1, 30, 31),))
    assert revealed(menu, View(), MINE, told, short) is not None


@pytest.mark.parametrize(
    ("called", "act"),
    [
        ("Modifier", Act.VISIT),
        ("Détails", Act.VISIT),
        ("Modifier le statut", None),
        ("Détails de la facture", None),
        ("Supprimer", None),
    ],
)
def test_a_line_is_opened_by_its_own_modifier(called: str, act: Act | None) -> None:
    """Where another one's stands open, and has the button."""
    told = replace(want("reset.button"), words=WORDS)
    owners = (account(HERS, 1, 10, 12), account(MINE, 1, 20, 22))
    hers = (press(11, RESET, 1, 10), press(13, "Modifier", 1, 10))
    view = View((*hers, press(23, called, 1, 20)), (), owners)
    found = reset(view, MINE, told, want("reset.short"))
    assert (act, 23) == (found.act, found.thing.id) if isinstance(found, Move) else act is None


LINE = (0, 100, 300, 20)
WHOLE_LINES = {
    "with a sign": (f"{MINE} Expire le 30/11/2026 •••", (), True),
    "with a bin at its end": (f"{MINE} 30/11/2026 🗑", (280, 100, 20, 20), True),
    "with a bin in its middle": (f"{MINE} 30/11/2026 🗑", (140, 100, 20, 20), False),
    "suspends": (f"{MINE} Suspendre", (), False),
    "begins otherwise": (f"Quitter {MINE}", (), False),
}


@pytest.mark.parametrize("name", WHOLE_LINES)
def test_the_whole_line_may_be_what_is_pressed(name: str) -> None:
    """Where there is nothing else, and its middle is its own."""
    words, box, told = WHOLE_LINES[name]
    owners = (account(HERS, 1, 10), account(MINE, 1, 20))
    line = replace(press(20, words, 1, box=LINE), looks=True)
    things = [line, *([press(21, "🗑", 1, 20, box=box)] if box else [])]
    wanted = replace(want("reset.button"), words=WORDS)
    found = reset(View(tuple(things), (), owners), MINE, wanted, want("reset.short"))
    assert told == isinstance(found, Move)
    assert not isinstance(found, Move) or (Act.VISIT, 20) == (found.act, found.thing.id)


@pytest.mark.parametrize("named", ["Sélectionner la ligne", "Actif", ""])
def test_another_account_is_left_out_where_its_box_says_that_it_selects(named: str) -> None:
    """What is called otherwise may be a setting of hers."""

    def box(number: int, *path: int, checked: bool) -> Thing:
        names = {"aria": named} if named else {}
        return Thing(number, "check", names, path=(1, *path, number), checked=checked)

    owners = [account(HERS, 1, 10, 12), account(MINE, 1, 20, 22)]
    boxes = [box(13, 10, checked=True), box(23, 20, checked=True)]
    found = ask([*boxes, press(30, RESET, 1)], owners)
    if not named.startswith("Sél"):
        assert isinstance(found, Missing)
        return
    assert isinstance(found, Move)
    assert (Act.CHECK, 13) == (found.act, found.thing.id)


def link(number: int, *path: int) -> Thing:
    return press(number, "Tout afficher", *path, href=f"/{number}")


def test_the_rest_of_the_accounts_is_behind_the_link_that_stands_with_them() -> None:
    """Not the one of another list, nor where two may be meant."""
    owners = (account(HERS, 1, 20, 22),)
    found = rest(View((link(11, 1, 10), link(21, 1, 20)), (), owners), WORDS)
    assert [21] == [each.id for each in found]
    assert not rest(View((link(21, 1, 20), link(23, 1, 20)), (), owners), WORDS)
    assert not rest(View((link(11, 1, 10),), (), ()), WORDS)


def test_the_only_menu_of_its_row_goes_before_its_only_link() -> None:
    """Which may lead elsewhere; once the menu has shown nothing, the link is what is left."""
    told = replace(want("structures.edit"), words=WORDS)
    name, menu = press(13, "Commune d'Exemple", 1, 10), press(14, "▾", 1, 10, opens="popup")
    owners = (structure(A, 1, 10, 12), structure(B, 1, 20, 22))
    first = pen(View((name, menu), (), owners), A, told)
    assert isinstance(first, Move)
    assert (Act.MENU, 14) == (first.act, first.thing.id)
    then = pen(View((name, menu), (), owners), A, told, {menu.key})
    assert isinstance(then, Move)
    assert (Act.PRESS, 13) == (then.act, then.thing.id)
    icon = pen(View((press(15, "", 1, 10), menu), (), owners), A, told)
    assert isinstance(icon, Move)
    assert 15 == icon.thing.id, "a pen without a word"
    page = View((name, press(5, "Affichage", 1, opens="popup")), (), owners[:1])
    found = pen(page, A, told)
    assert isinstance(found, Move)
    assert 13 == found.thing.id, "a menu of the page is not the row's"


@pytest.mark.parametrize(
    ("thing", "opened"),
    [
        (press(11, "►", 1, opens="sign"), True),
        (press(11, "Développer", 1, opens="expands"), True),
        (press(11, "⋮", 1, opens="sign"), False),
        (press(11, "▾", 1, opens="popup"), False),
        (press(11, "Tout supprimer", 1, opens="expands"), False),
        (press(11, "►", 1, opens="sign", region="nav"), False),
        (press(11, "►", 1, opens="sign", away=True), False),
    ],
)
def test_what_is_folded_in_a_list_is_opened_by_its_sign(thing: Thing, opened: bool) -> None:
    """A menu of a row is no fold."""
    assert opened == bool(folded(View((thing,)), WORDS))


@pytest.mark.parametrize(
    ("signs", "following"),
    [("« ‹ › »", "›"), ("« 2 3 »", "2"), ("« »", "»"), ("« -»", ""), ("« » »", "")],
)
def test_the_last_sign_of_a_pager_may_lead_to_the_last_page(signs: str, following: str) -> None:
    """It is pressed where nothing else leads on."""
    things = [
        press(n, each.strip("-"), 1, enabled=each[0] != "-") for n, each in enumerate(signs.split())
    ]
    page: Any = SimpleNamespace(words=WORDS)
    here = Text(20, "1", (1, 20))
    found = ActivitesDuGestionnaire(page)._following(View(tuple(things), (here,)))
    assert following == (found.name if found else "")


def test_the_title_of_a_tile_is_its_name() -> None:
    """Of several that begin so, the one whose first line says no more."""
    head = WORDS.first("home.manager")
    tiles = [
        press(11, f"{head} délégué Mes délégations 0", 1, head=f"{head} délégué"),
        press(12, f"{head} Mes structures 35", 1, head=head),
    ]
    found = decide(View(tuple(tiles)), want("home.manager"))
    assert isinstance(found, Thing) and 12 == found.id
    twice = View((*tiles, press(13, f"{head} Archives", 1, head=head)))
    assert isinstance(decide(twice, want("home.manager")), Abstention)
    assert isinstance(decide(View((tiles[0], press(13, f"{head} bis", 1))), want("home.manager")), Abstention)


def test_a_grey_pen_is_woken_by_its_row_and_by_nothing_in_it() -> None:
    """The bin beside it is not pressed, nor where it is the only thing there."""
    grey = press(13, "Modifier", 1, 10, enabled=False)
    bin_ = press(14, "", 1, 10, looks=True)
    owners = (structure(A, 1, 10, 12),)
    told = replace(want("structures.edit"), words=WORDS)
    assert isinstance(pen(View((grey, bin_), (), owners), A, told), Abstention)
    row = Thing(10, "press", {"text": "Commune"}, path=(1, 10), looks=True)
    found = pen(View((row, grey, bin_), (), owners), A, told)
    assert isinstance(found, Move)
    assert (Act.CHECK, 10) == (found.act, found.thing.id)
    deletes = press(14, "Supprimer", 1, 10)
    assert isinstance(pen(View((deletes,), (), owners), A, told), Abstention)


def test_nested_tables_and_menus() -> None:
    """The smallest block that holds an account decides; a row's menu is opened, nobody else's."""
    nested = ask(
        [press(25, RESET, 1, 20, 24), press(15, RESET, 1, 10, 14)],
        [account(MINE, 1, 20, 23, 26), account(HERS, 1, 10, 13, 16)],
    )
    assert isinstance(nested, Move)
    assert 25 == nested.thing.id
    menu = ask(
        [press(15, "⋮", 1, 10, opens="sign"), press(25, "⋮", 1, 20, opens="sign")],
        [account(HERS, 1, 10, 12), account(MINE, 1, 20, 22)],
    )
    assert isinstance(menu, Move)
    assert (Act.MENU, 25) == (menu.act, menu.thing.id)


def test_flat_cells_are_told_by_their_line() -> None:
    """Without rows, a button on the account's own line is its own, weakly."""
    owners = [
        Owner(HERS, "account", (1, 11), at=11, box=(0, 0, 200, 20)),
        Owner(MINE, "account", (1, 21), at=21, box=(0, 30, 200, 20)),
    ]
    things = [press(12, RESET, 1, box=(300, 0, 90, 20)), press(22, RESET, 1, box=(300, 30, 90, 20))]
    found = ask(things, owners)
    assert isinstance(found, Move)
    assert (22, True) == (found.thing.id, found.proof.weak)
    first = [replace(t, at=t.at - 2) for t in things]  # as where one writes from the right
    found = ask(first, owners)
    assert isinstance(found, Move)
    assert (22, True) == (found.thing.id, found.proof.weak)
    lower = [press(10, RESET, 1, box=(0, 30, 90, 20)), press(20, RESET, 1, box=(0, 60, 90, 20))]
    assert isinstance(ask(lower, owners), Missing), "each under its own, beside the next one"
    assert isinstance(ask(first[1:], owners), Missing), "one has no button, or it is hers"
    above = [press(12, RESET, 1, box=(0, 20, 90, 9)), press(22, RESET, 1, box=(0, 50, 90, 9))]
    assert isinstance(ask(above, owners), Missing), "under it, or over the next one: nobody knows"


def test_the_pen_is_named_or_alone() -> None:
    """The pen by its name among icons; without a name, the only icon of the row; else nothing."""
    owners = (structure(A, 1, 10, 12), structure(B, 1, 20, 22))
    icons = (
        press(13, "Supprimer", 1, 10),
        press(14, "Modifier", 1, 10),
        press(24, "Modifier", 1, 20),
    )
    found = pen(View(icons, (), owners), A, want("structures.edit"))
    assert isinstance(found, Move)
    assert 14 == found.thing.id
    mute = pen(
        View((press(13, "", 1, 10), press(23, "", 1, 20)), (), owners), A, want("structures.edit")
    )
    assert isinstance(mute, Move)
    assert 13 == mute.thing.id
    two = (press(13, "", 1, 10), press(14, "", 1, 10))
    assert isinstance(pen(View(two, (), owners), A, want("structures.edit")), Abstention)


def test_what_was_typed_to_search_by_makes_no_lone_thing_a_pen() -> None:
    """The rows may be to come: only what is called so may be the pen of one that has no number."""
    typed = Thing(12, "field", path=(1, 10, 12))
    owners = (structure(A, 1, 10, 12),)
    alone = View((typed, press(20, "Se déconnecter", 1)), (), owners)
    assert isinstance(pen(alone, A, want("structures.edit")), Abstention)
    found = pen(View((typed, press(20, "Modifier", 1)), (), owners), A, want("structures.edit"))
    assert isinstance(found, Move)


def test_a_number_of_the_other_kind_decides_nothing() -> None:
    """The block of a structure holds two structures: no pen there is anybody's."""
    view = View((press(13, "Modifier", 1),), (), (structure(A, 1, 10), structure(B, 1, 20)))
    assert isinstance(pen(view, A, want("structures.edit")), Abstention)


def test_what_stands_together_belongs_together() -> None:
    """The button of the form in which the fields are, not its twin elsewhere."""
    field = Thing(12, "field", path=(1, 10, 12), form=10)
    view = View((field, press(13, "Valider", 1, 10), press(23, "Valider", 1, 20)))
    near = closest(view, want("login.submit"), [field])
    assert isinstance(near, Thing)
    assert 13 == near.id
    assert isinstance(decide(view, want("login.submit")), Abstention)


@pytest.mark.parametrize("text", ["Ne pas confirmer", "Annuler"])
def test_an_exact_name_is_no_other_word(text: str) -> None:
    """A longer name is not an exact one."""
    exact = Want("Confirmer", re.compile(WORDS.exact("reset.confirm").pattern, re.IGNORECASE))
    assert isinstance(decide(View((press(1, text),)), exact), Abstention)


def test_only_the_box_that_holds_the_button_back_is_ticked() -> None:
    """A letter to subscribe to stands in the same window: it stays as it is."""
    asked = Text(11, "Confirmez-vous la réinitialisation du mot de passe ?", (1, 10, 11))
    agree = Thing(12, "check", {"label": "J'ai compris"}, path=(1, 10, 12))
    near = {"before": "J'ai compris"}
    letter = Thing(13, "check", {"label": "Recevoir la lettre"}, near, path=(1, 10, 13))
    button = press(14, "Confirmer", 1, 10, enabled=False)
    found = question(View((agree, letter, button), (asked,)), View(), WORDS)
    assert isinstance(found, Question) and found.box is not None
    assert (12, 14) == (found.box.id, found.button.id if found.button else 0)


BOXES = {
    ("J'ai compris", "Je certifie en avoir besoin"): "J'ai compris",
    ("Je noterai le mot de passe", "Désactiver le compte"): "Je noterai le mot de passe",
    ("Lu",): "Lu",
    ("Lu", "Supprimer les autres"): "",
    ("Lu", "Noté"): "",
    ("Je souhaite un appel", "Recevoir la lettre"): "",
    ("Je veux désactiver ce compte", "J'accepte de recevoir la lettre"): "",
    ("Désactiver le compte",): "",
    ("Pour tous les comptes",): "",
    ("Je confirme la réinitialisation des autres comptes",): "",
    ("Je certifie que le compte peut être clôturé", "Je demande son archivage"): "",
}


@pytest.mark.parametrize("called", BOXES)
@pytest.mark.parametrize("awake", [False, True])
def test_a_box_is_agreed_to_and_what_has_an_effect_is_not(
    called: tuple[str, ...], awake: bool
) -> None:
    """One after the other; where nothing is held back, only what says that it is agreed to."""
    asked = Text(11, "Confirmez-vous la réinitialisation du mot de passe ?", (1, 10, 11))
    boxes = [
        Thing(20 + n, "check", {"label": each}, path=(1, 10, 20 + n))
        for n, each in enumerate(called)
    ]
    button = press(14, "Confirmer", 1, 10, enabled=awake)
    found = question(View((*boxes, button), (asked,)), View(), WORDS)
    box = found.box if isinstance(found, Question) else None
    told = BOXES[called] if not awake or BOXES[called] == "J'ai compris" else ""
    assert told == (box.name if box else "")


YES = {
    "Oui, réinitialiser le mot de passe": True,
    "Oui, confirmer la réinitialisation": True,
    "Je confirme la réinitialisation": True,
    "Réinitialiser le mot de passe": True,
    "Réinitialiser le mot de passe de tous les comptes": False,
    "OK, garder le mot de passe actuel": False,
    "Continuer avec le mot de passe actuel": False,
    "Oui, mais conserver l'ancien mot de passe": False,
    "Valider et envoyer le mot de passe par courriel": False,
    "Continuer sans réinitialiser le mot de passe": False,
    "Réinitialiser le formulaire": False,
    "Valider la demande": True,
    "Oui, je suis sûr": True,
    "Oui, générer un nouveau mot de passe": True,
    "Obtenir un nouveau mot de passe": True,
    "Oui, générer un nouveau mot de passe et désactiver le compte": False,
    "Oui, créer un compte": False,
    "Confirmer l'adresse": False,
    "Lancer la réinitialisation": True,
    "Accepter de recevoir le mot de passe par courriel": False,
    "Oui, je connais mon mot de passe": False,
}


@pytest.mark.parametrize("text", YES)
@pytest.mark.parametrize("layer", [0, 10])
def test_a_yes_goes_on_about_the_password(text: str, layer: int) -> None:
    """In a window that came up on the same page, where nothing else can be chosen."""
    asked = Text(11, "Le mot de passe de ce compte va changer.", (1, 10, 11))
    view = View((press(12, text, 1, 10, layer=layer),), (asked,))
    no = press(14, "Conserver le mot de passe actuel", 1, 10, layer=layer)
    view = replace(view, things=(*view.things, no))
    told = YES[text] and layer > 0
    assert told == isinstance(question(view, View(), WORDS), Question)
    there = View((press(13, "Aide", 1, 10, layer=layer),))
    assert isinstance(question(view, there, WORDS), Abstention), "the window was there before"
    other = View(documents={0: 1.0})
    assert isinstance(question(view, other, WORDS), Abstention), "another page"
    only = press(15, "Ce compte seulement", 1, 10, layer=layer)
    more = replace(view, things=(*view.things, only))
    assert isinstance(question(more, View(), WORDS), Abstention), "a choice is for a person"


RENEWED = f"Un nouveau mot de passe va être généré pour {MINE}."
RENEWALS = {
    RENEWED: True,
    f"Régénérer le mot de passe de {MINE} ?": True,
    "Un nouveau mot de passe va être généré.": False,
    f"Un nouveau mot de passe va être généré pour {MINE} et les autres comptes.": False,
    f"Générer une attestation de mot de passe pour {MINE}": False,
    f"Le mot de passe de {MINE} a été généré. Vous pouvez générer un nouveau mot de passe.": False,
    f"Générer un nouveau mot de passe pour {MINE}. Mot de passe : Abc12345&x{{": False,
    f"Impossible de générer un nouveau mot de passe pour {MINE} : l'accord est échu.": False,
    f"Avant de générer un nouveau mot de passe pour {MINE}, le certificat est à refaire.": False,
    f"Renouveler le certificat de {MINE} ? Le mot de passe sera généré plus tard.": False,
}


@pytest.mark.parametrize("said", RENEWALS)
@pytest.mark.parametrize("other", ["Annuler", "Exporter"])
def test_a_window_that_announces_a_new_password_says_yes_by_generate(said: str, other: str) -> None:
    """Of one account, where nothing else can be chosen."""
    asked = Text(11, said, (1, 10, 11))
    owners = (account(MINE, 1, 10, 11),) if MINE in said else ()
    things = (press(12, "Générer", 1, 10, layer=10), press(13, other, 1, 10, layer=10))
    view = View(things, (asked,), owners)
    told = RENEWALS[said] and other == "Annuler"
    assert told == isinstance(question(view, View(), WORDS), Question)
    page = replace(view, things=tuple(replace(t, layer=0) for t in things))
    assert isinstance(question(page, View(), WORDS), Abstention)


MESSAGES = {
    "Service des comptes — Votre nouveau mot de passe — aujourd'hui": True,
    "Votre nouveau mot de passe": False,
    "Service des comptes — Votre nouveau mot de passe — 02/09/2025": False,
    "Nouveau mot de passe — aujourd'hui": False,
    "Demander votre nouveau mot de passe — aujourd'hui": False,
    "Supprimer — Aujourd'hui — Votre nouveau mot de passe": False,
}


@pytest.mark.parametrize("text", MESSAGES)
def test_a_message_may_hold_the_new_password(text: str) -> None:
    """The only one that is called so, and came now: an older one's value is not the new one."""
    view = View((press(11, text, 1), press(12, "Bienvenue", 1)))
    assert MESSAGES[text] == bool(message(view, WORDS))
    assert not message(View((*view.things, press(13, text, 1))), WORDS)


@pytest.mark.parametrize("called", ["Revenir à la structure", "Retour à la structure"])
def test_the_way_back_from_the_password_is_no_way_out_of_a_question(called: str) -> None:
    """Where the password is shown, all is done."""
    assert not left(View((press(11, called, 1),)), View(), WORDS)


LINES = {
    "a yes": (("Confirmer ?", "Annuler"), True),
    "a yes that goes on": (("Oui, réinitialiser le mot de passe", "Non"), True),
    "no way out": (("Confirmer",), False),
    "only a way out": (("Annuler",), False),
    "the same again": (("Réinitialiser", "Annuler"), False),
    "a choice": (("Confirmer", "Ce compte seulement", "Annuler"), False),
    "something else": (("Confirmer la suppression", "Annuler"), False),
}


@pytest.mark.parametrize("name", LINES)
def test_what_takes_the_place_of_the_button_is_its_question(name: str) -> None:
    """With a way out and nothing else, in that account's line."""
    shown, told = LINES[name]
    owners = (account(MINE, 1, 10, 11), account(HERS, 1, 20, 21))
    pressed, hers = press(12, RESET, 1, 10), press(22, RESET, 1, 20)
    before = View((pressed, hers), (Text(51, "Actif", (1, 10, 51)),), owners)
    come = [press(30 + n, each, 1, 10) for n, each in enumerate(shown)]
    view = View((*come, hers), owners=owners)
    found = question(view, before, WORDS)
    assert told == isinstance(found, Question)
    if isinstance(found, Question):
        assert found.button is come[0] and (MINE,) == found.accounts
    plain = replace(view, texts=(Text(50, "Êtes-vous sûr ?", (1, 10, 50)),))
    assert told == isinstance(question(plain, before, WORDS), Question)
    others = {
        "it is still there": replace(view, things=(*view.things, pressed)),
        "something to fill in": replace(view, things=(*view.things, Thing(40, "field", path=(1, 10)))),
        "a line of two": replace(view, owners=(*owners, account(HERS, 1, 10, 13))),
        "it asks something else": replace(view, texts=(Text(50, "Le réactiver ?", (1, 10, 50)),)),
        "it tells something else": replace(view, texts=(Text(51, "Compte bloqué.", (1, 10, 51)),)),
        "another page": replace(view, documents={0: 1.0}),
    }
    for why, each in others.items():
        assert isinstance(question(each, before, WORDS), Abstention), why


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Vous allez réinitialiser ce compte :", True),
        ("Le mot de passe a été réinitialisé :", False),
        ("Compte :", False),
    ],
)
def test_a_part_of_the_page_asks_as_a_window_does(text: str, told: bool) -> None:
    """Under words about the reset, with a way out and nothing else; all else is drawn anew."""
    yes, no = press(12, "Je confirme la réinitialisation", 1, 10), press(13, "Abandonner", 1, 10)
    owners = (account(MINE, 1, 10, 11), account(MINE, 1, 20, 21), account(HERS, 1, 30, 31))
    lines = press(22, "Réinitialiser", 1, 20), press(32, "Réinitialiser", 1, 30)
    before = View((press(42, "Réinitialiser", 1, 40), press(52, "Réinitialiser", 1, 50)))
    view = asks(text, yes, no, *lines, owners=owners)
    found = question(view, before, WORDS)
    assert told == isinstance(found, Question)
    if isinstance(found, Question):
        assert found.button is yes and (MINE,) == found.accounts
    more = replace(view, things=(*view.things, press(14, "Ce compte seulement", 1, 10)))
    assert isinstance(question(more, before, WORDS), Abstention), "a choice is for a person"
    alone = replace(view, things=(yes, *lines))
    assert isinstance(question(alone, before, WORDS), Abstention), "it cannot be left"
    there = replace(before, things=(*before.things, replace(yes, id=60, path=(1, 60))))
    assert isinstance(question(view, there, WORDS), Abstention), "it was there before"


PAGES = {
    ("Confirmer la demande", "Précédent"): True,
    ("Je confirme la réinitialisation du mot de passe", "Annuler"): True,
    ("Confirmer la demande", "Aide"): False,
    ("Réinitialiser le mot de passe", "Retour"): False,
    ("Obtenir un nouveau mot de passe", "Retour"): False,
    ("Confirmer l'adresse", "Retour"): False,
    ("Valider et envoyer le mot de passe par courriel", "Retour"): False,
    ("Valider les modifications", "Annuler"): False,
    ("Confirmer mes choix", "Retour"): False,
}


@pytest.mark.parametrize("called", PAGES)
def test_a_second_page_has_a_yes_of_its_own(called: tuple[str, str]) -> None:
    """It is about one account, and can be left; a card that is drawn anew is not it."""
    view = asks(
        "Nature de la demande : réinitialisation du mot de passe",
        *(press(12 + n, each, 1, 10) for n, each in enumerate(called)),
        owners=(account(MINE, 1, 10, 11),),
    )
    before = View((press(12, RESET, 1, 10),), documents={0: 1.0})
    found = question(view, before, WORDS)
    assert PAGES[called] == isinstance(found, Question)
    two = replace(view, owners=(*view.owners, account(HERS, 1, 10, 20)))
    assert isinstance(question(two, before, WORDS), Abstention), "a card"
    for kind in ("radio", "list", "check", "field"):
        more = replace(view, things=(*view.things, Thing(40, kind, path=(1, 40))))
        assert isinstance(question(more, before, WORDS), Abstention), "it asks something"
    texts = (*view.texts, Text(15, "Jean demande son rattachement.", (1, 10, 9, 15)))
    yes = tuple(replace(t, path=(1, 10, 9, t.id)) for t in view.things)
    another = replace(view, texts=texts, things=yes)
    assert isinstance(question(another, before, WORDS), Abstention), "something else's"
    there = replace(before, things=(press(20, called[0], 1),))
    assert isinstance(question(view, there, WORDS), Abstention), "the same page, drawn anew"


BARS = {
    "1 modification en attente : réinitialisation du mot de passe de": True,
    "Un changement : mot de passe à réinitialiser, renouvellement": True,
    "1 modification en attente : vous allez réinitialiser le mot de passe de": True,
    "2 modifications en attente : réinitialisation du mot de passe de": False,
    "11 modifications en attente : réinitialisation du mot de passe de": False,
    "Modifications en attente : réinitialisation du mot de passe de": False,
    "1 modification en attente : mot de passe de contact": False,
    "1 modification en attente (réinitialisation) et 1 suppression": False,
    "1 modification en attente : réinitialisation du mot de passe, tous les comptes": False,
    "1 modification : réinitialisation du mot de passe et suspension de": False,
    "1 modification : réinitialisation du mot de passe, à transmettre à": False,
}


@pytest.mark.parametrize("text", BARS)
def test_what_waits_is_sent_where_it_is_the_reset_alone(text: str) -> None:
    """A bar that gathers changes may hold others."""
    send = press(12, "Valider les modifications", 1, 10, layer=10)
    drop = press(13, "Tout abandonner", 1, 10, layer=10)
    view = asks(text, send, drop, owners=(account(MINE, 1, 10, 11),))
    found = question(view, View(), WORDS)
    assert BARS[text] == isinstance(found, Question)
    if text[0] in "12" and " modifications" in text:
        said = replace(view, things=(replace(send, names={"text": "Valider"}), drop))
        assert isinstance(question(said, View(), WORDS), Abstention), "in a word"
    there = View((press(14, "Aide", 1, 10, layer=10),))
    assert isinstance(question(view, there, WORDS), Abstention), "it was there before"
    nobody = replace(view, owners=())
    assert isinstance(question(nobody, View(), WORDS), Abstention), "it does not say whose"
    more = replace(view, things=(*view.things, press(14, "Voir", 1, 10, layer=10)))
    assert isinstance(question(more, View(), WORDS), Abstention), "a choice is for a person"


def asks(text: str, *things: Thing, owners: tuple[Owner, ...] = ()) -> View:
    return View(things, (Text(11, text, (1, 10, 11)),), owners)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Êtes-vous certain de vouloir réaliser cette action ?", True),
        ("Supprimer le compte : cette action est irréversible.", False),
        ("Votre session se ferme. Voulez-vous continuer ?", False),
        ("Êtes-vous certain de vouloir vous abonner ?", False),
        ("Vous allez être déconnecté. Voulez-vous continuer ?", False),
        ("Cette opération prend deux minutes.", False),
        ("!", False),
    ],
)
def test_a_question_may_be_about_what_was_just_pressed(text: str, told: bool) -> None:
    """Unless it is about something else."""
    view = asks(text, press(12, "Oui", 1, 10, layer=10), press(13, "Non", 1, 10, layer=10))
    assert told == isinstance(question(view, View(), WORDS), Question)


def test_what_leads_to_the_next_step_is_part_of_the_question() -> None:
    """In a window that came up, names an account, and can still be left; a page of a list has it
    too.
    """
    on, no = press(12, "Suivant", 1, 10, layer=10), press(13, "Annuler", 1, 10, layer=10)
    view = asks("Réinitialisation du mot de passe", on, no, owners=(account(MINE, 1, 10, 11),))
    assert isinstance(question(view, View(), WORDS), Question)
    assert isinstance(question(replace(view, owners=()), View(), WORDS), Abstention), "a tour"
    assert isinstance(question(asks("Mot de passe", on), View(), WORDS), Abstention)
    back = press(13, "Précédent", 1, 10, layer=10)
    assert isinstance(question(asks("Mot de passe", on, back), View(), WORDS), Abstention), "a tour"
    page = asks("Mot de passe", replace(on, layer=0), replace(no, layer=0))
    assert isinstance(question(page, View(), WORDS), Abstention), "pages of a list"
    there = View((press(14, "Aide", 1, 10, layer=10),))
    assert isinstance(question(view, there, WORDS), Abstention), "the window was there before"
    assert isinstance(question(view, there, WORDS, 10), Question), "and had asked"


def test_a_further_step_says_that_the_reset_is_to_come_and_whose() -> None:
    """And can still be left. A button that only changed its words is another; what was drawn once
    more is not.
    """
    own, said = (account(MINE, 1, 10, 11),), "Réinitialiser le mot de passe ?"
    no, first = press(13, "Annuler", 1, 10, layer=10), press(12, "Suivant", 1, 10, layer=10)
    before = asks("Mot de passe de ce compte", first, no, owners=own)
    yes = press(12, "Oui, réinitialiser le mot de passe", 1, 10, layer=10)
    told = asks(said, yes, no, owners=own)
    found = step(told, before, first, WORDS)
    assert isinstance(found, Question) and found.button is yes
    reset = press(2, RESET, 1)
    assert isinstance(step(told, replace(before, things=(reset,)), reset, WORDS), Abstention)
    others = {
        "it is done": asks(said, yes, owners=own),
        "it cannot be left any more": asks(said, yes, replace(no, enabled=False), owners=own),
        "nobody says whose": asks(said, yes, no),
        "the summary": asks("Nouveau mot de passe : …", yes, no, owners=own),
        "another one": asks("Réinitialiser aussi les autres ?", yes, no, owners=own),
        "another reset": asks("Réinitialiser à nouveau ?", yes, no, owners=own),
        "another page": replace(told, documents={0: 1.0}),
    }
    for why, each in others.items():
        assert isinstance(step(each, before, first, WORDS), Abstention), why
    for word in ("Confirmer", "Oui", "Valider"):
        sent = replace(first, names={"text": word})
        assert isinstance(step(told, before, sent, WORDS), Abstention), "it was the answer"
    for word in ("Suivant", "Continuer"):
        one = replace(first, names={"text": word})
        then = replace(before, things=(one, no))
        assert isinstance(step(then, then, one, WORDS), Abstention), "unchanged"
        anew = replace(one, id=22, path=(1, 10, 22))
        found = step(replace(told, things=(anew, no)), then, one, WORDS)
        assert (word == "Suivant") == isinstance(found, Question), "it may have been sent"


def test_of_two_confirmations_the_one_whose_question_stands_nearer() -> None:
    """The other one is for another account. Both may be ours where no account tells."""
    owner = account(MINE, 1, 10, 11)
    own, other = press(12, "Valider", 1, 10), press(20, "Valider", 1)
    found = question(asks("Nouveau mot de passe", own, other, owners=(owner,)), View(), WORDS)
    assert isinstance(found, Question) and found.button is own
    none = question(asks("Nouveau mot de passe", own, other), View(), WORDS)
    assert isinstance(none, Abstention)
    two = (owner, account(HERS, 1, 10, 15))
    both = question(asks("Nouveau mot de passe", own, other, owners=two), View(), WORDS)
    assert isinstance(both, Abstention)


@pytest.mark.parametrize(
    ("beside", "named"),
    [("Renouveler aussi", (MINE,)), ("Retirer", (MINE, HERS)), ("", (MINE, HERS))],
)
def test_who_has_a_reset_button_of_their_own_is_not_asked_about(
    beside: str, named: tuple[str, ...]
) -> None:
    """Who is only listed is."""
    owners = (account(MINE, 1, 10, 11), account(HERS, 1, 10, 20, 21))
    others = [press(22, beside, 1, 10, 20)] if beside else []
    view = asks("Nouveau mot de passe", press(12, "Confirmer", 1, 10), *others, owners=owners)
    found = question(view, View(), WORDS)
    assert isinstance(found, Question) and named == found.accounts
    if others:
        only = question(replace(view, owners=owners[1:]), View(), WORDS)
        assert isinstance(only, Question) and (HERS,) == only.accounts, "it is about them"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"Réinitialiser le mot de passe de {MINE} ?", True),
        ("Confirmez-vous la réinitialisation ?", True),
        (f"Réinitialiser le mot de passe de {HERS} ?", False),
        ("Annuler la réinitialisation du mot de passe ?", False),
        ("Réinitialiser le mot de passe et désactiver le compte ?", False),
        ("Quitter cette page ?", False),
        ("Recevoir le mot de passe par courriel ?", False),
        ("Réinitialiser aussi le mot de passe des autres comptes ?", False),
        ("Mot de passe refusé. Réinitialiser à nouveau ?", False),
    ],
)
def test_a_native_window_after_the_click_is_about_this_reset(text: str, told: bool) -> None:
    """Any other is answered with no."""
    assert told == about(text, MINE, WORDS)


def test_of_two_tiles_the_one_that_is_called_so() -> None:
    """Its title is the name; the other's only contains it."""
    tile, other = card(20, "Chorus Pro Factures", 1), card(30, "Formation Chorus Pro Test", 1)
    titles = Text(21, "Chorus Pro", (1, 20, 21)), Text(31, "Formation Chorus Pro", (1, 30, 31))
    assert tile is decide(View((tile, other), titles), want("pigp.chorus"))
    both = (*titles, Text(32, "Chorus Pro", (1, 30, 32)))
    assert isinstance(decide(View((tile, other), both), want("pigp.chorus")), Abstention)


def test_a_line_that_is_drawn_once_more_is_no_question() -> None:
    """All lines are new elements, and there are as many buttons as before."""
    asked = Text(21, "Réinitialiser un mot de passe", (1, 20, 21))
    before = View((press(12, "Réinitialiser", 1, 10),), documents={0: 1.0})
    line = press(22, "Réinitialiser", 1, 20)
    assert isinstance(question(View((line,), (asked,), documents={0: 1.0}), before, WORDS), Abstention)
    more = View((line, press(23, "Réinitialiser", 1, 20)), (asked,), documents={0: 2.0})
    assert isinstance(question(more, before, WORDS), Abstention), "two are for a person"
    other = View((line,), (asked,), documents={0: 2.0})
    assert isinstance(question(other, before, WORDS), Question), "a second page asks it"


@pytest.mark.parametrize(
    ("told", "written"),
    [
        (f"Saisissez l'identifiant {MINE} pour confirmer le mot de passe", MINE),
        ("Pour le mot de passe, tapez RENOUVELER", "RENOUVELER"),
        ("Tapez le mot RENOUVELER : nouveau mot de passe", "RENOUVELER"),
        ("Recopiez « oui » : nouveau mot de passe", "oui"),
        ("Entrez votre nom pour signer la demande de mot de passe", ""),
        ("Entrez le nom du demandeur du mot de passe", ""),
        ("Mot de passe : saisissez votre identifiant", ""),
        ("Mot de passe : entrez le SIRET de la structure", ""),
        ("Mot de passe : saisissez la référence, ex. « INC0012345 »", ""),
        ("Mot de passe : saisissez la date (« JJ/MM/AAAA »)", ""),
        ("Mot de passe : saisissez ce qui figure sur la CARTE", ""),
        ("Un motif, pour le mot de passe", ""),
        ("Saisissez le motif du nouveau mot de passe du compte (« DÉPART »)", ""),
        ("Saisissez un autre mot de passe", ""),
    ],
)
def test_what_has_to_be_written_again_is_told_by_the_question(told: str, written: str) -> None:
    """In its one empty field, while the button sleeps."""
    asked = Text(11, told, (1, 10, 11))
    field = Thing(12, "field", path=(1, 10, 12))
    sleeps = press(13, "Confirmer", 1, 10, enabled=False)
    found = question(View((field, sleeps), (asked,), (account(MINE, 1, 10, 11),)), View(), WORDS)
    typed = found.typed if isinstance(found, Question) else None
    assert written == (typed[1] if typed else "")


@pytest.mark.parametrize("about", ["réinitialiser le mot de passe", "envoyer une copie"])
def test_yes_is_answered_to_this_question_only(about: str) -> None:
    """Another one of the same window stays as it is."""
    asked = Text(11, "Réinitialiser le mot de passe", (1, 10, 11))
    near = {"legend": f"Voulez-vous {about} ?"}
    yes = Thing(12, "radio", {"label": "Oui"}, near, path=(1, 10, 12))
    no = Thing(13, "radio", {"label": "Non"}, near, path=(1, 10, 13), checked=True)
    button = press(14, "Valider", 1, 10)
    found = question(View((yes, no, button), (asked,)), View(), WORDS)
    assert isinstance(found, Question)
    assert (found.refusal is not None) == about.startswith("réinitialiser")
    assert found.box is None
    grey = replace(button, enabled=False)  # nothing tells what would wake it up, but the click
    assert isinstance(question(View((yes, no, grey), (asked,)), View(), WORDS), Abstention)


def test_a_column_is_headed_by_its_account() -> None:
    """A weak proof: the confirmation has to name it. Heads on two lines tell nothing."""
    heads = [
        Owner(HERS, "account", (1, 2), box=(0, 0, 100, 20)),
        Owner(MINE, "account", (1, 3), box=(100, 0, 100, 20)),
    ]
    buttons = [
        press(11, RESET, 1, box=(10, 60, 80, 20)),
        press(12, RESET, 1, box=(110, 60, 80, 20)),
    ]
    found = ask(buttons, heads)
    assert isinstance(found, Move)
    assert (12, Proof.PLACE, True) == (found.thing.id, found.proof, found.proof.weak)
    heads[1] = Owner(MINE, "account", (1, 3), box=(100, 30, 100, 20))
    assert isinstance(ask(buttons, heads), Missing)
    between = [press(13, RESET, 1, box=(60, 60, 80, 20))]
    assert isinstance(
        ask(between, [*heads[:1], Owner(MINE, "account", (1, 3), box=(100, 0, 100, 20))]), Missing
    )
    tabs = [press(2, HERS, 1), press(3, MINE, 1)]
    heads[1] = Owner(MINE, "account", (1, 3), box=(100, 0, 100, 20))
    opened = ask([*buttons, *tabs], heads)
    assert isinstance(opened, Move), "tabs head nothing: which is open?"
    assert (Act.VISIT, 3) == (opened.act, opened.thing.id)


# -- what a person has shown


def shown(what: Thing, *others: Thing, owners: tuple[Owner, ...] = ()) -> tuple[Want, View]:
    """A place that she pointed at, and the page that it stands on."""
    view, words = View((what, *others), (), owners), Words()
    words.learned["structures.edit"] = describe(view, what)
    name = words.first("structures.edit")
    return Want(name, words.exact("structures.edit"), None, "press", words), view


def card(number: int, name: str, *path: int, **more: object) -> Thing:
    told: dict[str, object] = {"tag": "button", "inside": "main table", "near": {"above": "Fiche"}}
    return press(number, name, *path, **told | more)


@pytest.mark.parametrize(
    "change",
    [{"tag": "a"}, {"role": "link"}, {"inside": "nav table"}, {"near": {"above": "Suppression"}}],
)
def test_a_decoy_beside_what_was_shown_is_not_it(change: dict[str, object]) -> None:
    """Every kind of evidence has to agree: alone, the decoy is not pressed either."""
    wanted, view = shown(card(1, "Ouvrir la fiche"), card(2, "Ouvrir la fiche", **change))
    found = decide(view, wanted)
    assert isinstance(found, Thing) and 1 == found.id
    alone = View(view.things[1:])
    assert isinstance(decide(alone, wanted), Abstention)
    assert isinstance(decide(View((card(3, "Supprimer la fiche"),)), wanted), Abstention)


def test_two_that_agree_are_two_and_the_document_s_word_does_not_help() -> None:
    """What was shown decides alone."""
    wanted, _ = shown(card(1, "Ouvrir la fiche"))
    twice = View((card(1, "Ouvrir la fiche"), card(2, "Ouvrir la fiche"), card(3, "Modifier")))
    found = decide(twice, wanted)
    assert isinstance(found, Abstention) and 2 == found.count
    assert isinstance(decide(View((card(3, "Modifier"),)), wanted), Abstention)


def test_what_is_shown_for_one_structure_serves_all_of_them() -> None:
    """Nothing of its row is kept: its name and number become what may be anything."""
    mine = card(11, f"Ouvrir Commune d'Exemple {A}", 1, 10)
    row = Text(12, "Commune d'Exemple", (1, 10, 12))
    view = View((mine,), (row,), (structure(A, 1, 10, 13),))
    learned = describe(view, mine)
    assert ("Ouvrir * #", "Fiche", "above") == (learned.words, learned.beside, learned.side)
    assert agrees(card(21, f"Ouvrir Commune de Rive {B}", 1, 20), learned)
    assert not agrees(card(22, f"Supprimer Commune de Rive {B}", 1, 20), learned)


def test_a_no_binds_whatever_the_words_say() -> None:
    """What she refused is not it, though it has the document's own name."""
    words = Words()
    wanted = Want(words.first("structures.edit"), words.exact("structures.edit"), words=words)
    view = View((card(1, "Modifier"), card(2, "Modifier", inside="main form")))
    assert isinstance(decide(view, wanted), Abstention)
    words.refused["structures.edit"] = [describe(view, view.things[0])]
    found = decide(view, wanted)
    assert isinstance(found, Thing) and 2 == found.id


@pytest.mark.parametrize("sends", ["Soumettre", "Envoyer ma demande", "Supprimer le compte"])
def test_what_sends_a_form_is_not_the_list_that_is_still_to_come(sends: str) -> None:
    """It stands next to the label as long as the list is not drawn: it is never opened as one."""
    told = replace(want("form.account", "list"), words=WORDS)
    button = press(20, sends, 1, near={"before": "* Compte technique"})
    assert isinstance(decide(View((button,)), told), Abstention)
    for entry in ("-- Aucun --", WORDS.variants("form.request")[1]):
        drawn = press(10, entry, 1, near={"before": "* Compte technique"})
        assert decide(View((drawn, button)), told) is drawn
    other = press(10, "Suppression d'un compte technique", 1, near={"before": "Compte technique"})
    assert isinstance(decide(View((other,)), told), Abstention)
    opens = replace(other, opens="expands")
    assert decide(View((opens, button)), told) is opens


def test_the_menu_that_holds_the_pen_is_opened_as_its_row_s() -> None:
    """Once it is open it may be drawn outside of all rows."""
    menu = press(11, "⋮", 1, 10, opens="expands")
    hidden = press(12, "Modifier", 1, 10, shown=False, hidden=((11, True),))
    found = pen(View((menu, hidden), (), (structure(A, 1, 10, 13),)), A, want("structures.edit"))
    assert isinstance(found, Move)
    assert (Act.MENU, 11) == (found.act, found.thing.id)


def test_what_she_pointed_at_is_hers_this_once_and_never_another_s() -> None:
    """Two buttons that nothing tells apart; one that stands in another account's row."""
    words = Words()
    told = replace(want("reset.button"), words=words)
    owners = (account(HERS, 1, 12), account(MINE, 1, 22))
    view = View((press(11, RESET, 1), press(21, RESET, 1)), (), owners)
    assert isinstance(reset(view, MINE, told, want("reset.short")), Missing)
    words.pointed["reset.button"] = (0, 21, 0.0)
    found = reset(view, MINE, told, want("reset.short"))
    assert isinstance(found, Move)
    assert (21, Proof.SHOWN, True) == (found.thing.id, found.proof, found.proof.weak)
    hers = View((press(11, RESET, 1), press(21, RESET, 1, 20)), (), (account(HERS, 1, 20), *owners))
    assert isinstance(reset(hers, MINE, told, want("reset.short")), Missing)


def test_a_confirmation_that_waits_for_an_answer_is_hers_once_she_pointed_at_it() -> None:
    """Greyed until a reason is chosen: nobody presses it, but who gives the reason."""
    words = Words()
    asks = Text(31, f"Réinitialiser le mot de passe de {MINE} ?", (1, 30, 31))
    button = press(32, "Confirmer", 1, 30, enabled=False)
    asked = View((button,), (asks,), (account(MINE, 1, 30, 31),))
    held = question(asked, View(), words)
    assert isinstance(held, Abstention) and "reset.confirm" == key_of(held.label)
    assert "« Confirmer » est grisé" == str(held)
    words.pointed["reset.confirm"] = (0, 32, 0.0)
    found = question(asked, View(), words)
    assert isinstance(found, Question) and found.button is button
    other = replace(asked, texts=(Text(31, "Vraiment ?", (1, 30, 31)),))
    found = question(other, View(), words)
    assert isinstance(found, Question) and (MINE,) == found.accounts, "however it is asked"


def test_an_icon_that_was_shown_is_no_word() -> None:
    """Nor has it a glyph of its own."""
    icon = Thing(13, "press", tag="a")
    learned = describe(View((icon,)), icon)
    assert agrees(icon, learned)
    for text in ("Supprimer", "✖"):
        assert not agrees(replace(icon, names={"text": text}), learned)


def test_no_running_text_is_kept_beside_what_was_shown() -> None:
    """A greeting names the person who is logged in."""
    near = {"before": "Bonjour Camille Modèle. Voici vos applications du jour :", "wrap": "Hélios"}
    tile = press(11, "Facturation", 1, near=near)
    learned = describe(View((tile,)), tile)
    assert ("Facturation", "Hélios") == (learned.words, learned.beside)


@pytest.mark.parametrize("key", ["pigp.chorus", "home.manager", "structures.edit", "reset.button"])
def test_a_longer_name_that_changes_something_first_is_not_it(key: str) -> None:
    """« Supprimer, puis … » is pressed by nobody who reads it; what follows may describe it."""
    told, label = replace(want(key), words=WORDS), WORDS.first(key)
    for more in (
        f"Supprimer, puis {label}",
        f"Supprimer l'accès à {label}",
        f"Mon choix est de supprimer ce lien vers {label}",
        f"Consulter, supprimer, {label}",
        f"{label} et supprimer",
    ):
        assert isinstance(decide(View((press(11, more, 1),)), told), Abstention), more
    for more in ("{} Créer, modifier, supprimer", "Déposer, transmettre et suivre vos factures {}"):
        tile = press(11, more.format(label), 1)
        assert decide(View((tile,)), told) is tile


def test_what_a_field_is_asked_for_may_be_confirmed() -> None:
    """Only what is pressed changes anything."""
    told = replace(want("code.field", "field"), words=WORDS)
    asked = "Pour confirmer votre identité, saisissez le code de vérification"
    field = Thing(11, "field", {"label": asked}, path=(1, 11))
    assert decide(View((field, Thing(12, "field", path=(1, 12)))), told) is field


def login(at: int, called: str, **more: object) -> tuple[Thing, Thing]:
    """A login form: its block and form are `at`."""
    path = (1, at)
    field = Thing(at + 1, "field", {"label": called}, path=(*path, at + 1), at=at + 1, form=at)
    secret = Thing(at + 2, "secret", {"label": "Mot de passe"}, path=(*path, at + 2), at=at + 2)
    return replace(field, **more), replace(secret, form=at, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("second", "fields"), [("Confirmez le mot de passe", 1), ("Code personnel", 2)]
)
def test_a_form_where_the_password_is_written_twice_is_no_login(second: str, fields: int) -> None:
    """It makes a new account; another secret beside it makes two that may be meant."""
    field, secret = login(10, "Identifiant")
    again = replace(secret, id=13, names={"label": second}, path=(1, 10, 13), at=13)
    view = View((field, secret, again, *login(20, "Identifiant")))
    found = login_form(view, WORDS)
    assert isinstance(found, tuple) == (fields == 1)
    if isinstance(found, tuple):
        assert 21 == found[0].id


@pytest.mark.parametrize("opens", ["tab", "popup"])
@pytest.mark.parametrize("called", ["Adresse électronique", "Identifiant"])
def test_the_login_in_sight_may_be_for_others(opens: str, called: str) -> None:
    """One that is named better is opened; where one behind a tab is named as well, nobody guesses,
    and a window that nobody opened is no rival.
    """
    opener = press(5, "Agents", 1, opens=opens)
    tucked = login(20, "Identifiant", shown=False, hidden=((5, True),))
    view = View((opener, *login(10, called), *tucked))
    found = login_form(view, WORDS)
    if called == "Identifiant" and opens == "popup":
        assert isinstance(found, tuple)
        assert 11 == found[0].id
        return
    assert isinstance(found, Abstention)
    assert found.count == (2 if called == "Identifiant" else 0)
    opened = login_form(View((opener, *login(20, "Identifiant"))), WORDS)
    assert isinstance(opened, tuple)
    assert 21 == opened[0].id


def test_two_logins_that_are_named_alike_are_two() -> None:
    """However deep each of them stands; the one in the main part goes before the page's head."""
    field, secret = login(20, "Identifiant")
    deeper = (replace(field, path=(1, 5, 20, 21)), replace(secret, path=(1, 5, 20, 22)))
    found = login_form(View((*login(10, "Identifiant"), *deeper)), WORDS)
    assert isinstance(found, Abstention)
    assert 2 == found.count
    head = (replace(each, region="header") for each in deeper)
    found = login_form(View((*login(10, "Identifiant"), *head)), WORDS)
    assert isinstance(found, tuple)
    assert 11 == found[0].id


@pytest.mark.parametrize("opens", ["tab", "popup"])
def test_what_is_called_better_and_is_hidden_is_no_login(opens: str) -> None:
    """« S'inscrire » hides a form with real labels, and the login in sight has placeholders."""
    field, secret = login(10, "")
    shown = (
        replace(field, names={}, near={"placeholder": "Identifiant"}),
        replace(secret, names={}, near={"placeholder": "Mot de passe"}),
    )
    new = login(20, "Identifiant", shown=False, hidden=((5, True),))
    found = login_form(View((press(5, "S'inscrire", 1, opens=opens), *shown, *new)), WORDS)
    assert isinstance(found, Abstention) if opens == "tab" else found == shown


@pytest.mark.parametrize("deeper", [(), (15,)])
def test_two_identifiers_of_one_password_are_two(deeper: tuple[int, ...]) -> None:
    """The structure's, and the agent's: nobody guesses which is asked for."""
    field, secret = login(10, "Identifiant de l'agent")
    other = replace(field, id=9, names={"label": "Identifiant de la structure"}, at=9)
    near = (replace(each, path=(1, 10, *deeper, each.id)) for each in (field, secret))
    found = login_form(View((other, *near)), WORDS)
    assert isinstance(found, Abstention) and 2 == found.count


@pytest.mark.parametrize(
    ("text", "asked", "passed"),
    [
        ("Le service ferme à 18 h.", (), True),
        ("Mot de passe incorrect.", (), False),
        ("Acceptez les conditions d'utilisation.", (), False),
        ("Vous reconnaissez avoir lu ceci.", (), False),
        ("Vous certifiez être gestionnaire principal.", (), False),
        ("Vous autorisez le transfert de vos données à un tiers.", (), False),
        ("Continuer mettra fin à cette session.", (), False),
        ("Choisissez votre structure", (press(9, "Commune B", 1),), False),
        (("Le service ferme à 18 h. " * 20)[:400], (), False),
        ("Ajoutez une clé d'accès.", (press(9, "Plus tard", 1),), False),
        ("Ajoutez une clé d'accès.", (press(9, "Annuler la demande", 1),), False),
        ("Le service ferme à 18 h.", (press(9, "En savoir plus", 1),), True),
        ("Le service ferme à 18 h.", (press(9, "Fermer", 1, region="nav"),), True),
        ("Le service ferme à 18 h.", (Thing(9, "check", path=(1, 9)),), False),
    ],
)
def test_news_are_passed_where_nothing_is_agreed_to(
    text: str, asked: tuple[Thing, ...], passed: bool
) -> None:
    """« Continuer » under a contract, or with a box to tick, is for a person."""
    view = View((press(8, "Continuer", 1), *asked), (Text(7, text, (1, 7)),))
    assert passed == isinstance(going_on(view, WORDS), Thing)


@pytest.mark.parametrize(
    ("opens", "named", "number", "opened"),
    [
        ("", True, A, True),
        ("tab", False, A, True),
        ("looks", False, A, False),
        ("", False, A, False),
        ("expands", True, "20251130120000", False),
    ],
)
def test_a_hidden_list_is_opened_by_what_says_so(
    opens: str, named: bool, number: str, opened: bool
) -> None:
    """A button that only stands next to hidden digits may do anything; fourteen of them may be a
    time.
    """
    hides = press(5, "Mes listes", 1, opens=opens)
    text = Text(6, f"Commune {number}", (1, 6), shown=False, hidden=((5, named),))
    found = tucked(View((hides,), (text,)).unfolded)
    assert opened == (not isinstance(found, Abstention) and found[0].hidden == ((5, named),))
    assert isinstance(tucked(View((hides,), (text,))), Abstention)


@pytest.mark.parametrize(
    ("thing", "head", "ready", "chosen"),
    [
        (Thing(11, "radio", path=(1, 10, 11)), True, True, True),
        (press(11, "Continuer", 1, 10), True, True, True),
        (press(11, "Continuer", 1, 10), True, False, False),
        (press(11, "Continuer", 1, 10), False, True, False),
        (press(11, "", 1, 10), True, True, False),
        (press(11, "Se déconnecter", 1, 10), True, True, False),
    ],
)
def test_a_structure_is_chosen_by_its_radio_or_by_words_that_lead_on(
    thing: Thing, head: bool, ready: bool, chosen: bool
) -> None:
    """Where a title asks for it: the icon next to the structure in hand may be the way out."""
    asked = Text(7, "Sélectionner une structure", (1, 7), head=head)
    view = View((thing,), (asked,), (structure(A, 1, 10, 12),), ready=ready)
    assert chosen == isinstance(chooser(view, A, WORDS), Move)


@pytest.mark.parametrize(
    ("said", "beside", "sent"),
    [
        ("La structure pour laquelle vous souhaitez agir.", 0, True),
        ("La structure à rattacher.", 0, False),
        ("La structure dans laquelle vous allez travailler.", 0, False),
        ("En validant, vous acceptez les conditions au nom de la structure.", 0, False),
        ("Vous souhaitez agir pour elle, et acceptez les conditions.", 0, False),
        ("Vous demandez à agir au nom de cette structure.", 0, False),
        ("La structure pour laquelle vous souhaitez agir.", press(8, "OK", 1), True),
        ("La structure pour laquelle vous souhaitez agir.", Thing(8, "field", path=(1, 8)), False),
        ("La structure pour laquelle vous souhaitez agir.", Thing(8, "check", path=(1, 8)), False),
    ],
)
def test_what_sends_the_structure_that_was_chosen_sends_nothing_else(
    said: str, beside: Thing | int, sent: bool
) -> None:
    """« Valider » is pressed where the page says that one will act for it, and asks no more."""
    radio = Thing(11, "radio", path=(1, 10, 11), checked=True, form=5)
    texts = Text(7, "Choix de la structure", (1, 7), head=True), Text(9, said, (1, 9))
    others = [beside] if isinstance(beside, Thing) else []
    owners = structure(A, 1, 10, 12), structure(B, 1, 13)

    def chosen(called: str, form: int) -> object:
        button = press(20, called, 1, form=form)
        found = chooser(View((radio, button, *others), texts, owners), A, WORDS)
        return found.thing.id if isinstance(found, Move) else None

    ok = any(t.kind == "press" for t in others)  # of the cookies
    assert (20 if sent and not ok else None) == chosen("Valider", 5)
    assert chosen("Appliquer", 5) is None and chosen("Valider", 0) is None


def test_the_box_in_its_row_goes_before_what_stands_far_from_it() -> None:
    """After a search the whole page holds no other structure: its links are not the row's."""
    box = Thing(11, "check", path=(1, 10, 11))
    owners = (structure(A, 1, 10, 12),)
    found = pen(View((press(5, "Gestion", 1), box), (), owners), A, want("structures.edit"))
    assert isinstance(found, Move)
    assert (Act.CHECK, 11) == (found.act, found.thing.id)
