"""A fleet's way to the reset: one session for all; on the documented route, a password's page is
left as soon as it is kept.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.async_api import Error as PlaywrightError

from releve.decision.procedure import NAVIGATION, PORTAL_STEPS
from releve.portal.browser import PortalBrowser
from releve.portal.drift import Look, look
from releve.portal.errors import BrowserGone, ScreenNotRecognised, SessionExpired
from releve.portal.gestionnaire import Gestionnaire
from releve.portal.route import Route
from releve.portal.screens import AccueilDeChorusPro, ActivitesDuGestionnaire

if TYPE_CHECKING:
    from releve.headless.warm import Kept

LOGIN_STEPS = PORTAL_STEPS[:2]
_LOST = (SessionExpired, ScreenNotRecognised, BrowserGone)


class _Ahead:
    """The portal's tab on its way to the next structure's row, while another tab is in hand: all is
    bound to its page.
    """

    def __init__(self, browser: PortalBrowser, siret: str) -> None:
        structures = ActivitesDuGestionnaire(browser)
        self._page, self._words, self._siret = browser.page, browser.words, siret
        self._link, self._over = AccueilDeChorusPro(browser).mark(), browser.laid_over()
        self._wanted, self._field = structures.mark(), structures.field()

    async def go(self) -> Look | None:
        """The list as it is before the search; None when it did not come. What came instead is
        looked at when it is needed.
        """
        with suppress(PlaywrightError):
            await self._link.click()
            await self._page.wait_for_load_state("domcontentloaded")
            if await self._wanted.count() and not await self._over.count():
                seen = await look(self._page, self._words, "gestionnaire/structures")
                if self._siret:
                    await ActivitesDuGestionnaire.ask(self._field, self._siret)
                return seen
        return None


class KeptRoute:
    """Any route, without its first two screens when a session is alive; one that was lost is opened
    once more.
    """

    def __init__(self, cold: Route, browser: PortalBrowser, held: Kept) -> None:
        self.route, self.browser, self.held = cold, browser, held
        self._reused = held.connected
        self._moved = not held.connected  # the page in hand is this rotation's own
        self._seen: Look | None = None  # the list of structures, before the search

    def __getattr__(self, name: str) -> Any:
        """Everything else is the wrapped route's own."""
        return getattr(self.route, name)

    async def look(self, step: str) -> Look | None:
        """The screens that a kept session does not open again were looked at when it was opened."""
        seen, self._seen = self._seen, None
        if seen and step == "structures":
            return seen
        kept_already = self._reused and (step in LOGIN_STEPS or not self._moved)
        return None if kept_already else await self.route.look(step)

    async def go(self, step: str) -> str:
        if not self._reused:
            return await self._go(step)
        if step in LOGIN_STEPS:
            return "la session ouverte par la tournée sert encore"
        try:
            if not self._moved:
                seen = await self.held.arrived()
                if seen and step == "accueil" and isinstance(self.route, Gestionnaire):
                    return await self._take_over(self.route, seen)
                await self._to_home()
            return await self._go(step)
        except _LOST:
            return await self._again(step)

    async def _go(self, step: str) -> str:
        for page in self.held.printing:
            page.begun()
        result = await self.route.go(step)
        if step == LOGIN_STEPS[-1]:
            self.held.connected, self.held.home = True, self.browser.page.url
        self._moved = True
        return result

    async def _take_over(self, route: Gestionnaire, seen: Look) -> str:
        """The list of structures is there already, and was seen like that."""
        await self.browser.turn("portal")
        result = await route.activities()
        self._seen, self._moved = seen, True
        return result

    async def _to_home(self) -> None:
        """Chorus Pro's menu is on all its pages; where it is not in sight, its home is opened."""
        await self.browser.turn("portal")
        async with self.browser.on(AccueilDeChorusPro.title):
            if (
                self.route.name != "gestionnaire"
                or not await AccueilDeChorusPro(self.browser).mark().count()
            ):
                await self.browser.goto(self.held.home)

    async def _again(self, step: str) -> str:
        """The kept session is lost: a new browser, and the login once more. A second loss is an
        error.
        """
        self._reused, self.held.connected, self._seen = False, False, None
        await self.held.arrived()
        await self.browser.close()
        await self.browser.start()
        result = ""
        for each in NAVIGATION[: NAVIGATION.index(step) + 1]:
            result = await self._go(each)
        return f"{result} (la session de la tournée était perdue : nouvelle connexion)"

    async def leave(self) -> str:
        """The password is kept: its page is left for the list, and the next structure is looked for
        while Corail is in hand.
        """
        self._moved = False  # there is no screen of a log-out
        if isinstance(self.route, Gestionnaire):
            self.held.ahead = asyncio.create_task(_Ahead(self.browser, self.held.following).go())
        return "la session du portail reste ouverte pour la suite de la tournée"

    async def capture(self, path: Path) -> bool:
        """No picture before the first move (the page in hand is still the last structure's), nor of
        the log-out that there is not.
        """
        return self._moved and await self.route.capture(path)

    async def close(self) -> None:
        """The browser is the fleet's."""
