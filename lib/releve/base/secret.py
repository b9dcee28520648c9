"""A secret is registered when it is born, and a scrubber knows every registered one, in every form
that usually carries it.
"""

from __future__ import annotations

import base64
import html
import json
import re
import threading
from collections.abc import Callable, Iterable
from functools import cache, lru_cache, partial
from pathlib import Path
from urllib.parse import quote, quote_plus

from ahocorasick_rs import AhoCorasick

MASK = "••••••"
SHORTEST = (
    4  # a shorter value would mask half of every text; the portal's are 13 characters or more
)
_lock = threading.Lock()
_registered: dict[str, tuple[str, ...]] = {}
_forms: tuple[str, ...] = ()  # of every registered value, the longest first
_ours: frozenset[str] = frozenset()  # those that are our own words


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


def encodings(value: str) -> tuple[str, ...]:
    """The texts by which `value` is usually carried: escaped once or twice, in base64, hexadecimal
    or UTF-16. The longest first.

    A form that contains another one is left out: whoever looks for the shorter finds the longer.
    """
    once = _escaped(value)
    twice = {outer(form) for form in once for outer in (_json, html.escape, _percent, _python)}
    coded = _coded(value) | _in_base64(_json(value).encode())
    found: list[str] = []
    for form in sorted(once | twice | coded | {_json(form) for form in coded}, key=len):
        if form and not any(shorter in form for shorter in found):
            found.append(form)
    return tuple(reversed(found))


def encodings_in_bytes(value: str) -> tuple[bytes, ...]:
    """The same for a file: each text in UTF-8, and in UTF-16 of either order (whose bytes share all
    but one end).
    """
    texts = encodings(value)
    wide = {form.encode("utf-16-le").rstrip(b"\0") for form in texts} | {
        form.encode("utf-16-be").lstrip(b"\0") for form in texts
    }
    return tuple(
        {form.encode() for form in texts} | {value.encode("latin-1", "ignore"), *wide} - {b""}
    )


def _json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _percent(text: str) -> str:
    return quote(text, safe="")


def _python(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _escaped(value: str) -> set[str]:
    """As a program writes it into JSON, HTML, a URL, Python source, a table or a shell's command
    line; and backwards.
    """
    page, python, shell = (
        html.escape(value),
        value.replace("\\", "\\\\"),
        value.replace("'", "'\"'\"'"),
    )
    script = (
        _json(value).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    )  # JSON within a page
    urls = [quote(value, safe=safe) for safe in ("/", "", "!~*'()", ";,/?:@&=+$-_.!~*'()#")] + [
        quote_plus(value),
        quote_plus(value, "*"),
    ]
    urls.append(
        "".join(
            chr(byte) if chr(byte).isalnum() and byte < 128 else f"%{byte:02X}"
            for byte in value.encode()
        )
    )
    return {
        value,
        value[::-1],
        _json(value),
        _json(value).replace("/", "\\/"),
        json.dumps(value, ensure_ascii=False)[1:-1],
        script,
        script.replace("'", "\\u0027"),
        page,
        html.escape(value, quote=False),
        html.escape(value, quote=False).replace('"', "&quot;"),
        value.replace("&", "&amp;").replace('"', "&quot;"),  # an attribute as browsers write it
        page.replace("&#x27;", "&#39;").replace("&quot;", "&#34;"),
        page.replace("&#x27;", "&apos;"),
        "".join(f"&#{ord(char)};" for char in value),
        "".join(f"&#x{ord(char):x};" for char in value),
        "".join(f"&#x{ord(char):X};" for char in value),
        *urls,
        *(re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), url) for url in urls),
        python,
        _python(value),
        python.replace('"', '\\"'),
        ascii(value)[1:-1],
        repr(value.encode())[2:-1],
        shell,
        shell[::-1],
        value.replace("'", "'\\''"),
        value.replace("'", "'\\''")[::-1],
        value.replace("'", "''"),
        value.replace('"', '""'),
        re.sub(r"(\W)", r"\\\1", value),
        re.sub(r'([\\"$`!])', r"\\\1", value),
    }


def _coded(value: str) -> set[str]:
    """In base64 wherever it stands among other bytes (three alignments), in hexadecimal, and UTF-16
    read as if it were not.
    """
    raws = (value.encode(), value.encode("utf-16-le"), value.encode("utf-16-be"))
    hexes = {raw.hex() for raw in raws} | {value.encode().hex(" "), value.encode().hex(":")}
    wide = "\0".join(value)
    return hexes.union(
        {form.upper() for form in hexes}, {wide, repr(wide)[1:-1]}, *map(_in_base64, raws)
    )


