"""The documented route: "Activités du gestionnaire", the structure's card, "Réinitialiser le mot de passe"."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from playwright.async_api import Error as PlaywrightError

from ..procedure import BY_ID
from ..secret import Secret
from . import errors as e
from .browser import PortalBrowser
from .screens import (
    AccueilDeChorusPro,
    AccueilDuPortail,
    ActivitesDuGestionnaire,
    Authentification,
    Confirmation,
    EcranSuivant,
    ModificationDeLaStructure,
)


class Gestionnaire:
    """Drives the documented screens for one structure and its technical account. The reset takes effect before its password is seen."""

    name: ClassVar[str] = "gestionnaire"
    sees_first: ClassVar[bool] = False

    def __init__(self, browser: PortalBrowser, password: Secret, siret: str, account: str) -> None:
        self.browser, self.password, self.siret, self.account = browser, password, siret, account
        self._steps: dict[str, Callable[[], Awaitable[str]]] = {
            "authentification": self._sign_in,
            "portail": self._open_chorus_pro,
            "accueil": self._open_activities,
            "structures": self._edit_structure,
            "structure": self._show_users,
            "demande": self._request_reset,
        }

    async def go(self, step: str) -> str:
        async with self.browser.on(BY_ID[step].title):
            return await self._steps[step]()

    async def _sign_in(self) -> str:
        await self.browser.goto(self.browser.settings.url)
        page = Authentification(self.browser)
        await page.reached()
        await page.sign_in(self.browser.settings.login, self.password)
        await AccueilDuPortail(self.browser).reached()
        return f"connecté au portail avec l'identifiant {self.browser.settings.login}"

    async def _open_chorus_pro(self) -> str:
        await AccueilDuPortail(self.browser).open_chorus_pro()
        done = await AccueilDeChorusPro(self.browser).arrive()
        return ", ".join(["Chorus Pro est ouvert", *done])

    async def _open_activities(self) -> str:
        await AccueilDeChorusPro(self.browser).open_manager_activities()
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
        return f"le compte technique {self.account} est rattaché à la structure, son bouton est actif"

    async def _request_reset(self) -> str:
        button = await ModificationDeLaStructure(self.browser).reset_button(self.siret, self.account)
        await button.click()
        await Confirmation(self.browser).check(self.account)
        return "la fenêtre de confirmation est ouverte, rien n'est encore changé"

    async def ready(self) -> None:
        async with self.browser.on(Confirmation.title):
            await Confirmation(self.browser).check(self.account)

    async def commit(self) -> None:
        """See `Route.commit`. Chromium may send the request twice by itself when the connection is cut: the portal's ledger counts."""
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

    async def leave(self) -> str:
        """Log out. The document says « vous pouvez » : a portal that does not let us go holds nothing back, its session ends with the window."""
        try:
            async with self.browser.on("Déconnexion"):
                page = AccueilDeChorusPro(self.browser)
                if await self.browser.popup():
                    raise await self.browser.diagnose(page.words.first("home.logout"))
                await page.press(page.button("home.logout"), page.words.first("home.logout"))
                with suppress(PlaywrightError):
                    await self.browser.page.wait_for_load_state("load")
        except e.PortalError as error:
            return f"déconnexion non confirmée par le portail ; la session prend fin avec la fenêtre ({error})"
        return "déconnecté du portail"

    async def capture(self, path: Path) -> bool:
        return await self.browser.capture(path)

    async def close(self) -> None:
        await self.browser.close()
