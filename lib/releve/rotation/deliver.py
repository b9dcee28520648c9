"""The new password goes to every target; entering the same one twice does no harm."""

from __future__ import annotations

import asyncio
from pathlib import Path

from releve.base.effects import effect
from releve.base.errors import PersonNeeded
from releve.base.secret import Secret
from releve.decision import events as ev
from releve.decision.facts import Facts
from releve.decision.procedure import BY_ID, TARGET_STEPS
from releve.decision.state import Next, Situation, portal_needed
from releve.rotation.context import Context
from releve.rotation.keep import Keeper
from releve.rotation.prompts import DecisionNeeded
from releve.rotation.steps import Done, StepMissing, picture
from releve.targets import Target
from releve.vault.slots import Slot


class HeldByHand(PersonNeeded):
    """The operator copied the password, because the keyring refused it: no program can enter it."""

    goes_on = True


class Delivery:
    """The steps of the accounting program, for each target that does not have the password yet."""

    def __init__(self, context: Context, keeper: Keeper) -> None:
        self.context, self.keeper = context, keeper
        self._targets: dict[str, Target] = {}

    async def do(self, step: str, situation: Situation) -> Done:
        """One documented screen; the last one enters the password everywhere."""
        if situation.next is not Next.ENTER:
            return _nothing_to_enter(step, situation)
        left = situation.facts.left
        if step != TARGET_STEPS[-1]:
            target = self._target(left[0])
            return Done(target.mode, await target.show(step), await self._capture(step))
        secret = await self._password(situation.facts)
        results = [await self._enter(target, secret) for target in left]
        by_hand = any(self._target(each).mode == "manual" for each in left)
        mode = "manual" if by_hand else "automatic"
        return Done(mode, " ; ".join(results), await self._capture(step))

    def forget(self) -> None:
        """Another way to the targets is taken from here on."""
        self._targets.clear()

    def _target(self, target: str) -> Target:
        return self._targets.setdefault(target, self.context.make_target(target))

    async def _password(self, facts: Facts) -> Secret:
        """The new password: from the keyring, or from the operator who copied it when the keyring
        refused it, and who is tried anew.
        """
        if not facts.by_hand:
            writer = self.context.writer(facts.click)
            return await asyncio.to_thread(self.context.slots.kept, writer)
        if not self.context.operator.interactive:
            raise HeldByHand
        account, why = self.context.structure.technical_account, HeldByHand.happened
        secret = await self.context.operator.new_password(account, why)
        if await asyncio.to_thread(self.keeper.write, secret, facts.click) is None:
            stored = ev.PendingStored(facts.click, mode="manual")
            self.context.journal.append(stored, "mot-de-passe")
        return secret

    async def _enter(self, target: str, secret: Secret) -> str:
        self.context.journal.append(ev.TargetIntended(target), TARGET_STEPS[-1])
        with effect(f"target {target}"):
            result = await self._target(target).enter(secret)
        compared = await self.context.compared(secret, Slot.PENDING)
        entered = ev.TargetEntered(target, self._target(target).mode, compared)
        self.context.journal.append(entered, TARGET_STEPS[-1])
        return result

    async def _capture(self, step: str) -> Path | None:
        target = next(reversed(self._targets.values()), None)
        return await picture(target, self.context.capture_path(step)) if target else None


def _nothing_to_enter(step: str, situation: Situation) -> Done:
    if situation.next is Next.DECIDE:
        raise DecisionNeeded
    if portal_needed(situation):
        raise StepMissing(title=BY_ID[step].title, number=8, missing=BY_ID["mot-de-passe"].title)
    return Done("skipped", f"déjà fait. {situation.targets}")
