"""The two tables that lay the API's verdicts side by side, every combination of them; and rotations
that they decide.
"""

from __future__ import annotations

import re
from itertools import product

import pytest
from fixtures_rotation import Scene
from releve.base.secret import Secret
from releve.decision import events as ev
from releve.decision import journal as j
from releve.decision import state
from releve.decision.reconcile import TABLE, Action, Click, Verdict, click, reconcile
from releve.record.folder import RecordFolder
from releve.school.people import DEMO_ACCOUNT, DEMO_SIRET
from releve.vault.keys import make_rotation_key
from releve.vault.slots import Slot
from test_proof import with_piste

LETTERS = {"A": Verdict.ACCEPTED, "R": Verdict.REFUSED, "U": Verdict.UNKNOWN, "E": Verdict.EMPTY}

# What is said of each row, and what is to be done.
TOLD = {
    "new password in use": ("encore en attente, est celui de Chorus Pro", "releve resume"),
    "two passwords in use": ("à la fois", "Attendez la fin du délai"),
    "not told": ("n'a pas dit", "ne réinitialisez rien"),
    "in order": ("gardé par Relève est celui de Chorus Pro", "rien à faire"),
    "previous still in use": ("accepte encore l'avant-dernier", "releve rotate"),
    "new password not in use": ("ne connaît pas encore", "releve resume"),
    "changed outside": (
        "quelqu'un a réinitialisé ce compte ailleurs",
        "releve credentials store --current",
    ),
    "nothing held": (
        "ne garde aucun mot de passe",
        "^Si vous connaissez .* releve credentials store --current",
    ),
}
# Verdicts on pending, current, previous: every combination stands in exactly one line.
ROWS = {
    ("new password in use", Action.RESUME): "ARA ARR ARU ARE AUA AUR AUU AUE AEA AER AEU AEE",
    ("two passwords in use", Action.WAIT): "AAA AAR AAU AAE",
    ("not told", Action.ASK_AGAIN): (
        "UAA UAR UAU UAE URA URR URU URE UUA UUR UUU UUE UEA UER UEU UEE RUA RUR RUU RUE EUA EUR"
        " EUU EUE RRU REU ERU EEU"
    ),
    ("in order", Action.NOTHING): "EAR EAU EAE",
    ("previous still in use", Action.WAIT): "EAA ERA EEA",
    ("new password not in use", Action.RESUME): "RAA RAR RAU RAE RRA REA",
    ("changed outside", Action.ADOPT_OR_RESET): "RRR RRE RER REE ERR ERE EER",
    ("nothing held", Action.GIVE): "EEE",
}
# Verdicts on pending and current, before the time for a reset to reach the API has passed, and
# after it.
CLICKS = {
    (Click.DONE, Click.DONE): "AA AR AU AE",
    (Click.SILENT, Click.SILENT): "UA UR UU UE EU EE",
    (Click.CHANGED, Click.CHANGED): "ER",
    (Click.TOO_EARLY, Click.NOT_DONE): "RA EA",
    (Click.TOO_EARLY, Click.CHANGED): "RR",
    (Click.TOO_EARLY, Click.SILENT): "RU RE",
}


def verdicts(letters: str) -> list[Verdict]:
    """ "AR" is accepted, refused."""
    return [LETTERS[letter] for letter in letters]


@pytest.mark.parametrize(("name", "action"), list(ROWS), ids=[name for name, _ in ROWS])
def test_each_row_has_its_verdicts_and_its_one_action(name: str, action: Action) -> None:
    """Every combination of this line leads to this row, whose French says what to do."""
    for letters in ROWS[name, action].split():
        row = reconcile(*verdicts(letters))
        assert (letters, name, action) == (letters, row.name, row.action)
        told = row.told(siret="21990001600011", minutes=30)
        truth, todo = (each.replace("\N{NO-BREAK SPACE}", " ") for each in told)
        assert "{" not in truth + todo and TOLD[name][0] in truth and re.search(TOLD[name][1], todo)


def test_the_rows_are_all_there_and_share_out_every_combination() -> None:
    """Sixty-four combinations, each once, and no row of the table without a line here."""
    assert sorted(map("".join, product("ARUE", repeat=3))) == sorted(
        " ".join(ROWS.values()).split()
    )
    assert {name for name, _ in ROWS} == {row.name for row in TABLE}


@pytest.mark.parametrize(("early", "late"), list(CLICKS), ids=str)
def test_a_click_is_told_by_the_passwords(early: Click, late: Click) -> None:
    """A new password accepted decides at once; an old one accepted decides only when a reset would
    have arrived.
    """
    for letters in CLICKS[early, late].split():
        pending, current = verdicts(letters)
        assert (letters, early, late) == (
            letters,
            click(pending, current, False),
            click(pending, current, True),
        )


def test_every_click_is_in_the_table() -> None:
    """Sixteen combinations, each once."""
    assert sorted(map("".join, product("ARUE", repeat=2))) == sorted(
        " ".join(CLICKS.values()).split()
    )


FIRST = (
    ev.RotationOpened("21990001600011", "Commune", DEMO_ACCOUNT, "auto", ("school",)),
    ev.GateGiven("cible", "--yes"),
)


