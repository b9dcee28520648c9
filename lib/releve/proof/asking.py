"""Asking the API about the passwords that the keyring holds: the proof of a new one, and what it
says of each slot.

Calls block, so the event loop's callers use `asyncio.to_thread`. An old password is tried once per
proof, and only after the new one was accepted: nobody knows whether refusals lock a technical
account.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from releve.base.errors import PersonNeeded, ReleveError
from releve.base.settings import Settings, Structure
from releve.decision import events as ev
from releve.decision.reconcile import Verdict
from releve.proof.verdicts import NOTHING_HELD, Meaning
from releve.vault.keystore import Keystore
from releve.vault.slots import Slot

if TYPE_CHECKING:
    # imported late: most town halls have no PISTE application
    from releve.proof.piste import Piste, Tried


class ProofTooEarly(PersonNeeded):
    """The reset has not reached the API yet, which may take half an hour: resume later, reset
    nothing.
    """

    goes_on = True


class ProofImpossible(PersonNeeded):
    """PISTE said nothing of the password. The meaning's own words tell what to mend; nothing else
    is to be done again.
    """

    goes_on = True


class PasswordNotAccepted(ReleveError):
    """The time for a reset to reach the API is over, and the new password is still refused."""

    code = 6
    goes_on = True


class OldStillAccepted(ReleveError):
    """Both passwords are accepted: this account's reset is not what the API shows."""

    code = 6
    goes_on = True


class StructureNotListed(ReleveError):
    """The password is right, for an account that does not serve this structure."""

    code = 6


@dataclass(frozen=True)
class Reset:
    """The reset to prove: who wrote its password (as in the slots), and when it was asked for
    (aware).
    """

    writer: str
    since: datetime


class Prover:
    """One account's questions to the API. Made only with `[piste]` in the settings."""

    def __init__(
        self,
        settings: Settings,
        structure: Structure,
        keystore: Keystore,
        note: Callable[[ev.OriginMet], None] = lambda met: None,
    ) -> None:
        assert settings.piste is not None
        self._note = note
        self._application, self._structure = settings.piste, structure
        self._keystore, self._slots = keystore, keystore.slots(structure.technical_account)
        self._minutes = settings.policy.propagation_minutes

    def settled(self, reset: Reset) -> bool:
        """Whether the reset must have reached the API by now."""
        return datetime.now(reset.since.tzinfo) >= self._end(reset)

    def prove(self, reset: Reset) -> str:
        """That the new password works; returns how it is known, in French. Raises one of the errors
        above. Safe to repeat.
        """
        account = self._structure.technical_account
        new = self._slots.kept(reset.writer)
        current = self._slots.read(Slot.CURRENT)
        known = current is not None and current.password != new
        with self._piste() as piste:
            tried = piste.prove(account, new, self._structure.siret)
            old = None
            if current and known and tried.verdict is Verdict.ACCEPTED:
                old = piste.try_password(account, current.password)
        if error := self._fault(tried, old, reset):
            raise error
        and_old = ", et refuse l'ancien" if old else " (l'ancien n'est pas connu de Relève)"
        of_whom = (
            f"pour la structure {self._structure.siret}"
            if tried.listed
            else "(la liste de ses structures est fermée à ce compte)"
        )
        return f"l'API de Chorus Pro accepte le nouveau mot de passe {of_whom}{and_old}"

    def _fault(self, new: Tried, old: Tried | None, reset: Reset) -> ReleveError | None:
        """Why this is no proof; None when it is one."""
        for tried in (new, old):
            if tried is not None and tried.verdict is Verdict.UNKNOWN:
                return _impossible(tried.meaning)
        facts = {
            "account": self._structure.technical_account,
            "siret": self._structure.siret,
            "minutes": self._minutes,
        }
        if new.verdict is Verdict.REFUSED:
            late = PasswordNotAccepted(**facts)
            return late if self.settled(reset) else self._too_early(reset, "elle le refuse")
        if old is not None and old.verdict is Verdict.ACCEPTED:
            both, why = OldStillAccepted(**facts), "elle accepte encore l'ancien"
            return both if self.settled(reset) else self._too_early(reset, why)
        return StructureNotListed(**facts) if new.listed is False else None

    def _too_early(self, reset: Reset, why: str) -> ProofTooEarly:
        when = self._end(reset).astimezone() + timedelta(minutes=1)
        return ProofTooEarly(
            account=self._structure.technical_account,
            why=why,
            minutes=self._minutes,
            when=f"{when:%H h %M}",
        )

    def _end(self, reset: Reset) -> datetime:
        return reset.since + timedelta(minutes=self._minutes)

    def ask(self, *slots: Slot) -> dict[Slot, Meaning]:
        """What the API says of what these slots hold. A value that two slots share is tried once.
        """
        account = self._structure.technical_account
        held = {slot: self._slots.read(slot) for slot in slots}
        with self._piste() as piste:
            tried = {
                each.password: piste.try_password(account, each.password)
                for each in held.values()
                if each
            }
        return {
            slot: tried[each.password].meaning if each else NOTHING_HELD
            for slot, each in held.items()
        }

    def ask_click(self, reset: Reset, attempt: int) -> ev.ApiAnswered:
        """What the API says when it is not known whether the reset took place. Only what that
        reset's writer put in `pending` counts.
        """
        said = self.ask(Slot.PENDING, Slot.CURRENT)
        held = self._slots.read(Slot.PENDING)
        ours = held is not None and held.run == reset.writer
        pending = said[Slot.PENDING] if ours else NOTHING_HELD
        detail = f"nouveau : {pending.said} ; ancien : {said[Slot.CURRENT].said}"
        return ev.ApiAnswered(
            attempt, pending.verdict, said[Slot.CURRENT].verdict, self.settled(reset), detail
        )

    @contextmanager
    def _piste(self) -> Iterator[Piste]:
        from releve.proof.piste import Piste

        secret = self._keystore.piste_secret(self._application.client_id).require()
        with Piste(self._application, secret, note=self._note) as piste:
            yield piste


def _impossible(meaning: Meaning) -> ProofImpossible:
    return ProofImpossible(why=meaning.said, mend=meaning.todo)
