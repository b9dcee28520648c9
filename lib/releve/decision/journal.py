"""The journal of a rotation: append-only, one JSON event a line, on the disk before the effect that
it announces.

`events` has what a line can say, `line` how; this is the file. Each line carries a MAC under the
rotation's key (`vault.keys`) over itself and the MAC before it; the first one of a key, over all
that stands before. What its key does not vouch for is history, and nothing is decided by it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from releve.base import disk
from releve.base.disk import append_to, fsync_folder, read_if_any
from releve.base.effects import effect
from releve.base.errors import ReleveError
from releve.base.held import patiently
from releve.decision import events as ev
from releve.decision.line import parse, written

FILE_NAME = "journal.jsonl"


class JournalUnwritable(ReleveError):
    """The disk refused an event. The effect that it announced was not begun, so the caller may
    retry.
    """

    goes_on = True


class JournalShared(JournalUnwritable):
    """Another process wrote into this journal since it was opened: the folder's lock does not hold.
    Not a line of it is cut.
    """

    goes_on = True


class JournalUnreadable(ReleveError):
    """A line in the middle of the journal is not an event: somebody changed it."""

    code = 7


def read(path: Path, *, pass_over_damage: bool = False) -> list[ev.Entry]:
    """Every whole entry of a journal; a torn last line (no end of line) is left out.

    Raises `JournalUnreadable` for a bad line elsewhere, unless it is to be passed over; a missing
    file is an empty journal.
    """
    entries = []
    # what follows the last end of line is torn, or empty
    lines = content_of(path).split(b"\n")[:-1]
    for number, line in enumerate(lines, 1):
        try:
            entries.append(parse(line.decode()))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            if pass_over_damage:
                continue
            raise JournalUnreadable(path=path, line=number) from error
    return entries


def content_of(path: Path) -> bytes:
    """The journal's bytes, none when there is no file. Raises `JournalUnreadable` for what is no
    plain file (a link, a FIFO), or none that a journal can be.
    """
    try:
        return read_if_any(path)
    except OSError as error:
        raise JournalUnreadable(path=path, line=1) from error


_STARTS = (ev.RotationOpened.kind, ev.RotationAdopted.kind)


def vouches(key: bytes | None, content: bytes) -> bool:
    """Whether the key vouches for every whole line from the opening, or the latest adoption, on."""
    lines = content[: content.rfind(b"\n") + 1].splitlines(keepends=True)
    if key is None or not lines:
        return False
    try:
        told = [json.loads(line) for line in lines]
        start = max(at for at, each in enumerate(told) if each["event"] in _STARTS)
        before = _digest(b"".join(lines[:start]))
        for each in told[start:]:
            given = each.pop("mac")
            before = _mac(key, before, each)
            if not hmac.compare_digest(given, before):
                return False
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False
    return True


def _last_mac(content: bytes) -> str:
    return str(json.loads(content[: content.rfind(b"\n")].rpartition(b"\n")[2])["mac"])


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _mac(key: bytes, before: str, data: dict[str, Any]) -> str:
    line = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return hmac.new(key, f"{before}{line}".encode(), hashlib.sha256).hexdigest()


class Journal:
    """Appends to one file. Opening it cuts a torn last line, of `torn` bytes: what it announced was
    never begun.
    """

    def __init__(
        self, folder: Path, run: str, actor: str, key: bytes | None = None, *,
        pass_over_damage: bool = False,
    ) -> None:  # fmt: skip
        self.path, self.run, self.actor = folder / FILE_NAME, run, actor
        self.entries = read(self.path, pass_over_damage=pass_over_damage)
        content = content_of(self.path)
        self._whole = content.rfind(b"\n") + 1  # bytes of whole lines
        self.vouched = vouches(key, content)
        self._key = key
        self._before = _last_mac(content) if self.vouched else _digest(content[: self._whole])
        self.torn = len(content) - self._whole
        self._refused = b""  # the line that the disk refused last, which may be there all the same

    def append(self, event: ev.Event, step: str = "") -> ev.Entry:
        """Write one event, flushed and fsynced (file and folder). Raises `JournalUnwritable`; then
        it does not count as written.
        """
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        entry = ev.Entry(now, self.run, step, self.actor, event)
        data = written(entry)
        if self._key and event.kind in _STARTS:
            self._before = _digest(content_of(self.path)[: self._whole])
        if self._key:
            data["mac"] = _mac(self._key, self._before, data)
        line = json.dumps(data, ensure_ascii=False).encode() + b"\n"
        with effect(f"journal {event.kind}"):
            try:
                patiently(lambda: self._write(line))
            except OSError as error:
                self._refused = line
                with suppress(OSError):  # else the next append cuts it
                    os.truncate(self.path, self._whole)
                raise JournalUnwritable(folder=self.path.parent, why=disk.why(error)) from error
        self._whole += len(line)
        self._before = data.get("mac", "")
        self.vouched = self._key is not None and (self.vouched or event.kind in _STARTS)
        self.entries.append(entry)
        return entry

    def _write(self, line: bytes) -> None:
        with append_to(self.path) as file:
            if file.tell() > self._whole:
                self._check_cut()
                file.truncate(self._whole)
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        fsync_folder(self.path.parent)

    def _check_cut(self) -> None:
        """What may be cut is a torn line, or the one that the disk refused. Raises `JournalShared`
        for somebody else's whole lines.
        """
        more = content_of(self.path)[self._whole :]
        if b"\n" in more and more != self._refused:
            raise JournalShared(folder=self.path.parent)