@pytest.mark.parametrize(
    ("pending", "current", "settled", "phase"),
    [
        ("E", "A", False, "unknown, too early"),
        ("R", "R", True, "unknown, changed"),
        ("E", "R", False, "unknown, changed"),
        ("E", "U", True, "unknown"),
        ("R", "E", True, "unknown"),
    ],
)
def test_what_the_api_does_not_decide_stays_a_question(
    pending: str, current: str, settled: bool, phase: str
) -> None:
    """A person decides, with the situation told as far as the API told it; code 6, since a reset
    may have been made.
    """
    answered = ev.ApiAnswered(1, LETTERS[pending], LETTERS[current], settled)
    events = [
        *FIRST,
        ev.RouteChosen("gestionnaire", False),
        ev.ResetIntended(1),
        ev.ResetUnknown(1, "coupure"),
        answered,
    ]
    situation = state.assess(state.gather(events, state.SlotsView(), "run"))
    assert (phase, state.Next.DECIDE, 6) == (situation.phase, situation.next, situation.row.code)


@pytest.mark.usefixtures("one_browser")
@pytest.mark.asyncio(loop_scope="module")
async def test_a_click_without_an_answer_is_decided_by_the_old_password(scene: Scene) -> None:
    """The reset never reached the portal: too early at first, and once the time has passed the API
    settles it and the rotation goes on.
    """
    with_piste(scene)
    scene.slots.adopt(Secret(scene.world.accounts[DEMO_ACCOUNT].password), "saisi-a-la-main")
    scene.faults.server_error_at = "confirmation"
    cut = await scene.walk()
    assert ("ResetOutcomeUnknown", 6, 0) == (cut.error, cut.code, scene.resets()), cut.text
    assert "trop peu de temps" in cut.text and "propagation_minutes" in cut.text
    early = await scene.walk()
    assert ("DecisionNeeded", 6, 0) == (early.error, early.code, scene.resets()), early.text
    scene.policy["propagation_minutes"] = 0
    done = await scene.walk()
    assert ("", 0, 1) == (done.error, done.code, scene.resets()), done.text
    assert 1 == sum(isinstance(entry.event, ev.ResetNotDone) for entry in done.events)
    assert scene.three_places_agree()
    assert [] == scene.leaks()


@pytest.mark.usefixtures("one_browser")
@pytest.mark.asyncio(loop_scope="module")
async def test_a_candidate_kept_before_a_lost_click_is_decided_by_itself(scene: Scene) -> None:
    """Route "raccordements", killed between the click and its answer: the API takes the password
    that was kept, and no reset is added.
    """
    with_piste(scene)
    scene.slots.adopt(Secret(scene.world.accounts[DEMO_ACCOUNT].password), "saisi-a-la-main")
    record = RecordFolder.new(scene.outputs, DEMO_SIRET)
    record.path.mkdir(parents=True)
    key = make_rotation_key(scene.keystore, record.run)
    journal = j.Journal(record.path, record.run, "somebody@elsewhere", key)
    journal.append(
        ev.RotationOpened(
            DEMO_SIRET,
            "Commune d'Exemple",
            DEMO_ACCOUNT,
            "raccordements",
            (f"school:{DEMO_SIRET}",),
            school=True,
        )
    )
    for event in (
        ev.GateGiven("cible", "--yes"),
        ev.RouteChosen("raccordements", True),
        ev.PendingStored(1),
        ev.ResetIntended(1),
    ):
        journal.append(event)
    scene.slots.write(Slot.PENDING, Secret(scene.world.candidate(DEMO_ACCOUNT)), f"{record.run}/1")
    scene.world.submit(DEMO_ACCOUNT)
    done = await scene.walk()
    assert ("", 0, 1) == (done.error, done.code, scene.resets()), done.text
    assert (record.path, 0) == (done.record and done.record.path, scene.logins())
    said = (
        "nouveau : l'API accepte ce mot de passe ; ancien : l'API refuse ce compte technique avec"
        " ce mot de passe"
    )
    events = [e.event for e in done.events if not isinstance(e.event, ev.RunStarted | ev.OriginMet)]
    assert [ev.ApiAnswered(1, "accepted", "refused", False, said), ev.ResetDone(1)] == events[
        events.index(ev.ResetIntended(1)) + 1 :
    ][:2]
    assert scene.three_places_agree()


@pytest.mark.long
@pytest.mark.usefixtures("one_browser")
@pytest.mark.asyncio(loop_scope="module")
async def test_an_old_password_refused_leaves_the_decision_to_a_person(scene: Scene) -> None:
    """The reset took place and its password is lost: it is said at once, no time changes it, and
    one more reset mends it.
    """
    with_piste(scene)
    scene.slots.adopt(Secret(scene.world.accounts[DEMO_ACCOUNT].password), "saisi-a-la-main")
    scene.faults.server_error_at = "recapitulatif"
    cut = await scene.walk()
    assert ("ResetOutcomeUnknown", 6, 1) == (cut.error, cut.code, scene.resets()), cut.text
    assert "n'est plus accepté" in cut.text
    scene.policy["propagation_minutes"] = 0
    again = await scene.walk()
    assert ("DecisionNeeded", 6, 1) == (again.error, again.code, scene.resets()), again.text
    done = await scene.walk(reset_again=True)
    assert ("", 0, 2) == (done.error, done.code, scene.resets()), done.text
    assert scene.three_places_agree()
