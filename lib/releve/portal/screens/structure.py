"""The structure's card: its attached users, and the reset button of one account."""

from __future__ import annotations

import asyncio
import re

from playwright.async_api import Locator

from releve.base.words import digits, whole
from releve.portal import errors as e
from releve.portal.case import Case
from releve.portal.screen import Screen

# Both formats seen: TECH_1_<number>@cpro.fr, TECH_<0+SIRET>@cpp2017.fr.
ACCOUNT = re.compile(r"TECH_\w+@[\w-]+(?:\.[\w-]+)*", re.IGNORECASE)


class ModificationDeLaStructure(Screen):
    """The structure's card: folded panels, the attached users at its foot, the confirmation window."""

    step, title, label = "structure", "Modification de la structure", "structure.title"

    def mark(self) -> Locator:
        return self.page.get_by_role("heading", name=self.words.find("structure.title")).filter(
            visible=True
        )

    async def go(self, case: Case) -> str:
        await self.reached()
        await self.check_target(case.siret)
        await self.show_users()
        await self.arrived(case)
        return (
            f"le compte technique {case.account} est rattaché à la structure, son bouton est actif"
        )

    async def arrived(self, case: Case) -> None:
        await self.reset_button(case.siret, case.account)

    async def check_target(self, siret: str) -> None:
        """Prove which structure this is: its SIRET is on the card. Raises `StructureNotFound`."""
        if not re.search(digits(siret), await self.page.locator("body").inner_text()):
            raise e.StructureNotFound(siret=siret, login=self.browser.settings.login)

    async def show_users(self) -> None:
        """Unfold "Utilisateurs rattachés à la structure" and bring it in sight."""
        panel = self.named("structure.users")
        if await panel.count() == 1 and await panel.get_attribute("aria-expanded") == "false":
            await panel.click()
        title = self.page.get_by_text(self.words.find("structure.users")).filter(visible=True).first
        await self.browser.wait_for(title, self.words.first("structure.users"))
        await title.evaluate("title => title.scrollIntoView({ block: 'nearest' })")

    async def accounts(self) -> tuple[str, ...]:
        """The technical accounts on the card."""
        return tuple(dict.fromkeys(ACCOUNT.findall(await self.page.locator("body").inner_text())))

    async def is_secondary(self) -> bool:
        """Whether the card says that the manager may not reset."""
        return (
            self.words.find("structure.secondary").search(
                await self.page.locator("body").inner_text()
            )
            is not None
        )

    async def reset_button(self, siret: str, account: str) -> Locator:
        """The enabled reset button of `account`, and of no other. Raises the `PortalError` that
        says why there is none.
        """
        buttons, label = self.button("reset.button"), self.words.first("reset.button")
        rows = self.page.get_by_role("row").or_(self.page.get_by_role("listitem"))
        own = rows.filter(has=self.page.get_by_text(whole(account)))
        row = own.filter(has=buttons)
        (
            text,
            there,
            mine,
            here,
            anywhere,
        ) = await asyncio.gather(  # in one go: each question takes a way to the browser and back
            self.page.locator("body").inner_text(),
            buttons.count(),
            own.count(),
            row.count(),
            rows.filter(has=buttons).count(),
        )
        found = sorted(set(ACCOUNT.findall(text)))
        if account.lower() not in {each.lower() for each in found}:
            raise (
                e.AccountNotFound(account=account, siret=siret, found=", ".join(found))
                if found
                else e.NoTechnicalAccount(siret=siret)
            )
        if not there:
            secondary = self.words.find("structure.secondary").search(text)
            raise (
                e.NotPrincipalManager(siret=siret)
                if secondary
                else e.ResetButtonMissing(siret=siret, wanted=label)
            )
        if mine == 1 and not here and anywhere:
            raise e.ResetButtonMissing(
                siret=siret, wanted=label
            )  # the others' accounts have theirs
        button = self.button("reset.button", row) if here == 1 else buttons
        number = await button.count() if here == 1 else there
        if here == 1 and number > 1:
            raise e.AmbiguousScreen(screen=self.title, count=number, wanted=label)
        if number != 1 or (here != 1 and len(found) > 1):
            raise e.AccountToChoose(siret=siret, found=", ".join(found))
        if not await button.is_enabled():
            raise e.ResetButtonDisabled(siret=siret, wanted=label)
        return button
