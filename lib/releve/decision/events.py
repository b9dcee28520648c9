"""What can happen in a rotation. `line` writes and reads one; `journal` is the file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

Free = str
"""A text that others may have had a hand in (the portal, a program, a person): scrubbed when it is
written. Every other field is a word, a name or a number of our own, and stays: a password that is
one of them ("pending") must not make the journal unreadable.
"""


@dataclass(frozen=True)
class Event:
    """What happened. The envelope (time, run, step, actor) is the journal's: see `Entry`."""

    kind: ClassVar[str] = "event"


@dataclass(frozen=True)
class RotationOpened(Event):
    """A rotation exists from here on, for one technical account."""

    kind = "rotation.opened"
    structure: str  # SIRET
    name: str
    account: str
    route: str
    targets: tuple[str, ...]
    school: bool = False  # on the training portal
    rehearsal: bool = False
    model: str = ""  # SHA-256 of the model notebook
    versions: dict[str, str] = field(default_factory=dict)
    timestamp: bool = False  # an authority is to witness the seal


@dataclass(frozen=True)
class RotationAdopted(Event):
    """A person took in hand a rotation that this keyring does not vouch for: what stands before is
    history. Only what was announced there still counts, for it can only make us more careful; the
    gate is asked for again. `targets` are this machine's own settings'; `whose`: the actor who
    opened it, by that history.
    """

    kind = "rotation.adopted"
    whose: Free
    targets: tuple[str, ...]


@dataclass(frozen=True)
class RunStarted(Event):
    """A process took the rotation in hand (the first one, or one that resumes it)."""

    kind = "run.started"
    host: str
    pid: int
    interactive: bool
    operator: Free = ""  # the name that a person gave, as it was given; "" when nobody did


@dataclass(frozen=True)
class OriginMet(Event):
    """Something is about to be typed or read on this origin; written once for each certificate.

    `certificate`: the SHA-256 of the one that its server showed, "" without TLS or when the
    browser does not tell it; `issuer`: who signed it, as the browser names it.
    """

    kind = "portal.origin"
    origin: str
    certificate: str = ""
    issuer: Free = ""


@dataclass(frozen=True)
class LastChangeKnown(Event):
    """When the account's password was last changed before this rotation, and how that is known."""

    kind = "account.last_change"
    day: str  # ISO 8601
    source: str  # "records", "keyring", "portal" (its own page) or "settings" (a person)


@dataclass(frozen=True)
class TornLineCut(Event):
    """The process before died while it wrote its last line: these bytes were cut. The effect that
    they announced was not begun.
    """

    kind = "journal.torn_line_cut"
    bytes: int


@dataclass(frozen=True)
class RunStopped(Event):
    """A process put the rotation down without closing it."""

    kind = "run.stopped"
    code: int  # its exit code
    error: str = ""  # the error's name
    text: Free = ""


@dataclass(frozen=True)
class StepDone(Event):
    """A documented screen is behind us."""

    kind = "step.done"
    mode: str  # "automatic", "manual" or "skipped"
    result: Free
    capture: str = ""  # a file name, or ""
    seconds: float = 0.0


@dataclass(frozen=True)
class StepFailed(Event):
    """A step stopped on an error; the step may be run again."""

    kind = "step.failed"
    error: str
    text: Free
    capture: str = ""


@dataclass(frozen=True)
class GateGiven(Event):
    """A person, or the parameter that stands for one, gave a confirmation."""

    kind = "gate.given"
    gate: str
    how: str  # "widget", "terminal", "--yes", "approve"


@dataclass(frozen=True)
class RouteChosen(Event):
    """The route that the portal offered."""

    kind = "route.chosen"
    route: str
    sees_first: bool  # its password is seen before the click that makes it effective
    browser: Free = ""  # its name and version; "" for a route that a person goes through alone


@dataclass(frozen=True)
class ResetIntended(Event):
    """The irreversible click comes next: without a later conclusion its outcome is unknown."""

    kind = "reset.intended"
    attempt: int
    capture: str = ""  # the picture of the screen on which it is made


@dataclass(frozen=True)
class ResetNotDone(Event):
    """The portal said that the reset of `attempt` did not take place."""

    kind = "reset.not_done"
    attempt: int
    why: Free


@dataclass(frozen=True)
class ResetUnknown(Event):
    """The click went, no answer was seen: the portal has the old password, or a new one."""

    kind = "reset.unknown"
    attempt: int
    why: Free


@dataclass(frozen=True)
class ResetDone(Event):
    """The portal confirmed the reset of `attempt` (route `raccordements`, where the password was
    stored before).
    """

    kind = "reset.done"
    attempt: int
    how: str = ""  # "widget": a person looked at the portal afterwards and said so


@dataclass(frozen=True)
class ApiAnswered(Event):
    """What the API says of the passwords kept when the outcome of `attempt` is not known
    ("accepted", "refused", "unknown", "empty").

    `pending` is this attempt's; `settled`: a reset made then would have reached the API by now
    (`reconcile.click`).
    """

    kind = "api.answered"
    attempt: int
    pending: str
    current: str
    settled: bool
    detail: Free = ""