def _in_base64(raw: bytes) -> set[str]:
    plain = {_base64(raw, before) for before in range(3)}
    return plain | {_url_safe(form) for form in plain}


def _base64(raw: bytes, before: int) -> str:
    """The characters that depend on `raw` alone when `before` other bytes stand before it."""
    return base64.b64encode(b"\0" * before + raw).decode()[
        -(-before * 8 // 6) : (before + len(raw)) * 8 // 6
    ]


def _url_safe(form: str) -> str:
    return form.replace("+", "-").replace("/", "_")


def register(value: str) -> None:
    """Make `value` known to the scrubber for the life of the process. Safe to repeat."""
    if len(value) < SHORTEST:
        return
    with _lock:
        if value not in _registered:
            _registered[value] = forms = encodings(value)
            _sort_forms(_ours.union(filter(is_our_word, forms)))


def _sort_forms(ours: frozenset[str]) -> None:
    global _forms, _ours
    _forms = tuple(
        sorted({form for forms in _registered.values() for form in forms}, key=len, reverse=True)
    )
    _ours = ours.intersection(_forms)


def is_our_word(form: str) -> bool:
    """Whether it is a plain word that Relève itself, its pages or its notebook write in every
    record ("confirmation", "pending").

    A manager may have chosen it for a password. Masked in the keys of a message, it would break the
    protocol; searched for, it would put every record aside for ever; and where everybody's record
    has the word, finding it tells nobody anything. So it stays where our own words stand, and
    nothing says that it was met: that would give it away. It is still masked in every free text.
    """
    return form.isalpha() and form in _our_texts()


@cache
def _our_texts() -> str:
    package = Path(__file__).parents[1]
    texts = [
        path for path in package.rglob("*") if path.suffix in (".py", ".j2", ".js", ".css", ".toml")
    ]
    notebooks = (package.parents[1] / "notebooks").glob("*.ipynb")
    return " ".join(path.read_text(encoding="utf-8") for path in (*texts, *notebooks)) + _FORMATS


# What notebooks, kernels, PNG and PDF files say of themselves, beyond what our own texts already
# hold.
_FORMATS = (
    " comm_id comm_open comm_msg buffer_paths target_name ename evalue payload user_expressions"
    " implementation banner protocol_version IHDR IDAT IEND endstream endobj startxref xref trailer"
    " Catalog FlateDecode FontDescriptor ToUnicode MediaBox Producer Creator CreationDate"
    " StructTreeRoot ParentTree Identity Resources ProcSet Contents StructParents CIDFont FontFile"
    " Mozilla Chromium Skia DCTDecode JFIF"
)


def forget(values: Iterable[str]) -> None:
    """Take values out of the scrubber: those of rotations that are over, in the process of a fleet.
    Nothing may show them any more.
    """
    with _lock:
        for value in values:
            _registered.pop(value, None)
        _sort_forms(_ours)


def registered() -> tuple[str, ...]:
    """Every value registered so far, for the search of a record's bytes."""
    return tuple(_registered)


def scrub(text: str, *, ours: bool = False) -> str:
    """`text` with every registered secret, in any usual encoding, replaced by a mask. In a text of
    `ours`, our own words stay.
    """
    forms = _forms if not (ours and _ours) else tuple(form for form in _forms if form not in _ours)
    if not forms:
        return text
    try:
        found = _finder(forms).find_matches_as_indexes(text, overlapping=True)
    except UnicodeEncodeError:  # half of a character, from a file name or a program's output
        return _scrub_one_by_one(text, forms)
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


def _scrub_one_by_one(text: str, forms: tuple[str, ...]) -> str:
    for form in forms:
        text = text.replace(form, MASK)
    return text


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


def _clean_ours(value: object) -> object:
    return clean(value, partial(scrub, ours=True))


def clean(value: object, scrub_text: Callable[[str], str] | None = None) -> object:
    """The same structure (message, notebook) with every text and buffer in it scrubbed, keys too.

    Our own words stay in keys, in the code and the name of cells, and where one is a whole text
    (`"execution_state": "idle"`).
    """
    text = scrub_text or scrub
    if isinstance(value, str):
        return value if value in _ours else text(value)
    if isinstance(value, dict):
        return {
            _clean_ours(key): _clean_ours(item) if key in ("id", "source") else clean(item, text)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [clean(item, text) for item in value]
    if isinstance(value, bytes | bytearray | memoryview):
        return scrub_bytes(bytes(value))
    return value
