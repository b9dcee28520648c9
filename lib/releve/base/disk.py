"""Files in a folder where strangers may write: read whole or not at all, written so that a power
cut leaves the old file or the new one, never half of either.

No link is followed, nothing waits for a device or a FIFO, no temporary name can be guessed. Files
are 0600 and folders 0700 whatever the umask; below a folder that is open to its group on purpose
(setgid, 2770: `record.shared`) they are 0660 and 2770. On Windows what is made has the rights of
the folder above, but the folder of records, which is its owner's alone unless it is shared.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import stat
import sys
from contextlib import suppress
from io import BufferedReader, BufferedWriter
from pathlib import Path

from releve.base.errors import UsageError
from releve.base.held import patiently
from releve.base.windows import make_private

LIMIT = 64 * 2**20  # bytes: a notebook with twelve pictures is 2 MB
HASHED = 2 * 2**30  # bytes: what is only hashed may be longer; a sparse file of exabytes may not
LEFT_OVER = re.compile(r"\..+\.[0-9a-f]{16}")  # what `write_atomically` left when it was killed
_JUNCTION = 0xA0000003  # Windows' IO_REPARSE_TAG_MOUNT_POINT: a link to a folder
_SAFE = (
    getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


class NotWritten(UsageError):
    happened = "Le fichier {path} n'a pas pu être écrit ({why})."
    todo = "Choisissez un autre dossier, ou donnez-vous le droit d'y écrire."


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
        # a file server may not know this call for folders
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def is_folder(path: Path) -> bool:
    """Whether a folder stands there itself, and no link to one."""
    try:
        found = path.lstat()
        return stat.S_ISDIR(found.st_mode) and getattr(found, "st_reparse_tag", 0) != _JUNCTION
    except (OSError, ValueError):
        return False


_WHY = {
    errno.ENOSPC: "il n'y a plus de place sur le disque",
    errno.EDQUOT: "votre part du disque est pleine",
    errno.EACCES: "accès refusé",
    errno.EPERM: "accès refusé",
    errno.EROFS: "le disque est en lecture seule",
    errno.ENOENT: "introuvable",
    errno.ENOTDIR: "ce n'est pas un dossier",
    errno.EISDIR: "c'est un dossier",
    errno.EIO: "le disque ne répond pas bien",
}


def why(error: BaseException) -> str:
    """What the system says, in French where it is usual."""
    said = _WHY.get(getattr(error, "errno", None) or 0) or getattr(error, "strerror", None)
    return said or type(error).__name__


def is_file(path: Path) -> bool:
    """Whether a plain file stands there itself: no link, folder, FIFO or device."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except (OSError, ValueError):
        return False


def read(path: Path, limit: int = LIMIT) -> bytes:
    """A plain file's bytes. Raises OSError for anything else, and beyond `limit` bytes."""
    with _opened(path, limit) as file:
        return file.read(limit)


def read_if_any(path: Path, limit: int = LIMIT) -> bytes:
    """The same; nothing when there is no file of that name."""
    try:
        return read(path, limit)
    except FileNotFoundError:
        return b""


def sha256(path: Path) -> str:
    """The SHA-256 of a plain file, in hexadecimal. Raises OSError for anything else."""
    with _opened(path, HASHED) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _opened(path: Path, limit: int) -> BufferedReader:
    if not is_file(path) and os.path.lexists(path):
        raise OSError(errno.EINVAL, "ce n'est pas un vrai fichier", str(path))
    descriptor = patiently(lambda: os.open(path, os.O_RDONLY | _SAFE))
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_size > limit:
        os.close(descriptor)
        raise OSError(errno.EFBIG, "ce n'est pas un vrai fichier, ou il est trop long", str(path))
    return os.fdopen(descriptor, "rb")


def append_to(path: Path) -> BufferedWriter:
    """A plain file opened to add to its end, made when there is none. Raises OSError."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
    descriptor = os.open(path, flags | _SAFE, _mode(path.parent, 0o600, 0o660))
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "ce n'est pas un vrai fichier", str(path))
    if found.st_size == 0:
        open_to(descriptor, path.parent)
    return os.fdopen(descriptor, "ab")


def write_atomically(path: Path, content: bytes) -> None:
    """Write `path` whole or not at all: a new file, fsync, replace. Raises OSError; then the old
    content stands. Safe to repeat.
    """
    new = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFE, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            open_to(descriptor, path.parent)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        patiently(lambda: new.replace(path))
        fsync_folder(path.parent)
    except OSError:
        new.unlink(missing_ok=True)
        raise


def written(path: Path, content: str, encoding: str = "utf-8") -> None:
    """Write a file that an argument named, all or nothing; what is no file (/dev/stdout) is written
    to as it is, if somebody reads it. Raises `NotWritten`; safe to repeat.
    """
    try:
        if path.exists() and not path.is_file():
            with os.fdopen(os.open(path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0)), "wb"):
                path.write_bytes(content.encode(encoding))  # a FIFO's reader is there
        elif path.parent == Path("/dev"):  # root's `> file`: the system's own link is not replaced
            raise PermissionError(errno.EACCES, "")
        else:
            write_atomically(path, content.encode(encoding))
    except OSError as error:
        raise NotWritten(path=path, why=why(error)) from None


def make_folder(path: Path, *, shared: bool | None = None) -> None:
    """Make a folder and those above it, durably. `shared` opens the new ones to their group, or
    keeps them from others; without it they are as the one above. Raises OSError, also when a link
    or anything but a folder stands there. Safe to repeat.
    """
    if not path.parent.exists():
        make_folder(path.parent, shared=shared)
    mode = 0o2770 if shared else _mode(path.parent, 0o700, 0o2770)
    with suppress(FileExistsError):
        if os.name != "nt":
            path.mkdir(mode)
            path.chmod(mode)  # whatever the umask took away
        elif shared is False:
            path.mkdir(0o700)
            make_private(path)  # before Python 3.12.4 this mode said nothing
        else:
            path.mkdir()
    fsync_folder(path.parent)  # also of one that a killed process had just made
    if not is_folder(path):
        raise NotADirectoryError(errno.ENOTDIR, "ce n'est pas un dossier", str(path))


def _mode(folder: Path, private: int, shared: int) -> int:
    found = folder.stat().st_mode
    return shared if found & stat.S_ISGID and found & stat.S_IWGRP else private


def open_to(descriptor: int, folder: Path) -> None:
    """Give an open file of that folder its mode, whatever the umask was. What another user made
    keeps the mode that this one gave it.
    """
    if sys.platform != "win32":
        with suppress(PermissionError):
            os.fchmod(descriptor, _mode(folder, 0o600, 0o660))
