"""« Réinitialiser le mot de passe (utilisateur technique) » : the button of this account alone."""

from __future__ import annotations

from releve.portal import errors as e
from releve.portal.case import Case
from releve.portal.screens.confirmation import Confirmation
from releve.portal.screens.structure import ModificationDeLaStructure


class Demande(ModificationDeLaStructure):
    """The reset button of the card; it asks for a confirmation and changes nothing."""

    step = "demande"

    async def go(self, case: Case) -> str:
        step = await self.reset_button(case.siret, case.account)
        confirmation = Confirmation(self.browser)
        await confirmation.expect(step)
        if "reset.button" in self.finder.hers:
            raise e.ShownJustNow(wanted=self.words.first("reset.button"))
        await self.finder.press(step.thing)
        await confirmation.check(case)
        return "la confirmation est demandée, rien n'est encore changé"

    async def arrived(self, case: Case) -> None:
        await Confirmation(self.browser).check(case)

    async def see(self, case: Case) -> str:
        """See that the button could be pressed, without pressing it; returns one French line."""
        step = await self.reset_button(case.siret, case.account)
        await self.finder.press(step.thing, trial=True)
        label = self.words.first("reset.button")
        return f"le bouton « {label} » de {case.account} est là et actif ; il n'est pas cliqué"
