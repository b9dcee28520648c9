"""The question that a portal asks before it resets: in a window, on a second page, in the page
itself, with or without a box to tick.

Pure. A confirmation is where its question is asked: the smallest block that holds both a button of
that name, not there before, and words of the question.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from releve.base.account import WRITTEN
from releve.base.words import Words
from releve.portal.sight import Abstention, Want, innermost, rank, where
from releve.portal.view import Owner, Text, Thing, View

_COMES = re.compile(  # a password, which is announced
    r"mot de passe\b.{0,40}\b(?:sera|va [êe]tre) (?:r[ée])?g[ée]n[ée]r[ée]", re.IGNORECASE
)
_REASON = re.compile(
    r"motif|raison|commentaire|justifi|exemple|courriel|\bcode\b|\bvotre\b|\bvos\b|\bsign|\bex\b"
    r"|\bdate|siret|num[ée]ro|r[ée]f[ée]rence",
    re.IGNORECASE,
)
_CAPITALS = re.compile(r"\s+(?:le\s+mot\s+)?([A-ZÀ-Ý]{4,})(?![\w@-]|\.\w)")
_ELSE = re.compile(r"\b(?:gard|conserv|tou[st]e?s?\b)", re.IGNORECASE)
_MORE = re.compile(  # than one account, or than one reset
    r"\b(?:tou[st]e?s?|autres?|aussi|[ée]galement|encore|[àa] nouveau|de nouveau|recommenc\w+"
    r"|r[ée]essa\w+)(?!\w)",
    re.IGNORECASE,
)
_TO_COME = re.compile(  # the reset, which is asked about or announced
    r"\b(?:r[ée]initialiser|renouveler)\b.{0,120}\?|\bconfirme[rz]\b.{0,40}\b(?:r[ée]initialisation"
    r"|renouvellement)\b|\b(?:sera|va [êe]tre) (?:r[ée]initialis[ée]|renouvel[ée])"
    r"|\ballez (?:r[ée]initialis|renouvel)er\b",
    re.IGNORECASE,
)
_ANEW = re.compile(  # the reset, in other words
    r"\b(?:(?:r[ée])?g[ée]n[ée]rer|renouveler|cr[ée]er|attribuer|obtenir)\s+(?:un|le)\s+"
    r"(?:nouveau\s+)?mot\s+de\s+passe\b",
    re.IGNORECASE,
)
_ASKS = re.compile(  # for it, or says so in a title
    r"\W*(?:(?:vous allez|(?:voulez|souhaitez)[\s-]vous|confirmez[\s-]vous vouloir)\s+)?"
    rf"(?:{_ANEW.pattern})",
    re.IGNORECASE,
)
_AMISS = re.compile(  # it is done, it cannot be done, or something else is
    r"\ba [ée]t[ée]\b|\bne? (?:p[eo]u|sera(?! plus))|impossible|\bpouvez\b|certificat|\bcl[ée]s?\b"
    r"|\bcodes?\b|jeton|convention|contrat|attestation|mot de passe[^.?!:]*:\s*\S",
    re.IGNORECASE,
)
_RESET = re.compile(rf"r[ée]initialis|renouvel|{_ANEW.pattern}", re.IGNORECASE)
_PLAIN = re.compile(  # adds nothing to a yes
    r"(?:\W|\b(?:la|ma|mon|cette|cet|ce|demande|op[ée]ration|action|choix|je|j|en|suis|s[ûu]re?"
    r"|certaine?|bien|c|est|continuer|poursuivre|confirme|proc[ée]der|y|l|[êe]tes|vous|voulez"
    r"|souhaitez|de|vouloir|r[ée]aliser|effectuer|ex[ée]cuter|vraiment)\b)*",
    re.IGNORECASE,
)
_WAITS = re.compile(  # beside the reset that waits
    r"(?:\W|\b(?:en attente|[àa]|d[eu]|pour|l[ea]|compte|utilisateur|technique|vous|allez)\b)*",
    re.IGNORECASE,
)
_SEVERAL = re.compile(
    r"\b(?:\d{2,}|[02-9]|deux|trois|quatre|plusieurs)\s+(?:modifications|changements)\b",
    re.IGNORECASE,
)
_HERSELF = re.compile(r"^\W*(?:je\b|j['’])(?!.*(?:souhait|veux|voudr|d[ée]sir))", re.IGNORECASE)
_EFFECT = re.compile(  # of a box that does something of its own
    r"d[ée]sactiv(?:er|ation)|suppr(?:imer|ession)|abonn|\binscri|re[çc][eo][vi]|newsletter|suspend"
    r"|r[ée]silier|bloquer|envoy|autoris|cl[ôo]tur|archiv|fermer|r[ée]voqu|retir|transf[ée]r|d[ée]l[ée]gu",
    re.IGNORECASE,
)
_BACK = re.compile(r"pr[ée]c[ée]dent|\bretour|\brevenir", re.IGNORECASE)
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


def question(view: View, before: View, words: Words, layer: int = 0) -> Question | Abstention:
    """The confirmation that came up since `before`; `layer`: in the window that asked already."""
    label = words.first("reset.confirm")
    new = view.since(before)
    cancel = words.find("reset.cancel")
    want = Want(label, words.exact("reset.confirm"), words=words)
    taught = want.learned or want.pointed
    presses = [t for t in new.of_kind("press") if not want.refuses(t) and not cancel.search(t.name)]
    presses = [t for t in presses if not _anew(t, view, before)]
    for yes in (_exact, _longer, _renewal, _next):
        named = innermost(
            t
            for t in presses
            if (rank(t, want) if taught else yes(t, view, before, words, layer))
        )
        asked = [(_asked(view, before, each, want), each) for each in named]
        if found := [(block, each) for block, each in asked if block is not None]:
            break
    else:
        return Abstention(label, 0, tuple(where(t) for t in new.of_kind("press"))[:6])
    first = _first(found, view, words)
    if first is None:
        return Abstention(label, len(found), tuple(where(t) for _, t in found))
    block, button = first
    part = view.under(block, button.frame)
    if part.says(_SEVERAL):
        return Abstention(label)
    box, refusal = _box(part, button, words), _refusal(part, words)
    accounts = _named(view, button, part, words)
    typed = None if button.enabled else _retyped(part, accounts, words)
    if not (button.enabled or box or typed or want.pointed):
        asks = part.of_kind("list", "field", "radio", "check")  # an answer is for a person to give
        return Abstention(label, 0, tuple(map(where, asks)), grey=True)
    return Question(button, box, refusal, typed, accounts)


def step(view: View, before: View, pressed: Thing, words: Words) -> Question | Abstention:
    """A further step of the question, in the window where « Suivant » or « Continuer » was
    `pressed`: it names its account, says that the reset is to come, and can still be left. A button
    that only changed its words is another.
    """
    names = {t.key: t.name for t in view.things}
    texts = {(t.key, t.text) for t in view.texts}
    things = [t for t in before.things if names.get(t.key, t.name) == t.name]
    shown = tuple(t for t in before.texts if (t.key, t.text) in texts)
    come = view.since(replace(before, texts=shown)).says(_TO_COME)
    if come and not words.exact("reset.confirm").search(pressed.name):
        again = (pressed.layer, pressed.name)  # « Suivant », of the next step
        things = [t for t in things if (t.layer, t.name) != again]
    kept = replace(before, things=tuple(things), texts=shown)
    asked = question(view, kept, words, pressed.layer)
    none = Abstention(words.first("reset.confirm"))
    if isinstance(asked, Abstention) or asked.button is None:
        return asked
    further = pressed.layer and words.exact("login.next").search(pressed.name)
    told = come and asked.accounts and not _MORE.search(come.text)
    same = asked.button.layer and view.documents == before.documents
    return asked if further and told and same and left(view, kept, words) else none


def left(view: View, before: View, words: Words) -> bool:
    """Whether what came up since `before`, or a window, can still be left as it is: what can, is
    not done.
    """
    new = {t.key for t in view.since(before).things}
    things = tuple(t for t in view.things if t.layer or t.key in new)
    return _left(replace(view, things=things), words)


def _left(view: View, words: Words) -> bool:
    close, cancel = words.begins("cover.close"), words.begins("reset.cancel")
    names = [t.name for t in view.of_kind("press") if t.enabled and t.region in ("main", "")]
    return any(cancel.search(n) and not (close.search(n) or _BACK.search(n)) for n in names)


def _anew(thing: Thing, view: View, before: View) -> bool:
    """Whether it was there before, though the page has drawn it once more: there are no more of
    that name now.
    """
    same = view.documents.get(thing.frame) == before.documents.get(thing.frame)
    now, then = (
        [t.name for t in each.of_kind("press") if t.frame == thing.frame] for each in (view, before)
    )
    return same and now.count(thing.name) <= then.count(thing.name)


def _same(thing: Thing, view: View, before: View) -> bool:
    return view.documents.get(thing.frame) == before.documents.get(thing.frame)


def _came(thing: Thing, view: View, before: View, layer: int) -> bool:
    """Whether it stands in a window that came up on the same page, or that asked already."""
    there = any(t.shown and t.layer == thing.layer for t in before.things)
    window = thing.layer > 0 and (thing.layer == layer or not there)
    return window and _same(thing, view, before)


def _line(thing: Thing, view: View, before: View, words: Words) -> int:
    """The line of one account where it came with a way out, and nothing else, in the place of what
    asked for the reset, or under words that announce it, with no other words; 0 for none.
    """
    block = view.block(thing, "account")
    line, was = view.under(block, thing.frame), before.under(block, thing.frame)
    shown = {t.key for t in line.things if t.shown}
    gone = [t for t in was.of_kind("press") if t.key not in shown and _RESET.search(t.name)]
    new = line.since(before)
    come = [t for t in new.things if t.shown and not _nested(t, thing)]
    ours = view.alone(thing.frame, block, "account") and _same(thing, view, before)
    out = come and all(t.kind == "press" and _leaves(t, words) for t in come)
    known = {(t.key, t.text) for t in was.texts if t.shown}
    said = [t.text for t in _told(line) if (t.key, t.text) not in known]
    told = any(map(_TO_COME.search, said)) or (gone and all(map(_PLAIN.fullmatch, said)))
    asked = told and not any(p.search(t) for p in (_ELSE, _MORE, _EFFECT) for t in said)
    return block if ours and asked and out and _says_yes(thing.name, words) else 0


def _nested(one: Thing, other: Thing) -> bool:
    return one.id in other.path or other.id in one.path


def _leaves(thing: Thing, words: Words) -> bool:
    ways = (words.find("reset.cancel"), words.exact("cover.close"), CROSS)
    return any(way.search(thing.name) for way in ways)


def _says_yes(name: str, words: Words) -> bool:
    """Whether it begins with a yes, which is not the reset's own name."""
    start = words.begins("reset.confirm").search(name)
    return start is not None and not _RESET.search(start[0])


