"""Whose row, card or menu it is: the pen of a structure, the reset button of an account.

Pure. Nothing that may be another's is ever chosen: a button belongs to the number in the smallest
block around it that holds any, and it must be the only one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from releve.portal.sight import Abstention, Thing, View, Want, innermost, named, one, rank, where


class Proof(StrEnum):
    """How it is known whose a button is."""

    ROW = "sa ligne"
    ALONE = "seul compte de la page"
    CHOSEN = "compte coché"
    MENU = "menu de sa ligne"  # weak: the confirmation must name the account
    PLACE = "place sur la page"  # weak too

    @property
    def weak(self) -> bool:
        return self in (Proof.MENU, Proof.PLACE)


class Act(StrEnum):
    """What is to be done with it."""

    PRESS = "press"
    CHECK = "check"  # choose the account first
    MENU = "menu"  # open its row's menu
    VISIT = "visit"  # open the account's own page


@dataclass(frozen=True)
class Step:
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


def pen(view: View, siret: str, want: Want) -> Step | Abstention:
    """What opens the structure's card: what the words name in its row, else the only icon there,
    else the only thing there. A row that has to be chosen first is chosen.
    """
    mine = [t for t in view.of_kind("press") if t.enabled and owned(view, t, siret, "siret")]
    keys = {t.key for t in mine}
    if found := named(view, want, lambda t: t.key in keys):
        return _step(one(view, want, found))
    acts = [t for t in innermost(mine) if not t.opens and not t.open]
    for some in ([t for t in acts if t.mute and not t.looks], acts):
        if some:
            return _step(one(view, want, some))
    if radios := [t for t in view.of_kind("radio", "check") if owned(view, t, siret, "siret")]:
        if len(radios) == 1 and not radios[0].checked:
            return Step(Act.CHECK, radios[0])
        outside = named(view, want, lambda t: t.enabled and not view.holders(t, "siret"))
        free = outside or named(view, want, lambda t: t.enabled)
        return _step(one(view, want, free))
    menus = [t for t in innermost(mine) if t.opens]
    if len(menus) == 1:
        return Step(Act.MENU, menus[0])
    return Abstention(want.label, 0, tuple(where(t) for t in mine))


def _step(found: Thing | Abstention) -> Step | Abstention:
    return found if isinstance(found, Abstention) else Step(Act.PRESS, found)


def reset(view: View, account: str, want: Want, short: Want) -> Step | Missing:
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
    if placed := [t for t in buttons if owned(view, t, account, "account")]:
        return _button(placed, accounts, Proof.PLACE)
    if step := _way(view, account, buttons):
        return step
    free = [t for t in buttons if len(view.holders(t, "account")) != 1]
    if len(buttons) == 1 and len(accounts) == 1:
        return _button(buttons, accounts, Proof.ALONE)
    if len(free) == 1 and _chosen(view, account):
        return _button(free, accounts, Proof.CHOSEN)
    seen = tuple(where(t) for t in view.of_kind("press") if not t.region)[:6]
    return Missing(accounts, True, bool(buttons) and not free, len(free), seen=seen)


def _short(view: View, account: str, short: Want) -> list[Thing]:
    """In the account's own row its short name will do."""
    found = [t for t in view.of_kind("press") if short.exact.search(t.name) or rank(t, short) == 2]
    return innermost([t for t in found if view.holders(t, "account") == {account.casefold()}])


def _button(found: list[Thing], accounts: tuple[str, ...], proof: Proof) -> Step | Missing:
    if len(found) > 1:
        return Missing(accounts, True, several=len(found), seen=tuple(where(t) for t in found))
    if not found[0].enabled:
        return Missing(accounts, True, grey=True)
    return Step(Act.PRESS, found[0], proof)


def _way(view: View, account: str, buttons: list[Thing]) -> Step | None:
    """What has to be done first: choose the account, open its menu, or its own page."""
    mine = [
        t for t in view.things if t.shown and view.holders(t, "account") == {account.casefold()}
    ]
    choices = [t for t in mine if t.kind in ("radio", "check") and t.enabled]
    if len(choices) == 1 and not choices[0].checked and buttons:
        return Step(Act.CHECK, choices[0])
    if buttons:
        return None
    presses = innermost([t for t in mine if t.kind == "press" and t.enabled])
    menus = [t for t in presses if t.opens]
    if len(menus) == 1:
        return Step(Act.MENU, menus[0])
    links = [t for t in presses if account.casefold() in t.words.casefold()]
    return Step(Act.VISIT, links[0]) if len(links) == 1 else None


def _chosen(view: View, account: str) -> bool:
    """Whether that account, and no other, is ticked."""
    ticked = [
        view.holders(t, "account")
        for t in view.of_kind("radio", "check")
        if t.checked and view.holders(t, "account")
    ]
    return ticked == [{account.casefold()}]
