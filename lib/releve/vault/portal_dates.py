"""What the portal's own page said of when each account's password was last changed, kept in the
keyring: a folder of records is others' to write, and this decides whether a reset may be made.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date

from releve.base.account import usual
from releve.vault.entry import KeyringEntry
from releve.vault.keystore import Keystore


@dataclass(frozen=True)
class PortalDate:
    """`day` is None where the page showed none; `seen` is when it was looked at."""

    day: date | None
    seen: date


def note(keystore: Keystore, account: str, day: date | None, seen: date) -> None:
    """Keep it in place of what was seen before. Raises a keyring's error; safe to repeat."""
    told = {"day": day.isoformat() if day else "", "seen": seen.isoformat()}
    _entry(keystore, account).set_text(json.dumps(told))


def read(keystore: Keystore, account: str) -> PortalDate | None:
    """What was last seen; None when nobody looked. Raises a keyring's error."""
    try:
        told = json.loads(_entry(keystore, account).text() or "{}")
        day = date.fromisoformat(told["day"]) if told["day"] else None
        return PortalDate(day, date.fromisoformat(told["seen"]))
    except (ValueError, KeyError, TypeError):
        return None


def _entry(keystore: Keystore, account: str) -> KeyringEntry:
    return keystore.entry("portal-date", usual(account))
