"""How a step of a rotation ends, and how it may not begin."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from releve.base.errors import PersonNeeded


class StepMissing(PersonNeeded):
    pass


@dataclass(frozen=True)
class Done:
    """How a step ended: `mode` as in the journal, one French line, and the picture taken, if any.
    """

    mode: str
    result: str
    capture: Path | None = None


class Picturable(Protocol):
    """What can be taken a picture of: a route, a target."""

    async def capture(self, path: Path) -> bool: ...


async def picture(shown: Picturable, path: Path) -> Path | None:
    """A picture of what is shown; a disk that has no room for it stops nothing."""
    with suppress(OSError):
        return path if await shown.capture(path) else None
    with suppress(OSError):
        await asyncio.to_thread(path.unlink, missing_ok=True)  # half a picture
    return None
