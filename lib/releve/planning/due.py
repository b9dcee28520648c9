"""When each structure's password must be renewed: a pure function of the settings, of what the
records tell, and of a day.

All dates are the operator's own days: what happened at 23:30 UTC on 30 June was done on 1 July in
Paris.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum

from releve.base.account import folded
from releve.base.settings import PORTAL_LIMIT_DAYS, Policy, Structure
from releve.base.texts import text
from releve.record.history import DOUBTED, Past


class Standing(StrEnum):
    """Where a structure stands; the order is the one in which they are done."""

    STUCK = "stuck"  # a rotation was left after its reset: invoices may have stopped
    TO_PROVE = "to-prove"  # entered everywhere; a person has not said yet whether it works
    OVERDUE = "overdue"
    UNKNOWN = "unknown"  # nobody wrote when the password was last changed: it may expire any day
    SOON = "soon"  # within `warn_days` of its day
    FAR = "far"


ORDER = list(Standing)


class Source(StrEnum):
    """How the last change is known; of two that tell the same day, the first one here counts."""

    RECORDS = "records"
    KEYRING = "keyring"
    PORTAL = "portal"  # its own page
    SETTINGS = "settings"  # a person
    NONE = ""



@dataclass(frozen=True)
class Due:
    """One structure's place in the year. Structures that share a technical account share all but
    their names.

    `day` is when the password is to be renewed at the latest, outside black-out periods; `limit` is
    the portal's own. `today` says whether it is to be done now; `why` is a French line.
    """

    siret: str
    name: str
    account: str
    standing: Standing
    today: bool
    why: str
    last: date | None = None
    day: date | None = None
    limit: date | None = None
    open: Past | None = None  # the rotation left unfinished, if any
    proof: str = ""  # of the last success
    source: Source = Source.NONE  # of `last`

    @property
    def order(self) -> tuple[int, date, str]:
        """What comes first is done first."""
        return (ORDER.index(self.standing), self.day or date.min, self.name)


def in_blackout(policy: Policy, day: date) -> bool:
    """Whether `day` lies in a black-out period, both ends included; "12-24/01-02" goes over the new
    year.
    """
    return any(_within(period, day) for period in policy.blackout)


def _within(period: str, day: date) -> bool:
    first, last = period.split("/")
    here = day.isoformat() if len(first) == 10 else day.isoformat()[5:]
    return first <= here <= last if first <= last else here >= first or here <= last


def deadline(last: date, policy: Policy) -> date:
    """The last good day to renew a password made on `last`: `validity_days` later, or before the
    black-out that covers that day.

    When the whole year is blacked out, the day itself.
    """
    wanted = last + timedelta(days=policy.validity_days)
    day = wanted
    while in_blackout(policy, day):
        day -= timedelta(days=1)
        if day <= last:
            return wanted
    return day


def agenda(
    structures: Iterable[Structure],
    policy: Policy,
    past: Iterable[Past],
    today: date,
    zone: tzinfo | None = None,
    kept: Mapping[str, datetime] | None = None,
    shown: Mapping[str, date] | None = None,
) -> list[Due]:
    """Where every structure stands on `today`, in the structures' order. `zone` None is the
    operator's own time zone. `kept`: when a rotation last changed an account's password, by the
    keyring; what a record tells of earlier is over. `shown`: its last change, by the portal's page.
    """
    chosen = list(structures)
    accounts = {each.siret: each.technical_account for each in chosen}
    by_account: dict[str, list[Past]] = {}
    for each in past:  # a damaged record does not tell its account
        account = each.account or accounts.get(each.structure, "")
        by_account.setdefault(folded(account), []).append(each)
    told: dict[str, list[tuple[date, Source]]] = {}
    for account, day in (shown or {}).items():
        told.setdefault(account, []).append((day, Source.PORTAL))
    for structure in chosen:
        if structure.last_rotation:
            known = (structure.last_rotation, Source.SETTINGS)
            told.setdefault(structure.technical_account, []).append(known)
    shared: dict[str, Due] = {}
    for structure in chosen:
        account = structure.technical_account
        if account not in shared:
            rotations, days = by_account.get(folded(account), []), told.get(account, [])
            changed = (kept or {}).get(account)
            shared[account] = _account(structure, rotations, days, changed, policy, today, zone)
    return [
        replace(shared[each.technical_account], siret=each.siret, name=each.name) for each in chosen
    ]


def _account(
    structure: Structure,
    past: list[Past],
    told: list[tuple[date, Source]],
    kept: datetime | None,
    policy: Policy,
    today: date,
    zone: tzinfo | None,
) -> Due:
    """What all structures of one technical account share, told for one of them."""
    succeeded = [each for each in past if each.outcome == "succeeded" and each.closed]
    latest = max(succeeded, key=lambda each: each.closed, default=None)  # type: ignore[arg-type, return-value]
    days = [
        (each.closed.astimezone(zone).date(), Source.RECORDS) for each in succeeded if each.closed
    ]
    days += [(kept.astimezone(zone).date(), Source.KEYRING)] if kept else []
    last, source = max([*days, *told], key=lambda each: each[0], default=(None, Source.NONE))
    left = next((each for each in reversed(past) if each.open), None)
    day, limit = (
        (deadline(last, policy), last + timedelta(days=PORTAL_LIMIT_DAYS)) if last else (None, None)
    )
    standing = _standing(past, latest, kept, left, day, policy, today)
    ready, why = _today(standing, left, day, limit, policy, today)
    if source is Source.PORTAL:
        why = text("due.on-portal", why=why, day=_day(last))
    if doubted := [each.record.name for each in past if each.outcome == DOUBTED]:
        why = text("due.doubted", why=why, records=", ".join(doubted))
    siret, name, account = structure.siret, structure.name, structure.technical_account
    proof = latest.proof if latest else ""
    return Due(siret, name, account, standing, ready, why, last, day, limit, left, proof, source)


def _standing(
    past: list[Past],
    latest: Past | None,
    kept: datetime | None,
    left: Past | None,
    day: date | None,
    policy: Policy,
    today: date,
) -> Standing:
    after = past[past.index(latest) + 1 :] if latest else past
    ended = [each for each in after if not each.open and not _since(kept, each)]
    if any(each.stuck for each in ended):
        return Standing.STUCK
    if left and left.stuck:
        return Standing.TO_PROVE if left.to_prove else Standing.STUCK
    if day is None:
        return Standing.UNKNOWN
    if today > day:
        return Standing.OVERDUE
    return Standing.SOON if today >= day - timedelta(days=policy.warn_days) else Standing.FAR


def _since(kept: datetime | None, past: Past) -> bool:
    """Whether the keyring knows of a change after that rotation was put down."""
    return kept is not None and past.ended is not None and past.ended < kept


def _today(
    standing: Standing,
    left: Past | None,
    day: date | None,
    limit: date | None,
    policy: Policy,
    today: date,
) -> tuple[bool, str]:
    """Whether it is to be done now, and a French line that says why."""
    if standing in (Standing.STUCK, Standing.TO_PROVE):
        return True, _stuck_why(left)
    if standing is Standing.FAR and left is None:
        return False, text("due.far", day=_day(day))
    if in_blackout(policy, today):
        end = _blackout_end(policy, today)
        if limit is None or end < limit:
            return False, text("due.blackout", day=_day(end))
        return True, text("due.blackout-limit", day=_day(limit))
    if left is not None:
        return True, text("due.begun")
    if day is None:
        return True, text("due.unknown")
    if standing is Standing.OVERDUE:
        past_limit = limit is not None and today >= limit
        return True, text("due.too-late" if past_limit else "due.late", day=_day(day))
    return True, text("due.soon", day=_day(day))


def _day(day: date | None) -> str:
    return f"{day:%d/%m/%Y}"


def _stuck_why(left: Past | None) -> str:
    if left is not None and left.to_prove:
        return text("due.to-prove")
    if left is not None and left.refused:
        return text("due.refused")
    return text("due.stopped" if left is not None else "due.given-up")


def _blackout_end(policy: Policy, day: date) -> date:
    """The last day of the black-out that `day` lies in; at most a year away."""
    for _ in range(366):
        if not in_blackout(policy, day + timedelta(days=1)):
            break
        day += timedelta(days=1)
    return day
