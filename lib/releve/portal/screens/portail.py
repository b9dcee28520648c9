"""PIGP's home page: the tile « Chorus Pro », and whatever comes before Chorus Pro's own."""

from __future__ import annotations

from playwright.async_api import Locator

from releve.portal import errors as e
from releve.portal.case import Case
from releve.portal.screen import Screen
from releve.portal.screens.accueil import Arrival
from releve.portal.screens.second_factor import SecondFactorPage


class AccueilDuPortail(Screen):
    """The portal's tiles; "Chorus Pro" opens a new tab."""

    step, title, label = "portail", "Accueil", "pigp.chorus"

    def mark(self) -> Locator:
        return self.named("pigp.chorus")

    async def go(self, case: Case) -> str:
        """From here to Chorus Pro's home page, through whatever it shows on the way."""
        if not case.through_chorus:
            await self.open_chorus_pro()
        return ", ".join(["Chorus Pro est ouvert", *await self._arrive(case)])

    async def arrived(self, case: Case) -> None:
        await Arrival(self.browser).reached()

    async def open_chorus_pro(self) -> None:
        """Click the tile, and take the tab that it opens in hand (or the same one, should the
        portal stop opening tabs).
        """
        tile = await self.only(self.mark(), self.words.first(self.label))
        if await tile.get_attribute("target") == "_blank":
            async with self.browser.context.expect_page() as opened:
                await tile.click()
            self.browser.page = await opened.value
        else:
            await tile.click()

    async def _arrive(self, case: Case) -> list[str]:
        """What was done on the way: each kind of page is gone through once."""
        home, code, done = Arrival(self.browser), SecondFactorPage(case), list[str]()
        for _ in range(8):
            await self.browser.wait_for(
                home.beyond().or_(code.mark()), self.words.first(home.label)
            )
            if await home.mark().count():
                return done
            result = await (code.go(case) if await code.mark().count() else self._pass(home))
            if result in done:
                break
            done += [result] if result else []  # "": the page changed between two looks
            await self.page.wait_for_load_state("load")
        raise await self.browser.diagnose(self.words.first(home.label))

    async def _pass(self, home: Arrival) -> str:
        """One page between the login and the home page; "" when it is gone already."""
        connect = home.button("connection.connect")
        if await home.information().count():
            key, result = "information.submit", "informations vérifiées"
        elif not await connect.count():
            return ""
        elif (
            await self.page.get_by_label(self.words.find("login.password"))
            .filter(visible=True)
            .count()
        ):
            raise e.SessionExpired(screen=self.browser.title)  # a login form has that button too
        else:
            key, result = "connection.connect", "connecté sans seconde authentification"
        await home.press(home.button(key), self.words.first(key))
        return result
