"""The register: one line a record, each signed by the machine that sealed it, with the hash of the
line before; the last line's hash is kept in the keyring too.

A line is canonical JSON (RFC 8785); its hash is the SHA-256 of its bytes without the end of line,
its signature (Ed25519, base64) is over the same line without the signature. Public keys stand
beside, `signers/ID.pem`; which of them are known is each reader's own (`vault.keys`). The keyring's
copy of the last hash is what shows a tail that was cut, and a register rewritten with all its
hashes: whoever can write here cannot write there. Lines of version 0.1 have no signature; none is
accepted behind a signed one.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from collections.abc import Collection, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import rfc8785
from filelock import FileLock

from releve.base import disk
from releve.base.errors import ReleveError
from releve.vault import keys
from releve.vault.entry import KeyringEntry
from releve.vault.keystore import Keystore

FILE_NAME, SIGNERS = "register.jsonl", "signers"
FIRST = "0" * 64  # what stands for the hash before the first line
LONGEST = 64 * 2**10  # bytes of a line
_KEYID = re.compile(r"[0-9a-f]{64}")


class NotSealed(ReleveError):
    """The disk refused the statement or the register's line. The record waits for the next command
    that seals.
    """

    code = 7


class RegisterDamaged(ReleveError):
    """The register does not hold the line that this machine knows as its last: nothing is added to
    it.
    """

    code = 7


def now() -> datetime:
    """This machine's clock."""
    return datetime.now(UTC)


def digest(line: bytes) -> str:
    """The hash of a line, without its end."""
    return hashlib.sha256(line).hexdigest()


def parse(line: bytes) -> dict[str, Any]:
    """A line's entry. Raises ValueError for anything but one object in canonical JSON."""
    try:
        entry = json.loads(line) if len(line) <= LONGEST else None
        if not isinstance(entry, dict) or rfc8785.dumps(entry) != line:
            raise ValueError("no canonical object")
    except (RecursionError, UnicodeError, rfc8785.CanonicalizationError) as error:
        raise ValueError("no canonical object") from error
    return entry


def signed_bytes(entry: dict[str, Any]) -> bytes:
    """What a line's signature is over."""
    return rfc8785.dumps({key: value for key, value in entry.items() if key != "signature"})


