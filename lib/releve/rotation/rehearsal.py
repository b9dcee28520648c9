"""A rehearsal: the same notebook and the same code, up to the last click that has no effect."""

from __future__ import annotations

import asyncio

from releve.base.errors import PersonNeeded
from releve.decision import events as ev
from releve.decision.procedure import CLOSE, NAVIGATION, PORTAL_STEPS
from releve.rotation.plan import Rotation
from releve.rotation.steps import Done
from releve.rotation.watch import Watch

LAST = NAVIGATION[-1]


class NotReady(PersonNeeded):
    """The rehearsal went to its end, and screens have changed: an unattended run would stop there."""

    happened = (
        "La répétition est allée au bout, mais des écrans ont changé depuis la dernière rotation"
        " réussie : {screens}."
    )
    safe = "C'était une répétition : rien n'a été changé."
    todo = (
        "Voyez ce qui a changé ci-dessus et dans le dossier. Si tout convient, relancez avec «"
        " --accept »."
    )


class Rehearsal(Rotation):
    """Goes through the portal's screens as a rotation does, finds the button of the reset, and
    stops. It never leaves an open rotation.
    """

    def make_watch(self) -> Watch:
        return Watch(self.folder, self.journal, self.settings, self.operator, rehearsal=True)

    async def _perform(self, step: str) -> Done:
        if (await asyncio.to_thread(self.known)).closed:
            return Done("skipped", "la répétition est close")
        if step == LAST:
            return await self._find_the_button()
        if step in NAVIGATION:
            return await self.way.go(step)
        if step == PORTAL_STEPS[-1]:
            return await self.way.leave(step)
        if step == CLOSE:
            return self._end()
        return Done("skipped", "répétition : on s'arrête avant cette étape")

    async def _find_the_button(self) -> Done:
        self.way.check_earlier(LAST)
        await self.way.advance(NAVIGATION[-2])
        route = await self.way.route()
        await self.watch.compare(route, LAST)
        return Done(
            "automatic", f"répétition : {await route.rehearse()}", await self.way.capture(LAST)
        )

    def _end(self) -> Done:
        self.way.check_earlier(PORTAL_STEPS[NAVIGATION.index(LAST) + 1])
        self.watch.leave()
        if self.watch.changes:
            raise NotReady(screens=", ".join(f"« {title} »" for title in self.watch.changes))
        self.journal.append(ev.RotationClosed("rehearsed"), CLOSE)
        return Done(
            "automatic",
            "répétition réussie : une rotation irait jusqu'à la réinitialisation ; rien n'a été"
            " changé",
        )
