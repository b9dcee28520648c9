"""Whose row, card or menu it is: the pen of a structure, the reset button of an account.

Pure. Nothing that may be another's is ever chosen: a button belongs to the number in the smallest
block around it that holds any, and it must be the only one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum

from releve.portal.confirm import question
from releve.portal.sight import Abstention, Want, innermost, named, one, rank, where
from releve.portal.view import Owner, Thing, View

_SELECTS = re.compile(  # and says no more, as a setting does
    r"\W*(?:s[ée]l(?:ection(?:ner)?)?|choi(?:x|sir)|cocher)"
    r"(?:\W+(?:de?|du|la?|le|cette?|ce|ligne|[ée]l[ée]ment|compte|utilisateur|technique))*\W*",
    re.IGNORECASE,
)
_NOWHERE = (0, 0, 0, 0)
_DOES = re.compile(  # a verb, or a cross, and no month
    r"\b(?!(?:janvi|f[ée]vri|derni|premi|h)er\b)\w{2,}(?:er|ir|dre|ttre)\b|(?<!\w)[x+−➖➕](?!\w)",
    re.IGNORECASE,
)
_ACCOUNT = re.compile(r"\S*@\S*")
_PAGE = re.compile(r"[\d\s‹›«»<>←→◀▶…]+")  # a page's number or sign is no icon of a row


class Proof(StrEnum):
    """How it is known whose a button is."""

    ROW = "sa ligne"
    ALONE = "seul compte de la page"
    CHOSEN = "compte coché"
    MENU = "menu de sa ligne"  # weak: the confirmation must name the account
    PLACE = "place sur la page"  # weak too
    SHOWN = "montré par une personne"  # weak, and she presses it

    @property
    def weak(self) -> bool:
        return self in (Proof.MENU, Proof.PLACE, Proof.SHOWN)


class Act(StrEnum):
    """What is to be done with it."""

    PRESS = "press"
    CHECK = "check"  # choose the account first, or leave another one out
    MENU = "menu"  # open its row's menu
    VISIT = "visit"  # open the account's own page


@dataclass(frozen=True)
class Move:
    """The next thing to act on, on the way to a button. Only `PRESS` is the button itself."""

    act: Act
    thing: Thing
    proof: Proof = Proof.ROW


@dataclass(frozen=True)
class Missing:
    """Why there is no button for that account."""

    accounts: tuple[str, ...]  # those that can be read
    there: bool = False  # the account is
    others: bool = False  # others have the button
    several: int = 0  # buttons, and nothing tells whose
    grey: bool = False
    seen: tuple[str, ...] = ()


def owned(view: View, thing: Thing, what: str, kind: str) -> bool:
    """Whether it is that one's and nobody else's."""
    held = view.holders(thing, kind)
    wanted = what.casefold()
    return held == {wanted} or (len(held) > 1 and view.beside(thing, kind) == wanted)


def pen(
    view: View, siret: str, want: Want, shut: Collection[tuple[int, int]] = ()
) -> Move | Abstention:
    """What opens the structure's card: what the words name in its row, else the only icon there,
    else its only menu, unless it is `shut`, else the only thing there. A row that has to be chosen
    first is chosen.

    The row is the smallest block that holds this structure, no other, and such a thing, shown or
    not: a block further out says nothing of what a smaller one hides.
    """
    shown = {each.key for each in view.things if each.shown}
    rows = _rows(view.unfolded, siret)
    if found := _first(rows, lambda part: named(part, want, _ours)):
        there = [t for t in found if t.key in shown]
        grey = there and not any(t.enabled for t in there)
        around = {(o.frame, block) for o in _written(view, siret) for block in o.path}
        itself = [t for t in view.of_kind("press") if t.looks and t.enabled and t.key in around]
        itself = [t for t in itself if view.around(t, "siret") == {siret}]
        if grey and itself:
            return Move(Act.CHECK, itself[-1])  # the row wakes the button up
        return _open(view, want, found, shown, siret)
    placed = [t for t in view.of_kind("press") if view.beside(t, "siret") == siret]
    keys = {t.key for t in placed if t.enabled}
    if found := named(view, want, lambda t: t.key in keys):
        return _step(one(view, want, found))
    if not _written(view, siret):  # only typed, to search for it: its row may be to come
        return Abstention(want.label)
    never = _never(want)
    near = _first(rows, lambda part: _acts(part, shown) or part.of_kind("radio", "check"))
    for some in () if near and near[0].kind != "press" else (_icons, _acts):

        def harmless(part: View, some: Callable[..., list[Thing]] = some) -> list[Thing]:
            menus = [t for t in _things(part) if t.opens in ("popup", "sign") and some is _acts]
            menus = [t for t in menus if t.key in shown - set(shut) and not never(t.words)]
            acts = [t for t in some(part, shown) if not never(t.words)]
            return menus if len(menus) == 1 else acts

        if found := _first(rows, harmless):
            if len(found) == 1 and found[0].opens:
                return Move(Act.MENU, found[0])
            return _open(view, want, found, shown, siret)
    if radios := _first(rows, lambda part: part.of_kind("radio", "check")):
        return _choose(view, want, radios)
    menus = _first(rows, lambda part: [t for t in part.of_kind("press") if t.opens])
    if len(menus) == 1 and menus[0].key not in shut and not never(menus[0].words):
        return Move(Act.MENU, menus[0])
    return Abstention(want.label, 0, tuple(where(t) for t in _first(rows, _things)))


def _rows(view: View, siret: str) -> list[list[View]]:
    """For each place where the structure is written, the blocks around it that hold no other, the
    smallest first. Where it was typed to search for it counts when it is written nowhere else.
    """
    rows = []
    for each in _written(view, siret) or [o for o in view.owners if o.what == siret]:
        blocks = [b for b in reversed(each.path) if view.alone(each.frame, b, "siret")]
        rows.append([view.under(block, each.frame) for block in blocks])
    return rows


def _written(view: View, siret: str) -> list[Owner]:
    fields = {t.key for t in view.things if t.kind == "field" and not t.fixed}
    places = [each for each in view.owners if each.what == siret]
    return [o for o in places if not fields & {(o.frame, block) for block in o.path}]


def _first(rows: list[list[View]], some: Callable[[View], list[Thing]]) -> list[Thing]:
    """What the smallest block of each row that has any holds, each once."""
    found: dict[tuple[int, int], Thing] = {}
    for row in rows:
        mine = next((got for part in row if (got := some(part))), [])
        found |= {each.key: each for each in mine}
    return list(found.values())


def _ours(thing: Thing) -> bool:
    return thing.region not in ("header", "nav", "footer")


def _things(part: View) -> list[Thing]:
    return [t for t in part.of_kind("press") if _ours(t)]


def _acts(part: View, shown: set[tuple[int, int]]) -> list[Thing]:
    asked = {t.form for t in part.of_kind("field")}  # what sends what one types opens nothing
    sends = {t.key for t in _things(part) if t.submits and t.form in asked}
    acts = [t for t in _things(part) if t.key in shown - sends and not t.opens and not t.open]
    return innermost(t for t in acts if t.enabled)


def _icons(part: View, shown: set[tuple[int, int]]) -> list[Thing]:
    acts = _acts(part, shown)
    return [t for t in acts if t.mute and not t.looks and not _PAGE.fullmatch(t.words)]


def _open(
    view: View, want: Want, found: list[Thing], shown: set[tuple[int, int]], siret: str
) -> Move | Abstention:
    """The one of these that is in sight; none of them may be, yet. The menu that holds it may be
    drawn elsewhere once it is open.
    """
    there = [t for t in found if t.key in shown and t.enabled]
    if there:
        return _step(one(view, want, there))
    hide = {(t.frame, number) for t in found for number, _ in t.hidden}
    menus = [t for t in view.of_kind("press") if t.key in hide and t.opens in ("expands", "popup")]
    menus = [t for t in menus if view.around(t, "siret") == {siret}]
    if len(menus) == 1:
        return Move(Act.MENU, menus[0])
    return Abstention(want.label, 0, where=tuple(found))


def _choose(view: View, want: Want, radios: list[Thing]) -> Move | Abstention:
    """Choose the row, then what the words name outside of all rows."""
    if len(radios) == 1 and not radios[0].checked:
        return Move(Act.CHECK, radios[0])
    outside = named(view, want, lambda t: t.enabled and len(view.holders(t, "siret")) != 1)
    return _step(one(view, want, outside or named(view, want, lambda t: t.enabled)))


def _step(found: Thing | Abstention) -> Move | Abstention:
    return found if isinstance(found, Abstention) else Move(Act.PRESS, found)


def reset(view: View, account: str, want: Want, short: Want) -> Move | Missing:
    """The way to the reset button of that account, and how it is known to be its own."""
    accounts = tuple(view.found("account"))
    there = account.casefold() in {each.casefold() for each in accounts}
    if not there:
        return Missing(accounts)
    buttons = innermost([t for t in view.of_kind("press") if rank(t, want)])
    mine = [t for t in buttons if view.holders(t, "account") == {account.casefold()}]
    if not mine:
        mine = _short(view, account, short)
    if mine:
        return _button(mine, accounts, Proof.ROW)
    placed = [t for t in buttons if owned(view, t, account, "account")]
    if placed := placed or _lined(view, account, buttons):
        return _button(placed, accounts, Proof.PLACE)
    if step := _way(view, account, buttons, want):
        return step
    free = [t for t in buttons if len(view.holders(t, "account")) != 1]
    if want.pointed and free:
        return _button(free, accounts, Proof.SHOWN)
    if len(buttons) == 1 and len(accounts) == 1:
        return _button(buttons, accounts, Proof.ALONE)
    if len(free) == 1 and _chosen(view, account):
        return _button(free, accounts, Proof.CHOSEN)
    if len(accounts) > 1 and (step := _opener(view, account, want)):  # what is shown is another's
        return step
    seen = tuple(where(t) for t in view.of_kind("press") if not t.region)[:6]
    return Missing(accounts, True, bool(buttons) and not free, len(free), seen=seen)


def _lined(view: View, account: str, buttons: list[Thing]) -> list[Thing]:
    """The one on its line, where each account has a line of its own, with one button."""
    lines = [view.line(t, "account") for t in buttons]
    each = {own for line in lines if len(line) == 1 for own in line}
    if not len(each) == len(lines) == len(view.found("account")):
        return []
    return [t for t, line in zip(buttons, lines, strict=True) if line == {account.casefold()}]


def _short(view: View, account: str, short: Want) -> list[Thing]:
    """In the account's own row its short name will do."""
    found = [t for t in view.of_kind("press") if short.exact.search(t.name) or rank(t, short) == 2]
    return innermost([t for t in found if view.holders(t, "account") == {account.casefold()}])


