"""Sameness without the secret: a keyed hash of the password, recorded wherever it stood in one
rotation.

HMAC-SHA256 under a random key of 256 bits, one a rotation, kept in the keyring while the rotation
is open and erased when its record is sealed. Equal commitments of one record were made of equal
passwords (else HMAC-SHA256 collides). They say nothing else: without the key no guess can be tried,
not even by whoever wrote the record, and two records cannot be compared. They prove what this
program held at these places, not what the portal or the target keep.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from releve.base.errors import ReleveError
from releve.base.secret import Secret
from releve.decision import events as ev
from releve.vault.entry import Entry
from releve.vault.keystore import Keystore


def _key(keystore: Keystore, run: str) -> Entry:
    return keystore.entry("commitment", run)


def commitment(keystore: Keystore, run: str, password: Secret) -> str:
    """ "KEY:HASH", the key by a name of its own: commitments compare only under one key. Raises a keyring's error."""
    entry = _key(keystore, run)
    key = entry.get()
    if key is None:
        entry.set(key := Secret(secrets.token_hex(32)))
    raw = bytes.fromhex(key.reveal())
    name = hashlib.sha256(b"releve key name" + raw).hexdigest()[:8]
    return f"{name}:{hmac.new(raw, password.reveal().encode(), hashlib.sha256).hexdigest()}"


def forget(keystore: Keystore, run: str) -> None:
    """Erase the key: from here on the commitments can only be compared. A keyring that refuses
    leaves it; that gives nothing away.
    """
    with suppress(ReleveError):
        _key(keystore, run).delete()


def same(commitments: list[str]) -> bool | None:
    """Whether they commit to one password; None when that cannot be told (one is missing, or the
    keys differ).
    """
    if not all(commitments) or len({each.split(":")[0] for each in commitments}) != 1:
        return None
    return len(set(commitments)) == 1


def sameness(entries: Sequence[ev.Entry]) -> dict[str, Any]:
    """The commitments of the password that counts, by place, and whether they are equal (None: that
    cannot be told).
    """
    places: dict[str, str] = {}
    for entry in entries:
        match entry.event:
            case ev.PendingStored():
                places = {"portal": entry.event.commitment, "keyring": entry.event.kept}
            case ev.TargetEntered():
                places[entry.event.target] = entry.event.commitment
            case ev.PromotionDone() if entry.event.commitment:
                places["keyring (current)"] = entry.event.commitment
    return {"commitments": places, "equal": same(list(places.values())) if places else None}
