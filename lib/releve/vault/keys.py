"""The keys that vouch for what stands under `outputs/`, all in this user's keyring.

A rotation's key (`releve/rotation`, user = run id) authenticates its journal while it is open; the
machine's Ed25519 key (`releve/signing`) signs what is sealed; `releve/signers` is the list of the
keys that this user knows: its own, and those seen in a folder before the first seal there.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from releve.base.errors import ReleveError
from releve.base.secret import Secret
from releve.vault.entry import KeyringEntry
from releve.vault.keystore import Keystore

if TYPE_CHECKING:  # imported where they are used: most commands sign nothing
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from securesystemslib.signer import CryptoSigner, SSlibKey

SHOWN = 32  # hexadecimal digits of a fingerprint for people, and in the list: 128 bits


def rotation_key(keystore: Keystore, run: str) -> bytes | None:
    """The key of that rotation, or None when this keyring has none. Raises a keyring error."""
    return _held(keystore, run)[0]


def make_rotation_key(keystore: Keystore, run: str) -> bytes:
    """A new key for that rotation, kept before it is used. Raises a keyring error."""
    key = secrets.token_bytes(32)
    _rotation(keystore, run).set(Secret(key.hex()))
    return key


def announce(keystore: Keystore, run: str, attempt: int) -> None:
    """Beside the key: the click of `attempt` comes next. Raises a keyring error."""
    key, _ = _held(keystore, run)
    if key is not None:
        _rotation(keystore, run).set_text(f"{key.hex()} {attempt}")


def announced(keystore: Keystore, run: str) -> int:
    """The latest click that was announced; 0 before the first. Raises a keyring error."""
    return _held(keystore, run)[1]


def _held(keystore: Keystore, run: str) -> tuple[bytes | None, int]:
    key, _, attempt = (_rotation(keystore, run).text() or "").partition(" ")
    try:
        return (bytes.fromhex(Secret(key).reveal()) if key else None), int(attempt or 0)
    except ValueError:
        return None, 0


def forget_rotation_key(keystore: Keystore, run: str) -> None:
    """The rotation is sealed. Safe to repeat; a keyring that is away keeps it for the next try."""
    with suppress(ReleveError):
        _rotation(keystore, run).delete()


def _rotation(keystore: Keystore, run: str) -> KeyringEntry:
    return keystore.entry("rotation", run)


def signer(keystore: Keystore) -> CryptoSigner:
    """This machine's signing key, made at the first call. Whoever calls holds a lock: two processes
    must not make two. Raises a keyring error.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from securesystemslib.signer import CryptoSigner

    entry = _signing(keystore)
    if (kept := entry.get()) is None:
        entry.set(Secret(secrets.token_bytes(32).hex()))
        kept = entry.require()
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(kept.reveal()))
    return CryptoSigner(private, _named(private.public_key()))


def own_keyid(keystore: Keystore) -> str:
    """The id of this machine's key; "" when it has none yet, or the keyring cannot be asked."""
    with suppress(ReleveError, ValueError):
        if _signing(keystore).text() is not None:
            return str(signer(keystore).public_key.keyid)
    return ""


def _signing(keystore: Keystore) -> KeyringEntry:
    return keystore.entry("signing", "ed25519")


def _named(key: Ed25519PublicKey) -> SSlibKey:
    """A public key with its id: what `openssl pkey -pubin -outform DER | sha256sum` prints, the
    SHA-256 of its SubjectPublicKeyInfo.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from securesystemslib.signer import SSlibKey

    info = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return SSlibKey.from_crypto(key, hashlib.sha256(info).hexdigest())


def public_pem(key: SSlibKey) -> bytes:
    """A public key as `openssl` reads it."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    raw = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.keyval["public"]))
    return raw.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def read_public_key(pem: bytes) -> SSlibKey:
    """A public key from its PEM file. Raises ValueError for anything but an Ed25519 key."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        found = load_pem_public_key(pem)
    except UnsupportedAlgorithm as error:
        raise ValueError("no Ed25519 key") from error
    if not isinstance(found, Ed25519PublicKey):
        raise ValueError("no Ed25519 key")
    return _named(found)


def shown(keyid: str) -> str:
    """A key's fingerprint for people, to be noted elsewhere and compared: eight groups of four."""
    return " ".join(keyid[at : at + 4] for at in range(0, min(len(keyid), SHOWN), 4))


def short(fingerprint: str) -> str:
    """A fingerprint as it is compared, however it was noted: its first digits, without spaces."""
    return "".join(fingerprint.lower().replace(":", "").split())[:SHOWN]


def known_signers(keystore: Keystore | None) -> frozenset[str]:
    """The short fingerprints that this user knows; none when the keyring cannot be asked."""
    if keystore is None:
        return frozenset()
    with suppress(ReleveError):
        own = own_keyid(keystore)
        kept = (_known(keystore).text() or "").split()
        return frozenset({*kept, *([short(own)] if own else [])})
    return frozenset()


def know_signers(keystore: Keystore, keyids: Iterable[str]) -> None:
    """Keep these from now on. A keyring that is away learns them another time."""
    with suppress(ReleveError):
        known = set((_known(keystore).text() or "").split())
        if new := {short(each) for each in keyids} - known:
            _known(keystore).set_text(" ".join(sorted(known | new)))


def _known(keystore: Keystore) -> KeyringEntry:
    return keystore.entry("signers", "known")
