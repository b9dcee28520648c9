"""What a page shows, as `find.js` saw it: what can be acted on, what can be read, and whose a place
is, by the smallest block around it that holds a number at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

_LETTERS = re.compile(r"[A-Za-zÀ-ÿ]{2}")
OWN, BEHIND = ("text", "seen", "aria", "label"), ("title", "alt")  # where a name of its own stands


@dataclass(frozen=True, eq=False)
class Thing:
    """Something that can be acted on. `names` are its own, `near` is what stands beside it, `path`
    the blocks around it from the outermost in, `hidden` what may open it: (number, whether it says
    so).
    """

    id: int
    kind: str  # press, field, secret, list, check, radio, option, or text
    names: Mapping[str, str] = field(default_factory=dict)
    near: Mapping[str, str] = field(default_factory=dict)
    head: str = ""  # the first line of a name that has several
    path: tuple[int, ...] = ()
    shown: bool = True
    enabled: bool = True
    checked: bool = False
    required: bool = False
    selected: str = ""
    entries: tuple[str, ...] = ()  # of a `<select>`
    href: str = ""
    form: int = 0
    submits: bool = False
    opens: str = ""
    open: bool = False  # what it opens is shown
    away: bool = False
    toggles: bool = False  # stays in once it is pressed, as a setting does
    looks: bool = False  # reacts to a click, and has no role
    hidden: tuple[tuple[int, bool], ...] = ()
    layer: int = 0
    region: str = ""
    at: int = 0
    box: tuple[int, ...] = ()
    fixed: bool = False  # shows a value that cannot be typed
    current: bool = False  # the page, or the tab, in hand
    proxy: int = 0  # what is clicked in its place
    frame: int = 0
    tag: str = ""
    role: str = ""
    inside: str = ""  # the kinds of blocks around it, up to its landmark

    @property
    def key(self) -> tuple[int, int]:
        """Which element it is, for as long as its document lives."""
        return self.frame, self.id

    @property
    def name(self) -> str:
        """What a person would call it."""
        own = (*(self.names.get(key, "") for key in (*OWN, *BEHIND)), *self.near.values())
        return next((each for each in own if each), "")

    @property
    def words(self) -> str:
        """Everything that it is called itself."""
        return "\n".join(self.names.values())

    @property
    def mute(self) -> bool:
        """An icon: it has no word of its own."""
        return not any(_LETTERS.search(each) for each in self.names.values())


@dataclass(frozen=True)
class Text:
    """A visible text, with the block that it stands in."""

    id: int
    text: str
    path: tuple[int, ...] = ()
    head: bool = False
    shown: bool = True
    at: int = 0
    box: tuple[int, ...] = ()
    hidden: tuple[tuple[int, bool], ...] = ()
    frame: int = 0

    @property
    def key(self) -> tuple[int, int]:
        """As a thing's."""
        return self.frame, self.id


@dataclass(frozen=True)
class Owner:
    """A structure's or an account's number, where it is written. `lent`: in what opened that part
    of the page; for an account a hint, and no more. `typed`: in the one field of a search.
    """

    what: str
    kind: str
    path: tuple[int, ...] = ()
    shown: bool = True
    at: int = 0
    box: tuple[int, ...] = ()
    lent: bool = False
    typed: bool = False
    frame: int = 0


@dataclass(frozen=True)
class Token:
    """An unbroken piece of text, or what a field holds, byte for byte. `pre`: its spaces count;
    `hidden`: as a thing's; `line`: its block as the eye reads it (see find.js).
    """

    raw: str
    how: str  # field, text, folded
    near: Mapping[str, str] = field(default_factory=dict)
    pre: bool = False
    line: str = ""
    path: tuple[int, ...] = ()
    at: int = 0
    region: str = ""
    tag: str = ""
    id: int = 0
    box: tuple[int, ...] = ()
    hidden: tuple[tuple[int, bool], ...] = ()
    frame: int = 0

    def __repr__(self) -> str:
        return f"Token({self.how}, at={self.at})"  # never what it says: it may be a password