def _button(found: list[Thing], accounts: tuple[str, ...], proof: Proof) -> Move | Missing:
    if len(found) > 1:
        return Missing(accounts, True, several=len(found), seen=tuple(where(t) for t in found))
    if not found[0].enabled:
        return Missing(accounts, True, grey=True)
    return Move(Act.PRESS, found[0], proof)


def _way(view: View, account: str, buttons: list[Thing], want: Want) -> Move | None:
    """What has to be done first: choose the account, open its menu, or its own page."""
    mine = _mine(view, account)
    choices = [t for t in mine if t.kind in ("radio", "check") and t.enabled and not _sets(t)]
    if len(choices) == 1 and not choices[0].checked and buttons:
        return Move(Act.CHECK, choices[0])
    ticked = [t for t in view.of_kind("check") if t.checked and t.enabled and t not in choices]
    ticked = [t for t in ticked if view.holders(t, "account") and _told(t) and not _sets(t)]
    if len(choices) == 1 and ticked and buttons:
        return Move(Act.CHECK, ticked[0])
    return None if buttons else _opener(view, account, want, line=True)


def _told(box: Thing) -> list[str]:
    """What a box is called, but for the account, by itself or by its column."""
    told = [_ACCOUNT.sub("", each) for each in (*box.names.values(), box.near.get("above", ""))]
    return [each for each in told if re.search(r"[^\W\d_]", each)]


