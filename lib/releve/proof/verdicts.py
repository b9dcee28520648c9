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
    said: str
    todo: str = ""


_LATER = "Attendez quelques minutes, puis relancez."
_CONNECTION = "Vérifiez la connexion à Internet, puis relancez."
_APPLICATION = (
    "Vérifiez sur piste.gouv.fr votre application, et enregistrez son secret avec « releve"
    " credentials store --piste »."
)
_SUBSCRIPTION = (
    "Vérifiez sur piste.gouv.fr que votre application a accès à l'API « CPRO » de Chorus Pro, et"
    " l'adresse « piste.api_url »."
)
_CERTIFICATE = (
    "Vérifiez la date de ce poste et l'adresse dans [piste] (« releve doctor ») ; sinon, voyez"
    " votre service informatique."
)
_ADDRESS = "Vérifiez « piste.api_url » dans vos réglages, puis relancez."
_SUPPORT = "Relancez plus tard ; si cela dure, prévenez votre support avec cette phrase."

# The first row that holds is the meaning. The last one always holds.
TABLE: tuple[Meaning, ...] = (
    Meaning("no answer in time", lambda a: a.failure is Failure.TIMEOUT,
        Verdict.UNKNOWN, "PISTE n'a pas répondu à temps", _LATER),
    Meaning("certificate", lambda a: a.failure is Failure.CERTIFICATE,
        Verdict.UNKNOWN, "le certificat de PISTE n'est pas valable sur ce poste", _CERTIFICATE),
    Meaning("unreachable", lambda a: a.status == 0,
        Verdict.UNKNOWN, "PISTE ne peut pas être joint", _CONNECTION),
    Meaning("maintenance", lambda a: a.status == 503,
        Verdict.UNKNOWN, "PISTE est en maintenance", _LATER),
    Meaning("server error", lambda a: a.status >= 500,
        Verdict.UNKNOWN, "PISTE a répondu par une erreur technique", _LATER),
    Meaning("too many calls", lambda a: a.status == 429,
        Verdict.UNKNOWN, "PISTE demande d'espacer les appels", _LATER),
    Meaning("application refused", lambda a: a.token and a.refuses_the_application,
        Verdict.UNKNOWN, "PISTE ne reconnaît pas l'application (identifiant ou secret)",
        _APPLICATION),
    Meaning("token given", lambda a: a.token and a.status == 200 and "access_token" in a.data,
        Verdict.UNKNOWN, "PISTE a donné un jeton"),
    Meaning("no token", lambda a: a.token,
        Verdict.UNKNOWN, "PISTE n'a pas donné de jeton", _APPLICATION),
    Meaning("accepted", lambda a: a.status == 200 and a.code == 0,
        Verdict.ACCEPTED, "l'API accepte ce mot de passe"),
    Meaning("no result", lambda a: a.status == 200 and a.code == 20000,
        Verdict.ACCEPTED, "l'API accepte ce mot de passe (elle n'a aucun résultat à montrer)"),
    Meaning("business error", lambda a: a.status == 200 and isinstance(a.code, int),
        Verdict.UNKNOWN, "l'API a répondu par une erreur qui ne dit rien du mot de passe",
        _SUPPORT),
    # unknown, wrong and expired look the same
    Meaning("account refused", lambda a: a.status == 401 and a.names_the_account,
        Verdict.REFUSED, "l'API refuse ce compte technique avec ce mot de passe"),
    Meaning("wrong address", lambda a: a.status == 401 and 'realm="DefaultRealm"' in a.challenge,
        Verdict.UNKNOWN, "aucune API n'est enregistrée sur PISTE à cette adresse", _ADDRESS),
    Meaning("token refused", lambda a: a.status == 401 and not a.text,
        Verdict.UNKNOWN, "l'API refuse le jeton de PISTE", _LATER),
    Meaning("forbidden", lambda a: a.status == 403,
        Verdict.UNKNOWN, "l'application PISTE n'a pas accès à cette API", _SUBSCRIPTION),
    Meaning("not understood", lambda a: True,
        Verdict.UNKNOWN, "la réponse de l'API n'est pas de celles que l'on connaît", _SUPPORT),
)  # fmt: skip

NOTHING_HELD = Meaning("nothing held", lambda a: False, Verdict.EMPTY, "cet emplacement est vide")
"""What stands for an answer where there is no password to try."""


def meaning(answer: Reply) -> Meaning:
    """What the answer says: the first row of `TABLE` that holds. Total: the last row always does.
    """
    return next(row for row in TABLE if row.when(answer))
