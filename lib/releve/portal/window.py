"""The portal's window, before a person: put away while Relève works or asks in its own page,
brought forward for a step that is hers.

Put away, it takes no input of hers: minimised, and with Chromium told to ignore input but while a
screen is being done. A strip says whose turn it is; it stands in no picture.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from weakref import WeakKeyDictionary

from playwright.async_api import BrowserContext, CDPSession, Page
from playwright.async_api import Error as PlaywrightError

AWAY = "Relève travaille ici. Ne cliquez pas : revenez à la page Relève."
HERS = "À vous : faites ici l'étape demandée, puis revenez à la page Relève."
SOON = "N'y cliquez pas encore : répondez d'abord dans la page Relève."

# In a closed tree of its own: no locator finds its words, and a click goes through it.
_STRIP = """
text => {
  if (window !== window.top) return;
  let strip = document.querySelector('[data-releve-strip]');
  if (!strip) {
    strip = document.createElement('div');
    strip.dataset.releveStrip = '';
    strip.style.cssText = 'all:initial;position:fixed;left:0;right:0;bottom:0;z-index:2147483646;pointer-events:none';
    const line = document.createElement('div');
    line.style.cssText = 'font:600 16px/1.4 system-ui,sans-serif;padding:8px 16px;text-align:center;color:#161616;background:#ffe14d';
    strip.attachShadow({ mode: 'closed' }).append(line);
    strip.say = words => { line.textContent = words; };
    document.documentElement.append(strip);
  }
  strip.say(text);
}
"""  # noqa: E501
_HIDE = (
    "hidden => document.querySelector('[data-releve-strip]')"
    "?.style.setProperty('display', hidden ? 'none' : 'block', 'important')"
)


class Window:
    """Of one context; nothing at all without a screen (`headed` False)."""

    def __init__(self, headed: bool) -> None:
        self.headed = headed
        self.hers = False
        self._inside = 0
        self._sessions: WeakKeyDictionary[Page, CDPSession] = WeakKeyDictionary()

    async def watch(self, context: BrowserContext) -> None:
        """From now on each new page says whose turn it is."""
        if not self.headed:
            return
        script = f"({_STRIP})"
        on_load = f"addEventListener('DOMContentLoaded', () => {script}({json.dumps(AWAY)}))"
        await context.add_init_script(on_load)

    @asynccontextmanager
    async def at_work(self, page: Page) -> AsyncIterator[None]:
        """Relève does a screen: the window is away, and takes input for as long as that. Where a
        person has just done one, it stays as it is.
        """
        self._inside += 1
        if self.headed and self._inside == 1 and not self.hers:
            await self.put_away(page)
            await self._ignore(page, False)
        try:
            yield
        finally:
            self._inside -= 1
            if self.headed and not self._inside and not self.hers and not page.is_closed():
                await self._state(page, "minimized")  # a new tab brings the window back
                await self._ignore(page, True)

    async def hand_over(self, page: Page, words: str = HERS) -> None:
        """The step is hers: the window comes forward and takes her input."""
        self.hers = True
        if self.headed:
            await self._state(page, "normal")
            await page.bring_to_front()
            await self._ignore(page, False)
            await page.evaluate(_STRIP, words)

    async def say_hers(self, page: Page) -> None:
        """A page that came while the step is hers says so too."""
        if self.headed and self.hers:
            with suppress(PlaywrightError):
                await page.evaluate(_STRIP, HERS)

    def take_back(self) -> None:
        """Her step is done: the next screen puts the window away."""
        self.hers = False

    @asynccontextmanager
    async def without_strip(self, page: Page) -> AsyncIterator[None]:
        """A picture is of the portal alone."""
        if not self.headed:
            yield
            return
        await page.evaluate(_HIDE, True)
        try:
            yield
        finally:
            with suppress(PlaywrightError):
                await page.evaluate(_HIDE, False)

    async def put_away(self, page: Page) -> None:
        if not self.headed:
            return
        await self._state(page, "minimized")
        with suppress(PlaywrightError):  # a page on its way has its strip from the script
            await page.evaluate(_STRIP, AWAY)

    async def _state(self, page: Page, state: str) -> None:
        with suppress(PlaywrightError):  # a desktop that has no such state
            session = await self._session(page)
            found = await session.send("Browser.getWindowForTarget")
            if found["bounds"].get("windowState") != state:
                bounds = {"windowId": found["windowId"], "bounds": {"windowState": state}}
                await session.send("Browser.setWindowBounds", bounds)

    async def _ignore(self, page: Page, ignore: bool) -> None:
        """For every tab: hers is whichever she sees."""
        with suppress(PlaywrightError):
            for each in page.context.pages:
                session = await self._session(each)
                await session.send("Input.setIgnoreInputEvents", {"ignore": ignore})

    async def _session(self, page: Page) -> CDPSession:
        """Kept: what it set ends with it."""
        if page not in self._sessions:
            self._sessions[page] = await page.context.new_cdp_session(page)
        return self._sessions[page]
