"""Nothing irreversible that cannot be finished: the decision's table, and an agency's mornings on
the school.
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import platformdirs
import pytest
import tomlkit
from fixtures_keyring import SESSION_KEYRING, ThrowawayKeyring
from fixtures_rotation import DEMO_SIRET, LONG_AGO, Scene
from fleet_scene import LOGIN, PASSWORD
from releve import cli
from releve.base.origins import ORIGINS
from releve.base.secret import Secret
from releve.base.settings import Settings, Structure, load
from releve.commands.checkup import Grade
from releve.commands.doctor import unattended
from releve.decision import events as ev
from releve.decision import journal as j
from releve.decision.consent import TABLE, BeforeReset, overtaken, refusals
from releve.headless.fleet import unconfirmed
from releve.headless.worker import unforeseen
from releve.jupyter.home import Home
from releve.planning import notices
from releve.planning.plan import UNPROVEN, Plan
from releve.portal.credentials import Credentials
from releve.portal.profile import note_summary_read, summary_was_read
from releve.record.folder import RecordFolder
from releve.record.history import history
from releve.rotation.consent import hindrances
from releve.school import Faults, SchoolThread, World
from releve.vault.keys import make_rotation_key
from releve.vault.keystore import Keystore
from releve.vault.slots import Slot
from test_alarm import with_piste
from test_json import valid

# -- the table

WRONG = {
    "guided": {"guided": ("Commune d'Exemple",)},
    "without program": {"without_program": ("Commune d'Exemple",)},
    "herself": {"herself": True},
    "never met": {"met": False},
    "overtaken": {"overtaken": True},
    "undated": {"dated": False},
    "unproven": {"provable": False},
}


def test_each_row_alone_keeps_a_reset_from_being_made() -> None:
    """And nothing else does."""
    assert [] == refusals(BeforeReset())
    assert set(WRONG) == set(TABLE)
    for name, fact in WRONG.items():
        assert [name] == refusals(BeforeReset(**fact))  # type: ignore[arg-type]


NOW = datetime(2026, 11, 29, 7, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("writer", "hours", "expected"),
    [
        ("run/2", 1, False),  # its own, as its journal knows it
        ("run/3", 1, True),  # its own, and later than this copy of its journal
        ("other/1", 1, True),
        ("other/1", -1, False),  # what the account had when this rotation was opened
        ("saisi-a-la-main", 1, False),  # typed by a person: no change on the portal
    ],
)
def test_a_keyring_that_knows_more_than_the_journal(
    writer: str, hours: int, expected: bool
) -> None:
    """A folder restored from last month never causes a reset."""
    written = NOW + timedelta(hours=hours)
    assert expected is overtaken([(writer, written)], "run", 2, NOW)


# -- one structure: the command and plain papermill alike


def papermill(scene: Scene) -> subprocess.CompletedProcess[str]:
    """The notebook by papermill's own command line, the reset approved. Its engine tells our code.
    """
    command = [sys.executable, "-m", "papermill", "notebooks/rotation.ipynb"]
    command += [str(scene.folder / "out.ipynb"), "-p", "structure", DEMO_SIRET]
    command += ["--engine", "releve", "-p", "approve", "true", "-p", "outputs", str(scene.outputs)]
    environment = scene.environment | {"RELEVE_SETTINGS": str(scene.settings())}
    root = Path(__file__).parents[2]
    return subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True)


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("change", "said", "logins"),
    [
        ({"targets": ["corail"]}, "se remplit à la main", 0),
        ({"targets": ["command"], "command": ["releve-absent"]}, "est introuvable sur ce poste", 0),
        ({"last_rotation": None}, "la date du dernier changement est inconnue", 1),
    ],
)
def test_what_cannot_be_finished_is_not_begun(
    scene: Scene, change: dict[str, object], said: str, logins: int
) -> None:
    """Code 4 before anything, no login even, but for the one look at the page that may show the
    date; the same by the command and by plain papermill.
    """
    scene.structure |= change
    for ended in (scene.releve("rotate", DEMO_SIRET, "--yes"), papermill(scene)):
        assert (4, True) == (ended.returncode, said in ended.stdout + ended.stderr), ended
    assert (0, logins, []) == (scene.resets(), scene.logins(), list(scene.outputs.glob("2*")))


@pytest.mark.long
def test_without_a_proof_it_must_be_said_aloud(scene: Scene) -> None:
    """Neither PISTE nor `policy.unproven`: stopped; declared: done, and the list says so."""
    scene.policy.clear()
    ended = scene.releve("rotate", DEMO_SIRET, "--yes")
    assert (4, 0) == (ended.returncode, scene.resets())
    assert "rien ne pourrait prouver" in ended.stderr
    scene.policy["unproven"] = True
    ended = scene.releve("rotate", "--all", "--yes")
    assert (0, 1, True) == (ended.returncode, scene.resets(), "sans preuve" in ended.stdout)


@pytest.mark.parametrize("declared", [True, False])
async def test_every_list_says_that_the_proof_is_declared_unneeded(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, declared: bool
) -> None:
    """With PISTE in the settings too; where it is not declared, no list speaks of it."""
    scene.policy["unproven"] = declared
    with_piste(scene)
    monkeypatch.setenv("RELEVE_SETTINGS", str(scene.settings()))
    monkeypatch.setenv("RELEVE_OUTPUTS", str(scene.outputs))
    lists = ["due", "report", "notify --dry-run", "schedule --cron", "doctor", "rotate --all"]
    for each in lists:
        ended = scene.releve(*each.split())
        said = ended.stdout + ended.stderr
        if each == "report":
            report = html.unescape((scene.outputs / "report.html").read_text())
            said = report.replace("\u00a0", " ")
        assert (UNPROVEN in said) is declared, each
    assert (UNPROVEN in html.unescape(Home().panel.view["body"])) is declared


async def test_a_rotation_begun_at_the_screen_is_not_finished_without_a_person(
    scene: Scene,
) -> None:
    """The gate was given, then Corail became a guided one: the reset is not made."""
    begun = await scene.walk(until="cible")
    assert "" == begun.error
    scene.structure |= {"targets": ["corail"]}
    ended = scene.releve("resume", "--yes")
    assert (4, 0) == (ended.returncode, scene.resets()), ended
    assert "se remplit à la main" in ended.stdout + ended.stderr


def test_the_first_rotation_on_a_portal_is_made_at_the_screen(scene: Scene) -> None:
    """A real portal's settings, a keyring that answers: stopped before anything is asked of the
    network.
    """
    file = scene.folder / "real.toml"
    file.write_text(
        f'[portal]\nlogin = "{LOGIN}"\n[policy]\nunproven = true\n[structures.{DEMO_SIRET}]\n'
        f'name = "Commune"\ntechnical_account = "TECH_1_1@cpro.fr"\ntargets = ["command"]\n'
        f"command = [{json.dumps(sys.executable)}]\nlast_rotation = {LONG_AGO}\n"
    )
    script = f"{SESSION_KEYRING}\nfrom releve.cli import main\nraise SystemExit(main())"
    command = [sys.executable, "-c", script, "--settings", str(file)]
    command += ["--outputs", str(scene.outputs), "rotate", "--due", "--yes"]
    own = scene.keyring.environment | {"XDG_CONFIG_HOME": str(scene.folder / "own")}
    ended = subprocess.run(command, env=scene.environment | own, capture_output=True, text=True)
    assert (4, True) == (ended.returncode, "Faites la première à l'écran" in ended.stdout), ended


def test_a_portal_that_nobody_has_met(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The user's own folder says whether an attended rotation has read a password there. The school
    is exempt.
    """
    monkeypatch.setattr(platformdirs, "user_config_path", lambda name, appauthor: tmp_path / "own")
    school = load(scene.settings())
    assert summary_was_read(school)
    real = tmp_path / "real.toml"
    real.write_text('[portal]\nlogin = "xt012345"\n')
    settings = load(real)
    assert not summary_was_read(settings)
    note_summary_read(settings, date(2026, 11, 29))
    assert summary_was_read(settings)


