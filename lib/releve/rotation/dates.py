"""Dates that nobody wrote down, looked for on the portal's own page: what a run without a person
does once, before it leaves an account out for want of one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from releve.base.errors import ReleveError
from releve.base.settings import Settings, Structure
from releve.rotation.consent import refusal
from releve.rotation.prompts import Unattended
from releve.vault import portal_dates
from releve.vault.keystore import Keystore

if TYPE_CHECKING:
    from releve.portal.inventory import Card  # Playwright takes its time: imported when needed

AGAIN = timedelta(days=30)  # a page that shows no date is not looked at every night


def look_up(
    settings: Settings,
    structures: Iterable[Structure],
    keystore: Keystore,
    dates: Mapping[str, date | None],
) -> tuple[bool, list[ReleveError]]:
    """Read the card of each structure whose unknown date alone keeps its account from being reset,
    unless that was done within `AGAIN`. It only reads, with one login for all those of one login.

    Whether anything was found, and what kept the portal from being looked at. Raises a keyring's
    error.
    """
    found, faults = False, list[ReleveError]()
    for login, each in _by_login(settings, structures, keystore, dates).items():
        from releve.portal import inventory

        hers = replace(settings, portal=replace(settings.portal, login=login))
        asked = {structure.siret: structure.name for structure in each}
        try:
            walk = inventory.walk(hers, keystore, Unattended(False, False), asked)
            cards = asyncio.run(walk)
        except ReleveError as error:
            faults.append(error)
            continue
        for structure in each:
            day = _day(cards, structure)
            portal_dates.note(keystore, structure.technical_account, day, date.today())
            found |= day is not None
    return found, faults


def _by_login(
    settings: Settings,
    structures: Iterable[Structure],
    keystore: Keystore,
    dates: Mapping[str, date | None],
) -> dict[str, list[Structure]]:
    """Those to look at, by the login that manages them."""
    chosen: dict[str, list[Structure]] = {}
    for each in structures:
        account = each.technical_account
        if dates.get(account) or settings.portal.route == "raccordements":
            continue  # the newer route has no card
        seen = portal_dates.read(keystore, account)
        recently = seen is not None and date.today() - seen.seen < AGAIN
        error = refusal(settings, each, keystore, dates=dates)
        if error and error.rows == ("undated",) and not recently:
            chosen.setdefault(settings.login_of(each), []).append(each)
    return chosen


def _day(cards: Iterable[Card], structure: Structure) -> date | None:
    days = {
        account.casefold(): day
        for card in cards
        if card.siret == structure.siret
        for account, day in card.changed.items()
    }
    return days.get(structure.technical_account.casefold())
