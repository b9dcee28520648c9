"""A rehearsal: the same notebook and the same code, up to the last click that has no effect."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from releve.base.settings import Settings
from releve.base.words import Words
from releve.decision import events as ev
from releve.decision.procedure import CLOSE, NAVIGATION, PORTAL_STEPS
from releve.portal.profile import summary_was_read
from releve.rotation.navigate import CONFIRMED, WINDOW
from releve.rotation.plan import Rotation
from releve.rotation.prompts import ByHandOnly
from releve.rotation.steps import Done


def alone(entries: Iterable[ev.Entry], settings: Settings) -> int:
    """How many of the portal's screens Relève will do by itself the next time: those that it did
    now, and the click and the reading once it has read a new password on this portal.
    """
    done = {
        e.step
        for e in entries
        if isinstance(e.event, ev.StepDone)
        and e.event.mode == "automatic"
        and e.step in PORTAL_STEPS
    }
    return len(done) + (2 if summary_was_read(settings) else 0)


class Rehearsal(Rotation):
    """Goes through the portal's screens as a rotation does, finds the button of the reset, and
    stops. It never leaves an open rotation.
    """

    async def _perform(self, step: str) -> Done:
        if (await asyncio.to_thread(self.context.known)).closed:
            return Done("skipped", "la répétition est close")
        if step == WINDOW:
            return await self._find_the_button()
        if step in NAVIGATION:
            await self._note_recognised(step)
            return await self.navigation.go(step)
        if step == PORTAL_STEPS[-1]:
            return await self.navigation.leave(step)
        if step == CLOSE:
            return self._end()
        return Done("skipped", "répétition : on s'arrête avant cette étape")

    async def _find_the_button(self) -> Done:
        self.navigation.check_earlier(WINDOW)
        await self.navigation.advance(NAVIGATION[-2])
        await self._note_recognised(WINDOW)
        if (driver := self.navigation.driver) is None:
            raise ByHandOnly(name="le portail")
        found = await driver.find()
        return Done("automatic", f"répétition : {found}", await self.navigation.capture(WINDOW))

    async def _note_recognised(self, step: str) -> None:
        """By which wording each word of that screen stands on it, before anything is done there."""
        if (driver := await self.navigation.open()) is None:
            return
        found = await driver.recognised(step)
        route = "login" if step in PORTAL_STEPS[:2] else driver.name
        words = Words(self.context.settings.portal.labels)
        told = [(words.first(word), wording) for word, wording in found.items()]
        first = tuple(word for word, wording in told if wording == word)
        others = tuple(f"{w} → {wording}" for w, wording in told if wording not in ("", w))
        missing = tuple(word for word, wording in told if not wording)
        seen = ev.ScreenSeen(f"{route}/{step}", first, others, missing)
        self.context.journal.append(seen, step)

    def _end(self) -> Done:
        self.navigation.check_earlier(CONFIRMED)
        self.context.journal.append(ev.RotationClosed("rehearsed"), CLOSE)
        count = alone(self.context.journal.entries, self.context.settings)
        return Done(
            "automatic",
            "répétition réussie : une rotation irait jusqu'à la réinitialisation ; rien n'a été"
            f" changé. La prochaine fois, {count} écrans sur {len(PORTAL_STEPS)} se feront seuls",
        )
