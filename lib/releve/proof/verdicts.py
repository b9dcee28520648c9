"""What each answer of PISTE and of the Chorus Pro API says of a technical account's password: one
table, nothing else decides.

Sources: OCA l10n_fr_chorus_account and Pastell (calls and headers), forum threads and logs of the
API's clients (answers). An answer that was never seen says nothing: it is `UNKNOWN`, never a
refusal.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from releve.base.texts import text
from releve.decision.reconcile import Verdict


class Failure(StrEnum):
    """Why no answer came."""

    NONE = ""
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    CERTIFICATE = "certificate"


@dataclass(frozen=True)
class Reply:
    """One answer, as far as it can mean something. `status` is HTTP's, 0 when none came;
    `challenge` is `WWW-Authenticate`.
    """

    token: bool  # to the request of a token; else to a call of the API
    status: int = 0
    text: str = field(default="", repr=False)  # a token's answer holds the token
    challenge: str = ""
    failure: Failure = Failure.NONE

    @property
    def data(self) -> dict[str, Any]:
        """The JSON object; empty when it is none."""
        try:
            found = json.loads(self.text)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def code(self) -> object:
        """`codeRetour`, or None."""
        return self.data.get("codeRetour")

    @property
    def refuses_the_application(self) -> bool:
        """Whether PISTE does not know who asks for a token, in one of the ways that were seen."""
        known = self.data.get("error") in ("invalid_client", "unauthorized_client")
        return self.status in (400, 401) and known

    @property
    def names_the_account(self) -> bool:
        """Whether a 401 is about the technical account, in one of the two ways that were seen."""
        return "login or password" in self.challenge or (
            self.code == 401 and "LDAP" in str(self.data.get("libelle"))
        )


@dataclass(frozen=True)
class Meaning:
    """One row: what an answer says of the password, and what to mend when it says nothing (""
    otherwise).
    """

    name: str
    when: Callable[[Reply], bool]
    verdict: Verdict
    todo: str = ""

    @property
    def said(self) -> str:
        """In French."""
        return text(f"answer.{self.name}")


_LATER = text("answer.todo.later")
_CONNECTION = text("answer.todo.connection")
_APPLICATION = text("answer.todo.application")
_SUBSCRIPTION = text("answer.todo.subscription")
_CERTIFICATE = text("answer.todo.certificate")
_ADDRESS = text("answer.todo.address")
_SUPPORT = text("answer.todo.support")

# The first row that holds is the meaning. The last one always holds.
TABLE: tuple[Meaning, ...] = (
    Meaning("no answer in time", lambda a: a.failure is Failure.TIMEOUT, Verdict.UNKNOWN, _LATER),
    Meaning("certificate", lambda a: a.failure is Failure.CERTIFICATE,
        Verdict.UNKNOWN, _CERTIFICATE),
    Meaning("unreachable", lambda a: a.status == 0, Verdict.UNKNOWN, _CONNECTION),
    Meaning("maintenance", lambda a: a.status == 503, Verdict.UNKNOWN, _LATER),
    Meaning("server error", lambda a: a.status >= 500, Verdict.UNKNOWN, _LATER),
    Meaning("too many calls", lambda a: a.status == 429, Verdict.UNKNOWN, _LATER),
    Meaning("application refused", lambda a: a.token and a.refuses_the_application,
        Verdict.UNKNOWN, _APPLICATION),
    Meaning("token given", lambda a: a.token and a.status == 200 and "access_token" in a.data,
        Verdict.UNKNOWN),
    Meaning("no token", lambda a: a.token, Verdict.UNKNOWN, _APPLICATION),
    Meaning("accepted", lambda a: a.status == 200 and a.code == 0, Verdict.ACCEPTED),
    Meaning("no result", lambda a: a.status == 200 and a.code == 20000, Verdict.ACCEPTED),
    Meaning("business error", lambda a: a.status == 200 and isinstance(a.code, int),
        Verdict.UNKNOWN, _SUPPORT),
    # unknown, wrong and expired look the same
    Meaning("account refused", lambda a: a.status == 401 and a.names_the_account, Verdict.REFUSED),
    Meaning("wrong address", lambda a: a.status == 401 and 'realm="DefaultRealm"' in a.challenge,
        Verdict.UNKNOWN, _ADDRESS),
    Meaning("token refused", lambda a: a.status == 401 and not a.text, Verdict.UNKNOWN, _LATER),
    Meaning("forbidden", lambda a: a.status == 403, Verdict.UNKNOWN, _SUBSCRIPTION),
    Meaning("not understood", lambda a: True, Verdict.UNKNOWN, _SUPPORT),
)  # fmt: skip

NOTHING_HELD = Meaning("nothing held", lambda a: False, Verdict.EMPTY)
"""What stands for an answer where there is no password to try."""


def meaning(answer: Reply) -> Meaning:
    """What the answer says: the first row of `TABLE` that holds. Total: the last row always does.
    """
    return next(row for row in TABLE if row.when(answer))
