"""What is true, what is safe, what comes next: a pure function of the events and of which slots hold something.

`TABLE` is the whole decision: the first row whose condition holds is the situation. Read it from the end of a rotation
(top) to its beginning (bottom). Nothing here touches the portal, the keyring or the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from . import journal as j
from .errors import PersonNeeded, ReleveError
from .procedure import target_name
from .proof import Verdict
from .reconcile import Click, click


class Next(StrEnum):
    """What the rotation does next."""

    CONFIRM = "confirm"  # a person confirms the target
    RESET = "reset"  # the click on the portal
    DECIDE = "decide"  # a person decides: nobody can know what the portal holds
    ENTER = "enter"  # the password goes to a target
    PROVE = "prove"
    PROMOTE = "promote"  # turn the slots
    CLOSE = "close"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Attempt:
    """One reset, by what the journal tells of it."""

    intended: bool = False
    not_done: bool = False
    done: bool = False
    rejected: bool = False
    stored: bool = False
    not_kept: bool = False
    again: bool = False  # somebody decided to reset once more after it
    told: str = ""  # how the click ended as far as the API can tell (`reconcile.Click`), when it was asked


@dataclass(frozen=True)
class SlotsView:
    """Which writer each slot of the keyring names: "RUN/ATTEMPT", or None when it is empty. Never a value."""

    pending: str | None = None
    current: str | None = None
    previous: str | None = None


@dataclass(frozen=True)
class Facts:
    """What the events and the slots say, before any judgement."""

    run: str = ""
    targets: tuple[str, ...] = ()
    max_attempts: int = 5
    sees_first: bool = False
    rehearsal: bool = False
    gate: bool = False
    attempts: dict[int, Attempt] = field(default_factory=dict)
    entered: frozenset[str] = frozenset()
    proof: str = ""
    proof_refused: bool = False
    promoting: bool = False
    promoted: bool = False
    outcome: str = ""  # of a closed rotation; "abandoned" too
    slots: SlotsView = SlotsView()

    @property
    def last(self) -> int:
        """The number of the latest attempt; 0 before the first."""
        return max(self.attempts, default=0)

    @property
    def attempt(self) -> Attempt:
        """The latest attempt."""
        return self.attempts.get(self.last, Attempt())

    @property
    def rejections(self) -> int:
        """How many passwords were rejected in this rotation."""
        return sum(attempt.rejected for attempt in self.attempts.values())

    @property
    def held(self) -> bool:
        """The keyring holds the password of the latest attempt, in `pending`, or in `current` once it is promoted."""
        writer = f"{self.run}/{self.last}"
        return self.slots.pending == writer or self.slots.current == writer

    @property
    def effective(self) -> bool:
        """The latest attempt's password is in the keyring and on the portal."""
        return self.held and (self.attempt.done if self.sees_first else self.attempt.intended) and not self.attempt.again

    @property
    def left(self) -> tuple[str, ...]:
        """The targets that do not have the password yet, in their order."""
        return tuple(target for target in self.targets if target not in self.entered)

    @property
    def touched(self) -> bool:
        """A reset was intended and the portal did not say that it did not take place: something may have changed."""
        return any(attempt.intended and not attempt.not_done for attempt in self.attempts.values())

    @property
    def open_question(self) -> bool:
        """The latest click was announced, and nothing tells how it ended."""
        a = self.attempt
        return a.intended and not (a.not_done or a.done or a.rejected or a.not_kept or a.again or (a.stored and not self.sees_first))

    @property
    def lost(self) -> bool:
        """The portal made a password that was kept nowhere."""
        a = self.attempt
        unread = a.done and not self.sees_first and not (a.stored or a.rejected or self.held)
        return (a.not_kept or unread) and not a.again and not self.held

    @property
    def vanished(self) -> bool:
        """The password was kept, and the keyring does not hold it any more."""
        a = self.attempt
        return a.stored and (a.done or not self.sees_first) and a.intended and not a.again and not self.held


def gather(events: Iterable[j.Event], slots: SlotsView, run: str, max_attempts: int = 5) -> Facts:
    """The facts of one rotation. Any order of events gives facts: a journal of a later version never stops a resume."""
    facts = Facts(run=run, slots=slots, max_attempts=max_attempts)
    for event in events:
        facts = _apply(facts, event)
    return facts


