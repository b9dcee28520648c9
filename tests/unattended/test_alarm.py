"""`releve check`: a password that the portal takes no more is told the day it happens; one question
a day, never a reset.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from fixtures_rotation import DEMO_ACCOUNT, DEMO_SIRET, Scene
from releve.base.secret import Secret
from releve.base.settings import Structure, load
from releve.decision import events as ev
from releve.decision import journal as j
from releve.decision.reconcile import Verdict
from releve.planning import alarm
from releve.planning.alarm import AccountCheck, State, voucher
from releve.planning.notices import of_check
from releve.proof.verdicts import NOTHING_HELD, TABLE, Meaning
from releve.record.folder import RecordFolder
from releve.record.history import Past, history
from releve.record.register import Register
from releve.vault.keystore import Keystore
from releve.vault.slots import BY_HAND, Slot
from sealed_records import Office
from test_json import valid
from test_notices import Hook, serving
from twin import MemoryKeyring

HALF_AN_HOUR = timedelta(minutes=30)
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def with_piste(scene: Scene) -> None:
    """The settings name the school's API, and the keyring its secret."""
    known, urls = scene.world.piste, scene.school.urls
    scene.more = (
        f'[piste]\nclient_id = "{known.client_id}"\ntoken_url = "{urls.token_url}"\n'
        f'api_url = "{urls.api_url}"\n'
    )
    scene.portal["origins"] = [*scene.origins, urls.piste]
    scene.keystore.piste_secret(known.client_id).set(Secret(known.client_secret))


def checked(scene: Scene) -> tuple[int, Any]:
    """The exit code, and the one account's line."""
    ended = scene.releve("--json", "check")
    valid("check", told := json.loads(ended.stdout))
    assert ended.returncode == told["code"], ended
    return ended.returncode, told["accounts"][0]


def next_day(scene: Scene) -> None:
    """As if the last question were of yesterday."""
    past = datetime.now(UTC) - timedelta(hours=25)
    scene.keystore.entry("checked", DEMO_ACCOUNT).set_text(past.isoformat())


def test_a_password_that_somebody_else_reset_is_told_at_once(scene: Scene) -> None:
    """Accepted; not asked again the same day; refused the next, with the one thing to do."""
    with_piste(scene)
    assert (3, "empty") == (lambda told: (told[0], told[1]["state"]))(checked(scene))
    password = scene.world.accounts[DEMO_ACCOUNT].password
    scene.slots.adopt(Secret(password), BY_HAND)
    assert (0, "accepted") == (lambda told: (told[0], told[1]["state"]))(checked(scene))
    scene.world.reset(DEMO_ACCOUNT)
    scene.world.propagate()
    before = len(scene.world.ledger.entries)
    assert (3, "asked") == (lambda told: (told[0], told[1]["state"]))(checked(scene))
    assert before == len(scene.world.ledger.entries)
    next_day(scene)
    code, told = checked(scene)
    assert (4, "refused") == (code, told["state"])
    assert "Quelqu'un d'autre l'a réinitialisé, ou il a expiré" in told["text"]
    assert 1 == scene.resets()  # somebody else's


def test_another_spelling_is_no_other_account(scene: Scene) -> None:
    """The settings changed how the account is written: no second try within the day."""
    with_piste(scene)
    scene.slots.adopt(Secret(scene.world.accounts[DEMO_ACCOUNT].password), BY_HAND)
    assert "accepted" == checked(scene)[1]["state"]
    scene.structure |= {"technical_account": DEMO_ACCOUNT.lower()}
    assert "asked" == checked(scene)[1]["state"]


@pytest.mark.parametrize(
    ("day", "hour", "asked"),
    [
        (29, "19:40", False),  # more than half a day later, and still the same day
        (29, "23:59", False),
        (30, "07:24", True),  # 23 h 50 later: the timer's own hazard
        (30, "07:34", True),
        (28, "07:30", False),  # the clock was set back
    ],
)
def test_one_question_a_calendar_day(scene: Scene, day: int, hour: str, asked: bool) -> None:
    """The first one was on 29 November at 07:34, on this machine's clock."""
    assert [True, asked] == questions(scene, local(29, "07:34"), local(day, hour))


def test_two_questions_are_half_a_day_apart(scene: Scene) -> None:
    """Midnight between them does not make them two."""
    times = local(29, "23:50"), local(30, "00:10"), local(30, "11:49"), local(30, "11:50")
    assert [True, False, False, True] == questions(scene, *times)


def local(day: int, hour: str) -> datetime:
    """That hour of November 2026, by this machine's clock."""
    return datetime.fromisoformat(f"2026-11-{day}T{hour}").astimezone().astimezone(UTC)


def questions(scene: Scene, *times: datetime) -> list[bool]:
    """Whether the API is asked, each time that the alarm is started."""
    scene.slots.adopt(Secret("un-mot-de-passe-inventé"), BY_HAND)
    structure, asked = load(scene.settings()).structure(DEMO_SIRET), list[bool]()
    for now in times:
        asked.append(False)

        def ask(structure: Structure) -> Meaning:
            asked[-1] = True
            return NOTHING_HELD

        alarm.check(structure, list, believed, scene.keystore, ask, now, HALF_AN_HOUR)
    return asked


