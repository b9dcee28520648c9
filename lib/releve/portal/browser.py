"""The browser at its edge: one window, watched for every way in which a page can fail, and pictures
without secrets.
"""

from __future__ import annotations

import asyncio
import base64
import os
import re
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from email.utils import parsedate_to_datetime
from pathlib import Path
from weakref import WeakKeyDictionary

from playwright.async_api import (
    Browser,
    BrowserContext,
    BrowserType,
    CDPSession,
    Frame,
    Locator,
    Page,
    Playwright,
    ProxySettings,
    Request,
    Response,
    async_playwright,
)
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import TimeoutError as PlaywrightTimeout

from releve.base.disk import write_atomically
from releve.base.proxies import bypassed, proxy_of_all
from releve.base.secret import Secret, registered, scrub
from releve.base.settings import Portal, origin
from releve.base.words import Words
from releve.decision import events as ev
from releve.portal import errors as e
from releve.portal.browsers import Browser as BrowserChoice
from releve.portal.certificates import Certificates
from releve.portal.displayed import displayed
from releve.portal.window import Window
from releve.record import picture

# Replaces every known secret by dots, in texts, fields and shadow trees, and lays one flat colour
# over its place until `_UNCOVER`.
# What is `shown` may be a password that nobody has read yet: it is covered too, and stays as it is
# in the page, to be read.
# Returns the covered boxes (left, top, right, bottom), whether a known secret is left, and the text
# that the picture will show.
_BLANK = """
([known, shown]) => {
  for (const running of document.getAnimations()) try { running.finish(); } catch { running.cancel(); }  // an endless one
  const LID = 320, boxes = [], holds = (values, text) => text && values.some(s => text.includes(s));
  const cover = (rects, home) => { for (const r of rects) {
    if (r.width < 1 || r.height < 1) continue;
    const lid = document.createElement('div');
    lid.dataset.releveLid = '';
    const left = Math.floor(r.left), top = Math.floor(r.top), bottom = Math.ceil(r.bottom);
    const right = left + LID * Math.ceil((r.right - left) / LID);  // else its width would tell a length
    lid.style.cssText = `all:initial;position:fixed;left:${left}px;top:${top}px;width:${right - left}px;` +
      `height:${bottom - top}px;background:#333;z-index:2147483647;pointer-events:none`;
    (home.closest('dialog[open]') || document.documentElement).append(lid);
    boxes.push([left, top, right, bottom]);
  } };
  const walk = root => {
    for (const el of root.querySelectorAll('*')) {
      if (el.shadowRoot) walk(el.shadowRoot);
      if (typeof el.value === 'string' && el.value && (el.type === 'password' || holds(known, el.value))) {
        el.value = '••••••••••••'; if (el.type !== 'hidden') cover(el.getClientRects(), el);
      } else if (typeof el.value === 'string' && holds(shown, el.value)) cover(el.getClientRects(), el);
      for (const name of el.getAttributeNames()) if (holds(known, el.getAttribute(name))) el.setAttribute(name, '••••••');
    }
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let node = texts.nextNode(); node; node = texts.nextNode())
      if (holds(known, node.nodeValue) || holds(shown, node.nodeValue)) {
        const range = document.createRange(); range.selectNodeContents(node);
        const rects = [...range.getClientRects()];
        if (holds(known, node.nodeValue)) node.nodeValue = '••••••••••••';
        cover([...rects, ...range.getClientRects()], node.parentElement);
      }
  };
  walk(document);
  const fields = [...document.querySelectorAll('input, textarea, select')].map(field => field.value);
  let text = [document.body?.innerText ?? '', ...fields].join('\\n');
  for (const value of shown) text = text.replaceAll(value, '••••••');
  return { boxes, left: holds(known, document.documentElement.textContent + document.title), text };
}
"""
_UNCOVER = "() => document.querySelectorAll('[data-releve-lid]').forEach(lid => lid.remove())"

# What the portal says when it cannot, the most telling first.
_TROUBLES: dict[str, type[e.PortalError]] = {
    "locked": e.AccountLocked,
    "refused": e.PasswordRefused,
    "expired": e.SessionExpired,
    "maintenance": e.Maintenance,
    "technical": e.TechnicalError,
}


def _proxy(origins: Iterable[str]) -> ProxySettings | None:
    """As Playwright wants it; None leaves the way to the browser, which asks its system."""
    found = proxy_of_all(origins)
    if found is None:
        return None
    settings = ProxySettings(server=found.server, bypass=bypassed())
    if found.username:
        settings |= {"username": found.username, "password": found.password}
    return settings


