"""The name of a technical account, which the portal compares without regard to case."""

from __future__ import annotations

import re
import unicodedata

# Both formats seen: TECH_1_<number>@cpro.fr, TECH_<0+SIRET>@cpp2017.fr; with what is glued to its
# front it is another's. `find.js` has it too.
WRITTEN = re.compile(r"(?:\w[\w.-]*)?TECH_\w+@[\w-]+(?:\.[\w-]+)*", re.IGNORECASE)


def folded(account: str) -> str:
    """The account as it is compared: two spellings of one account are one."""
    return unicodedata.normalize("NFKC", account.strip()).casefold()


def usual(account: str) -> str:
    """The spelling under which the keyring keeps it: Chorus Pro's, TECH_1_12345678@cpro.fr."""
    name, at, site = unicodedata.normalize("NFKC", account.strip()).rpartition("@")
    return name.upper() + at + site.lower() if at else site.upper()
