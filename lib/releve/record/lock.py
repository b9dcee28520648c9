"""One rotation at a time for each technical account, across processes and across machines that
share `outputs/`.

The operating system holds the lock, so it falls with the process (or with the machine, by the file
server): nothing is left to guess from a stale file. Who holds it stands beside it, for people.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout

from releve.base import disk
from releve.base.account import folded
from releve.base.errors import ReleveError
from releve.base.windows import is_synchronised
from releve.decision.line import moment
from releve.record.folder import RecordUnwritable

NO_SUCH_CALL = {1, 50}  # Windows' ERROR_INVALID_FUNCTION, ERROR_NOT_SUPPORTED


class AccountBusy(ReleveError):
    """Somebody else has this account in hand. Nothing was begun; try again when they are done."""


@dataclass(frozen=True)
class Holder:
    """Who holds a lock: "name@machine", the process, and since when (UTC, ISO 8601)."""

    actor: str
    pid: int
    since: str


class AccountLock:
    """The lock of one technical account in one folder of records. Hold it for the whole life of a
    rotation in this process.
    """

    def __init__(self, outputs: Path, account: str) -> None:
        self._folder = folder = _place(outputs)
        name = re.sub(r"[^\w.@-]", "_", folded(account))
        self.account = account
        # A folder that knows no locks is refused: a file that merely exists would outlive a machine
        # that died.
        self._lock = FileLock(
            folder / f"{name}.lock",
            timeout=0,
            thread_local=False,
            fallback_to_soft=False,
            on_acquired=partial(disk.open_to, folder=folder),
        )
        self._who = folder / f"{name}.json"

    def acquire(self, actor: str) -> Holder | None:
        """Take the lock at once or raise `AccountBusy` (or `RecordUnwritable`). Returns the holder
        that died with it in hand, if any.
        """
        self._take()
        dead = self._holder()
        holder = Holder(actor, os.getpid(), datetime.now(UTC).isoformat(timespec="seconds"))
        with suppress(OSError):  # only for people: the lock holds without it
            disk.write_atomically(self._who, json.dumps(asdict(holder)).encode())
        return dead

    def check(self) -> None:
        """Raise what `acquire` would, and change nothing: who died with the lock in hand stays
        written.
        """
        self._take()
        self._lock.release()

    def _take(self) -> None:
        try:
            disk.make_folder(self._folder)
            self._lock.acquire()
        except Timeout:
            holder = self._holder()
            local = datetime.fromisoformat(holder.since).astimezone() if holder else None
            who = f"{holder.actor} (processus {holder.pid})" if holder else "un autre programme"
            since = f"{local:%d/%m/%Y à %H:%M}" if local else "un instant"
            raise AccountBusy(account=self.account, actor=who, since=since) from None
        except OSError as error:
            why = (
                "ce dossier ne sait pas verrouiller un fichier"
                if error.errno == errno.ENOSYS or getattr(error, "winerror", 0) in NO_SUCH_CALL
                else disk.why(error)
            )
            raise RecordUnwritable(folder=self._folder.parent, why=why) from error

    def release(self) -> None:
        """Let the lock go. Safe to repeat."""
        if self._lock.is_locked:
            with suppress(OSError):
                self._who.unlink(missing_ok=True)
            self._lock.release()

    def _holder(self) -> Holder | None:
        try:
            holder = Holder(**json.loads(disk.read(self._who, 4096)))
            moment(holder.since)
            return holder
        except (OSError, ValueError, TypeError):
            return None


def _place(outputs: Path) -> Path:
    """Beside the records; where OneDrive copies them, on this machine: its client would hold the
    locks' files, and a lock never reaches another machine that way.
    """
    if not is_synchronised(outputs):
        return outputs / ".locks"
    name = hashlib.sha256(os.path.normcase(outputs.absolute()).encode()).hexdigest()[:16]
    return platformdirs.user_state_path("releve", appauthor=False) / "locks" / name
