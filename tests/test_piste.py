"""Every row of the table of PISTE's answers, got over HTTP from the school's PISTE (or from the network's own faults)."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest
import trustme
from fixtures_rotation import encoded
from https_server import web_server
from releve import piste, proof
from releve.piste import Piste
from releve.proof import Answer, Verdict
from releve.school import Faults, SchoolThread, World
from releve.school.people import DEMO_ACCOUNT, DEMO_SIRET, siret
from releve.secret import Secret
from releve.settings import Piste as Application

ACCEPTED, REFUSED, UNKNOWN = Verdict.ACCEPTED, Verdict.REFUSED, Verdict.UNKNOWN


@dataclass
class Access:
    """The school, and what one asks its PISTE with; each may be spoilt."""

    school: SchoolThread
    application: Application
    secret: Secret
    password: Secret
    timeout: float = 10

    def tried(self) -> piste.Tried:
        """One password tried once."""
        with Piste(self.application, self.secret, self.timeout) as open_piste:
            return open_piste.try_password(DEMO_ACCOUNT, self.password)

    def proved(self, code: str = DEMO_SIRET) -> piste.Tried:
        """The whole proof."""
        with Piste(self.application, self.secret, self.timeout) as open_piste:
            return open_piste.prove(DEMO_ACCOUNT, self.password, code)

    def spoil(self, **changes: str) -> None:
        """Change the application's settings."""
        self.application = replace(self.application, **changes)


@pytest.fixture
def access() -> Iterator[Access]:
    """A school whose PISTE knows the application and the account's password."""
    with SchoolThread(World(), Faults()) as school:
        known = school.world.piste
        application = Application(known.client_id, school.urls.token_url, school.urls.api_url)
        yield Access(school, application, Secret(known.client_secret), Secret(school.world.accounts[DEMO_ACCOUNT].password))


def fault(option: str) -> Callable[[Access], None]:
    """A switch of the school."""

    def turn(access: Access) -> None:
        access.school.faults = Faults.parse([option])

    return turn


def slow(access: Access) -> None:
    access.school.faults.latency_ms, access.timeout = 2000, 0.2


def closed(access: Access) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        access.spoil(token_url=f"http://127.0.0.1:{probe.getsockname()[1]}/")


def wrong_secret(access: Access) -> None:
    access.secret = Secret("ce n'est pas le bon")


def wrong_password(access: Access) -> None:
    access.password = Secret("ce n'est pas le bon")


def refused_by_ldap(access: Access) -> None:
    wrong_password(access)
    access.school.faults.piste_refusal = "ldap"


# The row's name, its verdict, whether it is worth asking later with nothing mended, and how that answer is got.
CASES: list[tuple[str, Verdict, bool, Callable[[Access], None]]] = [
    ("no answer in time", UNKNOWN, True, slow),
    ("unreachable", UNKNOWN, True, closed),
    ("maintenance", UNKNOWN, True, fault("maintenance_at=piste:0")),
    ("server error", UNKNOWN, True, fault("server_error_at=piste:0")),
    ("server error", UNKNOWN, True, fault("piste_status=502")),
    ("too many calls", UNKNOWN, True, fault("piste_status=429")),
    ("application refused", UNKNOWN, False, wrong_secret),
    ("no token", UNKNOWN, False, lambda access: access.spoil(token_url=access.school.urls.piste + "/jeton")),
    ("accepted", ACCEPTED, False, lambda access: None),
    ("no result", ACCEPTED, False, fault("piste_code=20000")),
    ("business error", UNKNOWN, False, fault("piste_code=1")),
    ("account refused", REFUSED, False, wrong_password),
    ("account refused", REFUSED, False, refused_by_ldap),
    ("token refused", UNKNOWN, True, fault("piste_token_refused=-1")),
    ("forbidden", UNKNOWN, False, fault("piste_forbidden=1")),
    ("not understood", UNKNOWN, False, fault("piste_status=418")),
    ("not understood", UNKNOWN, False, fault("piste_status=200")),
    ("not understood", UNKNOWN, False, fault("piste_status=401")),
]


