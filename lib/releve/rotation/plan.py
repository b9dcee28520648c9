"""One rotation, from the first screen to the closing: asks `state` what comes next, and hands each
step to who does it.

The portal's screens are `navigate`'s, the reset is `reset`'s, the accounting program `deliver`'s,
the proof `prove`'s. Every method may be called again: what is already done is not done twice, and
nothing irreversible happens without its announcement.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from datetime import date

from releve.base.errors import Paused, ReleveError
from releve.base.texts import text
from releve.decision import events as ev
from releve.decision import journal as j
from releve.decision.procedure import BY_ID, CLOSE, GATE, NAVIGATION, PROOF, TARGET_STEPS, TITLES
from releve.decision.state import Next, Situation, exit_code, portal_needed
from releve.planning.due import deadline
from releve.portal.errors import BrowserGone, PortalError
from releve.portal.profile import note_summary_read
from releve.record.folder import is_closed
from releve.rotation.context import Context
from releve.rotation.deliver import Delivery
from releve.rotation.keep import Keeper
from releve.rotation.navigate import Navigation
from releve.rotation.prompts import DecisionNeeded, ResetRequest
from releve.rotation.prove import ProofOfPassword
from releve.rotation.reset import PasswordReset
from releve.rotation.steps import Done, StepMissing
from releve.vault.slots import Slot


class Rotation:
    """One technical account's rotation in this process."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.navigation = Navigation(context)
        self.keeper = Keeper(context)
        self.proof = ProofOfPassword(context)
        self.reset = PasswordReset(context, self.navigation, self.keeper, self.proof.settle)
        self.delivery = Delivery(context, self.keeper)

    async def do(self, step: str) -> Done:
        """Do one step, or say why there is nothing to do. Journals what happened; an error leaves
        the step to be done again.
        """
        started = time.monotonic()
        try:
            done = await self._perform(step)
            if done.mode != "skipped":
                self._note_done(step, done, time.monotonic() - started)
        except ReleveError as error:
            raise await self._failed(step, error) from None
        except BaseException as interrupted:
            self.navigation.lost(interrupted)
            raise
        return done

    def _note_done(self, step: str, done: Done, seconds: float) -> None:
        capture = done.capture.name if done.capture else ""
        try:
            event = ev.StepDone(done.mode, done.result, capture, round(seconds, 3))
            self.context.journal.append(event, step)
        except j.JournalUnwritable:
            if step != CLOSE:  # once it is closed, this line would only have told how long it took
                raise

    async def decide(self) -> None:
        """Ask whether to reset again, if that is the question; nobody else may say so. Raises
        `DecisionNeeded`.
        """
        situation, operator = await self.proof.settle(), self.context.operator
        # a person is asked at the step itself
        if situation.next is not Next.DECIDE or operator.interactive:
            return
        if (how := await operator.reset_again(situation.truth)) is None:
            raise DecisionNeeded
        decided = ev.ResetAgainDecided(situation.facts.question, how)
        self.context.journal.append(decided, "confirmation")

    async def _perform(self, step: str) -> Done:
        await self.keeper.keep_interrupted()
        situation = await asyncio.to_thread(self.context.situation)
        if situation.closed:
            return Done("skipped", text("done.closed"))
        if step == GATE:
            return await self._confirm_target(situation)
        if step == PROOF:
            return await self.proof.prove(situation)
        if step == CLOSE:
            return await self._close(situation)
        if step == "deconnexion":
            return await self.navigation.leave(step)
        if step in TARGET_STEPS:
            return await self.delivery.do(step, situation)
        return await self._to_the_password(step, situation)

    async def _to_the_password(self, step: str, situation: Situation) -> Done:
        """The portal's screens, gone through only while a reset is still to be made."""
        if situation.next is Next.DECIDE:
            raise DecisionNeeded
        if step == "mot-de-passe" and self.reset.in_view and situation.facts.effective:
            return await self.reset.kept(step, situation)
        if not portal_needed(situation):
            return Done("skipped", text("done.before", portal=situation.row.portal))
        if step in NAVIGATION:
            return await self.navigation.go(step)
        return await self.reset.do(step, situation)

    async def _confirm_target(self, situation: Situation) -> Done:
        if situation.next is not Next.CONFIRM:
            given = text("done.confirmed-before")
            return Done("skipped", given if situation.facts.gate else situation.row.portal)
        if self.context.operator.interactive:  # the target is confirmed once it has been seen
            self.navigation.check_earlier("demande", TITLES[GATE])
        structure, used_by = self.context.structure, tuple(situation.facts.targets)
        how = await self.context.operator.confirm(
            ResetRequest(structure.technical_account, structure.name, structure.siret, used_by)
        )
        self.context.journal.append(ev.GateGiven(GATE, how), GATE)
        if self.context.operator.interactive:
            return Done("manual", text("done.confirmed-here"))
        return Done("automatic", text("done.confirmed", how=how))

    async def _close(self, situation: Situation) -> Done:
        if situation.next not in (Next.PROMOTE, Next.CLOSE):
            last = BY_ID["corail-mot-de-passe"]
            raise StepMissing(title=TITLES[CLOSE], number=last.number, missing=last.title)
        if situation.next is Next.PROMOTE:
            self.context.journal.append(ev.PromotionIntended(), CLOSE)
            compared = await self._promote(self.context.writer(situation.facts.click))
            self.context.journal.append(ev.PromotionDone(compared), CLOSE)
        due = deadline(date.today(), self.context.settings.policy)
        proof = situation.facts.proof or "none"
        closed = ev.RotationClosed("succeeded", proof, due.isoformat())
        self.context.journal.append(closed, CLOSE)
        self._note_summary_read()
        return Done("automatic", text("done.succeeded", due=f"{due:%d/%m/%Y}"))

    async def _promote(self, writer: str) -> str:
        """Turn the slots; whether `current` then holds what `pending` held."""
        before = await asyncio.to_thread(self.context.slots.read, Slot.PENDING)
        await asyncio.to_thread(self.context.slots.promote, writer)
        return await self.context.compared(before.password, Slot.CURRENT) if before else ""

    def _note_summary_read(self) -> None:
        """With a person there, the program itself read this portal's new password: from now on it
        may, with nobody there.
        """
        stored = ev.of(self.context.journal.entries, ev.PendingStored)
        read = any(each.mode == "automatic" for each in stored)
        if self.context.operator.interactive and read:
            # the rotation is done; the next one is made at the screen too
            with suppress(OSError, ReleveError):
                note_summary_read(self.context.settings, date.today())

    # -- what stops it

    async def _failed(self, step: str, error: ReleveError) -> ReleveError:
        """Journal the failure, and tell it in the light of the whole situation."""
        if isinstance(error, PortalError):
            self.navigation.lost(error)
        if isinstance(error, BrowserGone):
            self.delivery.forget()
        await self.place(error)
        untold = isinstance(error, StepMissing | Paused | j.JournalUnwritable)
        if not (untold or is_closed(self.context.journal.entries)):
            with suppress(j.JournalUnwritable):  # the first error is the one to tell
                self.context.journal.append(ev.StepFailed(type(error).__name__, error.text), step)
        return error

    async def place(self, error: ReleveError) -> None:
        """Let an error say what is true of the whole rotation, once something may have changed."""
        situation = await asyncio.to_thread(self.context.known)
        facts = situation.facts
        if facts.touched or facts.displayed or isinstance(error, DecisionNeeded):
            undecided = situation.next is Next.DECIDE and not isinstance(error, j.JournalUnwritable)
            if error.goes_on and error.todo and not undecided:
                error.place(situation.truth)
            else:
                error.place(situation.truth, situation.todo, situation.here, alone=undecided)

    def code(self, error: BaseException | None) -> int:
        """The exit code of a process that stops here."""
        return exit_code(self.context.known(), error)

    # -- a person takes over

    def take_over(self, step: str) -> None:
        """From here on a person does this step in the window that Relève opened, whatever an error
        said of it; without such a window, everything, in a browser of her own.
        """
        driver = self.navigation.driver
        if driver is not None and driver.visible:
            self.context.manual.add(step)
            self.navigation.returned(step)
        else:
            self.context.by_hand = True
            self.forget()

    def by_hand_from_here(self, chosen: bool) -> None:
        """A person does everything that is left, in a browser of her own, if she chose to."""
        if chosen and not self.context.by_hand:
            self.context.by_hand = True
            self.forget()

    def forget(self) -> None:
        """Another way to the portal and to the targets is taken from here on; the browser stays as
        it is.
        """
        self.navigation.driver = None
        self.delivery.forget()

    async def start_over(self) -> None:
        """Close the portal's session: the next screen starts from the login, in a fresh window."""
        await self.navigation.start_over()
        self.delivery.forget()
