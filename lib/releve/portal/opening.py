"""What hides a thing is opened: a fold, a tab, a menu, more of a list. Nothing that agrees, sends
or leads away is pressed for it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from playwright.async_api import Error as PlaywrightError

from releve.portal.errors import UnexpectedPopup
from releve.portal.sight import Abstention, Want
from releve.portal.view import Text, Thing, View

if TYPE_CHECKING:
    from releve.portal.find import Finder

REACH = 3000  # milliseconds to point at something, or to press what only opens
TRIES = 14  # how many things are opened, at most, to find one
COVERED = 1.5  # seconds for a cover over what hides it to go away by itself


@dataclass(frozen=True)
class Opener:
    """Something to open: whether it says what it opens, and whether it is known to hide what is
    wanted.
    """

    frame: int
    id: int
    named: bool
    sure: bool = True


class Opening:
    """Of one search: what was tried, and whether what surely hides the thing lies under a cover."""

    def __init__(
        self,
        finder: Finder,
        wanted: Callable[[View], object],
        section: Want | None,
        opens: Callable[[Thing], bool],
    ) -> None:
        self._finder, self._wanted = finder, wanted
        self._section, self._opens = section, opens
        self._tried: Counter[tuple[int, int]] = Counter()
        self._covered: float | None = None
        self._section_seen = False

    @property
    def covered(self) -> bool:
        """Whether the last try stopped at a cover."""
        return self._covered is not None

    async def one_more(self, view: View, *, blind: bool) -> bool:
        """Open one more; False when none is left, or while a cover is in the way. `blind`: also
        what may have nothing in it. Raises `UnexpectedPopup` when a cover stays that cannot be
        closed.
        """
        if len(self._tried) >= TRIES:
            return False
        try:
            opened = await self._open(view, blind=blind and not self.covered)
        except UnexpectedPopup:
            now = time.monotonic()
            self._covered = self._covered or now
            if now - self._covered > COVERED:
                raise
            return False
        self._covered = None
        return opened or (blind and await self._in_sight(view))

    async def _in_sight(self, view: View) -> bool:
        """Bring the title of its section to the top, once: what is under it may be drawn then."""
        section, self._section_seen = None if self._section_seen else self._section, True
        texts = [t for t in view.texts if t.shown and section and section.exact.search(t.text)]
        title = max(texts, key=lambda each: each.head, default=None)
        handle = await self._finder.handle(title.frame, title.id) if title else None
        if handle is not None:
            with suppress(PlaywrightError):
                await handle.evaluate("el => el.scrollIntoView()")
        return handle is not None

    async def _open(self, view: View, *, blind: bool) -> bool:
        covered: UnexpectedPopup | None = None
        for each in self._openers(view, blind=blind):
            key = each.frame, each.id
            if self._tried[key] > 1:
                continue
            self._tried[key] += 1  # a second time when the first did not even get there
            try:
                if await self._unfold(view, each):
                    self._tried[key] += 1
                    return True
            except UnexpectedPopup as popup:
                covered = popup
                self._tried[key] -= 1
            except PlaywrightError:
                continue
        if covered:
            raise covered
        return False

    def _openers(self, view: View, *, blind: bool) -> list[Opener]:
        """What to open, the likeliest first."""
        found: list[Opener] = []
        hidden = self._wanted(view.unfolded)
        for each in hidden.where if isinstance(hidden, Abstention) else parts(hidden):
            found += [Opener(each.frame, number, named) for number, named in each.hidden]
        more = self._finder.words.find("opening.more")
        closed = [t for t in view.of_kind("press", "option") if t.enabled and not t.away]
        closed = [t for t in closed if t.opens or (t.kind == "press" and more.search(t.words))]
        closed = [t for t in closed if self._opens(t)]
        if self._section and (within := self._section.within):
            own = [t for t in closed if within.search(t.words) and not self._changes(t)]
            found += [Opener(t.frame, t.id, True) for t in own]
            folded = next((t for t in view.unfolded.texts if within.search(t.text)), None)
            found += [Opener(folded.frame, *each) for each in folded.hidden] if folded else []
        if blind:
            order = ("expands", "summary", "tab", "popup", "sign", "", "looks")
            rest = sorted(closed, key=lambda t: (t.region in ("footer",), order.index(t.opens)))
            rest = [t for t in rest if not (self._changes(t) or _leads(t))]
            found += [Opener(t.frame, t.id, bool(t.opens), sure=False) for t in rest]
        return found

    async def _unfold(self, view: View, opener: Opener) -> bool:
        """Point at it, and press it when that does not show what is wanted; whether anything was
        done.
        """
        handle = await self._finder.handle(opener.frame, opener.id)
        if handle is None:
            return False
        if opener.sure and await handle.is_visible():
            await self._finder.clear(opener.frame, handle)
        await handle.hover(timeout=REACH)
        if not isinstance(self._wanted(await self._finder.look()), Abstention):
            return True
        known = next((t for t in view.things if t.key == (opener.frame, opener.id)), None)
        inner = [t for t in view.of_kind("press") if t.frame == opener.frame]
        holds = any(opener.id in t.path[:-1] for t in inner)  # its middle may be any of them
        if not holds if known is None else not (known.away or self._forbidden(known, opener)):
            await handle.click(timeout=REACH)
        return True

    def _forbidden(self, known: Thing, opener: Opener) -> bool:
        return not opener.named and self._changes(known)

    def _changes(self, thing: Thing) -> bool:
        words = self._finder.words
        named = words.find("opening.either").sub(" ", thing.words)
        return words.find("opening.never").search(named) is not None


def _leads(thing: Thing) -> bool:
    """Whether it may lead to another page: a word in what one finds one's way by that does not say
    that it opens.
    """
    return thing.region == "nav" and not thing.mute and thing.opens in ("", "looks")


def parts(found: object) -> list[Thing | Text]:
    """What a decision is about, whatever its form."""
    if isinstance(found, Thing | Text):
        return [found]
    if isinstance(found, tuple | list):
        return [each for part in found for each in parts(part)]
    inner = getattr(found, "thing", None) or getattr(found, "button", None)
    return [inner] if isinstance(inner, Thing | Text) else []
