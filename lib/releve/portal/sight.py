"""What a page shows, as `find.js` saw it, and which of it the document means.

Pure: a decision takes a `View` and returns one `Thing`, or an `Abstention` that tells a person what
was seen. Several pieces of evidence may name a thing; the best kind that names any decides, and it
must name one. Whose a thing is, is told by the smallest block around it that holds a number at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from releve.base.secret import scrub
from releve.base.words import Learned, Words

_LETTERS = re.compile(r"[A-Za-zÀ-ÿ]{2}")
_OWN, _BEHIND = ("text", "seen", "aria", "label"), ("title", "alt")
_BESIDE = ("left", "above", "before", "wrap", "legend", "floating", "after")


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
    path: tuple[int, ...] = ()
    shown: bool = True
    enabled: bool = True
    checked: bool = False
    required: bool = False
    selected: str = ""
    href: str = ""
    form: int = 0
    submits: bool = False
    opens: str = ""
    open: bool = False  # what it opens is shown
    away: bool = False
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
        own = (*(self.names.get(key, "") for key in (*_OWN, *_BEHIND)), *self.near.values())
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
    hidden: tuple[tuple[int, bool], ...] = ()
    frame: int = 0


@dataclass(frozen=True)
class Owner:
    """A structure's or an account's number, where it is written."""

    what: str
    kind: str
    path: tuple[int, ...] = ()
    shown: bool = True
    at: int = 0
    box: tuple[int, ...] = ()
    frame: int = 0


@dataclass(frozen=True)
class Token:
    """An unbroken piece of text, or what a field holds, byte for byte. `pre`: its spaces count."""

    raw: str
    how: str  # field, text
    near: Mapping[str, str] = field(default_factory=dict)
    pre: bool = False
    path: tuple[int, ...] = ()
    at: int = 0
    region: str = ""
    tag: str = ""
    id: int = 0
    box: tuple[int, ...] = ()
    frame: int = 0

    def __repr__(self) -> str:
        return f"Token({self.how}, at={self.at})"  # never what it says: it may be a password


@dataclass(frozen=True)
class Want:
    """What the document calls something, and what kind of thing it is."""

    label: str
    exact: re.Pattern[str]
    within: re.Pattern[str] | None = None
    kind: str = "press"
    words: Words | None = None  # what a person has shown of it

    @property
    def learned(self) -> Learned | None:
        """What a person pointed at for it."""
        return self.words.learned.get(getattr(self.label, "key", "")) if self.words else None

    def refuses(self, thing: Thing) -> bool:
        """Whether a person said that it is not this."""
        if self.words is None:
            return False
        known = self.words.refused.get(getattr(self.label, "key", ""), ())
        return any(agrees(thing, each) for each in known)


@dataclass(frozen=True)
class Abstention:
    """Nothing, or too much, was seen. `seen` says what there is, for a person."""

    label: str
    count: int = 0
    seen: tuple[str, ...] = ()
    where: tuple[Thing, ...] = ()

    def __str__(self) -> str:
        listed = ", ".join(self.seen[:6])
        if self.count:
            return f"je vois {self.count} fois « {self.label} » : {listed}"
        return f"je ne vois pas « {self.label} »" + (f" ; je vois : {listed}" if listed else "")


Outcome = Thing | Abstention


@dataclass(frozen=True)
class View:
    """One look at a page, in all its frames."""

    things: tuple[Thing, ...] = ()
    texts: tuple[Text, ...] = ()
    owners: tuple[Owner, ...] = ()
    tokens: tuple[Token, ...] = ()
    ready: bool = True
    documents: Mapping[int, float] = field(default_factory=dict)

    @classmethod
    def of(cls, looks: Mapping[int, Mapping[str, Any]]) -> View:
        """From what `find.js` returned, by the number of each frame; the page's own comes first."""
        things, texts, owners, tokens = [], [], [], []
        for frame, look in looks.items():
            things += [_told(Thing, each, frame) for each in look["things"]]
            texts += [_told(Text, each, frame) for each in look["texts"]]
            owners += [_told(Owner, each, frame) for each in look["owners"]]
            tokens += [_told(Token, each, frame) for each in look["tokens"]]
        ready = all(look["ready"] for look in looks.values())
        documents = {frame: look["doc"] for frame, look in looks.items()}
        return cls(tuple(things), tuple(texts), tuple(owners), tuple(tokens), ready, documents)

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
            (each.frame, each.id)
            for each in every
            if each.shown and before.documents.get(each.frame) == self.documents.get(each.frame)
        }
        return replace(
            self,
            things=tuple(each for each in self.things if each.key not in known),
            texts=tuple(each for each in self.texts if (each.frame, each.id) not in known),
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

    def told(self, pattern: re.Pattern[str], label: str) -> Text | Abstention:
        """The first visible text that fits, a title before any other."""
        fits = [t for t in self.texts if t.shown and pattern.search(t.text)]
        return next((t for t in fits if t.head), fits[0] if fits else Abstention(label))

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
        for each in self.owners:
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
            if each.kind == kind and each.shown
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
        for block in reversed(place.path):
            if held := self._holders.get((kind, place.frame, block)):
                return frozenset(held)
        return frozenset()

    def beside(self, thing: Thing, kind: str) -> str:
        """Whose `thing` is by its place alone, in a block that holds several: the number on its own
        line, that is also the last one written before it; where all of them head columns, the one
        of its column. "" when that is not one.
        """
        own = [
            o
            for o in self.owners
            if o.kind == kind and o.shown and o.box and o.frame == thing.frame
        ]
        if not thing.box:
            return ""
        middle = thing.box[1] + thing.box[3] / 2
        line = {o.what.casefold() for o in own if o.box[1] - 2 <= middle <= o.box[1] + o.box[3] + 2}
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
    for key in ("path", "box"):
        if key in given:
            given[key] = tuple(given[key])
    if "hidden" in given:
        given["hidden"] = tuple((id_, named) for id_, named in given["hidden"])
    return kind(**given, frame=frame)


# -- what it is called


def rank(thing: Thing, want: Want) -> int:
    """How well the words name that thing: 1 is best, 0 not at all. An exact name goes before a
    longer one, its own before what stands beside it. What a person has shown is it alone, while
    all its evidence agrees; what she refused is not.
    """
    if want.refuses(thing):
        return 0
    if want.learned:
        return int(agrees(thing, want.learned))
    own = [thing.names[key] for key in _OWN if key in thing.names]
    drawn = want.kind == "list" and thing.kind == "press"  # a list that somebody drew: its own text
    own = [] if drawn else own  # is the entry that it shows
    if want.kind in ("field", "secret", "list", "check", "radio"):
        own += [thing.near["label"]] if "label" in thing.near else []
    behind = [thing.names[key] for key in _BEHIND if key in thing.names]
    behind += [thing.near["placeholder"]] if "placeholder" in thing.near else []
    beside = (
        [thing.near[key] for key in _BESIDE if key in thing.near]
        if want.kind != "press" or thing.mute
        else []
    )
    for place, (texts, pattern) in enumerate(
        (
            (own, want.exact),
            (behind, want.exact),
            (beside, want.exact),
            (own, want.within),
            (behind, want.within),
            (beside, want.within),
        ),
        start=1,
    ):
        if pattern and any(pattern.search(each) for each in texts):
            return place
    return 0


# -- what a person has shown of it


def role(thing: Thing) -> str:
    """What it is, in one word or two."""
    tag = thing.tag if re.fullmatch(r"h[1-6]", thing.tag) else re.sub(r"\d", "", thing.tag)
    return " ".join(filter(None, (thing.kind, tag, re.sub(r"[^a-z ]", "", thing.role))))


def agrees(thing: Thing, learned: Learned) -> bool:
    """Whether all kinds of evidence say that it is this one."""
    own = [plain(each) for each in thing.names.values()] + [
        plain(thing.near.get("placeholder", ""))
    ]
    wording = re.compile(re.escape(learned.words).replace(r"\*", ".*"), re.IGNORECASE)
    return (
        (not learned.words or any(wording.fullmatch(each) for each in own))
        and learned.role == role(thing)
        and (not learned.side or plain(thing.near.get(learned.side, "")) == learned.beside)
        and learned.place == thing.inside
    )


def describe(view: View, thing: Thing, *, entry: bool = False) -> Learned:
    """What may be kept of it: no value, no number, nothing that is written in a row of somebody's.
    `entry`: its own text is the entry that it shows.
    """
    owned = view.holders(thing, "siret") or view.holders(thing, "account")
    others = _written_beside(view, thing) if owned else []
    own = [t for k, t in thing.names.items() if not (entry and k in ("text", "seen"))]
    own += [thing.near["placeholder"]] if thing.near.get("placeholder") else []
    words = plain(next(iter(own), ""))
    for each in sorted(others, key=len, reverse=True):
        words = re.sub(re.escape(each), "*", words, flags=re.IGNORECASE)
    sides = ("above", "legend") if owned else ("label", *_BESIDE)
    side = next((k for k in sides if plain(thing.near.get(k, ""))), "")
    return Learned(words, role(thing), plain(thing.near[side]) if side else "", side, thing.inside)


def _written_beside(view: View, thing: Thing) -> list[str]:
    """The texts of the smallest block around it that holds a number."""
    for block in reversed(thing.path[:-1]):
        part = view.under(block, thing.frame)
        if part.owners:
            texts = [t.text for t in part.texts if thing.id not in t.path]
            return [
                each for each in map(plain, texts) if len(each) > 2 and each in plain(thing.name)
            ]
    return []


def _fits(thing: Thing, kind: str) -> bool:
    if kind == "field":
        return thing.kind in ("field", "list") and thing.tag != "select"
    if kind == "list":
        return thing.kind in ("list", "press", "field")
    return thing.kind == kind


def named(view: View, want: Want, keep: Callable[[Thing], bool] = lambda _: True) -> list[Thing]:
    """The shown things of that kind that the words name best; one around another is left out."""
    every = [each for each in view.things if each.shown and _fits(each, want.kind) and keep(each)]
    ranks = {each.key: rank(each, want) for each in every}
    best = min((r for r in ranks.values() if r), default=0)
    found = [each for each in every if best and ranks[each.frame, each.id] == best]
    drawn = [each for each in found if each.kind != "press"] if want.kind == "list" else []
    return innermost(drawn or found)


def innermost(things: Iterable[Thing]) -> list[Thing]:
    """Without those that lie around another one of them."""
    listed = list(things)
    around = {(t.frame, block) for t in listed for block in t.path[:-1]}
    inner = [t for t in listed if t.key not in around]
    roles = [t for t in listed if not t.looks]  # a button goes before the text in it that reacts
    return [r for t in inner if (r := _button(t, roles))]


def _button(thing: Thing, roles: Sequence[Thing]) -> Thing:
    if not thing.looks:
        return thing
    around = [r for r in roles if r.frame == thing.frame and r.id in thing.path[:-1]]
    return around[-1] if around else thing


def one(view: View, want: Want, found: Sequence[Thing]) -> Outcome:
    """The only one. Links to the same place count once, and what stands in the page's main part
    goes before its head, menus and foot.
    """
    once = _same_place(found)
    if len(once) > 1:
        main = [each for each in once if each.region in ("main", "")]
        once = main if len(main) == 1 else once
    if len(once) == 1:
        return once[0]
    if once:
        return Abstention(want.label, len(once), tuple(where(each) for each in once), tuple(once))
    return Abstention(want.label, 0, overview(view, want.kind))


def _same_place(found: Sequence[Thing]) -> list[Thing]:
    places: dict[object, Thing] = {}
    for each in found:
        key: object = each.href or each.key
        if key not in places or (
            places[key].region not in ("main", "") and each.region in ("main", "")
        ):
            places[key] = each
    return list(places.values())


def decide(view: View, want: Want, keep: Callable[[Thing], bool] = lambda _: True) -> Outcome:
    """The one thing that the words name."""
    return one(view, want, named(view, want, keep))


def common(anchors: Sequence[Thing]) -> tuple[int, ...]:
    """The blocks around all of them, from the outermost in."""
    shared = anchors[0].path
    for other in anchors[1:]:
        length = 0
        while length < min(len(shared), len(other.path)) and shared[length] == other.path[length]:
            length += 1
        shared = shared[:length]
    return shared


def closest(view: View, want: Want, anchors: Sequence[Thing]) -> Outcome:
    """The one that stands nearest to `anchors`: in the smallest block around them that has any; in
    their own form the one button that sends it will do.
    """
    known = {each.key for each in anchors}
    for block in reversed(common(anchors)):
        part = view.under(block, anchors[0].frame)
        found = named(part, want, lambda each: each.key not in known)
        if found:
            return one(part, want, found)
        if block == anchors[0].form:
            sends = [t for t in part.of_kind("press") if t.submits]
            return sends[0] if len(sends) == 1 else decide(view, want)
    return decide(view, want)


def around(view: View, want: Want, text: Text) -> Outcome:
    """The one that stands with that text: in the smallest block around it that has any."""
    for block in reversed(text.path):
        part = view.under(block, text.frame)
        if found := named(part, want):
            return one(part, want, found)
    return Abstention(want.label, 0, overview(view, want.kind))


def where(thing: Thing) -> str:
    """One thing, as a person would tell it to another; without what may be somebody's."""
    place = next((thing.near[k] for k in ("left", "before", "legend") if thing.near.get(k)), "")
    named_ = f"« {plain(thing.name) or 'sans nom'} »"
    return f"{named_} après « {plain(place)} »" if place and place != thing.name else named_


def overview(view: View, kind: str) -> tuple[str, ...]:
    """What there is of that kind."""
    kinds = {"field": ("field", "secret"), "secret": ("field", "secret"), "list": ("list", "field")}
    every = view.of_kind(*kinds.get(kind, ("press",)))
    every.sort(key=lambda each: each.region not in ("main", ""))
    return tuple(dict.fromkeys(f"« {plain(each.name)} »" for each in every if plain(each.name)))[:8]


def plain(text: str) -> str:
    """Words without what varies or is somebody's: addresses, numbers; at most forty characters."""
    words = re.sub(r"\S*@\S*|\d[\d\s/.,:-]*", "# ", scrub(" ".join(text.split())))
    words = " ".join(words.split())
    return words if len(words) <= 40 else f"{words[:39]}…"
