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
from releve.base.texts import table, text
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


OLD = text("state.portal.old")
NEW = text("state.portal.new")
DISPLAYED = text("state.portal.displayed")
PERHAPS = text("state.portal.perhaps")
CHANGED = text("state.portal.changed")
NOT_YET = text("state.portal.not-yet")
UNSEEN = text("state.portal.unseen")
SHOWN = text("state.portal.shown")
ON_ITS_PAGE = text("state.vault.on-its-page")
POINT = text("state.todo.point")
IF_ON_ITS_PAGE = text("state.vault.if-on-its-page")
LOOK_FIRST = text("state.todo.look-first")
NONE_GOOD = text("state.vault.none-good")
AS_BEFORE = text("state.vault.as-before")
FORBIDDEN = text("state.portal.forbidden")
UNUSABLE = text("state.portal.unusable")
DECIDED = text("state.portal.decided")
UNTOUCHED = text("state.vault.untouched")
NONE_KEPT = text("state.vault.none-kept")
CANDIDATE = text("state.vault.candidate")
ASKED = text("state.vault.asked")
TURNING = text("state.vault.turning")
KEPT = text("state.vault.kept")
TURNED = text("state.vault.turned")
GONE = text("state.vault.gone")
HAND = text("state.vault.hand")
UNASKED = text("state.vault.unasked")
RESUME = text("state.todo.resume")
RESUME_YES = text("state.todo.resume-yes")
UNLOCK = text("state.todo.unlock")
AGAIN = text("state.todo.again")
LATER = text("state.todo.later")
SUBMIT = text("state.todo.submit")
SEE = text("state.todo.see")
BY_HAND = text("state.todo.by-hand")
CLOSED = text("state.todo.closed")
NOTHING_LEFT = text("state.todo.nothing-left")
TO_STORE = text("state.todo.to-store")

# What names a command is said otherwise to who has a button in front of her.
HERE = {
    told: here
    for name, told in table().items()
    if name.startswith("state.todo.") and (here := table().get(name.replace("todo", "here")))
}

# Phase and condition; then what comes next, the exit code, what is true of the portal and of the
# keyring, and what the person does.
TABLE: tuple[Row, ...] = (
    # Closed.
    Row("rehearsed", lambda f: f.outcome == "rehearsed",
        Next.NOTHING, 0, OLD, UNTOUCHED, text("state.todo.rehearsed")),
    Row("failed", lambda f: f.outcome == "failed",
        Next.NOTHING, 5, OLD, NONE_KEPT, text("state.todo.start-again")),
    Row("complete", lambda f: f.outcome != "" and f.promoted,
        Next.NOTHING, 0, NEW, TURNED, NOTHING_LEFT),
    Row("complete, not in the keyring", lambda f: f.outcome != "",
        Next.NOTHING, 0, NEW, GONE, TO_STORE),
    # Open, and nothing can have changed on the portal.
    Row("rehearsing", lambda f: f.rehearsal and not f.touched,
        Next.CONFIRM, 5, OLD, UNTOUCHED, text("state.todo.rehearse")),
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
            return text("state.programs.untouched")
        if not f.targets:
            return ""
        if not f.left:
            return text("state.programs.all")
        if not f.effective:
            return text("state.programs.none")
        entered = [target for target in f.targets if target in f.entered]
        begun = [target for target in f.left if target in f.begun]
        told = [
            text("state.programs.entered", names=_named(entered)) if entered else "",
            text("state.programs.begun", names=_named(begun)) if begun else "",
            text("state.programs.left", names=_named(f.left)),
        ]
        return " ".join(filter(None, told))

    @property
    def todo(self) -> str:
        """What the person does: French sentences."""
        return self._told("state.todo.elsewhere", self._todo)

    @property
    def here(self) -> str:
        """The same for who has a button in front of her: a text for `ReleveError.place`."""
        return self._told("state.here.elsewhere", HERE.get(self._todo, self._todo))

    @property
    def _todo(self) -> str:
        waits = self.facts.slots is None and self.facts.touched and not self.closed
        return UNLOCK if waits else self.row.todo

    def _told(self, elsewhere: str, todo: str) -> str:
        f = self.facts
        there = self.next is Next.DECIDE and f.here and f.clicked_on not in ("", f.here)
        if not there or self.closed or self._todo == UNLOCK:
            return todo
        return text(elsewhere, host=f.clicked_on, todo=todo)


def _named(targets: Iterable[str]) -> str:
    return " ; ".join(map(target_name, targets))


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
