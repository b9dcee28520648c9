"""The one way to find a control and to act on it, for every screen.

A look is one walk in each frame of an allowed origin (`find.js`); what it means is decided by pure
functions (`sight`). When what is wanted is not in sight, whatever hides it is opened (`opening`);
whatever covers it is closed by its own "fermer".
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from importlib.resources import files
from typing import Any, Protocol, TypeVar
from weakref import WeakKeyDictionary

from playwright.async_api import ElementHandle, Frame, Page
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import TimeoutError as PlaywrightTimeout

from releve.base.origins import origin
from releve.base.secret import Secret, scrub
from releve.portal import errors as e
from releve.portal.browser import PortalBrowser
from releve.portal.confirm import CROSS
from releve.portal.opening import Opening
from releve.portal.sight import Abstention, Want, decide, key_of
from releve.portal.view import Text, Thing, View

_WALK = files(__package__).joinpath("find.js").read_text(encoding="utf-8")
_ELEMENT = """id => {
  const found = globalThis[Symbol.for('releve')]?.elements.get(id)?.deref();
  return found?.isConnected ? found : undefined;
}"""
_CHANGED = files(__package__).joinpath("changed.js").read_text(encoding="utf-8")
_OVER = files(__package__).joinpath("over.js").read_text(encoding="utf-8")

BLIND = 0.6  # seconds without a change before something is opened that may have nothing in it
STUCK = 4.0  # and before a person is asked
QUIET = 0.12  # and before what is in the page, but hidden, is looked for
VEIL = 0.3  # for what lies over a page between two of its parts to go by itself
LATE_COVER = 2000  # milliseconds for a click before what covers it is looked for again

T = TypeVar("T")


def finder(browser: PortalBrowser) -> Finder:
    """The one of that browser."""
    if browser not in _FINDERS:
        _FINDERS[browser] = Finder(browser)
    return _FINDERS[browser]


class Teacher(Protocol):
    """Who can be asked to show in the page what the document's words do not find."""

    @property
    def there(self) -> bool:
        """Whether there is such a person, with a window."""

    async def show(self, key: str, found: Abstention, wanted: Callable[[View], object]) -> bool:
        """Have it shown, and kept; False when it may not be, or she does not see it either."""


