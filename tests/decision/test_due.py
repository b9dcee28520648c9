"""When a password is due: a pure function of settings, records and a day."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from fixtures_rotation import Scene
from hypothesis import assume, given
from hypothesis import strategies as st
from releve.base.settings import PORTAL_LIMIT_DAYS, Policy, Structure
from releve.decision import events as ev
from releve.decision import journal as j
from releve.jupyter.home_page import page
from releve.planning.due import Due, Standing, agenda, deadline, in_blackout
from releve.planning.picture import year
from releve.record.folder import RecordFolder
from releve.record.history import Past, history
from releve.school.people import DEMO_ACCOUNT, DEMO_NAME, DEMO_SIRET
from releve.vault.keys import make_rotation_key
from releve.vault.keystore import Keystore

PARIS = ZoneInfo("Europe/Paris")
STRUCTURE = Structure(DEMO_SIRET, DEMO_NAME, DEMO_ACCOUNT)


def past(when: datetime, outcome: str = "succeeded", **facts: object) -> Past:
    """A rotation that ended at `when`, or is open when `outcome` is ""."""
    closed = when if outcome else None
    return Past(
        Path("x"),
        "r",
        DEMO_SIRET,
        DEMO_ACCOUNT,
        DEMO_NAME,
        began=when,
        ended=when,
        closed=closed,
        outcome=outcome,
        **facts,
    )  # type: ignore[arg-type]


def on(
    today: date, *rotations: Past, policy: Policy | None = None, structure: Structure = STRUCTURE
) -> Due:
    """Where the structure stands on that day, in Paris."""
    (due,) = agenda([structure], policy or Policy(), rotations, today, PARIS)
    return due


def noon(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("today", "standing", "ready"),
    [
        (date(2026, 10, 31), Standing.FAR, False),
        (date(2026, 11, 1), Standing.SOON, True),
        (date(2026, 12, 1), Standing.SOON, True),
        (date(2026, 12, 2), Standing.OVERDUE, True),
    ],
)
def test_due_within_the_warning_days_and_overdue_after_the_day(
    today: date, standing: Standing, ready: bool
) -> None:
    """A password of 1 December 2025 is due from 1 November (30 days before) and overdue from 2
    December 2026.
    """
    due = on(today, past(noon(2025, 12, 1)))
    assert (standing, ready) == (due.standing, due.today)
    assert (date(2026, 12, 1), date(2027, 1, 29)) == (due.day, due.limit)


def test_leap_years_count_their_day() -> None:
    """365 days after 1 March 2027 is 29 February 2028, and after 29 February 2028 it is 28 February
    2029.
    """
    assert date(2028, 2, 29) == deadline(date(2027, 3, 1), Policy())
    assert date(2029, 2, 28) == deadline(date(2028, 2, 29), Policy())


@pytest.mark.parametrize(
    ("when", "day"),
    [
        (
            datetime(2026, 6, 30, 22, 30, tzinfo=UTC),
            date(2026, 7, 1),
        ),  # half past midnight in summer
        (
            datetime(2026, 3, 29, 0, 59, tzinfo=UTC),
            date(2026, 3, 29),
        ),  # the minute before the clock goes forward
        (
            datetime(2026, 10, 24, 22, 30, tzinfo=UTC),
            date(2026, 10, 25),
        ),  # the night when it goes back
        (datetime(2026, 1, 31, 22, 59, tzinfo=UTC), date(2026, 1, 31)),
    ],
)
def test_the_day_is_the_operators_own(when: datetime, day: date) -> None:
    """The journal's UTC time is told as the day it was where the operator sat, clock changes
    included.
    """
    assert day == on(day, past(when)).last


@pytest.mark.skipif(os.name == "nt", reason="Windows has one zone, whatever TZ says")
def test_without_a_zone_the_computers_own_is_used() -> None:
    """With no zone given, the machine's is taken, as a scheduler's service has it."""
    with _zone("Europe/Paris"):
        (due,) = agenda(
            [STRUCTURE],
            Policy(),
            [past(datetime(2026, 6, 30, 22, 30, tzinfo=UTC))],
            date(2026, 7, 2),
        )
    assert date(2026, 7, 1) == due.last


@contextmanager
def _zone(name: str) -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = name
    time.tzset()
    try:
        yield
    finally:
        del os.environ["TZ"]
        if before is not None:
            os.environ["TZ"] = before
        time.tzset()


def test_last_rotation_counts_until_a_record_is_later() -> None:
    """What the settings tell of the time before holds until a record says better; an older record
    does not undo it.
    """
    structure = Structure(DEMO_SIRET, DEMO_NAME, DEMO_ACCOUNT, last_rotation=date(2026, 1, 10))
    assert date(2026, 1, 10) == on(date(2026, 2, 1), structure=structure).last
    assert (
        date(2026, 1, 10) == on(date(2026, 2, 1), past(noon(2025, 5, 5)), structure=structure).last
    )
    assert (
        date(2026, 1, 20) == on(date(2026, 2, 1), past(noon(2026, 1, 20)), structure=structure).last
    )


def test_a_failure_or_another_account_renews_nothing() -> None:
    """Only a success of the account itself moves its day; never having been renewed is due now, and
    says so.
    """
    other = Past(
        Path("x"), "r", DEMO_SIRET, "TECH_1_9@cpro.fr", closed=noon(2026, 5, 5), outcome="succeeded"
    )
    due = on(date(2026, 6, 1), past(noon(2026, 5, 5), "failed"), other)
    assert (None, Standing.UNKNOWN, True) == (due.last, due.standing, due.today)
    assert "inconnue" in due.why


def test_structures_that_share_an_account_are_renewed_together() -> None:
    """A success for one of them is one for all."""
    second = Structure("21990002400015", "Budget annexe", DEMO_ACCOUNT)
    both = agenda([STRUCTURE, second], Policy(), [past(noon(2026, 5, 5))], date(2026, 6, 1), PARIS)
    assert [date(2026, 5, 5)] * 2 == [each.last for each in both]


def test_an_open_rotation_after_its_reset_is_stuck_and_comes_first() -> None:
    """So is one that a person abandoned after the reset; a later success frees both. Before the
    reset nothing is stuck.
    """
    today = date(2026, 6, 1)
    for outcome in ("", "abandoned"):
        left = past(noon(2026, 5, 6), outcome, touched=True)
        due = on(today, past(noon(2026, 1, 1)), left)
        assert (Standing.STUCK, True) == (due.standing, due.today)
    freed = on(today, past(noon(2026, 5, 6), "abandoned", touched=True), past(noon(2026, 5, 7)))
    assert Standing.FAR == freed.standing
    assert Standing.STUCK == on(today, past(noon(2026, 5, 6), "damaged", touched=True)).standing
    begun = on(today, past(noon(2026, 1, 1)), past(noon(2026, 5, 6), ""))
    assert (Standing.FAR, True) == (begun.standing, begun.today)
    assert "rien n'est encore changé" in begun.why


@pytest.mark.parametrize(
    ("more", "standing", "why"),
    [
        ((ev.TargetEntered("corail", "manual"),), Standing.TO_PROVE, "il reste à dire s'il fonct"),
        ((), Standing.STUCK, "les factures n'arrivent peut-être plus"),
        (
            (ev.TargetEntered("corail", "manual"), ev.ProofRefused("401")),
            Standing.STUCK,
            "le nouveau mot de passe est refusé",
        ),
    ],
)
def test_what_only_waits_for_its_proof_says_so(
    more: tuple[ev.Event, ...], standing: Standing, why: str, tmp_path: Path
) -> None:
    """The password is entered everywhere: nobody is told that invoices may have stopped, in no
    word of the list, the card or the picture.
    """
    folder = RecordFolder.new(tmp_path, DEMO_SIRET)
    folder.make()
    journal = j.Journal(folder.path, folder.run, "moi@ici")
    for event in (
        ev.RotationOpened(DEMO_SIRET, DEMO_NAME, DEMO_ACCOUNT, "gestionnaire", ("corail",)),
        ev.ResetIntended(1),
        ev.PendingStored(1),
        *more,
    ):
        journal.append(event)
    (due,) = agenda([STRUCTURE], Policy(), history(tmp_path), date.today())
    assert (standing, True, True) == (due.standing, due.today, why in due.why)
    told = year([due], date.today()) + json.dumps(page([due], [], date.today(), []))
    assert (standing is Standing.STUCK) == ("bloquée</text>" in told)
    assert f"rv-standing-{standing}" in told


@pytest.mark.parametrize(
    ("period", "inside", "outside"),
    [
        (
            "12-24/01-02",
            [date(2026, 12, 24), date(2026, 12, 31), date(2027, 1, 2)],
            [date(2027, 1, 3), date(2026, 12, 23)],
        ),
        (
            "2026-12-24/2027-01-02",
            [date(2026, 12, 24), date(2027, 1, 2)],
            [date(2027, 12, 25), date(2025, 12, 25)],
        ),
        ("02-29/03-01", [date(2028, 2, 29), date(2027, 3, 1)], [date(2027, 2, 28)]),
    ],
)
def test_blackout_periods_include_both_ends_and_go_over_the_new_year(
    period: str, inside: list[date], outside: list[date]
) -> None:
    """Yearly and dated periods, and 29 February."""
    policy = Policy(blackout=(period,))
    assert [True] * len(inside) == [in_blackout(policy, day) for day in inside]
    assert [False] * len(outside) == [in_blackout(policy, day) for day in outside]


def test_a_day_in_a_blackout_moves_before_it() -> None:
    """A password due on 28 December is to be renewed by the 23rd, and nothing is asked during the
    black-out.
    """
    policy = Policy(blackout=("12-24/01-02",))
    last = past(noon(2025, 12, 28))
    assert date(2026, 12, 23) == on(date(2026, 12, 1), last, policy=policy).day
    within = on(date(2026, 12, 26), last, policy=policy)
    assert (Standing.OVERDUE, False) == (within.standing, within.today)
    assert "02/01/2027" in within.why
    assert on(date(2027, 1, 3), last, policy=policy).today


def test_the_portals_limit_and_a_stuck_rotation_are_stronger_than_a_blackout() -> None:
    """When the password would die during the black-out, or has left invoices waiting, the black-out
    does not hold.
    """
    policy = Policy(blackout=("12-24/01-02",))
    dying = past(noon(2026, 12, 28) - timedelta(days=PORTAL_LIMIT_DAYS))
    due = on(date(2026, 12, 26), dying, policy=policy)
    assert (True, date(2026, 12, 28)) == (due.today, due.limit)
    stuck = on(date(2026, 12, 26), past(noon(2026, 12, 20), "", touched=True), policy=policy)
    assert stuck.today


def test_a_year_that_is_all_black_leaves_the_day_where_it_was() -> None:
    """A black-out of every day cannot move anything: the day stays, and the limit still wakes."""
    policy = Policy(blackout=("01-01/12-31",))
    assert date(2026, 12, 1) == deadline(date(2025, 12, 1), policy)
    assert on(date(2027, 1, 29), past(noon(2025, 12, 1)), policy=policy).today


@given(
    last=st.dates(date(2020, 1, 1), date(2040, 1, 1)),
    validity=st.integers(1, PORTAL_LIMIT_DAYS),
    warn=st.integers(0, 60),
    blackout=st.sampled_from(
        [(), ("12-24/01-02",), ("12-20/01-05", "07-14/08-15"), ("01-01/12-31",)]
    ),
    later=st.integers(0, 500),
)
def test_every_day_of_every_year(
    last: date, validity: int, warn: int, blackout: tuple[str, ...], later: int
) -> None:
    """The day never comes after the validity nor before the rotation, and past the portal's limit
    it is always due.
    """
    assume(warn < validity)
    policy = Policy(validity_days=validity, warn_days=warn, blackout=blackout)
    today = last + timedelta(days=later)
    due = on(today, past(datetime(last.year, last.month, last.day, 12, tzinfo=UTC)), policy=policy)
    assert due.day is not None and due.limit is not None
    assert last < due.day <= last + timedelta(days=validity)
    assert (today > due.day) == (due.standing is Standing.OVERDUE)
    if today >= due.limit:
        assert due.today


def test_history_reads_journals_once_and_tells_damage(tmp_path: Path) -> None:
    """A success, a rehearsal, a damaged journal and a folder of something else: each is told as
    what it is.
    """
    done = written(
        tmp_path,
        "2026-01-05_100000",
        ev.ResetIntended(1),
        ev.GateGiven("cible", "widget"),
        closed="succeeded",
    )
    written(tmp_path, "2026-01-06_100000", closed="rehearsed")
    damaged = written(tmp_path, "2026-01-07_100000")
    (damaged.path / j.FILE_NAME).write_text('{"event": "rotation.opened", \n')
    (tmp_path / "2026-notes").mkdir()
    first, second = history(tmp_path)
    assert ("succeeded", "none", True, DEMO_ACCOUNT) == (
        first.outcome,
        first.proof,
        first.touched,
        first.account,
    )
    assert 0 <= first.human_seconds < 5
    assert ("damaged", damaged.run) == (second.outcome, second.run)
    assert first is history(tmp_path)[0]
    j.Journal(done.path, done.run, "a@b").append(ev.RotationAbandoned("x", "y", "z", "t"))
    assert "succeeded" == history(tmp_path)[0].outcome


def written(
    outputs: Path,
    when: str,
    *events: ev.Event,
    closed: str = "",
    keystore: Keystore | None = None,
) -> RecordFolder:
    """A record folder with a journal of these events, vouched for by the keyring if given."""
    folder = RecordFolder(
        outputs / f"{when}_{DEMO_SIRET}_{when[8:10]}ab", DEMO_SIRET, f"{when[8:10]}ab"
    )
    folder.path.mkdir(parents=True)
    key = make_rotation_key(keystore, folder.run) if keystore else None
    journal = j.Journal(folder.path, folder.run, "a@b", key)
    rehearsal = closed == "rehearsed"
    journal.append(
        ev.RotationOpened(
            DEMO_SIRET,
            DEMO_NAME,
            DEMO_ACCOUNT,
            "gestionnaire",
            ("school:1",),
            school=True,
            rehearsal=rehearsal,
        )
    )
    for event in events:
        journal.append(event)
    if closed:
        journal.append(ev.ProofGiven("none"))
        journal.append(ev.RotationClosed(closed, "none"))
    return folder


def test_the_command_tells_what_is_due_and_when_nothing_is(scene: Scene) -> None:
    """`releve due`: exit 0 and the reason when something is to be done, 3 when nothing is; the
    school's records count at the school.
    """
    scene.structure["last_rotation"] = None
    first = scene.releve("due")
    scene.structure.pop("last_rotation")
    assert (0, True) == (first.returncode, "date du dernier changement inconnue" in first.stdout), (
        first.stderr
    )
    today = f"{date.today()}_100000"
    written(scene.outputs, today, closed="succeeded", keystore=scene.keystore)
    second = scene.releve("due", "--json")
    (told,) = json.loads(second.stdout)["structures"]
    assert (3, "far", date.today().isoformat()) == (
        second.returncode,
        told["standing"],
        told["last"],
    )


def test_a_due_day_is_told_by_the_closing_of_the_rotation_too() -> None:
    """The day that the closing cell announces is the one that `due` will tell."""
    policy = Policy(blackout=("12-24/01-02",))
    assert (
        deadline(date(2025, 12, 28), policy)
        == on(date(2026, 2, 1), past(noon(2025, 12, 28)), policy=policy).day
    )
