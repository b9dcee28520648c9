"""The one way to find a control and to act on it, for every screen.

A look is one walk in each frame of an allowed origin (`find.js`); what it means is decided by pure
functions (`sight`). When what is wanted is not in sight, whatever hides it is opened, and whatever
covers it is closed by its own "fermer": nothing that agrees, sends or leads away is pressed for it.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from importlib.resources import files
from typing import Any, Protocol, TypeVar
from weakref import WeakKeyDictionary

from playwright.async_api import ElementHandle, Frame, Page
from playwright.async_api import Error as PlaywrightError

from releve.base.origins import origin
from releve.base.secret import Secret, scrub
from releve.portal import errors as e
from releve.portal.browser import PortalBrowser
from releve.portal.sight import Abstention, Text, Thing, View, Want, decide

_WALK = files(__package__).joinpath("find.js").read_text(encoding="utf-8")
_OPTIONS = """
el => [...el.options].map(each => {
  const group = each.closest('optgroup')?.label ?? '';  // a number in it is its entries'
  return /\\d/.test(group) ? `${group} ${each.text}` : each.text;
})
"""
_ELEMENT = "id => globalThis[Symbol.for('releve')]?.elements.get(id)?.deref()"
_CHANGED = files(__package__).joinpath("changed.js").read_text(encoding="utf-8")
_OVER = files(__package__).joinpath("over.js").read_text(encoding="utf-8")

BLIND = 0.6  # seconds without a change before something is opened that may have nothing in it
STUCK = 4.0  # and before a person is asked
QUIET = 0.12  # and before what is in the page, but hidden, is looked for
REACH = 3000  # milliseconds to point at something, or to press what only opens
TRIES = 14  # how many things are opened, at most, to find one
COVERED = 1.5  # seconds for a cover over what hides it to go away by itself

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

    def want(self, key: str, kind: str = "press", *, longer: bool = True) -> Want:
        """What the words `key` name; `longer`: also in a longer name."""
        return Want(
            self.words.first(key),
            self.words.exact(key),
            self.words.find(key) if longer else None,
            kind,
            self.words,
        )

    async def look(self, *, reading: bool = False) -> View:
        """Everything that can be seen now; `reading`: what may be a password too. Raises
        Playwright's errors.
        """
        page = self.browser.page
        frames = [frame for frame in page.frames if self._allowed(frame)]
        for frame in frames:
            if frame not in self._numbers:
                self._numbers[frame] = len(self._numbers)
                self._frames[self._numbers[frame]] = frame
        shown = [(each.role.split()[1], each.words) for each in self.words.learned.values()]
        asked = {"reading": reading, "shown": [*shown, *self.shown_now]}
        looks = await asyncio.gather(*(self._walk(frame, page, asked) for frame in frames))
        return View.of(
            {self._numbers[f]: each for f, each in zip(frames, looks, strict=True) if each}
        )

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
            found: dict[str, Any] = await frame.evaluate(_WALK, asked)
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
        last: list[Abstention] = []

        def decided(view: View) -> T | Abstention:
            found = wanted(view)
            if isinstance(found, Abstention):
                last[:] = [found]
            return found

        try:
            return await self.until(decided, absent=seconds, **how)
        except _Absent:
            return last[0]

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
        covered: float | None = None
        before: object = None
        tried: Counter[tuple[int, int]] = Counter()
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
            still = now - changed
            stuck = view.ready and still > (2 * QUIET if found.count > 1 else STUCK)
            over = now - started >= self.browser.timeout
            if (stuck or over) and not absent and await self.taught(found, wanted):
                started = changed = time.monotonic()
                continue
            if view.ready and found.count > 1 and still > 2 * QUIET and not absent:
                raise self.otherwise(found) or e.AmbiguousScreen(
                    screen=self.browser.title,
                    count=found.count,
                    wanted=found.label,
                    saw=", ".join(found.seen[:6]),
                )
            if over:
                raise self.otherwise(found) or await self.browser.diagnose(
                    found.label, saw=str(found) if found.seen else ""
                )
            if (
                open_hidden
                and view.ready
                and still > QUIET
                and not found.count
                and len(tried) < TRIES
            ):
                blind = still > BLIND and covered is None
                try:
                    opened = await self._open(view, wanted, section, opens, tried, blind=blind)
                    covered = None
                    if opened:
                        changed = time.monotonic()
                        continue
                except e.UnexpectedPopup:
                    covered = covered or now
                    if now - covered > COVERED:
                        raise
            if absent and view.ready and still > absent and covered is None:
                raise _Absent
            await self.change()

    async def taught(self, found: Abstention, wanted: Callable[[View], object]) -> bool:
        """Whether a person has just shown it; she is asked once. Raises what stops her."""
        key = getattr(found.label, "key", "")
        if self.teacher is None or key in self._asked or self.browser.loading:
            return False
        self._asked.add(key)
        return await self.teacher.show(key, found, wanted)

    def otherwise(self, found: Abstention) -> e.ControlChanged | None:
        """What a person had shown is not there as it was; with her there it is asked of her."""
        known = self.words.learned.get(getattr(found.label, "key", ""))
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

    async def changed(self, before: View, seconds: float = 1.0) -> None:
        """Return once the page is another than it was, or after that time."""
        until = time.monotonic() + seconds
        with suppress(PlaywrightError):
            while time.monotonic() < until:
                view = await self.look()
                if view.documents != before.documents or _shape(view) != _shape(before):
                    return
                await self.change(0.05)

    async def scroll_to(self, text: Text) -> bool:
        """Bring a text in sight; False when it is gone."""
        handle = await self._element(text.frame, text.id)
        if handle is not None:
            with suppress(PlaywrightError):
                await handle.scroll_into_view_if_needed()
        return handle is not None

    # -- opening what hides it

    async def _open(
        self,
        view: View,
        wanted: Callable[[View], object],
        section: Want | None,
        opens: Callable[[Thing], bool],
        tried: Counter[tuple[int, int]],
        *,
        blind: bool,
    ) -> bool:
        """Open one more thing that may hide it; False when there is none left. Raises
        `UnexpectedPopup` when what surely hides it lies under a cover that cannot be closed.
        """
        covered: e.UnexpectedPopup | None = None
        for frame, number, named, sure in self._hiding(view, wanted, section, opens, blind=blind):
            if tried[frame, number] > 1:
                continue
            known = next((t for t in view.things if (t.frame, t.id) == (frame, number)), None)
            tried[frame, number] += 1  # a second time when the first did not even get there
            try:
                if sure:
                    await self._uncover(frame, number)
                if await self._unfold(frame, number, known, wanted, named=named):
                    tried[frame, number] += 1
                    return True
            except e.UnexpectedPopup as popup:
                covered = popup
                tried[frame, number] -= 1
            except PlaywrightError:
                continue
        if covered:
            raise covered
        return False

    async def _uncover(self, frame: int, number: int) -> None:
        handle = await self._element(frame, number)
        if handle and await handle.is_visible():
            await self.clear(frame, handle)

    def _hiding(
        self,
        view: View,
        wanted: Callable[[View], object],
        section: Want | None,
        opens: Callable[[Thing], bool],
        *,
        blind: bool,
    ) -> list[tuple[int, int, bool, bool]]:
        """What to open, the likeliest first: the frame, the number, whether it says what it opens,
        and whether that is known to hide what is wanted.
        """
        found: list[tuple[int, int, bool, bool]] = []
        hidden = wanted(view.unfolded)
        for each in hidden.where if isinstance(hidden, Abstention) else parts(hidden):
            found += [(each.frame, number, named, True) for number, named in each.hidden]
        closed = [t for t in view.of_kind("press") if t.enabled and not t.away and opens(t)]
        closed = [t for t in closed if t.opens or self.words.find("opening.more").search(t.words)]
        if section:
            part = [t for t in closed if section.within and section.within.search(t.words)]
            found += [(t.frame, t.id, True, True) for t in part]
            folded = section_of(view.unfolded, section)
            found += [(folded.frame, *each, True) for each in folded.hidden] if folded else []
        if blind:
            never = self.words.find("opening.never")
            order = ("expands", "summary", "tab", "popup", "sign", "", "looks")
            rest = sorted(closed, key=lambda t: (t.region in ("footer",), order.index(t.opens)))
            rest = [t for t in rest if not never.search(t.words)]
            found += [(t.frame, t.id, bool(t.opens), False) for t in rest]
        return found

    async def _unfold(
        self,
        frame: int,
        number: int,
        known: Thing | None,
        wanted: Callable[[View], object],
        *,
        named: bool,
    ) -> bool:
        """Point at it, and press it when that does not show what is wanted; whether anything was
        done.
        """
        handle = await self._element(frame, number)
        if handle is None:
            return False
        await handle.hover(timeout=REACH)
        view = await self.look()
        if not isinstance(wanted(view), Abstention):
            return True
        harmless = known is None or not known.away
        if harmless and not (
            known and self.words.find("opening.never").search(known.words) and not named
        ):
            await handle.click(timeout=REACH)
        return True

    # -- acting

    async def _element(self, frame: int, number: int) -> ElementHandle | None:
        found = await self._frames[frame].evaluate_handle(_ELEMENT, number)
        return found.as_element()

    async def element(self, thing: Thing) -> ElementHandle:
        """The element itself. Raises `ScreenNotRecognised` when it is not there any more."""
        handle = await self._element(thing.frame, thing.proxy or thing.id)
        if handle is None:
            raise e.ScreenNotRecognised(screen=self.browser.title, wanted=thing.name)
        return handle

    async def find(self, want: Want, **how: Any) -> Thing:
        """Wait for the one thing of that name."""
        return await self.until(lambda view: decide(view, want), **how)

    async def press(self, thing: Thing, *, trial: bool = False) -> None:
        """Click it, once; what covers it is closed first. `trial`: make sure that it can be
        clicked, and do not.
        """
        handle = await self.element(thing)
        await self.clear(thing.frame, handle)
        await handle.click(trial=trial)

    async def clear(self, frame: int, handle: ElementHandle) -> None:
        """Close whatever lies over an element of that frame by its own "fermer". Raises
        `UnexpectedPopup` when that has none.
        """
        await handle.scroll_into_view_if_needed()
        for last in (False, False, False, True):
            layer = await handle.evaluate(_OVER)
            if layer == 0 and not await self._frame_covered(frame):
                return
            view = await self.look()
            part = view.under(layer, frame) if layer > 0 else view
            closer = self._closer(part)
            if last or (closer is None and layer <= 0):
                raise e.UnexpectedPopup(screen=self.browser.title, text=scrub(part.text)[:160])
            if closer:
                await (await self.element(closer)).click(timeout=2000)
            else:
                await self.browser.page.keyboard.press("Escape")
                if await handle.evaluate(_OVER) == layer:
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
        """What closes a cover and does nothing else."""
        want = Want("Fermer", self.words.exact("cover.close"))
        sign = re.compile(r"^\s*[×✕✖⨯✗╳xX]\s*$")
        presses = [t for t in part.of_kind("press") if t.enabled and not t.away and not t.submits]
        named = [t for t in presses if any(want.exact.search(n) for n in t.names.values())]
        signs = [t for t in presses if any(sign.match(n) for n in t.names.values())]
        return next(iter([*named, *signs]), None)

    async def fill(self, thing: Thing, text: str) -> None:
        """Type what is no secret."""
        handle = await self.element(thing)
        await self.clear(thing.frame, handle)
        await handle.fill(text)

    async def type_secret(self, thing: Thing, secret: Secret) -> None:
        """See `typing`. Within `browser.guarded` only."""
        handle = await self.element(thing)
        await self.clear(thing.frame, handle)
        await self.browser.type_secret(handle, secret)

    async def type_code(self, thing: Thing, code: str) -> None:
        """As a secret, though it is worth nothing once it is typed."""
        handle = await self.element(thing)
        await self.clear(thing.frame, handle)
        await self.browser.type_code(handle, code)

    async def check(self, thing: Thing) -> None:
        """Tick a box, or choose a radio, that is not yet."""
        if not thing.checked:
            await self.press(thing)

    # -- lists

    async def choose(
        self, field: Callable[[View], Thing | Abstention], option: re.Pattern[str], search: str = ""
    ) -> bool:
        """Choose the one entry of a list that fits, by the list's own search if it has one; False
        when the list has none. Raises `AmbiguousScreen`.
        """
        thing = await self.until(field)
        while thing.tag == "select":
            if (chosen := await self._select(thing, option)) is not None:
                return chosen
            known, thing = thing.key, await self.until(field)
            if thing.key == known:
                return False
        before = await self.look()
        await self.press(thing)
        for last in (False, False, True):
            entry = await self._entry(before, thing, option, search)
            if entry is None:
                return False
            try:
                await self.press(entry)
                break
            except PlaywrightError as error:  # the list was drawn anew: nothing was pressed
                if last or "not attached" not in error.message:
                    raise
        await self.until(lambda view: _holding(field(view), option))
        return True

    async def _select(self, thing: Thing, option: re.Pattern[str]) -> bool | None:
        """None when the list is not there any more, or has no such entry: a page may put a list of
        its own in its place.
        """
        handle, until = await self.element(thing), time.monotonic() + 1.5
        fits: list[int] = []
        while not fits and time.monotonic() < until:
            texts: list[str] = await handle.evaluate(_OPTIONS)
            fits = [n for n, text in enumerate(texts) if option.search(" ".join(text.split()))]
            if not fits:
                await self.change()
        if len(fits) > 1:
            raise e.AmbiguousScreen(screen=self.browser.title, count=len(fits), wanted=thing.name)
        if fits:
            with suppress(PlaywrightError):
                await handle.select_option(index=fits[0], timeout=REACH)
                return True
        return None

    async def _entry(
        self, before: View, thing: Thing, option: re.Pattern[str], search: str
    ) -> Thing | None:
        """The entry that fits, once the list is open; None when it says that it has none."""
        nothing, typed = self.words.find("form.nothing"), not search
        own = (thing.frame, thing.id)

        def wanted(view: View) -> tuple[Thing | None, Thing | None] | Abstention:
            new = view.since(before)
            fits = [t for t in entries(new) if option.search(t.words) and (t.frame, t.id) != own]
            boxes = [t for t in new.of_kind("field", "list") if t.tag == "input" and not t.fixed]
            if not typed and len(boxes) == 1:
                return None, boxes[0]
            if len(fits) == 1:
                return fits[0], None
            if len(fits) > 1:
                return Abstention(thing.name, len(fits), tuple(t.name for t in fits[:4]))
            return (None, None) if new.says(nothing) else Abstention(thing.name)

        entry, box = await self.until(wanted, open_hidden=False)
        if box is not None:
            typed = True
            await self.fill(box, search)
            entry, _ = await self.until(wanted, open_hidden=False)
        return entry

    async def entries(self, field: Callable[[View], Thing | Abstention]) -> list[str]:
        """The texts of a list's entries; none is chosen."""
        thing = await self.until(field)
        handle = await self.element(thing)
        if thing.tag == "select":
            texts: list[str] = await handle.evaluate(_OPTIONS)
            return texts
        before = await self.look()
        await self.press(thing)
        nothing = self.words.find("form.nothing")

        def listed(view: View) -> list[str] | Abstention:
            new = view.since(before)
            found = [t.name for t in entries(new)]
            return found if found or new.says(nothing) else Abstention(thing.name)

        found = await self.until(listed, open_hidden=False)
        await self._fold(thing, before, found)
        return found

    async def _fold(self, thing: Thing, before: View, shown: list[str]) -> None:
        """Close a list, as its own key or its own button does."""
        for close in (self._escape, self._again(thing), self._escape):
            for _ in range(3):
                new = (await self.look()).since(before)
                if not any(t.name in shown for t in entries(new)):
                    return
                await self.change(0.05)
            with suppress(PlaywrightError):
                await close()

    async def _escape(self) -> None:
        await self.browser.page.keyboard.press("Escape")

    def _again(self, thing: Thing) -> Callable[[], Any]:
        async def press() -> None:
            await (await self.element(thing)).click(timeout=1000)

        return press


