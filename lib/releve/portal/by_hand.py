"""A route that a person may take over, screen by screen, or go through alone: the same promises,
the same journal.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Protocol

from playwright.async_api import Error as PlaywrightError

from releve.base.secret import Secret
from releve.decision.procedure import Step, by_hand, screen
from releve.portal.browser import PortalBrowser
from releve.portal.drift import Look
from releve.portal.errors import PasswordUnreadable, PortalError, ResetRefused
from releve.portal.route import Route
from releve.rotation.prompts import ByHandOnly, Operator


class Driven(Route, Protocol):
    """A route that drives a browser, and can tell whether a person left it on the right screen."""

    browser: PortalBrowser

    async def arrived(self, step: str) -> None:
        """Make sure that the window shows what `step` leads to. Raises `PortalError`; safe to
        repeat.
        """


class ByHand:
    """Does by itself what `driven` can, and asks the operator for the steps in `manual`; for all of
    them without `driven`.
    """

    def __init__(
        self, operator: Operator, account: str, driven: Driven | None, name: str = "gestionnaire"
    ) -> None:
        self.operator, self.account, self.driven = operator, account, driven
        self._name = (
            "gestionnaire" if name == "auto" else name
        )  # nobody looks at what the portal shows: the document's own way
        self.behind: set[str] = (
            set()
        )  # screens that a person went through before this process: they are not asked for again
        self.manual: set[str] = set()
        self._mode = "manual"
        self._typed: Secret | None = None  # the password in sight, given by the person who sees it

    @property
    def name(self) -> str:
        return self.driven.name if self.driven else self._name

    @property
    def sees_first(self) -> bool:
        return self.driven.sees_first if self.driven else self._name == "raccordements"

    @property
    def mode(self) -> str:
        return self._mode

    @property
    def driver(self) -> str:
        return self.driven.driver if self.driven else ""

    def _automatic(self, step: str) -> Driven | None:
        driven = None if step in self.manual else self.driven
        self._mode = "automatic" if driven else "manual"
        return driven

    async def look(self, step: str) -> Look | None:
        driven = None if step in self.manual else self.driven
        return await driven.look(step) if driven else None

    async def rehearse(self) -> str:
        if self.driven is None:
            raise ByHandOnly(name="le portail")
        return await self.driven.rehearse()

    async def go(self, step: str) -> str:
        if driven := self._automatic(step):
            return await driven.go(step)
        found = screen(step, self.name)
        if step in self.behind:
            return f"« {found.title} » déjà fait à la main"
        await self._screen(found)
        return f"« {found.title} » fait à la main"

    async def _screen(self, step: Step) -> None:
        """Ask for a screen by hand, and check in the shared window, if there is one, where that
        led.
        """
        await self._front()
        more = await self.operator.screen(step)
        while self.driven and more:
            try:
                await self.driven.arrived(step.id)
                return
            except PortalError as error:
                more = await self.operator.screen(step, str(error))

    async def _front(self) -> None:
        if self.driven:
            with suppress(PlaywrightError, PortalError):
                await self.driven.browser.page.bring_to_front()

    async def offer(self) -> None:
        self._typed = None
        if driven := self._automatic("confirmation"):
            await driven.offer()
        elif self.sees_first:
            await self._front()
            await self.operator.screen(by_hand("confirmation", "offer", self.name))

    async def ready(self) -> None:
        if driven := self._automatic("confirmation"):
            await driven.ready()

    async def commit(self) -> None:
        self._typed = None
        if driven := self._automatic("confirmation"):
            await driven.commit()
            return
        await self._front()
        if not await self.operator.reset_by_hand(
            by_hand("confirmation", "confirm", self.name), self.account
        ):
            raise ResetRefused(text="dit par l'opérateur")

    async def read(self) -> Secret:
        why = ""
        if self._typed is not None:  # its second look is the person's own, asked for with the click
            return self._typed
        if driven := self._automatic("mot-de-passe"):
            try:
                return await driven.read()
            except (
                PasswordUnreadable
            ) as error:  # the page is still open: a person may be able to read it
                if not self.operator.interactive:
                    raise
                why, self._mode = str(error), "manual"
        self._typed = await self.operator.new_password(self.account, why)
        return self._typed

    async def back(self) -> None:
        if (driven := self._automatic("mot-de-passe")) and not self.manual & {
            "demande",
            "confirmation",
        }:
            await driven.back()
        else:
            await self.operator.screen(by_hand("mot-de-passe", "back", self.name))

    async def leave(self) -> str:
        if driven := self._automatic("deconnexion"):
            return await driven.leave()
        await self.operator.screen(screen("deconnexion", self.name))
        return "déconnecté à la main"

    async def capture(self, path: Path) -> bool:
        return self.driven is not None and await self.driven.capture(path)

    async def close(self) -> None:
        if self.driven:
            await self.driven.close()
