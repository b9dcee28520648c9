"""The record's folder: its name, and how a rotation is found again."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from filelock import BaseFileLock, FileLock

from releve.base.errors import ReleveError
from releve.decision import events as ev
from releve.decision import journal as j

NOTEBOOK, CAPTURES, PAGE = "rotation.ipynb", "captures", "record.html"
QUARANTINE = "-quarantaine"  # behind the name of a folder in which a secret was found
_NAME = re.compile(rf"(\d{{4}}-\d{{2}}-\d{{2}}_\d{{6}})_(\d{{14}})_(\w+)(?:{QUARANTINE})?")


class RecordUnwritable(ReleveError):
    """The folder of records cannot be written in. Nothing was begun."""

    happened = "Relève ne peut pas écrire dans le dossier des rotations {folder} ({why})."
    safe = "Rien n'a été commencé : Relève n'agit jamais sans pouvoir le noter."
    todo = (
        "Libérez de la place ou rendez le dossier accessible en écriture (ou choisissez-en un autre"
        " avec --outputs), puis relancez."
    )


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
        run = secrets.token_hex(4)
        return cls(
            outputs / f"{datetime.now().astimezone():%Y-%m-%d_%H%M%S}_{siret}_{run}", siret, run
        )

    @classmethod
    def at(cls, path: Path) -> RecordFolder | None:
        """The record folder of that name, or None when it is not one."""
        match = _NAME.fullmatch(path.name)
        return cls(path, match[2], match[3]) if match else None

    def make(self) -> None:
        """Make the folder on the disk. Raises `RecordUnwritable`; safe to repeat."""
        try:
            (self.path / CAPTURES).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RecordUnwritable(
                folder=self.path.parent, why=error.strerror or type(error).__name__
            ) from error

    @property
    def quarantined(self) -> bool:
        """A secret was found in it: it is history, and no evidence to hand on."""
        return self.path.name.endswith(QUARANTINE)

    @property
    def aside(self) -> RecordFolder:
        """The same folder once it is put aside."""
        return replace(
            self, path=self.path.with_name(self.path.name.removesuffix(QUARANTINE) + QUARANTINE)
        )

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

    def saving(self) -> BaseFileLock:
        """The lock of one save of the notebook, and of the seal while it reads: what is hashed is
        what stays. Waits for a minute.
        """
        return self._lock(f"{self.run}.save.lock", timeout=60)

    def _lock(self, name: str, timeout: float) -> BaseFileLock:
        locks = self.path.parent / ".locks"
        locks.mkdir(parents=True, exist_ok=True)
        return FileLock(locks / name, timeout=timeout, thread_local=False)

    def entries(self, *, pass_over_damage: bool = False) -> list[ev.Entry]:
        """The journal's entries. Raises `JournalUnreadable`, unless damage is to be passed over."""
        return j.read(self.path / j.FILE_NAME, pass_over_damage=pass_over_damage)


def all_records(outputs: Path) -> Iterator[RecordFolder]:
    """Every record folder, the oldest first, that has a journal."""
    for path in sorted(outputs.glob("*_*_*_*")):
        record = RecordFolder.at(path)
        if record and (path / j.FILE_NAME).exists():
            yield record


def opened(entries: list[ev.Entry]) -> ev.RotationOpened | None:
    """How the rotation was opened; None for a journal that never got so far."""
    return next(
        (entry.event for entry in entries if isinstance(entry.event, ev.RotationOpened)), None
    )


def is_closed(entries: list[ev.Entry]) -> bool:
    """Whether the rotation is closed or abandoned."""
    return any(
        isinstance(entry.event, ev.RotationClosed | ev.RotationAbandoned) for entry in entries
    )


def outcome(entries: list[ev.Entry]) -> str:
    """How an ended rotation ended, for ever; "" while it is open."""
    last = next(
        (e.event for e in entries if isinstance(e.event, ev.RotationClosed | ev.RotationAbandoned)),
        None,
    )
    return last.outcome if isinstance(last, ev.RotationClosed) else "abandoned" if last else ""


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
        if (
            first
            and not first.rehearsal
            and not is_closed(entries)
            and account in (None, first.account)
        ):
            found.append(record)
    return found


_ended: set[Path] = set()


def _plainly_closed(record: RecordFolder) -> bool:
    """Whether the journal's bytes hold the event of an end: years of records are passed over
    without parsing them.

    An end is for ever: a process that goes through a fleet reads each of them once.
    """
    if record.path not in _ended:
        content = (record.path / j.FILE_NAME).read_bytes()
        if any(
            b'"event": "%s"' % kind.kind.encode() in content
            for kind in (ev.RotationClosed, ev.RotationAbandoned)
        ):
            _ended.add(record.path)
    return record.path in _ended
