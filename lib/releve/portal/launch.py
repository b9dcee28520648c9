"""How the browser is started: with its own sandbox where it can be, behind the machine's proxy."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Iterable

from playwright.async_api import Browser, BrowserType, ProxySettings
from playwright.async_api import Error as PlaywrightError

from releve.base.proxies import bypassed, proxy_of_all
from releve.portal.browsers import Browser as BrowserChoice
from releve.portal.browsers import unwanted_defaults


async def launch(
    chromium: BrowserType, choice: BrowserChoice, origins: Iterable[str], headed: bool
) -> Browser:
    """The browser, started. Raises Playwright's errors; safe to repeat."""
    proxy = _proxy(origins)

    def start(sandbox: bool) -> Awaitable[Browser]:
        return chromium.launch(
            headless=not headed,
            channel=choice.channel,
            executable_path=choice.executable,
            chromium_sandbox=sandbox,
            proxy=proxy,
            ignore_default_args=unwanted_defaults(),
        )

    try:
        return await start(sandbox=sys.platform == "win32" or os.geteuid() != 0)
    except PlaywrightError as error:
        # a system that forbids it (containers, some distributions) says so
        if "sandbox" not in error.message.lower():
            raise
        return await start(sandbox=False)


def _proxy(origins: Iterable[str]) -> ProxySettings | None:
    """As Playwright wants it; None leaves the way to the browser, which asks its system."""
    found = proxy_of_all(origins)
    if found is None:
        return None
    settings = ProxySettings(server=found.server, bypass=bypassed())
    if found.username:
        settings |= {"username": found.username, "password": found.password}
    return settings
