"""« Montrez-moi »: when the document's words find nothing, or two things, she clicks it in the
portal's window. That click does nothing. What it touched is described in words and kinds, confirmed
by her with its picture, tried at once, and kept in the portal's profile.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import TypeVar

from playwright.async_api import ElementHandle, Frame
from playwright.async_api import Error as PlaywrightError

from releve.base.errors import ReleveError
from releve.base.words import Learned
from releve.portal import camera, profile
from releve.portal.case import Case, Lesson
from releve.portal.errors import PortalError
from releve.portal.find import Finder, finder
from releve.portal.opening import parts
from releve.portal.screen import want
from releve.portal.sight import Abstention, decide, describe, key_of, plain
from releve.portal.view import Text, Thing, View
from releve.portal.window import SOON

_GLASS = files(__package__).joinpath("glass.js").read_text(encoding="utf-8")
_UNDER = files(__package__).joinpath("under.js").read_text(encoding="utf-8")
_LIFT = "() => document.querySelector('[data-releve-glass]')?.lift()"
_CHAIN = """el => {
  const ids = [], memory = globalThis[Symbol.for('releve')];
  const up = node => node.assignedSlot ?? node.parentNode ?? node.host;
  for (let node = el.closest('label')?.control ?? el; node; node = up(node))
    if (memory.ids.has(node)) ids.push(memory.ids.get(node));
  return ids;
}"""
_RAW = "el => [el.tagName.toLowerCase(), el.textContent.replace(/\\s+/g, ' ').trim().slice(0, 199)]"
_OUTLINE = """el => {
  const { x, y, width, height } = el.getBoundingClientRect(), line = document.createElement('div');
  line.dataset.releveOutline = '';
  line.style.cssText = `all:initial;position:fixed;left:${x - 4}px;top:${y - 4}px;`
    + `width:${width + 2}px;height:${height + 2}px;border:4px solid #e1000f;`
    + 'z-index:2147483646;pointer-events:none';
  document.documentElement.append(line);
}"""
_BARE = "() => document.querySelectorAll('[data-releve-outline]').forEach(each => each.remove())"
_CORNER = """el => {
  const { left, top } = el.getBoundingClientRect();
  return [left + el.clientLeft, top + el.clientTop];
}"""
_CALL = "Cliquez sur « {label} » : ce clic ne fera rien."
DEEP = 6  # how far around the very element something that reacts is looked for
CONFIRMS = ("reset.confirm", "form.submit")  # in sight behind the glass alone
IRREVERSIBLE = ("reset.button", *CONFIRMS)
T = TypeVar("T")


@dataclass(frozen=True)
class Touched:
    """What her click fell on, in the look that saw it."""

    view: View
    what: Thing | Text
    element: ElementHandle


class Teaching:
    """Of one case; see `find.Teacher`."""

    def __init__(self, case: Case) -> None:
        self.case, self.browser = case, case.browser

    @property
    def there(self) -> bool:
        return self.case.prompts.interactive and self.browser.headed

    @property
    def finder(self) -> Finder:
        return finder(self.browser)

    async def show(self, key: str, found: Abstention, wanted: Callable[[View], object]) -> bool:
        if key not in profile.TEACHABLE or not self.there:
            return False
        asked = Lesson(str(found.label), profile.SCREENS[key.split(".")[0]], str(found))
        with suppress(PlaywrightError):
            await self.browser.page.evaluate("() => scrollTo(0, 0)")  # as it came before her
        if key in CONFIRMS:
            await self._away()
        else:
            await self.browser.front(SOON)  # she may have to open what hides it
        try:
            while await self.case.prompts.point_at(asked):
                problem = await self._learn(key, asked, wanted)
                if not problem:
                    return True
                asked = replace(asked, problem=problem)
            return False
        finally:
            if not self.browser.words.pointed:
                self.finder.shown_now.clear()
            await self._away()

    async def _away(self) -> None:
        self.browser.window.take_back()
        with suppress(PortalError):  # there may be no window any more
            await self.browser.window.put_away(self.browser.page)

    async def _learn(self, key: str, asked: Lesson, wanted: Callable[[View], object]) -> str:
        """One try; what is wrong with it, for her, "" when it is kept."""
        touched = await self._pointed(key, asked)
        if touched is None:
            return "Relève ne reconnaît rien à cet endroit."
        words, view = self.browser.words, await self.finder.look()
        what, learned = touched.what, _described(key, touched)
        element = (*what.key, touched.view.documents[what.frame])
        told = ", ".join(f"« {each} »" for each in (learned.words, learned.beside) if each)
        with _trying(words.learned, key, learned):
            kept = bool(told) and self._found_again(key, wanted, view, what)
        with _trying(words.pointed, key, element):  # this once, her click tells it apart
            once = isinstance(what, Thing) and self._found_again(key, wanted, view, what)
        if not (kept or once):
            return "Relève ne saurait pas le distinguer d'autre chose sur cette page."
        picture = await self._picture(touched)
        if not await self.case.prompts.is_it(asked, told if kept else "", picture):
            return self._refused(key, learned) if kept else "Ce n'était pas cela."
        if key in IRREVERSIBLE:
            self.finder.hers.add(key)
        if kept:
            words.learned[key] = learned
            with suppress(OSError, ReleveError):  # it serves this time
                await asyncio.to_thread(profile.keep, self.browser.settings.url, key, learned)
        if not kept or key in CONFIRMS:  # whatever still holds it back is hers too
            words.pointed[key] = element
        return ""

    def _refused(self, key: str, learned: Learned) -> str:
        self.browser.words.refused.setdefault(key, []).append(learned)
        with suppress(OSError, ReleveError):
            profile.refuse(self.browser.settings.url, key, learned)
        return "C'est noté : Relève ne prendra jamais cela pour ce que dit le document."

    async def _pointed(self, key: str, asked: Lesson) -> Touched | None:
        """What her next click falls on; None for nothing known. Raises what stops her."""
        page = self.browser.page
        clicked = asyncio.ensure_future(page.evaluate(_GLASS, _CALL.format(label=asked.label)))
        waiting = asyncio.ensure_future(self.case.prompts.pointing(asked))
        try:
            await page.wait_for_selector("[data-releve-glass]", state="attached")
            await self.browser.front(SOON)
            await asyncio.wait({clicked, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if not clicked.done():
                await waiting
            return await self._touched(key, clicked.result())
        except PlaywrightError:  # the page was replaced meanwhile
            return None
        finally:
            for each in (clicked, waiting):
                each.cancel()
            await asyncio.gather(clicked, waiting, return_exceptions=True)
            with suppress(PlaywrightError):
                await page.evaluate(_LIFT)

    async def _touched(self, key: str, place: list[float]) -> Touched | None:
        view = await self.finder.look()
        frame, element = await self._under(self.browser.page.main_frame, *place)
        number = self.finder.number(frame)
        if element is None or number is None:
            return None
        chain: list[int] = (await element.evaluate(_CHAIN))[:DEEP]
        if not (what := _innermost(key, view, number, chain)):
            self.finder.shown_now.append(tuple(await element.evaluate(_RAW)))
            view = await self.finder.look()
            what = _innermost(key, view, number, chain[:1])
        return Touched(view, what, element) if what else None

    async def _under(self, frame: Frame, x: float, y: float) -> tuple[Frame, ElementHandle | None]:
        """The element at that place, in whichever frame of an allowed origin."""
        element = (await frame.evaluate_handle(_UNDER, [x, y])).as_element()
        inner = await element.content_frame() if element else None
        if element is None or inner is None:
            return frame, element
        left, top = await element.evaluate(_CORNER)
        return await self._under(inner, x - left, y - top)

    async def _picture(self, touched: Touched) -> bytes:
        """The page with a line around what she touched; b"" when a secret may show."""
        try:
            await touched.element.evaluate(_OUTLINE)
            return await camera.shot(self.browser) or b""
        except PlaywrightError:
            return b""
        finally:
            with suppress(PlaywrightError):
                await touched.element.evaluate(_BARE)

    def _found_again(
        self, key: str, wanted: Callable[[View], object], view: View, what: Thing | Text
    ) -> bool:
        """Whether the very decision that failed now finds this and no other."""
        found = wanted(view)
        if isinstance(found, Abstention):  # something else is still missing beside it
            if isinstance(what, Text) or key_of(found.label) == key:
                return False
            found = decide(view, want(self.browser.words, key, what.kind))
        same = [each for each in parts(found) if each.key == what.key]
        return isinstance(what, Text) or bool(same)


@contextmanager
def _trying(table: dict[str, T], key: str, value: T) -> Iterator[None]:
    before = table.get(key)
    table[key] = value
    try:
        yield
    finally:
        table.pop(key) if before is None else table.update({key: before})


def _innermost(key: str, view: View, frame: int, chain: list[int]) -> Thing | Text | None:
    """The first of these that the look knows: a title among its texts, else what reacts."""
    seen: tuple[Thing | Text, ...] = view.texts if key.endswith(".title") else view.things
    known = {each.id: each for each in seen if each.frame == frame and each.shown}
    return next((known[number] for number in chain if number in known), None)


def _described(key: str, touched: Touched) -> Learned:
    if isinstance(touched.what, Thing):
        return describe(touched.view, touched.what, entry=key.startswith("form."))
    title = plain(touched.what.text)
    others = {plain(t.text) for t in touched.view.texts} - {title}
    names = sorted((each for each in others if len(each) > 3 and each in title), key=len)
    for each in reversed(names):  # whose page it is
        title = title.replace(each, "*")
    words = max(re.split(r"[#*…]", title), key=len).strip(" :,-–—()")
    return Learned(words if len(words) > 3 else "", "text title")
