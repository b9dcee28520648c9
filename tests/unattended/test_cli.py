"""The command `releve`: arguments in French, exit codes that a scheduler can trust, a confirmation
at a real terminal.
"""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import time

import pytest
from fixtures_rotation import DEMO_SIRET, PASSWORD, Scene
from releve import cli
from releve.decision import events as ev
from releve.decision import journal as j
from releve.record.folder import RecordFolder, all_records
from releve.record.lock import AccountLock
from releve.school.people import DEMO_ACCOUNT


def run(scene: Scene, *args: str) -> int:
    """The command in this process, with the scene's settings and folder."""
    return cli.main([*args, "--settings", str(scene.settings()), "--outputs", str(scene.outputs)])


def last_json(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    """What `--json` printed last on the standard output, alone on its line."""
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "il manque : COMMANDE"),
        (["rotat"], "'rotat' n'existe pas ; possible : 'demo', "),
        (["rotate", "--ye"], "inconnu : --ye"),
        (["rotate", "--settings"], "--settings attend une valeur"),
        (["abandon", DEMO_SIRET], "il manque : --reason"),
    ],
)
def test_bad_arguments_are_told_in_french(
    args: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, the usage, what is wrong, and where to read more."""
    assert 2 == cli.main(args)
    text = capsys.readouterr().err
    assert said in text
    assert text.startswith("Utilisation : ")
    assert "--help" in text
    assert not re.search(r"\b(usage|required|expected|choose|unrecognized)\b", text)


@pytest.mark.parametrize(
    "command",
    [[], *[[name] for name in cli.COMMANDS]],
    ids=lambda command: " ".join(command) or "releve",
)
def test_every_help_is_in_french(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """No English of argparse's own is left, in any command; the words that one types stay."""
    with pytest.raises(SystemExit) as stop:
        cli.main([*command, "--help"])
    text = re.sub(r"\{.*?\}", "", capsys.readouterr().out)
    assert 0 == stop.value.code
    assert "Utilisation : " in text
    assert not re.search(r"\b(options:|positional|show|this|the|and|default)\b", text)


@pytest.mark.parametrize("before", ["", "json", "settings outputs", "json settings outputs"])
def test_common_options_stand_before_or_after_the_command(
    scene: Scene, before: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever their place, they mean the same."""
    options = {
        "json": ["--json"],
        "settings": ["--settings", str(scene.settings())],
        "outputs": ["--outputs", str(scene.outputs)],
    }
    first = [word for name in before.split() for word in options[name]]
    after = [word for name in options if name not in before.split() for word in options[name]]
    assert 2 == cli.main([*first, "rotate", "21990002400014", *after])
    found = last_json(capsys)
    assert (2, "StructureUnknown") == (found["code"], found["error"])


def test_settings_that_cannot_be_used_are_named(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, with the file and the key; nothing is opened."""
    scene.portal["lgin"] = "faute"
    assert 2 == run(scene, "rotate", DEMO_SIRET)
    assert re.search(r"(?s)releve\.toml.*lgin", capsys.readouterr().err)
    assert 0 == scene.logins()


def test_nothing_asked_and_nothing_to_resume(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    """A rotation of nothing is a mistake; a resume of nothing is not."""
    assert 2 == run(scene, "rotate")
    assert 0 == run(scene, "resume", "--json")
    assert "nothing" == last_json(capsys)["outcome"]


@pytest.mark.long
def test_an_unattended_rotation_stops_at_the_gate_and_resumes(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without --yes nor terminal nobody confirms (4); `resume --yes` ends the same rotation (0);
    again within a day is refused (3).
    """
    assert 4 == run(scene, "rotate", DEMO_SIRET, "--json")
    stopped = last_json(capsys)
    assert (4, 0) == (stopped["code"], scene.resets())
    assert "Personne n'a confirmé" in str(stopped["text"])
    assert 0 == run(scene, "resume", "--yes", "--json")
    done = last_json(capsys)
    assert (stopped["record"], "succeeded", 1) == (done["record"], done["outcome"], done["resets"])
    assert scene.three_places_agree()
    assert 3 == run(scene, "rotate", DEMO_SIRET, "--yes", "--json")
    refused = last_json(capsys)
    assert "JustDone" == refused["error"]
    assert 1 == scene.resets()


@pytest.mark.long
def test_before_and_after_the_reset_are_two_exit_codes(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    """5: nothing changed, start again; 6: the password is in `pending`, resume; both say so in
    French, without a traceback.
    """
    scene.faults.maintenance_at = "accueil"
    assert 5 == run(scene, "rotate", DEMO_SIRET, "--yes")
    assert re.search(r"maintenance(?s:.*)Ce qu'il faut faire", capsys.readouterr().out)
    scene.faults.server_error_at = "corail-transfert"
    assert 6 == run(scene, "rotate", DEMO_SIRET, "--yes")
    text = capsys.readouterr().out
    assert re.search(r"erreur technique(?s:.*)en sûreté dans le coffre", text)
    assert "Traceback" not in text
    assert 0 == run(scene, "resume")
    assert (1, 2) == (scene.resets(), len(list(all_records(scene.outputs))))
    assert [] == scene.leaks()


def test_an_account_in_other_hands_is_left_alone(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two operators at once: the second one withdraws, and is told who has it."""
    other = AccountLock(scene.outputs, DEMO_ACCOUNT)
    other.acquire("marie@mairie")
    try:
        assert 5 == run(scene, "rotate", DEMO_SIRET, "--yes", "--json")
    finally:
        other.release()
    found = last_json(capsys)
    assert "AccountBusy" == found["error"]
    assert "marie@mairie" in str(found["text"])
    assert 0 == scene.logins()


def test_a_demonstration_that_was_stopped_is_not_resumed(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its record stays open in the same folder, but its portal and its keyring are gone: real
    settings pass it over.
    """
    folder = RecordFolder.new(scene.outputs, DEMO_SIRET)
    folder.make()
    journal = j.Journal(folder.path, folder.run, "essai@poste")
    journal.append(
        ev.RotationOpened(
            DEMO_SIRET, "Commune d'Exemple", DEMO_ACCOUNT, "gestionnaire", (), school=True
        )
    )
    real = scene.folder / "real.toml"
    structure = f'[structures.{DEMO_SIRET}]\nname = "n"\ntechnical_account = "{DEMO_ACCOUNT}"\n'
    real.write_text(f'[portal]\nlogin = "x"\n{structure}')
    assert 0 == cli.main(
        ["resume", "--json", "--settings", str(real), "--outputs", str(scene.outputs)]
    )
    assert "nothing" == last_json(capsys)["outcome"]


@pytest.mark.parametrize(("command", "code"), [("due", 5), ("resume", 6)])
def test_an_unforeseen_error_is_told_without_a_traceback(
    scene: Scene,
    command: str,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its place is named for the maintainers, its secrets are masked; 6 when a reset may have been
    begun.
    """

    def broken(args: object) -> int:
        raise LookupError(f"introuvable : {PASSWORD}")

    monkeypatch.setattr(f"releve.commands.{command}.main", broken)
    assert code == run(scene, command)
    text = capsys.readouterr().err
    assert "LookupError : introuvable : ••••••, test_cli.py ligne " in text
    assert text.splitlines()[-1].startswith("Ce qu'il faut faire : Lancez « releve resume »")
    assert not re.search(f"Traceback|{re.escape(PASSWORD)}", text)


def at_a_terminal(
    command: list[str], environment: dict[str, str], asked: str, answer: str
) -> tuple[int, str]:
    """Run a command on a pseudo-terminal of its own and answer its question; returns its exit code
    and all that it showed.
    """
    here, there = pty.openpty()
    process = subprocess.Popen(
        command, env=environment, stdin=there, stdout=there, stderr=there, close_fds=True
    )
    os.close(there)
    shown, answered, until = b"", False, time.monotonic() + 60
    try:
        while select.select([here], [], [], max(0, until - time.monotonic()))[0]:
            shown += os.read(here, 65536)
            if not answered and asked.encode() in shown:
                answered = bool(os.write(here, f"{answer}\n".encode()))
    except OSError:  # the terminal closes with the process
        pass
    finally:
        os.close(here)
        process.kill()
    return process.wait(), shown.decode(errors="replace")


@pytest.mark.one_in(2)
@pytest.mark.parametrize(("answer", "code", "resets"), [("0011", 0, 1), ("0012", 4, 0)])
def test_at_a_terminal_the_target_is_confirmed(
    scene: Scene, answer: str, code: int, resets: int
) -> None:
    """The last four digits of the SIRET confirm; anything else does not, and nothing is begun."""
    command = scene.command("rotate", DEMO_SIRET)
    found, shown = at_a_terminal(command, scene.environment, "quatre derniers chiffres", answer)
    assert code == found, shown
    assert DEMO_ACCOUNT in shown
    assert resets == scene.resets()
    if not code:
        assert "Étape 12 sur 12" in shown
        assert "Rotation réussie" in shown
    assert [] == scene.leaks()
