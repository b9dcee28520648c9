"""The decision: every prefix of every legal history, every filling of the slots, and any order of
events at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from releve.base.errors import PersonNeeded, ReleveError, UsageError
from releve.decision import events as ev
from releve.decision import state
from releve.decision.facts import SlotsView, gather
from releve.decision.state import Next, Situation, assess, exit_code
from releve.portal.errors import Maintenance

EMPTY = SlotsView()
RUN, TARGETS = "run", ("school:21990001600011", "command:21990001600011")


@dataclass(frozen=True)
class Moment:
    """A journal and the slots as a process may leave them, with what a reader of the document would
    do next.
    """

    events: tuple[ev.Event, ...] = ()
    slots: SlotsView = EMPTY
    next: Next = Next.CONFIRM
    touched: bool = False

    def then(
        self,
        change: ev.Event | dict[str, str | None],
        next: Next | None = None,
        touched: bool | None = None,
    ) -> Moment:
        """One more event, or one slot changed."""
        events, slots = self.events, self.slots
        if isinstance(change, ev.Event):
            events = (*events, change)
        else:
            slots = replace(slots, **change)
        return Moment(
            events,
            slots,
            self.next if next is None else next,
            self.touched if touched is None else touched,
        )

    def situation(self, slots: SlotsView | str | None = "") -> Situation:
        return assess(
            gather(self.events, self.slots if slots == "" else slots, RUN, max_attempts=3)
        )  # type: ignore[arg-type]


def opening(sees_first: bool) -> list[Moment]:
    """From nothing to the confirmed target."""
    one = Moment().then(ev.RotationOpened("21990001600011", "Commune", "TECH", "auto", TARGETS))
    two = one.then(ev.RunStarted("poste", 1, False))
    three = two.then(ev.RouteChosen("auto", sees_first))
    return [Moment(), one, two, three, three.then(ev.GateGiven("cible", "--yes"), Next.RESET)]


def ending(start: Moment, number: int, by_hand: bool = False) -> list[Moment]:
    """From a known password to the closing."""
    path = [start]
    for at, target in enumerate(TARGETS):
        path.append(path[-1].then(ev.TargetIntended(target)))
        path.append(
            path[-1].then(
                ev.TargetEntered(target, "automatic"), Next.ENTER if at == 0 else Next.PROVE
            )
        )
    path.append(path[-1].then(ev.ProofGiven("none"), Next.CLOSE if by_hand else Next.PROMOTE))
    if not by_hand:
        path.append(path[-1].then(ev.PromotionIntended()))
        path.append(path[-1].then({"current": f"{RUN}/{number}"}))
        path.append(path[-1].then({"pending": None}))
        path.append(path[-1].then(ev.PromotionDone(), Next.CLOSE))
    path.append(path[-1].then(ev.RotationClosed("succeeded"), Next.NOTHING))
    return path


def reset(start: Moment, number: int, left: int) -> Iterator[list[Moment]]:
    """Every way in which a click of the documented route ends, and what follows."""
    click = start.then(ev.ResetIntended(number), Next.DECIDE, True)
    again = [ev.ResetAgainDecided(number, "--reset-again")]
    kept = click.then({"pending": f"{RUN}/{number}"}, Next.ENTER)
    yield [click, kept, *ending(kept.then(ev.PendingStored(number)), number)]
    yield [
        click,
        *ending(
            click.then(ev.PasswordByHand(number, "KeyringLocked"), Next.ENTER), number, by_hand=True
        ),
    ]
    for silence in (
        [],
        [ev.ResetUnknown(number, "coupure")],
        [ev.ResetDone(number)],
        [ev.PasswordNotKept(number, "KeyringLocked")],
    ):
        asked = click.then(silence[0]) if silence else click
        yield from _after([click, asked], asked.then(again[0], Next.RESET), number, left)
    yield from _after(
        [click],
        click.then(ev.ResetNotDone(number, "refusé"), start.next, start.touched),
        number,
        left,
    )
    exhausted = sum(isinstance(event, ev.CandidateRejected) for event in start.events) + 1 >= 3
    dropped = click.then(
        ev.CandidateRejected(number, "/"), Next.DECIDE if exhausted else Next.RESET
    )
    if exhausted:
        yield from _after([click, dropped], dropped.then(again[0], Next.RESET), number, left)
    else:
        yield from _after([click], dropped, number, left)


def seen_first(start: Moment, number: int, left: int) -> Iterator[list[Moment]]:
    """Every way in which a candidate of the newer route ends."""
    asked = start.then(ev.CandidateAsked(number))
    if not start.touched:
        exhausted = sum(isinstance(event, ev.CandidateRejected) for event in start.events) + 1 >= 3
        dropped = asked.then(
            ev.CandidateRejected(number, "/"), Next.DECIDE if exhausted else Next.RESET
        )
        yield from _after([asked], dropped, number, 0 if exhausted else left)
    kept = asked.then({"pending": f"{RUN}/{number}"})
    stored = kept.then(ev.PendingStored(number))
    click = stored.then(ev.ResetIntended(number), Next.DECIDE, True)
    yield [
        asked,
        kept,
        stored,
        click,
        *ending(click.then(ev.ResetDone(number), Next.ENTER), number),
    ]
    unknown = click.then(ev.ResetUnknown(number, "coupure"))
    yield from _after(
        [asked, kept, stored, click, unknown],
        unknown.then(ev.ResetAgainDecided(number, "widget"), Next.RESET),
        number,
        left,
    )
    refused = click.then(ev.ResetNotDone(number, "refusé"), start.next, start.touched)
    yield from _after([asked, kept, stored, click], refused, number, left)


def _after(path: list[Moment], last: Moment, number: int, left: int) -> Iterator[list[Moment]]:
    if left == 0:
        yield [*path, last]
        return
    ways = seen_first if last.situation().facts.sees_first else reset
    for rest in ways(last, number + 1, left - 1):
        yield [*path, last, *rest]


def histories(sees_first: bool) -> Iterator[list[Moment]]:
    """Every legal history of up to three attempts, as the moments at which a process may die."""
    begin = opening(sees_first)
    for rest in (seen_first if sees_first else reset)(begin[-1], 1, 2):
        yield [*begin, *rest]


def all_moments(sees_first: bool) -> list[Moment]:
    """Each moment of each history, once."""
    return list(
        {repr(moment): moment for path in histories(sees_first) for moment in path}.values()
    )


@pytest.mark.parametrize("sees_first", [False, True])
def test_every_prefix_of_every_legal_history(sees_first: bool) -> None:
    """What comes next, the exit code and the closing agree with the document, wherever a process
    dies.
    """
    moments = all_moments(sees_first)
    assert len(moments) > (900 if not sees_first else 200)
    for moment in moments:
        found = moment.situation()
        assert moment.next == found.next, (moment, found.phase)
        closed = isinstance(moment.events[-1] if moment.events else None, ev.RotationClosed)
        shown = any(isinstance(event, ev.CandidateAsked) for event in moment.events)
        code = 0 if closed else 6 if moment.touched or (shown and found.facts.gate) else 5
        assert code == exit_code(found, Maintenance(screen="x")), (moment, found.phase)
        check(found)


@pytest.mark.parametrize("sees_first", [False, True])
def test_every_filling_of_the_slots(sees_first: bool) -> None:
    """A slot that was emptied, filled by another run, or a keyring that is silent: never a needless
    click, never a false safety.
    """
    writers = [None, f"{RUN}/1", f"{RUN}/2", "other/1"]
    moments = all_moments(sees_first)
    sample = moments[::7]
    for moment, pending, current in product(sample, writers, writers):
        check(moment.situation(SlotsView(pending, current)))
    for moment in sample:
        check(moment.situation(None))


def check(found: Situation) -> None:
    """What must hold of any situation whatever."""
    f, known = found.facts, found.facts.slots is not None
    open_ = not found.closed and f.outcome == ""
    if open_ and f.effective:
        assert found.next is not Next.RESET, found.phase
        assert found.next is not Next.DECIDE, found.phase
    if open_ and f.touched and f.unknown:
        assert Next.DECIDE is found.next, found.phase
    if found.next is Next.PROMOTE:
        assert not f.left and f.held, found.phase
    if found.next is Next.ENTER:
        assert f.left, found.phase
    if open_ and f.touched:
        assert 6 == found.row.code, found.phase
    if known and found.row.keyring in (state.KEPT, state.TURNED, state.TURNING) and open_:
        assert f.held, found.phase
    if open_ and found.row.portal == state.OLD:
        assert not f.touched, found.phase
    if open_ and found.row.portal == state.NEW:
        assert f.touched and (f.effective or f.vanished), found.phase
    for text in (found.portal, found.keyring, found.targets, found.todo, found.truth):
        assert "{" not in text and "  " not in text and text == text.strip()
    if not known and f.touched and open_:
        assert state.UNASKED == found.keyring
        assert "releve resume" in found.todo
    if found.next is not Next.NOTHING:
        assert found.todo.endswith("."), found.phase


EVENTS: list[ev.Event] = [
    ev.RotationOpened("21990001600011", "Commune", "TECH", "auto", TARGETS), ev.RunStarted("poste", 1, False),
    ev.RunStarted("autre", 2, True), ev.RouteChosen("gestionnaire", False), ev.RouteChosen("raccordements", True),
    ev.GateGiven("cible", "--yes"), ev.TargetIntended(TARGETS[0]), *(ev.TargetEntered(target, "automatic") for target in TARGETS),
    ev.ProofGiven("none"), ev.ProofGiven("api"), ev.ProofRefused("non"), ev.PromotionIntended(), ev.PromotionDone(),
    ev.RunStopped(6), ev.RotationAdopted("x", TARGETS), ev.Unknown("later.event", {}), ev.TornLineCut(3),
    *(kind(number) for kind in (ev.ResetIntended, ev.ResetDone, ev.PendingStored, ev.CandidateAsked) for number in (1, 2, 3)),
    *(kind(number, "x") for number in (1, 2, 3) for kind in
      (ev.ResetNotDone, ev.ResetUnknown, ev.ResetAgainDecided, ev.CandidateRejected, ev.PasswordNotKept, ev.PasswordByHand)),
]  # fmt: skip
WRITER = st.sampled_from([None, "run/1", "run/2", "run/3", "other/1", "BY_HAND"])


@settings(max_examples=1500, deadline=None)
@given(
    st.lists(st.sampled_from(EVENTS), max_size=25),
    st.none() | st.builds(SlotsView, WRITER, WRITER, WRITER),
)
def test_any_order_of_events_gives_a_sound_situation(
    events: list[ev.Event], slots: SlotsView | None
) -> None:
    """A journal written by a later version, or in an order nobody foresaw, never leads to a blind
    click or a false safety.
    """
    check(assess(gather(events, slots, RUN, max_attempts=2, here="poste")))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(EVENTS), max_size=15))
def test_a_closed_rotation_asks_for_nothing(events: list[ev.Event]) -> None:
    """Closed or abandoned, whatever came before: nothing comes next."""
    for end in (
        ev.RotationClosed("succeeded"),
        ev.RotationClosed("failed"),
        ev.RotationAbandoned("r", "p", "k", "t"),
    ):
        assert Next.NOTHING is assess(gather([*events, end], SlotsView(), RUN)).next


def one_of_each_row() -> dict[str, Moment]:
    """For every row of the table that can be reached, a journal and slots that reach it."""
    opened = EVENTS[0]
    click = (opened, ev.ResetIntended(1))
    beyond: tuple[tuple[ev.Event, ...], ...] = (
        (replace(opened, rehearsal=True),), (opened, ev.RotationClosed("rehearsed")), (opened, ev.RotationClosed("failed")),  # type: ignore[type-var]
        (*click, ev.PendingStored(1)), (*click, ev.PendingStored(1), *(ev.TargetEntered(t, "manual") for t in TARGETS)),
        (*click, ev.ApiAnswered(1, "empty", "refused", True)), (*click, ev.ApiAnswered(1, "empty", "accepted", False)),
        (opened, ev.RouteChosen("r", True), ev.CandidateRejected(1, "/", True)),
        (*click, ev.CandidateRejected(1, "/", True)), (*click, ev.ResetDone(1), ev.PasswordUnread(1, 1)),
        (*click, ev.ResetUnknown(1, ""), ev.PasswordUnread(1, 1)),
        (*click, ev.RotationAdopted("x", TARGETS), ev.ResetAgainDecided(1, "x")),
        (ev.RouteChosen("r", True), *click, ev.ResetAgainDecided(1, "x"), *(ev.CandidateRejected(n, "/") for n in (2, 3, 4))),
    )  # fmt: skip
    moments = [
        moment for first in (False, True) for path in histories(first) for moment in path
    ] + [Moment(events) for events in beyond]
    return {moment.situation().phase: moment for moment in reversed(moments)}


def test_every_row_can_be_reached() -> None:
    """No row of the table is dead."""
    assert set() == {row.phase for row in state.TABLE} - one_of_each_row().keys()


def test_exit_codes() -> None:
    """A person who is awaited is 4 unless a decision is; a bad setting is 2 only while nothing can
    have changed; evidence is 7.
    """
    before, after = (
        Moment().situation(),
        Moment((ev.ResetIntended(1),), SlotsView(f"{RUN}/1")).situation(),
    )
    undecided = Moment((ev.ResetIntended(1),)).situation()

    class Evidence(ReleveError):
        code = 7

    assert [5, 4, 2, 7] == [
        exit_code(before, error)
        for error in (ReleveError(), PersonNeeded(), UsageError(), Evidence())
    ]
    assert [6, 4, 6, 7] == [
        exit_code(after, error)
        for error in (ReleveError(), PersonNeeded(), UsageError(), Evidence())
    ]
    assert [6, 6, 6, 7] == [
        exit_code(undecided, error)
        for error in (ReleveError(), PersonNeeded(), UsageError(), Evidence())
    ]


def test_another_machine_is_named() -> None:
    """The password may be in the keyring of the machine that clicked: that is where to resume
    first.
    """
    events = [
        EVENTS[0],
        ev.RunStarted("poste-a", 1, False),
        ev.ResetIntended(1),
        ev.PendingStored(1),
        ev.RunStarted("poste-b", 2, False),
    ]
    there, here = (
        assess(gather(events, SlotsView(), RUN, here=name)) for name in ("poste-b", "poste-a")
    )
    assert "poste-a" in there.todo
    assert "poste-a" not in here.todo


def test_an_abandoned_rotation_is_told_as_it_stood() -> None:
    """The truth of before, and nothing to resume."""
    found = assess(
        gather([ev.ResetIntended(1), ev.RotationAbandoned("r", "p", "k", "t")], SlotsView(), RUN)
    )
    assert (state.PERHAPS, Next.NOTHING) == (found.portal, found.next)
    assert "resume" not in found.todo
