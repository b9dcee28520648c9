"""Where every structure of the settings stands today: the records, the settings and the keyring
looked up, `due` decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import date, datetime

from releve.base.errors import ReleveError
from releve.base.settings import Settings
from releve.planning.due import Due, Standing, agenda
from releve.record.history import Past, doubt, history
from releve.record.seal import registered_in
from releve.vault.keystore import Keystore, open_keystore


def past(settings: Settings) -> list[Past]:
    """The rotations that count: the school's only at the school, a damaged record everywhere; a
    success that nobody known here has sealed is doubted.
    """
    school = settings.school is not None
    found = [
        each
        for each in history(settings.record.folder)
        if each.school == school or each.outcome == "damaged"
    ]
    keystore = None
    with suppress(ReleveError):
        keystore = open_keystore(settings).bounded()
    return doubt(found, registered_in(settings, keystore))


def now(settings: Settings, today: date | None = None) -> list[Due]:
    """Every structure of the settings, what comes first first.

    The keyring is asked for the accounts that the records would have renewed: a folder that was
    lost, moved or restored knows less than the keyring does.
    """
    day, rotations = today or date.today(), past(settings)
    found = agenda(settings.structures.values(), settings.policy, rotations, day)
    asked = {each.account for each in found if each.standing is not Standing.FAR}
    if kept := kept_dates(settings, asked):
        found = agenda(settings.structures.values(), settings.policy, rotations, day, kept=kept)
    return sorted(found, key=lambda each: each.order)


def kept_dates(
    settings: Settings, accounts: Iterable[str], keystore: Keystore | None = None
) -> dict[str, datetime]:
    """When a rotation last changed each account's password, by the keyring's own slots. A keyring
    that cannot be asked says nothing: an account without a date is never reset unattended.
    """
    kept = {}
    with suppress(ReleveError):
        vault = keystore or open_keystore(settings).bounded()
        for account in accounts:
            if changed := vault.slots(account).changed():
                kept[account] = changed
    return kept


def last_change(settings: Settings, account: str, keystore: Keystore) -> date | None:
    """The day of the account's last change, from the records, the keyring or the settings."""
    chosen = [each for each in settings.structures.values() if each.technical_account == account]
    kept = kept_dates(settings, [account], keystore)
    found = agenda(chosen, settings.policy, past(settings), date.today(), kept=kept)
    return found[0].last if found else None
