"""One rotation, from the first screen to the closing: asks `state` what comes next, and hands each
step to who does it.

The portal's screens are `way`'s, the reset is `reset`'s, the accounting program `entry`'s, the
proof `assurance`'s. Every method may be called again: what is already done is not done twice, and
nothing irreversible happens without its announcement.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import date

from releve.base.errors import ReleveError
from releve.base.secret import Secret
from releve.base.settings import Settings, Structure
from releve.decision import events as ev
from releve.decision import journal as j
from releve.decision.procedure import BY_ID, CLOSE, GATE, NAVIGATION, PROOF, TARGET_STEPS
from releve.decision.state import Next, Situation, exit_code, portal_needed
from releve.planning.due import deadline
from releve.portal.errors import BrowserGone, PortalError
from releve.portal.route import Route
from releve.record.folder import RecordFolder, is_closed
from releve.rotation.context import Papers
from releve.rotation.deliver import TargetEntry
from releve.rotation.keep import Keeper
from releve.rotation.navigate import Way
from releve.rotation.prompts import DecisionNeeded, Operator
from releve.rotation.prompts import Target as Confirmation
from releve.rotation.prove import Assurance
from releve.rotation.reset import PasswordReset
from releve.rotation.steps import Done, StepMissing
from releve.rotation.watch import Watch
from releve.targets import Target
from releve.vault.keystore import Keystore
from releve.vault.slots import Slot


class Rotation(Papers):
    """Holds one technical account's rotation in this process."""

    def __init__(
        self,
        folder: RecordFolder,
        journal: j.Journal,
        settings: Settings,
        structure: Structure,
        keystore: Keystore,
        operator: Operator,
        open_route: Callable[[str], Awaitable[Route]],
        make_target: Callable[[str], Target],
    ) -> None:
        super().__init__(folder, journal, settings, structure, keystore)
        self.operator = operator
        self.watch = self.make_watch()
        self.way = Way(self, self.watch, open_route)
        self.keeper = Keeper(self, operator)
        self.assurance = Assurance(self, operator)
        self.reset = PasswordReset(self, self.way, self.keeper, self.assurance.settle)
        self.entry = TargetEntry(self, self.keeper, operator, make_target)

    def make_watch(self) -> Watch:
        """Compares the portal's screens with those of the last success."""
        return Watch(self.folder, self.journal, self.settings, self.operator)

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
            self.way.lost(interrupted)
            raise
        return done

    def _note_done(self, step: str, done: Done, seconds: float) -> None:
        try:
            self.journal.append(
                ev.StepDone(
                    done.mode,
                    done.result,
                    done.capture.name if done.capture else "",
                    round(seconds, 3),
                ),
                step,
            )
        except j.JournalUnwritable:
            if (
                step != CLOSE
            ):  # the rotation is closed: this line would only have told how long that took
                raise

    async def decide(self) -> None:
        """Ask whether to reset again, if that is the question; nobody else may say so. Raises
        `DecisionNeeded`.
        """
        situation = await self.assurance.settle()
        if (
            situation.next is not Next.DECIDE or self.operator.interactive
        ):  # a person is asked at the step itself
            return
        how = await self.operator.reset_again(situation.truth)
        if how is None:
            raise DecisionNeeded
        self.journal.append(ev.ResetAgainDecided(situation.facts.question, how), "confirmation")

    async def _perform(self, step: str) -> Done:
        await self.keeper.keep_interrupted()
        situation = await asyncio.to_thread(self.situation)
        if situation.closed:
            return Done("skipped", "la rotation est close, il n'y a rien à refaire")
        if step == GATE:
            return await self._confirm_target(situation)
        if step == PROOF:
            return await self.assurance.prove(situation)
        if step == CLOSE:
            return await self._close(situation)
        if step == "deconnexion":
            return await self.way.leave(step)
        if step in TARGET_STEPS:
            return await self.entry.do(step, situation)
        return await self._to_the_password(step, situation)

    async def _to_the_password(self, step: str, situation: Situation) -> Done:
        """The portal's screens, gone through only while a reset is still to be made."""
        if situation.next is Next.DECIDE:
            raise DecisionNeeded
        if step == "mot-de-passe" and self.reset.in_view and situation.facts.effective:
            return await self.reset.kept(step, situation)
        if not portal_needed(situation):
            return Done("skipped", f"déjà fait, rien à refaire. {situation.row.portal}")
        if step in NAVIGATION:
            return await self.way.go(step)
        return await self.reset.do(step, situation)

    async def _confirm_target(self, situation: Situation) -> Done:
        if situation.next is not Next.CONFIRM:
            return Done(
                "skipped",
                (
                    "la réinitialisation a déjà été confirmée"
                    if situation.facts.gate
                    else situation.row.portal
                ),
            )
        if self.operator.interactive:  # the target is confirmed once it has been seen
            self.way.check_earlier("demande", "Confirmation de la cible")
        structure, used_by = self.structure, tuple(situation.facts.targets)
        how = await self.operator.confirm(
            Confirmation(structure.technical_account, structure.name, structure.siret, used_by)
        )
        self.journal.append(ev.GateGiven(GATE, how), GATE)
        if self.operator.interactive:
            return Done("manual", "réinitialisation confirmée à l'écran")
        return Done("automatic", f"réinitialisation confirmée ({how})")

    async def _close(self, situation: Situation) -> Done:
        if situation.next not in (Next.PROMOTE, Next.CLOSE):
            raise StepMissing(
                title="Clôture", number=12, missing=BY_ID["corail-mot-de-passe"].title
            )
        if situation.next is Next.PROMOTE:
            self.journal.append(ev.PromotionIntended(), CLOSE)
            compared = await self._promote(self.writer(situation.facts.click))
            self.journal.append(ev.PromotionDone(compared), CLOSE)
        due = deadline(date.today(), self.settings.policy)
        self.journal.append(
            ev.RotationClosed("succeeded", situation.facts.proof or "none", due.isoformat()), CLOSE
        )
        await asyncio.to_thread(self.watch.keep)
        return Done("automatic", f"rotation réussie, prochaine échéance le {due:%d/%m/%Y}")

    async def _promote(self, writer: str) -> str:
        """Turn the slots; whether `current` then holds what `pending` held."""
        before = await asyncio.to_thread(self.slots.read, Slot.PENDING)
        await asyncio.to_thread(self.slots.promote, writer)
        return await self.compared(before.password, Slot.CURRENT) if before else ""

    # -- what stops it

    async def _failed(self, step: str, error: ReleveError) -> ReleveError:
        """Journal the failure, and tell it in the light of the whole situation."""
        if isinstance(error, PortalError):
            self.way.lost(error)
        if isinstance(error, BrowserGone):
            self.entry.forget()
        await self.place(error)
        if not isinstance(error, StepMissing | j.JournalUnwritable) and not is_closed(
            self.journal.entries
        ):
            with suppress(j.JournalUnwritable):  # the first error is the one to tell
                self.journal.append(ev.StepFailed(type(error).__name__, error.text), step)
        return error

    async def place(self, error: ReleveError) -> None:
        """Let an error say what is true of the whole rotation, once something may have changed."""
        situation = await asyncio.to_thread(self.known)
        if (
            situation.facts.touched
            or situation.facts.displayed
            or isinstance(error, DecisionNeeded)
        ):
            undecided = situation.next is Next.DECIDE and not isinstance(error, j.JournalUnwritable)
            own = "" if undecided else error.sentences[2]
            again = "resume" in own or "relance" in own.lower()
            error.place(situation.truth, own if again else f"{own} {situation.todo}".strip())

    def code(self, error: BaseException | None) -> int:
        """The exit code of a process that stops here."""
        return exit_code(self.known(), error)

    # -- a person takes over

    @property
    def opened_route(self) -> Route | None:
        """The route, if it is open."""
        return self.way.opened

    def reached(self, step: str) -> None:
        """The screens before `step` are in hand, whatever an error said: a person is about to do
        this one.
        """
        self.way.reached(step)

    def forget(self) -> None:
        """Another way to the portal and to the targets is taken from here on; the browser stays as
        it is.
        """
        self.way.opened = None
        self.entry.forget()

    async def start_over(self) -> None:
        """Close the portal's session: the next screen starts from the login, in a fresh window."""
        await self.way.start_over()
        self.entry.forget()

    async def keep_typed(self, secret: Secret) -> None:
        """Keep the password of the click in question, typed by a person who sees it on the portal.
        Raises `PasswordNotKept`.
        """
        await self.reset.keep_typed(secret)
