"""One rotation, from the first screen to the closing: asks `state` what comes next, announces it, does it.

Every method may be called again: what is already done is not done twice. Nothing irreversible happens without its
announcement in the journal, and no click is ever repeated when its outcome is unknown.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from . import journal as j
from .due import deadline
from .effects import effect
from .errors import PersonNeeded, ReleveError
from .keystore import CredentialMissing, Keystore, Slot
from .operator import DecisionNeeded, Operator
from .operator import Target as Confirmation
from .portal.errors import PasswordUnreadable, ResetOutcomeUnknown, ResetRefused
from .portal.route import Route
from .procedure import BY_ID, CLOSE, GATE, PORTAL_STEPS, PROOF, TARGET_STEPS
from .proving import OldStillAccepted, PasswordNotAccepted, ProofTooEarly, Prover, Reset, StructureNotListed
from .reconcile import Click
from .record.folder import CAPTURES, RecordFolder
from .secret import Secret
from .settings import Settings, Structure
from .state import Facts, Next, Situation, assess, exit_code, gather, portal_needed
from .targets import Target

NAVIGATION = PORTAL_STEPS[:6]  # up to the confirmation window: they change nothing and may be gone through again


class StepMissing(PersonNeeded):
    happened = "L'étape « {title} » ne peut pas commencer : l'étape {number} « {missing} » n'a pas encore été faite."
    safe = "Rien n'a été fait."
    todo = "Exécutez d'abord la cellule de l'étape {number}, ou tout le carnet (menu « Exécuter », « Exécuter toutes les cellules »)."


class PasswordNotKept(ReleveError):
    """The portal showed a password and the keyring refused it to the end."""

    code = 6
    happened = "Le portail a donné un nouveau mot de passe, mais le trousseau n'a pas voulu le garder ({why})."


@dataclass(frozen=True)
class Done:
    """How a step ended: `mode` as in the journal, one French line, and the picture taken, if any."""

    mode: str
    result: str
    capture: Path | None = None


class Rotation:
    """Holds one technical account's rotation in this process. `situation()` is read anew from journal and keyring each time."""

    def __init__(
        self,
        folder: RecordFolder,
        journal: j.Journal,
        settings: Settings,
        structure: Structure,
        keystore: Keystore,
        operator: Operator,
        open_route: Callable[[], Awaitable[Route]],
        make_target: Callable[[str], Target],
    ) -> None:
        self.folder, self.journal, self.settings, self.structure = folder, journal, settings, structure
        self.keystore, self.operator = keystore, operator
        self.slots = keystore.slots(structure.technical_account)
        self._open_route, self._make_target = open_route, make_target
        self._route: Route | None = None
        self._targets: dict[str, Target] = {}
        self._position = -1  # the last navigation step whose screen is in hand
        self._left = False
        self._in_view = False  # the summary of the password just kept is still on the screen

    @property
    def facts(self) -> Facts:
        """What the journal and the keyring say now. Raises a keyring error when it cannot be asked."""
        events = [entry.event for entry in self.journal.entries]
        return gather(events, self.slots.filled(), self.folder.run, self.settings.policy.max_attempts)

    def situation(self) -> Situation:
        """What is true, what is safe, what comes next."""
        return assess(self.facts)

    def writer(self, attempt: int) -> str:
        """Whose password a slot holds: this rotation's, of that attempt."""
        return f"{self.folder.run}/{attempt}"

    async def do(self, step: str) -> Done:
        """Do one step, or say why there is nothing to do. Journals what happened; an error leaves the step to be done again."""
        started = time.monotonic()
        try:
            done = await self._perform(step)
        except ReleveError as error:
            raise await self._failed(step, error) from None
        if done.mode != "skipped":
            capture = done.capture.name if done.capture else ""
            self.journal.append(j.StepDone(done.mode, done.result, capture, round(time.monotonic() - started, 3)), step)
        return done

    async def _perform(self, step: str) -> Done:
        situation = await asyncio.to_thread(self.situation)
        if step == GATE:
            return await self._confirm_target(situation)
        if step == PROOF:
            return await self._prove(situation)
        if step == CLOSE:
            return await self._close(situation)
        if step == "deconnexion":
            return await self._leave(step)
        if step in TARGET_STEPS:
            return await self._enter(step, situation)
        if situation.next is Next.DECIDE:
            raise DecisionNeeded
        if step == "mot-de-passe" and self._in_view and situation.facts.effective:
            return await self._kept(step, situation)
        if not portal_needed(situation):
            return Done("skipped", f"déjà fait, rien à refaire. {situation.row.portal}")
        if step in NAVIGATION:
            return await self._navigate(step)
        return await self._reset(step, situation)

    async def _failed(self, step: str, error: ReleveError) -> ReleveError:
        """Journal the failure, and tell it in the light of the whole situation."""
        self._position = -1
        try:
            situation = await asyncio.to_thread(self.situation)
        except ReleveError:  # the keyring cannot be asked: the error says so itself
            situation = None
        if situation and (situation.facts.touched or isinstance(error, DecisionNeeded)):
            undecided = situation.next is Next.DECIDE
            error.place(situation.truth, situation.row.todo if undecided else error.sentences[2])
        if not isinstance(error, StepMissing | j.JournalUnwritable):
            self.journal.append(j.StepFailed(type(error).__name__, error.text), step)
        return error

    # -- the portal

    async def route(self) -> Route:
        """The route to the reset, its browser started at the first call."""
        if self._route is None:
            self._route = await self._open_route()
            if not any(isinstance(entry.event, j.RouteChosen) for entry in self.journal.entries):
                self.journal.append(j.RouteChosen(self._route.name, self._route.sees_first))
        return self._route

    async def _navigate(self, step: str) -> Done:
        index = NAVIGATION.index(step)
        if index <= self._position:
            return Done("skipped", "déjà fait, cet écran est passé")
        self._check_earlier(step)
        route, result = await self.route(), ""
        for each in NAVIGATION[self._position + 1 : index + 1]:
            result = await route.go(each)
            self._position += 1
        return Done("automatic", result, await self._capture(step))

    def _check_earlier(self, step: str) -> None:
        """An earlier screen that was never gone through in this rotation is named, not silently made up for."""
        for earlier in PORTAL_STEPS[: PORTAL_STEPS.index(step)]:
            if earlier in NAVIGATION and not self._was_done(earlier):
                missing = BY_ID[earlier]
                raise StepMissing(title=BY_ID[step].title, number=missing.number, missing=missing.title)

    def _was_done(self, step: str) -> bool:
        return any(entry.step == step and isinstance(entry.event, j.StepDone) for entry in self.journal.entries)

    async def _capture(self, step: str) -> Path | None:
        number, route = BY_ID[step].number, await self.route()
        taken = sum(isinstance(e.event, j.StepDone) and e.event.capture != "" and e.step == step for e in self.journal.entries)
        path = self.folder.path / CAPTURES / f"{number:02d}-{step}{f'-{taken + 1}' if taken else ''}.png"
        return path if await route.capture(path) else None

    # -- the gate and the reset

    async def _confirm_target(self, situation: Situation) -> Done:
        if situation.next is not Next.CONFIRM:
            return Done("skipped", "la réinitialisation a déjà été confirmée" if situation.facts.gate else situation.row.portal)
        structure = self.structure
        used_by = tuple(situation.facts.targets)
        how = await self.operator.confirm(Confirmation(structure.technical_account, structure.name, structure.siret, used_by))
        self.journal.append(j.GateGiven(GATE, how), GATE)
        return Done("manual" if self.operator.interactive else "automatic", f"réinitialisation confirmée ({how})")

    async def _reset(self, step: str, situation: Situation) -> Done:
        if situation.next is Next.CONFIRM:
            raise StepMissing(title=BY_ID[step].title, number=6, missing="confirmation de la cible")
        if step == "confirmation":
            self._check_earlier(step)
            fault = await self._reset_once(situation.facts.last + 1)
            return Done("automatic", f"mot de passe refusé : {fault}" if fault else "un nouveau mot de passe est dans le trousseau")
        return await self._reset_until_good(step)

    async def _reset_until_good(self, step: str) -> Done:
        """As the document says: back to the structure's card, and the same again, until the password can be used."""
        while (situation := await asyncio.to_thread(self.situation)).next is Next.RESET and situation.facts.rejections:
            await (await self.route()).back()
            await self._reset_once(situation.facts.last + 1)
        if situation.next is Next.DECIDE:
            raise DecisionNeeded
        if situation.next is Next.RESET:
            raise StepMissing(title=BY_ID[step].title, number=7, missing=BY_ID["confirmation"].title)
        return await self._kept(step, situation)

    async def _kept(self, step: str, situation: Situation) -> Done:
        self._in_view = False
        rejected = situation.facts.rejections
        after = f", après {rejected} mot{'s' * (rejected > 1)} de passe refusé{'s' * (rejected > 1)}" if rejected else ""
        return Done("automatic", f"mot de passe conforme, gardé dans le trousseau{after}", await self._capture(step))

    async def _reset_once(self, attempt: int) -> str:
        """One reset; returns why its password cannot be used, or "" once it is kept. Never called twice for an unknown outcome."""
        route = await self.route()
        if route.sees_first:
            return await self._reset_seen_first(route, attempt)
        await route.ready()
        self.journal.append(j.ResetIntended(attempt), "confirmation")
        await self._commit(route, attempt)
        try:
            secret = await route.read()
        except PasswordUnreadable:
            self.journal.append(j.ResetDone(attempt), "confirmation")
            raise
        if fault := self._fault(secret):
            self.journal.append(j.CandidateRejected(attempt, fault), "mot-de-passe")
            return fault
        await self._keep(secret, attempt)
        self._in_view = True
        return ""

    async def _reset_seen_first(self, route: Route, attempt: int) -> str:
        secret = await route.read()
        if fault := self._fault(secret):
            self.journal.append(j.CandidateRejected(attempt, fault), "mot-de-passe")
            return fault
        await self._keep(secret, attempt)
        await route.ready()
        self.journal.append(j.ResetIntended(attempt), "confirmation")
        await self._commit(route, attempt)
        self.journal.append(j.ResetDone(attempt), "confirmation")
        return ""

    async def _commit(self, route: Route, attempt: int) -> None:
        try:
            with effect("reset click"):
                await route.commit()
        except ResetRefused as error:
            self.journal.append(j.ResetNotDone(attempt, str(error)), "confirmation")
            raise
        except ResetOutcomeUnknown as error:
            self.journal.append(j.ResetUnknown(attempt, str(error)), "confirmation")
            if not (await self.settle()).facts.attempt.done:
                raise

    def _fault(self, secret: Secret) -> str:
        found = [char for char in self.settings.policy.forbidden_characters if char in secret.reveal()]
        return f"il comporte le caractère « {' '.join(found)} »" if found else ""

    async def _keep(self, secret: Secret, attempt: int) -> None:
        """Into the keyring, whatever it takes: the portal will not show it again. Raises `PasswordNotKept` when all is tried."""
        started = time.monotonic()
        while True:
            try:
                await asyncio.to_thread(self._write_pending, secret, attempt)
                break
            except ReleveError as error:
                if not await self.operator.keep_trying(error, time.monotonic() - started):
                    self.journal.append(j.PasswordNotKept(attempt, type(error).__name__), "mot-de-passe")
                    raise PasswordNotKept(why=str(error)) from None
        self.journal.append(j.PendingStored(attempt), "mot-de-passe")

    def _write_pending(self, secret: Secret, attempt: int) -> None:
        """Whatever `pending` held is void since this reset; who wrote it was told when the rotation opened."""
        held = self.slots.read(Slot.PENDING)
        self.slots.write(Slot.PENDING, secret, self.writer(attempt), replacing=held.run if held else None)

    async def _leave(self, step: str) -> Done:
        if self._route is None or self._left or self._position < 0:
            return Done("skipped", "aucune session n'est ouverte sur le portail")
        result = await self._route.leave()
        self._left = True
        return Done("automatic", result, await self._capture(step))

    # -- the targets

    async def _enter(self, step: str, situation: Situation) -> Done:
        if situation.next is not Next.ENTER:
            if situation.next in (Next.CONFIRM, Next.RESET, Next.DECIDE):
                raise StepMissing(title=BY_ID[step].title, number=8, missing=BY_ID["mot-de-passe"].title)
            return Done("skipped", f"déjà fait. {situation.targets}")
        if step != TARGET_STEPS[-1]:
            return Done("automatic", await self._target(situation.facts.left[0]).show(step), await self._capture_target(step))
        results = [await self._enter_one(target, situation.facts.last) for target in situation.facts.left]
        return Done("automatic", " ; ".join(results), await self._capture_target(step))

    def _target(self, target: str) -> Target:
        return self._targets.setdefault(target, self._make_target(target))

    async def _enter_one(self, target: str, attempt: int) -> str:
        secret = await asyncio.to_thread(self.slots.require, Slot.PENDING, self.writer(attempt))
        self.journal.append(j.TargetIntended(target), TARGET_STEPS[-1])
        with effect(f"target {target}"):
            result = await self._target(target).enter(secret)
        self.journal.append(j.TargetEntered(target, "automatic"), TARGET_STEPS[-1])
        return result

    async def _capture_target(self, step: str) -> Path | None:
        target = next(reversed(self._targets.values()), None)
        path = self.folder.path / CAPTURES / f"{BY_ID[step].number:02d}-{step}.png"
        return path if target and await target.capture(path) else None

    # -- the proof and the end

    async def _prove(self, situation: Situation) -> Done:
        if situation.next is not Next.PROVE:
            if not situation.facts.proof:
                raise StepMissing(title="Preuve", number=12, missing=BY_ID["corail-mot-de-passe"].title)
            return Done("skipped", "la preuve est déjà notée")
        if self.settings.piste is not None:
            return await self._prove_by_api()
        self.journal.append(j.ProofGiven("none", "aucun accès à l'API PISTE n'est réglé"), PROOF)
        return Done("automatic", "le nouveau mot de passe est entré partout ; personne n'a encore pu l'essayer auprès de Chorus Pro")

    async def _prove_by_api(self) -> Done:
        try:
            detail = await asyncio.to_thread(self._prover().prove, self._last_reset())
        except (ProofTooEarly, PasswordNotAccepted, OldStillAccepted, StructureNotListed) as error:
            self.journal.append(j.ProofRefused(str(error)), PROOF)
            raise
        self.journal.append(j.ProofGiven("api", detail), PROOF)
        return Done("automatic", detail)

    async def settle(self) -> Situation:
        """The situation, once the API was asked how a click ended whose answer was not seen; what it decides is journalled."""
        situation = await asyncio.to_thread(self.situation)
        if self.settings.piste is None or not situation.facts.open_question:
            return situation
        with suppress(CredentialMissing):  # no secret for PISTE: a person decides, as without it
            answered = await asyncio.to_thread(self._prover().ask_click, self._last_reset(), situation.facts.last)
            self.journal.append(answered, "confirmation")
            situation = await asyncio.to_thread(self.situation)
        if situation.facts.attempt.told == Click.DONE:
            self.journal.append(j.ResetDone(situation.facts.last), "confirmation")
        elif situation.facts.attempt.told == Click.NOT_DONE:
            why = "L'API accepte toujours l'ancien mot de passe, et pas le nouveau, après le délai de propagation."
            self.journal.append(j.ResetNotDone(situation.facts.last, why), "confirmation")
        return await asyncio.to_thread(self.situation)

    def _prover(self) -> Prover:
        return Prover(self.settings, self.structure, self.keystore)

    def _last_reset(self) -> Reset:
        """The latest click that was announced; there is one wherever this is asked."""
        times = {entry.event.attempt: entry.time for entry in self.journal.entries if isinstance(entry.event, j.ResetIntended)}
        return Reset(self.writer(max(times)), datetime.fromisoformat(times[max(times)]))

    async def _close(self, situation: Situation) -> Done:
        if situation.closed:
            return Done("skipped", "la rotation est close, il n'y a rien à refaire")
        if situation.next not in (Next.PROMOTE, Next.CLOSE):
            raise StepMissing(title="Clôture", number=12, missing=BY_ID["corail-mot-de-passe"].title)
        if situation.next is Next.PROMOTE:
            self.journal.append(j.PromotionIntended(), CLOSE)
            await asyncio.to_thread(self.slots.promote, self.writer(situation.facts.last))
            self.journal.append(j.PromotionDone(), CLOSE)
        due = deadline(date.today(), self.settings.policy)
        self.journal.append(j.RotationClosed("succeeded", situation.facts.proof, due.isoformat()), CLOSE)
        return Done("automatic", f"rotation réussie, prochaine échéance le {due:%d/%m/%Y}")

    async def release(self) -> None:
        """Let the browser go. Safe to repeat."""
        if self._route is not None:
            await self._route.close()
        self._route, self._position = None, -1

    def code(self, error: BaseException | None) -> int:
        """The exit code of a process that stops here. Without a keyring to ask, the journal alone decides."""
        try:
            return exit_code(self.situation(), error)
        except ReleveError:
            events = [entry.event for entry in self.journal.entries]
            from .state import SlotsView

            return 6 if gather(events, SlotsView(), self.folder.run).touched else 5
