"""Writing so that a power cut leaves the old file or the new one, never half of either."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
HELD_SECONDS = 10.0
"""How long to wait for a reader that will not share: an antivirus or an indexer, moments."""
HELD = (errno.EACCES, errno.EPERM)


def patiently(act: Callable[[], T]) -> T:
    """Do it, on Windows again for some seconds while another program holds the file: there a file
    that is open elsewhere can be neither replaced nor removed, and nothing tells when it is closed.

    `act` must be safe to repeat when it raises PermissionError, which is raised in the end.
    """
    end = time.monotonic() + (HELD_SECONDS if os.name == "nt" else 0)
    while True:
        try:
            return act()
        except PermissionError as error:
            if error.errno not in HELD or time.monotonic() >= end:
                raise
        time.sleep(0.05)


def fsync_folder(folder: Path) -> None:
    """Make a new or renamed file's name durable. Windows has no such call: its file system journals
    names itself.
    """
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:  # a file server may not know this call for folders
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def write_atomically(path: Path, content: bytes) -> None:
    """Write `path` whole or not at all: a new file, fsync, replace. Raises OSError; then the old
    content stands. Safe to repeat.
    """
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(new, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        patiently(lambda: new.replace(path))
        fsync_folder(path.parent)
    except OSError:
        new.unlink(missing_ok=True)
        raise


def remove_folder(folder: Path) -> None:
    """Remove it with all that it holds, read-only files too. Raises OSError; safe to repeat."""

    def once_more(act: Callable[[str], object], path: str, _: object) -> None:
        Path(path).chmod(stat.S_IWRITE | stat.S_IREAD)  # Windows removes no read-only file
        patiently(lambda: act(path))

    if os.name == "nt":
        shutil.rmtree(folder, onerror=once_more)  # `onexc` only from 3.12 on
    else:
        shutil.rmtree(folder)
