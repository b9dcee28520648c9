"""The browser at its edge: one window, watched for every way in which a page can fail, and pictures
without secrets.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from email.utils import parsedate_to_datetime
from typing import Any

from playwright.async_api import (
    Browser,
    BrowserContext,
    CDPSession,
    Dialog,
    ElementHandle,
    Frame,
    Locator,
    Page,
    Playwright,
    Request,
    Response,
    async_playwright,
)
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import TimeoutError as PlaywrightTimeout

from releve.base.origins import origin
from releve.base.secret import Secret, scrub
from releve.base.settings import Portal
from releve.base.words import Words
from releve.decision import events as ev
from releve.portal import errors as e
from releve.portal import profile
from releve.portal.browsers import Browser as BrowserChoice
from releve.portal.certificates import Certificates, stands_on
from releve.portal.launch import launch
from releve.portal.typing import HOLD, OriginGuard, check_quiet, type_secret, type_text
from releve.portal.window import HERS, Window

# What the portal says when it cannot, the most telling first.
_TROUBLES: dict[str, type[e.PortalError]] = {
    "locked": e.AccountLocked,
    "refused": e.PasswordRefused,
    "expired": e.SessionExpired,
    "maintenance": e.Maintenance,
    "security": e.PageForbidden,
    "technical": e.TechnicalError,
}


def _no(_: str) -> bool:
    return False


class PortalBrowser:
    """One browser with one context. `page` is the page in hand: a step that opens a tab puts the
    new one there.
    """

    def __init__(self, settings: Portal, choice: BrowserChoice, headed: bool) -> None:
        self.settings, self.choice, self.headed = settings, choice, headed
        self.words = Words(settings.labels)
        profile.teach(self.words, settings.url)
        self.timeout = settings.timeout_seconds
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._context: BrowserContext | None = None
        self._guard: OriginGuard | None = None
        self._ahead: CDPSession | None = None  # what holds the documents to come, see `hold`
        self._page: Page | None = None
        self._tab, self._tabs = "portal", dict[str, Page]()
        self._failure: asyncio.Future[e.PortalError] | None = None
        self._opened: list[Page] = []  # windows that the page in hand has opened since
        self._openers: list[Page] = []
        self.dialogs: list[str] = []  # what native windows asked, the latest last
        self._agree: Callable[[str], bool] = _no  # which one is answered with yes, once
        self.password_in_sight = False  # the window shows a new password, or may: see `camera`
        self.memo: dict[str, Any] = {}  # what a screen tells the next one of the same rotation
        self._asked: Request | None = None  # for a page, which has not begun to arrive
        # the portal's clock and this machine's, at the latest page
        self._date: tuple[float, float] | None = None
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
            height = 620 if self.headed else 800  # a window stands whole on a small laptop's screen
            self._context = await self._browser.new_context(
                locale="fr-FR", accept_downloads=False, viewport={"width": 1280, "height": height}
            )
            self._context.set_default_timeout(self.timeout * 1000)
            self._guard = OriginGuard(self._context, self.settings.origins)
            await self._guard.stand()
            self._context.on("page", self._watch)
            await self.window.watch(self._context)
            self._page = await self._context.new_page()
            await self._certificates.ready(self._page)
        except PlaywrightError as error:
            await self.close()
            why = scrub(error.message.splitlines()[0])
            raise e.BrowserDidNotStart(name=self.choice.name, why=why) from None

    async def _launch(self) -> Browser:
        check_quiet()
        self._playwright = await async_playwright().start()
        chromium, origins = self._playwright.chromium, self.settings.origins
        return await launch(chromium, self.choice, origins, self.headed)

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
    def _in_hand(self) -> bool:
        """Whether it runs, and its page in hand is open."""
        self._give_way()
        return self.alive and self._page is not None and not self._page.is_closed()

    def _gone(self) -> e.BrowserGone:
        return e.BrowserGone(screen=self.title)

    @property
    def version(self) -> str:
        """Its name and version; the name alone while it does not run."""
        return f"{self.choice.name} {self._browser.version}" if self._browser else self.choice.name

    @property
    def page(self) -> Page:
        """The page in hand. Raises `BrowserGone` when there is none any more."""
        self._give_way()
        if self._page is None or self._page.is_closed():
            raise self._gone()
        return self._page

    @page.setter
    def page(self, page: Page) -> None:
        self._page = page

    @property
    def context(self) -> BrowserContext:
        if self._context is None:
            raise self._gone()
        return self._context

    def _watch(self, page: Page) -> None:
        self._certificates.watch(page)
        page.on("request", self._on_request)
        page.on("response", self._on_response)
        page.on("requestfailed", self._on_request_failed)
        page.on("crash", self._on_gone)
        page.on("popup", self._on_popup)
        page.on("dialog", self._on_dialog)

    def _on_popup(self, page: Page) -> None:
        self._opened.append(page)

    async def _on_dialog(self, dialog: Dialog) -> None:
        """A native window is answered with no, but for the one that was announced; leaving a page
        is never held back.
        """
        if self.headed and self.window.hers:
            return  # it is hers to answer
        text = " ".join(dialog.message.split())
        asks = dialog.type in ("confirm", "prompt")
        agreed = asks and self._agree(text)
        if asks:
            self.dialogs.append(text)
        if agreed:
            self._agree = _no
        with suppress(PlaywrightError):
            await (dialog.accept() if agreed or dialog.type == "beforeunload" else dialog.dismiss())

    @contextmanager
    def agreeing(self, expected: Callable[[str], bool]) -> Iterator[None]:
        """Within, the first native window that is the expected one is answered with yes; any other
        with no.
        """
        self._agree = expected
        try:
            yield
        finally:
            self._agree = _no

    def follow(self) -> None:
        """Take the window in hand that the page opened."""
        while self._opened:
            page = self._opened.pop(0)
            if not page.is_closed() and self._page is not None:
                self._openers.append(self._page)
                self._page = page

    @property
    def windows(self) -> list[Page]:
        """The page in hand, and those that it may give way to."""
        return [self.page, *(page for page in self._openers if not page.is_closed())]

    def _give_way(self) -> None:
        """A window that closed gives way to its opener."""
        while self._page is not None and self._page.is_closed() and self._openers:
            self._page = self._openers.pop()

    @property
    def loading(self) -> bool:
        """A page was asked for and has not begun to arrive."""
        return self._asked is not None

    @property
    def failed(self) -> asyncio.Future[e.PortalError]:
        """Done once the browser or the portal failed on the screen in hand."""
        if self._failure is None:
            self._failure = asyncio.get_running_loop().create_future()
        return self._failure

    def trouble(self, text: str) -> bool:
        """Whether the portal says there that it cannot."""
        return any(self.words.find(f"trouble.{key}").search(text) for key in _TROUBLES)

    def _on_gone(self, _: Browser | Page) -> None:
        """Nothing else would tell: what is asked of a browser as it dies is not answered before its
        time-out.
        """
        self._fail(self._gone())

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
            if response.status >= 500:
                error = e.Maintenance if response.status == 503 else e.TechnicalError
                self._fail(error(screen=self.title))

    def _on_request_failed(self, request: Request) -> None:
        if request == self._asked:
            self._asked = None
        why = request.failure or ""
        # an aborted request was replaced by another, or became a download
        if self._is_main(request) and "ERR_ABORTED" not in why:
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
        if frame is None or frame.parent_frame is not None:
            return False
        return frame.page not in self._tabs.values()

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
        if not self._in_hand or "has been closed" in first or "crashed" in first.lower():
            return self._gone()
        if network := re.search(r"net::\w+", first):
            return e.PortalUnreachable(origin=origin(self.settings.url), why=network[0])
        return e.ScreenNotRecognised(screen=self.title, wanted=first[:120])

    async def front(self, words: str = HERS) -> None:
        """Bring the window before a person, for a step that is hers."""
        with suppress(PlaywrightError, e.PortalError):
            await self.window.hand_over(self.page, words)

    async def goto(self, url: str) -> None:
        """Open `url` in the page in hand."""
        await self.page.goto(url, wait_until="commit", timeout=self.timeout * 1000)

    async def begin(self, url: str) -> None:
        """As `goto`, once the page that showed a new password is left for an empty one: a document
        that is asked for before that is held too.
        """
        if self._ahead is not None:
            await self.goto("about:blank")
            await self.let_go()
        await self.goto(url)

    async def diagnose(self, label: str, saw: str = "") -> e.PortalError:
        """Why the page in hand is not the one expected: the most telling error that what it shows
        allows.
        """
        if not self._in_hand:
            return self._gone()
        if self._asked:  # asked before anything else: a page on its way answers no question
            return e.PortalTooSlow(screen=self.title, seconds=round(self.timeout))
        with suppress(PlaywrightError):
            for key, error in _TROUBLES.items():
                told = self.page.get_by_text(self.words.find(f"trouble.{key}"))
                if await told.filter(visible=True).count():
                    return error(screen=self.title, login=self.settings.login)
            if self._failure and self._failure.done():
                return self._failure.result()
        return e.ScreenNotRecognised(screen=self.title, wanted=label, saw=saw)

    async def type_secret(self, field: Locator | ElementHandle, secret: Secret) -> None:
        """Type in `field` (see `typing`), within `guarded` only. Raises `OriginRefused` before
        anything is typed.
        """
        element = field if isinstance(field, ElementHandle) else await field.element_handle()
        await self._behind_the_guard(element)
        await type_secret(element, secret, self.settings.origins, self.title)

    async def type_code(self, field: ElementHandle, code: str) -> None:
        """See `type_secret`."""
        await self._behind_the_guard(field)
        await type_text(field, code, self.settings.origins, self.title)

    async def _behind_the_guard(self, element: ElementHandle) -> None:
        await self.note_origin()
        here = stands_on(await element.owner_frame())
        if here in self.settings.origins:  # what is not allowed is refused where it is typed
            self.on_origin(await self._certificates.of(self.page, here))
        if self._guard is None or not self._guard.closed:
            raise AssertionError("a secret is typed behind the guard only")

    @asynccontextmanager
    async def guarded(self) -> AsyncIterator[None]:
        """While a secret stands in a page: no request leaves for another origin."""
        if self._guard is None:
            raise self._gone()
        async with self._guard.shut():
            yield

    async def hold(self) -> None:
        """A new password is in the page from here on, or may be: as `guarded`, until `let_go`.
        Safe to repeat.
        """
        if self._guard is None or self._ahead is not None:
            return
        await self._guard.close("shown")
        try:
            ahead = await self.context.new_cdp_session(self.page)
            await ahead.send("Page.enable")
            allowed = json.dumps([self.settings.origins, self._guard.loaded])
            script = {"source": f"({HOLD})(...{allowed})", "runImmediately": True}
            await ahead.send("Page.addScriptToEvaluateOnNewDocument", script)
        except PlaywrightError:
            await self._guard.open("shown")
            raise
        self._ahead = ahead

    async def let_go(self) -> None:
        """The page that showed the password is left. Safe to repeat."""
        self.password_in_sight = False
        ahead, self._ahead = self._ahead, None
        if self._guard is not None and ahead is not None:
            await self._guard.open("shown")
            with suppress(PlaywrightError):
                await ahead.detach()  # and its script is gone

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
