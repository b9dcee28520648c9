"""What the journal's events and the slots say of a rotation, before any judgement: `state` judges.

The portal's passwords of a rotation are numbered as attempts. The one that counts is that of the
latest click which the portal did not deny: every fact about "the password" below is about it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from releve.decision import events as ev
from releve.decision.reconcile import Verdict, click


@dataclass(frozen=True)
class Attempt:
    """One password of the portal, by what the journal tells of it. `sees_first`: it was seen before
    its click (see `portal.route`).
    """

    sees_first: bool = False
    asked: bool = False  # the portal was about to display it, before any click
    same: bool = False  # it is the one that was dropped just before
    intended: bool = False
    not_done: bool = False
    done: bool = False
    rejected: bool = False
    stored: bool = False
    not_kept: bool = False
    unread: bool = False  # all that its page showed is in the keyring, and nobody pointed at it yet
    by_hand: bool = False  # the keyring refused it, and the operator copied it
    again: bool = False  # somebody decided to reset once more after it
    told: str = ""  # how the click ended by the API (`reconcile.Click`), when it was asked

    @property
    def reset(self) -> str:
        """How the reset of this password ended: "done", "rejected" (done, and unusable), "not_done"
        or "unknown".
        """
        if self.not_done:
            return "not_done"
        if self.rejected:
            return "rejected"
        seen = self.done or self.not_kept or self.by_hand
        return "done" if seen or (self.stored and not self.sees_first) else "unknown"


@dataclass(frozen=True)
class SlotsView:
    """Which writer each slot of the keyring names: "RUN/ATTEMPT", or None when it is empty. Never a
    value.
    """

    pending: str | None = None
    current: str | None = None
    previous: str | None = None


@dataclass(frozen=True)
class Facts:
    """What the events and the slots say, before any judgement. `slots` is None when the keyring
    cannot be asked.
    """

    run: str = ""
    targets: tuple[str, ...] = ()
    max_attempts: int = 5
    sees_first: bool = False
    rehearsal: bool = False
    gate: bool = False
    attempts: dict[int, Attempt] = field(default_factory=dict)
    begun: frozenset[str] = frozenset()
    entered: frozenset[str] = frozenset()
    proof: str = ""
    proof_refused: bool = False
    promoting: bool = False
    promoted: bool = False
    outcome: str = ""  # of a closed rotation; "abandoned" too
    slots: SlotsView | None = SlotsView()
    here: str = ""  # this machine
    host: str = ""  # the machine of the latest process
    clicked_on: str = ""  # that of the latest click: its keyring would have the password

    @property
    def last(self) -> int:
        """The number of the latest attempt; 0 before the first."""
        return max(self.attempts, default=0)

    @property
    def click(self) -> int:
        """The latest attempt whose click was announced and not denied by the portal; 0 when there
        is none.
        """
        clicked = (n for n, each in self.attempts.items() if each.intended and not each.not_done)
        return max(clicked, default=0)

    @property
    def touched(self) -> bool:
        """Something may have changed on the portal."""
        return self.click > 0

    @property
    def attempt(self) -> Attempt:
        """The attempt of `click`: the portal has its password, or may have."""
        return self.attempts.get(self.click, Attempt())

    @property
    def rejections(self) -> int:
        """How many passwords were rejected in this rotation."""
        return sum(attempt.rejected for attempt in self.attempts.values())

    def holds(self, number: int) -> bool:
        """The keyring holds the password of that attempt, in `pending`, or in `current` once it is
        promoted.

        When it cannot be asked, the journal is believed.
        """
        if self.slots is None:
            return self.attempts.get(number, Attempt()).stored
        return f"{self.run}/{number}" in (self.slots.pending, self.slots.current)

    @property
    def displayed(self) -> bool:
        """The portal displayed a password before any click: it may count it already, though its
        documentation says otherwise.
        """
        return any(each.asked for each in self.attempts.values())

    @property
    def proposed(self) -> bool:
        """The keyring holds a password of this rotation, whether it was submitted or not."""
        return any(self.holds(number) for number in self.attempts)

    @property
    def stuck(self) -> bool:
        """The portal proposes again the password that was dropped, and nobody decided what to do
        with it.
        """
        latest = self.attempts.get(self.last, Attempt())
        return latest.same and not latest.again

    @property
    def held(self) -> bool:
        """The keyring holds the password of `click`."""
        return self.touched and self.holds(self.click)

    @property
    def effective(self) -> bool:
        """The portal has the new password, and it is known: to the keyring, or to the operator who
        copied it.
        """
        a = self.attempt
        known = self.held or (self.touched and a.by_hand)
        return known and (a.done or not a.sees_first or self.turned) and not a.again

    @property
    def turned(self) -> bool:
        """The keyring has it in use: it was entered everywhere once, whatever the journal tells."""
        return self.slots is not None and self.slots.current == f"{self.run}/{self.click}"

    @property
    def by_hand(self) -> bool:
        """Only the operator who copied it knows the new password."""
        return self.effective and not self.held

    @property
    def left(self) -> tuple[str, ...]:
        """The targets that do not have the password yet, in their order."""
        return tuple(target for target in self.targets if target not in self.entered)

    @property
    def settled(self) -> bool:
        """The latest click needs no look any more: none was made, its password is known, or
        somebody decided to reset again.
        """
        return not self.touched or self.effective or self.attempt.again

    @property
    def vanished(self) -> bool:
        """The password was kept, and the keyring does not hold it any more (or this machine's never
        did).
        """
        a = self.attempt
        return not self.settled and a.stored and (a.done or not a.sees_first)

    @property
    def lost(self) -> bool:
        """The portal made a password that was kept nowhere."""
        a = self.attempt
        made = a.not_kept or (a.done and not a.sees_first and not a.rejected)
        return made and not self.settled and not self.vanished

    @property
    def unread(self) -> bool:
        """The password is among what the keyring keeps of its page: a person points at it."""
        a = self.attempt
        return not self.settled and not self.vanished and a.done and a.unread and not a.rejected

    @property
    def rejected(self) -> bool:
        """The portal's password cannot be used: it holds a forbidden character."""
        return not self.settled and not self.vanished and not self.lost and self.attempt.rejected

    @property
    def unknown(self) -> bool:
        """The latest click was announced, and nothing tells how it ended."""
        return not (self.settled or self.vanished or self.lost or self.rejected)

    @property
    def exhausted(self) -> bool:
        """As many passwords were rejected as the policy allows; nobody decided to go on since."""
        decided = any(each.again for n, each in self.attempts.items() if n >= self._last_rejected)
        return self.rejections >= self.max_attempts and not decided

    @property
    def _last_rejected(self) -> int:
        return max((number for number, each in self.attempts.items() if each.rejected), default=0)

    @property
    def question(self) -> int:
        """The attempt that a decision to reset again is about."""
        return self._last_rejected if self.exhausted or self.stuck else self.click


