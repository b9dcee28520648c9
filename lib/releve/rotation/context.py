"""The papers of one rotation: its folder, its journal, its account's slots; and what they say now."""

from __future__ import annotations

import asyncio
import platform
from contextlib import suppress

from releve.base.errors import ReleveError
from releve.base.secret import Secret
from releve.base.settings import Settings, Structure
from releve.decision import events as ev
from releve.decision import journal as j
from releve.decision.facts import Facts, SlotsView, gather
from releve.decision.state import Situation, assess
from releve.record.folder import RecordFolder
from releve.vault.keystore import Keystore
from releve.vault.slots import Slot


class Papers:
    """Everything is read anew from journal and keyring each time: nothing that a kill would lose is
    remembered here.
    """

    def __init__(
        self,
        folder: RecordFolder,
        journal: j.Journal,
        settings: Settings,
        structure: Structure,
        keystore: Keystore,
    ) -> None:
        self.folder, self.journal, self.settings, self.structure = (
            folder,
            journal,
            settings,
            structure,
        )
        self.keystore, self.slots = keystore, keystore.slots(structure.technical_account)

    @property
    def facts(self) -> Facts:
        """What the journal and the keyring say now. Raises a keyring error when it cannot be asked."""
        return self._facts(self.slots.filled())

    @property
    def journalled(self) -> Facts:
        """What the journal alone says."""
        return self._facts(None)

    def _facts(self, slots: SlotsView | None) -> Facts:
        events = (entry.event for entry in self.journal.entries)
        return gather(
            events, slots, self.folder.run, self.settings.policy.max_attempts, platform.node()
        )

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
    def route_name(self) -> str:
        """The route of this rotation; "" as long as it is not known."""
        chosen = (
            entry.event
            for entry in reversed(self.journal.entries)
            if isinstance(entry.event, ev.RouteChosen)
        )
        return next((event.route for event in chosen), "")

    def was_done(self, step: str) -> bool:
        """Whether that step is behind this rotation, in whichever process."""
        return any(
            entry.step == step and isinstance(entry.event, ev.StepDone)
            for entry in self.journal.entries
        )

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
