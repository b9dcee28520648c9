"""The documented route: "Activités du gestionnaire", the structure's card, "Réinitialiser le mot de
passe".
"""

from __future__ import annotations

from typing import ClassVar

from releve.base.secret import Secret
from releve.decision.procedure import BY_ID
from releve.portal import errors as e
from releve.portal.login import Login
from releve.portal.screens import (
    AccueilDeChorusPro,
    ActivitesDuGestionnaire,
    Confirmation,
    EcranSuivant,
    ModificationDeLaStructure,
)
from releve.portal.visit import Visit


class Gestionnaire(Visit):
    """Drives the documented screens for one structure and its technical account. The reset takes
    effect before its password is seen.
    """

    name: ClassVar[str] = "gestionnaire"
    sees_first: ClassVar[bool] = False

    def __init__(self, login: Login, siret: str, account: str) -> None:
        super().__init__(login, siret, account)
        self.steps |= {
            "accueil": self._open_activities,
            "structures": self._edit_structure,
            "structure": self._show_users,
            "demande": self._request_reset,
        }

    async def _open_activities(self) -> str:
        await AccueilDeChorusPro(self.browser).open_manager_activities()
        return await self.activities()

    async def activities(self) -> str:
        """Wait for the list of structures in the tab in hand; returns the line of the step that
        leads there. Raises `PortalError`.
        """
        async with self.browser.on(ActivitesDuGestionnaire.title):
            await ActivitesDuGestionnaire(self.browser).reached()
        return "« Mes structures » est affiché"

    async def _edit_structure(self) -> str:
        page = ActivitesDuGestionnaire(self.browser)
        if not await page.row(self.siret).count():
            await page.search(self.siret)
        await page.edit(self.siret)
        card = ModificationDeLaStructure(self.browser)
        await card.reached()
        await card.check_target(self.siret)
        return f"la fiche de la structure {self.siret} est ouverte"

    async def _show_users(self) -> str:
        card = ModificationDeLaStructure(self.browser)
        await card.show_users()
        await card.reset_button(self.siret, self.account)
        return (
            f"le compte technique {self.account} est rattaché à la structure, son bouton est actif"
        )

    async def _request_reset(self) -> str:
        button = await ModificationDeLaStructure(self.browser).reset_button(
            self.siret, self.account
        )
        await button.click()
        await Confirmation(self.browser).check(self.account)
        return "la fenêtre de confirmation est ouverte, rien n'est encore changé"

    async def arrived(self, step: str) -> None:
        await super().arrived(step)
        async with self.browser.on(BY_ID[step].screen):
            card = ModificationDeLaStructure(self.browser)
            if step == "accueil":
                await ActivitesDuGestionnaire(self.browser).reached()
            elif step == "structures":
                await card.reached()
                await card.check_target(self.siret)
            elif step == "structure":
                await card.reset_button(self.siret, self.account)
            elif step == "demande":
                await Confirmation(self.browser).check(self.account)

    async def rehearse(self) -> str:
        card = ModificationDeLaStructure(self.browser)
        async with self.browser.on(card.title):
            await (await card.reset_button(self.siret, self.account)).click(trial=True)
            return (
                f"le bouton « {self.browser.words.first('reset.button')} » de {self.account} est là"
                " et actif ; il n'est pas cliqué"
            )

    async def offer(self) -> None:
        """The documented route shows nothing before the reset."""

    async def ready(self) -> None:
        async with self.browser.on(Confirmation.title):
            await (await Confirmation(self.browser).check(self.account)).click(trial=True)

    async def commit(self) -> None:
        """See `Route.commit`. Chromium may send the request twice by itself when the connection is
        cut: the portal's ledger counts.
        """
        try:
            async with self.browser.on(EcranSuivant.title):
                await Confirmation(self.browser).mark().click(no_wait_after=True)
                await EcranSuivant(self.browser).reached()
        except e.ResetRefused:
            raise
        except e.PortalError as error:
            raise e.ResetOutcomeUnknown(why=str(error).rstrip("."), todo="") from error

    async def read(self) -> Secret:
        async with self.browser.on(EcranSuivant.title):
            return await EcranSuivant(self.browser).read(self.account)

    async def back(self) -> None:
        async with self.browser.on(ModificationDeLaStructure.title):
            await EcranSuivant(self.browser).back()
            card = ModificationDeLaStructure(self.browser)
            await card.reached()
            await card.check_target(self.siret)
            await card.show_users()
            await self._request_reset()
