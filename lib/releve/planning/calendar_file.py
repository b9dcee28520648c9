"""A calendar to import (iCalendar, RFC 5545): one event for each technical account, on its day,
with a reminder.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from icalendar import Alarm, Calendar, Event

from releve.planning.due import Due


def calendar(dues: Iterable[Due], warn_days: int, now: datetime | None = None) -> bytes:
    """The file's content. A structure without a known day has no event; those that share an account
    share one.

    An event keeps its UID for ever, and its SEQUENCE grows: a later import moves it instead of
    adding another.
    """
    now = now or datetime.now(UTC)
    file = Calendar()
    file.add("prodid", "-//Relève//Échéances//FR")
    file.add("version", "2.0")
    file.add("x-wr-calname", "Mots de passe Chorus Pro")
    by_account: dict[str, list[Due]] = {}
    for each in dues:
        by_account.setdefault(each.account, []).append(each)
    for account, shared in by_account.items():
        if shared[0].day is not None:
            file.add_component(_event(account, shared, warn_days, now))
    return bytes(file.to_ical())


def _event(account: str, shared: list[Due], warn_days: int, now: datetime) -> Event:
    names = ", ".join(each.name for each in shared)
    first, event = shared[0], Event()
    assert first.day is not None and first.limit is not None
    event.add("uid", f"{uuid5(NAMESPACE_URL, f'releve:{account}')}@releve")
    event.add("dtstamp", now)
    event.add("sequence", int(now.timestamp()) // 60)
    event.add("dtstart", first.day)
    event.add("dtend", first.day + timedelta(days=1))
    event.add("summary", f"Chorus Pro : renouveler le mot de passe de {names}")
    description = (
        f"Compte technique {account}. Dernier jour prévu : {first.day:%d/%m/%Y} ; le portail refuse"
        f" l'ancien mot de passe à partir du {first.limit:%d/%m/%Y}. Lancez « releve lab » ou «"
        " releve rotate --due »."
    )
    event.add("description", description)
    event.add("transp", "TRANSPARENT")
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add(
        "description",
        f"Le mot de passe Chorus Pro de {names} est à renouveler avant le {first.day:%d/%m/%Y}.",
    )
    alarm.add("trigger", timedelta(days=-warn_days))
    event.add_component(alarm)
    return event
