"""What is true of a rotation is said by `state` alone: whoever tells it says the same."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from releve.decision import events as ev
from releve.decision import journal as j
from releve.decision import state
from releve.decision.facts import gather, told_slots
from releve.decision.state import Situation, assess
from releve.record.folder import RecordFolder
from releve.record.history import history
from releve.record.page import render
from releve.record.view import view
from test_record_page import Strict
from test_state import RUN, Moment, all_moments, one_of_each_row

ROWS = one_of_each_row()
OTHER_WORDS = ("pending", "current", "previous")  # the keyring's own, which no reader knows


def entries(moment: Moment) -> list[ev.Entry]:
    """The moment as a journal's entries, of now."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return [ev.Entry(now, RUN, "", "m.durand@mairie", event) for event in moment.events]


def truth(html: str) -> str:
    """The text of the section that says what is true."""
    return Strict(html).text.split("Ce qui est vrai", 1)[1].split("Déroulé", 1)[0]


def said(text: str) -> str:
    """A sentence as a page sets it."""
    return " ".join(Strict(f"<p>{text}</p>").text.split()).replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize("phase", [row.phase for row in state.TABLE])
def test_the_page_says_what_state_says(phase: str) -> None:
    """In every row of the table: of the portal, of the keyring, of the programs, and what to do."""
    moment = ROWS[phase]
    situation = moment.situation()
    page = truth(render(view(entries(moment), {}, situation=situation)))
    page = page.replace("\N{NO-BREAK SPACE}", " ")
    told = [situation.portal, situation.keyring, situation.targets]
    told += [] if situation.closed else [situation.todo]
    assert told == [sentence for sentence in told if said(sentence) in page]
    assert () == tuple(word for word in OTHER_WORDS if word in page)


@pytest.mark.parametrize("sees_first", [False, True])
def test_a_journal_alone_tells_the_same(sees_first: bool) -> None:
    """Wherever the keyring holds what the journal says that it holds, the page needs no keyring."""
    seen = 0
    for moment in all_moments(sees_first):
        slots = told_slots(moment.events, RUN)
        if slots == moment.slots:
            seen += 1
            alone = assess(gather(moment.events, slots, RUN, max_attempts=3))
            assert moment.situation().truth == alone.truth, moment
    assert seen > 100


@pytest.mark.parametrize("phase", [row.phase for row in state.TABLE])
def test_the_history_says_what_state_says(phase: str, tmp_path: Path) -> None:
    """Outcome, proof, whether the portal may have changed: from `state`, never folded again."""
    moment = ROWS[phase]
    folder = RecordFolder(
        tmp_path / f"2026-11-30_091205_21990001600011_{RUN}", "21990001600011", RUN
    )
    folder.make()
    journal = j.Journal(folder.path, RUN, "m.durand@mairie")
    opening = ev.RotationOpened("21990001600011", "Commune", "TECH", "auto", ())
    for event in (
        () if isinstance(next(iter(moment.events), None), ev.RotationOpened) else (opening,)
    ) + moment.events:
        journal.append(event)
    told: Situation = moment.situation()
    found = history(tmp_path)
    if told.facts.rehearsal or told.facts.outcome == "rehearsed":
        assert [] == found
        return
    assert (told.facts.outcome, told.facts.proof, told.facts.touched) == (
        found[0].outcome,
        found[0].proof,
        found[0].touched,
    )
