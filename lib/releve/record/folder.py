"""The record's folder: its name, and how a rotation is found again."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from filelock import BaseFileLock, FileLock

from releve.base import disk
from releve.base.account import folded
from releve.base.errors import ReleveError
from releve.base.places import project_root
from releve.base.settings import Record
from releve.base.windows import make_private
from releve.decision import events as ev
from releve.decision import journal as j
from releve.decision.line import parse
from releve.record.contents import CAPTURES as CAPTURES

NOTEBOOK, PAGE = "rotation.ipynb", "record.html"
QUARANTINE = "-quarantaine"  # behind the name of a folder in which a secret was found
_NAME = re.compile(
    rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}_[0-9]{{6}}_([0-9]{{14}})_([0-9a-z]{{1,32}})(?:{QUARANTINE})?"
)


class RecordUnwritable(ReleveError):
    """The folder of records cannot be written in. Nothing was begun."""


@dataclass(frozen=True)
class RecordFolder:
    """`outputs/YYYY-MM-DD_HHMMSS_SIRET_RUNID`, by its parts. The date is the operator's own (local
    time).
    """

    path: Path
    siret: str
    run: str

    @classmethod
    def new(cls, outputs: Path, siret: str) -> RecordFolder:
        """A name for a rotation that begins now; nothing is created yet."""
        run, now = secrets.token_hex(4), datetime.now().astimezone()
        return cls(outputs / f"{now:%Y-%m-%d_%H%M%S}_{siret}_{run}", siret, run)

    @classmethod
    def at(cls, path: Path) -> RecordFolder | None:
        """The record folder of that name, or None when it is not one."""
        match = _NAME.fullmatch(path.name)
        return cls(path, match[1], match[2]) if match else None

    @property
    def began(self) -> datetime:
        """When it was named, by this machine's clock."""
        return datetime.strptime(self.path.name[:17], "%Y-%m-%d_%H%M%S").astimezone()

    def make(self) -> None:
        """Make the folder on the disk. Raises `RecordUnwritable`; safe to repeat."""
        for path in (self.path, self.path / CAPTURES):
            _make(path, self.path.parent)

    @property
    def quarantined(self) -> bool:
        """A secret was found in it: it is history, and no evidence to hand on."""
        return self.path.name.endswith(QUARANTINE)

    @property
    def aside(self) -> RecordFolder:
        """The same folder once it is put aside."""
        name = self.path.name.removesuffix(QUARANTINE) + QUARANTINE
        return replace(self, path=self.path.with_name(name))

    def keep_earlier_notebook(self) -> None:
        """Make room for a new run's notebook: the one of an earlier run is evidence too."""
        notebook = self.path / NOTEBOOK
        if notebook.exists():
            earlier = len(list(self.path.glob("rotation.*.ipynb"))) + 1
            notebook.rename(self.path / f"rotation.{earlier}.ipynb")

    def writing(self) -> BaseFileLock:
        """The lock of whoever still writes into the folder, even after the rotation's end: nobody
        else seals it meanwhile.
        """
        return self._lock(f"{self.run}.lock", timeout=0)

    def sealing(self) -> BaseFileLock:
        """The lock of the seal. Its file stays until all is done: the next command finishes what a
        kill left. Waits for a minute.
        """
        return self._lock(self.sealing_file.name, timeout=60)

    @property
    def sealing_file(self) -> Path:
        """The file of `sealing`, which goes when the record is sealed to the end."""
        return self.path.parent / ".locks" / f"{self.run}.save.lock"

    def _lock(self, name: str, timeout: float) -> BaseFileLock:
        locks = self.path.parent / ".locks"
        disk.make_folder(locks)
        modes = partial(disk.open_to, folder=locks)
        return FileLock(locks / name, timeout=timeout, thread_local=False, on_acquired=modes)

    def sweep(self) -> None:
        """Remove what a write that was killed left half done."""
        for path in self.path.rglob(".*"):
            if disk.LEFT_OVER.fullmatch(path.name) and disk.is_file(path):
                path.unlink(missing_ok=True)

    def entries(self, *, pass_over_damage: bool = False) -> list[ev.Entry]:
        """The journal's entries. Raises `JournalUnreadable`, unless damage is to be passed over."""
        return j.read(self.path / j.FILE_NAME, pass_over_damage=pass_over_damage)


def prepare(record: Record) -> None:
    """Make the folder of records, open to its group only on purpose (`record.shared`). Raises
    `RecordUnwritable`; safe to repeat.
    """
    folder = record.folder.resolve()
    _make(folder, record.folder, shared=record.shared)
    if not record.shared and folder == project_root() / "outputs" and not any(all_records(folder)):
        with suppress(OSError):  # it came with the project; another account's stays as it is
            make_private(folder)


def _make(path: Path, told: Path, *, shared: bool | None = None) -> None:
    try:
        disk.make_folder(path, shared=shared)
    except OSError as error:
        raise RecordUnwritable(folder=told, why=disk.why(error)) from error


def all_records(outputs: Path) -> Iterator[RecordFolder]:
    """Every record folder, the oldest first, that has a journal."""
    for path in sorted(outputs.glob("[0-9]*_*_*_*")):
        record = RecordFolder.at(path)
        if record and disk.is_folder(path) and disk.is_file(path / j.FILE_NAME):
            yield record


def opened(entries: list[ev.Entry]) -> ev.RotationOpened | None:
    """How the rotation was opened; None for a journal that never got so far."""
    return next(iter(ev.of(entries, ev.RotationOpened)), None)


def is_closed(entries: list[ev.Entry]) -> bool:
    """Whether the rotation is closed or abandoned."""
    return any(isinstance(each.event, ev.ENDS) for each in entries)


def unfinished(outputs: Path, account: str | None = None) -> list[RecordFolder]:
    """The open rotations (of one technical account), the oldest first. A rehearsal is never left
    open for a rotation to find.

    A damaged record of the past stops nobody; a damaged open one is found, and tells it when it is
    taken in hand.
    """
    found = []
    for record in all_records(outputs):
        if _plainly_closed(record):
            continue
        entries = record.entries(pass_over_damage=True)
        first = opened(entries)
        if first is None or first.rehearsal or is_closed(entries):
            continue
        if account is None or folded(account) == folded(first.account):
            found.append(record)
    return found


def left_open(outputs: Path) -> dict[str, RecordFolder]:
    """The open rotation of each account, folded: the latest."""
    return {
        folded(start.account): each
        for each in unfinished(outputs)
        for start in ev.of(each.entries(pass_over_damage=True), ev.RotationOpened)[:1]
    }


_ended: set[Path] = set()


def _plainly_closed(record: RecordFolder) -> bool:
    """Whether a line of the journal is the event of an end: years of records are passed over
    without parsing more than that line.

    An end is for ever: a process that goes through a fleet reads each of them once.
    """
    if record.path not in _ended:
        with suppress(j.JournalUnreadable):
            lines = j.content_of(record.path / j.FILE_NAME).split(b"\n")[:-1]
            if any(_ENDS.search(line) and _is_end(line) for line in lines):
                _ended.add(record.path)
    return record.path in _ended


_ENDS = re.compile(rb"rotation\.(?:closed|abandoned)")


def _is_end(line: bytes) -> bool:
    try:
        event = parse(line.decode()).event
    except (ValueError, KeyError, TypeError, RecursionError):
        return False
    return isinstance(event, ev.ENDS)