def believed(past: Past) -> bool:
    """Something vouches for it."""
    return True


def refused(
    scene: Scene,
    before: list[Past],
    after: list[Past],
    kept: str = "2026-11-01T08:00+00:00",
    vouches: Callable[[Past], bool] = believed,
    by: str = BY_HAND,
) -> tuple[bool, AccountCheck]:
    """Whether the API is asked on 30 November at noon, and the line, when it would refuse:
    `before` and `after` are what the records tell before and after the question; `kept` and `by`:
    when the password was put in the keyring, and by whom.
    """
    scene.slots.adopt(Secret("un-mot-de-passe-inventé"), BY_HAND)
    entry, asked = scene.keystore.entry(Slot.CURRENT, DEMO_ACCOUNT), list[str]()
    held = json.loads(entry.text() or "{}")
    entry.set_text(json.dumps(held | {"written": kept, "run": by}))

    def ask(structure: Structure) -> Meaning:
        asked.append(structure.siret)
        return next(each for each in TABLE if each.verdict is Verdict.REFUSED)

    line = alarm.check(
        load(scene.settings()).structure(DEMO_SIRET),
        lambda: after if asked else before,
        vouches,
        scene.keystore,
        ask,
        NOON,
        HALF_AN_HOUR,
    )
    return bool(asked), line


def ours(minutes: int, outcome: str) -> Past:
    """A rotation of ours that reset the account so many minutes before noon."""
    reset = NOON - timedelta(minutes=minutes)
    return Past(
        Path("x"), "r", DEMO_SIRET, DEMO_ACCOUNT, outcome=outcome, touched=True, reset=reset
    )


SOMEBODY = "Quelqu'un d'autre l'a réinitialisé"


def test_a_reset_of_ours_that_the_api_may_not_know_is_nobody_elses(scene: Scene) -> None:
    """Not even asked about: closed a few minutes ago, or open; the day's question is kept."""
    for past in (ours(5, "succeeded"), ours(5, "abandoned"), ours(500, "")):
        asked, line = refused(scene, [past], [past])
        assert (False, State.EXPLAINED) == (asked, line.state)
        assert SOMEBODY not in line.text
    asked, line = refused(scene, [ours(31, "succeeded")], [ours(31, "succeeded")])
    assert (True, State.REFUSED, True) == (asked, line.state, SOMEBODY in line.text)


def test_what_the_keyring_has_just_been_given_needs_no_record(scene: Scene) -> None:
    """A rotation wrote it, whatever became of the folder; what a person typed is no reset."""
    for by, state in (("r/1", State.EXPLAINED), (BY_HAND, State.REFUSED)):
        _, line = refused(scene, [], [], "2026-11-30T11:55+00:00", by=by)
        assert state is line.state
    scene.keystore.entry("checked", DEMO_ACCOUNT).delete()
    _, line = refused(scene, [], [], "2026-11-30T11:25+00:00", by="r/1")
    assert State.REFUSED is line.state


