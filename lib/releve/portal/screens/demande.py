"""« Réinitialiser le mot de passe (utilisateur technique) » : the button of this account alone."""

from __future__ import annotations

from releve.portal.case import Case
from releve.portal.screens.confirmation import Confirmation
from releve.portal.screens.structure import ModificationDeLaStructure


class Demande(ModificationDeLaStructure):
    """The reset button of the card; it opens the confirmation window and changes nothing."""

    step = "demande"

    async def go(self, case: Case) -> str:
        await (await self.reset_button(case.siret, case.account)).click()
        await self.arrived(case)
        return "la fenêtre de confirmation est ouverte, rien n'est encore changé"

    async def arrived(self, case: Case) -> None:
        await Confirmation(self.browser).check(case.account)

    async def find(self, case: Case) -> str:
        """See that the button could be pressed, without pressing it; returns one French line."""
        await (await self.reset_button(case.siret, case.account)).click(trial=True)
        label = self.words.first("reset.button")
        return f"le bouton « {label} » de {case.account} est là et actif ; il n'est pas cliqué"
