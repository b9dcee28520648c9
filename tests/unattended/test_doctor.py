"""`releve doctor`: each check against the real thing, in each state that it can be in, with its
mend.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from fixtures_keyring import Session, ThrowawayKeyring
from fixtures_rotation import LOGIN, Scene
from https_server import authority, web_server
from releve import cli
from releve.base.secret import Secret
from releve.base.settings import Portal, load
from releve.commands import checkup
from releve.commands.checkup import Check, Grade
from releve.portal.credentials import Credentials
from releve.school.people import DEMO_ACCOUNT, DEMO_SIRET
from releve.vault.made_up import MadeUpBackend
from releve.vault.slots import Slot
from test_proof import with_piste

GOOD, DOUBTFUL, BAD = Grade.GOOD, Grade.DOUBTFUL, Grade.BAD


def doctor(
    scene: Scene, capsys: pytest.CaptureFixture[str], *args: str
) -> tuple[int, dict[str, tuple[str, str, str]]]:
    """The exit code, and each line by its name: grade, text, mend."""
    code = cli.main(
        [
            "--settings",
            str(scene.settings()),
            "--outputs",
            str(scene.outputs),
            "--json",
            "doctor",
            *args,
        ]
    )
    told = json.loads(capsys.readouterr().out)
    assert code == told["code"]
    return code, {
        each["name"]: (each["grade"], each["text"], each["mend"]) for each in told["findings"]
    }


def test_a_machine_that_is_ready(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """Every line is good, none has a mend, the exit code is 0, and no secret is told; the same in
    words for a person.
    """
    with_piste(scene)
    code, lines = doctor(scene, capsys)
    assert (0, []) == (code, [line for line in lines.items() if line[1][0] != GOOD or line[1][2]])
    addresses = [
        f"Adresse {origin}"
        for origin in (
            *scene.school.urls.origins,
            scene.school.urls.corail,
            scene.school.urls.piste,
        )
    ]
    checks = [
        "Versions",
        "Réglages",
        "Disque",
        "Trousseau",
        "Identifiants",
        "Navigateur",
        *addresses,
        "Horloge",
        "Preuve par l'API",
        "Sans personne",
    ]
    assert checks == list(lines)
    told = cli.main(["--settings", str(scene.settings()), "doctor"]), capsys.readouterr().out
    assert (0, True) == (
        told[0],
        "Rien n'empêche une rotation." in told[1] and "[  bon  ] Horloge : à l'heure" in told[1],
    )
    assert [] == [secret for secret in scene.secrets() if secret in told[1] + str(lines)]
    assert 0 == scene.logins()


def test_without_settings_the_rest_is_checked_all_the_same(
    tmp_path: Path, throwaway: ThrowawayKeyring, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is missing is one bad line with its mend, not the end."""
    code = cli.main(["--settings", str(tmp_path / "absent.toml"), "--json", "doctor", DEMO_SIRET])
    lines = {each["name"]: each for each in json.loads(capsys.readouterr().out)["findings"]}
    assert (2, BAD, GOOD) == (code, lines["Réglages"]["grade"], lines["Navigateur"]["grade"])
    assert lines["Réglages"]["mend"]


