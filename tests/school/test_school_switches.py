"""What is known of the real pages since: each a switch of the school, or a fact of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
from releve.school import SchoolThread, World, federation
from releve.school.people import AWKWARD, DEMO_ACCOUNT, DEMO_SIRET
from school_client import Clock, Visitor, shown_password

INSIDE = "Historique de mes actions"
CONFIRMED = "Confirmez-vous la réinitialisation du mot de passe"


@pytest.fixture
def clock() -> Clock:
    """A clock that a test moves."""
    return Clock()


@pytest.fixture
def visitor(clock: Clock) -> Iterator[Visitor]:
    """Somebody who visits a school with three managers."""
    with SchoolThread(World(clock=clock, managers=3)) as school:
        yield Visitor(school)


@dataclass(frozen=True)
class Row:
    """A switch, what is done, and what the page then says."""

    switch: str
    seen: Callable[[Visitor], httpx.Response]
    says: tuple[str, ...]
    not_: str = "\0"


def _account(visitor: Visitor) -> httpx.Response:
    visitor.connect()
    return visitor.client.get(
        f"{visitor.urls.chorus}/cpp/structure/{DEMO_SIRET}/utilisateur?compte={DEMO_ACCOUNT}"
    )


TABLE = (
    Row("security_at=accueil", Visitor.connect, ("Des contraintes de sécurité empêchent",), INSIDE),
    Row("account_page=1", lambda v: v.open("structure"), ("/utilisateur?compte=TECH",), "Actions"),
    Row("account_page=1", _account, (DEMO_ACCOUNT, DEMO_SIRET, CONFIRMED)),
    Row(
        "first_visit_empty=1",
        Visitor.connect,
        ("Adresse électronique de contact", "Nom", "Prénom", "Adresse postale professionnelle"),
        INSIDE,
    ),
    Row("federated=1", lambda v: v.open("authentification"), ("mon compte d&#39;agent",)),
)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.switch)
def test_what_a_switch_shows(visitor: Visitor, row: Row) -> None:
    """The page says what the switch is for, and nothing in its place."""
    visitor.school.faults.set(*row.switch.split("="))
    page = row.seen(visitor).text.replace("&#39;", "'")
    assert all(word.replace("&#39;", "'") in page for word in row.says)
    assert row.not_ not in page


def identify(visitor: Visitor, password: str) -> str:
    """Post Chorus Pro's own form; the text of the answer."""
    form = {"identifiant": visitor.school.world.manager.login, "motdepasse": password}
    return visitor.client.post(f"{visitor.urls.idp}/identification", data=form).text


def test_chorus_pro_locks_after_five_failures_for_an_hour(visitor: Visitor, clock: Clock) -> None:
    """The fifth failure locks, PIGP's form knows nothing of it, and an hour later all is well."""
    answers = [identify(visitor, "non") for _ in range(5)]
    assert [False] * 4 + [True] == ["Votre compte est bloqué" in each for each in answers]
    right = visitor.school.world.manager.password
    assert "Votre compte est bloqué" in identify(visitor, right)
    assert "Bonjour" in visitor.login().text
    clock.now += timedelta(minutes=61)
    assert INSIDE in identify(visitor, right)


def test_a_federated_login_comes_back_connected(visitor: Visitor) -> None:
    """On an origin that the portal's are not: the address, the password, then the tiles."""
    urls, manager = visitor.urls, visitor.school.world.manager
    assert urls.federation not in urls.origins
    form = {"courriel": manager.email}
    asked = visitor.client.post(f"{urls.federation}/secret", data=form)
    assert f"Mot de passe de {manager.email}" in asked.text
    refused = visitor.client.post(f"{urls.federation}/secret", data=form | {"secret": "non"})
    assert "Mot de passe refusé" in refused.text
    form["secret"] = federation.PASSWORD
    assert "Vos applications" in visitor.client.post(f"{urls.federation}/secret", data=form).text
    assert INSIDE in visitor.client.get(f"{urls.pigp}/portail/sso").text


@pytest.mark.parametrize("login", ["xt012345", "xt100001", "xt100002"])
def test_each_manager_sees_and_resets_only_his_or_her_own(visitor: Visitor, login: str) -> None:
    """A structure of somebody else is not found, nor reset."""
    world, chorus = visitor.school.world, visitor.urls.chorus
    form = {"identifiant": login, "secret": world.managers[login].password}
    visitor.client.post(f"{visitor.urls.pigp}/portail/accueilIAM.pl", data=form)
    assert INSIDE in visitor.client.get(f"{visitor.urls.pigp}/portail/sso").text
    own = [each for each in world.structures.values() if each.manager == login]
    others = [each for each in world.structures.values() if each.manager != login]
    activities = visitor.client.get(f"{chorus}/cpp/activites-gestionnaire").text
    assert f"gestionnaire ({len(own)})" in activities
    for each, status in ((own[0], 200), (others[0], 404)):
        address = f"{chorus}/cpp/structure/{each.siret}"
        assert status == visitor.client.get(address).status_code
        form = {"compte": each.accounts[0]}
        assert status == visitor.client.post(address, data=form).status_code
    assert [own[0].accounts[0]] == [e.account for e in world.ledger.entries if e.kind == "reset"]


def test_passwords_that_are_easily_spoilt_are_shown_as_they_are(visitor: Visitor) -> None:
    """Spaces at both ends, a tag, an entity, quotes and a backslash survive the page."""
    visitor.school.faults.awkward_passwords = True
    visitor.connect()
    shown = shown_password(visitor.confirm())
    assert shown == visitor.school.world.accounts[DEMO_ACCOUNT].password
    assert AWKWARD in shown
    assert shown.startswith(" ") and shown.endswith(" ")