def _sets(box: Thing) -> bool:
    """Whether it says more than that it chooses its line: it may be the account's state."""
    return not all(map(_SELECTS.fullmatch, _told(box)))


def _mine(view: View, account: str) -> list[Thing]:
    held = {account.casefold()}
    return [t for t in view.things if t.shown and view.holders(t, "account") == held]


def _never(want: Want) -> Callable[[str], object]:
    """Whether the words are of what changes something."""
    return want.words.find("opening.never").search if want.words else lambda _: None


def _opener(view: View, account: str, want: Want, *, line: bool = False) -> Move | None:
    """The menu of its row, or what leads on to it: its own name, else « Modifier », else the whole
    `line`. Never what deletes or sends, nor an icon that may be a switch.
    """
    never = _never(want)
    answers = [t for t in _mine(view.unfolded, account) if t.kind not in ("press", "option")]
    holds = {block for t in answers for block in t.path[:-1]}  # a click may fall on one
    mine = [t for t in _mine(view, account) if t.kind == "press" and t.enabled]
    presses = [t for t in innermost(mine) if not never(t.words)]
    menus = [t for t in presses if t.opens and not (t.mute and t.opens == "looks")]
    if len(menus) == 1:
        return Move(Act.MENU, menus[0])
    name = re.compile(rf"[\W\d]*{re.escape(account)}[\W\d]*", re.IGNORECASE)
    links = [t for t in presses if t.id not in holds]
    links = [t for t in links if any(name.fullmatch(each) for each in t.names.values())]
    several = len(view.found("account")) > 1  # else it may be the card's own
    secondary = want.words and view.says(want.words.find("structure.secondary"))
    if not links and several and want.words and not secondary:
        for key in ("structures.edit", "structure.account"):
            links = links or [t for t in presses if want.words.exact(key).search(t.name)]
    if line and not links and several:
        links = innermost(t for t in mine if t.id not in holds and _line(t, mine, name, never))
    return Move(Act.VISIT, links[0]) if len(links) == 1 else None