def _page(thing: Thing, view: View, before: View, words: Words) -> bool:
    """Whether it stands on another page, about one account alone, that can be left, asks nothing,
    and tells the reset where the button is; and says a yes that was not on the page before.
    """
    presses, short = view.of_kind("press"), words.exact("reset.short")
    asks = view.of_kind("field", "secret", "list", "check", "radio")
    parts = (_told(view.under(b, thing.frame)) for b in reversed(thing.path[:-1]))
    said = [t.text for t in next(filter(None, parts), [])]
    return (
        any(_TO_COME.search(t) or short.search(t.rpartition(":")[2]) for t in said)
        and not any(t.region in ("main", "") for t in asks)
        and not _same(thing, view, before)
        and len(view.found("account")) == 1
        and any(words.find("reset.cancel").search(t.name) for t in presses)
        and _says_yes(thing.name, words)
        and thing.name not in [t.name for t in before.of_kind("press")]
    )


def _exact(thing: Thing, _: View, __: View, words: Words, ___: int) -> bool:
    exact = words.exact("reset.confirm")
    return any(exact.search(each) for each in thing.names.values())


def _longer(thing: Thing, view: View, before: View, words: Words, layer: int) -> bool:
    """It begins with one of the words and goes on about the reset, or adds nothing, and is about
    nothing else: « Oui, réinitialiser … », « Valider la demande ». In the question's own part,
    where nothing else can be chosen, or on a page of its own: a page that is drawn anew has such
    words anew.
    """
    came = _came(thing, view, before, layer)
    part = thing.layer if came else _line(thing, view, before, words)
    if not (part or _page(thing, view, before, words)):
        return False
    within = view.under(part, thing.frame)
    others = [
        t
        for t in within.of_kind("press", "list", "radio")
        if came and not _nested(t, thing) and t.role != "tab"
    ]
    if not all(_leaves(t, words) for t in others):
        return False
    asks, starts = words.find("reset.question"), words.begins("reset.confirm")
    else_ = (_ELSE, _EFFECT, words.find("summary.old"), words.find("opening.never"))
    for each in thing.names.values():
        start = starts.search(each) or _ANEW.match(each)
        rest = each[start.end() if start.re is not _ANEW else 0 :] if start else ""
        more = words.find("reset.confirm").sub(" ", asks.sub(" ", _ANEW.sub(" ", rest)))
        told = _RESET.search(each) and asks.search(rest)
        gathered = came and _one(within, words)
        added = words.find("reset.changes").sub(" ", rest) if gathered else rest
        about = rest and (told or _PLAIN.fullmatch(added))
        if about and not any(other.search(more) for other in else_):
            return True
    return False


