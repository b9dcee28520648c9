"""One line of the journal: an event in its envelope, as JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable
from datetime import MAXYEAR, MINYEAR, datetime
from functools import cache, lru_cache
from typing import Any

from releve.base.secret import clean
from releve.decision import events as ev

VERSION = 1
_ENVELOPE = ("time", "run", "step", "actor")


def written(entry: ev.Entry) -> dict[str, Any]:
    """The line as written, its free texts scrubbed of every registered secret."""
    event = dataclasses.asdict(entry.event)
    free = [each.name for each in dataclasses.fields(entry.event) if "Free" in str(each.type)]
    envelope = {"v": VERSION} | {key: getattr(entry, key) for key in _ENVELOPE}
    kind = {"event": entry.event.kind}
    return envelope | kind | event | {name: clean(event[name]) for name in free}


def moment(text: str) -> datetime:
    """A time with its offset, of a year that every zone can tell. Raises ValueError."""
    when = datetime.fromisoformat(text)
    if when.tzinfo is None or not MINYEAR < when.year < MAXYEAR:
        raise ValueError("a time without its offset, or beyond any calendar")
    return when


# the same lines are read at every step and by every question about a record
@lru_cache(maxsize=4096)
def parse(line: str) -> ev.Entry:
    """An entry from its line. Raises ValueError when the line is no event; what a later version
    added is passed over.
    """
    data = json.loads(line)
    if not isinstance(data, dict) or not isinstance(data.get("event"), str):
        raise ValueError("no event")
    moment(data["time"])
    if not all(type(data[name]) is str for name in _ENVELOPE):
        raise ValueError("an envelope that is no text")
    return ev.Entry(data["time"], data["run"], data["step"], data["actor"], _event(data))


def _texts(values: Iterable[Any]) -> bool:
    return all(type(each) is str for each in values)


_SHAPES: dict[object, Callable[[Any], bool]] = {
    "str": lambda value: type(value) is str,
    "Free": lambda value: type(value) is str,
    "bool": lambda value: type(value) is bool,
    "int": lambda value: type(value) is int,
    "float": lambda value: type(value) in (int, float),
    "tuple[str, ...]": lambda value: type(value) is tuple and _texts(value),
    "tuple[Free, ...]": lambda value: type(value) is tuple and _texts(value),
    "dict[str, str]": lambda value: type(value) is dict and _texts(value.values()),
}
"""What a field's annotation asks of its value: a journal that somebody changed is damaged, never a
surprise further on.
"""


@cache
def _shapes(cls: type[ev.Event]) -> dict[str, Callable[[Any], bool]]:
    return {each.name: _SHAPES[each.type] for each in dataclasses.fields(cls)}


def _event(data: dict[str, Any]) -> ev.Event:
    cls = ev.KINDS.get(data["event"])
    if cls is None:
        return ev.Unknown(data["event"], data)
    shapes = _shapes(cls)  # type: ignore[arg-type]
    given = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in data.items()
        if key in shapes
    }
    try:
        if not all(shapes[key](value) for key, value in given.items()):
            raise TypeError("a value of another type")
        return cls(**given)
    except TypeError:
        if data["v"] > VERSION:  # a later version may tell the same fact by other fields
            return ev.Unknown(data["event"], data)
        raise