def test_a_wrong_siret_is_told_before_the_slow_checks(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is a wrong argument: code 2."""
    assert 2 == cli.main(["--settings", str(scene.settings()), "doctor", "21990002400015"])
    assert "21990002400015" in capsys.readouterr().err


def test_versions_are_compared_with_their_pins(tmp_path: Path) -> None:
    """Another version and a missing package are named; comments and local packages are passed over.
    """
    pins = tmp_path / "requirements.txt"
    pins.write_text("# one\nkeyring==1.0  # why==not\nabsent-package==2.0\n-e ./lib\n")
    found = checkup.versions(pins)
    assert DOUBTFUL == found.grade
    assert (
        "keyring 25." in found.text
        and "au lieu de 1.0" in found.text
        and "absent-package absent au lieu de 2.0" in found.text
    )


def test_a_browser_that_is_absent_or_does_not_start(tmp_path: Path) -> None:
    """Both are bad, each with its own mend."""
    absent = checkup.browser(Portal(login=LOGIN, browser=str(tmp_path / "absent")))
    assert (BAD, True) == (absent.grade, "portal.browser" in absent.mend)
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    found = checkup.browser(Portal(login=LOGIN, browser=str(broken)))
    assert (BAD, True) == (found.grade, "n'a pas pu démarrer" in found.text)


KEYRINGS: list[tuple[Callable[[ThrowawayKeyring], None], str]] = [
    (lambda keyring: keyring.fail_writes(), "refusé"),
    (lambda keyring: keyring.corrupt_writes(), "n'est pas ce qui venait d'y être écrit"),
    (lambda keyring: keyring.lose_writes(), "disparu"),
    (lambda keyring: keyring.lock(), "verrouillé"),
    (lambda keyring: keyring.stop(), "ne répond pas"),
]


@pytest.mark.parametrize(
    ("spoil", "text"), KEYRINGS, ids=["fails", "corrupts", "loses", "locked", "gone"]
)
def test_a_keyring_that_fails(
    throwaway: ThrowawayKeyring, spoil: Callable[[ThrowawayKeyring], None], text: str
) -> None:
    """Write, read back, delete: each failure is bad, and says which."""
    spoil(throwaway)
    (found,) = checkup.keyring(None)
    assert ("Trousseau", BAD, True) == (
        found.name,
        found.grade,
        text in found.text and bool(found.mend),
    )


def test_a_real_keyring_is_left_as_it_was(secret_service: Session) -> None:
    """On a real Secret Service the check is good, and the value that it made up is gone."""
    import secretstorage

    (found,) = checkup.keyring(None)
    assert GOOD == found.grade
    connection = secretstorage.dbus_init()
    assert [] == [
        item.get_label()
        for item in secretstorage.get_default_collection(connection).get_all_items()
    ]
    connection.close()


def test_a_keyring_that_waits_for_somebody_does_not_hang(
    throwaway: ThrowawayKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A prompt that nobody answers is told after a while."""
    with socket.socket() as never:
        never.bind(("127.0.0.1", 0))
        never.listen()
        monkeypatch.setattr(checkup, "PROMPT_SECONDS", 0.1)
        monkeypatch.setattr(MadeUpBackend, "set_password", lambda *_: never.accept())
        (found,) = checkup.keyring(None)
    assert (BAD, True) == (found.grade, "une fenêtre le demande peut-être" in found.text)
    assert "Déverrouillez-le" in found.mend


def test_credentials_that_are_missing_or_were_refused(scene: Scene) -> None:
    """No password in the keyring is doubtful, for a person may type it; one that the portal refused
    is doubtful too, and is named.
    """
    settings = load(scene.settings())
    password = scene.keystore.portal_password(LOGIN)
    Credentials(scene.keystore, LOGIN, scene.outputs).remember_refusal(password.require())
    refused = list(checkup.keyring(settings))[-1]
    assert ("Identifiants", DOUBTFUL, True) == (
        refused.name,
        refused.grade,
        "déjà refusé" in refused.text,
    )
    password.delete()
    missing = list(checkup.keyring(settings))[-1]
    assert (DOUBTFUL, True) == (missing.grade, "releve credentials store" in missing.mend)


def test_the_made_up_keyring_is_never_asked_for_a_real_password(
    throwaway: ThrowawayKeyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings of the real portal do not choose it, whatever the environment says: Windows' own
    serves, or there is none.
    """
    monkeypatch.undo()
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "releve.vault.made_up.MadeUpBackend")
    (tmp_path / "real.toml").write_text('[portal]\nlogin = "xt012345"\n')
    found = next(iter(checkup.keyring(load(tmp_path / "real.toml"))))
    assert "Trousseau" == found.name
    assert BAD == found.grade or "WinVaultKeyring" in found.text


WHOAMI = """"Tout le monde","Groupe bien connu","S-1-1-0","Groupe obligatoire, Activé par défaut, Groupe activé"
"AUTORITE NT\\{name}","Groupe bien connu","{sid}","Groupe obligatoire, Activé par défaut, Groupe activé"
"Étiquette obligatoire\\Niveau obligatoire moyen","Nom","S-1-16-8192",""
"""


@pytest.mark.parametrize(
    ("name", "sid", "who"),
    [
        ("INTERACTIF", "S-1-5-4", "une personne"),
        ("TÂCHE", "S-1-5-3", "une tâche planifiée"),
        ("RÉSEAU", "S-1-5-2", "une connexion par le réseau"),
        ("SERVICE", "S-1-5-6", "un service"),
        ("AUTRE", "S-1-5-11", "on ne sait qui"),
    ],
)
def test_windows_says_who_opened_the_session(name: str, sid: str, who: str) -> None:
    """By the well-known SIDs of `whoami /groups`, whatever Windows' language, in a console's own
    code page: « É » is 0x90 there, which Windows' other one (1252) cannot decode.
    """
    said = WHOAMI.format(name=name, sid=sid).encode("cp850")
    assert b"\x90" in said
    assert who == checkup.logon(said)


def test_an_address_that_does_not_answer() -> None:
    """A closed port is bad; the clock cannot be told from it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found = checkup.reach(f"http://127.0.0.1:{probe.getsockname()[1]}")
    assert (BAD, None) == (checkup.address(found).grade, found.ahead)


@pytest.mark.parametrize(
    ("days", "trusted", "grade"),
    [(100, True, GOOD), (5, True, DOUBTFUL), (-1, True, BAD), (100, False, BAD)],
    ids=["good", "soon", "over", "unknown"],
)
def test_a_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, trusted: bool, grade: Grade
) -> None:
    """Good with its end, doubtful when that is near, bad when it is over or from an authority that
    this machine does not know.
    """
    ca, environment = authority(tmp_path)
    for name, value in environment.items():
        monkeypatch.setenv(
            name, value if trusted else str(shutil.copy(os.devnull, tmp_path / "empty.pem"))
        )
    end = datetime.now(UTC) + timedelta(days=days)
    with web_server(certificate=ca.issue_cert("localhost", not_after=end)) as origin:
        found = checkup.address(checkup.reach(origin))
    assert (grade, grade is not BAD) == (found.grade, f"{end:%d/%m/%Y}" in found.text)
    assert (grade is GOOD) == (not found.mend)


@pytest.mark.parametrize(
    ("ahead", "grade", "text"),
    [
        (timedelta(), GOOD, "à l'heure"),
        (timedelta(minutes=-4), DOUBTFUL, "avance de 4 minutes"),
        (timedelta(minutes=10), BAD, "retarde de 10 minutes"),
    ],
    ids=["right", "fast", "slow"],
)
def test_the_clock_is_compared_with_the_date_of_answers(
    ahead: timedelta, grade: Grade, text: str
) -> None:
    """By how much, and which way; a second's rounding does not matter."""
    with web_server(ahead=ahead) as origin:
        found = checkup.reach(origin)
    assert found.ahead is not None
    told = checkup.clock([found.ahead])
    assert (grade, True) == (told.grade, text in told.text), told


def test_the_nearest_clock_counts() -> None:
    """One server that is wrong does not make this machine wrong; no server at all leaves a doubt.
    """
    assert GOOD == checkup.clock([timedelta(hours=1), timedelta(seconds=2)]).grade
    assert DOUBTFUL == checkup.clock([]).grade


@pytest.mark.parametrize(
    ("free", "grade"), [(5 * 10**9, GOOD), (5 * 10**8, DOUBTFUL), (10**7, BAD)]
)
def test_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, grade: Grade) -> None:
    """How much is left, for a folder that need not exist yet; nothing is left behind."""
    monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=free))
    found = checkup.disk(tmp_path / "outputs" / "2026")
    assert (grade, grade is GOOD) == (found.grade, not found.mend)
    assert [] == list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """Bad, and says where."""
    (tmp_path / "outputs").write_text("a file in the place of the folder")
    assert BAD == checkup.disk(tmp_path / "outputs").grade


