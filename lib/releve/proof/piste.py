"""PISTE, and through it the API of Chorus Pro: does it take this technical account's password?
Read-only calls.

Nothing here raises for what the network or the API does: every answer, and every silence, has its
row in `verdicts.TABLE`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from releve.base.origins import origin
from releve.base.secret import Secret
from releve.base.settings import Piste as Application
from releve.decision import events as ev
from releve.decision.reconcile import Verdict
from releve.proof import network
from releve.proof.verdicts import Failure, Meaning, Reply, meaning

ATTACHMENTS = "utilisateurs/v1/monCompte/recuperer/rattachements"
RATES = "transverses/v1/recuperer/tauxtva"
RECIPIENTS = "transverses/v1/recuperer/structures/actives/destinataire"
CLOSED = "forbidden"  # the row of an answer that says nothing of the password
# two open-source clients of the API, two names
LISTS = "listeStructureRattachement", "listeRattachements"
# structures a page, and pages at most: a manager has hundreds of structures, not ten thousand
PAGE, PAGES = 50, 200
JSON = "application/json;charset=utf-8"


@dataclass(frozen=True)
class Tried:
    """What one password got. `listed`: the API lists the structure for this account; None when it
    could not be asked.
    """

    meaning: Meaning
    listed: bool | None = None

    @property
    def verdict(self) -> Verdict:
        return self.meaning.verdict


class Piste:
    """One application's access. A context manager; its token is asked for at the first call and
    renewed once when it is refused.
    """

    def __init__(
        self,
        application: Application,
        secret: Secret,
        timeout_seconds: float = 30.0,
        note: Callable[[ev.OriginMet], None] = lambda met: None,
    ) -> None:
        """`note` is told of every origin that something was sent to."""
        self.application, self._secret, self._note = application, secret, note
        self._client = network.client(timeout_seconds)
        self._client.event_hooks = {"response": [lambda answer: self._note(network.met(answer))]}
        self._token: Secret | None = None

    def __enter__(self) -> Piste:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def token(self) -> Meaning:
        """What PISTE says to the application itself. Safe to repeat."""
        return meaning(self._ask_token())

    def try_password(self, account: str, password: Secret) -> Tried:
        """Whether the API takes the password, in one call that is not closed to the account: what
        an old password is tried with. Safe to repeat.
        """
        said = meaning(self._attachments(account, password, 1, 1))
        return Tried(self._open_call(account, password) if said.name == CLOSED else said)

    def prove(self, account: str, password: Secret, siret: str) -> Tried:
        """The whole proof: the account's structures, among them `siret`, then the VAT rates. A call
        that is closed to the account says nothing: another one is made. Safe to repeat.
        """
        accepted: Meaning | None = None
        listed: bool | None = None
        for answer in self._pages(account, password):
            said = meaning(answer)
            if said.name == CLOSED:
                listed = None
                break
            if said.verdict is not Verdict.ACCEPTED:
                return Tried(said)
            accepted = said
            if listed := _lists(answer, siret):
                break
        other = self._open_call(account, password)
        return Tried(accepted if accepted and other.name == CLOSED else other, listed)

    def _open_call(self, account: str, password: Secret) -> Meaning:
        """What the first of the small calls says that is open to the account."""
        said = meaning(self._call(RATES, {}, account, password))
        if said.name == CLOSED:
            said = meaning(self._call(RECIPIENTS, {}, account, password))
        return said

    def _pages(self, account: str, password: Secret) -> Iterator[Reply]:
        """One structure first, as documented; when there are more, pages of them until one is empty
        or the last.
        """
        first = self._attachments(account, password, 1, 1)
        yield first
        if _count(first) == 1:
            return
        for number in range(1, PAGES + 1):
            answer = self._attachments(account, password, PAGE, number)
            yield answer
            if not _items(answer) or number * PAGE >= (_count(answer) or PAGE * PAGES):
                return

    def _attachments(self, account: str, password: Secret, size: int, number: int) -> Reply:
        wanted = {"nbResultatsParPage": size, "pageResultatDemandee": number}
        return self._call(ATTACHMENTS, {"parametresRecherche": wanted}, account, password)

    def _call(self, path: str, body: dict[str, object], account: str, password: Secret) -> Reply:
        answer = self._call_once(path, body, account, password)
        if meaning(answer).name == "token refused":
            self._token = None  # an hour has passed since it was given
            answer = self._call_once(path, body, account, password)
        return answer

    def _call_once(
        self, path: str, body: dict[str, object], account: str, password: Secret
    ) -> Reply:
        if self._token is None:
            given = self._ask_token()
            if meaning(given).name != "token given":
                return given
            self._token = Secret(str(given.data["access_token"]))
        both = Secret(base64.b64encode(f"{account}:{password.reveal()}".encode()).decode())
        headers = {
            "Authorization": f"Bearer {self._token.reveal()}",
            "cpro-account": both.reveal(),
            "Content-Type": JSON,
        }
        url = self.application.api_url.rstrip("/") + "/" + path
        return self._post(url, token=False, json=body, headers=headers)

    def _ask_token(self) -> Reply:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.application.client_id,
            "client_secret": self._secret.reveal(),
            "scope": "openid",
        }
        return self._post(self.application.token_url, token=True, data=form)

    def _post(self, url: str, *, token: bool, **request: Any) -> Reply:
        try:
            response = self._client.post(url, **request)
        except httpx.TransportError as error:
            self._note(ev.OriginMet(origin(url)))  # what was sent may have arrived
            return Reply(token, failure=network.failure(error))
        except httpx.HTTPError:  # what came is no HTTP that can be read
            return Reply(token, failure=Failure.UNREACHABLE)
        return Reply(
            token, response.status_code, response.text, response.headers.get("WWW-Authenticate", "")
        )


def _items(answer: Reply) -> list[object]:
    found = next((answer.data[name] for name in LISTS if name in answer.data), None)
    return found if isinstance(found, list) else []


def _lists(answer: Reply, siret: str) -> bool:
    return any(
        siret in (str(value) for value in item.values())
        for item in _items(answer)
        if isinstance(item, dict)
    )


def _count(answer: Reply) -> int:
    """How many structures there are in all; 0 when the answer does not say."""
    given = answer.data.get("parametresRetour")
    total = given.get("total") if isinstance(given, dict) else None
    return total if isinstance(total, int) else 0