# -- said before the first night


def real_portal(scene: Scene, patch: pytest.MonkeyPatch) -> None:
    """No school in the settings; this session's own keyring."""
    scene.keyring.take_for_the_sessions_own(patch)
    patch.setenv("XDG_CONFIG_HOME", str(scene.folder / "own"))
    scene.portal |= {"url": f"{ORIGINS[0]}/portail/", "origins": list(ORIGINS)}
    scene.structure |= {"targets": ["command"], "command": [sys.executable]}


def one_too_many(scene: Scene) -> None:
    """A second account is due, and one reset is the most."""
    scene.policy["max_resets"] = 1
    siret = next(each for each in scene.world.structures if each != DEMO_SIRET)
    scene.more = f'[structures.{siret}]\nname = "Autre"\ntechnical_account = "T2@cpro.fr"\n'
    scene.more += f'targets = ["school"]\nlast_rotation = {LONG_AGO}\n'


def overtaken_here(scene: Scene) -> None:
    """Left open here; the keyring knows of a later change, made with another folder."""
    assert 4 == scene.releve("rotate", DEMO_SIRET).returncode
    scene.slots.write(Slot.CURRENT, Secret("Autre-Dossier-2026!"), "run/1")


HINDRANCES: dict[str, tuple[Callable[[Scene, pytest.MonkeyPatch], object], str]] = {
    "guided": (lambda s, _: s.structure.update(targets=["corail"]), "se remplit à la main"),
    "without program": (
        lambda s, _: s.structure.update(targets=["command"], command=["releve-absent"]),
        "est introuvable sur ce poste",
    ),
    "herself": (lambda s, _: s.portal.update(sign_in="person"), "se connecte elle-même"),
    "never met": (real_portal, "n'a encore lu de nouveau mot de passe sur ce portail"),
    "overtaken": (lambda s, _: overtaken_here(s), "connaît un changement plus récent"),
    "undated": (lambda s, _: s.structure.update(last_rotation=None), "changement est inconnue"),
    "unproven": (lambda s, _: s.policy.clear(), "rien ne pourrait prouver"),
    "plan": (lambda s, _: one_too_many(s), "2 réinitialisations, et 1 au plus sans plan"),
    "foreign": (
        lambda s, _: left_open(load(s.settings(), s.outputs), DEMO_SIRET),
        "ne répond pas de la rotation restée ouverte",
    ),
    "no password": (lambda s, _: s.keystore.portal_password(LOGIN).delete(), "n'a pas d'entrée"),
    "refused password": (
        lambda s, _: Credentials(s.keystore, LOGIN, s.outputs).remember_refusal(Secret(PASSWORD)),
        "a déjà refusé ce mot de passe",
    ),
    "code": (
        lambda s, _: Credentials(s.keystore, LOGIN, s.outputs).note_person_needed("code"),
        "demande un code à usage unique",
    ),
    "key": (
        lambda s, _: Credentials(s.keystore, LOGIN, s.outputs).note_person_needed("key"),
        "clé de sécurité",
    ),
    "keyring": (lambda s, _: s.keyring.lock(), "verrouillé"),
}  # fmt: skip


