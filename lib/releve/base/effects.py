"""The points at which the world changes, made visible to whoever audits the process.

Each effect (an event written, a slot written, an irreversible click, a target entered) is announced
to Python's own audit hooks before and after: `sys.addaudithook` sees `("releve.effect", name,
"before" | "after")`. Nothing listens in normal use; the crash tests kill the process there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def effect(name: str) -> Iterator[None]:
    """Announce the effect `name` before and after the block. After an exception the "after" is not
    announced.
    """
    sys.audit("releve.effect", name, "before")
    yield
    sys.audit("releve.effect", name, "after")
