"""The reference person at the desk: she clicks once where she is asked to, does a screen by hand
where that does not serve, and presses herself what cannot be undone in the run that learnt it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from playwright.async_api import Browser, ElementHandle, Error
from releve.decision.procedure import Step
from releve.portal.case import Lesson
from releve.rotation.prompts import Unattended

from zoo.person import Person

FILLS = {"identifiant": "fill login", "mot de passe": "fill password"}
MARKS = {
    "authentification": (0, 10),
    "portail": (10, 19),
    "accueil": (19, 28),
    "structures": (28, 39),
    "structure": (39, 40),
    "demande": (39, 41),
}
"""Those of each screen, from the first to before the last."""


class AtHerDesk(Unattended):
    """Knows the skin by its marks."""

    interactive = True

    def __init__(self, browser: Browser, login: str, password: str) -> None:
        super().__init__(approve=True, reset_again=False)
        self.browser, self.login, self.password = browser, login, password
        self.asked, self.by_hand = list[str](), list[str]()

    def _person(self) -> Person:
        return Person(self.browser.contexts[-1], self.login, self.password, seconds=3.0)

    async def point_at(self, asked: Lesson) -> bool:
        self.asked.append(asked.label)
        return not asked.problem  # once: what does not serve is not tried twice

    async def pointing(self, asked: Lesson) -> None:
        page = self.browser.contexts[-1].pages[-1]
        await page.wait_for_selector("[data-releve-glass]", state="attached")
        wanted = FILLS.get(asked.label.lower(), "")
        marks = [m for f in page.frames for m in await f.query_selector_all("[data-person]")]
        asks = asked.label.startswith("Confirmer")
        found: list[tuple[int, ElementHandle]] = []
        for mark in marks:
            number, _, action = (await mark.get_attribute("data-person") or "").partition(" ")
            fits = wanted in action and (wanted or not action.startswith("fill"))
            if fits and int(number) < 49 and await mark.is_visible():
                found.append((int(number), mark))
        if found:
            mark = (max if asks else min)(found, key=lambda each: each[0])[1]
            await mark.scroll_into_view_if_needed()
            box = await mark.bounding_box()
            assert box is not None
            await page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        else:
            await page.mouse.click(2, 2)
        await asyncio.Event().wait()

    async def is_it(self, asked: Lesson, told: str, picture: bytes) -> bool:
        return True

    async def screen(self, step: Step, doubt: str = "") -> bool:
        if not doubt:
            await self._do(*MARKS[step.id])
        return not doubt

    async def reset_by_hand(self, step: Step, account: str) -> bool:
        self._person()._page().once("dialog", lambda dialog: dialog.accept())
        await self._do(41, 49)
        return True

    async def _do(self, first: int, last: int) -> None:
        person = self._person()
        while found := await person.next(first, last):
            with suppress(Error):  # her click led to another page
                await person._do(*found)
            await person._page().wait_for_timeout(300)
