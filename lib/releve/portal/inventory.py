"""What the manager has on the portal, laid beside what the settings say; and the settings
completed, without losing a comment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

import tomlkit
from tomlkit.items import Table

from releve.base import siret
from releve.base.settings import Settings
from releve.base.settings_file import edit
from releve.portal.case import Case, SecondFactor
from releve.portal.credentials import Credentials
from releve.portal.driver import Driver
from releve.portal.last_change import last_change
from releve.portal.pool import Pool
from releve.portal.screens.structure import ModificationDeLaStructure
from releve.portal.screens.structures import ActivitesDuGestionnaire
from releve.vault.keystore import Keystore


@dataclass(frozen=True)
class Card:
    """One structure of "Mes structures". `secondary`: the card says that one may not reset.
    `changed`: when each account's password was last changed, of those whose card says it.
    """

    siret: str
    name: str
    accounts: tuple[str, ...]
    secondary: bool
    changed: Mapping[str, date] = field(default_factory=dict)


class Match(StrEnum):
    """How a structure of the portal, or of the settings, stands."""

    KNOWN = "known"
    NEW = "new"  # one account: can be added
    DIFFERENT = "different"  # the settings name an account that the portal does not show
    TO_CHOOSE = "to choose"  # several accounts: a person chooses
    WITHOUT_ACCOUNT = "without account"
    SECONDARY = "secondary"
    INVALID = "invalid"  # its SIRET fails the checksum
    ABSENT = "absent"  # in the settings only


@dataclass(frozen=True)
class Discovery:
    """One structure, and how it stands. `configured` is the settings' account, "" when they do not
    know the structure.
    """

    standing: Match
    siret: str
    name: str
    accounts: tuple[str, ...]
    configured: str = ""
    changed: dict[str, str] = field(default_factory=dict)  # by account, in ISO 8601


async def walk(
    settings: Settings,
    keystore: Keystore,
    prompts: SecondFactor,
    only: Mapping[str, str] | None = None,
) -> list[Card]:
    """Log in, go through "Mes structures", open each card, log out; `only` the cards of these
    structures, names by SIRET, when they are given. It only reads; raises `ReleveError`, and may be
    repeated.
    """
    credentials = Credentials.of(keystore, settings, settings.portal)
    await asyncio.to_thread(credentials.password)  # before a browser is started
    pool = Pool()
    browser = await pool.browser(settings.portal, interactive=False)
    try:
        driver = Driver(Case(browser, "", "", credentials, prompts), "gestionnaire")
        for step in ("authentification", "portail", "accueil"):
            await driver.go(step)
        async with browser.on(ActivitesDuGestionnaire.title):
            every = ActivitesDuGestionnaire(browser).every
            listed = list(only.items()) if only is not None else await every()
        found = [await _card(driver.case, code, name) for code, name in listed]
        await driver.go("deconnexion")
    finally:
        await pool.close()
    return found


async def _card(case: Case, code: str, name: str) -> Card:
    """The structure's card, opened as for a reset, and read."""
    driver = Driver(replace(case, siret=code), "gestionnaire")
    for step in ("accueil", "structures"):
        await driver.go(step)
    card = ModificationDeLaStructure(case.browser)
    async with case.browser.on(card.title):
        accounts, secondary = await card.accounts(), await card.is_secondary()
        view, today = await card.finder.look(reading=True), date.today()
        days = {each: last_change(view, each, case.words, today) for each in accounts}
    return Card(code, name, accounts, secondary, {k: day for k, day in days.items() if day})


def compare(found: list[Card], settings: Settings) -> list[Discovery]:
    """Each structure of the portal, then those that only the settings know. Nothing is guessed: a
    choice stays a person's.
    """
    lines = []
    for each in found:
        known = settings.structures.get(each.siret)
        account = known.technical_account if known else ""
        changed = {name: day.isoformat() for name, day in each.changed.items()}
        standing = _standing(each, account)
        lines.append(Discovery(standing, each.siret, each.name, each.accounts, account, changed))
    seen = {each.siret for each in found}
    absent = [each for each in settings.structures.values() if each.siret not in seen]
    return lines + [
        Discovery(Match.ABSENT, each.siret, each.name, (), each.technical_account)
        for each in absent
    ]


def _standing(found: Card, configured: str) -> Match:
    if configured:
        return Match.KNOWN if configured in found.accounts else Match.DIFFERENT
    if siret.check(found.siret):
        return Match.INVALID
    if found.secondary:
        return Match.SECONDARY
    return {0: Match.WITHOUT_ACCOUNT, 1: Match.NEW}.get(
        len(found.accounts), Match.TO_CHOOSE
    )


def tables(lines: list[Discovery], target: str) -> str:
    """The TOML of these structures, as an operator may paste it; each with its first account."""
    document = tomlkit.document()
    _add(document.setdefault("structures", tomlkit.table(is_super_table=True)), lines, target)
    return tomlkit.dumps(document)


def _add(structures: Table, lines: list[Discovery], target: str) -> None:
    for line in lines:
        table = tomlkit.table()
        table["name"] = line.name or line.siret
        table["technical_account"] = line.accounts[0]
        table["targets"] = [target]
        if others := ", ".join(line.accounts[1:]):
            table["technical_account"].comment(f"ou : {others}")
        table.add(tomlkit.nl())  # what follows stands apart
        structures[line.siret] = table


def write(settings: Settings, lines: list[Discovery]) -> int:
    """Add the new structures to the settings' file; returns how many. Raises `SettingsNotWritten`;
    safe to repeat.
    """
    new = [line for line in lines if line.standing is Match.NEW]

    def complete(document: tomlkit.TOMLDocument) -> None:
        if "structures" not in document:
            document.append("structures", tomlkit.table(is_super_table=True))
        structures = document["structures"]
        missing = [line for line in new if line.siret not in structures]
        _add(structures, missing, "school" if settings.school else "corail")

    if new:
        edit(settings.path, complete)
    return len(new)