def _line(
    thing: Thing, mine: list[Thing], name: re.Pattern[str], never: Callable[[str], object]
) -> bool:
    """Whether it is the account's whole line, which begins with its name, says nothing that one
    does, and has nothing else to press in its middle.
    """
    words, (left, top, width, height) = thing.words, thing.box or _NOWHERE
    for each in (t for t in mine if thing.id in t.path[:-1]):
        x, y, wide, high = each.box or _NOWHERE
        if x <= left + width / 2 <= x + wide and y <= top + height / 2 <= y + high:
            return False
        for own in each.names.values():
            words = words.replace(own, " ")
    does = never(words) or _DOES.search(words) or thing.toggles
    starts = name.match(thing.names.get("text", "")) is not None
    return starts and not does


def revealed(view: View, before: View, account: str, want: Want, short: Want) -> Move | None:
    """The one button that came up when the account's row was opened, wherever it is drawn."""
    new = view.since(before)
    if want.words and not isinstance(question(view, before, want.words), Abstention):
        return None  # the row opened the question itself
    found = innermost(
        t
        for t in new.of_kind("press")
        if t.enabled and (rank(t, want) or short.exact.search(t.name))
    )
    mine = [t for t in found if view.holders(t, "account") == {account.casefold()}]
    free = [t for t in found if len(view.holders(t, "account")) != 1]
    if len(mine) == 1:
        return Move(Act.PRESS, mine[0], Proof.ROW)
    return Move(Act.PRESS, free[0], Proof.MENU) if len(free) == 1 and not mine else None


def _chosen(view: View, account: str) -> bool:
    """Whether that account, and no other, is ticked."""
    ticked = [
        view.holders(t, "account")
        for t in view.of_kind("radio", "check")
        if t.checked and view.holders(t, "account")
    ]
    return ticked == [{account.casefold()}]
