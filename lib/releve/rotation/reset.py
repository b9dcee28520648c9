"""The reset itself: announced, clicked, read, judged, kept. No click is ever repeated when its
outcome is unknown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from releve.base.effects import effect
from releve.base.secret import Secret
from releve.decision import events as ev
from releve.decision.facts import Attempt
from releve.decision.procedure import BY_ID
from releve.decision.state import Next, Situation
from releve.portal.errors import (
    CandidateChanged,
    PasswordUnreadable,
    ResetOutcomeUnknown,
    ResetRefused,
    SameCandidate,
)
from releve.portal.route import Route
from releve.record import vouching
from releve.rotation.context import Papers
from releve.rotation.keep import Keeper, Seen
from releve.rotation.navigate import Way
from releve.rotation.prompts import DecisionNeeded
from releve.rotation.steps import Done, StepMissing


class PasswordReset:
    """Makes the portal give a password that can be used. `settle` asks whoever may know how a click
    ended whose answer was lost.
    """

    def __init__(
        self, papers: Papers, way: Way, keeper: Keeper, settle: Callable[[], Awaitable[Situation]]
    ) -> None:
        self.papers, self.way, self.keeper, self.settle = papers, way, keeper, settle
        self.in_view = False  # the summary of the password just kept is still on the screen
        self._dropped: Secret | None = (
            None  # the latest candidate that was left without being submitted
        )

    async def do(self, step: str, situation: Situation) -> Done:
        """The click, or what is left of the reset after it."""
        if situation.next is Next.CONFIRM:
            raise StepMissing(title=BY_ID[step].title, number=6, missing="confirmation de la cible")
        if step != "confirmation":
            return await self._until_good(step)
        self.way.check_earlier(step)
        fault = await self._once(situation.facts.last + 1)
        left = (
            "écarté sans être soumis"
            if self.way.opened and self.way.opened.sees_first
            else "refusé"
        )
        result = (
            f"mot de passe {left} : {fault}"
            if fault
            else "le portail a donné un nouveau mot de passe"
        )
        return Done(await self.way.mode(), result)

    async def _until_good(self, step: str) -> Done:
        """As the document says: back to the structure's card, and the same again, until the
        password can be used.
        """
        while (
            situation := await asyncio.to_thread(self.papers.situation)
        ).next is Next.RESET and situation.facts.rejections:
            await self._once(situation.facts.last + 1)
        if situation.next is Next.DECIDE:
            raise DecisionNeeded
        if situation.next is Next.RESET:
            raise StepMissing(
                title=BY_ID[step].title, number=7, missing=BY_ID["confirmation"].title
            )
        return await self.kept(step, situation)

    async def kept(self, step: str, situation: Situation) -> Done:
        """The password can be used, and is kept."""
        self.in_view = False
        rejected = situation.facts.rejections
        after = (
            f", après {rejected} mot{'s' * (rejected > 1)} de passe refusé{'s' * (rejected > 1)}"
            if rejected
            else ""
        )
        kept = (
            "recopié à la main par l'opérateur"
            if situation.facts.by_hand
            else "gardé dans le trousseau"
        )
        return Done(
            await self.way.mode(),
            f"mot de passe conforme, {kept}{after}",
            await self.way.capture(step),
        )

    async def _once(self, attempt: int) -> str:
        """One reset; returns why its password cannot be used, or "" once it is kept. Never called
        twice for an unknown outcome.
        """
        route = await self.way.approach()
        fault = await (self._seen_first if route.sees_first else self._seen_after)(route, attempt)
        self.in_view = not fault
        return fault

    async def _seen_after(self, route: Route, attempt: int) -> str:
        """The documented order: the password is seen once it has taken effect."""
        await route.ready()
        await self._announce(attempt)
        await self._commit(route, attempt)
        self.way.shown()
        try:
            secret = await route.read()
        except PasswordUnreadable:
            self.papers.journal.append(ev.ResetDone(attempt), "confirmation")
            raise
        if fault := self._fault(secret):
            self.papers.journal.append(ev.CandidateRejected(attempt, fault), "mot-de-passe")
            return fault
        await self.keeper.keep(Seen(secret, attempt, route.mode))
        return ""

    async def _seen_first(self, route: Route, attempt: int) -> str:
        """A candidate is seen, judged and kept, and only then made effective; a forbidden one is
        left without being submitted.
        """
        await asyncio.to_thread(self.keeper.check_free)
        before = self.papers.journalled.attempts.get(attempt - 1, Attempt())
        self.papers.journal.append(ev.CandidateAsked(attempt), "confirmation")
        self.way.shown()
        with effect("candidate asked"):
            await route.offer()
        secret = await route.read()
        if fault := self._fault(secret):
            await self._drop(route, attempt, secret, fault, anyway=before.same and before.again)
            return fault
        await self.keeper.keep(Seen(secret, attempt, route.mode))
        await self._submit(route, attempt, secret)
        return ""

    async def _drop(
        self, route: Route, attempt: int, secret: Secret, fault: str, anyway: bool
    ) -> None:
        """Leave a candidate that cannot be used; one that comes back is submitted only when
        somebody decided so, to be rid of it.
        """
        same, self._dropped = secret == self._dropped and not anyway, secret
        self.papers.journal.append(ev.CandidateRejected(attempt, fault, same), "mot-de-passe")
        if same:
            raise SameCandidate(fault=fault)
        if anyway:
            await self._submit(route, attempt, secret)

    async def _submit(self, route: Route, attempt: int, secret: Secret) -> None:
        await route.ready()
        if await route.read() != secret:
            raise CandidateChanged
        await self._announce(attempt)
        await self._commit(route, attempt)
        self.papers.journal.append(ev.ResetDone(attempt), "confirmation")

    async def _announce(self, attempt: int) -> None:
        """The click comes next: in the journal first, then beside the rotation's key."""
        journal = self.papers.journal
        journal.append(ev.ResetIntended(attempt), "confirmation")
        await asyncio.to_thread(vouching.note_announced, journal, self.papers.keystore, attempt)

    async def _commit(self, route: Route, attempt: int) -> None:
        try:
            with effect("reset click"):
                await route.commit()
        except ResetRefused as error:
            self.papers.journal.append(ev.ResetNotDone(attempt, str(error)), "confirmation")
            raise
        except ResetOutcomeUnknown as error:
            self.papers.journal.append(ev.ResetUnknown(attempt, str(error)), "confirmation")
            if not (await self.settle()).facts.attempt.done:
                raise

    async def keep_typed(self, secret: Secret) -> None:
        """Keep the password of the click in question, typed by a person who sees it on the portal.
        Raises `PasswordNotKept`.
        """
        attempt = self.papers.facts.question
        if fault := self._fault(secret):
            self.papers.journal.append(ev.CandidateRejected(attempt, fault), "mot-de-passe")
            return
        await self.keeper.keep(Seen(secret, attempt, "manual"))

    def _fault(self, secret: Secret) -> str:
        found = [
            char
            for char in self.papers.settings.policy.forbidden_characters
            if char in secret.reveal()
        ]
        return f"il comporte le caractère « {' '.join(found)} »" if found else ""
