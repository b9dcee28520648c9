"""A federated login on an origin of its own, as ProConnect is: an address, a password, and back.

The portal offers it while the switch `federated` is on. Its password is not the portal's. The pages
and the words are guesses.
"""

from __future__ import annotations

from releve.school.web import Page

PASSWORD = "Federation-2026"
"""What every manager types there."""


class FederationPage(Page):
    """A page of the federation."""

    site = "federation"


class Address(FederationPage):
    """Asks who is there."""

    async def get(self) -> None:
        await self.show("federation", "federation/address.html", {"error": ""})


class Secret(FederationPage):
    """Asks for the password of that address, then sends back to the portal with a ticket."""

    async def post(self) -> None:
        manager = self.world.known(self.get_body_argument("courriel", ""))
        password = self.get_body_argument("secret", None, strip=False)
        if manager is None:
            error = "Cette adresse n'est pas connue."
            await self.show("federation", "federation/address.html", {"error": error})
        elif password == PASSWORD:
            ticket = self.desk.ticket(manager.login)
            self.redirect(f"{self.desk.urls.pigp}/portail/federation?ticket={ticket}", status=303)
        else:
            facts = {"email": manager.email, "error": "Mot de passe refusé." if password else ""}
            await self.show("federation", "federation/secret.html", facts)


ROUTES = [(r"/", Address), (r"/secret", Secret)]