def _apply(facts: Facts, event: j.Event) -> Facts:
    match event:
        case j.RotationOpened():
            return replace(facts, targets=event.targets, rehearsal=event.rehearsal)
        case j.RouteChosen():
            return replace(facts, sees_first=event.sees_first)
        case j.GateGiven(gate="cible"):
            return replace(facts, gate=True)
        case j.TargetEntered():
            return replace(facts, entered=facts.entered | {event.target}, proof_refused=False)
        case j.ProofGiven():
            return replace(facts, proof=event.proof, proof_refused=False)
        case j.ProofRefused():
            return replace(facts, proof_refused=True)
        case j.PromotionIntended():
            return replace(facts, promoting=True)
        case j.PromotionDone():
            return replace(facts, promoted=True)
        case j.RotationClosed():
            return replace(facts, outcome=event.outcome)
        case j.RotationAbandoned():
            return replace(facts, outcome="abandoned")
    return _apply_attempt(facts, event)


_ATTEMPT_FACT: dict[type[j.Event], dict[str, bool]] = {
    j.ResetIntended: {"intended": True},
    j.ResetNotDone: {"not_done": True},
    j.ResetDone: {"done": True},
    j.CandidateRejected: {"rejected": True},
    j.PendingStored: {"stored": True, "not_kept": False},
    j.PasswordNotKept: {"not_kept": True},
    j.ResetAgainDecided: {"again": True},
}


def _apply_attempt(facts: Facts, event: j.Event) -> Facts:
    change: Mapping[str, bool | str] | None = _ATTEMPT_FACT.get(type(event))
    if isinstance(event, j.ApiAnswered):
        change = {"told": click(Verdict(event.pending), Verdict(event.current), event.settled)}
    if change is None:
        return facts
    number: int = event.attempt  # type: ignore[attr-defined]  # every event of _ATTEMPT_FACT has one
    changed = replace(facts.attempts.get(number, Attempt()), **change)  # type: ignore[arg-type]
    # A new password makes what was entered before it worthless: every target is to be entered anew.
    fresh = isinstance(event, j.ResetIntended)
    return replace(
        facts,
        attempts=facts.attempts | {number: changed},
        entered=frozenset() if fresh else facts.entered,
        proof="" if fresh else facts.proof,
        proof_refused=facts.proof_refused and not fresh,
    )


@dataclass(frozen=True)
class Row:
    """One row of the table. `code` is the exit code of a process that stops in this situation (design: exit codes)."""

    phase: str
    when: Callable[[Facts], bool]
    next: Next
    code: int
    portal: str
    keyring: str
    todo: str


OLD = "Le portail a toujours l'ancien mot de passe."
NEW = "Le portail a le nouveau mot de passe."
PERHAPS = "Nul ne peut dire si le portail a gardé l'ancien mot de passe ou en a fait un nouveau."
CHANGED = "L'ancien mot de passe n'est plus accepté (remplacé ou expiré), et nul ne connaît celui que le portail a maintenant."
NOT_YET = "L'API ne connaît pas encore de nouveau mot de passe, mais trop peu de temps a passé pour que cela prouve quelque chose."
UNSEEN = "Le portail a un nouveau mot de passe, que personne ne connaît : l'ancien ne fonctionne plus."
NONE_GOOD = "Aucun des mots de passe du trousseau n'est accepté."
AS_BEFORE = "Le trousseau garde ce qu'il avait : l'ancien mot de passe, et le nouveau si le portail l'avait déjà montré."
NONE_KEPT = "Le trousseau n'a pas de nouveau mot de passe ; l'ancien y est intact s'il s'y trouvait."
KEPT = "Le nouveau mot de passe est en sûreté dans le trousseau (emplacement « pending »)."
TURNED = "Le nouveau mot de passe est en sûreté dans le trousseau (emplacement « current »)."
RESUME = "Lancez « releve resume » (ou rouvrez le carnet) : la rotation reprend là où elle en est."
AGAIN = (
    "Décidez : « releve resume --reset-again » (ou le bouton du carnet) demande un nouveau mot de passe au portail, "
    "qui remplacera l'ancien de toute façon ; « releve abandon » ferme la rotation sans rien toucher."
)
LATER = (
    "Attendez la fin du délai de propagation (réglage « propagation_minutes »), puis lancez « releve resume » : l'API dira ce que le "
    "portail a fait. Si cela presse : « releve resume --reset-again » demande un nouveau mot de passe sans attendre."
)

