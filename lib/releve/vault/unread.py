"""What a portal's screen showed when its password could not be told from the rest: kept in the
keyring until a person points at the password in it.

Each piece stands alone in the entries, as many as it takes: Windows' keyring holds 1,280 UTF-16
characters in one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from releve.base.secret import Secret, is_plain
from releve.vault.entry import KeyringEntry
from releve.vault.keystore import Keystore

SIZE = 600  # of one entry, in characters: at most two UTF-16 units each, as JSON writes them
MOST = 40  # entries; a screen that says more is cut


class Unread:
    """What the screen of one technical account's reset showed. Every method may block on the
    keyring and raises `KeyringError`; all may be repeated.
    """

    def __init__(self, keystore: Keystore, account: str) -> None:
        self._keystore, self._account = keystore, account

    def _entry(self, number: int) -> KeyringEntry:
        user = self._account if number == 0 else f"{self._account} {number + 1}"
        return self._keystore.entry("unread", user)

    def keep(self, pieces: Sequence[str]) -> int:
        """Keep them, in this order, in place of what was there; returns how many entries."""
        self.forget()
        text = json.dumps(list(pieces))
        parts = [text[at : at + SIZE] for at in range(0, len(text), SIZE)][:MOST]
        for number, part in enumerate(parts):
            self._entry(number).set(Secret(part))
        return len(parts)

    def pieces(self) -> tuple[str, ...]:
        """What was kept; nothing when nothing was."""
        text = ""
        for number in range(MOST):
            found = self._entry(number).get()
            if found is None:
                break
            text += found.reveal()
        if not text:
            return ()
        try:
            return tuple(json.loads(text))
        except ValueError:  # it was cut: what stands before the cut is whole
            return tuple(json.loads(text[: text.rfind('", "') + 1] + "]"))

    def forget(self) -> None:
        """It is not needed any more."""
        for number in range(MOST):
            if self._entry(number).get() is None:
                return
            self._entry(number).delete()


def likeliest_first(pieces: Sequence[str]) -> list[str]:
    """The pieces that may be a password, those that look most like one first."""
    fits = [p for p in dict.fromkeys(pieces) if 8 <= len(p.strip()) <= 128 and p.isprintable()]
    broken = [p for p in fits if not is_plain(p)]
    return sorted(broken, key=lambda piece: (" " in piece.strip(), -_kinds(piece)))


def _kinds(piece: str) -> int:
    kinds = (str.islower, str.isupper, str.isdecimal, lambda c: not c.isalnum())
    return sum(any(map(kind, piece)) for kind in kinds)