@pytest.mark.parametrize("name", [*WRONG, *(each for each in HINDRANCES if each not in WRONG)])
def test_what_would_stop_the_first_night_is_said_before(
    scene: Scene,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    """By `doctor` and by `schedule`, each with its mend; and only that."""
    spoil, why = HINDRANCES[name]
    spoil(scene, monkeypatch)
    path = scene.settings()
    if name == "never met":
        path.write_text(re.sub(r"\[school\][^[]*", "", path.read_text()))
    (row,) = [e for e in unattended(load(path, scene.outputs)) if e.text != UNPROVEN]
    assert (Grade.DOUBTFUL, True) == (row.grade, why in row.text and row.mend != ""), row
    asked = ["--settings", str(path), "--outputs", str(scene.outputs), "--json"]
    assert 0 == cli.main([*asked, "schedule", "--cron"])
    assert [f"{row.text} {row.mend}"] == json.loads(capsys.readouterr().out)["stops"]


@pytest.mark.long
async def test_what_only_needs_to_be_finished_is_in_no_plan(scene: Scene) -> None:
    """One of the two was reset already: nothing would stop the night."""
    one_too_many(scene)
    assert "" == (await scene.walk(until="mot-de-passe")).error
    assert [] == hindrances(load(scene.settings(), scene.outputs))


# -- an agency's morning

TARGETS = {
    "ready": ["school"],
    "shares": ["school"],  # the account of "ready"
    "second": ["school"],
    "guided": ["corail"],
    "fails": ["command"],
    "undated": ["school"],
}


@dataclass
class Agency:
    """Six communes that `discover --write` found; `siret` by what is special about them."""

    school: SchoolThread
    keyring: ThrowawayKeyring
    folder: Path
    siret: dict[str, str]

    def run(self, *args: str, outputs: str = "outputs") -> tuple[int, str]:
        """A command without a terminal. Its code, and all that it said."""
        command = [sys.executable, "-m", "releve", "--settings", str(self.folder / "releve.toml")]
        return self._run([*command, "--outputs", str(self.folder / outputs), *args], os.environ)

    def scheduled(self, outputs: str = "outputs") -> tuple[int, str]:
        """The line that `releve schedule` prints for that folder, to the letter, in what cron gives
        it: its shell, the person's folder, hardly a variable. The code that the run noted.
        """
        printed = self.run("schedule", "--cron", outputs=outputs)[1].splitlines()
        (line,) = [each for each in printed if each.startswith("30 7 * * 1-5 ")]
        kept = ("HOME", "PYTHONPATH", "PLAYWRIGHT_BROWSERS_PATH")  # of these, two are the tests'
        own = {name: os.environ[name] for name in kept if name in os.environ}
        command = ["/bin/sh", "-c", line.split(maxsplit=5)[5]]
        failed, said = self._run(command, own | {"PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"})
        code = json.loads((self.folder / outputs / notices.HEARTBEAT).read_text())["code"]
        assert (code not in (0, 3)) == bool(failed), said
        return code, said

    def _run(self, command: list[str], environment: Mapping[str, str]) -> tuple[int, str]:
        ended = subprocess.run(
            command,
            env=environment,
            cwd=Path.home(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
        )
        return ended.returncode, ended.stdout + ended.stderr

    def resets(self) -> dict[str, int]:
        """By what is special about a commune, those that the portal has counted."""
        world = self.school.world
        found = {
            name: world.resets(world.structures[code].accounts[0])
            for name, code in self.siret.items()
        }
        return {name: count for name, count in found.items() if count}

    def dead(self) -> set[str]:
        """The communes whose Corail holds a password that the portal does not take any more."""
        return {n for n, code in self.siret.items() if not self.school.world.corail_matches(code)}


@pytest.fixture
def discovered(tmp_path: Path) -> Iterator[Agency]:
    """Six communes, and what `discover --write` has made of them."""
    world = World(seed=7, password=PASSWORD, login=LOGIN, structures=6)
    plain = [code for code, each in world.structures.items() if len(each.accounts) == 1]
    siret = dict(zip(TARGETS, plain, strict=False))
    world.structures[siret["shares"]].accounts[:] = world.structures[siret["ready"]].accounts
    world.corail[siret["shares"]].account = world.corail[siret["ready"]].account
    world.corail[siret["shares"]].password = world.corail[siret["ready"]].password
    with SchoolThread(world, Faults()) as school:
        keyring = ThrowawayKeyring(school)
        keyring.keystore().portal_password(LOGIN).set(Secret(PASSWORD))
        urls = school.urls
        origins = json.dumps([*urls.origins, urls.corail])
        (tmp_path / "releve.toml").write_text(
            f'[portal]\nurl = "{urls.portal}"\nlogin = "{LOGIN}"\norigins = {origins}\n'
            f'[policy]\nunproven = true\n[school]\ncorail_url = "{urls.corail}/"\n'
            f'control_url = "{urls.control}"\n'
        )
        found = Agency(school, keyring, tmp_path, siret)
        assert 0 == found.run("discover", "--write")[0]
        yield found


@pytest.fixture
def agency(discovered: Agency) -> Agency:
    """Then what an operator writes by hand."""
    _by_hand(discovered.folder / "releve.toml", discovered.siret)
    return discovered


def _by_hand(path: Path, siret: dict[str, str]) -> None:
    """What is due, where it goes, and the communes that this morning is not about."""
    document = tomlkit.parse(path.read_text())
    structures = document["structures"]
    for code in [code for code in structures if code not in siret.values()]:
        del structures[code]
    for name, code in siret.items():
        structures[code]["targets"] = TARGETS[name]
        if name != "undated":
            structures[code]["last_rotation"] = LONG_AGO
    structures[siret["fails"]]["command"] = [sys.executable, "-c", "raise SystemExit(1)"]
    path.write_text(tomlkit.dumps(document))


@pytest.mark.long
def test_what_was_discovered_is_not_reset_the_next_morning(discovered: Agency) -> None:
    """`discover --write`, then the scheduler's line, and nothing by hand: no date is known, each
    account is in the list with what to do, and nothing has changed.
    """
    code, said = discovered.scheduled()
    assert (4, {}, set()) == (code, discovered.resets(), discovered.dead()), said
    told = {n for n, each in discovered.siret.items() if f"releve due --set {each} " in said}
    assert told in (set(TARGETS) - {"shares"}, set(TARGETS) - {"ready"}), said


@pytest.mark.long
def test_the_agencys_mornings(agency: Agency) -> None:
    """Reset is what can be finished, and what is not is told with why; no later morning, whatever
    became of the records' folder, resets anything again.
    """
    assert 0 == agency.run("rotate", agency.siret["second"], "--yes")[0]
    shutil.copytree(agency.folder / "outputs", agency.folder / "last-month")
    code, said = agency.scheduled()
    assert 6 == code, said
    once = {"ready": 1, "shares": 1, "second": 1, "fails": 1}
    assert (once, {"fails"}) == (agency.resets(), agency.dead()), said
    for name, why in (
        ("guided", "se remplit à la main"),
        ("undated", "la date du dernier changement est inconnue"),
        ("fails", "n'a pas entré le mot de passe"),
    ):
        assert agency.siret[name] in said and why in said, said
    assert "sans preuve" in said, said
    shutil.copytree(agency.folder / "outputs", agency.folder / "moved")
    for outputs in ("outputs", "moved", "lost", "last-month"):
        code, said = agency.scheduled(outputs)
        assert code in (4, 6), said
        assert (once, {"fails"}) == (agency.resets(), agency.dead()), said


@pytest.mark.long
def test_a_folder_from_before_the_rotations_resets_nothing_again(agency: Agency) -> None:
    """Its rotations were open then, or not there yet: the keyring knows better."""
    before = agency.folder / "before"
    code, said = agency.run("rotate", agency.siret["second"])  # the gate stays closed: left open
    assert 4 == code, said
    shutil.copytree(agency.folder / "outputs", before)
    assert 0 == agency.run("rotate", agency.siret["second"], "--yes")[0]
    once = agency.resets()
    code, said = agency.run("resume", "--yes", outputs="before")
    assert (4, once, True) == (code, agency.resets(), "terminée depuis" in said), said
    # named, it is taken in hand, and ends with the password that the keyring has in use
    code, said = agency.run("resume", agency.siret["second"], "--yes", outputs="before")
    assert (0, once, set()) == (code, agency.resets(), agency.dead()), said


@pytest.mark.long
def test_what_was_done_with_another_folder_is_not_done_again(agency: Agency) -> None:
    """Left open here, made there: the keyring knows of the later change."""
    assert 4 == agency.run("rotate", agency.siret["second"])[0]
    assert 0 == agency.run("rotate", agency.siret["second"], "--yes", outputs="elsewhere")[0]
    once = agency.resets()
    for _ in range(2):
        code, said = agency.run("resume", "--yes")
        assert (4, once) == (code, agency.resets()), said
        assert "connaît un changement plus récent" in said


@pytest.mark.long
def test_a_morning_with_the_portals_password_refused(agency: Agency) -> None:
    """One try, no reset, and none the next morning: the account must not be locked."""
    agency.keyring.keystore().portal_password(LOGIN).set(Secret("Perime-2025"))
    refusals = []
    for _ in range(2):
        code, said = agency.scheduled()
        assert code in (4, 5), said
        refusals.append(agency.school.world.ledger.count("login_refused"))
    assert ([1, 1], {}) == (refusals, agency.resets())


@pytest.mark.long
def test_a_date_is_given_once(agency: Agency) -> None:
    """`due --set`: the file keeps its comments, a day to come is refused, and the account is
    taken.
    """
    path, siret = agency.folder / "releve.toml", agency.siret["undated"]
    path.write_text("# les réglages de l'agence\n" + path.read_text())
    tomorrow = (date.today() + timedelta(days=1)).isoformat()
    assert 2 == agency.run("due", "--set", siret, tomorrow)[0]
    assert 2 == agency.run("due", "--set", siret, "hier")[0]
    assert 0 == agency.run("due", "--set", siret, LONG_AGO.isoformat())[0]
    assert path.read_text().startswith("# les réglages de l'agence\n")
    code, said = agency.run("rotate", siret, "--yes")
    assert (0, {"undated": 1}) == (code, agency.resets()), said


# -- a plan that was agreed to


@pytest.mark.long
def test_more_than_a_few_resets_need_an_agreed_plan(agency: Agency) -> None:
    """The plan is shown with its digest, and done only as it was shown."""
    path = agency.folder / "releve.toml"
    path.write_text(path.read_text().replace("[policy]\n", "[policy]\nmax_resets = 1\n"))
    chosen = [agency.siret["ready"], agency.siret["second"]]
    code, said = agency.run("--json", "rotate", *chosen, "--yes")
    told = json.loads(said)
    assert (4, "PlanNeeded", {}) == (code, told["error"], agency.resets())
    assert told["unproven"]
    assert chosen == [each["structure"] for each in told["resets"]]
    settings = load(path)
    assert told["plan"] == Plan(tuple(settings.structure(each) for each in chosen)).digest
    code, said = agency.run("rotate", agency.siret["second"], chosen[0], "--plan", "0" * 16)
    assert (4, {}) == (code, agency.resets()), said
    code, said = agency.run("rotate", *chosen, "--plan", told["plan"])
    assert (0, {"ready": 1, "shares": 1, "second": 1}) == (code, agency.resets()), said


@pytest.mark.long
@pytest.mark.parametrize(
    ("event", "option"),
    [(ev.GateGiven("cible", "approve"), []), (ev.ResetIntended(1), ["--reset-again"])],
)
def test_a_rotation_that_stands_before_its_reset_is_in_the_plan(
    agency: Agency, event: ev.Event, option: list[str]
) -> None:
    """Left open at its gate, or to be reset again by who is there, it counts in the limit, the list
    and the digest, for `rotate` and for `resume` alike, and no digest but its own lets it go on.
    """
    path, chosen = agency.folder / "releve.toml", [agency.siret["ready"], agency.siret["second"]]
    path.write_text(path.read_text().replace("[policy]\n", "[policy]\nmax_resets = 1\n"))
    settings = load(path, agency.folder / "outputs")
    for siret in chosen:
        left_open(settings, siret, event, ours=agency.keyring.keystore())
    code, said = agency.run("--json", "rotate", *chosen, "--yes", *option)
    valid("rotate", told := json.loads(said))
    assert (4, "PlanNeeded", chosen, {}) == (
        code,
        told["error"],
        [each["structure"] for each in told["resets"]],
        agency.resets(),
    )
    code, said = agency.run("--json", "resume", *option)
    stopped = json.loads(said)
    assert (4, "PlanNeeded", {}) == (code, stopped["error"], agency.resets()), said
    agreed = " ".join(["releve rotate", *chosen, *option, "--plan", told["plan"]])
    valid("resume", stopped)
    assert (told["plan"], chosen) == (
        stopped["plan"], [each["structure"] for each in stopped["resets"]]
    )  # fmt: skip
    assert agreed in stopped["text"] and stopped["unproven"]
    code, said = agency.run("--json", "rotate", chosen[0], *option, "--plan", told["plan"])
    assert (4, "PlanNeeded", {}) == (code, json.loads(said)["error"], agency.resets())


def left_open(
    settings: Settings, siret: str, *events: ev.Event, ours: Keystore | None = None
) -> None:
    """A rotation of the school that a process put down after these events, `ours` or a stranger's.
    """
    structure = settings.structure(siret)
    folder = RecordFolder.new(settings.record.folder, siret)
    folder.path.mkdir(parents=True)
    key = make_rotation_key(ours, folder.run) if ours else None
    journal = j.Journal(folder.path, folder.run, "a@b", key)
    account, targets = structure.technical_account, structure.targets
    opened = ev.RotationOpened(
        siret, structure.name, account, "gestionnaire", targets, school=True
    )
    for event in (opened, *events):
        journal.append(event)


@pytest.mark.parametrize(
    ("events", "asked", "decided"),
    [
        ([], True, True),
        ([ev.GateGiven("cible", "approve")], True, True),
        ([ev.ResetIntended(1), ev.ResetNotDone(1, "refusé")], True, True),
        ([ev.ResetIntended(1)], False, True),
        # the keyring has lost it
        ([ev.ResetIntended(1), ev.PendingStored(1), ev.ResetDone(1, "click")], False, True),
        ([ev.ResetIntended(1), ev.PasswordByHand(1, "refusé")], False, False),
        ([ev.ResetIntended(1), ev.ResetAgainDecided(1, "terminal")], True, True),
    ],
)
def test_only_what_was_reset_already_is_outside_of_a_plan(
    scene: Scene, events: list[ev.Event], asked: bool, decided: bool
) -> None:
    """The rest of the open ones would be reset by the run, and is confirmed like any other:
    `decided` by --reset-again, or because the API may say that a click was not taken.
    """
    settings = load(scene.settings(), scene.outputs)
    left_open(settings, DEMO_SIRET, *events, ours=scene.keystore)
    structure = settings.structure(DEMO_SIRET)
    assert [structure] * asked == unconfirmed(settings, [structure], reset_again=False)
    assert [structure] * decided == unconfirmed(settings, [structure], reset_again=True)
    with_piste(scene)
    settings = load(scene.settings(), scene.outputs)
    unknown = events == [ev.ResetIntended(1)]
    assert [structure] * (asked or unknown) == unconfirmed(settings, [structure], False)
    (past,) = history(scene.outputs)
    clicked = any(isinstance(each, ev.ResetIntended) for each in events)
    assert clicked == (past.reset is not None)


def test_what_is_not_ours_is_a_reset_to_confirm_whatever_it_says(scene: Scene) -> None:
    """A planted journal that was reset already, it says, takes no account out of a plan."""
    settings = load(scene.settings(), scene.outputs)
    left_open(settings, DEMO_SIRET, ev.ResetIntended(1), ev.PasswordByHand(1, "refusé"))
    chosen = [settings.structure(DEMO_SIRET)]
    assert chosen == unconfirmed(settings, chosen, reset_again=False)


def test_what_is_not_ours_holds_up_no_other(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    """It ends by itself, and first; only resets that would be made wait for a plan."""
    one_too_many(scene)
    settings, gate = load(scene.settings(), scene.outputs), ev.GateGiven("cible", "approve")
    given = ["--settings", str(settings.path), "--outputs", str(scene.outputs), "--json", "resume"]
    for ours, ends in ((None, []), (scene.keystore, ["PlanNeeded"])):
        for siret in settings.structures:
            left_open(settings, siret, gate, ours=ours)
        assert 4 == cli.main(given)
        valid("resume", told := json.loads(capsys.readouterr().out))
        assert ["NotOurs", "NotOurs", *ends] == [each["error"] for each in told["rotations"]]
    assert "Aucune de ces réinitialisations" in told["rotations"][-1]["text"]


def test_another_spelling_of_an_account_is_found_again(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    """The journal has it as it was written then: by its SIRET, and when a worker ends unheard."""
    settings = load(scene.settings(), scene.outputs)
    left_open(settings, DEMO_SIRET, ev.ResetIntended(1))
    scene.structure["technical_account"] = str(scene.structure["technical_account"]).lower()
    settings = load(scene.settings(), scene.outputs)
    assert 6 == unforeseen(settings, settings.structure(DEMO_SIRET), "x").code
    given = ["--settings", str(settings.path), "--outputs", str(scene.outputs), "--json"]
    assert 4 == cli.main([*given, "resume", DEMO_SIRET])
    assert "NotOurs" == json.loads(capsys.readouterr().out)["error"]


def test_a_plan_is_what_is_done_by_whom_and_with_which_program() -> None:
    """Another program, or another login, is another plan."""
    plain = Structure(DEMO_SIRET, "Commune", "TECH_1_1@cpro.fr", ("command",), ("scripts/a",))
    others = [replace(plain, command=("scripts/b",)), replace(plain, login="xt054321")]
    assert 3 == len({Plan((each,)).digest for each in (plain, *others)})


@pytest.mark.long
def test_two_failures_after_a_reset_stop_the_rest(agency: Agency) -> None:
    """The breaker: what fails twice would fail for everyone."""
    path = agency.folder / "releve.toml"
    failing = json.dumps([sys.executable, "-c", "raise SystemExit(1)"])
    path.write_text(
        path.read_text().replace(
            'targets = ["school"]', f'targets = ["command"]\ncommand = {failing}'
        )
    )
    assert 0 == agency.run("due", "--set", agency.siret["undated"], LONG_AGO.isoformat())[0]
    plan = json.loads(agency.run("--json", "rotate", "--due", "--yes")[1])
    code, said = agency.run("rotate", "--due", "--plan", plan["plan"])
    assert (6, True) == (code, "2 échecs après une réinitialisation" in said), said
    assert 2 == agency.school.world.resets(), said
