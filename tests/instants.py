"""Where a process can die: at each of the interpreter's own audit events that changes a folder, and
at what a test's doubles tell of themselves; by SIGKILL, or by a power cut that loses whatever was
not made durable. No point of it is chosen by the code under test.

A change that no audit event tells, what is written between two of them, is seen at the `fsync` that
ends it: that one is told here.
"""

from __future__ import annotations

import gc
import json
import os
import re
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHANGES = {
    *("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate", "os.chmod"),
    *("os.link", "os.symlink", "test.fsync"),
}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_real_fsync = os.fsync


class Killed(BaseException):
    """This process is dead from here on."""


def tell(what: str) -> None:
    """An instant that a test's double has: the portal or the keyring is about to change."""
    sys.audit("test.told", what)


_armed: list[tuple[str, Callable[[str], None]]] = []


def _heard(event: str, args: tuple[Any, ...]) -> None:
    if not _armed:
        return
    folder, heard = _armed[-1]
    place = os.fspath(args[0]) if args and isinstance(args[0], str | os.PathLike) else ""
    if event in ("os.remove", "os.rmdir") and args[1] >= 0:  # from within a folder held open
        place = f"{_path(args[1])}/{place}"
    writes = event == "open" and isinstance(args[2], int) and bool(args[2] & WRITES)
    if event == "test.told":
        heard(place)
    elif place.startswith(folder) and (event in CHANGES or writes):
        heard(f"{event} {place.removeprefix(folder)}")


sys.addaudithook(_heard)  # for the life of the process: there is no way to remove one


def _path(descriptor: int) -> str:
    return str(Path(f"/proc/self/fd/{descriptor}").readlink())


@contextmanager
def watched(folder: Path, heard: Callable[[str], None]) -> Iterator[None]:
    """Tell each instant, before it happens; what `heard` raises happens there."""

    def fsync(descriptor: int) -> None:
        path = _path(descriptor)
        sys.audit("test.fsync", path)
        _real_fsync(descriptor)
        for disk in _disks:
            disk.synced(descriptor)

    _armed.append((f"{folder}{os.sep}", heard))
    os.fsync = fsync
    try:
        yield
    finally:
        _armed[:] = _armed[:-1]
        if not _armed:
            os.fsync = _real_fsync


def bury() -> None:
    """The dead process does nothing more: what follows is the test's own."""
    _armed.clear()


@contextmanager
def unheard() -> Iterator[None]:
    """What the test itself does there is no instant."""
    held = _armed[:]
    _armed.clear()
    try:
        yield
    finally:
        _armed.extend(held)


_disks: list[Disk] = []


class Disk:
    """What of a folder is durable: each file as its last fsync left it, under the names that the
    last fsync of their folder left. Inodes must not be used twice meanwhile (a folder in memory).
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.contents: dict[int, bytes] = {}
        self.names: dict[int, dict[str, int]] = {}
        self._folders: set[int] = set()
        for place, _, files in os.walk(folder):
            self._keep_names(Path(place))
            for name in files:
                path = Path(place, name)
                self.contents[path.stat().st_ino] = path.read_bytes()

    def __enter__(self) -> Disk:
        _disks.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _disks.remove(self)

    def synced(self, descriptor: int) -> None:
        """That file, or that folder's names, are durable from now on."""
        path, found = Path(_path(descriptor)), os.fstat(descriptor)
        if path != self.folder and self.folder not in path.parents:
            return
        if stat.S_ISDIR(found.st_mode):
            self._keep_names(path)
        else:
            with unheard(), open(f"/proc/self/fd/{descriptor}", "rb") as file:
                self.contents[found.st_ino] = file.read()

    def _keep_names(self, folder: Path) -> None:
        with os.scandir(folder) as found:
            listed = list(found)
        self.names[folder.stat().st_ino] = {each.name: each.inode() for each in listed}
        self._folders |= {each.inode() for each in listed if each.is_dir(follow_symlinks=False)}

    def after_power_loss(self, names_too: bool) -> dict[str, bytes | None]:
        """What stands there when the power comes back, by its path (None for a folder): of what was
        written the durable, under the present names, or under the durable ones.
        """
        self._folders |= {path.stat().st_ino for path in self.folder.rglob("*") if path.is_dir()}
        if names_too:
            return dict(self._durable(self.folder.stat().st_ino, ""))
        there = {name: (self.folder / name).stat().st_ino for name in present(self.folder)}
        return {
            name: None if inode in self._folders else self.contents.get(inode, b"")
            for name, inode in there.items()
        }

    def _durable(self, folder: int, before: str) -> Iterator[tuple[str, bytes | None]]:
        for name, inode in self.names.get(folder, {}).items():
            if inode in self._folders:
                yield f"{before}{name}", None
                yield from self._durable(inode, f"{before}{name}/")
            else:
                yield f"{before}{name}", self.contents.get(inode, b"")


