"""Where the records are, on this machine: in the person's documents, unless the settings or the
command say otherwise.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import platformdirs

from releve.base.disk import write_atomically
from releve.base.errors import UsageError
from releve.base.settings import default_path, load
from releve.jupyter import OUTPUTS_ENVIRONMENT

_TABLE = re.compile(r"^\[record\][^\n]*\n(?:(?!\[).*\n?)*", re.MULTILINE)
_FOLDER = re.compile(r"^folder\s*=.*$", re.MULTILINE)


class NoSuchFolder(UsageError):
    happened = "Le dossier {folder} n'existe pas, ou n'est pas un dossier."
    safe = "Rien n'a été changé."
    todo = "Ouvrez-le dans l'explorateur de fichiers, copiez son adresse, et collez-la ici."


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
    """Note in the settings file that the records are in that folder. Raises `NoSuchFolder`; then
    nothing is changed.
    """
    folder = Path(typed.strip().strip('"')).expanduser()
    if not folder.is_absolute() or not folder.is_dir():
        raise NoSuchFolder(folder=typed)
    line = f"folder = {json.dumps(str(folder), ensure_ascii=False)}"
    text = settings.read_text(encoding="utf-8")
    table = _TABLE.search(text)
    if table is None:
        text = f"{text.rstrip()}\n\n[record]\n{line}\n"
    else:
        kept = _FOLDER.sub("", table[0]).partition("\n")[2].strip()
        text = text.replace(table[0], f"[record]\n{line}\n{kept}\n\n".replace("\n\n\n", "\n\n"))
    write_atomically(settings, text.encode())
