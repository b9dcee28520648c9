"""Logging in straight on Chorus Pro, and the one-time codes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from releve.school import SchoolThread, World
from releve.school.otp import totp
from school_client import Clock, Visitor

INSIDE = "Historique de mes actions"


@pytest.fixture
def clock() -> Clock:
    """A clock that a test moves."""
    return Clock()


@pytest.fixture
def visitor(clock: Clock) -> Iterator[Visitor]:
    """Somebody who visits a school on that clock."""
    with SchoolThread(World(clock=clock)) as school:
        yield Visitor(school)


def identify(visitor: Visitor, password: str | None = None) -> httpx.Response:
    """Post Chorus Pro's own login form."""
    manager = visitor.school.world.manager
    form = {
        "identifiant": manager.email,
        "motdepasse": manager.password if password is None else password,
    }
    return visitor.client.post(f"{visitor.urls.idp}/identification", data=form)


def give(visitor: Visitor, code: str) -> str:
    """Post a one-time code; the text of the answer."""
    return visitor.client.post(f"{visitor.urls.idp}/code", data={"code": code}).text


def last_code(visitor: Visitor) -> str:
    """The code of the newest mail."""
    page = visitor.client.get(visitor.urls.mailbox).text
    found = re.search(r"code de sécurité est : (\d{6})", page)
    assert found is not None
    return found.group(1)


def test_chorus_has_a_login_of_its_own(visitor: Visitor) -> None:
    """Without PIGP, Chorus Pro's own form opens the session; it counts refusals on the same
    account.
    """
    assert "Identifiant ou mot de passe incorrect" in identify(visitor, "non").text
    assert INSIDE in identify(visitor).text
    assert (1, 1) == (
        visitor.school.world.ledger.count("login_refused"),
        visitor.school.world.ledger.count("login"),
    )


def test_a_mailed_code_is_good_until_it_expires_or_another_is_sent(
    visitor: Visitor, clock: Clock
) -> None:
    """A wrong code, an expired one and one replaced by a newer are refused; opening the page again
    mails another.
    """
    visitor.school.faults.otp = "email"
    assert "Vérification en deux étapes" in identify(visitor).text
    first = last_code(visitor)
    assert "Code incorrect" in give(visitor, "12")
    clock.now += timedelta(seconds=301)
    assert "Ce code a expiré" in give(visitor, first)
    assert "Renvoyer un code" in visitor.client.get(f"{visitor.urls.idp}/code").text
    assert "Code incorrect" in give(visitor, first)
    assert INSIDE in give(visitor, last_code(visitor))
    assert (2, 3) == (
        visitor.school.world.ledger.count("code_sent"),
        visitor.school.world.ledger.count("code_refused"),
    )


def test_an_authenticator_code_serves_once(visitor: Visitor, clock: Clock) -> None:
    """The seed's code opens; the same code is refused at the next login; the next one is good, half
    a minute ahead too.
    """
    visitor.school.faults.otp = "totp"
    seed = visitor.school.world.manager.totp_seed
    identify(visitor)
    assert "Code incorrect" in give(visitor, totp(seed, clock.now + timedelta(minutes=5)))
    assert INSIDE in give(visitor, totp(seed, clock.now))
    identify(visitor)
    assert "Ce code a déjà été utilisé" in give(visitor, totp(seed, clock.now).replace("", " "))
    assert INSIDE in give(visitor, totp(seed, clock.now + timedelta(seconds=30)))


def test_totp_follows_its_standard() -> None:
    """RFC 6238, appendix B: the last six digits of its first SHA-1 vectors."""
    seed = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert ["287082", "081804"] == [
        totp(seed, datetime.fromtimestamp(at, UTC)) for at in (59, 1111111109)
    ]


def test_a_security_key_is_touched_by_a_button(visitor: Visitor) -> None:
    """The key's page has no field, and its button opens."""
    visitor.school.faults.otp = "key"
    assert "touchez-la" in identify(visitor).text
    assert INSIDE in give(visitor, "")


def test_after_pigp_the_code_is_asked_only_if_the_school_is_told_so(visitor: Visitor) -> None:
    """PIGP's word is enough by default; `otp_after_pigp` asks for the code all the same."""
    visitor.school.faults.otp = "email"
    assert INSIDE in visitor.connect().text
    visitor.client.get(f"{visitor.urls.chorus}/deconnexion")
    visitor.school.faults.otp_after_pigp = True
    assert "Vérification en deux étapes" in visitor.connect().text


def test_the_code_page_needs_the_first_factor(visitor: Visitor) -> None:
    """Nobody reaches the code page, or gets in by it, without having passed the password."""
    visitor.school.faults.otp = "key"
    assert "Connexion à Chorus Pro" in visitor.client.get(f"{visitor.urls.idp}/code").text
    assert "Connexion à Chorus Pro" in give(visitor, "")


@pytest.mark.parametrize(
    ("screen", "words"),
    [("identification", "Connexion à Chorus Pro"), ("code", "Vérification en deux étapes")],
)
def test_faults_stand_in_place_of_these_screens_too(
    visitor: Visitor, screen: str, words: str
) -> None:
    """Maintenance at the login form and at the code's page, once."""
    visitor.school.faults.otp, visitor.school.faults.maintenance_at = "totp", screen
    open_screen = {
        "identification": lambda: visitor.client.get(f"{visitor.urls.idp}/identification"),
        "code": lambda: identify(visitor),
    }
    assert [False, True] == [words in open_screen[screen]().text for _ in range(2)]
