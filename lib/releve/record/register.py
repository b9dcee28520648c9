"""The register: one line a record, each with the hash of the line before; the last line's hash is
kept in the keyring too.

A line is canonical JSON (RFC 8785); its hash is the SHA-256 of its bytes without the end of line.
The keyring's copy is what shows a tail that was cut, and a register rewritten with all its hashes:
whoever can write here cannot write there.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import rfc8785
from filelock import FileLock

from releve.base.disk import fsync_folder
from releve.base.errors import ReleveError
from releve.vault.entry import Entry
from releve.vault.keystore import Keystore

FILE_NAME = "register.jsonl"
FIRST = "0" * 64  # what stands for the hash before the first line


class NotSealed(ReleveError):
    """The disk refused the statement or the register's line. The record waits for the next command,
    which seals it.
    """

    code = 7
    happened = "Le dossier de la rotation n'a pas pu être scellé : {path} ne s'écrit pas ({why})."
    safe = "La rotation elle-même est terminée et notée dans son journal ; rien n'est perdu."
    todo = (
        "Libérez de la place ou rendez le dossier accessible en écriture : la prochaine commande"
        " scellera ce dossier."
    )


class RegisterDamaged(ReleveError):
    """The register does not hold the line that this machine knows as its last: nothing is added to
    it.
    """

    code = 7
    happened = "Le registre {path} a été modifié ou coupé depuis la dernière inscription."
    safe = (
        "Le dossier de la rotation est complet, mais il n'est pas inscrit : Relève n'ajoute rien à"
        " un registre abîmé."
    )
    todo = (
        "Rétablissez le registre depuis une sauvegarde, puis lancez « releve verify », qui dit ce"
        " qui manque et inscrit ce qui attend."
    )


def digest(line: bytes) -> str:
    """The hash of a line, without its end."""
    return hashlib.sha256(line).hexdigest()


class Register:
    """One register file, shared by several writers (processes or machines): a lock file is held
    while a line is added.
    """

    def __init__(self, outputs: Path, keystore: Keystore | None = None) -> None:
        self.path = outputs / FILE_NAME
        self._lock_path = outputs / ".locks" / "register.lock"
        self._keystore = keystore

    def lines(self) -> list[bytes]:
        """The whole lines; a missing file has none."""
        return self.path.read_bytes().split(b"\n")[:-1] if self.path.exists() else []

    def records(self) -> dict[str, dict[str, Any]]:
        """The entry of each record, by the folder's name, as far as the lines can be read."""
        found = {}
        for line in self.lines():
            with suppress(ValueError):
                entry = json.loads(line)
                found[str(entry.get("record"))] = entry
        return found

    @property
    def head(self) -> Entry | None:
        """Where the keyring keeps the hash of the last line."""
        return (
            self._keystore.entry("register", str(self.path.parent.resolve()))
            if self._keystore
            else None
        )

    def known_head(self) -> str | None:
        """The hash that the keyring keeps, or None when it keeps none or cannot be asked."""
        with suppress(ReleveError):
            return self.head.text() if self.head else None
        return None

    def append(self, *entries: dict[str, Any]) -> str:
        """Add lines that name no record that is there already; the head's hash. Raises `NotSealed`,
        `RegisterDamaged`.
        """
        try:
            self._lock_path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self._lock_path, thread_local=False):
                return self._append(entries)
        except OSError as error:
            raise NotSealed(path=self.path, why=error.strerror or type(error).__name__) from error

    def _append(self, entries: tuple[dict[str, Any], ...]) -> str:
        lines, known = (
            self.lines(),
            {(each.get("kind"), name) for name, each in self.records().items()},
        )
        self._check(lines)
        new: list[bytes] = []
        for entry in entries:
            if (entry["kind"], entry["record"]) not in known:
                line: dict[str, Any] = {
                    "v": 1,
                    "n": len(lines) + len(new) + 1,
                    "time": datetime.now(UTC).isoformat(timespec="seconds"),
                }
                line |= entry | {"previous": digest([*lines, *new][-1]) if lines or new else FIRST}
                new.append(rfc8785.dumps(line))
        if new:
            self._write(b"".join(line + b"\n" for line in new))
        head = digest([*lines, *new][-1]) if lines or new else FIRST
        self._remember(head)
        return head

    def _check(self, lines: list[bytes]) -> None:
        known = self.known_head()
        if known not in (None, FIRST) and known not in map(digest, lines):
            raise RegisterDamaged(path=self.path)

    def _write(self, content: bytes) -> None:
        """Behind the last whole line: a torn one (a power cut) was never an entry."""
        with open(self.path, "ab") as file:
            before = sum(len(line) + 1 for line in self.lines())
            file.truncate(before)
            try:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                os.truncate(self.path, before)
                raise
        fsync_folder(self.path.parent)

    def _remember(self, head: str) -> None:
        """After the line, so that the keyring never knows a line that is not there."""
        with suppress(ReleveError):  # a keyring that is away learns the head with the next line
            if self.head and self.known_head() != head:
                self.head.set_text(head)
