"""The password that a page shows, told from everything else on it.

Pure. The most generous of all decisions, for nothing can be repeated after it, and the strictest:
two values that could be it are for a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import chain, groupby, zip_longest

from releve.base.account import WRITTEN
from releve.base.secret import is_plain
from releve.base.words import Words
from releve.portal.view import Text, Thing, Token, View

_PRINTABLE = re.compile(r"[\x20-\x7e]{8,128}")
_MASK = re.compile(r"(.)\1*|[*.\-_]+")
_PARTLY = re.compile(r"([*.\-_#xX])\1{3,}|\.\.\.$")  # masked, or cut short
_OLD = re.compile(
    r"\W*(?:mot de passe )?(?:ancien|pr[ée]c[ée]dent)(?: mot de passe)?\W*", re.IGNORECASE
)
_NAMED = re.compile(  # as something else
    r"\b(?:cl[ée]|jeton|token|api|r[ée]f|r[ée]f[ée]rence|demande|dossier|ticket|num[ée]ro|n°|code"
    r"|empreinte|session|version)(?!\w)(?=.{0,30}$)",
    re.IGNORECASE,
)
_SERIAL = re.compile(r"[A-Z]{2,}[-_]?\d+|\S+\.(?i:pdf|docx?|xlsx?|csv|txt|zip)")
_CLASSES = (r"[a-z]", r"[A-Z]", r"\d", r"[^\w\s]")
_OTHER = re.compile(  # dates, times, numbers, addresses of mail and of pages
    r"[\d\s/.,:-]+|\S+@\S+\.\S+|https?://\S+|www\.\S+|\(?[A-Za-zÀ-ÿ'’-]+\)?[.,:;!?]*", re.IGNORECASE
)
_WORD = re.compile(  # of a sentence, with its punctuation; or that alone
    r"[«(\"“]*(?:[A-ZÀ-Ý]?[a-zß-ÿœ'’-]+|[A-ZÀ-Ý'’-]+)?[»)\"”]*[.,:;!?…–—-]*"
)
_BESIDE = (
    *("left", "above", "before", "label", "aria", "title", "placeholder", "floating", "legend"),
    "tile",
)
_MAIN = ("main", "")
_NOW = re.compile(r"aujourd['’]hui|[àa] l['’]instant|\bmaintenant\b", re.IGNORECASE)
_PARTS = re.compile(r"\n|\s[—–|·•-]\s")  # of a line
ROOM = 12  # pixels between two lines, at most, that do not tell which of them is nearer
_GLUE, _LINE = "\u2060", "\u2028"  # as find.js writes a block
_SIGN = re.compile(rf"[^!-~{_GLUE}]")  # an icon, a control (as an object), no password's
_DATE = re.compile(
    r"^[(]?(\d{1,4}([/.-])\d{1,2}\2\d{1,4}(T[\d:.+-]+Z?)?|\d{1,2}[h:]\d{0,2})\W*$"
)
_ELSE = re.compile(r"\S@\S+\.\S")
_PARTED = re.compile(r"\s+([|·•∙/–—])\s+")  # by a sign: fields in one line
_FIELD = re.compile(r"(?=[^:]*[^\W\d_]{3})[^\W\d_][\w\s°.()'’-]*:\s+\S.*")
_SAID = re.compile(r"[^\W\d_]{3,}\s+\S.*")
_STOP = re.compile(rf"{_GLUE}+[.,;:)»”\"…]+|[(«“\"]+{_GLUE}+")
_QUOTES = {"«": "»", '"': '"', "“": "”", "'": "'", "(": ")", "[": "]"}


def passwords(
    view: View,
    account: str,
    words: Words,
    before: frozenset[str] = frozenset(),
    *,
    sentences: bool = True,
) -> list[str]:
    """Every value that may be the password; the right one alone when there is one. What was on the
    page `before`, and what stands with another account alone, is not it. `sentences`: also what
    stands in one, or alone on the page, when nothing stands where a value does.
    """
    known = {account.casefold(), *(o.what.casefold() for o in view.owners)}
    known |= {each.casefold() for each in before}
    view = _without_others(view, account)
    key, old = _key(view, words), words.find("summary.old")
    exact, within = words.exact(key), words.find(key)

    tokens = [t for t in view.tokens if _may_be(t.raw, known)]
    named = [t for t in tokens if not any(map(_OLD.fullmatch, _called(t)))]
    tiled = [t for t in named if within.search(t.near.get("tile", ""))]
    named = [t for t in named if t in tiled or not _NAMED.search(t.near.get("tile", ""))]
    best = [t for t in named if _beside(t, exact, old)]
    longer = [t for t in named if _beside(t, within, old, "tile")]
    longer = [t for t in longer if not is_plain(t.raw.strip())]
    blocks = {t.path[:-1] for t in best}
    rivals = [t for t in longer if t.path[:-1] in blocks]
    rivals = [t for t in (*rivals, *tiled) if _alone(t)]
    chosen = [*best, *rivals] if best else longer
    if values := _values(chosen, view):
        return [*values, *_nearer(view, tokens, chosen, words)] if len(values) == 1 else values
    if not sentences:
        return []
    told = list(dict.fromkeys(_told(view, words, known)))
    return told or _lone(view, tokens, words)


def _without_others(view: View, account: str) -> View:
    """Without the values that stand where another account does, and this one does not."""

    def ours(place: Text | Token) -> bool:
        whose = view.around(place, "account")
        return not whose or account.casefold() in whose

    if not account:
        return view
    tokens, texts = filter(ours, view.tokens), filter(ours, view.texts)
    return replace(view, tokens=tuple(tokens), texts=tuple(texts))


def _key(view: View, words: Words) -> str:
    """What a password is called there: a « code secret » may be anything beside it."""
    name = words.find("summary.password")
    named = view.says(name) or any(map(name.search, chain(*map(_called, view.tokens))))
    return "summary.password" if named else "summary.code"


def _called(token: Token, but: str = "") -> list[str]:
    return [text for key, text in token.near.items() if key in _BESIDE and key != but]


def _nearer(
    view: View, tokens: list[Token], chosen: list[Token], words: Words
) -> Iterable[str]:
    """What else may be it: a value that is drawn nearer than the chosen one to each of the labels,
    whatever their order in the source, or as near, without a label of its own; and one that has but
    the chosen one beside it.
    """
    key, old = _key(view, words), words.find("summary.old")
    within, exact = words.find(key), words.exact(key)
    texts = [t for t in view.texts if t.shown and within.search(t.text) and not old.search(t.text)]
    around = [t for t in texts if any(_apart(t, each) == (0, 0) for each in chosen)]
    labels = [*around, *(t for t in texts if exact.search(t.text))] or texts
    raws, heads = {t.raw.strip() for t in chosen}, {t.text for t in view.texts if t.head}
    others = [t for t in tokens if t.raw.strip() not in raws and _alone(t) and t.region in _MAIN]
    found = list[Token]()

    for label in labels:
        ours = min(_apart(label, t) for t in chosen)
        bare = [t for t in others if {*_called(t)} <= heads]
        nearer = [t for t in others if _apart(label, t, ROOM * (t in bare)) < ours]
        if not nearer:
            found.clear()
            break
        found += nearer
    found += [t for t in others if {*_called(t)} == raws]
    return dict.fromkeys(t.raw.strip() for t in found)


def _apart(label: Text, value: Token, less: int = 0) -> tuple[int, int]:
    """How far a value is drawn from a label: around or in it, on its line to the right, in its
    column or on its line, elsewhere; then by how much, or that much `less`.
    """
    if label.frame != value.frame or not (label.box and value.box):
        return 4, 0
    (x, y, w, h), (left, top, width, height) = label.box, value.box
    right, down = max(left - x - w, x - left - width), max(top - y - h, y - top - height)
    line = y - 2 <= top + height / 2 <= y + h + 2 or top <= y + h / 2 <= top + height
    if line and right < 0:
        return 0, 0
    if line and left >= x + w - 2:
        return 1, right
    if line or right < 0:
        return 2, max(right, down) - less
    return 3, max(right, 0) + max(down, 0)


def labelled(view: View, words: Words, before: frozenset[str] = frozenset()) -> bool:
    """Whether what may be it stands beside its very name."""
    exact, old = words.exact(_key(view, words)), words.find("summary.old")
    known = {*(o.what.casefold() for o in view.owners), *(each.casefold() for each in before)}
    return any(_may_be(t.raw, known) and _beside(t, exact, old) for t in view.tokens)


def covered(view: View, words: Words, before: frozenset[str] = frozenset()) -> bool:
    """Whether dots stand where the password will, which were not on the page `before`, with
    something that shows it.
    """
    shows = words.exact("summary.show")
    buttons = view.of_kind("press", "check")
    if not any(shows.search(name) for t in buttons for name in t.names.values()):
        return False
    return any(t.raw.strip() not in before for t in _dots(view, words))


def _dots(view: View, words: Words) -> list[Token]:
    """What masks the password."""
    within, old = words.find(_key(view, words)), words.find("summary.old")
    return [
        t for t in view.tokens if _MASK.fullmatch(t.raw.strip()) and _beside(t, within, old)
    ]


def folds(view: View, words: Words) -> list[Thing]:
    """What hides a value of the main part, or words about a password, and leads nowhere: it says
    that it opens them, or is a fold or a tab beside them.
    """
    word, never = words.find("summary.password"), words.find("opening.never")
    tucked = [t for t in view.folded if t.region in _MAIN]
    tucked = [t for t in tucked if word.search(t.raw) or any(map(likely, t.raw.split()))]
    by = {(t.frame, *each) for t in tucked for each in t.hidden}
    beside = ("expands", "summary", "tab", "sign")
    return [
        t
        for t in view.of_kind("press")
        if (*t.key, True) in by or ((*t.key, False) in by and t.opens in beside)
        if t.enabled and t.region in _MAIN and not (t.away or t.submits or never.search(t.words))
    ]


def message(view: View, words: Words) -> list[Thing]:
    """The one message « Votre nouveau mot de passe » of a box, by one of the parts of its line,
    which says that it came now: an older one's value would be read for the new one.
    """
    called, never = words.exact("summary.message"), words.find("opening.never")
    presses = [t for t in view.of_kind("press") if t.enabled and t.region in _MAIN]
    found = [
        t
        for t in presses
        if any(called.search(part) for name in t.names.values() for part in _PARTS.split(name))
        if _NOW.search(t.words) and not (t.away or t.submits or never.search(t.words))
    ]
    return found if len(found) == 1 else []


def results(view: View, first: View, account: str, words: Words) -> list[Thing]:
    """What shows the result of that account's reset, where it came late: into the only line about
    it that stood there without one at `first`. An older one's was there.
    """
    shows, short = words.exact("summary.result"), words.find("reset.short")

    def shown(part: View) -> list[Thing]:
        presses = [t for t in part.of_kind("press") if t.enabled and not (t.away or t.submits)]
        return [t for t in presses if any(map(shows.search, t.names.values()))]

    def waited(thing: Thing) -> bool:
        line = view.block(thing, "account")
        depth = thing.path.index(line)
        own = (o for o in first.owners if o.frame == thing.frame and o.what.casefold() == account)
        paths = (o.path for o in own if o.path[:depth] == thing.path[:depth])
        lines = {path[depth] for path in paths if path[depth:]}
        parts = {each: first.under(each, thing.frame) for each in lines}
        return [line] == [e for e, part in parts.items() if part.says(short) and not shown(part)]

    account = account.casefold()
    same = [t for t in shown(view) if view.documents[t.frame] == first.documents.get(t.frame)]
    return [t for t in same if view.around(t, "account") == {account} and waited(t)]


def _beside(
    token: Token, pattern: re.Pattern[str], old: re.Pattern[str], but: str = ""
) -> bool:
    return any(
        pattern.search(text) and not old.search(text)
        for text in _called(token, but)
        if text.strip() != token.raw.strip()
    )


def _may_be(raw: str, known: Iterable[str]) -> bool:
    text = raw.strip()
    fits = _PRINTABLE.fullmatch(raw.strip("\r\n\t\xa0")) or _PRINTABLE.fullmatch(text)
    none = _MASK.fullmatch(text) or _PARTLY.search(text) or _DATE.fullmatch(text)
    if not fits or none or all(map(_WORD.fullmatch, text.split())):
        return False  # a title or a label under « Le mot de passe a été réinitialisé » is none
    return not any(each and each in text.casefold() for each in known)


def likely(text: str) -> bool:
    """Whether it looks made by a machine: no word, no date, no address."""
    kinds = sum(re.search(each, text) is not None for each in _CLASSES)
    letters = re.search(r"[A-Za-z]", text) is not None
    return kinds >= 2 and letters and len(text) >= 8 and not _OTHER.fullmatch(text)


def _alone(token: Token) -> bool:
    return likely(token.raw.strip()) and " " not in token.raw.strip()


def _values(tokens: list[Token], view: View) -> list[str]:
    """Their values, each once. Of a field and a text that say the same, one is enough."""
    machine = [t for t in tokens if likely(t.raw.strip())]
    values: dict[str, None] = {}
    for token in machine or tokens:
        more, sure = _joined(token)
        values |= dict.fromkeys([more] if sure else _bytes(token, view))
    if len(values) == 1:
        values |= dict.fromkeys(more for t in machine or tokens if (more := _joined(t)[0]))
    return list(values)


def _joined(token: Token) -> tuple[str, bool]:
    """The value with the pieces that stand right beside it in its block, which may be the rest of
    it, "" for none; and whether the eye sees but one piece.
    """
    inner = f"{_GLUE}*".join(map(re.escape, token.raw.strip()))
    found, pieces = re.search(inner, token.line), list(re.finditer(r"\S+", token.line))
    if not found or token.how != "text":
        return "", False
    first = next(n for n, p in enumerate(pieces) if p.end() > found.start())
    last = next(n for n, p in enumerate(pieces) if p.end() >= found.end())
    begin, end = pieces[first].start(), pieces[last].end()
    edges = [token.line[begin : found.start()], token.line[found.end() : end]]
    signs = [_STOP.fullmatch(each) is not None for each in edges]
    alone = len(pieces) == last - first + 1
    drop = [_SIGN.search(e) or (sign and not alone) for e, sign in zip(edges, signs, strict=True)]
    begin, end = found.start() if drop[0] else begin, found.end() if drop[1] else end
    said = any(_WORD.fullmatch(w) and w[:2].isalpha() for e in edges if (w := e.strip(_GLUE)))
    sure = not said and not any(signs)

    def odd(number: int, gap: str, before: bool) -> bool:
        piece = pieces[number][0].replace(_GLUE, "")
        if not piece or any(each.search(piece) for each in (_SIGN, _DATE, _ELSE)):
            return False
        if not any(c.isalnum() for c in piece):
            return _LINE in gap and not before
        return not _WORD.fullmatch(piece)

    eye = token.line[begin:end].replace(_GLUE, "")
    whole = eye
    while first and odd(first - 1, gap := token.line[pieces[first - 1].end() : begin], True):
        first, begin = first - 1, pieces[first - 1].start()
        whole = pieces[first][0].replace(_GLUE, "") + " " * (_LINE not in gap) + whole
    while last + 1 < len(pieces) and odd(
        last + 1, gap := token.line[end : pieces[last + 1].start()], False
    ):
        last, end = last + 1, pieces[last + 1].end()
        whole += " " * (_LINE not in gap) + pieces[last][0].replace(_GLUE, "")
    if whole == token.raw.strip():
        return "", False
    return whole, sure and whole == eye


def _bytes(token: Token, view: View) -> list[str]:
    """What it is, byte for byte. Spaces at its ends count where the page keeps them, or where no
    other value has them; both are possible when nothing tells.
    """
    inner = token.raw.strip("\r\n\t\xa0")
    trimmed = token.raw.strip()
    if token.pre or inner == trimmed:
        return [inner if token.how == "text" else token.raw]
    if inner != token.raw:
        return [trimmed]  # the page's source is laid out in lines: its spaces are no one's
    others = [t for t in view.tokens if t.tag == token.tag and t.how == "text" and t is not token]
    padded = [t.raw != t.raw.strip() for t in others]
    if padded and not any(padded):
        return [token.raw]
    return [trimmed] if padded and all(padded) else [token.raw, trimmed]


def _told(view: View, words: Words, known: set[str]) -> Iterable[str]:
    """What a sentence says: « Votre nouveau mot de passe est … »."""
    word, old = words.find(_key(view, words)), words.find("summary.old")
    for text, after in _lines(view):
        found = word.search(text)
        if not found or old.search(text[: found.end()]):
            continue
        colon = re.match(r"[^:]{0,60}?\s*:\s*(\S+)\s*$", text[found.end() :])
        pieces = [colon[1]] if colon else text[found.end() :].split()
        fits = [p for p in map(_unquoted, pieces) if _may_be(p, known) and (colon or likely(p))]
        if not colon:
            yield from _runs(text[found.end() :], fits, known)  # with a space in it
        ends = [p for p in fits if p[-1] in ".,;" and not colon and _may_end(p, pieces)]
        yield from fits
        yield from (p + after for p in fits if after and text.endswith(p))
        yield from (p[:-1] for p in ends)  # the sentence's own full stop, or the password's


def _lines(view: View) -> Iterable[tuple[str, str]]:
    """Each text, and each field of one, with the next line of its block where that is one piece,
    and no word.
    """
    texts = [t for t in view.texts if t.shown]
    for text, after in zip_longest(texts, texts[1:]):
        same = after is not None and after.key == text.key and " " not in after.text
        odd = same and not (_WORD.fullmatch(after.text) or _DATE.fullmatch(after.text))
        *fields, last = _fields(text.text)
        yield from ((each, "") for each in fields)
        yield last, after.text if odd else ""


def _fields(text: str) -> list[str]:
    """The fields of a line that one sign parts: « Compte : … | Mot de passe : … | Valable … ». All
    of them begin with words, two or more with their names: else the sign may be the password's, or
    the line two accounts'.
    """
    one = len({*map(str.casefold, WRITTEN.findall(text))}) < 2
    for sign in dict.fromkeys(_PARTED.findall(text)) if one else ():
        fields = re.split(rf"\s+{re.escape(sign)}\s+", text)
        whole = all(_FIELD.fullmatch(each) or _SAID.fullmatch(each) for each in fields)
        if whole and sum(map(bool, map(_FIELD.fullmatch, fields))) > 1:
            return fields
    return [text]


def _runs(text: str, fits: list[str], known: set[str]) -> Iterable[str]:
    """Where something that is no word stands beside a value, both together: nobody guesses."""

    def odd(piece: re.Match[str]) -> bool:
        named = any(each in piece[0].casefold() for each in known)
        return not (named or _WORD.fullmatch(piece[0]))

    for strange, run in groupby(re.finditer(r"\S+", text), odd):
        first, *others = run
        if strange and others:
            whole = text[first.start() : others[-1].end()]
            yield from [whole] if any(each in whole for each in fits) else []


def _may_end(piece: str, pieces: list[str]) -> bool:
    """Whether a sentence may end behind it: nothing follows, or a capital does."""
    after = pieces[pieces.index(piece) + 1 :] if piece in pieces else []
    return not after or after[0][:1].isupper()


def _unquoted(piece: str) -> str:
    close = _QUOTES.get(piece[:1])
    return piece[1:-1] if close and piece.endswith(close) and len(piece) > 2 else piece


def _lone(view: View, tokens: list[Token], words: Words) -> list[str]:
    """The only thing on the page that a machine made, where the page speaks of a password, masks
    none, and does not call that something else.
    """
    if not view.says(words.find(_key(view, words))) or _dots(view, words):
        return []

    main = [t for t in tokens if t.region in _MAIN and _alone(t)]
    values = _values(main, view)
    else_ = any(p.search(text) for t in main for text in _called(t) for p in (_NAMED, _OLD))
    return [] if len(values) == 1 and (else_ or _SERIAL.fullmatch(values[0])) else values


def everything(view: View) -> tuple[str, ...]:
    """All that the main region shows or hides, piece by piece: what stands alone first, then whole
    texts and their words. Nothing is judged here.
    """
    hidden = [t.raw for t in view.folded if t.region in _MAIN]
    tokens = [t for t in view.tokens if t.region in _MAIN]
    alone = [*(piece for t in tokens for piece in (t.raw, _joined(t)[0])), *hidden]
    texts = [*(t.text for t in view.texts if t.shown), *hidden]
    texts += [text.split()[-1] + after for text, after in _lines(view) if after and text]
    words = [word for text in texts for word in text.split() if len(word) >= 6]
    return tuple(dict.fromkeys(piece for piece in (*alone, *words, *texts) if piece.strip()))
