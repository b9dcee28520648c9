"""How it is known that the new password works, and how a click ended whose answer was lost: by the
API, else by a person.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime

from releve.base.errors import Paused
from releve.base.texts import text
from releve.decision import events as ev
from releve.decision.procedure import BY_ID, PROOF, TITLES
from releve.decision.reconcile import Click
from releve.decision.state import Next, Situation
from releve.proof.asking import OldStillAccepted, PasswordNotAccepted, ProofTooEarly, Prover, Reset
from releve.rotation.context import Context
from releve.rotation.steps import Done, StepMissing
from releve.vault.entry import CredentialMissing


class ProofLater(Paused):
    pass


class ProofOfPassword:
    """Asks the API when the settings have `[piste]`, and whoever is there otherwise."""

    def __init__(self, context: Context) -> None:
        self.context = context

    async def prove(self, situation: Situation) -> Done:
        """That the new password works. Raises what keeps the proof for later; never a reason for a
        reset.
        """
        if situation.next is not Next.PROVE:
            if situation.next not in (Next.PROMOTE, Next.CLOSE):
                last = BY_ID["corail-mot-de-passe"]
                raise StepMissing(title=TITLES[PROOF], number=last.number, missing=last.title)
            noted = situation.facts.proof
            return Done("skipped", text("done.proof-noted" if noted else "done.gone"))
        if self.context.settings.piste is not None and situation.facts.held:
            return await self._by_api(situation.facts.click)
        return await self._by_a_person(situation)

    async def _by_a_person(self, situation: Situation) -> Done:
        refused, journal = situation.facts.proof_refused, self.context.journal
        ask = self.context.operator.prove
        while (proof := await ask(situation.facts.targets, refused)).kind == "refused":
            journal.append(ev.ProofRefused(proof.detail), PROOF)
            refused = True
        if proof.kind == "later":
            raise ProofLater
        journal.append(ev.ProofGiven(proof.kind, proof.detail), PROOF)
        if proof.kind == "none":
            return Done("automatic", text("done.unproven"))
        return Done("manual", text("done.attested", actor=journal.actor, detail=proof.detail))

    async def _by_api(self, attempt: int) -> Done:
        try:
            detail = await asyncio.to_thread(self._prover().prove, self._reset_of(attempt))
        except (ProofTooEarly, PasswordNotAccepted, OldStillAccepted) as error:
            self.context.journal.append(ev.ProofRefused(str(error)), PROOF)
            raise
        self.context.journal.append(ev.ProofGiven("api", detail), PROOF)
        return Done("automatic", detail)

    async def settle(self) -> Situation:
        """The situation, once the API was asked how a click ended whose answer was not seen; what
        it decides is journalled.
        """
        situation = await asyncio.to_thread(self.context.situation)
        if self.context.settings.piste is None or not situation.facts.unknown:
            return situation
        attempt = situation.facts.click
        with suppress(CredentialMissing):  # no secret for PISTE: a person decides, as without it
            reset = self._reset_of(attempt)
            answered = await asyncio.to_thread(self._prover().ask_click, reset, attempt)
            self.context.journal.append(answered, "confirmation")
            situation = await asyncio.to_thread(self.context.situation)
        if situation.facts.attempt.told == Click.DONE:
            self.context.journal.append(ev.ResetDone(attempt), "confirmation")
        elif situation.facts.attempt.told == Click.NOT_DONE:
            why = text("done.old-accepted")
            self.context.journal.append(ev.ResetNotDone(attempt, why), "confirmation")
        return await asyncio.to_thread(self.context.situation)

    def _prover(self) -> Prover:
        context = self.context
        return Prover(context.settings, context.structure, context.keystore, context.note_origin)

    def _reset_of(self, attempt: int) -> Reset:
        """The click of that attempt, by its announcement."""
        clicks = (
            e
            for e in self.context.journal.entries
            if isinstance(e.event, ev.ResetIntended) and e.event.attempt == attempt
        )
        return Reset(self.context.writer(attempt), datetime.fromisoformat(next(clicks).time))
