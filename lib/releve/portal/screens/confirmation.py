"""The question before the reset: the documented route's irreversible click."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from releve.portal import errors as e
from releve.portal.case import Case
from releve.portal.confirm import Question, about, of_dialog, question, step
from releve.portal.rows import Move
from releve.portal.screen import ResetScreen
from releve.portal.screens.mot_de_passe import EcranSuivant
from releve.portal.screens.structure import ModificationDeLaStructure
from releve.portal.sight import Abstention
from releve.portal.view import Thing, View

HELD = 5  # boxes, and words to write again, that may hold a button back
STEPS = 4  # of one question
STILL = 0.6  # seconds

Q = TypeVar("Q", Question, Question | None)


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

        async def look() -> Question:
            found = await self.finder.until(shown, open_hidden=False)
            if asked.step is not None and asked.step.proof.weak and not found.accounts:
                self._prove(found, case.account)
                raise e.UnprovenAccount(account=case.account, proof=asked.step.proof)
            return found

        return await self._answered(look, case.account)

    async def _answered(self, look: Callable[[], Awaitable[Q]], account: str) -> Q:
        """The question once what holds its button back is ticked, or written."""
        found = await look()
        for _ in range(HELD):
            if not isinstance(found, Question):
                break
            self._prove(found, account)
            if found.box:
                await self.finder.check(found.box)
            elif found.typed:
                await self.finder.fill(*found.typed)
            else:
                break
            found = await look()
        if isinstance(found, Question):
            self._prove(found, account)
        return found

    def _prove(self, found: Question, account: str) -> None:
        if others := found.others(account):
            raise e.WrongConfirmation(account=account, found=others)

    async def ready(self, case: Case) -> None:
        async with self.browser.on(self.title):
            found = await self.check(case)
            if found.button is None:
                await self._ask_again(case)
            elif found.button.enabled or "reset.confirm" not in self.finder.hers:
                await self.finder.press(found.button, trial=True)
            self.browser.memo["question"] = found
            await EcranSuivant(self.browser).expect(case.account)
            await self.browser.hold()

    async def _ask_again(self, case: Case) -> None:
        """The button whose press brings up the native window is still that account's."""
        card = ModificationDeLaStructure(self.browser)
        step = await card.reset_button(case.siret, case.account)
        await self.finder.press(step.thing, trial=True)
        self._asked.step = step

    async def _uncovered(self, button: Thing) -> None:
        """Close what came over it since it was announced. Raises `NotPressed`, also where it has
        gone by itself.
        """
        try:
            handle = await self.finder.element(button)
            await self.finder.clear(button.frame, handle, by_force=False)
        except (e.UnexpectedPopup, e.ScreenNotRecognised) as error:
            raise e.NotPressed(why=str(error).rstrip(".")) from error

    async def commit(self, case: Case) -> None:
        """See `ResetScreen.commit`. A question of several steps is one announced click, and goes on
        until it can go no further. Chromium may send the request twice by itself when the
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
            await self._uncovered(button)
            self.browser.password_in_sight = True
            for _ in range(STEPS):
                found = await self._press(button, found.native, case.account)
                if found is None or found.button is None:
                    return
                button = found.button
                if (answer := found.refusal) and not await self.agree(answer):
                    break
                handle = await self.finder.element(button)
                await self.finder.clear(button.frame, handle, by_force=False)
            raise await self.browser.diagnose(self.words.first("summary.password"))

    async def _press(self, button: Thing, native: str, account: str) -> Question | None:
        """Press it, once; the further step that comes up in its place, None for the password."""
        before, handle = await self.finder.look(), await self.finder.element(button)

        def agreed(text: str) -> bool:
            return text == native if native else about(text, account, self.words)

        async def look() -> Question | None:
            return await EcranSuivant(self.browser).next(
                lambda view: step(view, before, button, self.words)
            )

        with self.browser.agreeing(agreed):
            await handle.click(no_wait_after=True)
            try:
                if await look() is None:
                    return None
            except e.ScreenNotRecognised:
                again = question(await self.finder.look(), before, self.words)
                if isinstance(again, Question) and again.button and again.accounts:
                    raise e.AskedAgain(button=again.button.name, todo="") from None
                raise
        await self.finder.changed(await self.finder.look(), STILL)  # the password may be to come
        return await self._answered(look, account)
