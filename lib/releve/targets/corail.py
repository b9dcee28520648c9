"""Corail: guided by hand for the real program, driven in the browser for the school's stand-in."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import ClassVar

from playwright.async_api import Locator

from releve.base.secret import Secret
from releve.base.settings import Structure
from releve.base.words import digits
from releve.decision.procedure import BY_ID, TARGET_STEPS
from releve.portal.browser import PortalBrowser
from releve.portal.screen import Screen
from releve.targets.guide import Entering, Guide


class GuidedCorail:
    """The real Corail, or any program that is served by hand: a person does it, guided."""

    kind: ClassVar[str] = "corail"
    mode: ClassVar[str] = "manual"

    def __init__(self, target: str, structure: Structure, guide: Guide) -> None:
        self._entering = Entering(target, structure.name, structure.technical_account)
        self._guide, self._guided = guide, False

    async def show(self, step: str) -> str:
        self._guided = True
        return await self._guide.guide(step, self._entering)

    async def enter(self, secret: Secret) -> str:
        """The last screen; the ones before it too, if nobody was guided there: a second structure
        of the same account.
        """
        if not self._guided:
            for step in TARGET_STEPS[:-1]:
                await self.show(step)
        return await self._guide.enter_by_hand(self._entering, secret)

    async def capture(self, path: Path) -> bool:
        return False


class GestionDesCollectivites(Screen):
    """Menu Environnement, Gestion des collectivités: the list of the collectivities."""

    title, label = "Menu Environnement", "corail.environment"

    def mark(self) -> Locator:
        item = self.page.get_by_role("menuitem", name=self.words.find("corail.environment"))
        return self._either(item, self.named("corail.environment"))

    async def open(self, siret: str) -> None:
        await self.mark().first.click()
        item = self.page.get_by_role("menuitem", name=self.words.find("corail.collectivities"))
        await self.press(
            self._either(item, self.named("corail.collectivities")),
            self.words.first("corail.collectivities"),
        )
        row = self.page.get_by_role("row").filter(has_text=re.compile(digits(siret)))
        await self.browser.wait_for(row, siret)
        target = row.get_by_role("link").or_(row.get_by_role("button"))
        await self.press(target.filter(visible=True), siret)


class Transfert(Screen):
    """The tab Transfert, with the icon "Facture dématérialisée"."""

    title, label = "Onglet Transfert", "corail.transfer"

    def mark(self) -> Locator:
        tab = self.page.get_by_role("tab", name=self.words.find("corail.transfer"))
        return self._either(tab, self.named("corail.transfer"))

    async def open_invoices(self) -> None:
        await self.press(self.mark(), self.words.first("corail.transfer"))
        icon = self.named("corail.invoice")
        await self.browser.wait_for(icon, self.words.first("corail.invoice"))
        await self.press(icon, self.words.first("corail.invoice"))


class FactureDematerialisee(Screen):
    """The grid whose last cell holds the password."""

    title, label = "Facture dématérialisée", "corail.submit"

    def mark(self) -> Locator:
        return self.button("corail.submit")

    async def replace(self, secret: Secret) -> None:
        """Type the password in the grid's last cell and press "Valider"."""
        cell = (
            self.page.get_by_role("row")
            .last.get_by_role("textbox")
            .or_(self.page.get_by_role("row").last.locator("input"))
            .last
        )
        await self.browser.type_secret(cell, secret)
        await self.press(self.mark(), self.words.first("corail.submit"))
        done = self.page.get_by_text(self.words.find("corail.done")).filter(visible=True)
        await self.browser.wait_for(done, self.words.first("corail.done"), within_dialog=True)


class SchoolCorail:
    """The school's stand-in for the three Corail screens, through the browser."""

    kind: ClassVar[str] = "school"
    mode: ClassVar[str] = "automatic"

    def __init__(
        self, structure: Structure, url: str, window: Callable[[], Awaitable[PortalBrowser]]
    ) -> None:
        self.structure, self.url, self._window = structure, url, window
        self._browser: PortalBrowser | None = None
        self._shown = ""

    async def show(self, step: str) -> str:
        """From the first screen on, unless the one before is in hand: after a failure nobody knows
        what the window shows.
        """
        if self._browser is None:
            self._browser = await self._window()
        if step == "corail-transfert" and self._shown != "corail-collectivites":
            await self.show("corail-collectivites")
        self._shown = ""
        async with self._browser.on(BY_ID[step].screen):
            if step == "corail-collectivites":
                await self._browser.goto(self.url)
                page = GestionDesCollectivites(self._browser)
                await page.reached()
                await page.open(self.structure.siret)
                await Transfert(self._browser).reached()
            else:
                await Transfert(self._browser).open_invoices()
                await FactureDematerialisee(self._browser).reached()
        self._shown = step
        return f"« {BY_ID[step].screen} » est affiché pour {self.structure.name}"

    async def enter(self, secret: Secret) -> str:
        if self._shown != "corail-transfert" or self._browser is None:
            await self.show("corail-transfert")
        assert self._browser is not None
        self._shown = ""
        async with self._browser.on(BY_ID["corail-mot-de-passe"].screen):
            await FactureDematerialisee(self._browser).replace(secret)
        return f"le nouveau mot de passe est enregistré dans Corail pour {self.structure.name}"

    async def capture(self, path: Path) -> bool:
        return self._browser is not None and await self._browser.capture(path)
