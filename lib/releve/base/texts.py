"""What an operator reads, by its name in `textes.toml`, or `erreurs.toml` for what stops: whoever
knows French corrects it there.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

NO_BREAK = "\u00a0"


def typographic(text: str) -> str:
    """French spacing: a guillemet or a double sign never stands alone on its line."""
    return re.sub(r"« | (?=[»:;?!](?:\W|$))", lambda found: found[0].rstrip() + NO_BREAK, text)


@cache
def table() -> dict[str, str]:
    """Every text, by its dotted name, with French spacing."""
    return dict(_flat("", _read("textes.toml")))


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))


# The sentences of each error, by its class's name; read before anything can go wrong.
SENTENCES: Mapping[str, Mapping[str, str]] = _read("erreurs.toml")


def _flat(prefix: str, of: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name, value in of.items():
        if isinstance(value, Mapping):
            yield from _flat(f"{prefix}{name}.", value)
        else:
            yield f"{prefix}{name}", typographic(str(value).strip())


def text(name: str, /, **facts: object) -> str:
    """That text with its facts filled in, verbatim. An unknown name raises KeyError."""
    return table()[name].format_map(facts)