def _renewal(thing: Thing, view: View, before: View, words: Words, layer: int) -> bool:
    """« Générer », in a window that says that one account's password is made anew, where nothing
    else can be chosen.
    """
    part = view.under(thing.layer, thing.frame)
    said = [t.text for t in _told(part)]
    others = [t for t in part.of_kind("press", "list", "radio", "field") if not _nested(t, thing)]
    told = any(_COMES.search(t) or _ASKS.match(t) for t in said)
    else_ = any(p.search(t) for p in (_MORE, _AMISS) for t in said)
    return (
        _came(thing, view, before, layer)
        and words.exact("reset.anew").search(thing.name) is not None
        and told
        and not else_
        and len(part.found("account")) == 1
        and all(_leaves(t, words) for t in others)
    )


def _one(part: View, words: Words) -> bool:
    """Whether the changes that wait there are one: the reset, of one account."""
    said = " ".join(t.text for t in _told(part))
    waits = words.find("reset.one").search(said) and _RESET.search(said)
    for each in (words.find("reset.one"), words.find("reset.question"), WRITTEN):
        said = each.sub(" ", said)
    return bool(waits and len(part.found("account")) == 1 and _WAITS.fullmatch(said))


def _told(part: View) -> list[Text]:
    """What it says itself, and not on a button."""
    inner = {t.key for t in part.of_kind("press")}
    return [t for t in part.texts if t.shown and not any((t.frame, b) in inner for b in t.path)]


