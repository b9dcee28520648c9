"""A file that an argument of a command named."""

from __future__ import annotations

from pathlib import Path

from releve.base import disk
from releve.base.disk import write_atomically
from releve.base.errors import UsageError


class NotWritten(UsageError):
    happened = "Le fichier {path} n'a pas pu être écrit ({why})."
    todo = "Choisissez un autre dossier, ou donnez-vous le droit d'y écrire."


def written(path: Path, content: str, encoding: str = "utf-8") -> None:
    """Write a file that an argument named, all or nothing. Raises `NotWritten`; safe to repeat."""
    try:
        write_atomically(path, content.encode(encoding))
    except OSError as error:
        raise NotWritten(path=path, why=disk.why(error)) from None
