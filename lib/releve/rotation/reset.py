"""The reset itself: announced, clicked, read, judged, kept. No click is ever repeated when its
outcome is unknown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from releve.base.effects import effect
from releve.base.errors import ReleveError
from releve.base.secret import Secret
from releve.base.texts import text
from releve.decision import events as ev
from releve.decision.facts import Attempt
from releve.decision.procedure import BY_ID, GATE, NAVIGATION, TITLES, by_hand
from releve.decision.state import Next, Situation
from releve.portal.driver import Driver
from releve.portal.errors import (
    CandidateChanged,
    PasswordUnreadable,
    PortalError,
    ResetOutcomeUnknown,
    ResetRefused,
    SameCandidate,
)
from releve.record import vouching
from releve.rotation.context import Context
from releve.rotation.keep import Keeper, NewPassword
from releve.rotation.navigate import CONFIRMED, Navigation
from releve.rotation.prompts import DecisionNeeded
from releve.rotation.steps import Done, StepMissing
from releve.vault.unread import Unread, likeliest_first

PASSWORD = "mot-de-passe"


class PasswordReset:
    """Makes the portal give a password that can be used. `settle` asks whoever may know how a click
    ended whose answer was lost. Each act is the driver's, or of a person who does that step by
    hand.
    """

    def __init__(
        self,
        context: Context,
        navigation: Navigation,
        keeper: Keeper,
        settle: Callable[[], Awaitable[Situation]],
    ) -> None:
        self.context, self.navigation = context, navigation
        self.keeper, self.settle = keeper, settle
        self.in_view = False  # the summary of the password just kept is still on the screen
        self._dropped: Secret | None = None  # the latest candidate that was not submitted
        self._typed: Secret | None = None  # the password in sight, given by the person who sees it
        self._mode = "automatic"  # how the latest password was read

    async def do(self, step: str, situation: Situation) -> Done:
        """The click, or what is left of the reset after it."""
        if situation.next is Next.CONFIRM:
            raise StepMissing(title=BY_ID[step].title, number=6, missing=TITLES[GATE])
        if step != CONFIRMED:
            return await self._until_good(step)
        self.navigation.check_earlier(step)
        mode = self.context.mode(step)
        if not (fault := await self._once(situation.facts.last + 1)):
            return Done(mode, text("done.given"))
        dropped = self.navigation.sees_first
        return Done(mode, text("done.dropped" if dropped else "done.refused", fault=fault))

    async def _until_good(self, step: str) -> Done:
        """As the document says: back to the structure's card, and the same again, until the
        password can be used.
        """
        situation = await asyncio.to_thread(self.context.situation)
        while situation.next is Next.RESET and situation.facts.rejections:
            await self._once(situation.facts.last + 1)
            situation = await asyncio.to_thread(self.context.situation)
        if situation.next is Next.DECIDE:
            raise DecisionNeeded
        if situation.next is Next.RESET:
            raise StepMissing(title=BY_ID[step].title, number=7, missing=BY_ID[CONFIRMED].title)
        return await self.kept(step, situation)

    async def kept(self, step: str, situation: Situation) -> Done:
        """The password can be used, and is kept."""
        self.in_view = False
        told = text("done.copied" if situation.facts.by_hand else "done.kept")
        if rejected := situation.facts.rejections:
            many = rejected > 1
            told = text("done.after" if many else "done.after-one", told=told, count=rejected)
        seen = self._mode == "automatic"
        capture = await self.navigation.capture(step) if seen else None
        return Done(self._mode, told, capture)

    async def _once(self, attempt: int) -> str:
        """One reset; returns why its password cannot be used, or "" once it is kept. Never called
        twice for an unknown outcome.
        """
        await self.navigation.approach(self._back)
        sees_first = self.navigation.sees_first
        fault = await (self._seen_first if sees_first else self._seen_after)(attempt)
        self.in_view = not fault
        return fault

    async def _seen_after(self, attempt: int) -> str:
        """The documented order: the password is seen once it has taken effect."""
        await self._ready()
        capture = await self.navigation.picture_of_click(attempt)
        await self._announce(attempt, capture)
        await self._commit(attempt)
        self.navigation.confirmed()
        try:
            secret = await self._read()
        except PortalError as error:
            if isinstance(error, PasswordUnreadable):
                self.context.journal.append(ev.ResetDone(attempt), CONFIRMED)
            await self._keep_page(attempt)
            raise
        if fault := self._fault(secret):
            self.context.journal.append(ev.CandidateRejected(attempt, fault), PASSWORD)
            return fault
        await self._keep(secret, attempt)
        return ""

    async def _seen_first(self, attempt: int) -> str:
        """A candidate is seen, judged and kept, and only then made effective; a forbidden one is
        left without being submitted.
        """
        await asyncio.to_thread(self.keeper.check_free)
        before = self.context.journalled.attempts.get(attempt - 1, Attempt())
        self.context.journal.append(ev.CandidateAsked(attempt), CONFIRMED)
        self.navigation.confirmed()
        with effect("candidate asked"):
            await self._offer()
        # Before it is read: a picture replaces in the page what is known, and this is to be sent.
        capture = await self.navigation.picture_of_click(attempt)
        secret = await self._read()
        if fault := self._fault(secret):
            anyway = before.same and before.again
            await self._drop(attempt, secret, fault, capture, anyway=anyway)
            return fault
        await self._keep(secret, attempt)
        await self._submit(attempt, secret, capture)
        return ""

    async def _drop(
        self, attempt: int, secret: Secret, fault: str, capture: str, *, anyway: bool
    ) -> None:
        """Leave a candidate that cannot be used; one that comes back is submitted only when
        somebody decided so, to be rid of it.
        """
        same, self._dropped = secret == self._dropped and not anyway, secret
        rejected = ev.CandidateRejected(attempt, fault, same, capture)
        self.context.journal.append(rejected, PASSWORD)
        if same:
            raise SameCandidate(fault=fault)
        if anyway:
            await self._submit(attempt, secret, capture)

    async def _submit(self, attempt: int, secret: Secret, capture: str) -> None:
        await self._ready()
        if await self._read() != secret:
            raise CandidateChanged
        await self._announce(attempt, capture)
        await self._commit(attempt)
        self.context.journal.append(ev.ResetDone(attempt), CONFIRMED)

    async def _announce(self, attempt: int, capture: str) -> None:
        """The click comes next: in the journal first, then beside the rotation's key."""
        journal = self.context.journal
        journal.append(ev.ResetIntended(attempt, capture), CONFIRMED)
        await asyncio.to_thread(vouching.note_announced, journal, self.context.keystore, attempt)

    async def _commit(self, attempt: int) -> None:
        try:
            with effect("reset click"):
                await self._click()
        except ResetRefused as error:
            self.context.journal.append(ev.ResetNotDone(attempt, str(error)), CONFIRMED)
            raise
        except ResetOutcomeUnknown as error:
            self.context.journal.append(ev.ResetUnknown(attempt, str(error)), CONFIRMED)
            if not self.navigation.sees_first:
                await self._keep_page(attempt)
            if not (await self.settle()).facts.attempt.done:
                raise

    async def keep_typed(self, secret: Secret) -> None:
        """Keep the password of the click in question, typed by a person who sees it on the portal.
        Raises `PasswordNotKept`.
        """
        attempt = self.context.facts.question
        if fault := self._fault(secret):
            self.context.journal.append(ev.CandidateRejected(attempt, fault), PASSWORD)
            return
        await self.keeper.keep(NewPassword(secret, attempt, "manual"))

    async def _keep_page(self, attempt: int) -> None:
        """A password that was shown is never lost because its page was not understood."""
        driver = self._driver(PASSWORD)
        pieces = await driver.shown() if driver else ()
        if not pieces:
            return
        with suppress(ReleveError):  # the error in hand says more than a keyring that refuses
            entries = await asyncio.to_thread(self._unread.keep, pieces)
            self.context.journal.append(ev.PasswordUnread(attempt, entries), PASSWORD)

    @property
    def _unread(self) -> Unread:
        return Unread(self.context.keystore, self.context.structure.technical_account)

    async def keep_pointed(self) -> None:
        """Keep the password that a person points at in what was kept of its page; nothing when she
        sees none, nor one that calls for another reset while nobody knows of this one. Raises
        `PasswordNotKept`.
        """
        pieces = likeliest_first(await asyncio.to_thread(self._unread.pieces))
        account = self.context.structure.technical_account
        secret = await self.context.operator.point_password(account, pieces)
        known = self.context.facts.attempt.done
        if secret is not None and (known or not self._fault(secret)):
            await self.keep_typed(secret)
            await asyncio.to_thread(self._unread.forget)

    async def _keep(self, secret: Secret, attempt: int) -> None:
        self._mode = "automatic" if self._typed is None else "manual"
        await self.keeper.keep(NewPassword(secret, attempt, self._mode))

    def _fault(self, secret: Secret) -> str:
        forbidden = self.context.settings.policy.forbidden_characters
        found = [char for char in forbidden if char in secret.reveal()]
        return text("done.forbidden", characters=" ".join(found)) if found else ""

    # -- each act, by the driver or by a person

    def _driver(self, step: str) -> Driver | None:
        return None if self.context.is_manual(step) else self.navigation.driver

    async def _offer(self) -> None:
        self._typed = None
        if driver := self._driver(CONFIRMED):
            await driver.offer()
            return
        await self.navigation.front()
        await self.context.operator.screen(by_hand(CONFIRMED, "offer", self.navigation.route))

    async def _ready(self) -> None:
        if driver := self._driver(CONFIRMED):
            await driver.ready()

    async def _click(self) -> None:
        self._typed = None
        driver = self._driver(CONFIRMED)
        if driver and not driver.hers:
            await driver.commit()
            return
        await self.navigation.front()
        step = by_hand(CONFIRMED, "confirm", self.navigation.route)
        account = self.context.structure.technical_account
        if not await self.context.operator.reset_by_hand(step, account):
            raise ResetRefused(text=text("done.told"))

    async def _read(self) -> Secret:
        """The password on the screen, or as the person gives it who sees it there."""
        if self._typed is not None:  # its second look is hers, asked for with the click
            return self._typed
        why = ""
        if driver := self._driver(PASSWORD):
            try:
                return await driver.read()
            except PasswordUnreadable as error:  # the page is open: a person may be able to read it
                if not self.context.operator.interactive:
                    raise
                why = str(error)
        await self.navigation.front()
        account = self.context.structure.technical_account
        self._typed = await self.context.operator.new_password(account, why)
        return self._typed

    async def _back(self) -> str:
        steps = (NAVIGATION[-1], CONFIRMED, PASSWORD)
        if (driver := self.navigation.driver) and not any(map(self.context.is_manual, steps)):
            return await driver.back()
        await self.navigation.front()
        await self.context.operator.screen(by_hand(PASSWORD, "back", self.navigation.route))
        return CONFIRMED
