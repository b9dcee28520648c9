"""What tests of the school share: a visitor without a browser, a clock that a test moves."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime

import httpx
from releve.school import SchoolThread
from releve.school.people import DEMO_ACCOUNT, DEMO_SIRET


class Visitor:
    """Follows links and posts forms as a browser without scripts would, and keeps the cookies."""

    def __init__(self, school: SchoolThread) -> None:
        self.school, self.urls = school, school.urls
        self.client = httpx.Client(follow_redirects=True, timeout=20)

    def login(self, password: str | None = None) -> httpx.Response:
        """Post the login form."""
        manager = self.school.world.manager
        form = {
            "identifiant": manager.login,
            "secret": manager.password if password is None else password,
        }
        return self.client.post(f"{self.urls.pigp}/portail/accueilIAM.pl", data=form)

    def connect(self) -> httpx.Response:
        """Log in and hop to Chorus Pro."""
        self.login()
        return self.client.get(f"{self.urls.pigp}/portail/sso")

    def structure(self) -> httpx.Response:
        """Open the demonstration's structure."""
        return self.client.get(f"{self.urls.chorus}/cpp/structure/{DEMO_SIRET}")

    def confirm(self, account: str = DEMO_ACCOUNT) -> httpx.Response:
        """Confirm the reset."""
        return self.client.post(
            f"{self.urls.chorus}/cpp/structure/{DEMO_SIRET}", data={"compte": account}
        )

    def open(self, screen: str) -> httpx.Response:
        """Show a screen, by its id, as somebody would who has done the ones before."""
        chorus, corail = self.urls.chorus, f"{self.urls.corail}/collectivites"
        addresses = {
            "authentification": self.urls.portal,
            "connexion": f"{chorus}/",
            "structures": f"{chorus}/cpp/activites-gestionnaire",
            "structure": f"{chorus}/cpp/structure/{DEMO_SIRET}",
            "corail-collectivites": corail,
            "corail-transfert": f"{corail}/{DEMO_SIRET}?onglet=transfert",
            "corail-mot-de-passe": f"{corail}/{DEMO_SIRET}/facture",
        }
        if screen in ("structures", "structure", "confirmation", "recapitulatif"):
            self.connect()
        if screen in addresses:
            return self.client.get(addresses[screen])
        return {
            "portail": self.login,
            "confirmation": self.confirm,
            "recapitulatif": self.confirm,
        }.get(screen, self.connect)()


def shown_password(page: httpx.Response) -> str:
    """The password that the summary shows."""
    found = re.search(r'<dd class="password"[^>]*>(.*?)</dd>', page.text)
    assert found is not None
    return html.unescape(found.group(1))


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        """The time it shows."""
        return self.now
