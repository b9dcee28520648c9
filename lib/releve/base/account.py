"""The name of a technical account, which the portal compares without regard to case."""

from __future__ import annotations

import unicodedata


def folded(account: str) -> str:
    """The account as it is compared: two spellings of one account are one."""
    return unicodedata.normalize("NFKC", account.strip()).casefold()


def usual(account: str) -> str:
    """The spelling under which the keyring keeps it: Chorus Pro's, TECH_1_12345678@cpro.fr."""
    name, at, site = unicodedata.normalize("NFKC", account.strip()).rpartition("@")
    return name.upper() + at + site.lower() if at else site.upper()
