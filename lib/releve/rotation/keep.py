"""Between the portal's screen and the keyring: the one moment at which a password can be lost, for
the portal shows it once.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import NamedTuple

from releve.base.errors import ReleveError
from releve.base.secret import Secret
from releve.decision import events as ev
from releve.decision import journal as j
from releve.rotation.context import Context
from releve.rotation.prompts import Keep
from releve.vault.slots import Slot, SlotHeldByAnotherRun


class PasswordNotKept(ReleveError):
    """The portal showed a password and the keyring refused it to the end."""

    code = 6


class NewPassword(NamedTuple):
    """A password that the portal showed, and that is nowhere else yet."""

    secret: Secret
    attempt: int
    mode: str


class Keeper:
    """Puts the portal's passwords in `pending`. One whose keeping was interrupted (a cell stopped,
    a page opened anew) stays in hand.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self._in_hand: NewPassword | None = None

    async def keep(self, seen: NewPassword) -> None:
        """Into the keyring, whatever it takes. Raises `PasswordNotKept` when all is tried."""
        self._in_hand = seen
        if await self._stored(seen):
            compared = await self.context.compared(seen.secret, Slot.PENDING)
            self._note(ev.PendingStored(seen.attempt, seen.mode, compared))
        self._in_hand = None

    async def keep_interrupted(self) -> None:
        """Go on with the password in hand, if the portal made it: asked before each step."""
        if self._in_hand is not None and self._in_hand.attempt == self.context.journalled.click:
            await self.keep(self._in_hand)

    async def _stored(self, seen: NewPassword) -> bool:
        """Whether it is in the keyring in the end; False when the operator copied it by hand."""
        started = time.monotonic()
        while error := await asyncio.to_thread(self.write, seen.secret, seen.attempt):
            seconds = time.monotonic() - started
            answer = await self.context.operator.keep_trying(seen.secret, error, seconds)
            if answer is Keep.COPIED:
                self._note(ev.PasswordByHand(seen.attempt, type(error).__name__))
                return False
            if answer is Keep.LOST:
                self._in_hand = None
                # unwritable: the journal then says that the outcome is unknown, which is true too
                with suppress(j.JournalUnwritable):
                    self._note(ev.PasswordNotKept(seen.attempt, type(error).__name__))
                raise PasswordNotKept(why=str(error).rstrip("."))
        return True

    def write(self, secret: Secret, attempt: int) -> ReleveError | None:
        """One try; returns what refused it. Whatever `pending` held is void since this reset, and
        whose it was is journalled.
        """
        slots, writer = self.context.slots, self.context.writer(attempt)
        try:
            held = slots.read(Slot.PENDING)
            if held and self._foreign(held.run):
                with suppress(j.JournalUnwritable):  # the password at hand counts more
                    self._note(ev.PendingSuperseded(held.run))
            slots.write(Slot.PENDING, secret, writer, replacing=held.run if held else None)
        except ReleveError as error:
            return error
        return None

    def check_free(self) -> None:
        """Before a click, what another rotation left in `pending` may be the portal's password:
        raises `SlotHeldByAnotherRun`.
        """
        held = self.context.slots.read(Slot.PENDING)
        if held and self._foreign(held.run):
            account = self.context.structure.technical_account
            raise SlotHeldByAnotherRun(service="releve/pending", user=account, holder=held.run)

    def _note(self, event: ev.Event) -> None:
        self.context.journal.append(event, "mot-de-passe")

    def _foreign(self, writer: str) -> bool:
        """Whether that writer is neither this rotation nor one whose password is known to be void.
        """
        superseded = ev.of(self.context.journal.entries, ev.PendingSuperseded)
        void = {each.writer for each in superseded}
        return writer.split("/")[0] != self.context.folder.run and writer not in void