@dataclass(frozen=True)
class ResetAgainDecided(Event):
    """Somebody decided to reset once more although the outcome of `attempt` is not known."""

    kind = "reset.again_decided"
    attempt: int
    how: str


@dataclass(frozen=True)
class CandidateAsked(Event):
    """The portal is about to display the password of `attempt`, to be submitted later; it may count
    it already (unknown).
    """

    kind = "candidate.asked"
    attempt: int


@dataclass(frozen=True)
class CandidateRejected(Event):
    """The password of `attempt` cannot be used, by its fault (never its value)."""

    kind = "candidate.rejected"
    attempt: int
    fault: Free
    same: bool = False  # it is the one that was dropped before
    capture: str = ""  # the picture of the screen that proposed it


@dataclass(frozen=True)
class ScreenSeen(Event):
    """What a rehearsal recognised on a screen: by its first wording, by another, not at all; what
    changed since the last success.
    """

    kind = "screen.seen"
    screen: str
    first: tuple[Free, ...]
    fallback: tuple[Free, ...]
    missing: tuple[Free, ...]
    change: Free = ""


@dataclass(frozen=True)
class PendingStored(Event):
    """The password of `attempt` is in the slot `pending`. `compared`: what the keyring gave back,
    with what the portal showed ("equal", "different", "" when that could not be told).
    """

    kind = "pending.stored"
    attempt: int
    mode: str = "automatic"  # or "manual": the operator copied it from the screen
    compared: str = ""
    commitment: str = ""  # this one and `kept` are read in journals of version 0.1: keyed hashes
    kept: str = ""


@dataclass(frozen=True)
class PendingSuperseded(Event):
    """The slot `pending` still held what the closed rotation of `writer` left there; the reset to
    come makes it void.
    """

    kind = "pending.superseded"
    writer: str


@dataclass(frozen=True)
class PasswordNotKept(Event):
    """The portal showed the password of `attempt`, and it could be kept nowhere: nobody knows it
    any more.
    """

    kind = "password.not_kept"
    attempt: int
    why: Free


@dataclass(frozen=True)
class PasswordUnread(Event):
    """The portal showed the password of `attempt` on a page that was not understood: everything
    that its main region shows is in the keyring, in so many entries, until a person points at it.
    """

    kind = "password.unread"
    attempt: int
    entries: int


@dataclass(frozen=True)
class PasswordByHand(Event):
    """The keyring refused the password of `attempt`, and the operator copied it: it is in no slot,
    and entered by hand.
    """

    kind = "password.by_hand"
    attempt: int
    why: Free


@dataclass(frozen=True)
class TargetIntended(Event):
    """The password is about to be entered in `target`. To enter it twice does no harm."""

    kind = "target.intended"
    target: str


@dataclass(frozen=True)
class TargetEntered(Event):
    """`target` has the password. `compared`: what was entered, with what the keyring keeps."""

    kind = "target.entered"
    target: str
    mode: str
    compared: str = ""
    commitment: str = ""  # version 0.1


@dataclass(frozen=True)
class ProofGiven(Event):
    """How it is known that the new password works: "api", "attested" or "none"."""

    kind = "proof.given"
    proof: str
    detail: Free = ""


@dataclass(frozen=True)
class ProofRefused(Event):
    """The new password is not accepted yet: try again later, never a reason for a reset."""

    kind = "proof.refused"
    detail: Free


@dataclass(frozen=True)
class PromotionIntended(Event):
    """`pending` becomes `current`, `current` becomes `previous`."""

    kind = "promotion.intended"


@dataclass(frozen=True)
class PromotionDone(Event):
    """The slots are turned. `compared`: what `current` holds now, with what `pending` held."""

    kind = "promotion.done"
    compared: str = ""
    commitment: str = ""  # version 0.1


@dataclass(frozen=True)
class RotationClosed(Event):
    """The end."""

    kind = "rotation.closed"
    outcome: str  # "succeeded", "rehearsed" or "failed" (before anything irreversible)
    proof: str = "none"
    next_due: str = ""  # a date


@dataclass(frozen=True)
class RotationAbandoned(Event):
    """A person closed a stuck rotation; the three sentences say what is then true."""

    kind = "rotation.abandoned"
    reason: Free
    portal: Free
    keyring: Free
    targets: Free


@dataclass(frozen=True)
class Unknown(Event):
    """An event of a later version: kept as it is, and passed over."""

    kind = "unknown"
    name: str
    data: dict[str, Any]


KINDS: dict[str, type[Event]] = {
    cls.kind: cls for cls in Event.__subclasses__() if cls is not Unknown
}


@dataclass(frozen=True)
class Entry:
    """One line: the envelope and its event. `time` is UTC with its offset, ISO 8601."""

    time: str
    run: str
    step: str
    actor: str
    event: Event


E = TypeVar("E", bound=Event)
ENDS = (RotationClosed, RotationAbandoned)


def of(entries: Iterable[Entry], kind: type[E]) -> list[E]:
    """The events of that kind, in their order."""
    return [each.event for each in entries if isinstance(each.event, kind)]