def _next(thing: Thing, view: View, before: View, words: Words, layer: int) -> bool:
    """It leads to the next step of a question that can still be left, in a window of its own that
    names an account.
    """
    on, part = words.exact("login.next"), view.under(thing.layer, thing.frame)
    named = any(on.search(each) for each in thing.names.values())
    came = _came(thing, view, before, layer)
    return named and came and bool(part.found("account")) and _left(part, words)


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


def _first(
    found: list[tuple[int, Thing]], view: View, words: Words
) -> tuple[int, Thing] | None:
    """The only one; the document's own word goes before the others; then the one whose question
    stands nearer than all others', and names an account.
    """
    if len(found) == 1:
        return found[0]
    for wording in words.variants("reset.confirm")[:2]:
        own = [pair for pair in found if pair[1].name.strip().casefold() == wording.casefold()]
        if len(own) == 1:
            return own[0]
    for block, each in found:
        around = each.path[: each.path.index(block)]
        nearer = all(b in around and block not in t.path for b, t in found if t is not each)
        if nearer and len(view.under(block, each.frame).found("account")) == 1:
            return block, each
    return None


def _asked(view: View, before: View, button: Thing, want: Want) -> int | None:
    """The smallest block around the button that holds words of the question, but for its own, or
    nothing in the window but « Voulez-vous effectuer cette action ? »; the window, or what names an
    account, around the one that a person pointed at; else the line where it took the place of what
    was pressed.
    """
    assert want.words is not None
    line = _line(button, view, before, want.words) or None
    asks, new = want.words.find("reset.question"), view.since(before)
    told = _told(view.under(button.layer, button.frame))
    plain = all(_PLAIN.fullmatch(t.text) for t in told)  # about what was just pressed
    texts = [
        t
        for t in view.texts
        if t.shown and t.frame == button.frame and button.id not in t.path
        if asks.search(t.text) or (plain and t in told and re.search(r"\w", t.text))
    ]
    fresh = {t.key for t in new.texts} | {t.key for t in new.things}
    for block in reversed(button.path[:-1]):
        own = [t for t in texts if block in t.path]
        if own:
            return block if any(t.key in fresh for t in own) else line
    if want.pointed:
        named = (b for b in reversed(button.path) if view.under(b, button.frame).found("account"))
        return button.layer or next(named, button.path[0])
    return line


