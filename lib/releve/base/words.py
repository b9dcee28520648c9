"""The words on the screens, found whatever their case, accents, spaces and apostrophes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from releve.base.texts import beside, flat

_WITHIN = r"(?:^|[^\wÀ-ÿ])(?:{})(?![\wÀ-ÿ])"
# quotes, stars, a colon, an icon of the style sheet: browsers count it in a button's name
AROUND = r"[^\wÀ-ÿ]*"
_VARIANTS = {
    "a": "aàâäáãå",
    "c": "cç",
    "e": "eéèêë",
    "i": "iîïíì",
    "n": "nñ",
    "o": "oôöóòõ",
    "u": "uùûüúù",
    "y": "yÿý",
    "'": "'’`",
    "-": "\\-‑–",
}


def tolerant(text: str) -> str:
    """A regular expression, valid in Python and in JavaScript, that finds `text` despite case,
    accents and spacing.
    """
    apart = unicodedata.normalize("NFD", text.lower().replace("’", "'"))
    plain = "".join(char for char in apart if not unicodedata.combining(char))
    parts = []
    for char in " ".join(plain.split()):
        if char == " ":
            parts.append(r"\s+")
        elif char in _VARIANTS:
            parts.append(f"[{_VARIANTS[char]}]")
        else:
            parts.append(re.escape(char))
    return "".join(parts)


def digits(number: str) -> str:
    """A regular expression that finds a number whether or not it is written in groups."""
    return r"\s*".join(number)


def whole(name: str) -> re.Pattern[str]:
    """Finds `name` when it is not a part of a longer one: TECH_1_123 is not TECH_1_1234."""
    return re.compile(rf"(?:^|[^\w@.-]){re.escape(name)}(?![\w@-]|\.\w)", re.IGNORECASE)


@cache
def _within(wording: str) -> re.Pattern[str]:
    return re.compile(_WITHIN.format(tolerant(wording)), re.IGNORECASE)


@cache
def documented() -> dict[str, list[str]]:
    """The variants of each label, by "place.word", as `labels.toml` gives them."""
    return flat(beside("labels.toml"))


class Label(str):
    """The documented wording of a place, which remembers its `key`."""

    key: str

    def __new__(cls, key: str, text: str) -> Label:
        made = super().__new__(cls, text)
        made.key = key
        return made

    # an event that holds one is copied
    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]
        return self.key, str(self)


@dataclass(frozen=True)
class Learned:
    """What a person pointed at for a place, in words and kinds alone: its own words (`*` stands for
    somebody's), what it is, what stands beside it and on which side, where it is in its landmark.
    """

    words: str = ""
    role: str = ""
    beside: str = ""
    side: str = ""
    place: str = ""


class Words:
    """The variants of each label; `overrides` come from `[portal.labels]`, whose names the settings
    check, and replace the variants.
    """

    def __init__(self, overrides: Mapping[str, str | list[str]] | None = None) -> None:
        given = {
            key: [value] if isinstance(value, str) else list(value)
            for key, value in (overrides or {}).items()
        }
        self._variants: dict[str, list[str]] = documented() | given
        self.learned: dict[str, Learned] = {}  # by place; these decide alone
        # the very element that she pointed at (frame, number, document), where others look like it
        self.pointed: dict[str, tuple[int, int, float]] = {}
        self.refused: dict[str, list[Learned]] = {}  # a person said no

    def first(self, key: str) -> Label:
        """The documented wording, for messages."""
        return Label(key, self._variants[key][0])

    def variants(self, key: str) -> tuple[str, ...]:
        """All its wordings, the documented one first."""
        return tuple(self._variants[key])

    @staticmethod
    def finds(wording: str, text: str) -> bool:
        """Whether `text` contains that wording as whole words."""
        return _within(wording).search(text) is not None

    def known(self, text: str) -> str:
        """The wording, of any place, that `text` contains, the longest of them; "" when it contains
        none.
        """
        every = {wording for variants in self._variants.values() for wording in variants}
        found = (each for each in every if self.finds(each, text))
        return max(found, key=lambda each: (len(each), each), default="")

    def _wordings(self, key: str) -> list[str]:
        """A title may have been shown by a person: her words count beside the others."""
        shown = self.learned.get(key) if key.endswith(".title") else None
        return [*self._variants[key], *([shown.words] if shown else [])]

    def find(self, key: str) -> re.Pattern[str]:
        """Matches a text that contains one of the variants as whole words."""
        return self._compile(key, _WITHIN)

    def begins(self, key: str) -> re.Pattern[str]:
        """Matches the beginning of a text, where it is one of the variants."""
        return self._compile(key, rf"^{AROUND}(?:{{}})(?![\wÀ-ÿ])")

    def exact(self, key: str) -> re.Pattern[str]:
        """Matches a text that is one of the variants and no other word."""
        return self._compile(key, rf"^{AROUND}(?:{{}}){AROUND}$")

    def _compile(self, key: str, shape: str) -> re.Pattern[str]:
        wordings = "|".join(tolerant(text) for text in self._wordings(key))
        return re.compile(shape.format(wordings), re.IGNORECASE)