class PortalBrowser:
    """One browser with one context. `page` is the page in hand: a step that opens a tab puts the
    new one there.
    """

    def __init__(self, settings: Portal, choice: BrowserChoice, headed: bool) -> None:
        self.settings, self.choice, self.headed = settings, choice, headed
        self.words = Words(settings.labels)
        self.timeout = settings.timeout_seconds
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._context: BrowserContext | None = None
        self._page: Page | None = None
        self._tab, self._tabs = "portal", dict[str, Page]()
        self._cameras: WeakKeyDictionary[Page, CDPSession] = WeakKeyDictionary()
        self._failure: asyncio.Future[e.PortalError] | None = None
        self._asked: Request | None = (
            None  # the page that was asked for and has not begun to arrive
        )
        self._date: tuple[float, float] | None = (
            None  # the portal's clock and this machine's, at the latest page
        )
        self._certificates = Certificates()
        # told of each origin before anything is typed or read on it
        self.on_origin: Callable[[ev.OriginMet], None] = lambda met: None
        self.title = ""  # the screen in hand, for messages
        self.window = Window(headed)
        self.keep = False  # it stays open, logged in, from one rotation to the next
        self.home = ""  # then, the address at which its session goes on

    async def start(self) -> None:
        """Start the browser. Raises `BrowserDidNotStart`; the caller may retry."""
        try:
            self._browser = await self._launch()
            self._browser.on("disconnected", self._on_gone)
            self._context = await self._browser.new_context(
                locale="fr-FR", accept_downloads=False, viewport={"width": 1280, "height": 800}
            )
            self._context.set_default_timeout(self.timeout * 1000)
            self._context.on("page", self._watch)
            await self.window.watch(self._context)
            self._page = await self._context.new_page()
            await self._certificates.ready(self._page)
        except PlaywrightError as error:
            await self.close()
            raise e.BrowserDidNotStart(
                name=self.choice.name, why=scrub(error.message.splitlines()[0])
            ) from None

    async def _launch(self) -> Browser:
        os.environ.pop(
            "DEBUG", None
        )  # Playwright would write every value that it types to the standard error
        self._playwright = await async_playwright().start()
        try:
            return await self._open(
                self._playwright.chromium, sandbox=sys.platform == "win32" or os.geteuid() != 0
            )
        except PlaywrightError as error:
            if (
                "sandbox" not in error.message.lower()
            ):  # a system that forbids it (containers, some distributions) says so
                raise
            return await self._open(self._playwright.chromium, sandbox=False)

    def _open(self, chromium: BrowserType, sandbox: bool) -> Awaitable[Browser]:
        """With Chromium's own sandbox where it can be: never as root."""
        choice = self.choice
        return chromium.launch(
            headless=not self.headed,
            channel=choice.channel,
            executable_path=choice.executable,
            chromium_sandbox=sandbox,
            proxy=_proxy(self.settings.origins),
        )

    async def close(self) -> None:
        """Close everything, whatever has already gone. Safe to repeat."""
        with suppress(PlaywrightError):
            if self._context:
                await self._context.close()
            if self._browser and self._playwright:
                await self._browser.close()
        if self._playwright:
            await self._playwright.stop()
        self._playwright = self._browser = self._context = self._page = None
        self._tab, self._tabs = "portal", {}

    async def turn(self, tab: str) -> None:
        """Take the tab of that name in hand, opened at its first call; the one in hand keeps its
        name. The first one is "portal".
        """
        if tab == self._tab:
            return
        if self._page is not None:
            self._tabs[self._tab] = self._page
        found = self._tabs.pop(tab, None)
        self._page = found if found and not found.is_closed() else await self.context.new_page()
        self._tab = tab

    @property
    def alive(self) -> bool:
        """Whether the browser still runs."""
        return self._browser is not None and self._browser.is_connected()

    @property
    def version(self) -> str:
        """Its name and version; the name alone while it does not run."""
        return f"{self.choice.name} {self._browser.version}" if self._browser else self.choice.name

    @property
    def page(self) -> Page:
        """The page in hand. Raises `BrowserGone` when there is none any more."""
        if self._page is None or self._page.is_closed():
            raise e.BrowserGone(screen=self.title)
        return self._page

    @page.setter
    def page(self, page: Page) -> None:
        self._page = page

    @property
    def context(self) -> BrowserContext:
        if self._context is None:
            raise e.BrowserGone(screen=self.title)
        return self._context

    def _watch(self, page: Page) -> None:
        self._certificates.watch(page)
        page.on("request", self._on_request)
        page.on("response", self._on_response)
        page.on("requestfailed", self._on_request_failed)
        page.on("crash", self._on_gone)

    def _on_gone(self, _: Browser | Page) -> None:
        """Nothing else would tell: what is asked of a browser as it dies is not answered before its
        time-out.
        """
        self._fail(e.BrowserGone(screen=self.title))

    def _on_request(self, request: Request) -> None:
        if self._is_main(request):
            self._asked = request

    def _on_response(self, response: Response) -> None:
        if response.request == self._asked:
            self._asked = None
        with suppress(KeyError, ValueError):
            self._date = parsedate_to_datetime(response.headers["date"]).timestamp(), time.time()
        if self._is_main(response.request):
            self._certificates.answered(response)
        if response.status >= 500 and self._is_main(response.request):
            self._fail(
                e.Maintenance(screen=self.title)
                if response.status == 503
                else e.TechnicalError(screen=self.title)
            )

    def _on_request_failed(self, request: Request) -> None:
        if request == self._asked:
            self._asked = None
        why = request.failure or ""
        if (
            self._is_main(request) and "ERR_ABORTED" not in why
        ):  # an aborted request was replaced by another, or became a download
            self._fail(e.PortalUnreachable(origin=origin(request.url), why=why))

    def skew(self, now: float) -> float | None:
        """The portal's time less this machine's, in seconds, by the latest answer's Date header;
        None when none told it.
        """
        return self._date[0] - (now - (time.time() - self._date[1])) if self._date else None

    def _is_main(self, request: Request) -> bool:
        """Whether it asks for the page in hand: what a tab that was laid aside meets is seen when
        it is taken in hand again.
        """
        try:
            frame: Frame | None = request.frame if request.is_navigation_request() else None
        except PlaywrightError:  # the page of a new tab is not known yet at its first request
            return request.is_navigation_request()
        return (
            frame is not None
            and frame.parent_frame is None
            and frame.page not in self._tabs.values()
        )

    def _fail(self, error: e.PortalError) -> None:
        if self._failure and not self._failure.done():
            self._failure.set_result(error)

    @asynccontextmanager
    async def on(self, title: str) -> AsyncIterator[None]:
        """Everything within happens on the screen `title`; what Playwright raises becomes one of
        the portal's errors.
        """
        self.title = title
        self._failure = asyncio.get_running_loop().create_future()
        try:
            async with self.window.at_work(self.page):
                yield
        except PlaywrightTimeout:
            raise await self.diagnose("l'élément attendu") from None
        except PlaywrightError as error:
            raise self._translate(error) from None

    def _translate(self, error: PlaywrightError) -> e.PortalError:
        first = scrub(error.message.splitlines()[0]) if error.message else ""
        gone = (
            self._page is None
            or self._page.is_closed()
            or not (self._browser and self._browser.is_connected())
        )
        if gone or "has been closed" in first or "crashed" in first.lower():
            return e.BrowserGone(screen=self.title)
        if network := re.search(r"net::\w+", first):
            return e.PortalUnreachable(origin=origin(self.settings.url), why=network[0])
        return e.ScreenNotRecognised(screen=self.title, wanted=first[:120])

    async def front(self) -> None:
        """Bring the window before a person, for a step that is hers."""
        with suppress(PlaywrightError, e.PortalError):
            await self.window.hand_over(self.page)

    async def goto(self, url: str) -> None:
        """Open `url` in the page in hand."""
        await self.page.goto(url, wait_until="commit", timeout=self.timeout * 1000)

    async def wait_for(self, wanted: Locator, label: str, within_dialog: bool = False) -> None:
        """Return when `wanted` is visible; raise the right `PortalError` as soon as the page says
        anything else.

        Safe to repeat. A window laid over the page is an error of its own unless `within_dialog`.
        """
        trouble = self.page.get_by_text(self._any_trouble()).filter(visible=True)
        either = asyncio.ensure_future(
            wanted.or_(trouble).filter(visible=True).first.wait_for(timeout=self.timeout * 1000)
        )
        watched: set[asyncio.Future[object]] = {either}  # type: ignore[arg-type]
        if self._failure:
            watched.add(self._failure)  # type: ignore[arg-type]
        try:
            await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
            if either.done() and not either.exception():
                there, text = await asyncio.gather(
                    wanted.filter(visible=True).count(), self.popup()
                )
                if there and text and not within_dialog:
                    raise e.UnexpectedPopup(screen=self.title, text=scrub(text)[:160])
                if there:
                    await self.note_origin()
                    return
            raise await self.diagnose(label, within_dialog)
        finally:
            either.cancel()
            with suppress(asyncio.CancelledError, PlaywrightError):
                await either

    def _any_trouble(self) -> re.Pattern[str]:
        return re.compile(
            "|".join(f"(?:{self.words.find(f'trouble.{key}').pattern})" for key in _TROUBLES),
            re.IGNORECASE,
        )

    def laid_over(self) -> Locator:
        """The windows laid over the page."""
        return (
            self.page.get_by_role("dialog")
            .or_(self.page.get_by_role("alertdialog"))
            .filter(visible=True)
        )

    async def popup(self) -> str:
        """The text of a window laid over the page, on one line; "" when there is none."""
        dialog = self.laid_over()
        return " ".join((await dialog.first.inner_text()).split()) if await dialog.count() else ""

    async def diagnose(self, label: str, within_dialog: bool = False) -> e.PortalError:
        """Why the page in hand is not the one expected: the most telling error that what it shows
        allows.
        """
        if (
            not (self._browser and self._browser.is_connected())
            or self._page is None
            or self._page.is_closed()
        ):
            return e.BrowserGone(screen=self.title)
        if self._asked:  # asked before anything else: a page on its way answers no question
            return e.PortalTooSlow(screen=self.title, seconds=round(self.timeout))
        with suppress(PlaywrightError):
            for key, error in _TROUBLES.items():
                if (
                    await self.page.get_by_text(self.words.find(f"trouble.{key}"))
                    .filter(visible=True)
                    .count()
                ):
                    return error(screen=self.title, login=self.settings.login)
            if self._failure and self._failure.done():
                return self._failure.result()
            if not within_dialog and (text := await self.popup()):
                return e.UnexpectedPopup(screen=self.title, text=scrub(text)[:160])
        return e.ScreenNotRecognised(screen=self.title, wanted=label)

    async def type_secret(self, field: Locator, secret: Secret) -> None:
        """Fill `field`, only when its page stands on an allowed origin. Raises `OriginRefused`
        before anything is typed.
        """
        await self.note_origin()
        await field.fill(secret.reveal())

    async def note_origin(self) -> None:
        """Tell `on_origin` where the page in hand stands. Raises `OriginRefused` unless that is one
        of the origins of the settings, and what `on_origin` raises.
        """
        self.check_origin()
        self.on_origin(await self._certificates.of(self.page))

    def check_origin(self) -> None:
        """Raises `OriginRefused` unless the page in hand stands on one of the origins of the
        settings.
        """
        try:
            here = origin(self.page.url)
        except ValueError:
            here = self.page.url
        if here not in self.settings.origins:
            raise e.OriginRefused(origin=here)

    async def capture(self, path: Path) -> bool:
        """A picture of the page with every secret blanked in the page itself. False, and no file,
        when that cannot be assured.
        """
        blanked = None
        try:
            blanked = await self._blank()
            if blanked is None:
                return False
            async with self.window.without_strip(self.page):
                shot = await asyncio.wait_for(self._shot(), self.timeout)
        except (PlaywrightError, e.BrowserGone, TimeoutError):
            return False
        finally:
            if blanked is None or blanked[0]:
                await self._uncover()
        shot = picture.mark(shot, *blanked)
        if picture.uneven(shot):
            return False
        await asyncio.to_thread(write_atomically, path, shot)
        return True

    async def _uncover(self) -> None:
        with suppress(PlaywrightError, e.BrowserGone):
            for frame in self.page.frames:
                await frame.evaluate(_UNCOVER)

    async def _shot(self) -> bytes:
        """Chromium's own call: Playwright's goes back and forth several times, and waits for a
        compression that is slower than the page.
        """
        page = self.page
        if page not in self._cameras:
            self._cameras[page] = await self.context.new_cdp_session(page)
        answer = await self._cameras[page].send(
            "Page.captureScreenshot", {"format": "png", "optimizeForSpeed": True}
        )
        return base64.b64decode(answer["data"])

    async def _blank(self) -> tuple[list[list[float]], str] | None:
        """Blank every frame; the covered boxes on the picture and its text, or None when a secret
        is left.

        A person may have gone further than the step, to a password that nobody has read yet: what
        may be one is covered too.
        """
        boxes, texts = [], []
        for frame in self.page.frames:
            done = await frame.evaluate(
                _BLANK, [list(registered()), await displayed(frame, self.words)]
            )
            if done["left"]:
                return None
            x, y = await _offset(frame)
            boxes += [
                [left + x, top + y, right + x, bottom + y]
                for left, top, right, bottom in done["boxes"]
            ]
            texts.append(done["text"])
        return boxes, "\n".join(texts)


async def _offset(frame: Frame) -> tuple[float, float]:
    """Where a frame stands on the picture. One that is not shown has its boxes outside, where there
    is no picture.
    """
    if frame.parent_frame is None:
        return 0, 0
    box = await (await frame.frame_element()).bounding_box()
    return (box["x"], box["y"]) if box else (-1e6, -1e6)
