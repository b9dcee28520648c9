"""What to do when the passwords that the keyring holds and what the API says of them are laid side
by side.

Two pure tables. `click` says how an irreversible click ended whose answer was never seen; `TABLE`
says, for any three verdicts on `pending`, `current` and `previous`, what is true and the one thing
to do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from releve.base.texts import text


class Verdict(StrEnum):
    """What is known of one password: the API takes it, refuses it, cannot tell; or there is no such
    password to try.
    """

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    EMPTY = "empty"


A, R, U, E = Verdict.ACCEPTED, Verdict.REFUSED, Verdict.UNKNOWN, Verdict.EMPTY


class Click(StrEnum):
    """How a click whose answer was not seen ended, as far as the API can tell."""

    DONE = "done"  # the password that was kept before the click is the portal's
    NOT_DONE = "not done"  # the old password is still the portal's, long enough after the click
    TOO_EARLY = "too early"  # a reset made then might not have reached the API yet
    # the old password is not accepted any more (replaced, or expired), and no other is known
    CHANGED = "changed"
    SILENT = "silent"  # the API said nothing that decides


def click(pending: Verdict, current: Verdict, settled: bool) -> Click:
    """How the click ended. `pending` is the candidate's verdict, EMPTY on the route that shows the
    password afterwards.

    `settled`: more time has passed since the click than a reset takes to reach the API. Before
    that, an old password that is accepted and a new one that is refused prove nothing. A password
    that somebody else set looks like `CHANGED`.
    """
    if pending is A:
        return Click.DONE
    if pending is U or (pending is E and current in (U, E)):
        return Click.SILENT
    if current is R and (pending is E or settled):
        return Click.CHANGED
    if not settled:
        return Click.TOO_EARLY
    return Click.NOT_DONE if current is A else Click.SILENT


class Action(StrEnum):
    """The one thing to do."""

    NOTHING = "nothing"
    RESUME = "resume"  # `releve resume`
    WAIT = "wait"  # for a reset to reach the API, then `releve doctor` again
    ADOPT_OR_RESET = "adopt or reset"  # a person gives the password that works, or asks for another
    GIVE = "give"  # a person gives the password in use: Relève holds none
    ASK_AGAIN = "ask again"  # the API did not tell


@dataclass(frozen=True)
class Remedy:
    """One row, of which the table of texts says what is true and the one thing to do. `when` takes
    the verdicts on pending, current, previous.
    """

    name: str
    when: Callable[[Verdict, Verdict, Verdict], bool]
    action: Action

    def told(self, **facts: object) -> tuple[str, str]:
        """What is true, and the one thing to do, in French."""
        where = f"compared.{self.name}"
        return text(f"{where}.truth", **facts), text(f"{where}.todo", **facts)


# The first row that holds is the answer. The last one always holds.
TABLE: tuple[Remedy, ...] = (
    Remedy("new password in use", lambda p, c, v: p is A and c is not A, Action.RESUME),
    Remedy("two passwords in use", lambda p, c, v: p is A, Action.WAIT),
    Remedy("not told", lambda p, c, v: U in (p, c) or (v is U and c is not A), Action.ASK_AGAIN),
    Remedy("in order", lambda p, c, v: p is E and c is A and v is not A, Action.NOTHING),
    Remedy("previous still in use", lambda p, c, v: p is E and v is A, Action.WAIT),
    Remedy("new password not in use", lambda p, c, v: p is R and A in (c, v), Action.RESUME),
    Remedy("changed outside", lambda p, c, v: R in (p, c, v), Action.ADOPT_OR_RESET),
    Remedy("nothing held", lambda p, c, v: True, Action.GIVE),
)


def reconcile(pending: Verdict, current: Verdict, previous: Verdict) -> Remedy:
    """The row that holds. Total: the last row always does."""
    return next(row for row in TABLE if row.when(pending, current, previous))
