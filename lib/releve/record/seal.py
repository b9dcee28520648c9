"""The seal: when a rotation ends, its folder is searched, described by a signed statement, and
entered in the register.

Everything here may be done again: a seal, a quarantine or a purge that was killed at any instant is
finished by the next command (`finish_left_over`). Only what this user's keyring vouches for is
sealed: a journal that somebody else wrote or changed is told, and stays as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from filelock import Timeout

from releve.base import disk
from releve.base.errors import ReleveError
from releve.base.held import patiently, remove_folder
from releve.base.settings import Settings
from releve.decision import events as ev
from releve.decision import journal as j
from releve.record import search, timestamp
from releve.record.contents import STATEMENT
from releve.record.folder import QUARANTINE, RecordFolder, all_records, is_closed, opened
from releve.record.page import write_page
from releve.record.register import NotSealed, Register
from releve.record.statement import SIGNER, seal_bytes, statement
from releve.record.view import as_told, is_training
from releve.record.vouching import vouched
from releve.vault import keys
from releve.vault.keystore import Keystore


class NotVouched(NotSealed):
    """The journal is not what this user's keyring vouches for: sealing it would be signing what
    somebody else wrote.
    """


def finish(folder: RecordFolder, settings: Settings, keystore: Keystore) -> RecordFolder:
    """Seal an ended rotation's record: page, search, statement, register, timestamp. One still open
    only gets its page.

    Raises `SecretFound` (then the folder was renamed), `RegisterDamaged`, `NotSealed`,
    `NotVouched`, `PageUnwritable`, a keyring error. Safe to repeat.
    """
    entries = folder.entries(pass_over_damage=True)
    register, start = registered_in(settings, keystore), opened(entries)
    if start is None or not is_closed(entries):
        write_page(folder.path)
        return folder
    if register.find(folder.path.name) is None:
        if not vouched(folder, keystore):
            raise NotVouched(path=folder.path, why="")
        try:
            _seal(folder, start, register, settings, keystore)
        except (OSError, ValueError) as error:
            path = getattr(error, "filename", None) or folder.path
            raise NotSealed(path=path, why=disk.why(error)) from error
    elif folder.sealing_file.exists():
        _forget(folder, keystore)
    timestamp.catch_up(register, settings.record.timestamp_url)
    return folder


def registered_in(settings: Settings, keystore: Keystore | None) -> Register:
    """The register of these settings, with the signers that they name."""
    return Register(settings.record.folder, keystore, settings.record.signers)


def is_over(run: str, settings: Settings, keystore: Keystore) -> bool:
    """Whether a rotation of these records is closed, as far as the register or this keyring vouches
    for it.
    """
    register = registered_in(settings, keystore)
    named = (each for each in all_records(settings.record.folder) if each.run == run)
    return any(
        is_closed(each.entries(pass_over_damage=True))
        and (register.find(each.path.name) is not None or vouched(each, keystore))
        for each in named
    )


def _seal(
    folder: RecordFolder,
    start: ev.RotationOpened,
    register: Register,
    settings: Settings,
    keystore: Keystore,
) -> None:
    search.learn(keystore, settings, start.account)
    with register.locked():
        signer = register.signer()
    with suppress(j.JournalUnreadable):  # a damaged journal has no page, and is sealed as it is
        write_page(folder.path, signer=keys.shown(signer.public_key.keyid))
    entry = _entry(folder, start)
    with folder.sealing():
        folder.sweep()
        disk.write_atomically(folder.path / SIGNER, keys.public_pem(signer.public_key))
        if found := search.search(folder.path):
            raise _put_aside(folder, found, entry, register)
        content = seal_bytes(statement(folder), signer)
        disk.write_atomically(folder.path / STATEMENT, content)
        sealed = hashlib.sha256(content).hexdigest()
        register.append(entry | {"kind": "record", "statement": sealed})
        keys.forget_rotation_key(keystore, folder.run)
    _forget(folder, keystore)


def _entry(folder: RecordFolder, start: ev.RotationOpened) -> dict[str, Any]:
    entries = folder.entries(pass_over_damage=True)
    entry: dict[str, Any] = {
        "record": folder.path.name.removesuffix(QUARANTINE),
        "run": folder.run,
        "structure": start.structure,
        "account": start.account,
        "training": is_training(entries),
        "outcome": as_told(entries).facts.outcome,
    }
    return entry | ({"timestamp": "asked"} if start.timestamp else {})


def _put_aside(
    folder: RecordFolder, found: list[search.Leak], entry: dict[str, Any], register: Register
) -> search.SecretFound:
    """Entered first, so that a kill leaves a line without its folder, never a folder that vanishes
    unseen; a register that refuses does not keep the secret under a record's name.
    """
    try:
        register.append(entry | {"kind": "quarantine"})
    finally:
        error = search.quarantine(folder, found)
    return error


def _forget(folder: RecordFolder, keystore: Keystore) -> None:
    """The record is sealed, and its key vouches for nothing any more. The lock's file goes last: as
    long as it is there, the next command does this again.
    """
    keys.forget_rotation_key(keystore, folder.run)
    with suppress(OSError):
        folder.sealing_file.unlink(missing_ok=True)


class LeftOver(NamedTuple):
    """What was finished late, in French words for whoever is there, and what could not be."""

    told: list[str]
    faults: list[ReleveError]


def finish_left_over(settings: Settings, keystore: Keystore) -> LeftOver:
    """Finish what an ended process left: seals, quarantines, purges, keys; and timestamp what an
    authority could not. Cheap when nothing is left.
    """
    register, left = registered_in(settings, keystore), LeftOver([], [])
    try:
        named = b"\n".join(register.lines())
    except OSError as error:  # one for all records: nothing is sealed without a register
        return LeftOver([], [NotSealed(path=register.path, why=disk.why(error))])
    for folder in (*all_records(settings.record.folder), *_half_gone(register, named)):
        name = folder.path.name.removesuffix(QUARANTINE)
        begun = folder.sealing_file.exists() or _has_more_lines(name, named)
        if name.encode() in named and not begun:
            continue
        try:
            with folder.writing():
                left.told.extend(_finish_one(folder, register, settings, keystore))
        except Timeout:
            continue
        except ReleveError as error:
            left.faults.append(error)
        except OSError as error:  # a folder that knows no locks, say
            left.faults.append(NotSealed(path=folder.path, why=disk.why(error)))
    timestamp.catch_up(register, settings.record.timestamp_url)
    return left


def _half_gone(register: Register, named: bytes) -> Iterator[RecordFolder]:
    """Folders that a purge which was killed had begun to empty: their journal may be gone first."""
    for path in register.path.parent.glob("[0-9]*_*_*_*"):
        folder = RecordFolder.at(path)
        emptied = disk.is_folder(path) and not disk.is_file(path / j.FILE_NAME)
        if folder and emptied and _has_more_lines(path.name, named):
            yield folder


def _has_more_lines(name: str, named: bytes) -> bool:
    """More than its record's line: a quarantine's, or a purge's."""
    return any(
        name.encode() in line and b'"kind":"record"' not in line for line in named.splitlines()
    )


