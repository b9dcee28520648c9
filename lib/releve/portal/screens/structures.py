"""« Mes structures » : the manager's structures, and the pen of one of them."""

from __future__ import annotations

import re

from playwright.async_api import Locator

from releve.base.words import digits
from releve.portal import errors as e
from releve.portal.case import Case
from releve.portal.screen import Screen
from releve.portal.screens.structure import ModificationDeLaStructure

_CELLS = """
() => [...document.querySelectorAll('tr, [role=row]')].filter(row => row.checkVisibility()).map(row =>
  [...row.querySelectorAll('th, td, [role=cell], [role=gridcell], [role=columnheader]')]
    .map(cell => cell.innerText.trim()))
"""


class ActivitesDuGestionnaire(Screen):
    """The manager's structures, in pages, with a search."""

    step, title, label = "structures", "Activités du gestionnaire", "structures.title"

    def mark(self) -> Locator:
        return self.page.get_by_text(self.words.find("structures.title")).filter(visible=True)

    async def go(self, case: Case) -> str:
        if not await self.row(case.siret).count():
            await self.search(case.siret)
        await self.edit(case.siret)
        await self.arrived(case)
        return f"la fiche de la structure {case.siret} est ouverte"

    async def arrived(self, case: Case) -> None:
        card = ModificationDeLaStructure(self.browser)
        await card.reached()
        await card.check_target(case.siret)

    def row(self, siret: str) -> Locator:
        return (
            self.page.get_by_role("row")
            .filter(has_text=re.compile(digits(siret)))
            .filter(visible=True)
        )

    async def edit(self, siret: str) -> None:
        """Find the structure, page after page, and click its pen. Raises `StructureNotFound`."""
        while not await self.row(siret).count():
            if not await self._turn_page():
                raise e.StructureNotFound(siret=siret, login=self.browser.settings.login)
        row = await self.only(self.row(siret), siret)
        await self.press(self.named("structures.edit", row), self.words.first("structures.edit"))

    async def every(self) -> list[tuple[str, str]]:
        """SIRET and name of every structure, page after page, from the page in hand on. A row
        without a SIRET is no structure of ours.
        """
        found: dict[str, str] = {}
        while True:
            rows: list[list[str]] = await self.page.evaluate(_CELLS)
            column = next(
                (
                    row.index(cell)
                    for row in rows
                    for cell in row
                    if self.words.exact("structures.name").search(cell)
                ),
                -1,
            )
            for row in rows:
                siret = next(
                    (
                        plain
                        for cell in row
                        if len(plain := "".join(cell.split())) == 14 and plain.isdecimal()
                    ),
                    "",
                )
                if siret:
                    found[siret] = row[column] if -1 < column < len(row) else ""
            if not await self._turn_page():
                return list(found.items())

    def field(self) -> Locator:
        """Where a search is typed."""
        named = self.page.get_by_role("textbox", name=self.words.find("structures.search"))
        return self.page.get_by_role("searchbox").or_(named).filter(visible=True)

    async def search(self, siret: str) -> bool:
        """Ask the portal's own search for the structure; False when there is no such field. The
        pages remain the way to be sure.
        """
        field = self.field()
        if await field.count() != 1:
            return False
        await field.fill(siret)
        async with field.page.expect_event("domcontentloaded"):
            await field.press("Enter")
        await self.reached()
        return True

    async def _turn_page(self) -> bool:
        titled = self.page.get_by_title(self.words.find("structures.next")).filter(
            visible=True
        )  # its name is but an arrow
        following = self.named("structures.next").or_(titled)
        if not await following.count() or not await following.first.is_enabled():
            return False
        before = await self.page.evaluate(_CELLS)
        await following.first.click()
        await self.page.wait_for_function(
            f"before => JSON.stringify(({_CELLS})()) !== JSON.stringify(before)", arg=before
        )
        await self.reached()
        return True
