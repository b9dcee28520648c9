"""A stand-in for the three Corail screens: the menu's list of collectivités, the tab "Transfert",
the grid of "Facture dématérialisée".

The real Corail is a Windows program; only the words of the procedure are known, the rest is a
guess.
"""

from __future__ import annotations

from releve.school.web import Page


class CorailPage(Page):
    """A window of the program; it has no login of its own here."""

    site = "corail"
    template_of_problem = "corail/problem.html"


class Desktop(CorailPage):
    """The program's empty window, with its menu."""

    async def get(self) -> None:
        await self.show("", "corail/desktop.html")


class Collectivites(CorailPage):
    """ "Gestion des collectivités": choose one by its name or SIRET."""

    async def get(self) -> None:
        words = self.get_query_argument("filtre", "")
        found = self.world.search(words)
        await self.show(
            "corail-collectivites", "corail/collectivites.html", {"found": found, "words": words}
        )


class Collectivite(CorailPage):
    """One collectivité and its tabs, "Transfert" among them."""

    async def get(self, siret: str) -> None:
        structure, tab = (
            self.world.structures.get(siret),
            self.get_query_argument("onglet", "identite"),
        )
        if structure is None:
            self.send_error(404)
            return
        screen = "corail-transfert" if tab == "transfert" else ""
        await self.show(
            screen, "corail/collectivite.html", {"structure": structure, "tab": tab}, siret=siret
        )


class Invoices(CorailPage):
    """ "Facture dématérialisée": a grid whose last cell is the password; "Valider" saves it."""

    async def get(self, siret: str) -> None:
        await self.show_grid(siret, "", "")

    async def post(self, siret: str) -> None:
        """Save the password as it was typed, to the byte; or fetch invoices with the one saved."""
        if siret in self.world.corail and self.get_body_argument("recuperer", ""):
            works = self.world.corail_matches(siret)
            done = "Récupération réussie : 2 factures reçues de Chorus Pro." if works else ""
            error = "" if works else "Chorus Pro refuse la connexion : vérifiez le mot de passe."
            await self.show_grid(siret, done, error, screen="")
            return
        password = self.get_body_argument("mot_de_passe", "", strip=False)
        if siret not in self.world.corail or await self.stopped("corail-mot-de-passe", siret):
            return
        if password:
            self.world.corail_save(siret, password)
            await self.show_grid(siret, "Modifications enregistrées.", "", screen="")
        else:
            await self.show_grid(
                siret, "", "Le mot de passe est vide : rien n'a été enregistré.", screen=""
            )

    async def show_grid(
        self, siret: str, done: str, error: str, screen: str = "corail-mot-de-passe"
    ) -> None:
        """Show the grid and what became of the last "Valider"."""
        structure = self.world.structures.get(siret)
        if structure is None:
            self.send_error(404)
            return
        facts = {
            "structure": structure,
            "row": self.world.corail[siret],
            "done": done,
            "error": error,
        }
        await self.show(screen, "corail/invoices.html", facts, siret=siret)


ROUTES = [
    (r"/", Desktop),
    (r"/collectivites", Collectivites),
    (r"/collectivites/(\d{14})", Collectivite),
    (r"/collectivites/(\d{14})/facture", Invoices),
]
