"""« Connectez-vous, je continue »: the person does it in the portal's window, by any means, and
Relève waits for a page that it knows.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page

from releve.portal import errors as e
from releve.portal.case import Case
from releve.portal.find import finder
from releve.portal.sight import Abstention
from releve.portal.view import View

SECONDS = 900.0  # for a password manager, a card, a telephone in another room


async def wait_for_her(case: Case, inside: Callable[[View], object]) -> None:
    """Return once a window shows `inside`, on an allowed origin; it is then the one in hand. What
    she meets elsewhere is not read, and what goes wrong there is hers to see. Raises `NoWindow`,
    `NotSignedIn`, `BrowserGone`, and what stops her.
    """
    if not case.browser.headed:
        raise e.NoWindow
    await case.browser.front()
    asked = asyncio.ensure_future(case.prompts.signs_in_herself())
    found = asyncio.ensure_future(_found(case, inside))
    try:
        await asyncio.wait({asked, found}, return_when=asyncio.FIRST_COMPLETED)
        await (found if found.done() else asked)
    finally:
        for each in (asked, found):
            each.cancel()
        await asyncio.gather(asked, found, return_exceptions=True)
    await case.browser.note_origin()


async def _found(case: Case, inside: Callable[[View], object]) -> None:
    browser, until = case.browser, time.monotonic() + SECONDS
    while time.monotonic() < until:
        if not (browser.alive and browser.context.pages):
            raise e.BrowserGone(screen=browser.title)
        for page in reversed(browser.context.pages):
            if await _shows(case, page, inside):
                return
            await browser.window.say_hers(page)
        await asyncio.sleep(0.3)  # she may be anywhere: no page of ours tells when
    raise e.NotSignedIn(minutes=round(SECONDS / 60))


async def _shows(case: Case, page: Page, inside: Callable[[View], object]) -> bool:
    browser, before = case.browser, case.browser.page
    browser.page = page
    with suppress(PlaywrightError, e.OriginRefused):
        browser.check_origin()
        if not isinstance(inside(await finder(browser).look()), Abstention):
            return True
    browser.page = before
    return False
