"""The question before the reset: the documented route's irreversible click."""

from __future__ import annotations

from dataclasses import dataclass, field

from playwright.async_api import ElementHandle

from releve.portal import errors as e
from releve.portal.case import Case
from releve.portal.confirm import Question, of_dialog, question
from releve.portal.rows import Move
from releve.portal.screen import ResetScreen
from releve.portal.screens.mot_de_passe import EcranSuivant
from releve.portal.screens.structure import ModificationDeLaStructure
from releve.portal.sight import Abstention
from releve.portal.view import Thing, View


@dataclass
class Asked:
    """What came before the question: how the page was, the button, how many native windows."""

    before: View = field(default_factory=View)
    step: Move | None = None
    dialogs: int = 0


class Confirmation(ResetScreen):
    """The question, wherever it is asked. Where the browser itself asks it, the first window is
    answered with no, and the button pressed anew once the click is announced.
    """

    title = "Modification de la structure"

    async def expect(self, step: Move) -> None:
        """The button that asks the question is about to be pressed."""
        asked = Asked(await self.finder.look(), step, len(self.browser.dialogs))
        self.browser.memo["asked"] = asked

    @property
    def _asked(self) -> Asked:
        asked = self.browser.memo.get("asked")
        return asked if isinstance(asked, Asked) else Asked()

    async def check(self, case: Case) -> Question:
        """The question, nothing confirmed yet. Raises `WrongConfirmation` when it names another
        account, `UnprovenAccount` when it has to name this one and does not.
        """
        asked = self._asked

        def shown(view: View) -> Question | Abstention:
            if len(self.browser.dialogs) > asked.dialogs:
                return of_dialog(self.browser.dialogs[-1])
            return question(view, asked.before, self.words)

        found = await self.finder.until(shown, open_hidden=False)
        self._prove(found, case.account)
        for _ in range(2):  # a box, and a word to write again
            if found.box:
                await self.finder.check(found.box)
            elif found.typed:
                await self.finder.fill(*found.typed)
            else:
                break
            found = await self.finder.until(shown, open_hidden=False)
            self._prove(found, case.account)
        return found

    def _prove(self, found: Question, account: str) -> None:
        if others := found.others(account):
            raise e.WrongConfirmation(account=account, found=others)
        step = self._asked.step
        if step is not None and step.proof.weak and not found.accounts:
            raise e.UnprovenAccount(account=account, proof=step.proof)

    async def ready(self, case: Case) -> None:
        async with self.browser.on(self.title):
            found = await self.check(case)
            if found.button is None:
                await self._ask_again(case)
            elif found.button.enabled or "reset.confirm" not in self.finder.hers:
                await self.finder.press(found.button, trial=True)
            self.browser.memo["question"] = found
            await EcranSuivant(self.browser).expect()
            await self.browser.hold()

    async def _ask_again(self, case: Case) -> None:
        """The button whose press brings up the native window is still that account's."""
        card = ModificationDeLaStructure(self.browser)
        step = await card.reset_button(case.siret, case.account)
        await self.finder.press(step.thing, trial=True)
        self._asked.step = step

    async def _uncovered(self, button: Thing, handle: ElementHandle) -> None:
        """Close what came over it since it was announced. Raises `NotPressed`."""
        try:
            await self.finder.clear(button.frame, handle, by_force=False)
        except e.UnexpectedPopup as popup:
            raise e.NotPressed(why=str(popup).rstrip(".")) from popup

    async def commit(self, case: Case) -> None:
        """See `ResetScreen.commit`. Chromium may send the request twice by itself when the
        connection is cut: the portal's ledger counts.
        """
        found = self.browser.memo.get("question")
        async with self.clicking(EcranSuivant.title):
            if not isinstance(found, Question):
                raise await self.browser.diagnose(self.words.first("reset.confirm"))
            button = found.button or (self._asked.step.thing if self._asked.step else None)
            assert button is not None
            if (answer := found.refusal) and not await self.agree(answer):
                raise e.NotPressed(why=f"« {answer.name} » n'a pas de réponse « Oui »")
            handle = await self.finder.element(button)
            await self._uncovered(button, handle)
            self.browser.password_in_sight = True
            with self.browser.agreeing(lambda text: text == found.native):
                await handle.click(no_wait_after=True)
                await EcranSuivant(self.browser).reached()
