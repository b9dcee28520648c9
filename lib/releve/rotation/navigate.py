"""Through the portal's screens to the confirmation window, and back out: nothing here changes
anything. Each screen is gone through by the driver, or by a person who does that step by hand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import date
from pathlib import Path

from releve.base.errors import ReleveError
from releve.base.texts import text
from releve.decision import events as ev
from releve.decision.procedure import BY_ID, NAVIGATION, PORTAL_STEPS, screen
from releve.planning.due import Source
from releve.portal.driver import ROUTES, Driver
from releve.portal.errors import BrowserGone, PortalError, ShownJustNow
from releve.record.folder import CAPTURES
from releve.rotation.context import Context
from releve.rotation.steps import Done, StepMissing, picture
from releve.vault import portal_dates

CARD = PORTAL_STEPS[4]  # the structure's card
WINDOW, CONFIRMED = PORTAL_STEPS[5:7]  # the window that asks, the click that answers it


class Navigation:
    """Where this process stands. Every screen may be gone through again; one that is in hand is
    not.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self.driver: Driver | None = None
        self._done = ""  # the last step whose screen is behind us; "" when none is
        self._left = self._astray = False

    @property
    def route(self) -> str:
        """The route's name. Alone, a person goes the document's own way, unless another was begun.
        """
        if self.driver is not None:
            return self.driver.name
        wanted = self.context.route or self.context.settings.portal.route
        return wanted if wanted in ROUTES else "gestionnaire"

    @property
    def sees_first(self) -> bool:
        """Whether a password is seen before the click that makes it effective."""
        return self.driver.sees_first if self.driver else ROUTES[self.route].sees_first

    async def open(self) -> Driver | None:
        """The driver, its browser started at the first call; None when a person does everything.
        After what went wrong its window may still be logged in, and shows no login.
        """
        if self._astray:
            await self.start_over()
        if self.driver is None and not self.context.by_hand:
            # What the attempts so far mean depends on their route: those to come keep to it.
            begun = self.context.route if self.context.journalled.attempts else ""
            self.driver = await self.context.open_driver(begun)
        self._note_route()
        return self.driver

    def _note_route(self) -> None:
        """Which route it is, once the portal has told."""
        if self.route not in ("", self.context.route):
            version = self.driver.version if self.driver else ""
            self.context.journal.append(ev.RouteChosen(self.route, self.sees_first, version))

    async def go(self, step: str) -> Done:
        """One documented screen."""
        if step not in self._missing(step):
            return Done("skipped", text("done.passed"))
        self.check_earlier(step)
        result = await self.advance(step)
        return Done(self.context.mode(step), result, await self.capture(step))

    def _missing(self, step: str) -> tuple[str, ...]:
        """The screens still to go through, up to that one."""
        first = PORTAL_STEPS.index(self._done) + 1 if self._done else 0
        return PORTAL_STEPS[first : PORTAL_STEPS.index(step) + 1]

    async def advance(self, step: str) -> str:
        """Go through the screens up to that one; returns the last one's line of result."""
        result, driver = "", await self.open()
        for each in self._missing(step):
            if driver is None or self.context.is_manual(each):
                result = await self._by_hand(each)
            else:
                result = await self._by_driver(driver, each)
                if each == CARD:
                    await self._note_last_change(driver)
            self._done = each
            self._note_route()
        return result

    async def _note_last_change(self, driver: Driver) -> None:
        """What the card says of the account's last change is kept, whatever becomes of this
        rotation: the next one may need it.
        """
        if day := await driver.last_change():
            known = ev.LastChangeKnown(day.isoformat(), Source.PORTAL)
            if not any(entry.event == known for entry in self.context.journal.entries):
                self.context.journal.append(known, CARD)
            account = self.context.structure.technical_account
            keystore, today = self.context.keystore, date.today()
            with suppress(ReleveError):  # it would be read again
                await asyncio.to_thread(portal_dates.note, keystore, account, day, today)

    async def _by_driver(self, driver: Driver, step: str) -> str:
        try:
            return await driver.go(step)
        except ShownJustNow:
            return await self._by_hand(step)

    async def _by_hand(self, step: str) -> str:
        """Ask for a screen by hand, and check in the shared window, if there is one, where that
        led. What she did before, in a browser of her own, is not asked for again.
        """
        found = screen(step, self.route)
        if self.driver is None and self._was_hers(step):
            return text("done.by-hand-before", title=found.title)
        await self.front()
        more = await self.context.operator.screen(found)
        while self.driver and more:
            try:
                await self.driver.arrived(step)
                break
            except PortalError as error:
                more = await self.context.operator.screen(found, str(error))
        return text("done.by-hand", title=found.title)

    def _was_hers(self, step: str) -> bool:
        events = [e.event for e in self.context.journal.entries if e.step == step]
        return any(isinstance(each, ev.StepDone) and each.mode == "manual" for each in events)

    async def approach(self, back: Callable[[], Awaitable[str]]) -> None:
        """To the confirmation window, from wherever this process stands: from the start, or `back`
        from an unusable password, which tells the step to go on with.
        """
        if self._done == CONFIRMED:
            self._done = ""  # until it is known that the way back ended well
            self.returned(await back())
        await self.advance(WINDOW)

    def check_earlier(self, step: str, title: str = "") -> None:
        """An earlier screen that was never gone through in this rotation is named, not silently
        made up for. Raises `StepMissing`.
        """
        for earlier in PORTAL_STEPS[: PORTAL_STEPS.index(step)]:
            if earlier in NAVIGATION and not self.context.was_done(earlier):
                missing, here = BY_ID[earlier], title or BY_ID[step].title
                raise StepMissing(title=here, number=missing.number, missing=missing.title)

    async def front(self) -> None:
        """Bring the window before the person who is to act in it."""
        if self.driver:
            await self.driver.front()

    async def capture(self, step: str) -> Path | None:
        """A picture of the screen in hand, under a name of its own; None when there is none."""
        if self.driver is None:
            return None
        return await picture(self.driver, self.context.capture_path(step))

    async def picture_of_click(self, attempt: int) -> str:
        """A picture of the screen on which that attempt's click is about to be made; its file's
        name, "" when there is none.
        """
        if self.driver is None:
            return ""
        name = f"{BY_ID[CONFIRMED].number:02d}-{CONFIRMED}-{attempt}.png"
        path = self.context.folder.path / CAPTURES / name
        return name if await picture(self.driver, path) else ""

    async def leave(self, step: str) -> Done:
        """Log out of what this process has open."""
        if self._left or not self._done:
            return Done("skipped", text("done.not-signed-in"))
        try:
            if self.driver is None or self.context.is_manual(step):
                await self.context.operator.screen(screen(step, self.route))
                result = text("done.signed-out")
            else:
                result = await self.driver.go(step)
        # what counts is done: a session that stays open ends by itself
        except PortalError as error:
            return Done("automatic", text("done.not-signed-out", error=error))
        self._left = True
        return Done(self.context.mode(step), result, await self.capture(step))

    # -- where this process stands

    def confirmed(self) -> None:
        """A password is on the screen, or about to be."""
        self._done, self._astray = CONFIRMED, False

    def returned(self, step: str) -> None:
        """The screens before `step` are behind us, and it comes next."""
        place = PORTAL_STEPS.index(step)
        self._done, self._astray = PORTAL_STEPS[place - 1] if place else "", False

    def lost(self, error: BaseException) -> None:
        """The screen in hand is not known any more; after `BrowserGone` there is none."""
        self._done, self._astray = "", True
        if isinstance(error, BrowserGone):
            self.driver = None

    async def start_over(self) -> None:
        """Close the portal's session: the next screen starts from the login, in a fresh window."""
        if self.driver is not None:
            await self.driver.close()
        self.driver, self._done, self._astray = None, "", False
