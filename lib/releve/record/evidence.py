"""The evidence of a kernel whose notebook is saved by others (plain papermill, JupyterLab): its own
copy, and the seal.

`releve rotate` needs nothing of this: its engine writes the notebook into the record, and its
process seals it.
"""

from __future__ import annotations

import json
from pathlib import Path

from releve.base.disk import write_atomically
from releve.base.settings import Settings
from releve.record.folder import NOTEBOOK, RecordFolder, is_closed
from releve.record.seal import finish
from releve.record.transcript import Transcript
from releve.vault.keystore import Keystore


class Evidence:
    """Holds the record's folder from the opening on; released, with the process, if it never came
    to a seal.
    """

    def __init__(
        self, folder: RecordFolder, settings: Settings, keystore: Keystore, model: Path
    ) -> None:
        self._folder, self._settings, self._keystore = folder, settings, keystore
        self._model = json.loads(model.read_bytes())
        self._writing = folder.writing()
        self._writing.acquire()
        self._sealed = False
        folder.keep_earlier_notebook()

    def cell_ended(self, transcript: Transcript) -> None:
        """Write the copy anew; seal the record once the rotation has ended. Raises what `finish`
        raises; safe to repeat.
        """
        if self._sealed:
            return
        closed = is_closed(self._folder.entries())
        try:
            write_atomically(self._folder.path / NOTEBOOK, transcript.notebook(self._model))
        except PermissionError:  # somebody reads it on Windows, for long: the next one may do
            if closed:
                raise
        if closed:
            self._sealed = True
            try:
                finish(self._folder, self._settings, self._keystore)
            finally:
                self._writing.release()