def told_slots(events: Iterable[ev.Event], run: str) -> SlotsView:
    """What the keyring's slots hold as far as this rotation's events tell: for whoever reads a
    journal without the keyring.
    """
    slots = SlotsView()
    for event in events:
        match event:
            case ev.PendingStored(attempt):
                slots = replace(slots, pending=f"{run}/{attempt}")
            case ev.PromotionDone():
                slots = SlotsView(None, slots.pending, slots.current)
    return slots


def gather(
    events: Iterable[ev.Event],
    slots: SlotsView | None,
    run: str,
    max_attempts: int = 5,
    here: str = "",
) -> Facts:
    """The facts of one rotation, as seen from the machine `here`. `slots` is None when the keyring
    cannot be asked.

    Any order of events gives facts: a journal of a later version never stops a resume.
    """
    facts = Facts(run=run, slots=slots, max_attempts=max_attempts, here=here)
    for event in events:
        facts = _apply(facts, event)
    return facts


def _apply(facts: Facts, event: ev.Event) -> Facts:
    match event:
        case ev.RotationOpened():
            return replace(facts, targets=event.targets, rehearsal=event.rehearsal)
        case ev.RotationAdopted():
            return _adopted(facts, event)
        case ev.RunStarted():
            return replace(facts, host=event.host)
        case ev.RouteChosen():
            return replace(facts, sees_first=event.sees_first)
        case ev.GateGiven(gate="cible"):
            return replace(facts, gate=True)
        case ev.TargetIntended():
            return replace(facts, begun=facts.begun | {event.target})
        case ev.TargetEntered():
            return replace(facts, entered=facts.entered | {event.target}, proof_refused=False)
        case ev.ProofGiven():
            return _prove(replace(facts, proof=event.proof, proof_refused=False), event)
        case ev.ProofRefused():
            return replace(facts, proof_refused=True)
        case ev.PromotionIntended():
            return replace(facts, promoting=True)
        case ev.PromotionDone():
            return replace(facts, promoted=True)
        case ev.RotationClosed():
            return replace(facts, outcome=facts.outcome or event.outcome)  # an end is for ever
        case ev.RotationAbandoned():
            return replace(facts, outcome=facts.outcome or "abandoned")
        case ev.ApiAnswered():
            told = click(Verdict(event.pending), Verdict(event.current), event.settled)
            return _change(facts, event.attempt, told=told)
        case ev.CandidateRejected():
            return _change(facts, event.attempt, rejected=True, same=event.same)
        case ev.ResetIntended():
            return _click(_change(facts, event.attempt, intended=True))
    if change := _ATTEMPT_FACT.get(type(event)):
        # every event of _ATTEMPT_FACT has one
        return _change(facts, event.attempt, **change)  # type: ignore[attr-defined]
    return facts