class Finder:
    """Looks at the page in hand, and acts on what was found there."""

    def __init__(self, browser: PortalBrowser) -> None:
        self.browser, self.words = browser, browser.words
        self._numbers: WeakKeyDictionary[Frame, int] = WeakKeyDictionary()
        self._frames: dict[int, Frame] = {}
        self.hers = set[str]()  # irreversible buttons that were shown in this run: she presses them
        self._asked = set[str]()
        self.teacher: Teacher | None = None
        self.shown_now: list[tuple[str, str]] = []  # pointed at, and nothing that reacts, for us

    # -- looking

    async def look(self, *, reading: bool = False, page: Page | None = None) -> View:
        """Everything that can be seen now; `reading`: what may be a password too. `page`: in that
        window. Raises Playwright's errors.
        """
        page = page or self.browser.page
        frames = [frame for frame in page.frames if self._allowed(frame)]
        for frame in frames:
            if frame not in self._numbers:
                self._numbers[frame] = len(self._numbers)
                self._frames[self._numbers[frame]] = frame
        shown = [(each.role.split()[1], each.words) for each in self.words.learned.values()]
        asked = {"reading": reading, "shown": [*shown, *self.shown_now]}
        looks = await asyncio.gather(*(self._walk(frame, page, asked) for frame in frames))
        view = View.of(
            {self._numbers[f]: each for f, each in zip(frames, looks, strict=True) if each}
        )
        if self.words.pointed and page is self.browser.page:
            self._forget_what_is_gone(view)
        return view

    def _forget_what_is_gone(self, view: View) -> None:
        there = {(*each.key, view.documents[each.frame]) for each in view.things}
        for key, element in list(self.words.pointed.items()):
            if element not in there:
                del self.words.pointed[key]
                self._asked.discard(key)  # on the page to come she is asked anew

    def frame(self, number: int) -> Frame | None:
        """The frame of that number in a look."""
        return self._frames.get(number)

    def number(self, frame: Frame) -> int | None:
        """Its number in a look; None where nothing is looked at."""
        return self._numbers.get(frame) if self._allowed(frame) else None

    def _allowed(self, frame: Frame) -> bool:
        if frame.parent_frame is None:
            return True  # the page in hand is read wherever it stands, to say what it is
        if frame.url in ("", "about:blank", "about:srcdoc"):
            return self._allowed(frame.parent_frame)
        try:
            return origin(frame.url) in self.browser.settings.origins
        except ValueError:
            return False

    @staticmethod
    async def _walk(frame: Frame, page: Page, asked: dict[str, Any]) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = json.loads(await frame.evaluate(_WALK, asked))
        except PlaywrightError:
            if frame is page.main_frame:
                raise
            return None  # it was just replaced
        return found

    async def settled(
        self, wanted: Callable[[View], T | Abstention], seconds: float = 1.2, **how: Any
    ) -> T | Abstention:
        """As `until`; but once nothing is left to open and nothing has changed for so long, what
        was not seen is taken not to be there.
        """
        try:
            return await self.until(wanted, absent=seconds, **how)
        except _Absent as absent:
            return absent.found

    async def until(
        self,
        wanted: Callable[[View], T | Abstention],
        *,
        section: Want | None = None,
        opens: Callable[[Thing], bool] = lambda _: True,
        open_hidden: bool = True,
        reading: bool = False,
        absent: float = 0.0,
    ) -> T:
        """Look until `wanted` is decided; open what hides it. `section` names the part of the page
        that it belongs to, `opens` what may be opened for it.

        Safe to repeat. Raises `ScreenNotRecognised` or `AmbiguousScreen` with what was seen, and
        whatever error of the portal the page tells, as soon as it tells it.
        """
        started = changed = time.monotonic()
        before: object = None
        hiding = Opening(self, wanted, section, opens)
        while True:
            view, found = await self._see(wanted, started, reading)
            if not isinstance(found, Abstention):
                await self.browser.note_origin()
                return found
            if self.browser.trouble(view.text):
                raise await self.browser.diagnose(found.label)
            now = time.monotonic()
            if (shape := _shape(view)) != before:
                before, changed = shape, now
            still, over = now - changed, now - started >= self.browser.timeout
            stuck = view.ready and still > (2 * QUIET if found.count > 1 else STUCK)
            if (stuck or over) and not absent and await self.taught(found, wanted):
                started = changed = time.monotonic()
                continue
            twice = stuck and found.count > 1 and not absent
            if twice or over:
                raise await self._why(found, twice=twice)
            closed = open_hidden and view.ready and still > QUIET and not found.count
            if closed and await hiding.one_more(view, blind=still > BLIND):
                changed = time.monotonic()
                continue
            if absent and view.ready and still > absent and not hiding.covered:
                raise _Absent(found)
            await self.change()

    async def _why(self, found: Abstention, *, twice: bool) -> e.PortalError:
        """Why the search ends without it; `twice`: the page is still, and shows more than one."""
        if changed := self.otherwise(found):
            return changed
        saw = ", ".join(found.seen[:6])
        told = {"screen": self.browser.title, "wanted": found.label, "saw": saw}
        if found.grey:
            return e.StillGrey(**told)
        if twice:
            return e.AmbiguousScreen(count=found.count, **told)
        return await self.browser.diagnose(found.label, saw=str(found) if found.seen else "")

    async def taught(self, found: Abstention, wanted: Callable[[View], object]) -> bool:
        """Whether a person has just shown it, or what comes first; she is asked once for each.
        Raises what stops her.
        """
        for label in (found.label, *found.instead):
            key = key_of(label)
            if self.teacher is None or key in self._asked or self.browser.loading:
                continue
            self._asked.add(key)
            if await self.teacher.show(key, replace(found, label=label), wanted):
                self._asked -= {*map(key_of, (found.label, *found.instead))} - {key}
                return True  # the others may be on the page that this leads to
        return False

    def otherwise(self, found: Abstention) -> e.ControlChanged | None:
        """What a person had shown is not there as it was; with her there it is asked of her."""
        known = self.words.learned.get(key_of(found.label))
        if known is None or (self.teacher and self.teacher.there):
            return None
        then = ", ".join(f"« {each} »" for each in (known.words, known.beside, known.place) if each)
        return e.ControlChanged(
            screen=self.browser.title, wanted=found.label, then=then, now=", ".join(found.seen)
        )

    async def _see(
        self, wanted: Callable[[View], T | Abstention], started: float, reading: bool
    ) -> tuple[View, T | Abstention]:
        """One look, unless the browser or the portal fails meanwhile."""
        while True:
            self.browser.follow()
            look = asyncio.ensure_future(self.look(reading=reading))
            left = max(self.browser.timeout - (time.monotonic() - started), 2.0)
            watched: set[asyncio.Future[Any]] = {look, self.browser.failed}
            await asyncio.wait(watched, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if look.done() and not look.exception():
                view = look.result()
                found = wanted(view)
                if self.browser.failed.done() and isinstance(found, Abstention):
                    raise self.browser.failed.result()
                return view, found
            if self.browser.failed.done() or not look.done():
                look.cancel()
                with suppress(asyncio.CancelledError, PlaywrightError, e.BrowserGone):
                    await look
                raise await self.browser.diagnose("l'élément attendu")
            error = look.exception()
            gone = isinstance(error, e.PortalError) or not isinstance(error, PlaywrightError)
            if gone or not self.browser.alive or self.browser.page.is_closed():
                raise error or AssertionError
            if time.monotonic() - started > self.browser.timeout:
                raise await self.browser.diagnose("l'élément attendu")
            await self.change()  # the page was replaced under our eyes

    async def change(self, seconds: float = 0.15) -> None:
        """Return once the page changed, or after a moment: a style changes what no script did."""
        page = self.browser.page
        change = asyncio.ensure_future(page.evaluate(_CHANGED, seconds * 1000))
        watched: set[asyncio.Future[Any]] = {change, self.browser.failed}
        await asyncio.wait(watched, timeout=2 * seconds, return_when=asyncio.FIRST_COMPLETED)
        change.cancel()
        with suppress(asyncio.CancelledError, PlaywrightError):
            await change
        if change.done() and not change.cancelled() and change.exception():
            with suppress(PlaywrightError):  # between two pages
                await page.wait_for_load_state("domcontentloaded", timeout=seconds * 1000)

    async def changed(self, before: View, seconds: float = 1.0) -> bool:
        """Return once the page is another than it was, or after that time; whether it is."""
        until = time.monotonic() + seconds
        with suppress(PlaywrightError):
            while (now := await self.look()).documents == before.documents:
                if _shape(now) != _shape(before) or time.monotonic() > until:
                    return _shape(now) != _shape(before)
                await self.change(0.05)
        return True

    async def scroll_to(self, text: Text) -> bool:
        """Bring a text in sight; False when it is gone."""
        handle = await self.handle(text.frame, text.id)
        if handle is not None:
            with suppress(PlaywrightError):
                await handle.scroll_into_view_if_needed()
        return handle is not None

    # -- acting

    async def handle(self, frame: int, number: int) -> ElementHandle | None:
        """The element of that number; None when it is not there any more."""
        found = await self._frames[frame].evaluate_handle(_ELEMENT, number)
        return found.as_element()

    async def element(self, thing: Thing) -> ElementHandle:
        """The element itself. Raises `ScreenNotRecognised` when it is not there any more."""
        handle = await self.handle(thing.frame, thing.proxy or thing.id)
        if handle is None:
            raise e.ScreenNotRecognised(screen=self.browser.title, wanted=thing.name)
        return handle

    async def _uncovered(self, thing: Thing) -> ElementHandle:
        handle = await self.element(thing)
        await self.clear(thing.frame, handle)
        return handle

    async def find(self, want: Want, **how: Any) -> Thing:
        """Wait for the one thing of that name."""
        return await self.until(lambda view: decide(view, want), **how)

    async def press(self, thing: Thing, *, trial: bool = False) -> None:
        """Click it, once; what covers it is closed first, and once more when it came late. `trial`:
        make sure that it can be clicked, and do not. The click itself has all the time that the
        portal has: it lasts until the page that it leads to is there, or the window closes itself.
        """
        handle = await self._uncovered(thing)
        try:
            await handle.click(trial=True, timeout=LATE_COVER)
        except PlaywrightTimeout:
            handle = await self._uncovered(thing)
        page = self.browser.page
        try:
            await handle.click(trial=trial)
        except PlaywrightError:
            if trial or not (page.is_closed() and self.browser.alive):
                raise

    async def clear(self, frame: int, handle: ElementHandle, *, by_force: bool = True) -> None:
        """Close whatever lies over an element of that frame by its own "fermer", else, `by_force`,
        by Escape. Raises `UnexpectedPopup` when that does not help.
        """
        for turn in range(5):
            layer = await handle.evaluate(_OVER, True)
            if layer == 0 and not await self._frame_covered(frame):
                return
            if turn == 0:
                await self.change(VEIL)
                continue
            view = await self.look()
            if layer < 0:  # it came after the look before
                layer = await handle.evaluate(_OVER, True)
            part = view.under(layer, frame) if layer > 0 else view
            closer = self._closer(part) if by_force or layer > 0 else None
            if turn == 4 or (closer is None and (layer <= 0 or not by_force)):
                raise e.UnexpectedPopup(screen=self.browser.title, text=scrub(part.text)[:160])
            if closer:
                await (await self.element(closer)).click(timeout=2000)
            else:
                await self.browser.page.keyboard.press("Escape")
                if await handle.evaluate(_OVER, True) == layer:
                    text = " ".join(part.text.split())
                    raise e.UnexpectedPopup(screen=self.browser.title, text=scrub(text)[:160])
            await self.change()

    async def _frame_covered(self, frame: int) -> bool:
        """Whether something of the page lies over the frame."""
        inner = self._frames[frame]
        if inner.parent_frame is None:
            return False
        cover: int = await (await inner.frame_element()).evaluate(_OVER)
        return cover != 0

    def _closer(self, part: View) -> Thing | None:
        """What closes a cover and does nothing else; where it only tells, its one button."""
        want, read = Want("Fermer", self.words.exact("cover.close")), self.words.exact("cover.read")
        presses = [t for t in part.of_kind("press") if t.enabled and not t.away and not t.submits]
        named = [t for t in presses if any(want.exact.search(n) for n in t.names.values())]
        signs = [t for t in presses if any(CROSS.match(n) for n in t.names.values())]
        asks = part.of_kind("field", "secret", "list", "check", "radio")
        alone = not asks and len(part.of_kind("press")) == 1
        asked = ("between.agree", "reset.question", "form.question")  # what one would say yes to
        alone = alone and not any(part.says(self.words.find(key)) for key in asked)
        told = [t for t in presses if alone and any(read.search(n) for n in t.names.values())]
        return next(iter([*named, *signs, *told]), None)

    async def fill(self, thing: Thing, text: str) -> None:
        """Type what is no secret."""
        await (await self._uncovered(thing)).fill(text)

    async def type_secret(self, thing: Thing, secret: Secret) -> None:
        """See `typing`. Within `browser.guarded` only."""
        await self.browser.type_secret(await self._uncovered(thing), secret)

    async def type_code(self, thing: Thing, code: str) -> None:
        """As a secret, though it is worth nothing once it is typed."""
        await self.browser.type_code(await self._uncovered(thing), code)

    async def check(self, thing: Thing) -> None:
        """Tick a box, or choose a radio, that is not yet."""
        if not thing.checked:
            await self.press(thing)

class _Absent(Exception):
    """Nothing is left to look at."""

    def __init__(self, found: Abstention) -> None:
        super().__init__()
        self.found = found


_FINDERS: WeakKeyDictionary[PortalBrowser, Finder] = WeakKeyDictionary()


def _shape(view: View) -> object:
    """What changes when the page does."""
    return (
        tuple((t.frame, t.id, t.enabled, t.selected) for t in view.things if t.shown),
        tuple((t.id, t.text) for t in view.texts if t.shown),
    )