def _finish_one(
    folder: RecordFolder, register: Register, settings: Settings, keystore: Keystore
) -> list[str]:
    name = folder.path.name.removesuffix(QUARANTINE)
    if purged := register.find(name, "purge"):
        if keys.own_keyid(keystore) != purged.get("signer"):
            return []  # whoever entered it finishes it: nobody deletes at another's word
        destroy(folder)
        return [f"Le dossier {name}, inscrit comme détruit, l'est maintenant tout à fait."]
    if register.find(name, "quarantine"):
        if folder.quarantined:
            return []
        patiently(lambda: folder.path.rename(folder.aside.path))
        return [f"Le dossier {name}, qui contient un secret, est maintenant mis à l'écart."]
    if register.find(name):
        _forget(folder, keystore)
        return []
    start = opened(entries := folder.entries(pass_over_damage=True))
    if start is None or not is_closed(entries) or not _can_seal(folder, keystore):
        return []
    if folder.quarantined:
        register.append(_entry(folder, start) | {"kind": "quarantine"})
        return [f"La mise à l'écart du dossier {name} est maintenant inscrite au registre."]
    finish(folder, settings, keystore)
    return [f"Le dossier {name} n'était pas achevé : il l'est maintenant."]


def _can_seal(folder: RecordFolder, keystore: Keystore) -> bool:
    """Whether this keyring has the rotation's key at all; another's record is another's to seal.
    Raises `NotVouched` when it has, and the journal is not what it vouches for.
    """
    if keys.rotation_key(keystore, folder.run) is None:
        return False
    if not vouched(folder, keystore):
        raise NotVouched(path=folder.path, why="")
    return True


def destroy(folder: RecordFolder) -> None:
    """Delete a record's folder, and nothing that a link in it shows. Raises `NotSealed` when the
    disk refuses; safe to repeat.
    """
    if not disk.is_folder(folder.path):
        return
    try:
        remove_folder(folder.path)
    except OSError as error:
        path: Path | str = error.filename or folder.path
        raise NotSealed(path=path, why=disk.why(error)) from error
