"""`route = "auto"`: the documented route if its button is there, else the newer one."""

from __future__ import annotations

from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from releve.base.secret import Secret
from releve.portal import errors as e
from releve.portal.drift import Look
from releve.portal.gestionnaire import Gestionnaire
from releve.portal.login import Login
from releve.portal.raccordements import Domaines, Raccordements
from releve.portal.screens import AccueilDeChorusPro


class Auto:
    """A route that becomes one of the two once the portal has shown which of them it offers. It
    chooses before any effect.
    """

    def __init__(self, login: Login, siret: str, account: str) -> None:
        self.browser = login.browser
        self._documented, self._newer = (
            Gestionnaire(login, siret, account),
            Raccordements(login, siret, account),
        )
        self._route: Gestionnaire | Raccordements = self._documented
        self._chosen = False

    @property
    def name(self) -> str:
        return self._route.name if self._chosen else ""

    @property
    def sees_first(self) -> bool:
        return self._route.sees_first

    @property
    def mode(self) -> str:
        return self._route.mode

    @property
    def driver(self) -> str:
        return self._route.driver

    def arrived(self, step: str) -> Coroutine[Any, Any, None]:
        return self._route.arrived(step)

    async def look(self, step: str) -> Look | None:
        await self._choose(step)
        return await self._route.look(step)

    async def _choose(self, step: str) -> None:
        """The home page tells by its links."""
        if step == "authentification":
            self._route, self._chosen = self._documented, False
        if step == "accueil":
            await self.browser.page.wait_for_load_state()
            if (
                not await AccueilDeChorusPro(self.browser).mark().count()
                and await self._newer_offered()
            ):
                self._route = self._newer

    async def go(self, step: str) -> str:
        """See `Route.go`. The structure's card tells too, by the button that it lacks."""
        await self._choose(step)
        try:
            result = await self._route.go(step)
        except e.ResetButtonDisabled:
            raise
        except e.ResetButtonMissing:
            result = await self._change_over()
        self._chosen = self._chosen or step == "structure" or self._route is self._newer
        return result

    async def _newer_offered(self) -> bool:
        return await Domaines(self.browser).mark().count() == 1

    async def _change_over(self) -> str:
        """Back to the home page, then as far by the newer route. Raises `ResetButtonMissing` when
        the portal does not offer it.
        """
        page = Domaines(self.browser)
        await page.press(page.button("home.link"), page.words.first("home.link"))
        await AccueilDeChorusPro(self.browser).reached()
        if not await self._newer_offered():
            raise e.ResetButtonMissing(
                siret=self._newer.siret, wanted=page.words.first("reset.button")
            )
        self._route = self._newer
        return [await self._newer.go(step) for step in ("accueil", "structures", "structure")][-1]

    def rehearse(self) -> Coroutine[Any, Any, str]:
        return self._route.rehearse()

    def offer(self) -> Coroutine[Any, Any, None]:
        return self._route.offer()

    def ready(self) -> Coroutine[Any, Any, None]:
        return self._route.ready()

    def commit(self) -> Coroutine[Any, Any, None]:
        return self._route.commit()

    def read(self) -> Coroutine[Any, Any, Secret]:
        return self._route.read()

    def back(self) -> Coroutine[Any, Any, None]:
        return self._route.back()

    def leave(self) -> Coroutine[Any, Any, str]:
        return self._route.leave()

    def capture(self, path: Path) -> Coroutine[Any, Any, bool]:
        return self._route.capture(path)

    def close(self) -> Coroutine[Any, Any, None]:
        return self._route.close()
