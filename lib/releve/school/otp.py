"""One-time codes: the authenticator's (RFC 6238, SHA-1, six digits, 30 seconds), and those that a
mail carries.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime

STEP = 30


def totp(seed: str, at: datetime) -> str:
    """The code that an authenticator with this base32 seed shows at that time."""
    counter = int(at.timestamp()) // STEP
    digest = hmac.new(base64.b32decode(seed), counter.to_bytes(8, "big"), hashlib.sha1).digest()
    start = digest[-1] & 15
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**6:06d}"


def mailed() -> str:
    """A code for a mail."""
    return f"{secrets.randbelow(10**6):06d}"
