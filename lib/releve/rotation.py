"""One rotation, from the first screen to the closing: asks `state` what comes next, announces it, does it.

Every method may be called again: what is already done is not done twice. Nothing irreversible happens without its
announcement in the journal, and no click is ever repeated when its outcome is unknown.
"""

from __future__ import annotations

import asyncio
import platform
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
from .facts import Attempt, Facts, SlotsView, gather
from .keystore import CredentialMissing, Keystore, Slot
from .operator import DecisionNeeded, Keep, Operator
from .operator import Target as Confirmation
from .portal.errors import (
    BrowserGone,
    CandidateChanged,
    PasswordUnreadable,
    PortalError,
    ResetOutcomeUnknown,
    ResetRefused,
    SameCandidate,
)
from .portal.route import Route
from .procedure import BY_ID, CLOSE, GATE, PORTAL_STEPS, PROOF, TARGET_STEPS
from .proving import OldStillAccepted, PasswordNotAccepted, ProofTooEarly, Prover, Reset
from .reconcile import Click
from .record.commitment import commitment
from .record.folder import CAPTURES, RecordFolder, is_closed
from .record.search import remember_rejected
from .secret import Secret
from .settings import Settings, Structure
from .state import Next, Situation, assess, exit_code, portal_needed
from .targets import Target
from .watch import Watch

NAVIGATION = PORTAL_STEPS[:6]  # up to the confirmation window: they change nothing and may be gone through again
WINDOW, SHOWN = len(NAVIGATION) - 1, len(NAVIGATION)  # positions: the confirmation window, the screen that shows the password


class StepMissing(PersonNeeded):
    happened = "L'étape « {title} » ne peut pas commencer : l'étape {number} « {missing} » n'a pas encore été faite."
    safe = "Rien n'a été fait."
    todo = "Exécutez d'abord la cellule de l'étape {number}, ou tout le carnet (menu « Exécution », « Exécuter toutes les cellules »)."


class PasswordNotKept(ReleveError):
    """The portal showed a password and the keyring refused it to the end."""

    code = 6
    happened = "Le portail a montré un nouveau mot de passe, mais le trousseau n'a pas pu le garder ({why})."


class HeldByHand(PersonNeeded):
    """The operator copied the password, because the keyring refused it: no program can enter it."""

    happened = "Le nouveau mot de passe n'est pas dans le trousseau : seul l'opérateur qui l'a recopié peut l'entrer."
    safe = "Rien ne sera redemandé au portail."
    todo = "Ouvrez le carnet avec « releve lab » : il vous guide pour l'entrer à la main. « releve resume » reprend ensuite."


