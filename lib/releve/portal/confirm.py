"""The question that a portal asks before it resets: in a window, on a second page, in the page
itself, with or without a box to tick.

Pure. A confirmation is where its question is asked: the smallest block that holds both a button of
that name, not there before, and words of the question.
"""

from __future__ import annotations

from dataclasses import dataclass

from releve.base.account import WRITTEN
from releve.base.words import Label, Words
from releve.portal.sight import Abstention, Want, innermost, rank, where
from releve.portal.view import Thing, View


@dataclass(frozen=True)
class Question:
    """What is to be pressed, what has to be ticked first, what answers it with no as it stands
    (`refusal`: a list, or the « Oui » of two), and which accounts the question names.
    `native`: the browser's own window, by its text; `button` then brings it up.
    """

    button: Thing | None
    box: Thing | None = None
    refusal: Thing | None = None
    accounts: tuple[str, ...] = ()
    native: str = ""

    def others(self, account: str) -> str:
        """The accounts that it names beside that one, or in its place; "" for none."""
        return ", ".join(a for a in self.accounts if a.casefold() != account.casefold())


def question(view: View, before: View, words: Words) -> Question | Abstention:
    """The confirmation that came up since `before`."""
    label = words.first("reset.confirm")
    new = view.since(before)
    exact, cancel = words.exact("reset.confirm"), words.find("reset.cancel")
    want = Want(label, exact, words=words)
    taught = want.learned or want.pointed
    named = [
        t
        for t in new.of_kind("press")
        if (rank(t, want) if taught else any(exact.search(n) for n in t.names.values()))
        and not want.refuses(t)
    ]
    found = [
        (block, each)
        for each in innermost(t for t in named if not cancel.search(t.name))
        if (block := _asked(view, new, each, words)) is not None
    ]
    if not found:
        return Abstention(label, 0, tuple(where(t) for t in new.of_kind("press"))[:6])
    first = _first(found, words)
    if first is None:
        return Abstention(label, len(found), tuple(where(t) for _, t in found))
    block, button = first
    part = view.under(block, button.frame)
    box, refusal = _box(part, button, words), _refusal(part, words)
    if not (button.enabled or box or refusal or want.pointed):
        asks = part.of_kind("list", "field", "radio", "check")  # an answer is for a person to give
        active = Label(label.key, f"{label}, actif")
        return Abstention(active, 0, tuple(where(t) for t in (button, *asks)))
    return Question(button, box, refusal, _named(view, button, part))


def _first(found: list[tuple[int, Thing]], words: Words) -> tuple[int, Thing] | None:
    """The only one; the document's own word goes before the others."""
    if len(found) == 1:
        return found[0]
    for wording in words.variants("reset.confirm")[:2]:
        own = [pair for pair in found if pair[1].name.strip().casefold() == wording.casefold()]
        if len(own) == 1:
            return own[0]
    return None


def _asked(view: View, new: View, button: Thing, words: Words) -> int | None:
    """The smallest block around the button that holds words of the question, but for its own."""
    asks = words.find("reset.question")
    texts = [
        t
        for t in view.texts
        if t.shown and t.frame == button.frame and button.id not in t.path and asks.search(t.text)
    ]
    fresh = {t.key for t in new.texts} | {t.key for t in new.things}
    for block in reversed(button.path[:-1]):
        own = [t for t in texts if block in t.path]
        if own:
            return block if any(t.key in fresh for t in own) else None
    return None


def _box(part: View, button: Thing, words: Words) -> Thing | None:
    """The box that holds the button back, when it is not ticked yet."""
    agree = words.find("reset.agree")
    boxes = [t for t in part.of_kind("check") if not t.checked]
    held = [
        t
        for t in boxes
        if t.required or any(agree.search(n) for n in (*t.names.values(), t.near.get("after", "")))
    ]
    needed = held or (boxes if not button.enabled else [])  # never one more than it takes
    return needed[0] if len(needed) == 1 else None


def _refusal(part: View, words: Words) -> Thing | None:
    """What answers no to this very question, as it stands: a list, or « Oui » not chosen."""
    no, yes = words.exact("reset.cancel"), words.exact("reset.confirm")
    asks = words.find("reset.short")
    found = [t for t in part.of_kind("list") if t.tag == "select" and no.search(t.selected)]
    for t in part.of_kind("radio"):
        called = (*t.names.values(), t.near.get("label", ""), t.near.get("after", ""))
        found += [t] if not t.checked and any(yes.search(name) for name in called) else []
    about = [t for t in found if any(asks.search(near) for near in t.near.values())]
    return about[0] if len(about) == 1 else None


def _named(view: View, button: Thing, part: View) -> tuple[str, ...]:
    """The accounts that the question names: in its block, else in its window."""
    found = part.found("account")
    if not found and button.layer:
        found = view.under(button.layer, button.frame).found("account")
    return tuple(found)


def of_dialog(text: str) -> Question:
    """A native window's question."""
    return Question(None, accounts=tuple(dict.fromkeys(WRITTEN.findall(text))), native=text)
