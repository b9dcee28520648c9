"""Corail: guided by hand for the real program, driven in the browser for the school's stand-in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import ClassVar

from releve.base.secret import Secret
from releve.base.settings import Structure
from releve.decision.procedure import BY_ID, TARGET_STEPS
from releve.portal.browser import PortalBrowser
from releve.portal.camera import capture
from releve.portal.rows import pen
from releve.portal.screen import Screen, text, thing, want
from releve.portal.sight import Abstention, closest, decide, rank
from releve.portal.view import Thing, View
from releve.targets.guide import Entering, Guide


class GuidedCorail:
    """The real Corail, or any program that is served by hand: a person does it, guided."""

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

    title, mark = "Menu Environnement", text("corail.environment")

    async def open(self, siret: str) -> None:
        """Open the menu's entry, then the collectivity by the one thing in its row."""
        entry = want(self.words, "corail.collectivities")
        menu = want(self.words, "corail.environment")

        def in_reach(view: View) -> Thing | Abstention:
            """The entry, else the menu that has to be pressed for it."""
            found = decide(view, entry)
            return found if isinstance(found, Thing) else decide(view, menu)

        first = await self.finder.until(in_reach)
        await self.finder.press(first)
        if not rank(first, entry):
            await self.finder.press(await self.finder.find(entry))
        edit = want(self.words, "structures.edit")
        step = await self.finder.until(lambda view: pen(view, siret, edit))
        await self.finder.press(step.thing)


class Transfert(Screen):
    """The tab Transfert, with the icon "Facture dématérialisée"."""

    title, mark = "Onglet Transfert", thing("corail.transfer")

    async def open_invoices(self) -> None:
        """Open the tab, then what its icon leads to."""
        await self.press("corail.transfer")
        await self.press("corail.invoice")


class FactureDematerialisee(Screen):
    """The grid whose last cell holds the password."""

    title, mark = "Facture dématérialisée", thing("corail.submit", longer=False)

    def cell(self, view: View, siret: str) -> Thing | Abstention:
        """The grid's password, else its last cell; never another structure's."""
        own = [t for t in view.of_kind("secret", "field") if view.holders(t, "siret") <= {siret}]
        keys = {t.key for t in own if not t.fixed and t.enabled}
        for kind in ("secret", "field"):
            found = decide(view, want(self.words, "login.password", kind), lambda t: t.key in keys)
            if isinstance(found, Thing):
                return found
        last = [t for t in own if t.key in keys and {"left", "above"} & set(t.near)]
        return last[-1] if last else Abstention(self.words.first("login.password"))

    async def replace(self, siret: str, secret: Secret) -> None:
        """Type the password in the grid's last cell and press "Valider"."""
        async with self.browser.guarded():
            cell = await self.finder.until(lambda view: self.cell(view, siret))
            await self.finder.type_secret(cell, secret)
            submit = want(self.words, "corail.submit", longer=False)
            sends = await self.finder.until(lambda view: closest(view, submit, [cell]))
            await self.finder.press(sends)
            done = text("corail.done")
            await self.finder.until(lambda view: done(view, self.words), open_hidden=False)


class SchoolCorail:
    """The school's stand-in for the three Corail screens, through the browser."""

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
            await FactureDematerialisee(self._browser).replace(self.structure.siret, secret)
        return f"le nouveau mot de passe est enregistré dans Corail pour {self.structure.name}"

    async def capture(self, path: Path) -> bool:
        return self._browser is not None and await capture(self._browser, path)
