"""The settings' file changed by a program: comments, order and line ends stay, and the new text is
read as settings before it replaces the old one, whole or not at all.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import tomlkit

from releve.base import disk
from releve.base.disk import write_atomically
from releve.base.errors import ReleveError, UsageError
from releve.base.settings import load


class SettingsNotWritten(UsageError):
    pass


def edit(path: Path, change: Callable[[tomlkit.TOMLDocument], None]) -> None:
    """Have `change` change the file's document. Raises `SettingsNotWritten`; safe to repeat."""
    path = path.resolve()
    try:
        before = path.read_bytes()
        content = _changed(before, change)
        _check(content)
        if content != before:
            mode = path.stat().st_mode
            write_atomically(path, content)
            path.chmod(mode)
    except OSError as error:
        raise SettingsNotWritten(path=path, why=disk.why(error)) from error
    except (ReleveError, ValueError) as error:
        raise SettingsNotWritten(path=path, why="le résultat ne serait pas correct") from error


def _changed(content: bytes, change: Callable[[tomlkit.TOMLDocument], None]) -> bytes:
    text = content.decode()  # a byte order mark, as Windows' Notepad writes it, is kept apart
    mark, text = ("\ufeff", text[1:]) if text.startswith("\ufeff") else ("", text)
    document = tomlkit.parse(text)
    change(document)
    after = tomlkit.dumps(document).rstrip() + "\n"
    if "\r\n" in text:
        after = after.replace("\r\n", "\n").replace("\n", "\r\n")
    return (mark + after).encode()


def _check(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder, "releve.toml")
        trial.write_bytes(content)
        load(trial)
