"""The one browser of a process."""

from __future__ import annotations

import os

from releve.base.errors import UsageError
from releve.base.origins import is_loopback
from releve.base.settings import Portal
from releve.portal import browsers
from releve.portal.browser import PortalBrowser


class RootRefused(UsageError):
    """Root is no operator: any program of the machine's administrator could be led astray."""


def with_window(portal: Portal, *, interactive: bool) -> bool:
    """Whether the browser shows a window: as the settings say, for a person by default, and never
    without a screen.
    """
    wanted = interactive if portal.headed == "auto" else portal.headed
    return wanted and browsers.can_show_a_window()


class Pool:
    """Started at the first call, and again when it has gone. With `keep`, as in a fleet's worker,
    it stays open, logged in, from one rotation to the next.
    """

    def __init__(self, *, keep: bool = False) -> None:
        self.keep = keep
        self.opened: PortalBrowser | None = None

    async def browser(self, portal: Portal, *, interactive: bool) -> PortalBrowser:
        """With a window for a person if there is a screen. Raises `BrowserNotFound`,
        `BrowserDidNotStart`; the caller may retry. `RootRefused` for the real portal.
        """
        if not is_loopback(portal.url) and hasattr(os, "geteuid") and os.geteuid() == 0:
            raise RootRefused
        held = self.opened
        if held is None or not held.alive or held.settings != portal:
            await self.close()
            headed = with_window(portal, interactive=interactive)
            held = PortalBrowser(portal, browsers.find(portal.browser, headed), headed)
            held.keep = self.keep
            await held.start()
            self.opened = held
        return held

    async def release(self) -> None:
        """A rotation needs it no more. Safe to repeat."""
        if not self.keep:
            await self.close()

    async def close(self) -> None:
        """Close it, whatever has already gone. Safe to repeat."""
        held, self.opened = self.opened, None
        if held is not None:
            await held.close()
