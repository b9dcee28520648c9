"""The executed notebook in a rotation's record: its own kernel writes it, whoever runs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from filelock import Timeout

from releve.base import disk
from releve.base.errors import ReleveError
from releve.record.folder import NOTEBOOK, RecordFolder, is_closed
from releve.record.transcript import Transcript

SEAL_SECONDS = 60  # another command that finishes what was left over holds the folder meanwhile


class NotebookUnwritable(ReleveError):
    """The executed notebook could not be saved."""


class Evidence:
    """Writes `base`, a notebook in nbformat 4, with what the transcript adds to it; `signed` is
    told each content. With `seal`, the record is sealed here once the rotation is closed, and
    `told` hears how that ended; without, by whoever runs the kernel.

    Raises `NotebookUnwritable` where not even the beginning can be written.
    """

    def __init__(
        self,
        folder: RecordFolder,
        transcript: Transcript,
        base: dict[str, Any],
        signed: Callable[[bytes], None] | None = None,
        seal: Callable[[], object] | None = None,
    ) -> None:
        self._folder, self._transcript, self._base = folder, transcript, base
        self._signed, self._seal, self._over = signed, seal, False
        self.told: Callable[[ReleveError | None], None] | None = None
        self._writing = folder.writing()
        if seal is not None:
            try:
                self._writing.acquire(timeout=SEAL_SECONDS)
            except Timeout:
                why = "un autre programme y travaille"
                raise NotebookUnwritable(folder=folder.path, why=why) from None
        if (error := self._write()) is not None:
            self.release()
            raise error

    def changed(self, cell_ended: bool) -> ReleveError | None:
        """Write the notebook anew; once the rotation is closed, seal. Returns what could not be
        done at that end: until then the next cell writes again. Safe to repeat.
        """
        if self._over:
            return None
        error: ReleveError | None = self._write()
        if not cell_ended or not is_closed(self._folder.entries()):
            return None
        try:
            if error is not None:
                error.code = 7
            elif self._seal is not None:
                self._seal()
        except ReleveError as fault:
            error = fault
        finally:  # after an interrupt too: the next command finishes it
            self.release()
        if self.told is None:
            return error
        self.told(error)
        return None

    def release(self) -> None:
        """This kernel writes no more: others may seal the folder. Safe to repeat."""
        self._over = True
        self._writing.release()

    def _write(self) -> NotebookUnwritable | None:
        content = self._transcript.notebook(self._base)
        try:
            disk.write_atomically(self._folder.path / NOTEBOOK, content)
        except OSError as error:
            return NotebookUnwritable(folder=self._folder.path, why=disk.why(error))
        if self._signed is not None:
            self._signed(content)
        return None
