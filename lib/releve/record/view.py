"""What a journal tells, as codes and facts; the words for them are the page's."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any, TypeVar

from releve.decision import events as ev
from releve.decision.procedure import Step, steps
from releve.record.comparison import sameness
from releve.record.picture import is_picture

E = TypeVar("E", bound=ev.Event)


@dataclass(frozen=True)
class Line:
    """A journal line with its time in the reader's zone; `details` are the event's own fields that
    hold something.
    """

    when: datetime
    entry: ev.Entry
    details: dict[str, Any]


@dataclass(frozen=True)
class Passage:
    """One time that a step was done (`mode` "automatic", "manual", "skipped") or stopped
    ("failed").

    `capture` is the picture's name, `picture` its data URI, or "" when the folder has no such
    picture.
    """

    when: datetime
    mode: str
    result: str
    seconds: float
    capture: str
    picture: str


@dataclass(frozen=True)
class StepView:
    """A documented screen and what happened there; no passage: it was not reached. The last one is
    the step's state.
    """

    step: Step
    passages: tuple[Passage, ...]


@dataclass(frozen=True)
class TargetView:
    """A target; `state` is "entered", "begun" (announced, not confirmed) or "none", for the
    password that counts.
    """

    name: str
    state: str
    mode: str
    when: datetime | None


@dataclass(frozen=True)
class Problem:
    """Something that stopped or was refused; `name` is the error's class or the event's kind,
    `text` is French.
    """

    when: datetime
    step: str
    name: str
    text: str


@dataclass(frozen=True)
class RecordView:
    """What the page shows. Times are aware, in the reader's zone.

    `outcome`: "succeeded", "rehearsed", "failed", "abandoned" or "interrupted". `resets`: for each
    announced reset its attempt and "done", "rejected" (done, and the password unusable), "not_done"
    or "unknown". `portal`: "old", "new", "rejected", "unknown" or "displayed" (seen, not
    submitted). `keyring`: "none", "pending", "turning" or "current"; `stored` is the attempt whose
    password it holds. `sameness`: see `comparison.sameness`.
    """

    opened: ev.RotationOpened
    route: str  # the one that was taken, or that of the settings as long as none was
    lines: tuple[Line, ...]
    outcome: str
    abandoned: ev.RotationAbandoned | None
    proof: Line | None
    next_due: date | str
    actors: tuple[str, ...]
    runs: tuple[str, ...]
    hosts: tuple[str, ...]
    steps: tuple[StepView, ...]
    resets: tuple[tuple[int, str], ...]
    rejected: tuple[Line, ...]
    gates: tuple[Line, ...]
    targets: tuple[TargetView, ...]
    problems: tuple[Problem, ...]
    portal: str
    keyring: str
    stored: int
    sameness: dict[str, Any]
    versions: dict[str, str]


def view(
    entries: Sequence[ev.Entry], captures: Mapping[str, bytes], zone: tzinfo | None = None
) -> RecordView:
    """What `entries` tell; `captures` are PNG files by name; `zone` is the reader's, by default
    this machine's.

    A journal with no opening gives a page that says so by its empty names. Raises ValueError for a
    time that is none.
    """
    lines = tuple(
        Line(datetime.fromisoformat(e.time).astimezone(zone), e, _details(e.event)) for e in entries
    )
    events = [e.event for e in entries]
    opened = _last(events, ev.RotationOpened) or ev.RotationOpened("", "", "", "", ())
    closed, abandoned = _last(events, ev.RotationClosed), _last(events, ev.RotationAbandoned)
    resets = _resets(events)
    chosen = _last(events, ev.RouteChosen)
    route = chosen.route if chosen else opened.route
    unclicked = (
        "displayed" if any(isinstance(event, ev.CandidateAsked) for event in events) else "old"
    )
    stored = _last(events, ev.PendingStored)
    return RecordView(
        opened=opened,
        route=route,
        lines=lines,
        outcome="abandoned" if abandoned else closed.outcome if closed else "interrupted",
        abandoned=abandoned,
        proof=next(reversed(_of(lines, ev.ProofGiven)), None),
        next_due=_date(closed.next_due) if closed else "",
        actors=_distinct(e.actor for e in entries),
        runs=_distinct(e.run for e in entries),
        hosts=_distinct(event.host for event in events if isinstance(event, ev.RunStarted)),
        steps=tuple(
            StepView(step, tuple(_passages(step.id, lines, captures))) for step in steps(route)
        ),
        resets=resets,
        rejected=_of(lines, ev.CandidateRejected),
        gates=_of(lines, ev.GateGiven, ev.ResetAgainDecided),
        targets=tuple(
            _target(name, lines) for name in _distinct((*opened.targets, *_entered(events)))
        ),
        problems=tuple(_problems(lines)),
        portal=next(
            (
                {"done": "new"}.get(state, state)
                for _, state in reversed(resets)
                if state != "not_done"
            ),
            unclicked,
        ),
        keyring=_keyring(events),
        stored=stored.attempt if stored else 0,
        sameness=sameness(entries),
        versions=opened.versions
        | ({"browser": chosen.browser} if chosen and chosen.browser else {}),
    )


def _resets(events: Sequence[ev.Event]) -> tuple[tuple[int, str], ...]:
    """Each announced reset with its conclusion; what came before the announcement (route
    `raccordements`) concludes nothing.
    """
    resets: list[tuple[int, str]] = []
    for event in events:
        match event:
            case ev.ResetIntended(attempt):
                resets.append((attempt, "unknown"))
            case ev.ProofGiven("api" | "attested") if resets and resets[-1][1] == "unknown":
                resets[-1] = (resets[-1][0], "done")
            case (
                ev.ResetDone(attempt)
                | ev.PendingStored(attempt)
                | ev.CandidateRejected(attempt)
                | ev.ResetNotDone(attempt)
            ):
                state = {ev.ResetNotDone: "not_done", ev.CandidateRejected: "rejected"}.get(
                    type(event), "done"
                )
                resets = [
                    (attempt, state) if reset == (attempt, "unknown") else reset for reset in resets
                ]
    return tuple(resets)


def _keyring(events: Sequence[ev.Event]) -> str:
    states = {
        ev.PendingStored: "pending",
        ev.PromotionIntended: "turning",
        ev.PromotionDone: "current",
    }
    return next(
        (states[type(event)] for event in reversed(events) if type(event) in states), "none"
    )


def _entered(events: Sequence[ev.Event]) -> Iterator[str]:
    return (
        event.target for event in events if isinstance(event, ev.TargetIntended | ev.TargetEntered)
    )


def _target(name: str, lines: Sequence[Line]) -> TargetView:
    """The state of a target for the last password stored: what was entered before another one was
    stored counts no more.
    """
    found, attempt = TargetView(name, "none", "", None), 0
    for line in lines:
        match line.entry.event:
            case ev.PendingStored(new) if new != attempt:
                found, attempt = TargetView(name, "none", "", None), new
            case ev.TargetIntended(target) if target == name and found.state == "none":
                found = TargetView(name, "begun", "", line.when)
            case ev.TargetEntered(target, mode) if target == name:
                found = TargetView(name, "entered", mode, line.when)
    return found


def _passages(step: str, lines: Sequence[Line], captures: Mapping[str, bytes]) -> Iterator[Passage]:
    for line in lines:
        event = line.entry.event
        if line.entry.step != step or not isinstance(event, ev.StepDone | ev.StepFailed):
            continue
        mode, result, seconds = (
            (event.mode, event.result, event.seconds)
            if isinstance(event, ev.StepDone)
            else ("failed", event.text, 0.0)
        )
        yield Passage(
            line.when,
            mode,
            result,
            seconds,
            event.capture,
            _picture(captures.get(event.capture, b"")),
        )


def _picture(content: bytes) -> str:
    return (
        "data:image/png;base64," + base64.b64encode(content).decode() if is_picture(content) else ""
    )


def _problems(lines: Sequence[Line]) -> Iterator[Problem]:
    """What stopped or was refused; a run that stopped for the reason that its step gave is told
    once.
    """
    last = ""
    for line in lines:
        match line.entry.event:
            case ev.StepFailed(name, text) | ev.RunStopped(_, name, text) if name and text != last:
                yield Problem(line.when, line.entry.step, name, last := text)
            case ev.ResetNotDone(_, text) | ev.ResetUnknown(_, text) | ev.ProofRefused(text):
                yield Problem(line.when, line.entry.step, line.entry.event.kind, text)


def _details(event: ev.Event) -> dict[str, Any]:
    known = event.data if isinstance(event, ev.Unknown) else dataclasses.asdict(event)
    return {key: value for key, value in known.items() if value not in ("", (), {}, None)}


def _last(events: Sequence[ev.Event], kind: type[E]) -> E | None:
    return next((event for event in reversed(events) if isinstance(event, kind)), None)


def _of(lines: Sequence[Line], *kinds: type[ev.Event]) -> tuple[Line, ...]:
    return tuple(line for line in lines if isinstance(line.entry.event, kinds))


def _distinct(values: Iterator[str] | Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _date(text: str) -> date | str:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return text
