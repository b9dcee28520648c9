"""What an operator reads, by its name in `textes.toml`, or `erreurs.toml` for what stops: whoever
knows French corrects it there.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

NO_BREAK = "\u00a0"


def typographic(text: str) -> str:
    """French spacing: a guillemet or a double sign never stands alone on its line."""
    return re.sub(r"« | (?=[»:;?!](?:\W|$))", lambda found: found[0].rstrip() + NO_BREAK, text)


def flat(tables: Mapping[str, Any], where: str = "") -> dict[str, Any]:
    """The values of nested tables, by their dotted names."""
    found = dict[str, Any]()
    for key, value in tables.items():
        name = f"{where}.{key}" if where else key
        found |= flat(value, name) if isinstance(value, Mapping) else {name: value}
    return found


@cache
def table() -> dict[str, str]:
    """Every text, by its dotted name, with French spacing."""
    found = flat(beside("textes.toml"))
    return {name: typographic(str(value).strip()) for name, value in found.items()}


def beside(name: str) -> dict[str, Any]:
    """A TOML file of this folder."""
    return tomllib.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))


# The sentences of each error, by its class's name; read before anything can go wrong.
SENTENCES: Mapping[str, Mapping[str, str]] = beside("erreurs.toml")


def text(name: str, /, **facts: object) -> str:
    """That text with its facts filled in, verbatim. An unknown name raises KeyError."""
    return table()[name].format_map(facts)