KILL, CUT_NAMED, CUT = "SIGKILL", "coupure, noms gardés", "coupure"


@dataclass(frozen=True)
class Instant:
    """One of a run's instants, and the way to die: a power cut loses what is not durable, the
    names of files too or not.
    """

    number: int
    name: str
    mode: str


def course(
    folder: Path, act: Callable[[], object], beyond: Callable[[], object] = tuple
) -> list[Instant]:
    """The instants of the act when nothing kills it, of each way to die, that leave what no other
    one leaves: in the folder, and in what is `beyond` it.
    """
    seen, found, count = set[object](), list[Instant](), -1

    def look(name: str) -> None:
        nonlocal count
        count += 1
        with unheard():
            files = present(folder)
            for mode in (KILL, CUT_NAMED, CUT):
                left = files if mode == KILL else disk.after_power_loss(mode == CUT)
                state = (state_of(left), beyond())
                if state not in seen:
                    seen.add(state)
                    found.append(Instant(count, _named(name, files), mode))

    with Disk(folder) as disk, watched(folder, look):
        act()
    return found


def _named(name: str, files: dict[str, bytes | None]) -> str:
    """By the last line of what was just written, if it is a journal or a register."""
    event, _, path = name.partition(" ")
    if event != "test.fsync" or not path.endswith(".jsonl"):
        return name
    told = json.loads((files[path] or b"").splitlines()[-1])
    return f"{path.rpartition('/')[2]} {told.get('event', told.get('kind'))}"


def die(folder: Path, instant: Instant, act: Callable[[], object]) -> None:
    """Be dead from that instant on: nothing more happens, not even a cleaning up."""
    count = -1

    def heard(_: str) -> None:
        nonlocal count
        count += 1
        if count >= instant.number:
            raise Killed

    with Disk(folder) as disk:
        with watched(folder, heard), suppress(Killed):
            act()
        assert count >= instant.number, "the instant did not come again"
        bury()
        gc.collect()  # the system lets go of a dead process's locks
        if instant.mode != KILL:
            put_back(folder, disk.after_power_loss(instant.mode == CUT))


def present(folder: Path) -> dict[str, bytes | None]:
    """What stands in a folder, by its path; None for a folder."""
    return {
        path.relative_to(folder).as_posix(): None if path.is_dir() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if not path.is_symlink()
    }


def put_back(folder: Path, files: dict[str, bytes | None]) -> None:
    """That, and nothing else, stands in the folder."""
    modes = {path: path.stat().st_mode & 0o7777 for path in folder.rglob("*")}
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name, content in sorted(files.items()):
        path = folder / name
        path.mkdir() if content is None else path.write_bytes(content)
        path.chmod(modes.get(path, 0o700 if content is None else 0o600))


def state_of(files: dict[str, bytes | None]) -> tuple[object, ...]:
    """What a folder says, without its times, numbers and random names: equal for two instants that
    leave the same.
    """
    return tuple(sorted((_plain(name), _said(name, content)) for name, content in files.items()))


def _plain(text: str) -> str:
    return re.sub(r"[0-9a-f]{8,}|[0-9]+", "#", text)


def _said(name: str, content: bytes | None) -> str:
    if content is None or not name.endswith(".jsonl"):
        return str(content and len(content) > 0)
    lines = []
    *whole, torn = content.split(b"\n")
    for line in whole:
        try:
            told = json.loads(line)
            kept = {key: told[key] for key in told if key not in ("time", "mac", "signature")}
            lines.append(_plain(json.dumps(kept)))
        except ValueError:
            lines.append("?")
    return "\n".join([*lines, str(bool(torn))])
