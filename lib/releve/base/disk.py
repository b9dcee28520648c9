"""Writing so that a power cut leaves the old file or the new one, never half of either."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from releve.base.held import patiently


def fsync_folder(folder: Path) -> None:
    """Make a new or renamed file's name durable. Windows has no such call: its file system journals
    names itself.
    """
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (
            errno.EINVAL,
            errno.ENOTSUP,
        ):  # a file server may not know this call for folders
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
