"""What `decision.consent` must know of one account, looked up where it stands; and the stop."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

from releve.base.errors import PersonNeeded, ReleveError
from releve.base.programs import programs
from releve.base.settings import Settings, Structure
from releve.decision import journal as j
from releve.decision.consent import Case, overtaken, refusals
from releve.decision.facts import Facts
from releve.planning.plan import plan_needed
from releve.planning.shares import one_each
from releve.planning.today import due_of, now, past
from releve.portal.profile import summary_was_read
from releve.vault.entry import KeyringError
from releve.vault.keystore import Keystore, open_keystore
from releve.vault.slots import Slot


class NotUnattended(PersonNeeded):
    """A reset that nobody there could finish is not begun. Safe to repeat."""

    happened = (
        "Sans personne à l'écran, le mot de passe de {account} ({name}) n'est pas réinitialisé :"
        " {why}."
    )
    safe = "Rien n'a été changé : le portail a toujours le même mot de passe."
    todo = "{todo}."
    rows: tuple[str, ...] = ()  # of `decision.consent.TABLE`


def refusal(
    settings: Settings,
    structure: Structure,
    keystore: Keystore,
    journal: j.Journal | None = None,
    facts: Facts | None = None,
    dates: Mapping[str, date | None] | None = None,
) -> NotUnattended | None:
    """Why a reset of that structure's account may not be made with nobody there; None when it may.
    `journal` and `facts` are of the open rotation that would make it; `dates` are the accounts'
    last changes, when they are known already. Raises a keyring's error.
    """
    account = structure.technical_account
    touched = facts is not None and facts.touched
    if dates is None:
        due = due_of(settings, account, keystore)
        dates = {account: due.last} if due else {}
    case = _case(settings, structure, keystore, touched or dates.get(account) is not None)
    case = replace(case, overtaken=_overtaken(structure, keystore, journal, facts))
    if not (rows := refusals(case)):
        return None
    named = {
        "siret": structure.siret,
        "guided": ", ".join(case.guided),
        "without_program": ", ".join(case.without_program),
    }
    why, todo = (
        " ; ".join(getattr(row, part).format_map(named) for row in rows) for part in ("why", "todo")
    )
    error = NotUnattended(
        account=structure.technical_account,
        name=structure.name,
        why=why,
        todo=todo[0].upper() + todo[1:],
    )
    error.rows = tuple(row.name for row in rows)
    return error


def hindrances(settings: Settings) -> list[ReleveError]:
    """Everything that would stop an unattended run that takes what is due: each account's refusal,
    a plan to agree to, a keyring that does not answer. Changes nothing.
    """
    try:
        keystore, dues = open_keystore(settings).bounded(), now(settings)
        dates = {each.account: each.last for each in dues}
        chosen = one_each(settings.structures.values())
        found = {
            each.technical_account: error
            for each in chosen
            if (error := refusal(settings, each, keystore, dates=dates))
        }
    except KeyringError as error:
        return [error]
    today = {each.account for each in dues if each.today} - set(found)
    resets = [each for each in chosen if each.technical_account in today]
    stop = plan_needed(settings.policy, past(settings), resets)
    return [*found.values(), *([stop] if stop else [])]


def _case(settings: Settings, structure: Structure, keystore: Keystore, dated: bool) -> Case:
    served = [
        each
        for each in settings.structures.values()
        if each.technical_account == structure.technical_account
    ]
    return Case(
        guided=tuple(each.name for each in served if set(each.targets) & set(programs())),
        without_program=tuple(
            each.name for each in served if each.command and shutil.which(each.command[0]) is None
        ),
        herself=settings.portal.sign_in == "person",
        met=summary_was_read(settings),
        dated=dated,
        provable=settings.policy.unproven or _can_prove(settings, keystore),
    )


def _overtaken(
    structure: Structure, keystore: Keystore, journal: j.Journal | None, facts: Facts | None
) -> bool:
    if journal is None or facts is None:
        return False
    slots = keystore.slots(structure.technical_account)
    held = [each for slot in (Slot.PENDING, Slot.CURRENT) if (each := slots.read(slot))]
    writers = [(each.run, datetime.fromisoformat(each.written)) for each in held]
    opened = datetime.fromisoformat(journal.entries[0].time)
    return overtaken(writers, facts.run, facts.last, opened)


def _can_prove(settings: Settings, keystore: Keystore) -> bool:
    """The API can be asked: its application is in the settings, its secret in the keyring."""
    if settings.piste is None:
        return False
    return keystore.piste_secret(settings.piste.client_id).get() is not None
