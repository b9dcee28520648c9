"""Which portal it is: by the name of its origin, never by what the settings call it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from releve.base.origins import ORIGINS, is_loopback

PISTE_ORIGINS = ("https://oauth.piste.gouv.fr", "https://api.piste.gouv.fr")
REAL = frozenset((*ORIGINS, *PISTE_ORIGINS))


class Site(StrEnum):
    """What an origin is."""

    REAL = "real"  # one of the State's own, by name
    SCHOOL = "school"  # this very machine
    OTHER = "other"  # neither: nobody can take it for the real portal


def site(origin: str) -> Site:
    """What `origin` is, written as browsers do (`origins.origin`)."""
    if origin in REAL:
        return Site.REAL
    return Site.SCHOOL if is_loopback(origin) else Site.OTHER


def training(origins: Iterable[str]) -> bool:
    """Whether any of them is not the real portal."""
    return any(site(each) is not Site.REAL for each in origins)
