"""A secret is registered when it is born, and a scrubber knows every registered one, in every form
that usually carries it.
"""

from __future__ import annotations

import base64
import html
import json
import re
import threading
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote, quote_plus

from ahocorasick_rs import AhoCorasick

MASK = "••••••"
SHORTEST = 4  # a shorter value would mask half of every text; the portal's are 13 or more
_lock = threading.Lock()
_registered: dict[str, tuple[str, ...]] = {}
_forms: tuple[str, ...] = ()  # of every registered value, the longest first


class Secret:
    """A value that never shows itself: `repr`, `str` and formatting give a mask; `reveal` gives the
    value.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value
        register(value)

    def reveal(self) -> str:
        """The value itself, for the keyring, the page or the target only."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(("Secret", self._value))

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a Secret is never serialised")


def is_plain(value: str) -> bool:
    """Whether a password is an ordinary word or number. Such a one stands in texts, names and dates
    of its own right: it can be neither masked nor looked for, so it is refused where a password is
    stored or typed.
    """
    return len(value) < 16 and (value.isalpha() or value.isdecimal())


def encodings(value: str) -> tuple[str, ...]:
    """The texts by which `value` is usually carried: as it is, in JSON, HTML, a URL, Python's repr
    or base64 (wherever it stands among other bytes), in whatever case. The longest first.

    A form that contains another one is left out: whoever looks for the shorter finds the longer.
    """
    once = {value, value.lower(), value.upper()}
    once |= _in_html(value) | _in_url(value) | _in_repr(value)
    raws = (value.encode(), value.encode("utf-16-le"), value.encode("utf-16-be"))
    once |= {form for raw in raws for before in range(3) for form in _in_base64(raw, before)}
    found: list[str] = []
    for form in sorted({*once, *(each for known in once for each in _in_json(known))}, key=len):
        if form and not any(shorter in form for shorter in found):
            found.append(form)
    return tuple(reversed(found))


def encodings_in_bytes(value: str) -> tuple[bytes, ...]:
    """The same for a file: each text in UTF-8, and in UTF-16 of either order (whose bytes share all
    but one end).
    """
    forms = set[bytes]()
    for text in encodings(value):
        wide = text.encode("utf-16-le").rstrip(b"\0"), text.encode("utf-16-be").lstrip(b"\0")
        forms |= {text.encode(), *wide}
    return tuple(forms)


def _in_json(text: str) -> set[str]:
    plain = json.dumps(text)[1:-1]
    return {plain, json.dumps(text, ensure_ascii=False)[1:-1], plain.replace("/", "\\/")}


def _in_repr(value: str) -> set[str]:
    """As Python shows it, alone or in a longer text: errors and call logs do."""
    plain = value.replace("\\", "\\\\")
    return {plain, plain.replace("'", "\\'"), ascii(value)[1:-1]}


def _in_html(value: str) -> set[str]:
    page = html.escape(value)  # browsers write quotes otherwise than Python, and jinja2 again
    return {
        html.escape(json.dumps(value)[1:-1]),
        page,
        page.replace("&#x27;", "&#39;").replace("&quot;", "&#34;"),
        html.escape(value, quote=False),
        html.escape(value, quote=False).replace('"', "&quot;"),
        value.replace("&", "&amp;").replace('"', "&quot;"),
    }


def _in_url(value: str) -> set[str]:
    urls = {quote(value, safe=safe) for safe in ("", "/", "!~*'()")} | {quote_plus(value)}
    return urls | {re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), url) for url in urls}


def _in_base64(raw: bytes, before: int) -> set[str]:
    """The characters that depend on `raw` alone when `before` other bytes stand before it."""
    coded = base64.b64encode(b"\0" * before + raw).decode()
    form = coded[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
    return {form, form.replace("+", "-").replace("/", "_")}


def register(value: str) -> None:
    """Make `value` known for the life of the process: to the scrubber, unless it is plain, and to
    the search before a seal. Safe to repeat.
    """
    if len(value) < SHORTEST:
        return
    with _lock:
        if value not in _registered:
            _registered[value] = () if is_plain(value) else encodings(value)
            _sort_forms()


def _sort_forms() -> None:
    global _forms
    every = {form for forms in _registered.values() for form in forms}
    _forms = tuple(sorted(every, key=len, reverse=True))


def forget(values: Iterable[str]) -> None:
    """Take values out of the scrubber: those of rotations that are over, in the process of a fleet.
    Nothing may show them any more.
    """
    with _lock:
        for value in values:
            _registered.pop(value, None)
        _sort_forms()


def registered() -> tuple[str, ...]:
    """Every value registered so far, for the search of a record's bytes."""
    return tuple(_registered)


def scrub(text: str) -> str:
    """`text` with every registered secret, in any usual encoding, replaced by a mask."""
    forms = _forms
    if not forms:
        return text
    try:
        found = _finder(forms).find_matches_as_indexes(text, overlapping=True)
    except UnicodeEncodeError:  # half of a character, from a file name or a program's output
        for form in forms:
            text = text.replace(form, MASK)
        return text
    return _masked(text, sorted((start, end) for _, start, end in found)) if found else text


@lru_cache(maxsize=2)
def _finder(forms: tuple[str, ...]) -> AhoCorasick:
    """Looks for all forms at once: there are hundreds of them, and a record's pictures are
    megabytes of text.
    """
    return AhoCorasick(forms)


def _masked(text: str, spans: list[tuple[int, int]]) -> str:
    """One mask for each run of spans that overlap; they come by their beginnings."""
    parts, at = list[str](), 0
    for start, end in spans:
        if start >= at:
            parts += [text[at:start], MASK]
        at = max(at, end)
    return "".join([*parts, text[at:]])


def scrub_bytes(content: bytes) -> bytes:
    """The same for a binary buffer, whose length does not change."""
    for value in registered():
        for form in encodings_in_bytes(value):
            content = content.replace(form, b"*" * len(form))
    return content


def begun(text: str) -> int:
    """How many characters at the end of `text` may be the beginning of a secret that the next text
    would finish.
    """
    longest, beginnings = min(len(_forms[0]), len(text)) if _forms else 0, _beginnings(_forms)
    return next((length for length in range(longest, 0, -1) if text[-length:] in beginnings), 0)


@lru_cache(maxsize=1)
def _beginnings(forms: tuple[str, ...]) -> frozenset[str]:
    """Made when a text is first asked about: only a kernel does."""
    return frozenset(form[:end] for form in forms for end in range(1, len(form) + 1))


def clean(value: object) -> object:
    """The same structure (message, notebook) with every text and buffer in it scrubbed, keys too.
    """
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, dict):
        return {clean(key): clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean(item) for item in value]
    if isinstance(value, bytes | bytearray | memoryview):
        return scrub_bytes(bytes(value))
    return value
