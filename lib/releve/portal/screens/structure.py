"""The structure's card: its attached users, and the reset button of one account."""

from __future__ import annotations

from releve.portal import errors as e
from releve.portal.case import Case
from releve.portal.rows import Act, Missing, Proof, Step, reset
from releve.portal.screen import Screen, text, want
from releve.portal.sight import Abstention, rank
from releve.portal.view import Thing, View


class ModificationDeLaStructure(Screen):
    """The structure's card: folded panels, and the attached users at its foot."""

    step, title, mark = "structure", "Modification de la structure", text("structure.title")

    async def go(self, case: Case) -> str:
        await self.reached()
        await self.check_target(case.siret)
        step = await self.reset_button(case.siret, case.account)
        await (await self.finder.element(step.thing)).scroll_into_view_if_needed()
        return (
            f"le compte technique {case.account} est rattaché à la structure, son bouton est actif"
        )

    async def arrived(self, case: Case) -> None:
        await self.reset_button(case.siret, case.account)

    async def check_target(self, siret: str) -> None:
        """Prove which structure this is: its SIRET is on the card. Raises `StructureNotFound`."""

        def told(view: View) -> bool | Abstention:
            return siret in view.found("siret") or Abstention(siret)

        if await self.finder.settled(told) is not True:
            raise e.StructureNotFound(siret=siret, login=self.browser.settings.login)

    async def accounts(self) -> tuple[str, ...]:
        """The technical accounts on the card, once its parts were looked through."""

        def listed(view: View) -> tuple[str, ...] | Abstention:
            return tuple(view.found("account")) or Abstention("compte technique")

        users = want(self.words, "structure.users")
        found = await self.finder.settled(listed, section=users)
        return () if isinstance(found, Abstention) else found

    async def is_secondary(self) -> bool:
        """Whether the card says that the manager may not reset."""
        view = await self.finder.look()
        return view.says(self.words.find("structure.secondary")) is not None

    async def reset_button(self, siret: str, account: str) -> Step:
        """The enabled reset button of `account`, and of no other. Raises the `PortalError` that
        says why there is none.
        """
        for _ in range(4):
            step = await self._next(siret, account)
            if step.act is Act.PRESS:
                return step
            if step.act is Act.CHECK:
                await self.finder.check(step.thing)
            elif step.act is Act.VISIT:
                await self.finder.press(step.thing)
            else:
                return await self._in_menu(step.thing, account)
        raise e.ResetButtonMissing(siret=siret, wanted=self.words.first("reset.button"))

    async def _next(self, siret: str, account: str) -> Step:
        button, short = want(self.words, "reset.button"), want(self.words, "reset.short")
        missing: list[Missing] = []

        def decided(view: View) -> Step | Abstention:
            found = reset(view, account, button, short)
            if isinstance(found, Step):
                return found
            missing[:] = [found]
            return Abstention(button.label, 0, found.seen)

        users = want(self.words, "structure.users")
        found = await self.finder.settled(decided, section=users)
        if isinstance(found, Step):
            return found
        if missing[0].there and await self.finder.taught(found, decided):
            return await self._next(siret, account)
        if missing[0].there and (changed := self.finder.otherwise(found)):
            raise changed
        raise self._why(missing[0], await self.is_secondary(), siret, account)

    def _why(self, missing: Missing, secondary: bool, siret: str, account: str) -> e.PortalError:
        label, listed = self.words.first("reset.button"), ", ".join(sorted(missing.accounts))
        if not missing.there:
            if missing.accounts:
                return e.AccountNotFound(account=account, siret=siret, found=listed)
            return e.NoTechnicalAccount(siret=siret)
        if secondary and not missing.several and not missing.others:
            return e.NotPrincipalManager(siret=siret)
        if missing.grey:
            return e.ResetButtonDisabled(siret=siret, wanted=label)
        if missing.several > 1 and len(missing.accounts) == 1:
            return e.AmbiguousScreen(
                screen=self.title, count=missing.several, wanted=label, saw=", ".join(missing.seen)
            )
        if missing.several:
            return e.AccountToChoose(siret=siret, found=listed)
        return e.ResetButtonMissing(siret=siret, wanted=label)

    async def _in_menu(self, menu: Thing, account: str) -> Step:
        """The button in the menu of the account's own row, which may be drawn anywhere."""
        before = await self.finder.look()
        await self.finder.press(menu)
        wanted = want(self.words, "reset.button")
        short = want(self.words, "reset.short")

        def item(view: View) -> Step | Abstention:
            new = view.since(before)
            found = [
                t
                for t in new.of_kind("press")
                if t.enabled and (rank(t, wanted) or short.exact.search(t.name))
            ]
            mine = [t for t in found if view.holders(t, "account") == {account.casefold()}]
            free = [t for t in found if len(view.holders(t, "account")) != 1]
            if len(mine) == 1:
                return Step(Act.PRESS, mine[0], Proof.ROW)
            if len(free) == 1 and not mine:
                return Step(Act.PRESS, free[0], Proof.MENU)
            return Abstention(wanted.label, len(mine or free))

        return await self.finder.until(item, open_hidden=False)
