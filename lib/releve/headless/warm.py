"""What a kernel of ours has before its notebook asks for it, and what the kernel of a fleet keeps
between two notebooks.

Only `own_kernel` starts a browser ahead, and only `fleet` keeps one (`begin`); a notebook alone
never meets either.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, cast

from releve.base import settings
from releve.base.errors import ReleveError
from releve.base.secret import forget, registered
from releve.base.settings import Portal
from releve.decision.procedure import GATE, PORTAL_STEPS
from releve.headless.kept_route import KeptRoute
from releve.portal import browsers
from releve.portal.browser import PortalBrowser
from releve.portal.drift import Look
from releve.portal.route import Route

BEFORE_RESET = (*PORTAL_STEPS[:7], GATE)


class StoppedBeforeReset(ReleveError):
    """The operator stopped the fleet, and this rotation had changed nothing yet."""

    happened = "La tournée a été arrêtée à la demande de l'opérateur."
    safe = "Rien n'a été changé pour cette structure : le portail a toujours l'ancien mot de passe."
    todo = "Relancez la même commande : seules les structures qui restent seront faites."


class Printing:
    """A record's page, made and printed by a task that is begun once."""

    def __init__(self, making: Coroutine[Any, Any, None]) -> None:
        self._making = making
        self._task: asyncio.Task[None] | None = None

    def begun(self) -> asyncio.Task[None]:
        self._task = self._task or asyncio.create_task(self._making)
        return self._task


class Kept:
    """The browser of the fleet. `connected` while the portal's session is believed alive; `home` is
    Chorus Pro's own page.
    """

    def __init__(self) -> None:
        self.browser: PortalBrowser | None = None
        self.connected = False
        self.stopping = False
        self.home = ""
        self.last: KeptRoute | None = None
        self.following = ""  # the next structure's SIRET
        self.ahead: asyncio.Task[Look | None] | None = None  # on its way there
        self.secrets: tuple[str, ...] = ()  # known when the last notebook began
        self.printing: list[Printing] = []  # the pages of the last records

    async def arrived(self) -> Look | None:
        """Once the portal's tab, if it was sent on ahead, is wherever it was going: the list of
        structures, if that is there.
        """
        ahead, self.ahead = self.ahead, None
        return await ahead if ahead else None


kept: Kept | None = None
_ahead: tuple[PortalBrowser, asyncio.Task[None]] | None = None


def start_ahead(path: str) -> None:
    """Begin to start the portal's browser of these settings ("" for the user's own), for a run
    without a person.

    Whatever is wrong is told when the browser is asked for.
    """
    global _ahead
    with suppress(ReleveError):
        portal = settings.load(path or None).portal
        browser = new_browser(portal, interactive=False)
        _ahead = browser, asyncio.ensure_future(browser.start())


def new_browser(portal: Portal, interactive: bool) -> PortalBrowser:
    """A browser that is not started yet, with a window for a person if there is a screen. Raises
    `BrowserNotFound`.
    """
    can = browsers.can_show_a_window()
    headed = can and (interactive if portal.headed == "auto" else portal.headed)
    return PortalBrowser(portal, browsers.find(portal.browser, headed), headed)


async def taken(portal: Portal, headed: bool) -> PortalBrowser | None:
    """The browser that was started ahead, if it is such a one and runs; it is taken once."""
    global _ahead
    if _ahead is None or (_ahead[0].settings, _ahead[0].headed) != (portal, headed):
        return None
    (browser, starting), _ahead = _ahead, None
    with suppress(ReleveError):
        await starting
    return browser if browser.alive else None


async def leave_ahead() -> None:
    """Close the browser that was started ahead and that nobody took."""
    if _ahead is not None and (browser := await taken(_ahead[0].settings, _ahead[0].headed)):
        await browser.close()


def begin() -> None:
    """Keep the browser from now on. Safe to repeat."""
    global kept
    if kept is None:
        kept = Kept()
        gc.freeze()  # what is imported stays: each `clean` collects, and need not look at it again


def clean(following: str = "") -> None:
    """Between two notebooks: no variable, no output and no rotation of the last one is left.
    `following` comes after the next one.
    """
    from releve.jupyter import runbook

    runbook._session = None
    if kept:  # the last rotation's stay known: the page in hand may still show its password
        kept.following = following
        forget(kept.secrets)
        kept.secrets = registered()
    if "IPython" in sys.modules:
        from IPython import get_ipython

        shell = get_ipython()
        if shell is not None:
            shell.reset(new_session=True)


def aside(making: Coroutine[Any, Any, None]) -> None:
    """Make and print a record's page once the next rotation waits for the portal: until then this
    machine has enough to do.

    What is wrong with the page is told by the seal, which makes it anew.
    """
    assert kept is not None
    kept.printing.append(Printing(making))


async def printed(but: int = 1) -> None:
    """Return once all pages are printed, but for the last `but` ones."""
    if kept:
        done, kept.printing = (
            kept.printing[: len(kept.printing) - but],
            kept.printing[len(kept.printing) - but :],
        )
        await asyncio.gather(*(each.begun() for each in done), return_exceptions=True)


def stop_soon() -> None:
    """The operator stops the fleet: the rotation in hand ends here if its reset has not begun, else
    it is finished.
    """
    if kept:
        kept.stopping = True


def check(step: str, touched: bool) -> None:
    """Raises `StoppedBeforeReset` when the fleet is stopping and nothing is changed yet."""
    if kept and kept.stopping and step in BEFORE_RESET and not touched:
        raise StoppedBeforeReset


async def end() -> None:
    """Print what is left, log out of the portal and close the browser, whatever has already gone."""
    global kept
    await printed(but=0)
    held, kept = kept, None
    if held is None or held.browser is None:
        return
    with suppress(ReleveError):
        if held.connected and held.last:
            await held.arrived()
            await held.browser.turn("portal")
            await held.last.route.leave()
    await held.browser.close()


def route(cold: Route, browser: PortalBrowser) -> Route:
    """The route itself, or the one that goes through the session that is kept."""
    if kept is None:
        return cold
    kept.last = KeptRoute(cold, browser, kept)
    return cast(Route, kept.last)
