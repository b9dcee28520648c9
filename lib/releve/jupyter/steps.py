"""One step under the operator's eyes: its progress, its questions, what to do when it stops, and a
plain text in the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from releve.base.errors import PersonNeeded, ReleveError
from releve.base.secret import Secret
from releve.base.texts import text
from releve.decision import events as ev
from releve.decision.procedure import (
    BY_ID,
    NAVIGATION,
    PORTAL_STEPS,
    PROOF,
    TARGET_STEPS,
    TITLES,
    screen,
)
from releve.decision.state import Facts, Next
from releve.jupyter import questions
from releve.jupyter.panel import Answer, Panel, View, button, form
from releve.jupyter.prompts import AtDesk, StoppedHere
from releve.portal.errors import PasswordRefused
from releve.rotation.prompts import DecisionNeeded
from releve.rotation.session import Session
from releve.rotation.steps import Done, StepMissing

_ELSEWHERE = Done("skipped", "cette page a été rouverte : l'étape y est reprise")


class Desk:
    """Takes an operator through the steps of one session."""

    def __init__(self, session: Session, operator: AtDesk) -> None:
        self.session, self.operator = session, operator
        operator.settings = session.settings

    async def do(self, step: str) -> Done:
        """Do one step, with the operator; raises only what makes the notebook stop here. Safe to
        repeat.
        """
        pages = self.operator.pages
        if pages and pages.left:
            return _ELSEWHERE
        if pages:
            pages.begin()
        self._say_where()
        with self.operator.shown() as panel:
            while True:
                try:
                    await self._prepare(step)
                    return await self._attempt(step, panel)
                except StepMissing:
                    raise
                except asyncio.CancelledError:
                    if pages and pages.given_up.is_set():
                        return _ELSEWHERE
                    raise
                except ReleveError as error:
                    if not await self._go_on(step, error):
                        raise

    async def _prepare(self, step: str) -> None:
        """What she is told before anything is begun, and the password while it may be needed."""
        entries = self.session.rotation.context.journal.entries
        fresh = not ev.of(entries, ev.StepDone)
        if step == PORTAL_STEPS[0] and fresh:
            session, login = self.session, await self._signs_in()
            account, rehearse = session.structure.technical_account, session.parameters.rehearse
            await self.operator.begin(questions.before(session.settings, account, login, rehearse))
        if step == PROOF:
            self.operator.at_hand = self._held() or self.operator.at_hand

    async def _signs_in(self) -> str:
        """The login whose password she will need at the portal; "" when the vault has it."""
        session, settings = self.session, self.session.settings
        login = settings.login_of(session.structure)
        if session.rotation.context.by_hand or settings.portal.sign_in == "person":
            return login
        with suppress(ReleveError):  # a vault that does not answer is told by the step itself
            if await asyncio.to_thread(session.keystore.portal_password(login).get):
                return ""
        return login

    def _held(self) -> Callable[[], Secret] | None:
        """Hands over the new password while the vault has it and nothing proves it yet."""
        rotation = self.session.rotation
        facts = rotation.context.known().facts
        if not facts.held:
            return None
        return lambda: rotation.context.slots.kept(rotation.context.writer(facts.click))

    def _say_where(self) -> None:
        by_hand = self.session.rotation.context.by_hand
        self.operator.own_browser = self.session.settings.portal.url if by_hand else ""

    async def _attempt(self, step: str, panel: Panel) -> Done:
        """The step, which a person may take over while it changes nothing."""
        take_over = step in NAVIGATION and not self.session.rotation.context.by_hand
        panel.show(working(step, take_over, self.session.rotation.context.route))
        asked = panel.waiting
        task = asyncio.ensure_future(self.session.rotation.do(step))
        awaited: set[asyncio.Future[Any]] = {task, asked} if take_over else {task}
        try:
            await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            # A question is dropped; what Relève does by itself is finished first: between the click
            # and the keeping of its password nothing may come.
            if not panel.view.get("working") or step in NAVIGATION:
                task.cancel()
            await asyncio.wait({task})
            raise
        if not task.done() and asked.done():
            task.cancel()
            await asyncio.wait({task})
            self._by_hand(step)
            return await self._attempt(step, panel)
        return await task

    def _by_hand(self, step: str) -> None:
        """From here on, a person does this step."""
        rotation = self.session.rotation
        if step in TARGET_STEPS:
            rotation.context.manual |= set(rotation.context.facts.left)
            rotation.delivery.forget()
        else:
            rotation.take_over(step)
            self._say_where()

    async def _go_on(self, step: str, error: ReleveError) -> bool:
        """What the operator wants after an error: True to attempt the step again, in whatever way
        was chosen.
        """
        if isinstance(error, PasswordRefused):  # another one is asked for, and told why
            await self.session.rotation.start_over()
            return True
        facts = self._undecided()
        undecided = facts is not None or isinstance(error, DecisionNeeded)
        if isinstance(error, PersonNeeded) and not undecided:
            return False
        if undecided:  # the answer stands on the portal's page, if it is open
            await self.session.rotation.navigation.front()
            known = facts or self.session.rotation.context.known().facts
            view = questions.undecided(error, known)
        else:
            view = questions.stopped(step, error)
        try:
            answer = await self.operator.ask(view)
        except StoppedHere:
            _, safe, _ = error.sentences
            error.place(safe, error.here(text("home.resume")), alone=True)
            return False
        if undecided:
            return await self._decided(answer)
        if answer.action == "by-hand":
            self._by_hand(step)
        elif step in (PORTAL_STEPS if answer.action == "again" else NAVIGATION):
            # a cell that is run again does not know the window
            await self.session.rotation.start_over()
        return True

    def _undecided(self) -> Facts | None:
        """What is known when a person must decide; None when nothing is to be decided, or when the
        keyring cannot be asked.
        """
        with suppress(ReleveError):
            situation = self.session.rotation.context.situation()
            return situation.facts if situation.next is Next.DECIDE else None
        return None

    async def _decided(self, answer: Answer) -> bool:
        """Nobody can know what the portal holds, except perhaps the person who sees it."""
        rotation = self.session.rotation
        attempt, journal = rotation.context.facts.last, rotation.context.journal
        if answer.action == "point":
            await rotation.reset.keep_pointed()
        elif answer.action == "typed":
            account = rotation.context.structure.technical_account
            await rotation.reset.keep_typed(await self.operator.new_password(account))
        elif answer.action == "submitted":
            journal.append(ev.ResetDone(attempt, "widget"), "confirmation")
        elif answer.action == "not-done":
            why = "dit par l'opérateur, qui a regardé le portail"
            journal.append(ev.ResetNotDone(attempt, why), "confirmation")
        elif answer.action == "again":
            journal.append(ev.ResetAgainDecided(attempt, "widget"), "confirmation")
        # the portal is needed once more, and where its window stands is not known
        if answer.action in ("not-done", "again"):
            await rotation.start_over()
        return True


def working(step: str, take_over: bool, route: str) -> View:
    """What is shown while Relève does a step by itself; `take_over`: she may do it instead."""
    buttons = [button("by-hand", text("working.by-hand"), "link")] if take_over else []
    known = screen(step, route) if step in BY_ID else None
    return form(
        known.title if known else TITLES[step],
        buttons=buttons,
        tone="work",
        working=True,
        progress=known.number - 1 if known else None,
    )
