"""The "Portail de Gestion Publique": login page, then tiles, one of which opens Chorus Pro in a new
tab.

Known: the address, the fields' names (`identifiant`, `secret`), the submit's name (`apply`), the
new tab, the hop without a second authentication. The rest of the pages is a guess.
"""

from __future__ import annotations

from releve.school.managers import Login
from releve.school.web import Page

REFUSED = "Identifiant ou mot de passe incorrect."
LOCKED = (
    "Votre compte est verrouillé à la suite de plusieurs tentatives infructueuses. Contactez votre"
    " assistance."
)


class LoginPage(Page):
    """Screen "Authentification"; once the session is open, the tiles."""

    site = "pigp"

    async def get(self) -> None:
        """Show the login form, or the tiles to who is already logged in."""
        if self.session:
            await self.show("portail", "pigp/tiles.html")
        else:
            await self.show(
                "authentification",
                "pigp/login.html",
                self.facts("", self.get_query_argument("vers", "")),
            )

    async def post(self) -> None:
        login = self.get_body_argument("identifiant", "")
        answer = self.world.log_in(login, self.get_body_argument("secret", "", strip=False))
        onward = self.get_body_argument("vers", "")
        if answer is Login.ACCEPTED:
            self.open_session(login)
            self.redirect("/portail/sso" if onward == "chorus" else "/portail/", status=303)
        else:
            error = LOCKED if answer is Login.LOCKED else REFUSED
            await self.show("authentification", "pigp/login.html", self.facts(error, onward))

    def facts(self, error: str, onward: str) -> dict[str, object]:
        """What the form shows."""
        return {"error": error, "onward": onward, "federated": self.desk.faults.federated}


class Sso(Page):
    """Vouches for the manager to Chorus Pro, without a second authentication when the session is
    open.
    """

    site = "pigp"

    def get(self) -> None:
        """Send the browser back to Chorus Pro's identity provider, with a one-time ticket if the
        session is open.
        """
        ticket = f"?ticket={self.desk.ticket(self.session.login)}" if self.session else ""
        self.redirect(f"{self.desk.urls.idp}/retour{ticket}", status=303)


class Federated(Page):
    """The federation's answer: with a good ticket the session is open, whatever the portal thinks
    of its own password.
    """

    site = "pigp"

    def get(self) -> None:
        if login := self.desk.spend(self.get_query_argument("ticket", "")):
            self.world.note("login", detail="federation")
            self.open_session(login)
        self.redirect("/portail/", status=303)


class Logout(Page):
    """Ends the session on the portal."""

    site = "pigp"

    async def get(self) -> None:
        if self.session:
            self.close_session()
            self.world.note("logout", detail="pigp")
        self.problem(200, "Déconnexion", "Vous êtes déconnecté.", again="/portail/")


ROUTES = [
    (r"/(?:portail/?)?", LoginPage),
    (r"/portail/accueilIAM\.pl", LoginPage),
    (r"/portail/sso", Sso),
    (r"/portail/federation", Federated),
    (r"/portail/deconnexion", Logout),
]
