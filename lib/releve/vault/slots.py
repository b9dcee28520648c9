"""The three slots of each technical account's password: no sequence of kills loses the one in use.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from releve.base.effects import effect
from releve.base.secret import Secret
from releve.decision.facts import SlotsView
from releve.vault.entry import KeyringEntry, KeyringEntryVanished, KeyringError

BY_HAND = "saisi-a-la-main"  # the "run" of a password that a person typed


class SlotUnreadable(KeyringError):
    """A slot holds something that Relève did not write."""


class SlotHeldByAnotherRun(KeyringError):
    """A slot holds the value of another rotation, which is never overwritten silently."""

    goes_on = True


class Slot(StrEnum):
    """Where a technical account's password stands: shown but not yet everywhere, in use, and the
    one before.
    """

    PENDING = "pending"
    CURRENT = "current"
    PREVIOUS = "previous"


@dataclass(frozen=True)
class Held:
    """What a slot holds: the password, the id of the run that wrote it, and when (UTC, ISO 8601).
    """

    password: Secret
    run: str
    written: str = field(
        default_factory=lambda: datetime.now(UTC).isoformat(timespec="milliseconds")
    )

    def to_json(self) -> str:
        """The entry as kept: one value, so that the password and its writer are one write."""
        told = {"run": self.run, "written": self.written, "password": self.password.reveal()}
        return json.dumps(told)


class Slots:
    """The passwords of one technical account. No sequence of kills leaves a promoted password in no
    slot.

    A backend may delete before it writes (macOS does): the slot being written is never the only one
    that holds a password worth keeping, except `pending`, whose value the caller keeps until
    `write` returns.
    """

    def __init__(
        self, entries: dict[Slot, KeyringEntry], before: Mapping[Slot, KeyringEntry] | None = None
    ) -> None:
        self._entries, self._before = entries, before or {}

    def read(self, slot: Slot) -> Held | None:
        """What the slot holds, or None. Raises `SlotUnreadable`, `KeyringLocked`,
        `KeyringUnavailable`.
        """
        value = self._entries[slot].text()
        if value is None and slot in self._before:
            value = self._before[slot].text()
        if value is None:
            return None
        try:
            data = json.loads(value)
            return Held(Secret(data["password"]), data["run"], data["written"])
        except (ValueError, KeyError, TypeError):
            raise SlotUnreadable(**self._facts(slot)) from None

    def filled(self) -> SlotsView:
        """Which slots hold something, and which run wrote it."""
        held = {slot.value: self.read(slot) for slot in Slot}
        return SlotsView(**{slot: value.run if value else None for slot, value in held.items()})

    def changed(self) -> datetime | None:
        """When a rotation last changed the password in use; None when none did, or a person typed
        it: its age is not known then. Raises as `read` does.
        """
        held = self.read(Slot.CURRENT)
        return datetime.fromisoformat(held.written) if held and held.run != BY_HAND else None

    def require(self, slot: Slot, run: str) -> Secret:
        """The password that `run` put there. Raises `KeyringEntryVanished` or
        `SlotHeldByAnotherRun` when it is not.
        """
        held = self.read(slot)
        if held is None:
            raise KeyringEntryVanished(**self._facts(slot))
        self._check_owner(slot, held, run)
        return held.password

    def kept(self, run: str) -> Secret:
        """The password of `run`: in `pending`, or in `current` once it is promoted, even if no
        journal tells so any more. Raises as `require` does.
        """
        current = self.read(Slot.CURRENT)
        promoted = current is not None and current.run == run
        return self.require(Slot.CURRENT if promoted else Slot.PENDING, run)

    def write(self, slot: Slot, password: Secret, run: str, replacing: str | None = None) -> None:
        """Put a password in a slot, and read it back. Safe to repeat.

        Raises `SlotHeldByAnotherRun` unless the slot is empty, or holds the value of `run`, or of
        the run that `replacing` names.
        """
        held = self.read(slot)
        if held is not None and held.run != replacing:
            self._check_owner(slot, held, run)
        self._put(slot, Held(password, run))

    def clear(self, slot: Slot, run: str) -> None:
        """Empty a slot of `run`'s value. An empty slot is fine; another run's raises
        `SlotHeldByAnotherRun`.
        """
        held = self.read(slot)
        if held is None:
            return
        self._check_owner(slot, held, run)
        with effect(f"keyring clear {slot}"):
            self._entries[slot].delete()
            if slot in self._before:
                self._before[slot].delete()

    def promote(self, run: str) -> None:
        """`pending` becomes `current`, and `current` becomes `previous`. A second call finishes
        what a killed one began.

        Raises `KeyringEntryVanished` when `run` left nothing to promote, `SlotHeldByAnotherRun`
        when `pending` is another's.
        """
        pending, current = self.read(Slot.PENDING), self.read(Slot.CURRENT)
        if pending is None and current is not None and current.run == run:
            return
        if pending is None:
            raise KeyringEntryVanished(**self._facts(Slot.PENDING))
        self._check_owner(Slot.PENDING, pending, run)
        self._make_current(pending)
        self.clear(Slot.PENDING, run)

    def adopt(self, password: Secret, run: str) -> None:
        """Take as `current` a password that a person vouches for; the old `current` becomes
        `previous`. Safe to repeat.
        """
        self._make_current(Held(password, run))

    def _make_current(self, new: Held) -> None:
        """Copy `current` to `previous` first: until the last write, the password in use is in two
        slots or more.
        """
        current, previous = self.read(Slot.CURRENT), self.read(Slot.PREVIOUS)
        if current is not None and current.password != new.password and current != previous:
            self._put(Slot.PREVIOUS, current)
        if current is None or (current.password, current.run) != (new.password, new.run):
            self._put(Slot.CURRENT, new)

    def _put(self, slot: Slot, held: Held) -> None:
        with effect(f"keyring {slot}"):
            self._entries[slot].set_text(held.to_json())
            if slot in self._before:
                self._before[slot].delete()

    def _check_owner(self, slot: Slot, held: Held, run: str) -> None:
        if held.run != run:
            raise SlotHeldByAnotherRun(**self._facts(slot), holder=held.run)

    def _facts(self, slot: Slot) -> dict[str, str]:
        return {"service": self._entries[slot].service, "user": self._entries[slot].user}
