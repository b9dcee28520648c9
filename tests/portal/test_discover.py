"""`releve discover`: what the portal shows is listed as it is, and the settings are completed
without losing a character of theirs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fixtures_keyring import ThrowawayKeyring
from fixtures_rotation import LOGIN, PASSWORD, Scene
from releve import cli
from releve.base.secret import Secret
from releve.base.settings import load
from releve.base.settings_file import SettingsNotWritten
from releve.portal import inventory
from releve.portal.inventory import Card, Discovery, Match
from releve.school import Faults, SchoolThread, World
from releve.school.people import DEMO_ACCOUNT, DEMO_SIRET, siret
from releve.vault import portal_dates
from test_json import valid

SECOND = siret(1, 2)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Scene]:
    """A manager of eleven structures, on two pages."""
    with SchoolThread(
        World(password=PASSWORD, login=LOGIN, demo_account=DEMO_ACCOUNT, structures=10), Faults()
    ) as school:
        keyring = ThrowawayKeyring(school)
        keyring.keystore().portal_password(LOGIN).set(Secret(PASSWORD))
        yield Scene(school, keyring, tmp_path)


def discover(
    scene: Scene, capsys: pytest.CaptureFixture[str], *args: str
) -> tuple[int, dict[str, Discovery], int]:
    """The exit code, each structure's line by its SIRET, and how many were added. The settings are
    not written anew.
    """
    code = cli.main(
        [
            "--settings",
            str(scene.folder / "releve.toml"),
            "--outputs",
            str(scene.outputs),
            "--json",
            "discover",
            *args,
        ]
    )
    told = json.loads(capsys.readouterr().out)
    valid("discover", told)
    read = [
        each | {"standing": Match(each["standing"]), "accounts": tuple(each["accounts"])}
        for each in told["structures"]
    ]
    return code, {each["siret"]: Discovery(**each) for each in read}, told["added"]


@pytest.mark.long
def test_everything_that_the_manager_has_is_listed_and_added(
    small: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    """Names, accounts and standings are the portal's; `--write` adds what can be added, and nothing
    else.
    """
    small.faults.per_structure = {
        siret(3): Faults(missing_button=True),
        siret(4): Faults(no_technical_account=True),
    }
    small.structure = {"technical_account": DEMO_ACCOUNT, "targets": ["school"]}
    before = small.settings().read_text(encoding="utf-8")
    code, lines, added = discover(small, capsys, "--write")
    structures = small.world.structures
    shown = {
        key: tuple(each.accounts) if key != siret(4) else () for key, each in structures.items()
    }
    assert shown == {key: line.accounts for key, line in lines.items()}
    assert {key: each.name for key, each in structures.items()} == {
        key: line.name for key, line in lines.items()
    }
    odd = {
        DEMO_SIRET: Match.KNOWN,
        siret(3): Match.SECONDARY,
        siret(4): Match.WITHOUT_ACCOUNT,
    }
    assert {key: odd.get(key, Match.NEW) for key in structures} == {
        key: line.standing for key, line in lines.items()
    }
    settings = load(small.folder / "releve.toml")
    assert (0, len(structures) - 3) == (code, added)
    assert {key: shown[key][0] for key in structures if key not in (siret(3), siret(4))} == {
        key: each.technical_account for key, each in settings.structures.items()
    }
    assert (
        (small.folder / "releve.toml").read_text(encoding="utf-8").startswith(before.rstrip("\n"))
    )
    assert (0, 0) == (small.resets(), small.world.ledger.count("reset_refused"))
    assert (1, 1) == (small.logins(), small.world.ledger.count("logout"))


@pytest.mark.long
def test_the_dates_that_the_cards_show_are_kept(
    small: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    """Told by account, and kept in the keyring, where the next unattended run finds them."""
    small.faults.last_change_shown = True
    small.settings()
    code, lines, _ = discover(small, capsys)
    days = {each.login: each.changed.date() for each in small.world.accounts.values()}
    told = {account: day for line in lines.values() for account, day in line.changed.items()}
    assert (0, {k: day.isoformat() for k, day in days.items()}) == (code, told)
    for account, day in days.items():
        seen = portal_dates.read(small.keystore, account)
        assert seen is not None and day == seen.day


@pytest.mark.long
def test_a_person_reads_what_to_do(small: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """Several accounts are never chosen between: the lines to paste are shown. The portal's errors
    are its own; no password is told.
    """
    small.structure = {"technical_account": "TECH_1_99999999@cpro.fr", "targets": ["school"]}
    account = small.world.structures[SECOND].accounts[0]
    small.world.structures[siret(5)].accounts.append(account)
    path = small.settings()
    before = path.read_bytes()
    assert 0 == cli.main(["--settings", str(path), "discover"])
    told = capsys.readouterr().out
    assert before == path.read_bytes()
    assert "TECH_1_99999999@cpro.fr, que le portail ne montre pas ici" in told
    assert f"[structures.{siret(5)}]" in told and f"# ou : {account}" in told
    assert "11 structures, dont 9 à ajouter." in told
    assert PASSWORD not in told
    small.faults.maintenance_at = "structures"
    assert 5 == cli.main(["--settings", str(small.settings()), "discover"])
    assert "maintenance" in capsys.readouterr().err


def test_a_code_without_a_person_stops_it(small: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """As a rotation would: code 4, and nothing was asked for twice."""
    small.faults.otp, small.faults.otp_after_pigp = "email", True
    assert 4 == cli.main(["--settings", str(small.settings()), "discover"])
    assert (1, 1) == (small.logins(), len(small.world.mails))


NEW = Discovery(Match.NEW, siret(7), "Commune de l'Essai", ("TECH_1_77777777@cpro.fr",))
HEAD = '# Mes réglages, ne pas toucher\n[portal]\nlogin = "xt012345"  # le mien\n'
ONE = (
    f'\n[structures.{siret(3)}]   # la mairie\nname = "Trois"\ntechnical_account ='
    ' "TECH_1_33333333@cpro.fr"\n\n# fin des mairies\n'
)


@pytest.mark.parametrize(
    "text",
    [
        HEAD,
        HEAD + ONE,
        HEAD + ONE + "\n[policy]\nwarn_days = 10 # jours\n",
        HEAD + ONE + "\n[policy]\nwarn_days = 10 # jours\n" + ONE.replace(siret(3), siret(4)),
        HEAD + "\n[structures]\n" + ONE,
        (HEAD + ONE).rstrip("\n"),
        (HEAD + ONE).replace("\n", "\r\n"),
        "\ufeff" + HEAD + ONE,
    ],
    ids=[
        "none",
        "one",
        "not last",
        "apart",
        "with its table",
        "no end of line",
        "windows lines",
        "byte order mark",
    ],
)
def test_every_line_of_the_settings_stays(tmp_path: Path, text: str) -> None:
    """Comments, order, spaces and line ends are kept; the new structure is there beside the old
    ones; a second time changes nothing.
    """
    path = tmp_path / "releve.toml"
    path.write_bytes(text.encode())
    path.chmod(0o600)
    before = load(path)
    assert 1 == inventory.write(
        before, [NEW, Discovery(Match.TO_CHOOSE, siret(8), "Deux comptes", ("a", "b"))]
    )
    after, content = load(path), path.read_bytes().decode()
    assert [*before.structures, NEW.siret] == sorted(
        after.structures, key=[*before.structures, NEW.siret].index
    )
    assert (NEW.name, NEW.accounts[0], ("corail",)) == (
        (new := after.structure(NEW.siret)).name,
        new.technical_account,
        new.targets,
    )
    kept = iter(content.splitlines())
    assert [] == [line for line in text.splitlines() if line and line not in kept], (
        "in the same order"
    )
    assert not re.search(r"=.*\r?\n\[", content), "a table stands apart from the one before"
    assert ("\r\n" in text) == ("\r\n" in content) and content.count("\r\n") in (
        0,
        content.count("\n"),
    )
    assert 0o600 == path.stat().st_mode & 0o777
    inventory.write(load(path), [NEW])
    assert content == path.read_bytes().decode()


def test_settings_that_would_not_be_correct_are_not_written(tmp_path: Path) -> None:
    """What a person broke meanwhile, and a disk that refuses, leave the file as it was."""
    path = tmp_path / "releve.toml"
    path.write_text(HEAD, encoding="utf-8")
    settings = load(path)
    for broken in (HEAD + "unknown = 1\n", HEAD + "[structures]\n[[["):
        path.write_text(broken, encoding="utf-8")
        with pytest.raises(SettingsNotWritten):
            inventory.write(settings, [NEW])
        assert broken == path.read_text(encoding="utf-8")
    path.unlink()
    with pytest.raises(SettingsNotWritten):
        inventory.write(settings, [NEW])


def test_each_structure_has_its_standing(tmp_path: Path) -> None:
    """By what the portal shows and what the settings say; the settings' own are never left out."""
    path = tmp_path / "releve.toml"
    path.write_text(HEAD + ONE, encoding="utf-8")
    one, two = "TECH_1_33333333@cpro.fr", "TECH_1_44444444@cpro.fr"
    cases = [
        (Match.KNOWN, Card(siret(3), "Trois", (two, one), True)),
        (Match.DIFFERENT, Card(siret(3), "Trois", (two,), False)),
        (Match.NEW, Card(siret(4), "Quatre", (two,), False)),
        (Match.TO_CHOOSE, Card(siret(4), "Quatre", (one, two), False)),
        (Match.SECONDARY, Card(siret(4), "Quatre", (two,), True)),
        (Match.WITHOUT_ACCOUNT, Card(siret(4), "Quatre", (), False)),
        (Match.INVALID, Card("21990001600012", "Faux", (two,), False)),
    ]
    settings = load(path)
    assert [each for each, _ in cases] == [
        inventory.compare([found], settings)[0].standing for _, found in cases
    ]
    assert [Discovery(Match.ABSENT, siret(3), "Trois", (), one)] == inventory.compare([], settings)
