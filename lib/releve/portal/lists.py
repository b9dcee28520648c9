"""A list of the page: a `<select>`, or one that a script draws when it is opened."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from playwright.async_api import Error as PlaywrightError

from releve.portal.errors import AmbiguousScreen, ScreenNotRecognised
from releve.portal.find import Finder
from releve.portal.opening import REACH
from releve.portal.sight import Abstention, Outcome, Want, common, decide, level
from releve.portal.view import Text, Thing, View

_OPTIONS = """
el => [...el.options].map(each => {
  const group = each.closest('optgroup')?.label ?? '';  // a number in it is its entries'
  return /\\d/.test(group) ? `${group} ${each.text}` : each.text;
})
"""
LATE = 1.5  # seconds for the entries of a `<select>`


class DropDown:
    """A list that is found anew by `field` at each look: a script may put another in its place."""

    def __init__(self, finder: Finder, field: Callable[[View], Outcome]) -> None:
        self._finder, self._field = finder, field
        self._nothing = finder.words.find("form.nothing")

    @classmethod
    def at(cls, finder: Finder, thing: Thing) -> DropDown:
        """That very element, and no other in its place."""
        gone = Abstention(thing.name)
        return cls(finder, lambda view: next((t for t in view.things if t.key == thing.key), gone))

    async def choose(self, option: re.Pattern[str], search: str = "") -> bool:
        """Choose the one entry that fits, by the list's own search if it has one, and see that the
        list shows it; False when it has none. Raises `AmbiguousScreen`: no guess is made.
        """
        thing = await self._finder.until(self._field)
        if thing.kind == "radio":
            fits = [t for t in group(await self._finder.look(), thing) if reads(t, option)]
            if len(fits) > 1:
                raise self._ambiguous(thing, len(fits))
            for each in fits:
                await self._finder.check(each)
            return bool(fits)
        while thing.tag == "select":
            if await self._select(thing, option):
                return True
            known, thing = thing.key, await self._finder.until(self._field)
            if thing.key == known:
                return False
        before = await self._finder.look()
        await self._finder.press(thing)
        for last in (False, False, True):
            entry = await self._entry(before, thing, option, search)
            if entry is None:
                return False
            try:
                await self._finder.press(entry)
                break
            except (PlaywrightError, ScreenNotRecognised) as error:
                gone = isinstance(error, ScreenNotRecognised) or "not attached" in error.message
                if last or not gone:  # drawn anew: nothing was pressed
                    raise

        def chosen(view: View) -> Outcome:
            found = self._field(view)
            if isinstance(found, Abstention) or holds(found, option):
                return found
            return Abstention(found.name)

        await self._finder.until(chosen)
        return True

    async def _select(self, thing: Thing, option: re.Pattern[str]) -> bool:
        """False when the list is not there any more, or has no such entry."""
        handle, until = await self._finder.element(thing), time.monotonic() + LATE
        fits: list[int] = []
        while not fits and time.monotonic() < until:
            texts: list[str] = await handle.evaluate(_OPTIONS)
            fits = [n for n, text in enumerate(texts) if option.search(" ".join(text.split()))]
            if not fits:
                await self._finder.change()
        if len(fits) > 1:
            raise self._ambiguous(thing, len(fits))
        if fits:
            with suppress(PlaywrightError):
                await handle.select_option(index=fits[0], timeout=REACH)
                return True
        return False

    def _ambiguous(self, thing: Thing, count: int) -> AmbiguousScreen:
        screen = self._finder.browser.title
        return AmbiguousScreen(screen=screen, count=count, wanted=thing.name)

    async def _entry(
        self, before: View, thing: Thing, option: re.Pattern[str], search: str
    ) -> Thing | None:
        """The entry that fits, once the list is open; None when it says that it has none."""
        typed = not search

        def wanted(view: View) -> tuple[Thing | None, Thing | None] | Abstention:
            new = view.since(before)
            fits = [t for t in entries(new) if reads(t, option) and t.key != thing.key]
            boxes = [t for t in new.of_kind("field", "list") if t.tag == "input" and not t.fixed]
            itself = thing.tag == "input" and thing.role == "combobox" and not thing.fixed
            boxes = boxes or [thing] * (itself and not fits)
            if not typed and len(boxes) == 1:
                return None, boxes[0]
            if len(fits) == 1:
                return fits[0], None
            if len(fits) > 1:
                return Abstention(thing.name, len(fits), tuple(t.name for t in fits[:4]))
            return (None, None) if new.says(self._nothing) else Abstention(thing.name)

        entry, box = await self._finder.until(wanted, open_hidden=False)
        if box is not None:
            typed = True
            await self._finder.fill(box, search)
            entry, _ = await self._finder.until(wanted, open_hidden=False)
        return entry

    async def entries(self) -> list[str]:
        """The texts of its entries; none is chosen."""
        thing = await self._finder.until(self._field)
        if thing.kind == "radio":
            return [" ".join(_called(t)) for t in group(await self._finder.look(), thing)]
        if thing.tag == "select":
            texts: list[str] = await (await self._finder.element(thing)).evaluate(_OPTIONS)
            return texts
        before = await self._finder.look()
        await self._finder.press(thing)

        def listed(view: View) -> list[str] | Abstention:
            new, waits = view.since(before), self._finder.words.find("form.waiting")
            found = [t.name for t in entries(new) if not waits.search(t.name)]
            return found if found or new.says(self._nothing) else Abstention(thing.name)

        found = await self._finder.until(listed, open_hidden=False)
        await self._fold(thing, before, found)
        return found

    async def _fold(self, thing: Thing, before: View, shown: list[str]) -> None:
        """Close it, as its own key or its own button does."""
        for by_key in (True, False, True):
            for _ in range(3):
                new = (await self._finder.look()).since(before)
                if not (any(t.name in shown for t in entries(new)) or new.says(self._nothing)):
                    return
                await self._finder.change(0.05)
            with suppress(PlaywrightError, ScreenNotRecognised):  # it may be drawn anew
                if by_key:
                    await self._finder.browser.page.keyboard.press("Escape")
                else:
                    await (await self._finder.element(thing)).click(timeout=1000)


async def pick(
    finder: Finder, entry: re.Pattern[str], keep: Callable[[Thing], bool] = lambda _: True
) -> bool:
    """Choose it in the page's own list of such entries; whether one list of the page has it."""
    for each in lone(await finder.look()):
        if each.region not in ("main", "") or not keep(each):
            continue
        listed = DropDown.at(finder, each)
        if len([text for text in await listed.entries() if entry.search(text)]) == 1:
            return await listed.choose(entry)
    return False


