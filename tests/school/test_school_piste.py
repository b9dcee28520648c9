"""The school's PISTE answers as the sources say that the real one does."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from releve.school import Faults, SchoolThread, World
from releve.school.people import DEMO_ACCOUNT, DEMO_SIRET
from school_client import Clock

ATTACHMENTS = "utilisateurs/v1/monCompte/recuperer/rattachements"
RATES = "transverses/v1/recuperer/tauxtva"
FIRST = {"parametresRecherche": {"nbResultatsParPage": 1, "pageResultatDemandee": 1}}


@pytest.fixture
def clock() -> Clock:
    """A clock that a test moves."""
    return Clock()


@pytest.fixture
def school(clock: Clock) -> Iterator[SchoolThread]:
    """A school on that clock."""
    with SchoolThread(World(clock=clock)) as running:
        yield running


def token(school: SchoolThread, **changes: str) -> httpx.Response:
    """Ask for a token as the school's application, but for the changes."""
    known = school.world.piste
    form = {
        "grant_type": "client_credentials",
        "client_id": known.client_id,
        "client_secret": known.client_secret,
        "scope": "openid",
    }
    return httpx.post(school.urls.token_url, data=form | changes)


def call(
    school: SchoolThread,
    path: str,
    body: object,
    *,
    password: str | None = None,
    account: str = DEMO_ACCOUNT,
) -> httpx.Response:
    """Call the API with a fresh token, as an account."""
    value = school.world.accounts[account].password if password is None else password
    headers = {
        "Authorization": f"Bearer {token(school).json()['access_token']}",
        "cpro-account": base64.b64encode(f"{account}:{value}".encode()).decode(),
    }
    return httpx.post(school.urls.api_url + path, json=body, headers=headers)


def test_a_token_is_given_to_the_right_application_only(school: SchoolThread) -> None:
    """The right secret gets an hour; a wrong one gets 400 `invalid_client`; another grant or scope
    gets its own error.
    """
    assert (200, 3600) == ((given := token(school)).status_code, given.json()["expires_in"])
    for change, error in (
        ({"client_secret": "faux"}, "invalid_client"),
        ({"client_id": "faux"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"scope": ""}, "invalid_scope"),
    ):
        assert (400, {"error": error}) == (
            (refused := token(school, **change)).status_code,
            refused.json(),
        )


def test_the_attachments_list_what_the_account_covers_by_pages(school: SchoolThread) -> None:
    """One result a page shows the first structure and the total; an account of two budgets has two
    pages; beyond is "no result".
    """
    second = school.world.structures[DEMO_SIRET].accounts[1]
    first = call(school, ATTACHMENTS, FIRST).json()
    assert [DEMO_SIRET] == [
        each["identifiantStructure"] for each in first["listeStructureRattachement"]
    ]
    assert (0, 1) == (first["codeRetour"], first["parametresRetour"]["total"])
    assert 2 == call(school, ATTACHMENTS, FIRST, account=second).json()["parametresRetour"]["pages"]
    beyond = {"parametresRecherche": {"nbResultatsParPage": 1, "pageResultatDemandee": 2}}
    assert (200, 20000) == (
        (answer := call(school, ATTACHMENTS, beyond)).status_code,
        answer.json()["codeRetour"],
    )


def test_rates_and_health(school: SchoolThread) -> None:
    """`tauxtva` answers `codeRetour` 0 to the right password; `health-check` asks for none."""
    assert 0 == call(school, RATES, {}).json()["codeRetour"]
    assert 200 == httpx.get(f"{school.urls.api_url}transverses/v1/health-check").status_code


