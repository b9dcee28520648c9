"""What every route shares: the login, one visit of the portal, its end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from playwright.async_api import Error as PlaywrightError

from releve.decision.procedure import BY_ID
from releve.portal import errors as e
from releve.portal.browser import PortalBrowser
from releve.portal.drift import WORDS, Look, look
from releve.portal.login import Arrival, Login
from releve.portal.screens import AccueilDeChorusPro, AccueilDuPortail


class Visit:
    """One visit of the portal for one structure and its technical account; routes add the screens
    from the home page to the reset.
    """

    name: ClassVar[str]
    sees_first: ClassVar[bool]
    mode: ClassVar[str] = "automatic"

    def __init__(self, login: Login, siret: str, account: str) -> None:
        self.login, self.siret, self.account = login, siret, account
        self.browser: PortalBrowser = login.browser
        self.steps: dict[str, Callable[[], Awaitable[str]]] = {
            "authentification": login.sign_in,
            "portail": login.enter,
        }

    @property
    def driver(self) -> str:
        return self.browser.version

    async def look(self, step: str) -> Look | None:
        async with self.browser.on(BY_ID[step].screen):
            if step == "authentification":
                await self.login.open()
            elif step == "portail" and self.login.through_chorus:
                return None
            screen = f"{'login' if step in ('authentification', 'portail') else self.name}/{step}"
            return (
                await look(self.browser.page, self.browser.words, screen)
                if screen in WORDS
                else None
            )

    async def go(self, step: str) -> str:
        async with self.browser.on(BY_ID[step].screen):
            return await self.steps[step]()

    async def arrived(self, step: str) -> None:
        """Make sure that the window shows what `step` leads to, once a person did it by hand.
        Raises `PortalError`; safe to repeat.
        """
        self.browser.page = self.browser.context.pages[-1]  # a new tab, if one was opened
        async with self.browser.on(BY_ID[step].screen):
            if step == "authentification":
                await (Arrival if self.login.through_chorus else AccueilDuPortail)(
                    self.browser
                ).reached()
            elif step == "portail":
                await Arrival(self.browser).reached()

    async def leave(self) -> str:
        """Log out. The document says « vous pouvez » : a portal that does not let us go holds
        nothing back.
        """
        try:
            async with self.browser.on("Déconnexion"):
                page = AccueilDeChorusPro(self.browser)
                if await self.browser.popup():
                    raise await self.browser.diagnose(page.words.first("home.logout"))
                await page.press(page.button("home.logout"), page.words.first("home.logout"))
                with suppress(PlaywrightError):
                    await self.browser.page.wait_for_load_state("load")
        except e.PortalError as error:
            return (
                "déconnexion non confirmée par le portail ; la session prend fin avec la fenêtre"
                f" ({error})"
            )
        return "déconnecté du portail"

    async def capture(self, path: Path) -> bool:
        return await self.browser.capture(path)

    async def close(self) -> None:
        await self.browser.close()
