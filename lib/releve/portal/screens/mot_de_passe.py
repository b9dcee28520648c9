"""The summary that shows the new password, once."""

from __future__ import annotations

from playwright.async_api import Locator

from releve.base.secret import Secret
from releve.portal import errors as e
from releve.portal.case import Case
from releve.portal.displayed import displayed
from releve.portal.screen import PasswordScreen


class EcranSuivant(PasswordScreen):
    """The summary that shows the new password, once."""

    title, label = "Écran suivant", "summary.password"

    def mark(self) -> Locator:
        """The label of the password, where no password is asked for: the login page has the same
        words.
        """
        return self.page.get_by_text(self.words.exact("summary.password")).filter(visible=True)

    def refusal(self) -> Locator:
        return self.page.get_by_text(self.words.find("reset.refused")).filter(visible=True)

    async def reached(self) -> None:
        # A window laid over the password does not hide it from us, and it will not be shown again:
        # `within_dialog`.
        await self.browser.wait_for(
            self.mark().or_(self.refusal()), self.words.first(self.label), within_dialog=True
        )
        if await self.refusal().count():
            raise e.ResetRefused(
                text=" ".join((await self.refusal().first.inner_text()).split())[:160]
            )
        if await self.page.locator("input[type=password]").filter(visible=True).count():
            raise e.SessionExpired(screen=self.title)

    async def read(self, case: Case) -> Secret:
        """The password on the screen. Raises `PasswordUnreadable` unless exactly one value can be
        it. Safe to repeat.
        """
        fits = [
            value
            for value in await displayed(self.page, self.words)
            if value.lower() != case.account.lower()
        ]
        if len(fits) != 1:
            raise e.PasswordUnreadable(why=f"{len(fits)} valeurs possibles")
        return Secret(fits[0])

    async def back(self, case: Case) -> str:
        async with self.browser.on(self.title):
            await self.press(self.button("summary.back"), self.words.first("summary.back"))
        return "structure"
