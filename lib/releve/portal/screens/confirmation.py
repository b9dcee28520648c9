"""The window that asks to confirm the reset: the documented route's irreversible click."""

from __future__ import annotations

from playwright.async_api import Locator

from releve.portal import errors as e
from releve.portal.case import Case
from releve.portal.screen import ResetScreen
from releve.portal.screens.mot_de_passe import EcranSuivant
from releve.portal.screens.structure import ACCOUNT


class Confirmation(ResetScreen):
    """The window that asks to confirm the reset."""

    title, label = "Modification de la structure", "reset.confirm"

    def mark(self) -> Locator:
        name = self.words.exact("reset.confirm")
        return self.page.get_by_role("dialog").get_by_role("button", name=name).filter(visible=True)

    async def reached(self) -> None:
        await self.browser.wait_for(self.mark(), self.words.first(self.label), within_dialog=True)

    async def check(self, account: str) -> Locator:
        """The confirm button, nothing clicked yet. Raises `WrongConfirmation` when the window names
        another account.
        """
        await self.reached()
        text = await self.browser.popup()
        others = [found for found in ACCOUNT.findall(text) if found.lower() != account.lower()]
        if others:
            raise e.WrongConfirmation(account=account, found=", ".join(others))
        return await self.only(self.mark(), self.words.first(self.label))

    async def ready(self, case: Case) -> None:
        async with self.browser.on(self.title):
            await (await self.check(case.account)).click(trial=True)

    async def commit(self, case: Case) -> None:
        """See `ResetScreen.commit`. Chromium may send the request twice by itself when the
        connection is cut: the portal's ledger counts.
        """
        try:
            async with self.browser.on(EcranSuivant.title):
                await self.mark().click(no_wait_after=True)
                await EcranSuivant(self.browser).reached()
        except e.ResetRefused:
            raise
        except e.PortalError as error:
            raise e.ResetOutcomeUnknown(why=str(error).rstrip("."), todo="") from error
