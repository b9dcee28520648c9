"""Who may log in on the portal, by which of its two forms, and how often in vain.

Known: Chorus Pro's own form locks an account after 5 failures, for 1 hour, with a text that begins
« votre compte est bloqué » (communaute.chorus-pro.gouv.fr, point de situation, March 2022). What
PIGP does is not known: 3 failures, for good, is the worst case.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum


class Login(Enum):
    """What the portal answers to a login and a password."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    LOCKED = "locked"


@dataclass(frozen=True)
class Door:
    """A login form: after how many failures in a row it locks an account, and for how long."""

    name: str
    failures: int
    locks_for: timedelta


PIGP = Door("pigp", 3, timedelta.max)
CHORUS = Door("chorus", 5, timedelta(hours=1))


@dataclass
class Manager:
    """The person who renews passwords: "gestionnaire principal" of his or her structures."""

    login: str
    password: str
    name: str
    email: str
    totp_seed: str
    last_totp_step: int = 0
    informations_checked: bool = False
    refusals: dict[str, list[datetime]] = field(default_factory=dict)
    """Door -> when the failures in a row were."""

    def locked(self, door: Door, now: datetime) -> bool:
        """Whether that form takes no password of this person now."""
        when = self.refusals.get(door.name, [])
        return len(when) >= door.failures and now - when[-1] < door.locks_for

    def answer(self, door: Door, password: str, now: datetime, *, right: bool = True) -> Login:
        """The form's answer to a password; `right` tells whether the portal still knows it."""
        if self.locked(door, now):
            return Login.LOCKED
        failures = self.refusals.get(door.name, [])
        if len(failures) >= door.failures:  # the hour is over
            failures = []
        accepted = right and password == self.password
        self.refusals[door.name] = [] if accepted else [*failures, now]
        if accepted:
            return Login.ACCEPTED
        return Login.LOCKED if self.locked(door, now) else Login.REFUSED


def colleagues(first: Manager, count: int) -> list[Manager]:
    """Other managers, each with a login and a password of his or her own."""
    return [
        Manager(
            f"xt1000{number:02d}",
            f"{first.password}-{number}",
            f"Gestionnaire {number}",
            f"gestionnaire.{number}@exemple.invalid",
            first.totp_seed,
        )
        for number in range(1, count + 1)
    ]