class ProofLater(PersonNeeded):
    happened = "La preuve est remise à plus tard : personne n'a encore essayé le nouveau mot de passe."
    safe = "Il est entré partout et en sûreté dans le trousseau ; rien ne sera redemandé au portail."
    todo = "Quand une récupération de factures aura été essayée dans Corail, rouvrez ce carnet depuis l'accueil (« Reprendre »)."


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
        open_route: Callable[[str], Awaitable[Route]],
        make_target: Callable[[str], Target],
    ) -> None:
        self.folder, self.journal, self.settings, self.structure = folder, journal, settings, structure
        self.keystore, self.operator = keystore, operator
        self.slots = keystore.slots(structure.technical_account)
        self._open_route, self._make_target = open_route, make_target
        self._route: Route | None = None
        self._targets: dict[str, Target] = {}
        self._position = -1  # the last navigation step whose screen is in hand; `SHOWN` once a password was
        self._left = False
        self._dropped: Secret | None = None  # the latest candidate that was left without being submitted
        self.watch = self.make_watch()
        self._in_view = False  # the summary of the password just kept is still on the screen

    def make_watch(self) -> Watch:
        """Compares the portal's screens with those of the last success."""
        return Watch(self.folder, self.journal, self.settings, self.operator)

    @property
    def facts(self) -> Facts:
        """What the journal and the keyring say now. Raises a keyring error when it cannot be asked."""
        return self._facts(self.slots.filled())

    def _facts(self, slots: SlotsView | None) -> Facts:
        events = (entry.event for entry in self.journal.entries)
        return gather(events, slots, self.folder.run, self.settings.policy.max_attempts, platform.node())

    def situation(self) -> Situation:
        """What is true, what is safe, what comes next. Raises a keyring error when it cannot be asked."""
        return assess(self.facts)

    def known(self) -> Situation:
        """The situation by the journal alone when the keyring cannot be asked: enough to tell it, not to act."""
        try:
            return self.situation()
        except ReleveError:
            return assess(self._facts(None))

    def writer(self, attempt: int) -> str:
        """Whose password a slot holds: this rotation's, of that attempt."""
        return f"{self.folder.run}/{attempt}"

    async def do(self, step: str) -> Done:
        """Do one step, or say why there is nothing to do. Journals what happened; an error leaves the step to be done again."""
        started = time.monotonic()
        try:
            done = await self._perform(step)
            if done.mode != "skipped":
                self._note_done(step, done, time.monotonic() - started)
        except ReleveError as error:
            raise await self._failed(step, error) from None
        except BaseException:  # interrupted: the screen in hand is not known
            self._position = -1
            raise
        return done

    def _note_done(self, step: str, done: Done, seconds: float) -> None:
        try:
            self.journal.append(j.StepDone(done.mode, done.result, done.capture.name if done.capture else "", round(seconds, 3)), step)
        except j.JournalUnwritable:
            if step != CLOSE:  # the rotation is closed: this line would only have told how long that took
                raise

    async def decide(self) -> None:
        """Ask whether to reset again, if that is the question; nobody else may say so. Raises `DecisionNeeded`."""
        situation = await self.settle()
        if situation.next is not Next.DECIDE or self.operator.interactive:  # a person is asked at the step itself
            return
        how = await self.operator.reset_again(situation.truth)
        if how is None:
            raise DecisionNeeded
        self.journal.append(j.ResetAgainDecided(situation.facts.question, how), "confirmation")

    async def _perform(self, step: str) -> Done:
        situation = await asyncio.to_thread(self.situation)
        if situation.closed:
            return Done("skipped", "la rotation est close, il n'y a rien à refaire")
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
        if isinstance(error, PortalError):
            self._portal_failed(error)
        await self.place(error)
        if not isinstance(error, StepMissing | j.JournalUnwritable) and not is_closed(self.journal.entries):
            with suppress(j.JournalUnwritable):  # the first error is the one to tell
                self.journal.append(j.StepFailed(type(error).__name__, error.text), step)
        return error

    async def place(self, error: ReleveError) -> None:
        """Let an error say what is true of the whole rotation, once something may have changed."""
        situation = await asyncio.to_thread(self.known)
        if situation.facts.touched or situation.facts.displayed or isinstance(error, DecisionNeeded):
            undecided = situation.next is Next.DECIDE and not isinstance(error, j.JournalUnwritable)
            own = "" if undecided else error.sentences[2]
            again = "resume" in own or "relance" in own.lower()
            error.place(situation.truth, own if again else f"{own} {situation.todo}".strip())

    def _portal_failed(self, error: PortalError) -> None:
        """The screen in hand is not known any more."""
        self._position = -1
        if isinstance(error, BrowserGone):
            self._route = None
            self._targets.clear()

    # -- the portal

    async def route(self) -> Route:
        """The route to the reset, its browser started at the first call."""
        if self._route is None:
            # What the attempts so far mean depends on their route: those to come keep to it.
            self._route = await self._open_route(self.route_name if self._facts(None).attempts else "")
            self._note_route(self._route)
        return self._route

    @property
    def route_name(self) -> str:
        """The route of this rotation; "" as long as it is not known."""
        chosen = (entry.event for entry in reversed(self.journal.entries) if isinstance(entry.event, j.RouteChosen))
        return next((event.route for event in chosen), "")

    def _note_route(self, route: Route) -> None:
        """Which route it is, once the portal has told."""
        if route.name not in ("", self.route_name):
            self.journal.append(j.RouteChosen(route.name, route.sees_first))

    async def _navigate(self, step: str) -> Done:
        index = NAVIGATION.index(step)
        if index <= self._position:
            return Done("skipped", "déjà fait, cet écran est passé")
        self._check_earlier(step)
        result = await self._advance(index)
        return Done(await self._mode(), result, await self._capture(step))

    async def _mode(self) -> str:
        """How the route's last screen was done."""
        return (await self.route()).mode

    async def _advance(self, index: int) -> str:
        """Go through the screens up to that one; returns the last one's line of result."""
        route, result = await self.route(), ""
        for each in NAVIGATION[self._position + 1 : index + 1]:
            await self.watch.compare(route, each)
            result = await route.go(each)
            self._position += 1
            self._note_route(route)
        return result

    async def _approach(self) -> Route:
        """The confirmation window, from wherever this process stands: from the start, or back from an unusable password."""
        route, shown = await self.route(), self._position == SHOWN
        if shown:
            self._position = -1  # until it is known that the way back ended well
            await route.back()
            self._position = WINDOW
        await self._advance(WINDOW)
        await self.watch.compare(route, "confirmation")
        return route

    def _check_earlier(self, step: str, title: str = "") -> None:
        """An earlier screen that was never gone through in this rotation is named, not silently made up for."""
        for earlier in PORTAL_STEPS[: PORTAL_STEPS.index(step)]:
            if earlier in NAVIGATION and not self._was_done(earlier):
                missing = BY_ID[earlier]
                raise StepMissing(title=title or BY_ID[step].title, number=missing.number, missing=missing.title)

    def _was_done(self, step: str) -> bool:
        return any(entry.step == step and isinstance(entry.event, j.StepDone) for entry in self.journal.entries)

    async def _capture(self, step: str) -> Path | None:
        number, route = BY_ID[step].number, await self.route()
        taken = sum(isinstance(e.event, j.StepDone) and e.event.capture != "" and e.step == step for e in self.journal.entries)
        path = self.folder.path / CAPTURES / f"{number:02d}-{step}{f'-{taken + 1}' if taken else ''}.png"
        return await _picture(route, path)

    # -- the gate and the reset

    async def _confirm_target(self, situation: Situation) -> Done:
        if situation.next is not Next.CONFIRM:
            return Done("skipped", "la réinitialisation a déjà été confirmée" if situation.facts.gate else situation.row.portal)
        if self.operator.interactive:  # the target is confirmed once it has been seen
            self._check_earlier("demande", "Confirmation de la cible")
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
            left = "écarté sans être soumis" if self._route and self._route.sees_first else "refusé"
            return Done(await self._mode(), f"mot de passe {left} : {fault}" if fault else "le portail a donné un nouveau mot de passe")
        return await self._reset_until_good(step)

    async def _reset_until_good(self, step: str) -> Done:
        """As the document says: back to the structure's card, and the same again, until the password can be used."""
        while (situation := await asyncio.to_thread(self.situation)).next is Next.RESET and situation.facts.rejections:
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
        kept = "recopié à la main par l'opérateur" if situation.facts.by_hand else "gardé dans le trousseau"
        return Done(await self._mode(), f"mot de passe conforme, {kept}{after}", await self._capture(step))

    async def _reset_once(self, attempt: int) -> str:
        """One reset; returns why its password cannot be used, or "" once it is kept. Never called twice for an unknown outcome."""
        route = await self._approach()
        if route.sees_first:
            return await self._reset_seen_first(route, attempt)
        await route.ready()
        self.journal.append(j.ResetIntended(attempt), "confirmation")
        await self._commit(route, attempt)
        self._position = SHOWN
        try:
            secret = await route.read()
        except PasswordUnreadable:
            self.journal.append(j.ResetDone(attempt), "confirmation")
            raise
        if fault := self._fault(secret):
            await asyncio.to_thread(remember_rejected, self.keystore, self.folder.run, secret)
            self.journal.append(j.CandidateRejected(attempt, fault), "mot-de-passe")
            return fault
        await self._keep(secret, attempt, route.mode)
        self._in_view = True
        return ""

    async def _reset_seen_first(self, route: Route, attempt: int) -> str:
        """A candidate is seen, judged and kept, and only then made effective; a forbidden one is left without being submitted."""
        before = self._facts(None).attempts.get(attempt - 1, Attempt())
        self.journal.append(j.CandidateAsked(attempt), "confirmation")
        self._position = SHOWN
        with effect("candidate asked"):
            await route.offer()
        secret = await route.read()
        if fault := self._fault(secret):
            return await self._drop(route, attempt, secret, fault, anyway=before.same and before.again)
        await self._keep(secret, attempt, route.mode)
        await self._submit(route, attempt, secret)
        self._in_view = True
        return ""

    async def _drop(self, route: Route, attempt: int, secret: Secret, fault: str, anyway: bool) -> str:
        """Leave a candidate that cannot be used; one that comes back is submitted only when somebody decided so, to be rid of it."""
        same, self._dropped = secret == self._dropped and not anyway, secret
        await asyncio.to_thread(remember_rejected, self.keystore, self.folder.run, secret)
        self.journal.append(j.CandidateRejected(attempt, fault, same), "mot-de-passe")
        if same:
            raise SameCandidate(fault=fault)
        if anyway:
            await self._submit(route, attempt, secret)
        return fault

    async def _submit(self, route: Route, attempt: int, secret: Secret) -> None:
        await route.ready()
        if await route.read() != secret:
            raise CandidateChanged
        self.journal.append(j.ResetIntended(attempt), "confirmation")
        await self._commit(route, attempt)
        self.journal.append(j.ResetDone(attempt), "confirmation")

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

    async def _keep(self, secret: Secret, attempt: int, mode: str) -> None:
        """Into the keyring, whatever it takes: the portal will not show it again. Raises `PasswordNotKept` when all is tried."""
        started = time.monotonic()
        while error := await asyncio.to_thread(self._write_pending, secret, attempt):
            answer = await self.operator.keep_trying(secret, error, time.monotonic() - started)
            if answer is Keep.COPIED:
                self.journal.append(j.PasswordByHand(attempt, type(error).__name__), "mot-de-passe")
                return
            if answer is Keep.LOST:
                with suppress(j.JournalUnwritable):  # then the journal says that the outcome is unknown, which is true too
                    self.journal.append(j.PasswordNotKept(attempt, type(error).__name__), "mot-de-passe")
                raise PasswordNotKept(why=str(error).rstrip("."))
        shown, kept = await self._commitment(secret), await self._commitment(Slot.PENDING)
        self.journal.append(j.PendingStored(attempt, shown, kept, mode), "mot-de-passe")

    async def _commitment(self, of: Secret | Slot) -> str:
        """Of a password in hand, or of what a slot gives back; "" when the keyring refuses: the rotation does not depend on it."""

        def commit() -> str:
            with suppress(ReleveError):
                held = self.slots.read(of) if isinstance(of, Slot) else None
                secret = held.password if held else of
                return commitment(self.keystore, self.folder.run, secret) if isinstance(secret, Secret) else ""
            return ""

        return await asyncio.to_thread(commit)

    def _write_pending(self, secret: Secret, attempt: int) -> ReleveError | None:
        """Whatever `pending` held is void since this reset; who wrote it was journalled when the rotation opened."""
        try:
            held = self.slots.read(Slot.PENDING)
            self.slots.write(Slot.PENDING, secret, self.writer(attempt), replacing=held.run if held else None)
        except ReleveError as error:
            return error
        return None

    async def _leave(self, step: str) -> Done:
        if self._route is None or self._left or self._position < 0:
            return Done("skipped", "aucune session n'est ouverte sur le portail")
        try:
            result = await self._route.leave()
        except PortalError as error:  # what counts is done: a session that stays open ends by itself
            return Done("automatic", f"la déconnexion n'a pas abouti : {error} La session du portail expirera d'elle-même")
        self._left = True
        return Done(self._route.mode, result, await self._capture(step))

    # -- the targets

    async def _enter(self, step: str, situation: Situation) -> Done:
        if situation.next is not Next.ENTER:
            if situation.next is Next.DECIDE:
                raise DecisionNeeded
            if portal_needed(situation):
                raise StepMissing(title=BY_ID[step].title, number=8, missing=BY_ID["mot-de-passe"].title)
            return Done("skipped", f"déjà fait. {situation.targets}")
        if step != TARGET_STEPS[-1]:
            target = self._target(situation.facts.left[0])
            return Done(target.mode, await target.show(step), await self._capture_target(step))
        secret = await self._password(situation.facts)
        results = [await self._enter_one(target, secret) for target in situation.facts.left]
        mode = "manual" if any(self._target(each).mode == "manual" for each in situation.facts.left) else "automatic"
        return Done(mode, " ; ".join(results), await self._capture_target(step))

    def _target(self, target: str) -> Target:
        return self._targets.setdefault(target, self._make_target(target))

    async def _password(self, facts: Facts) -> Secret:
        """The new password: from the keyring, or from the operator who copied it when the keyring refused it, and who is tried anew."""
        if not facts.by_hand:
            return await asyncio.to_thread(self.slots.require, Slot.PENDING, self.writer(facts.click))
        if not self.operator.interactive:
            raise HeldByHand
        secret = await self.operator.new_password(self.structure.technical_account, HeldByHand.happened)
        if await asyncio.to_thread(self._write_pending, secret, facts.click) is None:
            self.journal.append(j.PendingStored(facts.click, mode="manual"), "mot-de-passe")
        return secret

    async def _enter_one(self, target: str, secret: Secret) -> str:
        self.journal.append(j.TargetIntended(target), TARGET_STEPS[-1])
        with effect(f"target {target}"):
            result = await self._target(target).enter(secret)
        self.journal.append(j.TargetEntered(target, self._target(target).mode, await self._commitment(secret)), TARGET_STEPS[-1])
        return result

    async def _capture_target(self, step: str) -> Path | None:
        target = next(reversed(self._targets.values()), None)
        return await _picture(target, self.folder.path / CAPTURES / f"{BY_ID[step].number:02d}-{step}.png") if target else None

    # -- the proof and the end

    async def _prove(self, situation: Situation) -> Done:
        if situation.next is not Next.PROVE:
            if situation.next not in (Next.PROMOTE, Next.CLOSE):
                raise StepMissing(title="Preuve", number=12, missing=BY_ID["corail-mot-de-passe"].title)
            known = situation.facts.proof
            return Done("skipped", "la preuve est déjà notée" if known else "le mot de passe n'est plus dans le trousseau")
        if self.settings.piste is not None and situation.facts.held:
            return await self._prove_by_api(situation.facts.click)
        return await self._prove_by_a_person(situation)

    async def _prove_by_a_person(self, situation: Situation) -> Done:
        refused = situation.facts.proof_refused
        while (proof := await self.operator.prove(situation.facts.targets, refused)).kind == "refused":
            self.journal.append(j.ProofRefused(proof.detail), PROOF)
            refused = True
        if proof.kind == "later":
            raise ProofLater
        self.journal.append(j.ProofGiven(proof.kind, proof.detail), PROOF)
        if proof.kind == "none":
            said = "le nouveau mot de passe est entré partout ; personne n'a encore pu l'essayer auprès de Chorus Pro"
            return Done("automatic", said)
        return Done("manual", f"attesté par {self.journal.actor} : {proof.detail}")

    async def _prove_by_api(self, attempt: int) -> Done:
        try:
            detail = await asyncio.to_thread(self._prover().prove, self._reset_of(attempt))
        except (ProofTooEarly, PasswordNotAccepted, OldStillAccepted) as error:
            self.journal.append(j.ProofRefused(str(error)), PROOF)
            raise
        self.journal.append(j.ProofGiven("api", detail), PROOF)
        return Done("automatic", detail)

    async def settle(self) -> Situation:
        """The situation, once the API was asked how a click ended whose answer was not seen; what it decides is journalled."""
        situation = await asyncio.to_thread(self.situation)
        if self.settings.piste is None or not situation.facts.unknown:
            return situation
        attempt = situation.facts.click
        with suppress(CredentialMissing):  # no secret for PISTE: a person decides, as without it
            answered = await asyncio.to_thread(self._prover().ask_click, self._reset_of(attempt), attempt)
            self.journal.append(answered, "confirmation")
            situation = await asyncio.to_thread(self.situation)
        if situation.facts.attempt.told == Click.DONE:
            self.journal.append(j.ResetDone(attempt), "confirmation")
        elif situation.facts.attempt.told == Click.NOT_DONE:
            why = "L'API accepte toujours l'ancien mot de passe, et pas le nouveau, après le délai de propagation."
            self.journal.append(j.ResetNotDone(attempt, why), "confirmation")
        return await asyncio.to_thread(self.situation)

    def _prover(self) -> Prover:
        return Prover(self.settings, self.structure, self.keystore)

    def _reset_of(self, attempt: int) -> Reset:
        """The click of that attempt, by its announcement."""
        time = next(e.time for e in self.journal.entries if isinstance(e.event, j.ResetIntended) and e.event.attempt == attempt)
        return Reset(self.writer(attempt), datetime.fromisoformat(time))

    async def _close(self, situation: Situation) -> Done:
        if situation.next not in (Next.PROMOTE, Next.CLOSE):
            raise StepMissing(title="Clôture", number=12, missing=BY_ID["corail-mot-de-passe"].title)
        if situation.next is Next.PROMOTE:
            self.journal.append(j.PromotionIntended(), CLOSE)
            await asyncio.to_thread(self.slots.promote, self.writer(situation.facts.click))
            self.journal.append(j.PromotionDone(await self._commitment(Slot.CURRENT)), CLOSE)
        due = deadline(date.today(), self.settings.policy)
        self.journal.append(j.RotationClosed("succeeded", situation.facts.proof or "none", due.isoformat()), CLOSE)
        await asyncio.to_thread(self.watch.keep)
        return Done("automatic", f"rotation réussie, prochaine échéance le {due:%d/%m/%Y}")

    # -- a person takes over

    @property
    def opened_route(self) -> Route | None:
        """The route, if it is open."""
        return self._route

    def reached(self, step: str) -> None:
        """The screens before `step` are in hand, whatever an error said: a person is about to do this one."""
        self._position = NAVIGATION.index(step) - 1 if step in NAVIGATION else self._position

    def forget(self) -> None:
        """Another way to the portal and to the targets is taken from here on; the browser stays as it is."""
        self._route = None
        self._targets.clear()

    async def start_over(self) -> None:
        """Close the portal's session: the next screen starts from the login, in a fresh window."""
        if self._route is not None:
            await self._route.close()
        self.forget()
        self._position = -1

    async def keep_typed(self, secret: Secret) -> None:
        """Keep the password of the click in question, typed by a person who sees it on the portal. Raises `PasswordNotKept`."""
        attempt = self.facts.question
        if fault := self._fault(secret):
            self.journal.append(j.CandidateRejected(attempt, fault), "mot-de-passe")
            return
        await self._keep(secret, attempt, "manual")

    def code(self, error: BaseException | None) -> int:
        """The exit code of a process that stops here."""
        return exit_code(self.known(), error)


async def _picture(shown: Route | Target, path: Path) -> Path | None:
    """A picture of what is shown; a disk that has no room for it stops nothing."""
    with suppress(OSError):
        return path if await shown.capture(path) else None
    with suppress(OSError):
        await asyncio.to_thread(path.unlink, missing_ok=True)  # half a picture
    return None
