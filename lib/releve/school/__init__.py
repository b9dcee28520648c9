"""The embedded training portal: a world without HTTP (`World`), its faults (`Faults`) and its sites
(`School`).

Everything in it is made up. Where the real portal is unknown, the module that guesses says so.
Names are imported late, so that a twin that needs only the world does not pay for the HTTP server.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from releve.school.faults import Faults
    from releve.school.server import School, SchoolThread, Urls
    from releve.school.world import World

__all__ = ["Faults", "School", "SchoolThread", "Urls", "World"]

_HOMES = {
    "Faults": "faults",
    "World": "world",
    "School": "server",
    "SchoolThread": "server",
    "Urls": "server",
}


def __getattr__(name: str) -> object:
    """Import a public name from its own module at its first use."""
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(import_module(f"releve.school.{_HOMES[name]}"), name)