def lone(view: View) -> list[Thing]:
    """Every `<select>` with which nothing else is filled in: a form may keep what is chosen."""
    asks = view.of_kind("field", "secret", "list", "check", "radio")
    forms = Counter((t.frame, t.form) for t in asks if t.form)
    return [t for t in asks if t.tag == "select" and t.enabled and forms[t.frame, t.form] < 2]


def numbered(view: View) -> list[Thing]:
    """Of pages told by their numbers on one line, the one after the one in hand, if it can be
    pressed, and nothing of what is listed stands with the two.
    """
    pages = [t for t in view.of_kind("press") if t.name.strip().isdecimal() and len(t.name) < 4]
    numbers = {int(t.name): t for t in pages}
    current = [n for n, t in numbers.items() if not t.enabled or t.current]
    told = [t for t in view.texts if t.shown and t.text.isdecimal() and len(t.text) < 4]
    said: dict[int, Thing | Text] = {int(t.text): t for t in told} | numbers
    alone = [n for n in set(said) - set(numbers) if n + 1 in numbers or n - 1 in numbers]
    here = current or alone
    following = numbers.get(here[0] + 1) if len(here) == 1 else None
    if not (following and following.enabled) or said[here[0]].frame != following.frame:
        return []
    pager = common([said[here[0]], following])
    line = {int(t.name) for t in pages if level(t, following)}  # a calendar has several
    listed = pager and view.under(pager[-1], following.frame).owners
    return [following] if pager and not listed and line == set(numbers) else []


def entries(view: View) -> list[Thing]:
    """The entries of a list that has just been opened: options, else whatever reads as one."""
    options = view.of_kind("option")
    if options:
        inner = {(t.frame, b) for t in options for b in t.path[:-1]}
        return [t for t in options if t.key not in inner]
    presses = [t for t in view.of_kind("press") if not t.mute]
    if presses:
        return presses
    return [
        Thing(t.id, "text", {"text": t.text}, path=t.path, frame=t.frame, at=t.at)
        for t in view.texts
        if t.shown
    ]


def drawn(view: View, want: Want) -> Outcome:
    """The list of that name; else the radio buttons under it, by the one that is chosen, or the
    first.
    """
    found = decide(view, want)
    if isinstance(found, Thing) or found.count:
        return found
    under = [t for t in view.of_kind("radio") if want.exact.search(t.near.get("legend", ""))]
    under.sort(key=lambda each: not each.checked)
    return under[0] if under else found


def group(view: View, radio: Thing) -> list[Thing]:
    """The radio buttons of its group."""
    legend = radio.near.get("legend")
    radios = [t for t in view.of_kind("radio") if t.frame == radio.frame]
    return [t for t in radios if t.near.get("legend") == legend]


def _called(entry: Thing) -> tuple[str, ...]:
    beside = tuple(entry.near[k] for k in ("label", "after") if k in entry.near)
    return (*entry.names.values(), *(beside if entry.kind == "radio" else ()))


def reads(entry: Thing, option: re.Pattern[str]) -> bool:
    """Whether it is that entry, by any of its names."""
    return any(option.search(each) for each in _called(entry))


def holds(field: Thing, option: re.Pattern[str]) -> bool:
    """Whether that list shows that entry."""
    if field.kind == "radio":
        return field.checked and reads(field, option)
    return any(option.search(each) for each in (field.selected, *field.names.values()) if each)