def test_a_seal_is_believed_for_its_own_record_s_sake(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever others did to the register; it is read once for all accounts, and one that is no
    file vouches for nothing.
    """
    journal, reads, lines = office.record().path / j.FILE_NAME, list[Register](), Register.lines
    stranger = Register(office.outputs, Keystore(MemoryKeyring()))
    stranger.append({"kind": "record", "record": "x", "statement": ""})
    with stranger.path.open("ab") as file:
        file.write(b'{"torn')
    (past,), vouches = history(office.outputs), voucher(office.settings, office.keystore)
    monkeypatch.setattr(Register, "lines", lambda self: reads.append(self) or lines(self))
    assert vouches(past) and vouches(past) and 1 == len(reads)
    sealed = journal.read_bytes()
    journal.write_bytes(sealed.replace(b'"pid": ', b'"pid": 1', 1))
    assert not vouches(past)
    journal.write_bytes(sealed)
    stranger.path.unlink()
    stranger.path.mkdir()
    assert not vouches(past)


def test_what_nothing_vouches_for_silences_nothing(scene: Scene) -> None:
    """It is told beside the alarm; a rotation of ours behind it explains what it explains."""
    for past in (ours(5, "succeeded"), ours(5, "abandoned"), ours(500, "")):
        scene.keystore.entry("checked", DEMO_ACCOUNT).delete()
        asked, line = refused(scene, [past], [past], vouches=lambda _: False)
        assert (True, State.REFUSED) == (asked, line.state)
        assert SOMEBODY in line.text and "Le dossier x l'expliquerait" in line.text
    mine, planted = ours(5, "succeeded"), ours(4, "")
    asked, line = refused(scene, [], [mine, planted], vouches=lambda past: past is mine)
    assert State.ASKED == line.state  # today's question is used up
    scene.keystore.entry("checked", DEMO_ACCOUNT).delete()
    asked, line = refused(scene, [], [mine, planted], vouches=lambda past: past is mine)
    assert (True, State.EXPLAINED) == (asked, line.state)


PLANTED: dict[str, tuple[ev.Event, ...]] = {
    "an open rotation": (),
    "a reset of a minute ago": (ev.RotationAbandoned("fini", "p", "k", "t"),),
}


@pytest.mark.parametrize("end", PLANTED)
def test_a_planted_journal_does_not_silence_it(scene: Scene, end: str) -> None:
    """Written by whoever can write in the folder, under a key of its own."""
    with_piste(scene)
    scene.slots.adopt(Secret("un-mot-de-passe-inventé"), BY_HAND)
    folder = RecordFolder.new(scene.outputs, DEMO_SIRET)
    folder.make()
    planted = j.Journal(folder.path, folder.run, "x@y", os.urandom(32))
    opened = ev.RotationOpened(DEMO_SIRET, "n", DEMO_ACCOUNT, "gestionnaire", (), school=True)
    for event in (opened, ev.ResetIntended(1), ev.ResetDone(1), *PLANTED[end]):
        planted.append(event)
    code, told = checked(scene)
    assert (4, "refused") == (code, told["state"])
    assert f"Le dossier {folder.path.name} l'expliquerait" in told["text"]


@pytest.mark.long
def test_a_reset_that_is_sealed_here_explains_and_no_other(scene: Scene) -> None:
    """Of a few minutes ago, by the record that this machine signed; once somebody has touched a
    byte of it, it explains nothing.
    """
    with_piste(scene)
    ended = scene.headless()
    assert 0 == ended.code
    entry = scene.keystore.entry(Slot.CURRENT, DEMO_ACCOUNT)
    entry.set_text(json.dumps(json.loads(entry.text() or "") | {"run": BY_HAND}))
    scene.world.reset(DEMO_ACCOUNT)
    assert "explained" == checked(scene)[1]["state"]
    journal = Path(ended.record) / j.FILE_NAME
    journal.write_bytes(journal.read_bytes().replace(b'"pid": ', b'"pid": 1', 1))
    code, told = checked(scene)
    assert (4, "refused") == (code, told["state"])
    assert f"Le dossier {Path(ended.record).name} l'expliquerait" in told["text"]


@pytest.mark.parametrize("outcome", ["", "succeeded"])
def test_a_rotation_that_begins_during_the_question_explains_it(scene: Scene, outcome: str) -> None:
    """The scheduler started both: the records are read again before anybody is alarmed."""
    asked, line = refused(scene, [], [ours(0, outcome)])
    assert (True, State.EXPLAINED, False) == (asked, line.state, SOMEBODY in line.text)


def test_an_abandoned_reset_of_ours_is_told_as_such(scene: Scene) -> None:
    """A person must look, and knows where from; a password kept since is another matter."""
    past = [ours(3000, "abandoned")]
    asked, line = refused(scene, past, past)
    assert (True, State.REFUSED) == (asked, line.state)
    assert SOMEBODY not in line.text and "a été abandonnée" in line.text
    scene.keystore.entry("checked", DEMO_ACCOUNT).delete()
    _, line = refused(scene, past, past, kept="2026-11-30T08:00+00:00")
    assert (State.REFUSED, True) == (line.state, SOMEBODY in line.text)


def test_without_an_answer_nobody_is_alarmed(scene: Scene) -> None:
    """A portal that is closed says nothing of the password: 5, and no notice."""
    with_piste(scene)
    scene.slots.adopt(Secret("un-mot-de-passe-inventé"), BY_HAND)
    scene.faults.maintenance_at = "piste:0"
    code, told = checked(scene)
    assert (5, "unknown") == (code, told["state"])


def test_a_refusal_reaches_people_at_once(scene: Scene) -> None:
    """By the channel of the settings, the day it is found; nothing more is sent that day."""
    with_piste(scene)
    scene.slots.adopt(Secret("un-mot-de-passe-inventé"), BY_HAND)
    scene.more += '[notices]\nchannels = ["equipe"]\n'
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Hook)) as (port, told):
        scene.keystore.entry("notice", "equipe").set(Secret(f"json://127.0.0.1:{port}/crochet"))
        assert (4, 3) == (checked(scene)[0], checked(scene)[0])
    (notice,) = told
    assert DEMO_ACCOUNT in str(notice) and "Quelqu'un d'autre l'a réinitialisé" in str(notice)
    assert "un-mot-de-passe" not in str(notice)


def test_the_notice_names_the_account_and_what_to_do() -> None:
    """None when nothing is refused."""
    assert of_check([]) is None
    notice = of_check([AccountCheck(DEMO_SIRET, "Commune", DEMO_ACCOUNT, State.REFUSED, "refusé.")])
    assert notice is not None
    assert f"- Commune ({DEMO_SIRET}), {DEMO_ACCOUNT}\N{NO-BREAK SPACE}: refusé." in notice.body
