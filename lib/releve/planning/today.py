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
from releve.record.history import Past, counting, doubt
from releve.record.seal import registered_in
from releve.vault import portal_dates
from releve.vault.keystore import Keystore, open_keystore


def past(settings: Settings) -> list[Past]:
    """The rotations that count; a success that nobody known here has sealed is doubted."""
    keystore = None
    with suppress(ReleveError):
        keystore = open_keystore(settings).bounded()
    return doubt(counting(settings), registered_in(settings, keystore))


def now(settings: Settings, today: date | None = None) -> list[Due]:
    """Every structure of the settings, what comes first first.

    The keyring is asked for the accounts that the records would have renewed: a folder that was
    lost, moved or restored knows less than the keyring does.
    """
    day, rotations = today or date.today(), past(settings)
    found = agenda(settings.structures.values(), settings.policy, rotations, day)
    asked = {each.account for each in found if each.standing is not Standing.FAR}
    kept, shown = kept_dates(settings, asked)
    if kept or shown:
        chosen = settings.structures.values()
        found = agenda(chosen, settings.policy, rotations, day, kept=kept, shown=shown)
    return sorted(found, key=lambda each: each.order)


def kept_dates(
    settings: Settings, accounts: Iterable[str], keystore: Keystore | None = None
) -> tuple[dict[str, datetime], dict[str, date]]:
    """When each account's password last changed, by the keyring: by a rotation (its slots), and as
    the portal's page once said. A keyring that cannot be asked says nothing: an account without a
    date is never reset unattended.
    """
    kept, shown = {}, {}
    with suppress(ReleveError):
        vault = keystore or open_keystore(settings).bounded()
        for account in accounts:
            if changed := vault.slots(account).changed():
                kept[account] = changed
            if (seen := portal_dates.read(vault, account)) and seen.day:
                shown[account] = seen.day
    return kept, shown


def due_of(settings: Settings, account: str, keystore: Keystore) -> Due | None:
    """Where that account stands today: by the records, the keyring, the portal's page and the
    settings. None when no structure of the settings has it.
    """
    chosen = [each for each in settings.structures.values() if each.technical_account == account]
    kept, shown = kept_dates(settings, [account], keystore)
    rotations, day = past(settings), date.today()
    found = agenda(chosen, settings.policy, rotations, day, kept=kept, shown=shown)
    return found[0] if found else None
