"""Files that another program holds. Windows neither replaces nor removes a file that is open
elsewhere, and nothing tells when it is closed: an antivirus, an indexer, a reader is waited for.
"""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
HELD_SECONDS = 10.0
"""How long to try again; such readers let go within moments."""


def patiently(act: Callable[[], T]) -> T:
    """Do it; on Windows again, for some seconds, as long as it raises PermissionError, which is
    raised in the end. `act` must be safe to repeat then.
    """
    end = time.monotonic() + (HELD_SECONDS if os.name == "nt" else 0)
    while True:
        try:
            return act()
        except PermissionError:
            if time.monotonic() >= end:
                raise
        time.sleep(0.05)


def remove_folder(folder: Path) -> None:
    """Remove it with all that it holds; Windows removes no read-only file. Raises OSError; safe to
    repeat.
    """

    def once_more(act: Callable[[str], object], path: str, _: object) -> None:
        Path(path).chmod(stat.S_IWRITE | stat.S_IREAD)
        patiently(lambda: act(path))

    if os.name == "nt":
        shutil.rmtree(folder, onerror=once_more)  # `onexc` only from 3.12 on
    else:
        shutil.rmtree(folder)
