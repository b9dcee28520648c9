"""The login page: identifier, password, « connexion »."""

from __future__ import annotations

import asyncio

from filelock import Timeout
from playwright.async_api import Locator

from releve.base.secret import Secret
from releve.portal import errors as e
from releve.portal.case import Case
from releve.portal.screen import Screen
from releve.portal.screens.accueil import Arrival
from releve.portal.screens.portail import AccueilDuPortail
from releve.portal.screens.second_factor import SecondFactorPage

_LOADED = "() => performance.timeOrigin"


class Authentification(Screen):
    """The login page of the Portail de la Gestion Publique, or Chorus Pro's own.

    A refused password is never tried twice: refusals lock the account.
    """

    step, title, label = "authentification", "Authentification", "login.password"

    def mark(self) -> Locator:
        return self.page.get_by_label(self.words.find("login.password")).filter(visible=True)

    def identifier(self) -> Locator:
        return self.page.get_by_label(self.words.find("login.identifier")).filter(visible=True)

    async def go(self, case: Case) -> str:
        """Log in, once. Raises `PasswordRefused` or `AccountLocked`, which are remembered, or
        `AlreadyRefused` before anything is typed.
        """
        try:
            async with case.credentials.lock:
                await self._sign_in(case)
        except Timeout:
            raise e.LoginBusy(login=self.browser.settings.login) from None
        where = "à Chorus Pro" if case.through_chorus else "au portail"
        return f"connecté {where} avec l'identifiant {self.browser.settings.login}"

    async def arrived(self, case: Case) -> None:
        await (Arrival if case.through_chorus else AccueilDuPortail)(self.browser).reached()

    async def open(self, case: Case) -> None:
        """Show the login form."""
        await self.browser.goto(self.browser.settings.url)
        if case.through_chorus:
            connect, label = (
                self.button("connection.connect"),
                self.words.first("connection.connect"),
            )
            await self.browser.wait_for(self.mark().or_(connect), label)
            if not await self.mark().count():
                await self.press(connect, label)
        await self.reached()

    async def _sign_in(self, case: Case) -> None:
        password = await asyncio.to_thread(case.credentials.password)
        await self.open(case)
        login = self.browser.settings.login
        page = await self.sign_in(login, password)
        try:
            await self._answered(case)
        except (e.PasswordRefused, e.AccountLocked, e.ScreenNotRecognised) as error:
            unsaid = isinstance(error, e.ScreenNotRecognised)
            if unsaid and not await self.asks_again(page):
                raise
            await asyncio.to_thread(case.credentials.remember_refusal, password)
            raise (e.PasswordRefused(login=login) if unsaid else error) from None

    async def _answered(self, case: Case) -> None:
        if not case.through_chorus:
            await self.browser.wait_for(
                AccueilDuPortail(self.browser).mark(), self.words.first("pigp.chorus")
            )
            return
        home = Arrival(self.browser)
        inside = home.mark().or_(home.information()).or_(SecondFactorPage(case).mark())
        await self.browser.wait_for(inside, self.words.first("home.manager"))

    async def asks_again(self, page: float) -> bool:
        """Whether another page than that one shows the whole form: a refusal in words that nobody
        knows.
        """
        anew = (
            await self.page.evaluate(_LOADED) != page
        )  # a browser that finds a field empty sends nothing, and shows the same page
        return bool(anew and await self.mark().count() and await self.identifier().count())

    async def sign_in(self, login: str, password: Secret) -> float:
        """Type both and press "connexion", once; returns which page it was. The fields are typed in
        only on an allowed origin.
        """
        self.browser.check_origin()
        page: float = await self.page.evaluate(_LOADED)
        await (await self.only(self.identifier(), self.words.first("login.identifier"))).fill(login)
        await self.browser.type_secret(
            await self.only(self.mark(), self.words.first(self.label)), password
        )
        await self.press(self.button("login.submit"), self.words.first("login.submit"))
        return page
