"""Goes through the portal's screens for one case, by one of the two routes to the reset."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from playwright.async_api import Error as PlaywrightError

from releve.base.secret import Secret
from releve.decision.procedure import BY_ID, PORTAL_STEPS
from releve.portal import camera
from releve.portal import errors as e
from releve.portal.case import Case
from releve.portal.find import finder
from releve.portal.last_change import last_change
from releve.portal.reading import everything
from releve.portal.recognition import recognised
from releve.portal.screen import PasswordScreen, ResetScreen, Screen
from releve.portal.screens.accueil import AccueilDeChorusPro, Arrival, Deconnexion
from releve.portal.screens.authentification import Authentification
from releve.portal.screens.confirmation import Confirmation
from releve.portal.screens.demande import Demande
from releve.portal.screens.mot_de_passe import EcranSuivant
from releve.portal.screens.portail import AccueilDuPortail
from releve.portal.screens.raccordements import (
    Candidat,
    ChoixDeLaStructure,
    Domaine,
    Domaines,
    Soumission,
    Verification,
)
from releve.portal.screens.structure import ModificationDeLaStructure
from releve.portal.screens.structures import ActivitesDuGestionnaire
from releve.portal.sight import Abstention
from releve.portal.teach import Teaching
from releve.portal.view import View


@dataclass(frozen=True)
class Route:
    """One way to the reset: its screens in the procedure's order, then those of the reset itself.

    `sees_first` tells which comes first: False, the reset takes effect before its password is seen
    (`commit`, then `read`); True, a candidate is asked for, read, kept, and only then made
    effective (`offer`, `read`, then `commit`).
    """

    name: str
    sees_first: bool
    screens: tuple[type[Screen], ...]
    button: type[Demande | Verification]
    reset: type[ResetScreen]
    password: type[PasswordScreen]

    def screen(self, step: str) -> type[Screen]:
        """The screen of that step."""
        return next(each for each in (*_COMMON, *self.screens, self.button) if each.step == step)


_COMMON: tuple[type[Screen], ...] = (Authentification, AccueilDuPortail, Deconnexion)
GESTIONNAIRE = Route(
    "gestionnaire", False, (AccueilDeChorusPro, ActivitesDuGestionnaire, ModificationDeLaStructure),
    Demande, Confirmation, EcranSuivant,
)  # fmt: skip
RACCORDEMENTS = Route(
    "raccordements", True, (Domaines, Domaine, ChoixDeLaStructure),
    Verification, Soumission, Candidat,
)  # fmt: skip
LOGIN = PORTAL_STEPS[:2]
ROUTES: Mapping[str, Route] = {each.name: each for each in (GESTIONNAIRE, RACCORDEMENTS)}


class Driver:
    """What a rotation asks of the portal, in a browser. With the route "auto" it chooses once
    Chorus Pro's home page shows what the portal offers: the documented route if its link is there,
    else the newer one. Every method raises `PortalError`.
    """

    def __init__(self, case: Case, route: str) -> None:
        self.case, self.browser = case, case.browser
        finder(self.browser).teacher = Teaching(case)
        self._auto = route == "auto"
        self._route = None if self._auto else ROUTES[route]

    @property
    def name(self) -> str:
        """The route's, as in the settings; "" while the portal has not told which it offers."""
        return self._route.name if self._route else ""

    @property
    def route(self) -> Route:
        return self._route or GESTIONNAIRE

    @property
    def sees_first(self) -> bool:
        """See `Route`."""
        return self.route.sees_first

    @property
    def version(self) -> str:
        """The browser that it drives, by name and version."""
        return self.browser.version

    @property
    def hers(self) -> bool:
        """Whether the irreversible button was shown to Relève in this run: then she presses it."""
        return bool(finder(self.browser).hers)

    @property
    def visible(self) -> bool:
        """Whether a person can act in the window that it drives."""
        return self.browser.alive and self.browser.headed

    async def go(self, step: str) -> str:
        """Go through one documented screen that changes nothing; returns one French line. Safe to
        repeat.
        """
        self.browser.window.take_back()
        async with self.browser.on(BY_ID[step].screen):
            if self.browser.keep and step in (*LOGIN, "accueil", "deconnexion"):
                return await self._in_kept_session(step)
            await self._choose(step)
            return await self._screen(step).go(self.case)

    async def _in_kept_session(self, step: str) -> str:
        """One login serves all the structures of a fleet's worker; a session that was lost is
        opened once more.
        """
        if step == "deconnexion":
            return "la session de la tournée reste ouverte"
        home = self.browser.home
        if step in LOGIN and home:
            return "la session ouverte par la tournée sert encore"
        if step == "accueil" and home:
            try:
                await self.browser.begin(home)
                await Arrival(self.browser).reached()
            except (e.SessionExpired, e.ScreenNotRecognised):
                self.browser.home = ""
                for each in LOGIN:
                    await self._in_kept_session(each)
        await self._choose(step)
        result = await self._screen(step).go(self.case)
        if step == LOGIN[-1]:
            self.browser.home = self.browser.page.url
        return result

    async def _choose(self, step: str) -> None:
        """Chorus Pro's home page tells by its links."""
        if step != "accueil" or not self._auto:
            return
        documented, newer = AccueilDeChorusPro(self.browser), Domaines(self.browser)

        def offered(view: View) -> Route | Abstention:
            if not isinstance(found := documented.seen(view), Abstention) or found.count:
                return GESTIONNAIRE
            shown = newer.seen(view)
            return shown if isinstance(shown, Abstention) else RACCORDEMENTS

        self._route = await finder(self.browser).until(offered)

    def _screen(self, step: str) -> Screen:
        return self.route.screen(step)(self.browser)

    async def arrived(self, step: str) -> None:
        """Make sure that the window shows what `step` leads to. Safe to repeat."""
        self.browser.page = self.browser.context.pages[-1]  # a new tab, if one was opened
        async with self.browser.on(BY_ID[step].screen):
            await self._screen(step).arrived(self.case)

    async def find(self) -> str:
        """In place of `go("demande")`: see that the reset could be asked for, without pressing."""
        async with self.browser.on(self.route.button.title):
            return await self.route.button(self.browser).see(self.case)

    async def recognised(self, step: str) -> Mapping[str, str]:
        """The wording by which each word of that step's screen stands on it; "" for none."""
        async with self.browser.on(BY_ID[step].screen):
            if step == LOGIN[0]:
                await Authentification(self.browser).open(self.case)
            await self._choose(step)
            view = await finder(self.browser).look()
            return recognised(view, self.browser.words, self.name, step)

    async def last_change(self) -> date | None:
        """When the account's password was last changed, if the page in hand says so."""
        view = await finder(self.browser).look(reading=True)
        return last_change(view, self.case.account, self.case.words, date.today())

    async def offer(self) -> None:
        """See `ResetScreen`; once, after "demande"."""
        self.browser.window.take_back()
        await self.route.reset(self.browser).offer(self.case)

    async def ready(self) -> None:
        """See `ResetScreen`."""
        self.browser.window.take_back()
        await self.route.reset(self.browser).ready(self.case)

    async def commit(self) -> None:
        """See `ResetScreen`. Never repeat."""
        self.browser.window.take_back()
        await self.route.reset(self.browser).commit(self.case)

    async def read(self) -> Secret:
        """See `PasswordScreen`. Safe to repeat."""
        async with self.browser.on(self.route.password.title):
            return await self.route.password(self.browser).read(self.case)

    async def shown(self) -> tuple[str, ...]:
        """Everything that the main region of the page in hand shows, the likeliest password first;
        nothing when there is no page. Each piece is a secret.
        """
        with suppress(PlaywrightError, e.PortalError):
            return everything(await finder(self.browser).look(reading=True))
        return ()

    async def back(self) -> str:
        """See `PasswordScreen`."""
        self.browser.window.take_back()
        return await self.route.password(self.browser).back(self.case)

    async def capture(self, path: Path) -> bool:
        """A picture of the screen in hand, without any secret; False when there is none."""
        return await camera.capture(self.browser, path)

    async def front(self) -> None:
        """Bring the window before a person."""
        await self.browser.front()

    async def close(self) -> None:
        """Let the browser go. Safe to repeat."""
        await self.browser.close()