_ATTEMPT_FACT: dict[type[ev.Event], dict[str, bool]] = {
    ev.ResetNotDone: {"not_done": True},
    ev.ResetDone: {"done": True},
    ev.CandidateAsked: {"asked": True},
    ev.PendingStored: {"stored": True},
    ev.PasswordNotKept: {"not_kept": True},
    ev.PasswordUnread: {"unread": True},
    ev.PasswordByHand: {"by_hand": True},
    ev.ResetAgainDecided: {"again": True},
}


def _adopted(facts: Facts, event: ev.RotationAdopted) -> Facts:
    """What this machine's keyring does not vouch for is history: of it, only the announcements
    count, whose end is then unknown. Nothing is confirmed, entered or proven.
    """
    announced = {
        number: Attempt(each.sees_first, each.asked, intended=each.intended, stored=each.stored)
        for number, each in facts.attempts.items()
    }
    return replace(_fresh(facts), gate=False, targets=event.targets, attempts=announced, outcome="")


def _change(facts: Facts, number: int, **change: Any) -> Facts:
    known = facts.attempts.get(number, Attempt(sees_first=facts.sees_first))
    return replace(facts, attempts=facts.attempts | {number: replace(known, **change)})


def _click(facts: Facts) -> Facts:
    """A new password makes worthless what was done with the one before it: every target is to be
    entered anew.
    """
    return replace(_fresh(facts), clicked_on=facts.host)


def _fresh(facts: Facts) -> Facts:
    none = frozenset[str]()
    facts = replace(facts, begun=none, entered=none, proof="", proof_refused=False)
    return replace(facts, promoting=False, promoted=False)


def _prove(facts: Facts, event: ev.ProofGiven) -> Facts:
    """A password that is accepted shows that the click which made it effective took place."""
    known = event.proof in ("api", "attested") and facts.held
    return _change(facts, facts.click, done=True) if known else facts
