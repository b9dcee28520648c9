"""The way through the portal's screens to the confirmation window, and back out: nothing on it
changes anything.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from releve.decision import events as ev
from releve.decision.procedure import BY_ID, NAVIGATION, PORTAL_STEPS
from releve.portal.errors import BrowserGone, PortalError
from releve.portal.route import Route
from releve.record.folder import CAPTURES
from releve.rotation.context import Papers
from releve.rotation.steps import Done, StepMissing, picture
from releve.rotation.watch import Watch

WINDOW, SHOWN = (
    len(NAVIGATION) - 1,
    len(NAVIGATION),
)  # positions: the confirmation window, the screen that shows the password


class Way:
    """Where this process stands on the way. Every screen may be gone through again; one that is in
    hand is not.
    """

    def __init__(
        self, papers: Papers, watch: Watch, open_route: Callable[[str], Awaitable[Route]]
    ) -> None:
        self.papers, self.watch, self._open_route = papers, watch, open_route
        self.opened: Route | None = None
        self._position = -1  # the last screen that is in hand; `SHOWN` once a password was
        self._left = False

    async def route(self) -> Route:
        """The route to the reset, its browser started at the first call."""
        if self.opened is None:
            # What the attempts so far mean depends on their route: those to come keep to it.
            self.opened = await self._open_route(
                self.papers.route_name if self.papers.journalled.attempts else ""
            )
            self._note_route(self.opened)
        return self.opened

    def _note_route(self, route: Route) -> None:
        """Which route it is, once the portal has told."""
        if route.name not in ("", self.papers.route_name):
            self.papers.journal.append(ev.RouteChosen(route.name, route.sees_first, route.driver))

    async def go(self, step: str) -> Done:
        """One documented screen."""
        index = NAVIGATION.index(step)
        if index <= self._position:
            return Done("skipped", "déjà fait, cet écran est passé")
        self.check_earlier(step)
        result = await self.advance(step)
        return Done(await self.mode(), result, await self.capture(step))

    async def advance(self, step: str) -> str:
        """Go through the screens up to that one; returns the last one's line of result."""
        route, result = await self.route(), ""
        for each in NAVIGATION[self._position + 1 : NAVIGATION.index(step) + 1]:
            await self.watch.compare(route, each)
            result = await route.go(each)
            self._position += 1
            self._note_route(route)
        return result

    async def approach(self) -> Route:
        """The confirmation window, from wherever this process stands: from the start, or back from
        an unusable password.
        """
        route = await self.route()
        if self._position == SHOWN:
            self._position = -1  # until it is known that the way back ended well
            await route.back()
            self._position = WINDOW
        await self.advance(NAVIGATION[WINDOW])
        await self.watch.compare(route, "confirmation")
        return route

    def check_earlier(self, step: str, title: str = "") -> None:
        """An earlier screen that was never gone through in this rotation is named, not silently
        made up for.
        """
        for earlier in PORTAL_STEPS[: PORTAL_STEPS.index(step)]:
            if earlier in NAVIGATION and not self.papers.was_done(earlier):
                missing = BY_ID[earlier]
                raise StepMissing(
                    title=title or BY_ID[step].title, number=missing.number, missing=missing.title
                )

    async def mode(self) -> str:
        """How the route's last screen was done."""
        return (await self.route()).mode

    async def capture(self, step: str) -> Path | None:
        """A picture of the screen in hand, under a name of its own."""
        return await picture(await self.route(), self.papers.capture_path(step))

    async def picture(self, name: str) -> str:
        """A picture of the screen in hand; its file's name, "" when none could be taken."""
        path = self.papers.folder.path / CAPTURES / f"{name}.png"
        return name + ".png" if await picture(await self.route(), path) else ""

    async def leave(self, step: str) -> Done:
        """Log out of what this process has open."""
        if self.opened is None or self._left or self._position < 0:
            return Done(
                "skipped",
                "Relève n'a pas de session ouverte sur le portail ; si vous y êtes connecté"
                " vous-même, déconnectez-vous",
            )
        try:
            result = await self.opened.leave()
        except (
            PortalError
        ) as error:  # what counts is done: a session that stays open ends by itself
            return Done(
                "automatic",
                f"la déconnexion n'a pas abouti : {error} La session du portail expirera"
                " d'elle-même",
            )
        self._left = True
        return Done(self.opened.mode, result, await self.capture(step))

    # -- where this process stands

    def shown(self) -> None:
        """A password is on the screen, or about to be."""
        self._position = SHOWN

    def lost(self, error: BaseException) -> None:
        """The screen in hand is not known any more; after `BrowserGone` there is none."""
        self._position = -1
        if isinstance(error, BrowserGone):
            self.opened = None

    def reached(self, step: str) -> None:
        """The screens before `step` are in hand, whatever an error said: a person is about to do
        this one.
        """
        self._position = NAVIGATION.index(step) - 1 if step in NAVIGATION else self._position

    async def start_over(self) -> None:
        """Close the portal's session: the next screen starts from the login, in a fresh window."""
        if self.opened is not None:
            await self.opened.close()
        self.opened, self._position = None, -1
