"""What `decision.consent` must know of one account, looked up where it stands; and the stop."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from releve.base.account import folded
from releve.base.errors import PersonNeeded, ReleveError
from releve.base.programs import programs
from releve.base.settings import Piste, Settings, Structure
from releve.base.texts import text
from releve.decision import events as ev
from releve.decision.consent import BeforeReset, overtaken, refusals
from releve.decision.state import Next
from releve.planning.plan import plan_needed
from releve.planning.shares import one_each
from releve.planning.today import due_of, now, past
from releve.portal.credentials import Credentials
from releve.portal.errors import CodeNeeded, KeyNeeded
from releve.portal.profile import summary_was_read
from releve.record.folder import RecordFolder, left_open
from releve.record.view import as_told
from releve.record.vouching import check_ours
from releve.vault.entry import KeyringError
from releve.vault.keystore import Keystore, open_keystore
from releve.vault.slots import Slot


class NotUnattended(PersonNeeded):
    """A reset that nobody there could finish is not begun. Safe to repeat."""

    rows: tuple[str, ...] = ()  # of `decision.consent.TABLE`


def refusal(
    settings: Settings,
    structure: Structure,
    keystore: Keystore,
    journal: Sequence[ev.Entry] = (),
    dates: Mapping[str, date | None] | None = None,
) -> NotUnattended | None:
    """Why a reset of that structure's account may not be made with nobody there; None when it may.
    `journal` is of the open rotation that would make it; `dates` are the accounts' last changes,
    when they are known already. Raises a keyring's error.
    """
    account = structure.technical_account
    facts = as_told(journal).facts
    if dates is None:
        due = due_of(settings, account, keystore)
        dates = {account: due.last} if due else {}
    case = _case(settings, structure, keystore, facts.touched or dates.get(account) is not None)
    if journal:
        begun = datetime.fromisoformat(journal[0].time)
        slots = keystore.slots(account)
        held = [each for slot in (Slot.PENDING, Slot.CURRENT) if (each := slots.read(slot))]
        writers = [(each.run, datetime.fromisoformat(each.written)) for each in held]
        case = replace(case, overtaken=overtaken(writers, facts.run, facts.last, begun))
    if not (rows := refusals(case)):
        return None
    named = {key: ", ".join(getattr(case, key)) for key in ("guided", "without_program")}
    named["siret"] = structure.siret
    why = " ; ".join(text(f"unattended.{row}.why", **named) for row in rows)
    todo = " ; ".join(text(f"unattended.{row}.todo", **named) for row in rows)
    todo = todo[0].upper() + todo[1:]
    error = NotUnattended(account=account, name=structure.name, why=why, todo=todo)
    error.rows = tuple(rows)
    return error


def hindrances(settings: Settings) -> list[ReleveError]:
    """Everything that would stop an unattended run that takes what is due: each account's refusal,
    each login's, a plan to agree to, a keyring that does not answer. Changes nothing.
    """
    try:
        keystore, dues = open_keystore(settings).bounded(), now(settings)
        left = left_open(settings.record.folder)
        dates = {each.account: each.last for each in dues}
        chosen = one_each(settings.structures.values())
        found = {
            each.technical_account: error
            for each in chosen
            if (error := _hindrance(settings, each, keystore, left, dates))
        }
        finishing = {
            account
            for account, each in left.items()
            if as_told(each.entries(pass_over_damage=True)).next not in (Next.CONFIRM, Next.RESET)
        }
        logins = list(_logins(settings, keystore))
    except KeyringError as error:
        return [error]
    today = {each.account for each in dues if each.today} - set(found)
    today = {each for each in today if folded(each) not in finishing}
    resets = [each for each in chosen if each.technical_account in today]
    stop = plan_needed(settings.policy, past(settings), resets)
    return [*found.values(), *logins, *([stop] if stop else [])]


def _hindrance(
    settings: Settings,
    structure: Structure,
    keystore: Keystore,
    left: Mapping[str, RecordFolder],
    dates: Mapping[str, date | None],
) -> ReleveError | None:
    """Of one account; `left` are the open rotations."""
    journal: Sequence[ev.Entry] = ()
    if folder := left.get(folded(structure.technical_account)):
        try:
            check_ours(folder, keystore)
            journal = folder.entries()
        except KeyringError:
            raise
        except ReleveError as error:
            return error
    return refusal(settings, structure, keystore, journal, dates)


def _logins(settings: Settings, keystore: Keystore) -> Iterator[ReleveError]:
    """What would stop each login: no password of it that may be typed, a second factor that was
    asked of a person. Raises a keyring's error.
    """
    if settings.portal.sign_in == "person":  # the table has a row for it
        return
    for login in dict.fromkeys(map(settings.login_of, settings.structures.values())):
        origins, outputs = settings.portal.origins, settings.record.folder
        credentials = Credentials(keystore, login, outputs, origins)
        try:
            credentials.password()
            if factor := credentials.person_needed():
                yield (KeyNeeded if factor == "key" else CodeNeeded)(login=login)
        except KeyringError:
            raise
        except ReleveError as error:
            yield error


def _case(settings: Settings, structure: Structure, keystore: Keystore, dated: bool) -> BeforeReset:
    account = structure.technical_account
    served = [each for each in settings.structures.values() if each.technical_account == account]
    run_here = [each for each in served if each.command and not shutil.which(each.command[0])]
    return BeforeReset(
        guided=tuple(each.name for each in served if set(each.targets) & set(programs())),
        without_program=tuple(each.name for each in run_here),
        herself=settings.portal.sign_in == "person",
        met=summary_was_read(settings),
        dated=dated,
        provable=settings.policy.unproven or _can_prove(settings.piste, keystore),
    )


def _can_prove(piste: Piste | None, keystore: Keystore) -> bool:
    """The API can be asked: its application is in the settings, its secret in the keyring."""
    return piste is not None and keystore.piste_secret(piste.client_id).get() is not None
