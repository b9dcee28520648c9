"""Pictures of the portal's screens, without any secret."""

from __future__ import annotations

import asyncio
import base64
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from playwright.async_api import CDPSession, Frame, Page
from playwright.async_api import Error as PlaywrightError

from releve.base.disk import write_atomically
from releve.base.secret import registered
from releve.portal import errors as e
from releve.portal.browser import PortalBrowser
from releve.portal.find import finder
from releve.portal.reading import passwords
from releve.portal.view import View
from releve.record import picture

_COVER = files(__package__).joinpath("cover.js").read_text(encoding="utf-8")
_UNCOVER = "() => document.querySelectorAll('[data-releve-lid]').forEach(lid => lid.remove())"
_CAMERAS: WeakKeyDictionary[Page, CDPSession] = WeakKeyDictionary()


async def capture(browser: PortalBrowser, path: Path) -> bool:
    """A picture of the page in hand with every secret blanked in the page itself. False, and no
    file, when that cannot be assured: on the screen that shows the password, unless the whole
    region of the value is covered.
    """
    taken = await shot(browser)
    if taken is None:
        return False
    await asyncio.to_thread(write_atomically, path, taken)
    return True


async def shot(browser: PortalBrowser) -> bytes | None:
    """The same, as a PNG; None when it cannot be assured."""
    covered = None
    try:
        covered = await _cover(browser)
        if covered is None:
            return None
        async with browser.window.without_strip(browser.page):
            taken = await asyncio.wait_for(_shot(browser), browser.timeout)
    except (PlaywrightError, e.PortalError, TimeoutError):
        return None
    finally:
        if covered is None or covered[0]:
            await _uncover(browser)
    taken = picture.mark(taken, *covered)
    return None if picture.uneven(taken) else taken

_BLOCKS = ("dd", "div", "li", "p", "pre", "td")  # that hold the parts of what they show


async def _cover(browser: PortalBrowser) -> tuple[list[list[float]], str] | None:
    """Cover every frame; the boxes on the picture and its text, or None when a secret may be left.

    A person may have gone further than the step, to a password that nobody has read yet: what may
    be one is covered too.
    """
    find = finder(browser)
    view = await find.look(reading=True)
    found = _suspects(view, browser)
    boxes, texts, regions, screen = [], [], [], browser.password_in_sight or bool(found)
    for frame in browser.page.frames:
        here = [each for number, each in found if find.frame(number) is frame]
        what = {"known": list(registered()), "tokens": here, "screen": screen}
        done: dict[str, Any] = await frame.evaluate(_COVER, what)
        if done["left"]:
            return None
        x, y = await _offset(frame)
        boxes += [[a + x, b + y, c + x, d + y] for a, b, c, d in done["boxes"]]
        texts.append(done["text"])
        regions.append(done["region"])
    if screen and not (any(regions) and boxes):
        return None
    return boxes, "\n".join(texts)


def _suspects(view: View, browser: PortalBrowser) -> list[tuple[int, int]]:
    """The elements that may show a password, by frame and number; around a part of one, what holds
    the other parts.
    """
    values = {each.strip() for each in passwords(view, "", browser.words)}
    parts = [(t, [v for v in values if t.raw.strip() in v]) for t in view.tokens]
    return [
        (token.frame, block)
        for token, of in parts
        if of
        for block in token.path[-1 if of == [token.raw.strip()] or token.tag in _BLOCKS else -2 :]
    ]


async def _uncover(browser: PortalBrowser) -> None:
    with suppress(PlaywrightError, e.PortalError):
        for frame in browser.page.frames:
            await frame.evaluate(_UNCOVER)


async def _shot(browser: PortalBrowser) -> bytes:
    """Chromium's own call: Playwright's goes back and forth several times, and waits for a
    compression that is slower than the page.
    """
    page = browser.page
    if page not in _CAMERAS:
        _CAMERAS[page] = await browser.context.new_cdp_session(page)
    answer = await _CAMERAS[page].send(
        "Page.captureScreenshot", {"format": "png", "optimizeForSpeed": True}
    )
    return base64.b64decode(answer["data"])


async def _offset(frame: Frame) -> tuple[float, float]:
    """Where a frame stands on the picture. One that is not shown has its boxes outside, where there
    is no picture.
    """
    if frame.parent_frame is None:
        return 0, 0
    box = await (await frame.frame_element()).bounding_box()
    return (box["x"], box["y"]) if box else (-1e6, -1e6)
