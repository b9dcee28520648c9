"""Where the records are, on this machine: in the person's documents, unless the settings or the
command say otherwise.
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs
import tomlkit

from releve.base.errors import UsageError
from releve.base.places import default_path
from releve.base.settings import load
from releve.base.settings_file import edit
from releve.jupyter import OUTPUTS_ENVIRONMENT


class NoSuchFolder(UsageError):
    pass


def at_home() -> Path:
    """Where the first settings put them: a copy of the program that is thrown away takes no
    evidence with it.
    """
    return platformdirs.user_documents_path() / "Relève"


def records() -> Path:
    """The folder of the records: the command's, else the settings', else the person's documents.
    Raises `SettingsError`; nothing is created.
    """
    if named := os.environ.get(OUTPUTS_ENVIRONMENT):
        return Path(named)
    return load().record.folder if default_path().exists() else at_home()


def moved(settings: Path, typed: str) -> None:
    """Note in the settings file that the records are in that folder. Raises `NoSuchFolder`,
    `SettingsNotWritten`; then nothing is changed.
    """
    folder = Path(typed.strip().strip('"')).expanduser()
    if not folder.is_absolute() or not folder.is_dir():
        raise NoSuchFolder(folder=typed)

    def change(document: tomlkit.TOMLDocument) -> None:
        document.setdefault("record", {})["folder"] = str(folder)

    edit(settings, change)
