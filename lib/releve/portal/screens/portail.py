"""PIGP's home page: the tile « Chorus Pro », and whatever comes before Chorus Pro's own."""

from __future__ import annotations

from dataclasses import replace

from releve.base.words import Words
from releve.portal import errors as e
from releve.portal.case import Case
from releve.portal.rows import Move
from releve.portal.screen import Screen, want
from releve.portal.screens.accueil import Arrival, arrived, going_on
from releve.portal.screens.second_factor import SecondFactorPage
from releve.portal.screens.structures import chooser
from releve.portal.sight import Abstention, Outcome, leading
from releve.portal.view import Thing, View


def chorus(view: View, words: Words) -> Outcome:
    """What leads to Chorus Pro."""
    return leading(view, want(words, "pigp.chorus"), words.exact("pigp.open"))


class AccueilDuPortail(Screen):
    """The portal's tiles; "Chorus Pro" opens a new tab, or the same one, should the portal stop
    opening tabs: the finder follows.
    """

    step, title, mark = "portail", "Accueil", chorus

    async def go(self, case: Case) -> str:
        """From here to Chorus Pro's home page, through whatever it shows on the way."""
        if not (case.through_chorus or await self._beyond(case)):
            await self.finder.press(await self.finder.until(lambda v: chorus(v, self.words)))
        return ", ".join(["Chorus Pro est ouvert", *await self._arrive(case)])

    async def reached(self) -> None:
        """The tiles, past the pages of news that some portals put before them: « Continuer » is
        pressed on these, and on nothing else.
        """

        def either(view: View) -> tuple[bool, object] | Abstention:
            tile = self.seen(view)
            if not isinstance(tile, Abstention):
                return True, tile
            on = tile if tile.count else going_on(view, self.words)
            return tile if isinstance(on, Abstention) else (False, on)

        for _ in range(4):
            there, found = await self.finder.until(either)
            if there or not isinstance(found, Thing):
                return
            await self._pass("news", found, "pigp.chorus")
        raise await self.browser.diagnose(self.words.first("pigp.chorus"))

    async def _beyond(self, case: Case) -> bool:
        """Whether who logged in herself went further than the tiles."""
        if not case.credentials.herself:
            return False
        return not isinstance(arrived(await self.finder.look(), self.words), Abstention)

    async def arrived(self, case: Case) -> None:
        await Arrival(self.browser).reached()

    async def _arrive(self, case: Case) -> list[str]:
        """What was done on the way: each kind of page is gone through once."""
        arrival, code, done = Arrival(self.browser), SecondFactorPage(case), list[str]()

        def on_the_way(view: View) -> tuple[str, object] | Abstention:
            there = arrival.seen(view)
            if not isinstance(there, Abstention):
                return "home", there
            if not isinstance(asked := code.seen(view), Abstention):
                return "code", asked
            between = arrival.between(view)
            if not isinstance(between, Abstention) or between.count:
                return between
            chosen = chooser(view, case.siret, self.words)
            if isinstance(chosen, Move):
                return "structure", chosen
            return replace(there, instead=(self.words.first("connection.connect"),))

        for _ in range(8):
            kind, button = await self.finder.until(on_the_way)
            if kind == "home":
                return done
            if kind == "expired":
                raise e.SessionExpired(screen=self.browser.title)
            if isinstance(button, Move):
                await self.finder.press(button.thing)
                result = f"structure choisie ({button.act})"
            else:
                assert kind == "code" or isinstance(button, Thing)
                result = await (
                    self._pass(kind, button) if isinstance(button, Thing) else code.go(case)
                )
            if result in done:
                break
            done.append(result)
            await self.page.wait_for_load_state("load")
        raise await self.browser.diagnose(self.words.first("home.manager"))

    async def _pass(self, kind: str, button: Thing, onward: str = "home.manager") -> str:
        """One page between the login and the home page, or the tiles; in a frame only its look
        tells that it is gone.
        """
        before, arrival = await self.finder.look(), Arrival(self.browser)
        await self.finder.press(button)

        def gone(view: View) -> bool | Abstention:
            same = view.documents.get(button.frame) == before.documents.get(button.frame)
            left = arrival.between(view)
            still = same and isinstance(left, tuple) and left[0] == kind
            return Abstention(self.words.first(onward)) if still else True

        await self.finder.until(gone, open_hidden=False)
        if kind == "information":
            return "informations vérifiées"
        if kind == "news":
            return "page d'information passée"
        return "connecté sans seconde authentification"