def test_piste_is_asked_for_a_token(scene: Scene) -> None:
    """A wrong secret is doubtful with its mend; so is none at all."""
    settings = load(with_piste(scene).settings())
    entry = scene.keystore.piste_secret(scene.world.piste.client_id)
    assert GOOD == checkup.piste(settings).grade
    entry.set(Secret("ce n'est pas le bon"))
    refused = checkup.piste(settings)
    assert (DOUBTFUL, True) == (refused.grade, "credentials store --piste" in refused.mend)
    entry.delete()
    assert DOUBTFUL == checkup.piste(settings).grade


def account_lines(scene: Scene) -> dict[str, Check]:
    """The lines of the demonstration's account, by name."""
    from releve.commands.doctor import account

    settings = load(scene.settings(), scene.outputs)
    return {each.name: each for each in account(settings, settings.structure(DEMO_SIRET))}


def test_the_reconcile_row_is_told_with_its_action(scene: Scene) -> None:
    """In order; then somebody resets the account outside, and both ways out are offered; then the
    operator gives the password.
    """
    with_piste(scene)
    name, now = f"Compte {DEMO_ACCOUNT}", scene.world.accounts[DEMO_ACCOUNT]
    assert (DOUBTFUL, True) == (
        (none := account_lines(scene)[name]).grade,
        "ne garde aucun mot de passe" in none.text,
    )
    scene.slots.adopt(Secret(now.password), "by-hand")
    lines = account_lines(scene)
    assert (GOOD, "", True) == (
        lines[name].grade,
        lines[name].mend,
        "mot de passe actuel : accepté" in lines[name].text,
    )
    scene.world.reset(DEMO_ACCOUNT)
    outside = account_lines(scene)[name]
    assert (BAD, True) == (
        outside.grade,
        "ailleurs" in outside.text and "mot de passe actuel : refusé" in outside.text,
    )
    assert (
        f"releve credentials store --current {DEMO_SIRET}" in outside.mend
        and f"releve rotate {DEMO_SIRET}" in outside.mend
    )
    scene.slots.adopt(Secret(now.password), "by-hand")
    assert GOOD == account_lines(scene)[name].grade
    scene.faults.piste_forbidden = True
    lines = account_lines(scene)
    assert (DOUBTFUL, DOUBTFUL) == (lines[name].grade, lines["Mot de passe actuel"].grade)
    assert "piste.gouv.fr" in lines["Mot de passe actuel"].mend


def test_without_piste_nothing_is_claimed(scene: Scene) -> None:
    """What the keyring holds is named, and it is said that nobody tried it."""
    scene.slots.write(Slot.PENDING, Secret("un mot de passe en attente"), "run/1")
    (found,) = account_lines(scene).values()
    assert (DOUBTFUL, True) == (
        found.grade,
        "mot de passe en attente" in found.text and "sans application PISTE" in found.text,
    )


async def test_a_rotation_left_open_is_told(scene: Scene) -> None:
    """With what is true of it and what to do."""
    await scene.walk(approve=False)
    found = account_lines(scene)["Rotation en cours"]
    assert (DOUBTFUL, True) == (
        found.grade,
        "ancien mot de passe" in found.text and "releve resume" in found.mend,
    )
