"""A secret is registered when it is born, and a scrubber knows every registered one."""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
import threading
from urllib.parse import quote, quote_plus

MASK = "••••••"
_lock = threading.Lock()
_registered: dict[str, None] = {}
_pattern: re.Pattern[str] | None = None


class Secret:
    """A value that never shows itself: `repr`, `str` and formatting give a mask; `reveal` gives the value."""

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


def encodings(value: str) -> set[str]:
    """The forms in which a text file or a message usually carries `value`."""
    raw = value.encode()
    forms = {
        value,
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        html.escape(value),
        html.escape(value, quote=False),
        html.escape(value).replace("&#x27;", "&#39;").replace("&quot;", "&#34;"),
        quote(value),
        quote(value, safe=""),
        quote_plus(value),
        repr(value)[1:-1],
        shlex.quote(value).strip("'"),
        base64.b64encode(raw).decode().rstrip("="),
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
        raw.hex(),
    }
    # A second JSON layer: a notebook holds JSON in strings of JSON.
    forms |= {json.dumps(form)[1:-1] for form in list(forms)}
    return {form for form in forms if form}


def register(value: str) -> None:
    """Make `value` known to the scrubber for the life of the process. Safe to repeat."""
    global _pattern
    if len(value) < 4:  # a shorter one would mask half of every text; the portal's are 13 characters or more
        return
    with _lock:
        if value in _registered:
            return
        _registered[value] = None
        forms = {form for known in _registered for form in encodings(known)}
        _pattern = re.compile("|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True)))


def registered() -> tuple[str, ...]:
    """Every value registered so far, for the search of a record's bytes."""
    return tuple(_registered)


def scrub(text: str) -> str:
    """`text` with every registered secret, in any usual encoding, replaced by a mask."""
    pattern = _pattern
    return pattern.sub(MASK, text) if pattern else text
