"""The rooms of the library, one above the other: arrows go down only."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import releve

LIBRARY = Path(releve.__file__).parent
FLOORS = (
    ("base",),
    ("decision",),
    ("vault",),
    ("record",),
    ("proof", "portal"),
    ("targets", "planning"),
    ("rotation", "headless"),
    ("jupyter",),
    ("commands", "school"),
    ("cli",),
    ("__main__",),
)
"""From the ground up. A room may know its own floor's neighbour in neither direction."""
ALLOWED = {
    ("jupyter", "commands"): "home closes a rotation as `abandon` does, trains as `demo` does",
    ("jupyter", "school"): "training is the school",
    ("commands", "school"): "the demonstration is the school",
}
"""Arrows that go up, each with its reason: the list may only become shorter."""


def floor(room: str) -> int:
    return next(number for number, rooms in enumerate(FLOORS) if room in rooms)


def arrows() -> Iterator[tuple[str, str, str]]:
    """(room, room that it imports from, where)."""
    for path in sorted(LIBRARY.rglob("*.py")):
        place = path.relative_to(LIBRARY)
        here = place.parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("releve."):
                there = (node.module or "").split(".")[1]
                if here not in (there, "__init__"):
                    yield here, there, f"{place}:{node.lineno}"


def test_arrows_go_down_only() -> None:
    """No room imports from one above it, nor from its neighbour."""
    up = {
        (here, there, where)
        for here, there, where in arrows()
        if floor(there) >= floor(here) and (here, there) not in ALLOWED
    }
    assert set() == up


def test_every_exception_is_still_needed() -> None:
    """An arrow that is gone is taken off the list."""
    assert set(ALLOWED) == set(ALLOWED) & {(here, there) for here, there, _ in arrows()}
