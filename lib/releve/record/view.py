"""What a journal tells, as codes and facts; the words for them are the page's."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any, TypeVar

from releve.base.sites import Site, site, training
from releve.decision import events as ev
from releve.decision.facts import Facts, gather, told_slots
from releve.decision.procedure import Step, steps
from releve.decision.state import Situation, assess
from releve.record.comparison import sameness
from releve.record.picture import is_picture

E = TypeVar("E", bound=ev.Event)
T = TypeVar("T")


@dataclass(frozen=True)
class Who:
    """A session of a machine, by the account that the system told ("m.durand@mairie"), and the name
    that a person gave there ("": none); `attended`: a person was in front of it.
    """

    account: str
    name: str = ""
    attended: bool = False


@dataclass(frozen=True)
class EventLine:
    """A journal line with its time in the reader's zone; `details` are the event's own fields that
    hold something.
    """

    when: datetime
    entry: ev.Entry
    details: dict[str, Any]
    who: Who


@dataclass(frozen=True)
class Passage:
    """One time that a step was done (`mode` "automatic", "manual", "skipped") or stopped
    ("failed").
    """

    when: datetime
    mode: str
    result: str
    seconds: float
    capture: str
    who: Who


@dataclass(frozen=True)
class Picture:
    """A picture of a step, by its file's name. `kind`: "after" (the screen that a step led to),
    "click" (the one on which the irreversible click of `attempt` was about to be made), "dropped"
    (the one whose password was not submitted). `data` is its data URI, "" when the folder has none.
    """

    when: datetime
    name: str
    kind: str
    data: str
    attempt: int = 0


@dataclass(frozen=True)
class StepView:
    """A documented screen and what happened there; no passage: it was not reached. The last one is
    the step's state.
    """

    step: Step
    passages: tuple[Passage, ...]
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True)
class OriginView:
    """An origin on which something was typed or read, and the certificates that were shown there:
    SHA-256 and who signed it.
    """

    origin: str
    site: Site
    certificates: tuple[tuple[str, str], ...]


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
    lines: tuple[EventLine, ...]
    abandoned: ev.RotationAbandoned | None
    proof: EventLine | None  # the line that gave the proof of the password that counts
    next_due: date | str
    before: tuple[date | str, str]  # the change before this one, and how it is known, or "" twice
    training: bool  # by the origins that were met
    origins: tuple[OriginView, ...]
    people: tuple[Who, ...]
    actors: tuple[str, ...]
    runs: tuple[str, ...]
    hosts: tuple[str, ...]
    steps: tuple[StepView, ...]
    resets: tuple[tuple[int, str], ...]
    rejected: tuple[EventLine, ...]
    gates: tuple[EventLine, ...]
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
    lines = tuple(_lines(entries, zone))
    opened = _last(entries, ev.RotationOpened) or ev.RotationOpened("", "", "", "", ())
    closed, chosen = _last(entries, ev.RotationClosed), _last(entries, ev.RouteChosen)
    situation = situation or as_told(entries)
    facts = situation.facts
    route = chosen.route if chosen else opened.route
    proofs = _of(lines, ev.ProofGiven)
    before = _last(entries, ev.LastChangeKnown) or ev.LastChangeKnown("", "")
    return RecordView(
        opened=opened,
        situation=situation,
        route=route,
        lines=lines,
        abandoned=_last(entries, ev.RotationAbandoned),
        proof=proofs[-1] if proofs and facts.proof else None,
        next_due=_date(closed.next_due) if closed else "",
        before=(_date(before.day), before.source),
        training=is_training(entries),
        origins=tuple(_origins(entries)),
        people=_distinct(line.who for line in lines),
        actors=_distinct(e.actor for e in entries),
        runs=_distinct(e.run for e in entries),
        hosts=_distinct(run.host for run in ev.of(entries, ev.RunStarted)),
        steps=tuple(
            StepView(
                step, tuple(_passages(step.id, lines)), tuple(_pictures(step.id, lines, captures))
            )
            for step in steps(route)
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


def _target(name: str, facts: Facts, lines: Sequence[EventLine]) -> TargetView:
    for line in reversed(lines) if name in facts.entered else ():
        match line.entry.event:
            case ev.TargetEntered(target, mode) if target == name:
                return TargetView(name, "entered", mode, line.when)
    return TargetView(name, "begun" if name in facts.begun else "none", "", None)


def is_training(entries: Sequence[ev.Entry]) -> bool:
    """Whether it was not the real portal: by the name of each origin that was met; by how the
    rotation was opened as long as none was.
    """
    met = [each.origin for each in ev.of(entries, ev.OriginMet)]
    opened = _last(entries, ev.RotationOpened)
    return training(met) if met else bool(opened and opened.school)


def _origins(entries: Sequence[ev.Entry]) -> Iterator[OriginView]:
    met = ev.of(entries, ev.OriginMet)
    for origin in _distinct(each.origin for each in met):
        shown = ((e.certificate, e.issuer) for e in met if e.origin == origin and e.certificate)
        yield OriginView(origin, site(origin), _distinct(shown))


def _lines(entries: Sequence[ev.Entry], zone: tzinfo | None) -> Iterator[EventLine]:
    """Each line with who was at work: the account that wrote it, and what the latest process of
    that account said, or its first one for the lines before.
    """
    runs = {n: e for n, e in enumerate(entries) if isinstance(e.event, ev.RunStarted)}
    told = {each.actor: _who(each) for each in reversed(runs.values())}
    for n, entry in enumerate(entries):
        if n in runs:
            told[entry.actor] = _who(entry)
        when = datetime.fromisoformat(entry.time).astimezone(zone)
        who = told.get(entry.actor, Who(entry.actor))
        yield EventLine(when, entry, _details(entry.event), who)


def _who(entry: ev.Entry) -> Who:
    run = entry.event
    assert isinstance(run, ev.RunStarted)
    return Who(entry.actor, run.operator, run.interactive)


def _passages(step: str, lines: Sequence[EventLine]) -> Iterator[Passage]:
    for line in lines:
        if line.entry.step != step:
            continue
        match line.entry.event:
            case ev.StepDone(mode, result, capture, seconds):
                yield Passage(line.when, mode, result, seconds, capture, line.who)
            case ev.StepFailed(_, text, capture):
                yield Passage(line.when, "failed", text, 0.0, capture, line.who)


def _pictures(
    step: str, lines: Sequence[EventLine], captures: Mapping[str, bytes]
) -> Iterator[Picture]:
    for line in lines:
        match line.entry.event:
            case ev.StepDone(capture=str(name)) | ev.StepFailed(capture=str(name)):
                place, kind, attempt = line.entry.step, "after", 0
            case ev.ResetIntended(attempt, name):
                place, kind = "confirmation", "click"
            case ev.CandidateRejected(attempt, capture=str(name)):
                place, kind = "confirmation", "dropped"
            case _:
                continue
        if name and place == step:
            data = _data_uri(captures.get(name, b""))
            yield Picture(line.when, name, kind, data, attempt)


def _data_uri(content: bytes) -> str:
    if not is_picture(content):
        return ""
    return "data:image/png;base64," + base64.b64encode(content).decode()


def _problems(lines: Sequence[EventLine]) -> Iterator[Problem]:
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


def _last(entries: Sequence[ev.Entry], kind: type[E]) -> E | None:
    return next(reversed(ev.of(entries, kind)), None)


def _of(lines: Sequence[EventLine], *kinds: type[ev.Event]) -> tuple[EventLine, ...]:
    return tuple(line for line in lines if isinstance(line.entry.event, kinds))


def _distinct(values: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(values))


def _date(text: str) -> date | str:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return text