@dataclass(frozen=True)
class View:
    """One look at a page, in all its frames."""

    things: tuple[Thing, ...] = ()
    texts: tuple[Text, ...] = ()
    owners: tuple[Owner, ...] = ()
    tokens: tuple[Token, ...] = ()
    folded: tuple[Token, ...] = ()  # what is in the page and not shown, as it is
    ready: bool = True
    documents: Mapping[int, float] = field(default_factory=dict)

    @classmethod
    def of(cls, looks: Mapping[int, Mapping[str, Any]]) -> View:
        """From what `find.js` returned, by the number of each frame; the page's own comes first."""
        things, texts, owners, tokens, folded = [], [], [], [], []
        for frame, look in looks.items():
            things += [_told(Thing, each, frame) for each in look["things"]]
            texts += [_told(Text, each, frame) for each in look["texts"]]
            owners += [_told(Owner, each, frame) for each in look["owners"]]
            tokens += [_told(Token, each, frame) for each in look["tokens"]]
            folded += [_told(Token, each, frame) for each in look["folded"]]
        ready = all(look["ready"] for look in looks.values())
        documents = {frame: look["doc"] for frame, look in looks.items()}
        read = tuple(tokens), tuple(folded)
        return cls(tuple(things), tuple(texts), tuple(owners), *read, ready, documents)

    @cached_property
    def unfolded(self) -> View:
        """As if everything that is in the page were shown."""
        return replace(
            self,
            things=tuple(replace(each, shown=True) for each in self.things),
            texts=tuple(replace(each, shown=True) for each in self.texts),
            owners=tuple(replace(each, shown=True) for each in self.owners),
        )

    def since(self, before: View) -> View:
        """Only what was not shown then."""
        every: tuple[Thing | Text, ...] = (*before.things, *before.texts)
        known = {
            each.key
            for each in every
            if each.shown and before.documents.get(each.frame) == self.documents.get(each.frame)
        }
        return replace(
            self,
            things=tuple(each for each in self.things if each.key not in known),
            texts=tuple(each for each in self.texts if each.key not in known),
        )

    def under(self, block: int, frame: int) -> View:
        """Only what stands in that block."""
        return replace(
            self,
            things=tuple(t for t in self.things if t.frame == frame and block in t.path),
            texts=tuple(t for t in self.texts if t.frame == frame and block in t.path),
            owners=tuple(t for t in self.owners if t.frame == frame and block in t.path),
        )

    def of_kind(self, *kinds: str) -> list[Thing]:
        return [each for each in self.things if each.shown and each.kind in kinds]

    def says(self, pattern: re.Pattern[str]) -> Text | None:
        """The first visible text that fits."""
        return next((t for t in self.texts if t.shown and pattern.search(t.text)), None)

    @property
    def text(self) -> str:
        """Everything that can be read, one text a line."""
        return "\n".join(each.text for each in self.texts if each.shown)

    # -- whose it is

    @cached_property
    def _holders(self) -> dict[tuple[str, int, int], set[str]]:
        found: dict[tuple[str, int, int], set[str]] = {}
        for each in (o for o in self.owners if not (o.lent and o.kind == "account")):
            for block in each.path:
                found.setdefault((each.kind, each.frame, block), set()).add(each.what.casefold())
        return found

    def alone(self, frame: int, block: int, kind: str) -> bool:
        """Whether that block holds one structure, or one account, and no other."""
        return len(self._holders.get((kind, frame, block), ())) == 1

    def found(self, kind: str) -> list[str]:
        """The structures or accounts that can be read, each once."""
        seen = {
            each.what.casefold(): each.what
            for each in self.owners
            if each.kind == kind and each.shown and not (each.lent or each.typed)
        }
        return list(seen.values())

    def holders(self, thing: Thing, kind: str) -> frozenset[str]:
        """Whose `thing` may be: the numbers in the smallest block around it that holds any; in its
        own name first.
        """
        named = {
            o.what.casefold()
            for o in self.owners
            if o.kind == kind and o.what.casefold() in thing.words.casefold()
        }
        return frozenset(named) or self.around(thing, kind)

    def around(self, place: Thing | Text | Token, kind: str) -> frozenset[str]:
        """The numbers in the smallest block around that place that holds any."""
        return frozenset(
            self._holders.get((kind, place.frame, self.block(place, kind)), frozenset())
        )

    def block(self, place: Thing | Text | Token, kind: str) -> int:
        """That smallest block; 0 for none."""
        blocks = reversed(place.path)
        return next((b for b in blocks if (kind, place.frame, b) in self._holders), 0)

    def beside(self, thing: Thing, kind: str) -> str:
        """Whose `thing` is by its place alone, in a block that holds several: the number on its own
        line, that is also the last one written before it; where all of them head columns, the one
        of its column; else the one of the open tab. "" when that is not one.
        """
        return self._lent(thing, kind) or self._placed(thing, kind)

    def _lent(self, thing: Thing, kind: str) -> str:
        """Whose the smallest part around it is, by what opened it, where no number stands in it."""
        own = [o for o in self.owners if o.lent and o.kind == kind and o.frame == thing.frame]
        own = [o for o in own if o.path[-1] in thing.path]
        part = max((o.path for o in own), key=len, default=(0,))[-1]
        whose = {o.what.casefold() for o in own if o.path[-1] == part}
        written = (kind, thing.frame, part) in self._holders
        return whose.pop() if len(whose) == 1 and not written else ""

    def _written(self, thing: Thing, kind: str) -> list[Owner]:
        there = [o for o in self.owners if o.kind == kind and o.shown and o.box and not o.lent]
        return [o for o in there if o.frame == thing.frame]

    def line(self, thing: Thing, kind: str) -> set[str]:
        """The numbers on its own line."""
        middle = thing.box[1] + thing.box[3] / 2 if thing.box else -1
        own = self._written(thing, kind)
        return {o.what.casefold() for o in own if o.box[1] - 2 <= middle <= o.box[1] + o.box[3] + 2}

    def _placed(self, thing: Thing, kind: str) -> str:
        own, line = self._written(thing, kind), self.line(thing, kind)
        if not thing.box:
            return ""
        if not line:
            tabs = {t.key for t in self.things if t.kind == "press"}  # which is open?
            heads = [o for o in own if not any((o.frame, block) in tabs for block in o.path)]
            return _head(heads, thing)
        before = max((o for o in own if o.at <= thing.at), key=lambda o: o.at, default=None)
        return before.what.casefold() if before and line == {before.what.casefold()} else ""


def _head(own: Sequence[Owner], thing: Thing) -> str:
    """Of numbers that stand on one line above it, the one over its middle."""
    lines, numbers = {o.box[1] for o in own}, {o.what.casefold() for o in own}
    if len(lines) != 1 or len(numbers) < 2 or lines.pop() >= thing.box[1]:
        return ""
    middle = thing.box[0] + thing.box[2] / 2
    over = {o.what.casefold() for o in own if o.box[0] <= middle <= o.box[0] + o.box[2]}
    return over.pop() if len(over) == 1 else ""


def _told(kind: Any, raw: Mapping[str, Any], frame: int) -> Any:
    given = {k: raw[k] for k in kind.__dataclass_fields__ if k in raw}
    for key in ("path", "box", "entries"):
        if key in given:
            given[key] = tuple(given[key])
    if "hidden" in given:
        given["hidden"] = tuple((id_, named) for id_, named in given["hidden"])
    return kind(**given, frame=frame)