def entries(view: View) -> list[Thing]:
    """The entries of a list that has just been opened: options, else whatever reads as one."""
    options = view.of_kind("option")
    if options:
        inner = {(t.frame, b) for t in options for b in t.path[:-1]}
        return [t for t in options if (t.frame, t.id) not in inner]
    presses = [t for t in view.of_kind("press") if not t.mute]
    if presses:
        return presses
    return [
        Thing(t.id, "text", {"text": t.text}, path=t.path, frame=t.frame, at=t.at)
        for t in view.texts
        if t.shown
    ]


class _Absent(Exception):
    """Nothing is left to look at."""


def parts(found: object) -> list[Thing | Text]:
    """What a decision is about, whatever its form."""
    if isinstance(found, Thing | Text):
        return [found]
    if isinstance(found, tuple | list):
        return [each for part in found for each in parts(part)]
    inner = getattr(found, "thing", None) or getattr(found, "button", None)
    return [inner] if isinstance(inner, Thing | Text) else []


def section_of(view: View, want: Want) -> Any:
    """The text that names a part of the page."""
    return next((t for t in view.texts if want.within and want.within.search(t.text)), None)


def _holding(found: Thing | Abstention, option: re.Pattern[str]) -> Thing | Abstention:
    """A list that shows what was chosen in it."""
    if isinstance(found, Abstention):
        return found
    return found if holds(found, option) else Abstention(found.name)


def holds(field: Thing, option: re.Pattern[str]) -> bool:
    """Whether that list shows that entry."""
    return any(option.search(each) for each in (field.selected, *field.names.values()) if each)


_FINDERS: WeakKeyDictionary[PortalBrowser, Finder] = WeakKeyDictionary()


def _shape(view: View) -> object:
    """What changes when the page does."""
    return (
        tuple((t.frame, t.id, t.enabled, t.selected) for t in view.things if t.shown),
        tuple((t.id, t.text) for t in view.texts if t.shown),
    )