@pytest.mark.parametrize(("name", "verdict", "later", "spoil"), CASES, ids=[f"{n}-{case[0]}" for n, case in enumerate(CASES)])
def test_each_answer_has_its_meaning(access: Access, name: str, verdict: Verdict, later: bool, spoil: Callable[[Access], None]) -> None:
    """Only the two known refusals refuse and only `codeRetour` 0 and 20000 accept; whatever is not certain says what to do about it."""
    spoil(access)
    said = access.tried().meaning
    assert (name, verdict, later) == (said.name, said.verdict, later)
    assert later == said.later
    assert (verdict is UNKNOWN) == bool(said.todo)


def test_a_certificate_that_nobody_vouches_for_is_its_own_answer(access: Access) -> None:
    """Nothing is asked of a server that the machine does not trust."""
    with web_server(certificate=trustme.CA().issue_cert("localhost")) as origin:
        access.spoil(token_url=f"{origin}/jeton")
        said = access.tried().meaning
    assert ("certificate", UNKNOWN, False) == (said.name, said.verdict, said.later)


def test_a_token_says_nothing_of_the_password(access: Access) -> None:
    """It belongs to the application: the meaning of its answer is UNKNOWN."""
    given = proof.meaning(Answer(token=True, status=200, text='{"access_token": "x"}'))
    assert ("token given", UNKNOWN, False) == (given.name, given.verdict, given.later)


def test_every_row_of_the_table_is_tried() -> None:
    """No row without a case above: a new one needs its own."""
    assert {row.name for row in proof.TABLE} == {case[0] for case in CASES} | {"certificate", "token given"}


def test_a_token_that_has_had_its_hour_is_asked_for_anew(access: Access) -> None:
    """One refusal of the token costs one more token, not the proof."""
    access.school.faults.piste_token_refused = 1
    assert (ACCEPTED, True) == ((tried := access.proved()).verdict, tried.listed)


def test_the_proof_lists_the_structure_however_many_there_are(access: Access) -> None:
    """The structure is looked for page after page; one that is nowhere is not listed, though the password is right."""
    world = access.school.world
    last = next(reversed(world.structures))
    assert (ACCEPTED, False) == ((tried := access.proved(last)).verdict, tried.listed)
    for number in range(1000, 1120):
        world._add(siret(number), f"Commune {number}", number, [DEMO_ACCOUNT])
    last = next(reversed(world.structures))
    assert (ACCEPTED, True) == ((tried := access.proved(last)).verdict, tried.listed)
    assert (ACCEPTED, False) == ((tried := access.proved("21990099900015")).verdict, tried.listed)


def test_both_names_of_the_list_are_read() -> None:
    """Two open-source clients of the API call it differently."""
    for name in ("listeStructureRattachement", "listeRattachements"):
        assert piste._lists(Answer(False, 200, f'{{"{name}": [{{"identifiant": "{DEMO_SIRET}"}}]}}'), DEMO_SIRET)
    assert not piste._lists(Answer(False, 200, '{"listeRattachements": [{"identifiant": "21990002400015"}]}'), DEMO_SIRET)


def test_the_second_call_must_be_accepted_too(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proof stands on both calls: an API that answers the structures and not the rates is no proof."""
    monkeypatch.setattr(piste, "RATES", "transverses/v1/absente")
    assert ("not understood", True) == ((tried := access.proved()).meaning.name, tried.listed)


def test_no_log_line_and_no_repr_holds_a_secret(access: Access, caplog: pytest.LogCaptureFixture) -> None:
    """At the most talkative level, neither the client nor its library writes a password, a secret or a token."""
    caplog.set_level(logging.DEBUG)
    with Piste(access.application, access.secret) as open_piste:
        assert ACCEPTED == open_piste.prove(DEMO_ACCOUNT, access.password, DEMO_SIRET).verdict
        token = open_piste._token
        assert token is not None
        told = caplog.text + repr(vars(open_piste)) + repr(open_piste._ask_token())
    wrong_secret(access)
    told += repr(access.tried()) + caplog.text
    assert "HTTP Request" in told
    secrets = [access.password.reveal(), access.school.world.piste.client_secret, token.reveal(), access.secret.reveal()]
    assert [] == [form for secret in secrets for form in encoded(secret) if form in told.encode()]
