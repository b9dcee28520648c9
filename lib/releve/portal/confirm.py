"""The question that a portal asks before it resets: in a window, on a second page, in the page
itself, with or without a box to tick.

Pure. A confirmation is where its question is asked: the smallest block that holds both a button of
that name, not there before, and words of the question.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from releve.base.account import WRITTEN
from releve.base.words import Label, Words
from releve.portal.sight import Abstention, Want, innermost, rank, where
from releve.portal.view import Thing, View

_REASON = re.compile(
    r"motif|raison|commentaire|justifi|exemple|courriel|\bcode\b|\bvotre\b|\bvos\b|\bsign|\bex\b"
    r"|\bdate|siret|num[ée]ro|r[ée]f[ée]rence",
    re.IGNORECASE,
)
_CAPITALS = re.compile(r"\s+(?:le\s+mot\s+)?([A-ZÀ-Ý]{4,})(?![\w@-]|\.\w)")
_ELSE = re.compile(r"\b(?:gard|conserv|tou[st]e?s?\b)", re.IGNORECASE)
CROSS = re.compile(r"^\s*[×✕✖⨯✗╳xX]\s*$")


@dataclass(frozen=True)
class Question:
    """What is to be pressed, what has to be ticked first, what answers it with no as it stands
    (`refusal`: a list, or the « Oui » of two), what has to be written again in which field
    (`typed`), and which accounts the question names.
    `native`: the browser's own window, by its text; `button` then brings it up.
    """

    button: Thing | None
    box: Thing | None = None
    refusal: Thing | None = None
    typed: tuple[Thing, str] | None = None
    accounts: tuple[str, ...] = ()
    native: str = ""

    def others(self, account: str) -> str:
        """The accounts that it names beside that one, or in its place; "" for none."""
        return ", ".join(a for a in self.accounts if a.casefold() != account.casefold())


def question(view: View, before: View, words: Words) -> Question | Abstention:
    """The confirmation that came up since `before`."""
    label = words.first("reset.confirm")
    new = view.since(before)
    cancel = words.find("reset.cancel")
    want = Want(label, words.exact("reset.confirm"), words=words)
    taught = want.learned or want.pointed
    presses = [t for t in new.of_kind("press") if not want.refuses(t) and not cancel.search(t.name)]
    presses = [t for t in presses if not _anew(t, view, before)]
    for yes in (_exact, _longer):
        named = innermost(
            t for t in presses if (rank(t, want) if taught else yes(t, view, before, words))
        )
        asked = [(_asked(view, new, each, words), each) for each in named]
        if found := [(block, each) for block, each in asked if block is not None]:
            break
    else:
        return Abstention(label, 0, tuple(where(t) for t in new.of_kind("press"))[:6])
    first = _first(found, words)
    if first is None:
        return Abstention(label, len(found), tuple(where(t) for _, t in found))
    block, button = first
    part = view.under(block, button.frame)
    box, refusal = _box(part, button, words), _refusal(part, words)
    accounts = _named(view, button, part)
    typed = None if button.enabled else _retyped(part, accounts, words)
    if not (button.enabled or box or typed or want.pointed):
        asks = part.of_kind("list", "field", "radio", "check")  # an answer is for a person to give
        active = Label(label.key, f"{label}, actif")
        return Abstention(active, 0, tuple(where(t) for t in (button, *asks)))
    return Question(button, box, refusal, typed, accounts)


def _anew(thing: Thing, view: View, before: View) -> bool:
    """Whether it was there before, though the page has drawn it once more: there are no more of
    that name now.
    """
    same = view.documents.get(thing.frame) == before.documents.get(thing.frame)
    now, then = (
        [t.name for t in each.of_kind("press") if t.frame == thing.frame] for each in (view, before)
    )
    return same and now.count(thing.name) <= then.count(thing.name)


def _exact(thing: Thing, _: View, __: View, words: Words) -> bool:
    exact = words.exact("reset.confirm")
    return any(exact.search(each) for each in thing.names.values())


def _longer(thing: Thing, view: View, before: View, words: Words) -> bool:
    """It begins with one of the words and goes on about the password, and about nothing else:
    « Oui, réinitialiser … ». In a window only, which was not there before, and where nothing else
    can be chosen: a page that is drawn anew has such words anew.
    """
    there = any(t.shown and t.layer == thing.layer for t in before.things)
    same = view.documents.get(thing.frame) == before.documents.get(thing.frame)
    if not thing.layer or there or not same:
        return False
    leaves = (words.find("reset.cancel"), words.exact("cover.close"), CROSS)
    others = [
        t
        for t in view.under(thing.layer, thing.frame).of_kind("press", "list", "radio")
        if thing.id not in t.path and t.id not in thing.path
    ]
    if not all(any(leave.search(t.name) for leave in leaves) for t in others):
        return False
    asks, starts = words.find("reset.question"), words.begins("reset.confirm")
    else_ = (_ELSE, words.find("summary.old"), words.find("opening.never"))
    for each in thing.names.values():
        rest = each[start.end() :] if (start := starts.search(each)) else ""
        more = words.find("reset.confirm").sub(" ", asks.sub(" ", rest))
        if asks.search(rest) and not any(other.search(more) for other in else_):
            return True
    return False


def _retyped(part: View, accounts: tuple[str, ...], words: Words) -> tuple[Thing, str] | None:
    """What wakes the button up once it is written in the one empty field: a word in quotes, the one
    in capitals that is asked for, else the account that the request itself names. What is a
    person's own, and a reason, are for a person to give.
    """
    fields = [t for t in part.of_kind("field") if t.enabled and not t.fixed]
    write = words.find("reset.retype")
    told = part.says(write)
    if told is None or len(fields) != 1 or fields[0].selected:
        return None
    if any(_REASON.search(each) for each in (told.text, *fields[0].near.values())):
        return None
    quoted = re.findall(r"[«\"“]\s*([^«»\"“”]+?)\s*[»\"”]", told.text)
    after = [_CAPITALS.match(told.text, each.end()) for each in write.finditer(told.text)]
    capitals = [each[1] for each in after if each]
    asked = set(quoted or capitals or [each for each in accounts if each in told.text])
    return (fields[0], asked.pop()) if len(asked) == 1 else None


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