class Register:
    """One register file, shared by several writers (processes or machines): a lock file is held
    while a line is added. `more`: fingerprints that the reader's settings name; `noted`: those
    that were given for this check alone, beside which no other counts, not even at the school.
    """

    def __init__(
        self,
        outputs: Path,
        keystore: Keystore | None = None,
        more: Iterable[str] = (),
        noted: Iterable[str] = (),
    ) -> None:
        self.noted = frozenset(keys.short(each) for each in noted)
        self.path = outputs / FILE_NAME
        self._locks = outputs / ".locks"
        self._keystore = keystore
        self._more = frozenset(keys.short(each) for each in more)
        self._keys: dict[str, Any] = {}

    def lines(self) -> list[bytes]:
        """The whole lines; a missing file has none. Raises OSError for what is no plain file."""
        return disk.read_if_any(self.path).split(b"\n")[:-1]

    @cached_property
    def known(self) -> frozenset[str]:
        """The short fingerprints that this reader knows."""
        return keys.known_signers(self._keystore) | self._more | self.noted

    def signer_of(self, entry: dict[str, Any]) -> str:
        """The id of the key whose signature the entry carries; "" for an entry without one. Raises
        ValueError when it is false, FileNotFoundError when the public key is not beside.
        """
        from securesystemslib.exceptions import UnverifiedSignatureError
        from securesystemslib.signer import Signature

        keyid, given = entry.get("signer"), entry.get("signature")
        if keyid is None and given is None:
            return ""
        if not (isinstance(keyid, str) and _KEYID.fullmatch(keyid) and isinstance(given, str)):
            raise ValueError("no signature")
        signature = Signature(keyid, base64.b64decode(given, validate=True).hex())
        try:
            self.public_key(keyid).verify_signature(signature, signed_bytes(entry))
        except UnverifiedSignatureError as error:
            raise ValueError("another signature") from error
        return keyid

    def public_key(self, keyid: str) -> Any:
        """The key of that id, from beside the register. Raises FileNotFoundError, ValueError."""
        if keyid not in self._keys:
            path = self.path.parent / SIGNERS / f"{keyid}.pem"
            key = keys.read_public_key(disk.read(path, LONGEST))
            if key.keyid != keyid:
                raise ValueError("another key")
            self._keys[keyid] = key
        return self._keys[keyid]

    def find(self, name: str, kind: str = "record") -> dict[str, Any] | None:
        """The line of that kind for a record, as `find_all` has it."""
        return self.find_all({name}, kind).get(name)

    def find_all(
        self, names: Collection[str], kind: str = "record", *, anybody: bool = False
    ) -> dict[str, dict[str, Any]]:
        """The lines of that kind for these records, by name, if somebody whom this reader knows
        signed them, or if they stood there unsigned before the last line that this keyring knows.
        The last one, should there be more. `anybody`: a reader who knows nobody takes any signature
        that is right. Raises OSError for a register that is no plain file.
        """
        found = {}
        trusting = anybody and not self.known
        for line in (lines := self.lines()):
            with suppress(ValueError, OSError):
                entry = parse(line) if kind.encode() in line else {}
                if entry.get("kind") != kind or entry.get("record") not in names:
                    continue
                by = self.signer_of(entry)
                vouched = keys.short(by) in self.known if by else self._old(line, lines)
                if vouched or trusting:
                    found[str(entry["record"])] = entry
        return found

    def _old(self, line: bytes, lines: list[bytes]) -> bool:
        """Whether an unsigned line is version 0.1's: before the last line known here, which is
        then one of them or pins them.
        """
        hashes = [digest(each) for each in lines]
        known = self.known_head()
        return known in hashes and hashes.index(digest(line)) <= hashes.index(known)

    @property
    def head(self) -> KeyringEntry | None:
        """Where the keyring keeps the hash of the last line."""
        if self._keystore is None:
            return None
        return self._keystore.entry("register", str(self.path.parent.resolve()))

    def known_head(self) -> str | None:
        """The hash that the keyring keeps, or None when it keeps none or cannot be asked."""
        with suppress(ReleveError):
            return self.head.text() if self.head else None
        return None

    def append(self, *entries: dict[str, Any]) -> str:
        """Sign and add lines that this reader does not find there already; the head's hash. Raises
        `NotSealed`, `RegisterDamaged`, a keyring error.
        """
        assert self._keystore is not None  # who has no keyring only reads
        try:
            with self.locked():
                return self._append(entries, self._keystore)
        except OSError as error:
            raise NotSealed(path=self.path, why=disk.why(error)) from error

    def locked(self) -> FileLock:
        """Held while a line is added, or the machine's key is made. Raises OSError."""
        disk.make_folder(self._locks)
        modes = partial(disk.open_to, folder=self._locks)
        return FileLock(self._locks / "register.lock", thread_local=False, on_acquired=modes)

    def _append(self, entries: tuple[dict[str, Any], ...], keystore: Keystore) -> str:
        lines = self.lines()
        self._check(lines)
        if self.known_head() is None:
            self._meet(lines, keystore)
        signer = self.signer()
        new: list[bytes] = []
        for entry in entries:
            if entry.get("record") and self.find(entry["record"], entry["kind"]):
                continue
            line = {
                "v": 2,
                "n": len(lines) + len(new) + 1,
                "time": now().isoformat(timespec="seconds"),
                "previous": digest([*lines, *new][-1]) if lines or new else FIRST,
                "signer": signer.public_key.keyid,
            } | entry
            signature = signer.sign(rfc8785.dumps(line)).signature
            line["signature"] = base64.b64encode(bytes.fromhex(signature)).decode()
            new.append(rfc8785.dumps(line))
        if new:
            self._write(lines, b"".join(line + b"\n" for line in new))
        head = digest([*lines, *new][-1]) if lines or new else FIRST
        self._remember(head)
        return head

    def signer(self) -> Any:
        """This machine's signing key, whose public half is put beside the register. Raises a
        keyring error, OSError.
        """
        assert self._keystore is not None
        signer = keys.signer(self._keystore)
        path = self.path.parent / SIGNERS / f"{signer.public_key.keyid}.pem"
        pem = keys.public_pem(signer.public_key)
        if not disk.is_file(path) or disk.read(path) != pem:
            disk.make_folder(path.parent)
            disk.write_atomically(path, pem)
        return signer

    def _meet(self, lines: list[bytes], keystore: Keystore) -> None:
        """The first seal here: whoever signed before is known from now on, and nobody else."""
        met = set()
        for line in lines:
            with suppress(ValueError, OSError):
                met.add(self.signer_of(parse(line)))
        keys.know_signers(keystore, met - {""})

    def _check(self, lines: list[bytes]) -> None:
        known = self.known_head()
        if known not in (None, FIRST) and known not in map(digest, lines):
            raise RegisterDamaged(path=self.path)

    def _write(self, lines: list[bytes], content: bytes) -> None:
        """Behind the last whole line: a torn one (a power cut) was never an entry."""
        before = sum(len(line) + 1 for line in lines)
        with disk.append_to(self.path) as file:
            file.truncate(before)
            try:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                os.truncate(self.path, before)
                raise
        disk.fsync_folder(self.path.parent)

    def _remember(self, head: str) -> None:
        """After the line, so that the keyring never knows a line that is not there."""
        with suppress(ReleveError):  # a keyring that is away learns the head with the next line
            if self.head and self.known_head() != head:
                self.head.set_text(head)