# phase, condition, what comes next, exit code; what is then true of the portal and of the keyring; what the person does.
TABLE: tuple[Row, ...] = (
    Row("rehearsed", lambda f: f.outcome == "rehearsed", Next.NOTHING, 0, OLD, NONE_KEPT, "C'était une répétition : rien à reprendre."),
    Row("failed", lambda f: f.outcome == "failed", Next.NOTHING, 5, OLD, NONE_KEPT, "Vous pouvez recommencer sans risque."),
    Row("complete", lambda f: f.outcome != "", Next.NOTHING, 0, NEW, TURNED, "Tout est fait : il n'y a rien à reprendre."),
    Row("rehearsing", lambda f: f.rehearsal, Next.CONFIRM, 5, OLD, NONE_KEPT, "Rien n'a changé : relancez la répétition."),
    Row("promoted", lambda f: f.promoted, Next.CLOSE, 6, NEW, TURNED, RESUME),
    Row("vanished", lambda f: f.vanished, Next.DECIDE, 6, NEW, "Le nouveau mot de passe n'est plus dans le trousseau.", AGAIN),
    Row("promoting", lambda f: f.effective and f.promoting, Next.PROMOTE, 6, NEW, KEPT, RESUME),
    Row("proven", lambda f: f.effective and not f.left and f.proof != "", Next.PROMOTE, 6, NEW, KEPT, RESUME),
    Row("entered", lambda f: f.effective and not f.left, Next.PROVE, 6, NEW, KEPT, RESUME),
    Row("kept", lambda f: f.effective, Next.ENTER, 6, NEW, KEPT, RESUME),
    Row("not kept", lambda f: f.lost, Next.DECIDE, 6, UNSEEN, NONE_KEPT, AGAIN),
    Row("unknown, changed", lambda f: f.open_question and f.attempt.told == Click.CHANGED, Next.DECIDE, 6, CHANGED, NONE_GOOD, AGAIN),
    Row("unknown, too early", lambda f: f.open_question and f.attempt.told == Click.TOO_EARLY, Next.DECIDE, 6, NOT_YET, AS_BEFORE, LATER),
    Row("unknown, kept", lambda f: f.open_question and f.held, Next.DECIDE, 6, PERHAPS, KEPT, AGAIN),
    Row("unknown", lambda f: f.open_question, Next.DECIDE, 6, PERHAPS, NONE_KEPT, AGAIN),
    Row(
        "exhausted",
        lambda f: f.touched and f.rejections >= f.max_attempts and not f.attempt.again,
        Next.DECIDE,
        6,
        "Le portail a un nouveau mot de passe, mais il comporte un caractère interdit : il n'est pas utilisable.",
        NONE_KEPT,
        AGAIN,
    ),
    Row("again", lambda f: f.touched and f.attempt.again, Next.RESET, 6, PERHAPS, NONE_KEPT, RESUME),
    Row("unconfirmed", lambda f: not f.touched and not f.gate, Next.CONFIRM, 5, OLD, NONE_KEPT, RESUME),
    Row(
        "rejected",
        lambda f: f.touched,
        Next.RESET,
        6,
        "Le mot de passe du portail n'est pas utilisable tel quel : il faut lui en demander un autre.",
        NONE_KEPT,
        RESUME,
    ),
    Row("ready", lambda f: True, Next.RESET, 5, OLD, NONE_KEPT, RESUME),
)


@dataclass(frozen=True)
class Situation:
    """The row that holds, with the facts it was read from."""

    row: Row
    facts: Facts

    @property
    def phase(self) -> str:
        return self.row.phase

    @property
    def next(self) -> Next:
        return self.row.next

    @property
    def closed(self) -> bool:
        return self.facts.outcome != ""

    @property
    def truth(self) -> str:
        """What is true of the portal, the keyring and the targets: French sentences."""
        return f"{self.row.portal} {self.row.keyring} {self.targets}".strip()

    @property
    def targets(self) -> str:
        """What is true of the targets: one French sentence."""
        f = self.facts
        if not f.touched:
            return "Le logiciel comptable n'a pas changé."
        if not f.effective and not f.promoted:
            return "Aucun logiciel comptable n'a de mot de passe qui fonctionne."
        if f.left:
            return f"Il reste à l'entrer dans : {' ; '.join(target_name(target) for target in f.left)}."
        return "Le logiciel comptable l'a reçu." if f.targets else ""


def assess(facts: Facts) -> Situation:
    """The situation: the first row of `TABLE` that holds. Total: the last row always does.

    An abandoned rotation is read as it stood when it was abandoned, and nothing comes next.
    """
    if facts.outcome == "abandoned":
        row = assess(replace(facts, outcome="")).row
        return Situation(replace(row, next=Next.NOTHING, todo="La rotation est fermée : commencez-en une autre."), facts)
    return Situation(next(row for row in TABLE if row.when(facts)), facts)


def exit_code(situation: Situation, error: BaseException | None) -> int:
    """The exit code of a process that stops here on `error` (None: it has nothing left to do)."""
    if isinstance(error, ReleveError) and error.code in (2, 7):
        return error.code
    undecidable = situation.next is Next.DECIDE
    if isinstance(error, PersonNeeded) and not undecidable:
        return PersonNeeded.code
    return situation.row.code


PORTAL_PENDING = (Next.CONFIRM, Next.RESET)


def portal_needed(situation: Situation) -> bool:
    """Whether the portal's screens must be gone through: only while a reset is still to be made."""
    return situation.next in PORTAL_PENDING
