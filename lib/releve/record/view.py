"""What a journal tells, as codes and facts; the words for them are the page's."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any, TypeVar

from releve.decision import events as ev
from releve.decision.facts import Facts, gather, told_slots
from releve.decision.procedure import Step, steps
from releve.decision.state import Situation, assess
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
    password that counts; `mode` and `when` are its entry's, "" and None before it.
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

    `situation` is what is true: nothing here judges it again. `resets`: each announced reset's
    attempt and how it ended (`Attempt.reset`). `sameness`: see `comparison.sameness`.
    """

    opened: ev.RotationOpened
    situation: Situation
    route: str  # the one that was taken, or that of the settings as long as none was
    lines: tuple[Line, ...]
    abandoned: ev.RotationAbandoned | None
    proof: Line | None  # the line that gave the proof of the password that counts
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
    sameness: dict[str, Any]
    versions: dict[str, str]

    @property
    def outcome(self) -> str:
        """ "succeeded", "rehearsed", "failed", "abandoned" or "interrupted"."""
        return self.situation.facts.outcome or "interrupted"


def view(
    entries: Sequence[ev.Entry],
    captures: Mapping[str, bytes],
    zone: tzinfo | None = None,
    situation: Situation | None = None,
) -> RecordView:
    """What `entries` tell; `captures` are PNG files by name; `zone` is the reader's, by default
    this machine's. `situation`: as the keyring has it; None: as the journal alone tells it.

    A journal with no opening gives a page that says so by its empty names. Raises ValueError for a
    time that is none.
    """
    lines = tuple(
        Line(datetime.fromisoformat(e.time).astimezone(zone), e, _details(e.event)) for e in entries
    )
    events = [e.event for e in entries]
    opened = _last(events, ev.RotationOpened) or ev.RotationOpened("", "", "", "", ())
    closed, chosen = _last(events, ev.RotationClosed), _last(events, ev.RouteChosen)
    situation = situation or as_told(entries)
    facts = situation.facts
    route = chosen.route if chosen else opened.route
    proofs = _of(lines, ev.ProofGiven)
    return RecordView(
        opened=opened,
        situation=situation,
        route=route,
        lines=lines,
        abandoned=_last(events, ev.RotationAbandoned),
        proof=proofs[-1] if proofs and facts.proof else None,
        next_due=_date(closed.next_due) if closed else "",
        actors=_distinct(e.actor for e in entries),
        runs=_distinct(e.run for e in entries),
        hosts=_distinct(event.host for event in events if isinstance(event, ev.RunStarted)),
        steps=tuple(
            StepView(step, tuple(_passages(step.id, lines, captures))) for step in steps(route)
        ),
        resets=tuple((n, each.reset) for n, each in facts.attempts.items() if each.intended),
        rejected=_of(lines, ev.CandidateRejected),
        gates=_of(lines, ev.GateGiven, ev.ResetAgainDecided),
        targets=tuple(_target(name, facts, lines) for name in _named(facts)),
        problems=tuple(_problems(lines)),
        sameness=sameness(entries),
        versions=opened.versions
        | ({"browser": chosen.browser} if chosen and chosen.browser else {}),
    )


def as_told(entries: Sequence[ev.Entry]) -> Situation:
    """The situation as a journal alone tells it, the keyring taken at its word."""
    events, run = [entry.event for entry in entries], entries[-1].run if entries else ""
    return assess(gather(events, told_slots(events, run), run))


def _named(facts: Facts) -> tuple[str, ...]:
    """The targets that were declared, then those that were served all the same."""
    return _distinct((*facts.targets, *sorted(facts.begun | facts.entered)))


def _target(name: str, facts: Facts, lines: Sequence[Line]) -> TargetView:
    entered = [
        line
        for line in _of(lines, ev.TargetEntered)
        if isinstance(line.entry.event, ev.TargetEntered) and line.entry.event.target == name
    ]
    if name in facts.entered and isinstance(event := entered[-1].entry.event, ev.TargetEntered):
        return TargetView(name, "entered", event.mode, entered[-1].when)
    return TargetView(name, "begun" if name in facts.begun else "none", "", None)


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


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _date(text: str) -> date | str:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return text
