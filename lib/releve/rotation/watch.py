"""Each screen of a rotation is compared with the one of the last success, before anything is done
on it.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path

from releve.base.errors import PersonNeeded
from releve.base.settings import Settings
from releve.base.words import Words, tolerant
from releve.decision import events as ev
from releve.decision import journal as j
from releve.decision.procedure import BY_ID, PORTAL_STEPS, screen
from releve.portal.drift import Baseline, Kept, Look, difference, kept, load, save
from releve.portal.route import Route
from releve.record.folder import CAPTURES, RecordFolder
from releve.rotation.prompts import Operator, ScreenChange

SCREENS = (  # in a rehearsal's record: its screens, which a person may accept as the right ones
    "screens.json"
)


class ScreenChanged(PersonNeeded):
    """The portal changed. Nothing is guessed: a person looks at it first."""

    happened = (
        "L'écran « {title} » n'est plus celui de la dernière rotation réussie, le {day} : {change}."
    )
    safe = "Relève s'est arrêté avant de toucher à cet écran : aucun mot de passe n'a été changé."
    todo = "Comparez les images du dossier ({pictures}). Puis faites la rotation dans le carnet (« releve lab »), qui vous demandera si l'écran convient ; ou « releve rehearse {siret} --accept » s'il convient."  # fmt: skip  # noqa: E501


class Watch:
    """The screens that one rotation goes through. `changes` are those that a rehearsal found
    different.
    """

    def __init__(
        self,
        folder: RecordFolder,
        journal: j.Journal,
        settings: Settings,
        operator: Operator,
        rehearsal: bool = False,
    ) -> None:
        self.folder, self.journal, self.operator, self.rehearsal = (
            folder,
            journal,
            operator,
            rehearsal,
        )
        self.words = Words(settings.portal.labels)
        self._name = re.compile(
            rf"(?<![\wÀ-ÿ]){tolerant(settings.structure(folder.siret).name)}(?![\wÀ-ÿ])",
            re.IGNORECASE,
        )
        self.baseline = Baseline(settings)
        self.changes: list[str] = []
        self._known = self.baseline.read()
        self._looks: dict[str, Look] = {}

    async def compare(self, route: Route, step: str) -> None:
        """Look at the screen on which `step` acts. Raises `ScreenChanged` unless it is as before,
        or the operator accepts it.
        """
        seen = await route.look(step)
        if seen is None:
            return
        look = replace(
            seen, outline=tuple(self._name.sub("#", line) for line in seen.outline)
        )  # no change from one structure to the next
        before, self._looks[look.screen] = self._known.get(look.screen), look
        changes = difference(before.outline, look.outline) if before else ()
        if self.rehearsal:
            self.journal.append(self._seen(look, " ; ".join(changes)), step)
            self.changes += [screen(step, route.name).screen] if changes else []
        elif before and changes:
            await self._ask(route, step, before, changes)
            self._known[look.screen] = kept([look], self.folder.path, {})[look.screen]  # asked once

    async def _ask(self, route: Route, step: str, before: Kept, changes: tuple[str, ...]) -> None:
        title, pictures = screen(step, route.name).screen, await self._pictures(route, step, before)
        paths = tuple(self.folder.path / CAPTURES / name for name in pictures)
        how = await self.operator.accept_screen(ScreenChange(title, changes, paths))
        if how is None:
            day = f"{date.fromisoformat(before.day):%d/%m/%Y}"
            names = " et ".join(pictures) or "aucune n'a pu être prise"
            raise ScreenChanged(
                title=title,
                day=day,
                change=" ; ".join(changes),
                pictures=names,
                siret=self.folder.siret,
            )
        self.journal.append(ev.GateGiven("ecran", how), step)

    async def _pictures(self, route: Route, step: str, before: Kept) -> list[str]:
        """The names of the pictures, before and after, that there are."""
        number, captures = BY_ID[step].number, self.folder.path / CAPTURES
        then, now = f"{number:02d}-{step}-avant.png", f"{number:02d}-{step}-apres.png"
        with suppress(OSError):
            if before.picture:
                source = self.folder.path.parent / before.record / CAPTURES / before.picture
                await asyncio.to_thread(shutil.copyfile, source, captures / then)
            await route.capture(captures / now)
        return [name for name in (then, now) if (captures / name).exists()]

    def _seen(self, look: Look, change: str) -> ev.ScreenSeen:
        first = tuple(
            self.words.first(word)
            for word, wording in look.found.items()
            if wording == self.words.first(word)
        )
        fallback = tuple(
            f"{self.words.first(w)} → {x}"
            for w, x in look.found.items()
            if x not in ("", self.words.first(w))
        )
        missing = tuple(
            self.words.first(word) for word, wording in look.found.items() if not wording
        )
        return ev.ScreenSeen(look.screen, first, fallback, missing, change)

    def keep(self) -> None:
        """The rotation succeeded: these are the right screens, until the next one."""
        self.baseline.keep(self._today())

    def leave(self) -> None:
        """The rehearsal is over: its screens are in its record; those that nothing was known of
        become the ones to compare with.
        """
        today = self._today()
        save(self.folder.path / SCREENS, today)
        self.baseline.keep({name: each for name, each in today.items() if name not in self._known})

    def _today(self) -> dict[str, Kept]:
        return kept(
            self._looks.values(),
            self.folder.path,
            {name: self._picture(name) for name in self._looks},
        )

    def _picture(self, name: str) -> str:
        """The picture of a screen is the one that was taken at the end of the step before."""
        place = PORTAL_STEPS.index(name.partition("/")[2])
        events = [
            e.event for e in self.journal.entries if place and e.step == PORTAL_STEPS[place - 1]
        ]
        return next(
            (
                event.capture
                for event in reversed(events)
                if isinstance(event, ev.StepDone) and event.capture
            ),
            "",
        )


def accept(settings: Settings, record: Path) -> int:
    """A person says that a rehearsal's screens are the right ones; returns how many there are."""
    screens = load(record / SCREENS)
    Baseline(settings).keep(screens)
    return len(screens)
