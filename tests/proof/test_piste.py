"""Every row of the table of PISTE's answers, got over HTTP from the school's PISTE (or from the
network's own faults).
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest
import trustme
from fixtures_rotation import encoded
from https_server import web_server
from releve.base.secret import Secret
from releve.base.settings import Piste as Application
from releve.decision.reconcile import Verdict
from releve.proof import piste, verdicts
from releve.proof.piste import Piste
from releve.proof.verdicts import Reply
from releve.school import Faults, SchoolThread, World
from releve.school.people import DEMO_ACCOUNT, DEMO_SIRET, siret

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
        yield Access(
            school,
            application,
            Secret(known.client_secret),
            Secret(school.world.accounts[DEMO_ACCOUNT].password),
        )


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


# The row's name, its verdict, and how that answer is got.
CASES: list[tuple[str, Verdict, Callable[[Access], None]]] = [
    ("no answer in time", UNKNOWN, slow),
    ("unreachable", UNKNOWN, closed),
    ("maintenance", UNKNOWN, fault("maintenance_at=piste:0")),
    ("server error", UNKNOWN, fault("server_error_at=piste:0")),
    ("server error", UNKNOWN, fault("piste_status=502")),
    ("too many calls", UNKNOWN, fault("piste_status=429")),
    ("application refused", UNKNOWN, wrong_secret),
    (
        "no token",
        UNKNOWN,
        lambda access: access.spoil(token_url=access.school.urls.piste + "/jeton"),
    ),
    ("accepted", ACCEPTED, lambda access: None),
    ("no result", ACCEPTED, fault("piste_code=20000")),
    ("business error", UNKNOWN, fault("piste_code=1")),
    ("account refused", REFUSED, wrong_password),
    ("account refused", REFUSED, refused_by_ldap),
    (
        "wrong address",
        UNKNOWN,
        lambda access: access.spoil(api_url=access.school.urls.piste + "/cpro-ancien/"),
    ),
    ("token refused", UNKNOWN, fault("piste_token_refused=-1")),
    ("forbidden", UNKNOWN, fault("piste_forbidden=1")),
    ("not understood", UNKNOWN, fault("piste_status=418")),
    ("not understood", UNKNOWN, fault("piste_status=200")),
    ("not understood", UNKNOWN, fault("piste_status=401")),
]


# What is said of each row, and what is to be done ("": nothing).
TOLD = {
    "no answer in time": ("pas répondu à temps", "Attendez"),
    "certificate": ("certificat", "Vérifiez la date"),
    "unreachable": ("ne peut pas être joint", "connexion à Internet"),
    "maintenance": ("en maintenance", "Attendez"),
    "server error": ("erreur technique", "Attendez"),
    "too many calls": ("espacer les appels", "Attendez"),
    "application refused": ("ne reconnaît pas l'application", "releve credentials store --piste"),
    "no token": ("n'a pas donné de jeton", "releve credentials store --piste"),
    "accepted": ("l'API accepte ce mot de passe", ""),
    "no result": ("aucun résultat", ""),
    "business error": ("ne dit rien du mot de passe", "prévenez votre support"),
    "account refused": ("refuse ce compte technique avec ce mot de passe", ""),
    "wrong address": ("à cette adresse", "piste.api_url"),
    "token refused": ("refuse le jeton", "Attendez"),
    "forbidden": ("n'a pas accès", "CPRO"),
    "not understood": ("n'est pas de celles que l'on connaît", "prévenez votre support"),
}


@pytest.mark.parametrize(
    ("name", "verdict", "spoil"), CASES, ids=[f"{n}-{case[0]}" for n, case in enumerate(CASES)]
)
def test_each_answer_has_its_meaning(
    access: Access, name: str, verdict: Verdict, spoil: Callable[[Access], None]
) -> None:
    """Only the two known refusals refuse and only `codeRetour` 0 and 20000 accept; whatever is not
    certain says what to do about it.
    """
    spoil(access)
    said = access.tried().meaning
    assert (name, verdict) == (said.name, said.verdict)
    what, mend = TOLD[name]
    assert (what in said.said, mend in said.todo, bool(mend)) == (True, True, bool(said.todo))


def test_a_certificate_that_nobody_vouches_for_is_its_own_answer(access: Access) -> None:
    """Nothing is asked of a server that the machine does not trust."""
    with web_server(certificate=trustme.CA().issue_cert("localhost")) as origin:
        access.spoil(token_url=f"{origin}/jeton")
        said = access.tried().meaning
    assert ("certificate", UNKNOWN) == (said.name, said.verdict)
    assert (True, True) == (
        TOLD["certificate"][0] in said.said,
        TOLD["certificate"][1] in said.todo,
    )


def test_a_token_says_nothing_of_the_password() -> None:
    """It belongs to the application: the meaning of its answer is UNKNOWN."""
    given = verdicts.meaning(Reply(token=True, status=200, text='{"access_token": "x"}'))
    assert ("token given", UNKNOWN, "PISTE a donné un jeton", "") == (
        given.name,
        given.verdict,
        given.said,
        given.todo,
    )


LDAP = '{"codeRetour": 401, "libelle": "Impossible d\'authentifier l\'utilisateur dans le LDAP."}'
HEADER = (
    'Bearer realm="PISTE",error="Unauthorized",error_description="login or password incorrects"'
)


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (Reply(True, 401, '{"error": "invalid_client"}'), "application refused"),
        (Reply(True, 400, '{"error": "unauthorized_client"}'), "application refused"),
        (Reply(True, 403, '{"error": "invalid_client"}'), "no token"),
        (Reply(True, 400, '{"error": "invalid_scope"}'), "no token"),
        (Reply(True, 400, '{"access_token": "x"}'), "no token"),
        (Reply(True, 200, '{"codeRetour": 0}'), "no token"),
        (Reply(True, 503), "maintenance"),
        (Reply(False, 400, '{"error": "invalid_client"}'), "not understood"),
        (Reply(False, 200, '{"access_token": "x"}'), "not understood"),
        (Reply(False, 200, '{"codeRetour": null}'), "not understood"),
        (Reply(False, 200, "[0]"), "not understood"),
        (Reply(False, 404, '{"codeRetour": 0}'), "not understood"),
        (Reply(False, 404, '{"codeRetour": 20000}'), "not understood"),
        (Reply(False, 404, '{"codeRetour": 1}'), "not understood"),
        (Reply(False, 403, '{"codeRetour": 0}'), "forbidden"),
        (Reply(False, 403, LDAP), "forbidden"),
        (Reply(False, 403, "", HEADER), "forbidden"),
        (Reply(False, 500, '{"codeRetour": 0}'), "server error"),
        (Reply(False, 401, "refused", HEADER), "account refused"),
        (Reply(False, 401, "", 'Bearer realm="PISTE"'), "token refused"),
        (Reply(False, 401, LDAP.replace("LDAP", "cache")), "not understood"),
        (Reply(False, 401, LDAP.replace("401", "500")), "not understood"),
        (Reply(False, failure=verdicts.Failure.UNREACHABLE), "unreachable"),
    ],
)
def test_an_answer_beside_those_that_were_seen_has_its_row_too(answer: Reply, name: str) -> None:
    """Each part of a row's condition counts: what differs in one point only is another answer."""
    assert name == verdicts.meaning(answer).name


