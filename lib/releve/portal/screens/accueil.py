"""Chorus Pro's home page: « Activités du gestionnaire », and the way out."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace

from playwright.async_api import Error as PlaywrightError

from releve.base.words import Words
from releve.portal import errors as e
from releve.portal.case import Case
from releve.portal.lists import DropDown, lone
from releve.portal.screen import Screen, text, thing, want
from releve.portal.screens.structures import ActivitesDuGestionnaire, listing
from releve.portal.sight import Abstention, Outcome, Want, decide, leading, overview
from releve.portal.view import Thing, View

_NO_NEWS = (
    *("between.agree", "between.choose", "reset.agree"),
    *("trouble.refused", "trouble.locked", "trouble.expired"),
)
_PLEDGE = re.compile(r"\b(?:reconnai|certifi|autoris|chartes?\b|CGU\b|mett\w+ fin\b)", re.I)
_CUT = re.compile(r".{400}", re.DOTALL)  # see find.js


def manager(view: View, words: Words) -> Outcome:
    """What leads to the manager's pages, else the list whose one entry has that very name, where
    nothing else is to be filled in, and nothing but what goes there can be pressed.
    """
    wanted, exact = want(words, "home.manager"), words.exact("home.manager")
    found = leading(view, wanted, words.exact("pigp.open"))
    if isinstance(found, Thing) or found.count:
        return found
    goes = words.exact("home.go")
    other = {t.form for t in view.of_kind("press") if t.form and not goes.search(t.name)}
    lists = [t for t in lone(view) if t.form and t.form not in other]
    lists = [t for t in lists if len([*filter(exact.search, t.entries)]) == 1]
    return lists[0] if len(lists) == 1 else found


class AccueilDeChorusPro(Screen):
    """Chorus Pro's home page, once connected."""

    step, title, mark = "accueil", "Accueil", manager

    async def go(self, case: Case) -> str:
        found = await self.finder.until(lambda view: manager(view, self.words))
        if found.kind == "list":
            await self._by_list(found)
        else:
            wanted = want(self.words, "home.manager")
            hers = wanted.learned or wanted.pointed
            await self.finder.press(found)
            if hers:
                await self._from_hers(wanted)
        await self.arrived(case)
        return "« Mes structures » est affiché"

    async def _from_hers(self, wanted: Want) -> None:
        """What a person has shown may lead to a page where the document's own words stand."""
        document = replace(wanted, within=None, words=None)

        def either(view: View) -> object:
            title = listing(view, self.words)
            found = decide(view, document, lambda t: t.enabled and not wanted.refuses(t))
            return found if isinstance(title, Abstention) and isinstance(found, Thing) else title

        found = await self.finder.until(either)
        if isinstance(found, Thing):
            await self.finder.press(found)

    async def _by_list(self, listed: Thing) -> None:
        """Choose the entry, and press the one button that goes there, unless that did."""
        before, entry = await self.finder.look(), self.words.exact("home.manager")
        chosen = await DropDown.at(self.finder, listed).choose(entry)
        view = await self.finder.look()
        goes = [t for t in view.of_kind("press") if t.submits and t.form == listed.form]
        same = view.documents.get(listed.frame) == before.documents.get(listed.frame)
        if chosen and same and len(goes) == 1:
            await self.finder.press(goes[0])

    async def arrived(self, case: Case) -> None:
        async with self.browser.on(ActivitesDuGestionnaire.title):
            await ActivitesDuGestionnaire(self.browser).reached()


def home(view: View, words: Words) -> object:
    """Either of the ways that Chorus Pro's home page may show to the reset."""
    domain = (decide(view, want(words, key)) for key in ("domain.open", "domain.name"))
    for found in (manager(view, words), *domain):
        if not isinstance(found, Abstention) or found.count:
            return found.where if isinstance(found, Abstention) else found
    return Abstention(words.first("home.manager"), 0, overview(view, "press"))


def arrived(view: View, words: Words) -> object:
    """Chorus Pro's home page, or the form of a first visit before it."""
    asked = text("information.title")(view, words)
    return home(view, words) if isinstance(asked, Abstention) else asked


def going_on(view: View, words: Words) -> Thing | Abstention:
    """What leads on from a page of news: one that asks nothing, has nothing to agree to or to
    leave, and is no refusal. A text that is cut is not known to its end.
    """
    none = Abstention(words.first("between.on"))
    kinds = ("field", "secret", "list", "check", "radio")
    main = [t for t in view.of_kind("press", *kinds) if t.region in ("main", "")]
    asks = [t for t in main if t.enabled and t.kind in kinds]
    if asks or not view.ready or any(map(view.says, (_PLEDGE, _CUT, *map(words.find, _NO_NEWS)))):
        return none
    found = decide(view, want(words, "between.on", longer=False))
    no = words.find("reset.cancel"), words.exact("cover.close")
    others = [name for t in main if t is not found for name in t.names.values()]
    return none if any(each.search(name) for each in no for name in others) else found


class Arrival(Screen):
    """Chorus Pro's home page, or whatever comes between the login and it."""

    title, mark = "Accueil", home

    def between(self, view: View) -> tuple[str, Thing] | Abstention:
        """The page between the login and the home page, by the words of what it asks, and what is
        to be pressed there.
        """
        asked = text("information.title")(view, self.words)
        if not isinstance(asked, Abstention):
            found = decide(view, want(self.words, "information.submit", longer=False))
            return ("information", found) if isinstance(found, Thing) else found
        secrets = [each for each in view.of_kind("secret") if not each.fixed]
        found = decide(view, want(self.words, "connection.connect", longer=False))
        if isinstance(found, Abstention):
            on = found if found.count else going_on(view, self.words)
            return on if isinstance(on, Abstention) else ("news", on)
        return ("expired", found) if secrets else ("connect", found)


class Deconnexion(Screen):
    """The way out, from any page of Chorus Pro."""

    step, title, mark = "deconnexion", "Déconnexion", thing("home.logout")

    async def go(self, case: Case) -> str:
        """Log out. The document says « vous pouvez » : a portal that does not let us go holds
        nothing back.
        """
        found = None
        try:
            decided = await self.finder.settled(self.seen)
            if isinstance(decided, Thing):
                found = decided
                await self.finder.press(found)
                with suppress(PlaywrightError):
                    await self.page.wait_for_load_state("load")
                await self.browser.let_go()
                return "déconnecté du portail"
            raise await self.browser.diagnose(self.words.first("home.logout"))
        except (e.PortalError, PlaywrightError) as error:
            why = str(error) if isinstance(error, e.PortalError) else "sans réponse"
            return (
                "déconnexion non confirmée par le portail ; la session prend fin avec la fenêtre"
                f" ({why})"
            )
