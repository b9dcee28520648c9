"""The search before the seal: no secret of the rotation stands in any byte of its folder, nor shows
through in a picture.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ahocorasick_rs import BytesAhoCorasick

from releve.base import disk
from releve.base.errors import ReleveError
from releve.base.held import patiently
from releve.base.secret import encodings_in_bytes, registered
from releve.base.settings import Settings
from releve.record import picture
from releve.record.folder import RecordFolder
from releve.vault.keystore import Keystore
from releve.vault.slots import Slot


class SecretFound(ReleveError):
    """The record cannot be sealed: a file holds a secret. The folder is renamed, and nothing in it
    was deleted.
    """

    code = 7


@dataclass(frozen=True)
class Leak:
    """A file (its path in the folder) and what is wrong: "secret" or "picture" (a blanked place
    that is not blank).
    """

    file: str
    what: str


def learn(keystore: Keystore, settings: Settings, account: str) -> None:
    """Register every secret that a rotation of `account` may have met, as far as the keyring gives
    them.
    """
    learn_login(keystore, settings)
    learn_new(keystore, account)


def learn_login(keystore: Keystore, settings: Settings) -> None:
    """Those that are the same for every account; where a person logs in herself, none of hers."""
    entries = [
        entry(login)
        for login in settings.logins
        for entry in (keystore.portal_password, keystore.otp_seed)
        if settings.portal.sign_in == "keyring"
    ]
    if settings.piste:
        entries.append(keystore.piste_secret(settings.piste.client_id))
    for entry in entries:
        with suppress(ReleveError):
            entry.get()


def learn_new(keystore: Keystore, account: str) -> None:
    """The same, of those that come into being during a rotation."""
    for slot in Slot:
        with suppress(ReleveError):
            keystore.slots(account).read(slot)


def search(folder: Path) -> list[Leak]:
    """Every file of the folder in which a registered secret stands in a usual encoding, names
    included, no word excepted; every picture that shows one. Raises OSError for a file that is
    longer than any of ours: what cannot be searched is not sealed.
    """
    forms = {form for value in registered() for form in encodings_in_bytes(value)}
    # all of them in one reading: there are hundreds, for megabytes of pictures
    finder = BytesAhoCorasick(sorted(forms))
    return [
        found
        for path in sorted(folder.rglob("*"))
        for found in _search(path, path.relative_to(folder).as_posix(), finder)
    ]


def _search(path: Path, name: str, finder: BytesAhoCorasick) -> Iterator[Leak]:
    content = disk.read(path) if disk.is_file(path) else b""  # a link is the check's to name
    if finder.find_matches_as_indexes(content) or finder.find_matches_as_indexes(os.fsencode(name)):
        yield Leak(name, "secret")
    if content.startswith(b"\x89PNG"):
        try:
            bad = picture.uneven(content)
        except OSError:
            bad = []
        if bad:
            yield Leak(name, "picture")


def quarantine(folder: RecordFolder, found: list[Leak]) -> SecretFound:
    """Rename the folder so that nobody takes it for a record; the error to raise."""
    patiently(lambda: folder.path.rename(folder.aside.path))
    return SecretFound(files=", ".join(each.file for each in found), path=folder.aside.path)
