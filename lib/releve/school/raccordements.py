"""Chorus Pro by the newer route: domain "Raccordements", application "Compte technique", the
candidate in a red box, "Soumettre".

Known: those words, their order, a ServiceNow portal drawn by scripts. Guesses: the layout, the
pickers, the confirmation's words, and whether the candidate changes or takes effect when the form
is left (both are switches).
"""

from __future__ import annotations

import json
from typing import Any

from releve.school.chorus import ChorusPage
from releve.school.world import Structure

TYPES = {
    "creation": "Création d'un compte technique",
    "reinitialisation": "Réinitialisation du mot de passe d'un compte technique",
    "suppression": "Suppression d'un compte technique",
}
SHOWN_AT_ONCE = 20


class Portal(ChorusPage):
    """The one page of the service portal; a script draws its views."""

    async def get(self) -> None:
        await self.show("", "chorus/raccordements.html", {"faults": self.desk.faults})


class View(ChorusPage):
    """What a view asks the server for; a problem is answered as a page, whose content the script
    shows.
    """

    def prepare(self) -> None:
        """Tell who is not connected that the session has expired."""
        if self.session is None:
            self.expired()

    async def answer(self, screen: str, facts: dict[str, Any], *, siret: str = "") -> None:
        """Answer a view's data, unless a fault stands in its place."""
        if not await self.stopped(screen, siret):
            self.finish({**facts, "popup": self.desk.faults.of(siret).fires("popup_at", screen)})

    def asked(self) -> tuple[str, str]:
        """The structure and the account of the posted form, if the manager may reset that account;
        else answers 404.
        """
        form = json.loads(self.request.body)
        siret, account = str(form.get("siret", "")), str(form.get("compte", ""))
        if account in self.accounts(siret):
            return siret, account
        self.send_error(404)
        return "", ""

    def principal(self, structure: Structure) -> bool:
        """Whether the manager may reset that structure's accounts."""
        missing = self.desk.faults.of(structure.siret).missing_button
        return structure.manager == self.manager.login and not missing

    def accounts(self, siret: str) -> list[str]:
        """The technical accounts that the picker offers for a structure."""
        structure, faults = self.world.structures.get(siret), self.desk.faults.of(siret)
        if structure is None or not self.principal(structure) or faults.no_technical_account:
            return []
        return structure.accounts


class Domain(View):
    """The domain's applications."""

    async def get(self) -> None:
        await self.answer("raccordements", {})


class Form(View):
    """The form, opened anew: candidates that were not submitted are dropped."""

    async def get(self) -> None:
        left = self.opened.shown_candidates
        for account, siret in left.items():
            self.world.note("candidate_dropped", account=account, siret=siret)
        left.clear()
        await self.answer(
            "compte-technique",
            {"items": [{"id": key, "text": self.renamed(text)} for key, text in TYPES.items()]},
        )


class Structures(View):
    """The structures whose name or SIRET holds what was typed in the picker."""

    async def get(self) -> None:
        found = [
            each
            for each in self.world.search(self.get_query_argument("mots", ""), self.manager)
            if self.principal(each)
        ]
        items = [
            {"id": each.siret, "text": f"{each.siret} - {each.name}"}
            for each in found[:SHOWN_AT_ONCE]
        ]
        await self.answer("", {"items": items})


class Accounts(View):
    """A structure's technical accounts."""

    async def get(self) -> None:
        accounts = self.accounts(self.get_query_argument("siret", ""))
        await self.answer("", {"items": [{"id": each, "text": each} for each in accounts]})


class Candidate(View):
    """The candidate password, for the red box."""

    async def post(self) -> None:
        siret, account = self.asked()
        if account and not await self.stopped("formulaire", siret):
            offered = self.world.candidate(account, siret=siret)
            self.opened.shown_candidates[account] = siret
            await self.answer("", {"password": offered})


class Submit(View):
    """ "Soumettre": the point of no return, unless the display already was."""

    async def post(self) -> None:
        """Submit the candidate that the form shows. A request that comes again is applied again."""
        siret, account = self.asked()
        if not account or await self.stopped("soumettre", siret):
            return
        faults = self.desk.faults.of(siret)
        if faults.spends("reset_refused"):
            self.world.note("reset_refused", account=account, siret=siret)
            self.finish({"error": "Votre demande n'a pas pu être enregistrée."})
            return
        self.world.submit(account, siret=siret)
        self.opened.shown_candidates.pop(account, None)
        if faults.spends("cut_after_confirmation"):
            self.cut()
        else:
            self.finish({"number": f"RITM{self.world.ledger.count('submitted'):07d}"})


ROUTES = [
    (r"/sp", Portal),
    (r"/api/sp/raccordements", Domain),
    (r"/api/sp/compte-technique", Form),
    (r"/api/sp/structures", Structures),
    (r"/api/sp/comptes", Accounts),
    (r"/api/sp/candidat", Candidate),
    (r"/api/sp/demande", Submit),
]
