"""What one rotation is about: its folder, its journal, its account's slots; and what they say now.
"""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from releve.base.errors import ReleveError
from releve.base.secret import Secret
from releve.base.settings import Settings, Structure
from releve.decision import events as ev
from releve.decision.facts import Facts, SlotsView, gather
from releve.decision.journal import Journal
from releve.decision.procedure import BY_ID
from releve.decision.state import Situation, assess
from releve.portal.driver import Driver
from releve.record.folder import CAPTURES, RecordFolder
from releve.rotation.prompts import Operator
from releve.targets import Target
from releve.vault.keystore import Keystore
from releve.vault.slots import Slot, Slots


@dataclass
class Context:
    """Given to everything that has a part in one rotation. What is true is read anew from journal
    and keyring each time: nothing that a kill would lose is remembered here.

    `open_driver` is given the route to keep to, "" for the one of the settings. `manual` holds the
    steps that a person does in the window that Relève opened; with `by_hand` she does all of them,
    in whichever browser.
    """

    folder: RecordFolder
    journal: Journal
    settings: Settings
    structure: Structure
    keystore: Keystore
    operator: Operator
    open_driver: Callable[[str], Awaitable[Driver]]
    make_target: Callable[[str], Target]
    by_hand: bool = False
    manual: set[str] = field(default_factory=set)

    @property
    def slots(self) -> Slots:
        """The three slots of the rotation's account."""
        return self.keystore.slots(self.structure.technical_account)

    @property
    def facts(self) -> Facts:
        """What the journal and the keyring say now. Raises a keyring error when it cannot be
        asked.
        """
        return self._facts(self.slots.filled())

    @property
    def journalled(self) -> Facts:
        """What the journal alone says."""
        return self._facts(None)

    def _facts(self, slots: SlotsView | None) -> Facts:
        events = (entry.event for entry in self.journal.entries)
        attempts = self.settings.policy.max_attempts
        return gather(events, slots, self.folder.run, attempts, platform.node())

    def situation(self) -> Situation:
        """What is true, what is safe, what comes next. Raises a keyring error when it cannot be
        asked.
        """
        return assess(self.facts)

    def known(self) -> Situation:
        """The situation by the journal alone when the keyring cannot be asked: enough to tell it,
        not to act.
        """
        try:
            return self.situation()
        except ReleveError:
            return assess(self.journalled)

    @property
    def route(self) -> str:
        """The route of this rotation; "" as long as it is not known."""
        chosen = ev.of(self.journal.entries, ev.RouteChosen)
        return chosen[-1].route if chosen else ""

    def was_done(self, step: str) -> bool:
        """Whether that step is behind this rotation, in whichever process."""
        return any(
            entry.step == step and isinstance(entry.event, ev.StepDone)
            for entry in self.journal.entries
        )

    def capture_path(self, step: str) -> Path:
        """Where the next picture of that step goes: one that was taken before stays as it is."""
        entries = [entry.event for entry in self.journal.entries if entry.step == step]
        taken = sum(isinstance(event, ev.StepDone) and event.capture != "" for event in entries)
        name = f"{BY_ID[step].number:02d}-{step}{f'-{taken + 1}' if taken else ''}.png"
        return self.folder.path / CAPTURES / name

    def note_origin(self, met: ev.OriginMet) -> None:
        """Journal an origin before anything is typed or read on it, once for each certificate."""
        if not any(entry.event == met for entry in self.journal.entries):
            self.journal.append(met)

    def is_manual(self, step: str) -> bool:
        """Whether a person does that step."""
        return self.by_hand or step in self.manual

    def mode(self, step: str) -> str:
        """As the journal tells it: "manual" or "automatic"."""
        return "manual" if self.is_manual(step) else "automatic"

    def writer(self, attempt: int) -> str:
        """Whose password a slot holds: this rotation's, of that attempt."""
        return f"{self.folder.run}/{attempt}"

    async def compared(self, password: Secret, slot: Slot) -> str:
        """Whether the slot gives back that password: "equal", "different", or "" when the keyring
        does not say; the rotation does not depend on it.
        """
        with suppress(ReleveError):
            if held := await asyncio.to_thread(self.slots.read, slot):
                return "equal" if held.password == password else "different"
        return ""