def test_every_row_of_the_table_is_tried() -> None:
    """No row without a case above: a new one needs its own."""
    assert {row.name for row in verdicts.TABLE} == {case[0] for case in CASES} | {
        "certificate",
        "token given",
    }


def test_a_token_that_has_had_its_hour_is_asked_for_anew(access: Access) -> None:
    """One refusal of the token costs one more token, not the proof."""
    access.school.faults.piste_token_refused = 1
    assert (ACCEPTED, True) == ((tried := access.proved()).verdict, tried.listed)


def test_the_proof_lists_the_structure_however_many_there_are(access: Access) -> None:
    """The structure is looked for page after page; one that is nowhere is not listed, though the
    password is right.
    """
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
        assert piste._lists(
            Reply(False, 200, f'{{"{name}": [{{"identifiant": "{DEMO_SIRET}"}}]}}'), DEMO_SIRET
        )
    assert not piste._lists(
        Reply(False, 200, '{"listeRattachements": [{"identifiant": "21990002400015"}]}'),
        DEMO_SIRET,
    )


def test_the_second_call_must_be_accepted_too(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proof stands on both calls: an API that answers the structures and not the rates is no
    proof.
    """
    monkeypatch.setattr(piste, "RATES", "transverses/v1/absente")
    assert ("wrong address", True) == ((tried := access.proved()).meaning.name, tried.listed)


CALLS = ("rattachements", "tauxtva", "destinataire")


@pytest.mark.parametrize(
    ("closed", "name", "listed"),
    [
        ("", "accepted", True),
        ("tauxtva", "accepted", True),
        ("tauxtva destinataire", "accepted", True),
        ("rattachements", "accepted", None),
        ("rattachements tauxtva", "accepted", None),
        ("rattachements tauxtva destinataire", "forbidden", None),
    ],
)
def test_a_call_that_is_closed_to_the_account_is_made_up_for(
    access: Access, closed: str, name: str, listed: bool | None
) -> None:
    """Consultation may be closed (403) where deposit is open: one open call proves, a wrong
    password is refused by it, and where all are closed nothing is known.
    """
    access.school.faults.piste_closed = closed
    tried = access.proved()
    assert (name, listed) == (tried.meaning.name, tried.listed)
    assert name == access.tried().meaning.name
    wrong_password(access)
    still_open = set(CALLS) - set(closed.split())
    assert (REFUSED if still_open else UNKNOWN) == access.tried().verdict


def test_no_log_line_and_no_repr_holds_a_secret(
    access: Access, caplog: pytest.LogCaptureFixture
) -> None:
    """At the most talkative level, neither the client nor its library writes a password, a secret
    or a token.
    """
    caplog.set_level(logging.DEBUG)
    with Piste(access.application, access.secret) as open_piste:
        assert ACCEPTED == open_piste.prove(DEMO_ACCOUNT, access.password, DEMO_SIRET).verdict
        token = open_piste._token
        assert token is not None
        told = caplog.text + repr(vars(open_piste)) + repr(open_piste._ask_token())
    wrong_secret(access)
    told += repr(access.tried()) + caplog.text
    assert "HTTP Request" in told
    secrets = [
        access.password.reveal(),
        access.school.world.piste.client_secret,
        token.reveal(),
        access.secret.reveal(),
    ]
    assert [] == [form for secret in secrets for form in encoded(secret) if form in told.encode()]
