"""What is true, what is safe, what comes next: a pure function of the events and of which slots
hold something.

`TABLE` is the whole decision: the first row whose condition holds is the situation. The open
rotations whose reset was announced are read from their end back to the click. Nothing here touches
the portal, the keyring or the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from releve.base.errors import PersonNeeded, ReleveError
from releve.decision.facts import Facts as Facts
from releve.decision.facts import SlotsView as SlotsView
from releve.decision.facts import gather as gather
from releve.decision.procedure import target_name
from releve.decision.reconcile import Click


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
class Row:
    """One row of the table. `code` is the exit code of a process that stops in this situation
    (design: exit codes).
    """

    phase: str
    when: Callable[[Facts], bool]
    next: Next
    code: int
    portal: str
    keyring: str
    todo: str


OLD = "Le portail a toujours l'ancien mot de passe."
NEW = "Le portail a le nouveau mot de passe."
DISPLAYED = (
    "Le portail a affiché un mot de passe qui n'a pas été soumis : d'après sa documentation,"
    " l'ancien fonctionne toujours, mais Relève n'a pas pu le vérifier."
)
PERHAPS = "Nul ne peut dire si le portail a gardé l'ancien mot de passe ou en a fait un nouveau."
CHANGED = (
    "L'ancien mot de passe n'est plus accepté (remplacé ou expiré), et nul ne connaît celui que le"
    " portail a maintenant."
)
NOT_YET = (
    "L'API ne connaît pas encore de nouveau mot de passe, mais trop peu de temps a passé pour que"
    " cela prouve quelque chose."
)
UNSEEN = (
    "Le portail a un nouveau mot de passe, que personne ne connaît : l'ancien ne fonctionne plus."
)
SHOWN = (
    "Le portail a un nouveau mot de passe et l'a montré, mais Relève n'a pas su le reconnaître à"
    " l'écran."
)
ON_ITS_PAGE = "Le coffre garde tout ce que l'écran montrait : le mot de passe s'y trouve."
POINT = (
    "Ouvrez Relève (« releve lab », « Reprendre ») : il vous montre ce qui a été gardé, et vous y"
    " désignez le mot de passe. Rien n'est à redemander au portail."
)
IF_ON_ITS_PAGE = (
    "Le coffre garde tout ce que l'écran montrait après le clic : si un nouveau mot de passe y"
    " était, il s'y trouve."
)
LOOK_FIRST = (
    "Ouvrez Relève (« releve lab », « Reprendre ») : il vous montre ce qui a été gardé, et vous y"
    " désignez le mot de passe. N'en demandez un autre au portail (« releve resume --reset-again »)"
    " que s'il n'y est pas."
)
NONE_GOOD = "Aucun des mots de passe du coffre n'est accepté."
AS_BEFORE = (
    "Le coffre garde l'ancien mot de passe, s'il l'avait, et le dernier que le portail a"
    " proposé, s'il en a proposé un."
)
FORBIDDEN = (
    "Le portail a un nouveau mot de passe, mais il comporte un caractère interdit : il n'est pas"
    " utilisable."
)
UNUSABLE = (
    "Le mot de passe du portail n'est pas utilisable tel quel : il faut lui en demander un autre."
)
DECIDED = (
    "Personne ne connaît avec certitude le mot de passe que le portail a maintenant ; il a été"
    " décidé de lui en demander un autre."
)
UNTOUCHED = "Le coffre n'a pas changé."
NONE_KEPT = (
    "Le coffre de ce poste n'a pas de nouveau mot de passe ; s'il avait l'ancien, il l'a toujours."
)
CANDIDATE = (
    "Le coffre garde un mot de passe proposé par le portail, mais qui n'y a pas été validé : il"
    " sera remplacé."
)
ASKED = (
    "Le coffre garde le mot de passe proposé, en attente : c'est le bon si la demande est"
    " arrivée au portail."
)
TURNING = "Le nouveau mot de passe est en sûreté dans le coffre."
KEPT = "Le nouveau mot de passe est en sûreté dans le coffre, en attente d'être mis en service."
TURNED = "Le nouveau mot de passe est en sûreté dans le coffre, en service."
GONE = "Le coffre de ce poste n'a pas, ou n'a plus, le nouveau mot de passe."
HAND = (
    "Le coffre n'a pas le nouveau mot de passe : l'opérateur l'a recopié à la main, il est seul"
    " à l'avoir."
)
UNASKED = (
    "Le coffre ne répond pas en ce moment : ce qu'il gardait y est encore, mais Relève ne peut"
    " pas le vérifier."
)
RESUME = (
    "Lancez « releve resume » (ou rouvrez le carnet) : le renouvellement reprend là où il en est."
)
RESUME_YES = RESUME.replace("resume", "resume --yes")
UNLOCK = (
    "Ouvrez ou déverrouillez le coffre, puis lancez « releve resume » : le renouvellement"
    " reprend là où il en est."
)
AGAIN = (
    "À vous de décider. Pour demander un autre mot de passe au portail, qui remplacera celui qu'il"
    " a, quel qu'il soit : « releve resume --reset-again », ou le bouton du carnet. Si le portail"
    " est fermé, attendez : rien ne sera perdu. Pour fermer la rotation sans rien toucher : «"
    " releve abandon SIRET --reason MOTIF »."
)
LATER = (
    "Attendez la fin du délai de propagation (réglage « propagation_minutes »), puis lancez «"
    " releve resume » : l'API dira ce que le portail a fait. Si cela presse : « releve resume"
    " --reset-again » demande un nouveau mot de passe sans attendre."
)
SUBMIT = (
    "Attendez un moment, fermez cette rotation avec « releve abandon », puis recommencez : le"
    " portail proposera peut-être un autre mot de passe. Ou décidez : « releve resume --reset-again"
    " » (ou le bouton du carnet) soumet celui-ci, puis en demande aussitôt un autre."
)
SEE = (
    "Regardez sur le portail (« Historique de mes actions ») si la réinitialisation a eu lieu, et"
    " dites-le dans le carnet (« releve lab », « Reprendre ») : le mot de passe gardé servira, ou"
    f" la demande sera refaite. Sinon : {AGAIN[0].lower()}{AGAIN[1:]}"
)
BY_HAND = (
    "Gardez ce mot de passe sous la main et rouvrez le carnet (« releve lab ») : il vous guide pour"
    " l'entrer là où il manque."
)
AT_RISK = "D'ici là, ses échanges avec Chorus Pro peuvent échouer."
CLOSED = "La rotation est fermée : commencez-en une autre."
NOTHING_LEFT = "Tout est fait : il n'y a rien à reprendre."
TO_STORE = (
    f"{NOTHING_LEFT} Si vous avez ce mot de passe, « releve credentials store --current SIRET » le"
    " range dans le coffre."
)

# Phase and condition; then what comes next, the exit code, what is true of the portal and of the
# keyring, and what the person does.
TABLE: tuple[Row, ...] = (
    # Closed.
    Row("rehearsed", lambda f: f.outcome == "rehearsed",
        Next.NOTHING, 0, OLD, UNTOUCHED, "C'était une répétition : rien à reprendre."),
    Row("failed", lambda f: f.outcome == "failed",
        Next.NOTHING, 5, OLD, NONE_KEPT, "Vous pouvez recommencer sans risque."),
    Row("complete", lambda f: f.outcome != "" and f.promoted,
        Next.NOTHING, 0, NEW, TURNED, NOTHING_LEFT),
    Row("complete, not in the keyring", lambda f: f.outcome != "",
        Next.NOTHING, 0, NEW, GONE, TO_STORE),
    # Open, and nothing can have changed on the portal.
    Row("rehearsing", lambda f: f.rehearsal and not f.touched,
        Next.CONFIRM, 5, OLD, UNTOUCHED, "Relancez la répétition."),
    Row("same again", lambda f: not f.touched and f.stuck,
        Next.DECIDE, 4, DISPLAYED, UNTOUCHED, SUBMIT),
    Row("refused too often", lambda f: not f.touched and f.exhausted,
        Next.DECIDE, 6, DISPLAYED, UNTOUCHED, AGAIN),
    Row("unconfirmed", lambda f: not f.touched and not f.gate,
        Next.CONFIRM, 5, OLD, UNTOUCHED, RESUME_YES),
    Row("candidate", lambda f: not f.touched and f.proposed,
        Next.RESET, 6, DISPLAYED, CANDIDATE, RESUME),
    Row("displayed", lambda f: not f.touched and f.displayed,
        Next.RESET, 6, DISPLAYED, UNTOUCHED, RESUME),
    Row("ready", lambda f: not f.touched,
        Next.RESET, 5, OLD, UNTOUCHED, RESUME),
    # A reset was announced: from the end of the rotation back to the click.
    Row("refused again", lambda f: f.attempt.again and f.exhausted,
        Next.DECIDE, 6, DECIDED, AS_BEFORE, AGAIN),
    # adopted: whoever decides here confirms the target here
    Row("again, unconfirmed", lambda f: f.attempt.again and not f.gate,
        Next.CONFIRM, 6, DECIDED, AS_BEFORE, RESUME_YES),
    Row("again", lambda f: f.attempt.again,
        Next.RESET, 6, DECIDED, AS_BEFORE, RESUME),
    Row("promoted", lambda f: f.held and f.effective and f.promoted,
        Next.CLOSE, 6, NEW, TURNED, RESUME),
    Row("by hand, proven", lambda f: f.by_hand and not f.left and f.proof != "",
        Next.CLOSE, 6, NEW, HAND, RESUME),
    Row("by hand, entered", lambda f: f.by_hand and not f.left,
        Next.PROVE, 6, NEW, HAND, RESUME),
    Row("by hand", lambda f: f.by_hand,
        Next.ENTER, 6, NEW, HAND, BY_HAND),
    Row("promoting", lambda f: f.effective and not f.left and f.promoting,
        Next.PROMOTE, 6, NEW, TURNING, RESUME),
    Row("proven", lambda f: f.effective and not f.left and f.proof != "",
        Next.PROMOTE, 6, NEW, KEPT, RESUME),
    Row("entered", lambda f: f.effective and not f.left,
        Next.PROVE, 6, NEW, KEPT, RESUME),
    Row("kept", lambda f: f.effective,
        Next.ENTER, 6, NEW, KEPT, RESUME),
    Row("vanished, entered", lambda f: f.vanished and not f.left,
        Next.CLOSE, 6, NEW, GONE, RESUME),
    Row("vanished", lambda f: f.vanished,
        Next.DECIDE, 6, NEW, GONE, AGAIN),
    Row("unread", lambda f: f.unread,
        Next.DECIDE, 6, SHOWN, ON_ITS_PAGE, POINT),
    Row("not kept", lambda f: f.lost,
        Next.DECIDE, 6, UNSEEN, NONE_KEPT, AGAIN),
    Row("exhausted", lambda f: f.rejected and f.exhausted,
        Next.DECIDE, 6, FORBIDDEN, NONE_KEPT, AGAIN),
    Row("rejected, same again", lambda f: f.rejected and f.stuck,
        Next.DECIDE, 6, UNUSABLE, NONE_KEPT, SUBMIT),
    Row("rejected", lambda f: f.rejected,
        Next.RESET, 6, UNUSABLE, NONE_KEPT, RESUME),
    Row("unknown, unread", lambda f: f.attempt.unread and f.attempt.told != Click.TOO_EARLY,
        Next.DECIDE, 6, PERHAPS, IF_ON_ITS_PAGE, LOOK_FIRST),
    Row("unknown, changed", lambda f: f.attempt.told == Click.CHANGED,
        Next.DECIDE, 6, CHANGED, NONE_GOOD, AGAIN),
    Row("unknown, too early", lambda f: f.attempt.told == Click.TOO_EARLY,
        Next.DECIDE, 6, NOT_YET, AS_BEFORE, LATER),
    Row("unknown, kept", lambda f: f.held,
        Next.DECIDE, 6, PERHAPS, ASKED, SEE),
    Row("unknown", lambda f: True,
        Next.DECIDE, 6, PERHAPS, NONE_KEPT, AGAIN),
)  # fmt: skip


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
        return f"{self.portal} {self.keyring} {self.targets}".strip()

    @property
    def portal(self) -> str:
        """What is true of the portal: one French sentence."""
        return self.row.portal

    @property
    def keyring(self) -> str:
        """What is true of the keyring: one French sentence."""
        if self.row.keyring == KEPT and self.facts.turned:
            return TURNED
        unasked = self.facts.slots is None and self.facts.touched and not self.closed
        return UNASKED if unasked else self.row.keyring

    @property
    def targets(self) -> str:
        """What is true of the targets: French sentences."""
        f = self.facts
        if not f.touched:
            return "Le logiciel comptable n'a pas changé."
        if not f.targets:
            return ""
        if not f.left:
            return "Le logiciel comptable l'a reçu."
        if not f.effective:
            return f"Le logiciel comptable n'a pas de nouveau mot de passe. {AT_RISK}"
        return f"{self._entered}Il reste à l'entrer dans : {_named(f.left)}. {AT_RISK}"

    @property
    def _entered(self) -> str:
        f = self.facts
        entered = [target for target in f.targets if target in f.entered]
        begun = [target for target in f.left if target in f.begun]
        told = f"Il est entré dans : {_named(entered)}. " if entered else ""
        if begun:
            again = "la refaire est sans risque. "
            told += f"La saisie avait commencé dans : {_named(begun)} ; {again}"
        return told

    @property
    def todo(self) -> str:
        """What the person does: French sentences."""
        f = self.facts
        if self.closed:
            return self.row.todo
        if f.slots is None and f.touched:
            return UNLOCK
        elsewhere = self.next is Next.DECIDE and f.here and f.clicked_on not in ("", f.here)
        first = (
            f"Le coffre du poste « {f.clicked_on} » a peut-être ce mot de passe : lancez-y"
            " d'abord « releve resume ». "
        )
        return (first if elsewhere else "") + self.row.todo


def _named(targets: Iterable[str]) -> str:
    return " ; ".join(target_name(target) for target in targets)


def assess(facts: Facts) -> Situation:
    """The situation: the first row of `TABLE` that holds. Total: the last row always does.

    An abandoned rotation is read as it stood when it was abandoned, and nothing comes next.
    """
    if facts.outcome == "abandoned":
        row, todo = assess(replace(facts, outcome="")).row, CLOSED
        return Situation(replace(row, next=Next.NOTHING, todo=todo), facts)
    return Situation(next(row for row in TABLE if row.when(facts)), facts)


def exit_code(situation: Situation, error: BaseException | None) -> int:
    """The exit code of a process that stops here on `error` (None: it has nothing left to do)."""
    code = error.code if isinstance(error, ReleveError) else 0
    if code == 7 or (code == 2 and not situation.facts.touched):
        return code
    if isinstance(error, PersonNeeded) and situation.next is not Next.DECIDE:
        return PersonNeeded.code
    return situation.row.code


PORTAL_PENDING = (Next.CONFIRM, Next.RESET)


def portal_needed(situation: Situation) -> bool:
    """Whether the portal's screens must be gone through: only while a reset is still to be made."""
    return situation.next in PORTAL_PENDING