@pytest.mark.parametrize("path", [ATTACHMENTS, RATES])
def test_a_refused_account_is_said_in_either_of_two_ways(school: SchoolThread, path: str) -> None:
    """A wrong password and an unknown account look the same: 401 with the header, or 401 with the
    LDAP text.
    """
    for account, password in ((DEMO_ACCOUNT, "faux"), (DEMO_ACCOUNT, "")):
        refused = call(school, path, {}, account=account, password=password)
        assert (401, b"") == (refused.status_code, refused.content)
        assert "login or password incorrects" in refused.headers["WWW-Authenticate"]
    school.faults.piste_refusal = "ldap"
    assert "LDAP" in call(school, path, {}, password="faux").json()["libelle"]


def test_a_bad_token_has_an_empty_answer(school: SchoolThread, clock: Clock) -> None:
    """No token, an unknown one, an expired one: 401, no body, no header; the fault does it to a
    good one.
    """
    good = {"Authorization": f"Bearer {token(school).json()['access_token']}"}
    clock.now += timedelta(hours=1)
    answers = [
        httpx.post(school.urls.api_url + RATES, json={}, headers=each)
        for each in ({}, {"Authorization": "Bearer x"}, good)
    ]
    school.faults.piste_token_refused = 1
    answers.append(call(school, RATES, {}))
    assert [(401, b"", None)] * 4 == [
        (each.status_code, each.content, each.headers.get("WWW-Authenticate")) for each in answers
    ]
    assert 200 == call(school, RATES, {}).status_code


@pytest.mark.parametrize(
    ("fault", "status"),
    [("piste_forbidden=1", 403), ("server_error_at=piste:0", 500), ("maintenance_at=piste:0", 503)],
)
def test_what_says_nothing_of_the_password(school: SchoolThread, fault: str, status: int) -> None:
    """403, 500 and 503 come whatever the password is."""
    known = school.world.piste
    form = {
        "grant_type": "client_credentials",
        "client_id": known.client_id,
        "client_secret": known.client_secret,
        "scope": "openid",
    }
    headers = {
        "Authorization": (
            f"Bearer {httpx.post(school.urls.token_url, data=form).json()['access_token']}"
        )
    }
    school.faults = Faults.parse([fault])
    assert status == httpx.post(school.urls.api_url + RATES, json={}, headers=headers).status_code


def test_a_business_code_can_be_asked_for(school: SchoolThread) -> None:
    """`piste_code` comes with HTTP 200, for a business error and for "no result" alike."""
    for code in (1, 20000):
        school.faults.piste_code = code
        for path in (RATES, ATTACHMENTS):
            assert (200, code) == (
                (answer := call(school, path, {})).status_code,
                answer.json()["codeRetour"],
            )


def test_a_reset_reaches_the_api_when_it_has_propagated(school: SchoolThread) -> None:
    """Until then the new password is refused and the old one accepted; afterwards the other way
    round.
    """
    school.faults.propagation_seconds = -1
    old = school.world.accounts[DEMO_ACCOUNT].password
    new = school.world.reset(DEMO_ACCOUNT)
    assert [200, 401] == [call(school, RATES, {}, password=each).status_code for each in (old, new)]
    httpx.post(f"{school.urls.control}/propagate", json={})
    assert [401, 200] == [call(school, RATES, {}, password=each).status_code for each in (old, new)]


RECIPIENTS = "transverses/v1/recuperer/structures/actives/destinataire"


def test_a_call_may_be_closed_while_two_others_prove(school: SchoolThread) -> None:
    """403 says nothing of the password; what is open answers as ever."""
    school.faults.piste_closed = "rattachements tauxtva"
    answers = [call(school, path, {}) for path in (ATTACHMENTS, RATES, RECIPIENTS)]
    assert [403, 403, 200] == [each.status_code for each in answers]
    assert 0 == answers[-1].json()["codeRetour"]


def test_a_path_that_no_api_has_is_refused_in_the_gateways_own_realm(school: SchoolThread) -> None:
    """A wrong `api_url`: not the realm in which a password is refused."""
    answer = httpx.post(f"{school.urls.piste}/cpro-ancien/{RATES}", json={})
    assert (401, 'Bearer realm="DefaultRealm"') == (
        answer.status_code,
        answer.headers["WWW-Authenticate"],
    )
