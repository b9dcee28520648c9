"""Which of what a page shows the document means.

Pure: a decision takes a `View` and returns one `Thing`, or an `Abstention` that tells a person what
was seen. Several pieces of evidence may name a thing; the best kind that names any decides, and it
must name one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product

from releve.base.secret import scrub
from releve.base.words import Learned, Words
from releve.portal.view import BEHIND, OWN, Text, Thing, View

_BESIDE = ("left", "above", "before", "wrap", "legend", "floating", "after")


def key_of(label: object) -> str:
    """The place that a documented wording is of (see `words.Label`); "" for other texts."""
    return str(getattr(label, "key", ""))


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
        return self.words.learned.get(key_of(self.label)) if self.words else None

    @property
    def pointed(self) -> tuple[int, ...]:
        """The very element that she pointed at, for as long as it is there."""
        return self.words.pointed.get(key_of(self.label), ())[:2] if self.words else ()

    def refuses(self, thing: Thing) -> bool:
        """Whether a person said that it is not this."""
        known = self.words.refused.get(key_of(self.label), ()) if self.words else ()
        return any(agrees(thing, each) for each in known)


@dataclass(frozen=True)
class Abstention:
    """Nothing, or too much, was seen, or what cannot be pressed yet. `seen` says what there is, for
    a person, `instead` what may come first.
    """

    label: str
    count: int = 0
    seen: tuple[str, ...] = ()
    where: tuple[Thing, ...] = ()
    instead: tuple[str, ...] = ()
    grey: bool = False  # there, and asleep

    def __str__(self) -> str:
        listed = ", ".join(self.seen[:6])
        if self.count:
            return f"je vois {self.count} fois « {self.label} » : {listed}"
        none = f"« {self.label} » est grisé" if self.grey else f"je ne vois pas « {self.label} »"
        return none + (f" ; je vois : {listed}" if listed else "")


Outcome = Thing | Abstention


# -- what it is called


def rank(thing: Thing, want: Want) -> int:
    """How well the words name that thing: 1 is best, 0 not at all. An exact name goes before a
    longer one, its own before what stands beside it. What a person has shown is it alone, while
    all its evidence agrees; what she refused is not.
    """
    if want.pointed:
        return int(thing.key == want.pointed)
    if want.refuses(thing):
        return 0
    if want.learned:
        return int(agrees(thing, want.learned))
    own = [thing.names[key] for key in OWN if key in thing.names]
    drawn = want.kind == "list" and thing.kind == "press"  # a list that somebody drew: its own text
    if drawn and (thing.href or _acts(thing, want.words)):
        return 0  # until the list is there, what sends the form stands next to its label
    own = [] if drawn else own  # is the entry that it shows
    if want.kind in ("field", "secret", "list", "check", "radio"):
        own += [thing.near["label"]] if "label" in thing.near else []
    behind = [thing.names[key] for key in BEHIND if key in thing.names]
    behind += [thing.near["placeholder"]] if "placeholder" in thing.near else []
    beside = [thing.near[key] for key in _BESIDE if key in thing.near]
    beside = beside if want.kind != "press" or thing.mute else []
    places = product((want.exact, want.within), (own, behind, beside))
    for place, (pattern, texts) in enumerate(places, start=1):
        found = (pattern.search(each) for each in texts) if pattern else ()
        if any(each and not _says_more(each, want) for each in found):
            return place
    return 0


_JOINED = re.compile(r"\W*(?:et|ou|puis)\W")
_ENTRY = re.compile(r"\W*suppression\s+d", re.IGNORECASE)  # called by a noun
_LISTED = re.compile(r"\w(?:\s*,|\s+(?:et|ou))\W*$")
_JOINS = re.compile(r"\W*(?:(?:et|ou|puis)\W+)?")


def _says_more(named: re.Match[str], want: Want) -> bool:
    """Whether a longer name changes something first, or as well: « Supprimer, puis … ». One of
    several words that a tile describes itself with may be so: « Déposer, transmettre et suivre ».
    """
    if want.words is None or want.kind != "press":
        return False
    never, text = want.words.find("opening.never"), named.string
    before, after = text[: named.start()], text[named.end() :]
    for each in never.finditer(before):
        listed = _LISTED.search(before[: each.start() + 1])
        if not listed or _JOINS.fullmatch(before[each.end() :]):
            return True
    return bool(_JOINED.match(after) and never.search(after))


def _acts(thing: Thing, words: Words | None) -> bool:
    """Whether its own words are of what changes something, and not the document's own entry, nor
    another that a list which says that it opens shows: « Suppression d'un compte ».
    """
    if words is None or words.find("form.request").search(thing.words):
        return False
    if thing.opens in ("expands", "popup") and _ENTRY.match(thing.words):
        return False
    return words.find("opening.never").search(thing.words) is not None


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
        (any(map(wording.fullmatch, own)) if learned.words else not any(own))
        and learned.role == role(thing)
        and (not learned.side or plain(thing.near.get(learned.side, "")) == learned.beside)
        and learned.place == thing.inside
    )


def describe(view: View, thing: Thing, *, entry: bool = False) -> Learned:
    """What may be kept of it: no value, no number, nothing that is written in a row of somebody's,
    no running text beside it. `entry`: its own text is the entry that it shows.
    """
    owned = view.holders(thing, "siret") or view.holders(thing, "account")
    others = _written_beside(view, thing) if owned else []
    own = [t for k, t in thing.names.items() if not (entry and k in ("text", "seen"))]
    own += [thing.near["placeholder"]] if thing.near.get("placeholder") else []
    words = plain(next(iter(own), ""))
    for each in sorted(others, key=len, reverse=True):
        words = re.sub(re.escape(each), "*", words, flags=re.IGNORECASE)
    sides = ("above", "legend") if owned else ("label", *_BESIDE)
    near = {k: plain(thing.near.get(k, "")) for k in sides}
    side = next((k for k, told in near.items() if told and not told.endswith("…")), "")
    return Learned(words, role(thing), near.get(side, ""), side, thing.inside)


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
    """The shown things of that kind that the words name best; one around another is left out, and
    so are those whose first line goes on where another's is the very name.
    """
    every = [each for each in view.things if each.shown and _fits(each, want.kind) and keep(each)]
    ranks = {each.key: rank(each, want) for each in every}
    best = min((r for r in ranks.values() if r), default=0)
    found = [each for each in every if best and ranks[each.key] == best]
    drawn = [each for each in found if each.kind != "press"] if want.kind == "list" else []
    inner = innermost(drawn or found)
    return [each for each in inner if len(inner) > 1 and want.exact.search(each.head)] or inner


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
    """The only one. Links to the same place count once; what stands in the page's main part goes
    before its head, menus and foot, and what is called so in a line of its own before the others.
    """
    once = _same_place(found)
    if len(once) > 1:
        main = [each for each in once if each.region in ("main", "")]
        once = main if len(main) == 1 else once
        titled = [each for each in once if _titled(view, each, want)]
        once = titled if len(titled) == 1 else once
    if len(once) == 1:
        return once[0]
    if once:
        return Abstention(want.label, len(once), tuple(where(each) for each in once), tuple(once))
    return Abstention(want.label, 0, overview(view, want.kind))


def _titled(view: View, thing: Thing, want: Want) -> bool:
    inner = (t for t in view.texts if t.shown and t.frame == thing.frame and thing.id in t.path)
    return any(want.exact.search(each.text) for each in inner)


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


def leading(view: View, want: Want, opens: re.Pattern[str]) -> Outcome:
    """The one thing that they name in full; else, of several that are called « Accéder », the one
    of the row or card that they name: by its first words, on one line with it, or by its only
    title, with nothing else on its line. What a form asks for is for a person to give. A longer
    name comes last.
    """
    found = decide(view, replace(want, within=None))
    if isinstance(found, Thing) or found.count or want.learned or want.pointed:
        return found
    called = (t for t in view.of_kind("press") if any(map(opens.search, t.names.values())))
    every = innermost(called)
    asks = {t.form for t in view.of_kind("field", "secret", "list", "check", "radio") if t.form}
    every = [t for t in every if t.form not in asks]
    rows = [t for t in every if t.enabled and _heads(view, t, every, want.exact)]
    rows = [t for t in rows if not want.refuses(t)]
    return one(view, want, rows) if rows else decide(view, want)


def _heads(view: View, thing: Thing, every: list[Thing], named_: re.Pattern[str]) -> bool:
    """Whether that is the name of its row, the largest block around it without another of them."""
    others = {(t.frame, block) for t in every if t is not thing for block in t.path}
    row = next((b for b in thing.path if (thing.frame, b) not in others), thing.id)
    texts = [t for t in view.under(row, thing.frame).texts if t.shown and re.search(r"\w", t.text)]
    titles = [t for t in texts if t.head]
    begins = (t for t in texts[1:] if texts[0].id in t.path and texts[0].text.startswith(t.text))
    first = next(begins, texts[0]) if texts else None
    title = titles[0] if len(titles) == 1 else first
    if title is None or len(every) < 2 or not named_.search(title.text):
        return False
    presses = {t.key for t in view.of_kind("press")}
    line = [t for t in texts if t is not title and level(t, thing)]
    beside = [t for t in line if not any((t.frame, block) in presses for block in t.path)]
    alone = titles == [title] and not beside
    return alone or level(title, thing) or _left_of(thing, title, texts)


def _left_of(thing: Thing, title: Text, texts: list[Text]) -> bool:
    """Whether it stands at the height of the lines to its left, which begin with that title."""
    x, y, _, high = thing.box or (0, 0, 0, 0)
    left = [t.box for t in texts if t.box and t.box[0] + t.box[2] <= x]
    middle = y + high / 2
    around_ = left and min(b[1] for b in left) <= middle <= max(b[1] + b[3] for b in left)
    return bool(around_) and title.box in left


def level(thing: Thing | Text, other: Thing | Text) -> bool:
    """Whether both are on one line; so is what has no place."""
    if not (thing.box and other.box):
        return True
    middle = thing.box[1] + thing.box[3] / 2
    return other.box[1] <= middle <= other.box[1] + other.box[3]


def common(anchors: Sequence[Thing | Text]) -> tuple[int, ...]:
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