def _box(part: View, button: Thing, words: Words) -> Thing | None:
    """The box that holds the button back, when it is not ticked yet: what has to be agreed to;
    while the button sleeps what she states of herself, else the only one. Never one with an effect.
    """
    agree = words.find("reset.agree")
    boxes = [t for t in part.of_kind("check") if not t.checked]
    called = {t.key: (*t.names.values(), t.near.get("after", "")) for t in boxes}
    alone = len(boxes) == 1
    else_ = (_EFFECT, _MORE)
    boxes = [t for t in boxes if not any(p.search(n) for p in else_ for n in called[t.key])]
    held = [t for t in boxes if t.required or any(map(agree.search, called[t.key]))]
    if held or button.enabled:
        return held[0] if held else None
    held = [t for t in boxes if any(map(_HERSELF.search, called[t.key]))]
    if not held and alone:
        held = [t for t in boxes if not any(map(_ELSE.search, called[t.key]))]
    return held[0] if held else None


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


def _named(view: View, button: Thing, part: View, words: Words) -> tuple[str, ...]:
    """The accounts that the question names: in its block, else in its window. One that has a reset
    button of its own, in a block of its own, is not asked about, beside one that has none.
    """
    if not part.found("account") and button.layer:
        part = view.under(button.layer, button.frame)
    asks = words.find("reset.question")
    resets = [t for t in part.of_kind("press") if t is not button and asks.search(t.name)]

    def own(each: Owner) -> bool:
        blocks = [b for b in each.path if view.alone(each.frame, b, "account")]
        return any(b in t.path and b not in button.path for t in resets for b in blocks)

    free = replace(part, owners=tuple(o for o in part.owners if not own(o)))
    return tuple(free.found("account") or part.found("account"))


def about(text: str, account: str, words: Words) -> bool:
    """Whether a native window that comes up after the click asks for that very reset."""
    asks = words.find("reset.question")
    else_ = (_ELSE, _MORE, words.find("opening.never"), words.find("summary.old"))
    more = words.find("reset.confirm").sub(" ", asks.sub(" ", text))
    return (
        bool(_TO_COME.search(text))
        and not of_dialog(text).others(account)
        and not any(each.search(more) for each in else_)
    )


def of_dialog(text: str) -> Question:
    """A native window's question."""
    return Question(None, accounts=tuple(dict.fromkeys(WRITTEN.findall(text))), native=text)
