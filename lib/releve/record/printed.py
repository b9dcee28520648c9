"""`record.pdf`: the record's page on A4, printed by the browser that is there; without one, the
page itself prints as well.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from releve.base.disk import write_atomically
from releve.base.errors import ReleveError
from releve.base.settings import Settings
from releve.portal import browsers

if TYPE_CHECKING:
    from playwright.async_api import (
        Browser,
    )  # imported late: a command that prints nothing needs none of it

PRINTED = "record.pdf"


async def print_with(browser: Browser | None, page_path: Path) -> None:
    """Print with a browser that runs already. One that cannot print (with a window) leaves nothing,
    and that is no fault.
    """
    if browser is None:
        return
    from playwright.async_api import Error as PlaywrightError

    with suppress(PlaywrightError, OSError):
        context = await browser.new_context(java_script_enabled=False, offline=True)
        try:
            page = await context.new_page()
            await page.goto(page_path.as_uri())
            printed = await page.pdf(format="A4", print_background=True, tagged=True)
            await asyncio.to_thread(write_atomically, page_path.with_name(PRINTED), printed)
        finally:
            await context.close()


async def _start_and_print(page_path: Path, choice: browsers.Browser) -> None:
    from playwright.async_api import Error as PlaywrightError
    from playwright.async_api import async_playwright

    with suppress(PlaywrightError):
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                channel=choice.channel, executable_path=choice.executable
            )
            await print_with(browser, page_path)
            await browser.close()


def print_page(page_path: Path, settings: Settings) -> None:
    """Print with a browser of its own, in a thread: the caller may stand in an event loop. No
    browser, no PDF; safe to repeat.
    """
    page_path.with_name(PRINTED).unlink(missing_ok=True)
    try:
        choice = browsers.find(settings.portal.browser, headed=False)
    except ReleveError:
        return
    thread = threading.Thread(target=lambda: asyncio.run(_start_and_print(page_path, choice)))
    thread.start()
    thread.join()
