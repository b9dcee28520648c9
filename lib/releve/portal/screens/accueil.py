"""Chorus Pro's home page: « Activités du gestionnaire », and the way out."""

from __future__ import annotations

from contextlib import suppress

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Locator

from releve.portal import errors as e
from releve.portal.case import Case
from releve.portal.screen import Screen
from releve.portal.screens.structures import ActivitesDuGestionnaire


class AccueilDeChorusPro(Screen):
    """Chorus Pro's home page, once connected."""

    step, title, label = "accueil", "Accueil", "home.manager"

    def mark(self) -> Locator:
        return self.named("home.manager")

    async def go(self, case: Case) -> str:
        await self.press(self.mark(), self.words.first(self.label))
        await self.arrived(case)
        return "« Mes structures » est affiché"

    async def arrived(self, case: Case) -> None:
        async with self.browser.on(ActivitesDuGestionnaire.title):
            await ActivitesDuGestionnaire(self.browser).reached()


class Arrival(AccueilDeChorusPro):
    """Chorus Pro's home page, by either of the ways that it may show to the reset."""

    def mark(self) -> Locator:
        return self.named("home.manager").or_(self.named("domain.open"))

    def information(self) -> Locator:
        """The form that a first visit shows, to check one's information."""
        title = self.words.find("information.title")
        return self.page.get_by_role("heading", name=title).filter(visible=True)

    def beyond(self) -> Locator:
        """What may follow the login, or its second factor."""
        return self.mark().or_(self.button("connection.connect")).or_(self.information())


class Deconnexion(Screen):
    """The way out, from any page of Chorus Pro."""

    step, title, label = "deconnexion", "Déconnexion", "home.logout"

    def mark(self) -> Locator:
        return self.button("home.logout")

    async def go(self, case: Case) -> str:
        """Log out. The document says « vous pouvez » : a portal that does not let us go holds
        nothing back.
        """
        try:
            if await self.browser.popup():
                raise await self.browser.diagnose(self.words.first(self.label))
            await self.press(self.mark(), self.words.first(self.label))
            with suppress(PlaywrightError):
                await self.page.wait_for_load_state("load")
        except e.PortalError as error:
            return (
                "déconnexion non confirmée par le portail ; la session prend fin avec la fenêtre"
                f" ({error})"
            )
        return "déconnecté du portail"
