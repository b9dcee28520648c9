"""What programs read: one document a command under --json, as its schema says, and the exit code
that it tells; refusals and bad arguments too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from fixtures_rotation import DEMO_SIRET, LOGIN, Scene
from jsonschema import Draft202012Validator
from releve import cli

SCHEMAS: dict[str, Any] = json.loads(
    files("releve.commands").joinpath("schemas.json").read_text(encoding="utf-8")
)


def valid(command: str, document: object) -> None:
    """Raises for what is neither the command's document nor a failure."""
    shapes = [SCHEMAS["commands"][command], {"$ref": "#/$defs/failure"}]
    Draft202012Validator({"$defs": SCHEMAS["$defs"], "anyOf": shapes}).validate(document)


def test_every_command_has_a_schema() -> None:
    """And every schema is one."""
    assert set(cli.COMMANDS) == set(SCHEMAS["commands"])
    for shape in SCHEMAS["commands"].values():
        Draft202012Validator.check_schema({"$defs": SCHEMAS["$defs"]} | shape)


def asked(scene: Scene, *args: str, stdin: str = "") -> dict[str, Any]:
    """The only document of a command; its code is the exit code."""
    ended = scene.releve("--json", *args, stdin=stdin)
    document = json.loads(ended.stdout)
    valid(args[0], document)
    assert ended.returncode == document["code"], ended
    return document  # type: ignore[no-any-return]


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["due"], 0),
        (["report"], 0),
        (["notify", "--dry-run"], 0),
        (["check"], 3),
        (["schedule", "--cron"], 0),
        (["profile", "show"], 0),
        (["credentials", "list"], 0),
        (["resume"], 0),
        (["rotate"], 2),
        (["rotate", DEMO_SIRET], 4),
        (["rotate", "--due"], 4),
        (["rotate", "--workers", "0", "--all"], 2),
        (["rotate", "12345678901234", "--yes"], 2),
        (["due", "--set", DEMO_SIRET, "demain"], 2),
        (["due", "--calendar", f"{__file__}/x"], 2),
        (["schedule", "--cron", "--output", f"{__file__}/x"], 2),
        (["school", "--ledger", f"{__file__}/x"], 2),
    ],
)
def test_a_command_that_rotates_nothing(scene: Scene, args: list[str], code: int) -> None:
    """As documented: 0 and 3 for what there is and is not to do, 2, 4, 5 for what is refused."""
    assert code == asked(scene, *args)["code"]
    assert 0 == scene.resets()


REFUSED = {
    "demo": ["--fault", "rien"],
    "lab": ["--port", "70000"],
    "rotate": ["12345678901234"],
    "rehearse": [],
    "resume": ["12345678901234"],
    "due": ["--nonsense"],
    "check": ["--nonsense"],
    "report": ["--output", f"{__file__}/rapport.html"],
    "notify": [],
    "schedule": [],
    "verify": [],
    "purge": [],
    "abandon": [DEMO_SIRET, "--reason", "essai"],
    "credentials": ["garder"],
    "discover": ["--nonsense"],
    "profile": ["export"],
    "doctor": ["12345678901234"],
    "school": ["--fault", "rien"],
}


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_command_refuses_in_one_document(scene: Scene, command: str) -> None:
    """2, the error's name, its text: what was asked for is no argument, or does not exist."""
    told = asked(scene, command, *REFUSED[command])
    assert (2, {"code", "error", "text"}) == (told["code"], set(told)), told


@pytest.mark.long
def test_what_a_person_gives_to_the_keyring(scene: Scene) -> None:
    """A password stored, found and taken away, and a notice's address: the secret is in no
    document.
    """
    for action in ("store", "test", "delete"):
        given = {"store": (["--stdin"], "Un-mot-de-passe-fictif\n")}.get(action, ([], ""))
        told = asked(scene, "credentials", action, *given[0], stdin=given[1])
        assert (0, action, "portal", LOGIN) == (
            told["code"], told["action"], told["kind"], told["user"]
        )  # fmt: skip
        assert "fictif" not in str(told)
    assert 5 > asked(scene, "credentials", "test")["code"] > 0, "it is gone"
    told = asked(scene, "notify", "--store", "equipe", stdin="json://127.0.0.1:9/fictif\n")
    assert 0 == told["code"]
    assert "fictif" not in str(told)


def test_bad_settings_and_unknown_commands(scene: Scene) -> None:
    """Code 2 and one document, from every command: `doctor` too, which then tells the rest."""
    scene.policy["warn_days"] = -1
    args = {"rotate": ["--all"], "rehearse": [DEMO_SIRET], "schedule": ["--cron"]}
    args |= {"credentials": ["list"], "profile": ["show"]}
    args |= {"abandon": [DEMO_SIRET, "--reason", "essai"]}
    for command in set(cli.COMMANDS) - {"demo", "lab", "school"}:  # the page shows it
        assert 2 == asked(scene, command, *args.get(command, []))["code"], command
    ended = scene.releve("--json", "renouvelle")
    assert (2, "BadArguments") == (ended.returncode, json.loads(ended.stdout)["error"])


@pytest.mark.long
def test_what_prepares_and_what_puts_down(scene: Scene, tmp_path: Path) -> None:
    """A page that checks, a shortcut, this machine's state, a rotation put down."""
    assert 0 == asked(scene, "verify", "--page", str(tmp_path / "page.html"))["code"]
    assert asked(scene, "doctor")["code"] in (0, 5)  # by what this machine has
    shortcut = scene.releve("--json", "lab", "--shortcut", XDG_DESKTOP_DIR=str(tmp_path))
    valid("lab", json.loads(shortcut.stdout))
    assert 4 == asked(scene, "rotate", DEMO_SIRET)["code"]  # the gate stays closed: it is open
    assert 4 == asked(scene, "resume")["code"]
    assert 0 == asked(scene, "abandon", DEMO_SIRET, "--reason", "essai")["code"]
    assert 4 == asked(scene, "rotate", "--all", "--yes", "--plan", "0" * 16)["code"]


@pytest.mark.long
def test_what_is_resumed_to_its_end(scene: Scene) -> None:
    """And the structures that the portal lists."""
    assert 4 == asked(scene, "rotate", DEMO_SIRET)["code"]
    assert 0 == asked(scene, "resume", "--yes")["code"]
    assert 0 == asked(scene, "discover")["code"]


@pytest.mark.long
def test_what_serves_and_the_demonstration(tmp_path: Path) -> None:
    """The document of what serves comes at once: it then goes on until it is ended."""
    command = [sys.executable, "-m", "releve", "--json"]
    done = subprocess.run([*command, "demo"], cwd=tmp_path, capture_output=True, text=True,
                          env=os.environ | {"RELEVE_SETTINGS": str(tmp_path / "none")})  # fmt: skip
    valid("demo", json.loads(done.stdout))
    for each in (["school"], ["lab", "--no-browser"]):
        environment = os.environ | {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
        with subprocess.Popen(
            [*command, *each], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
        ) as serving:
            assert serving.stdout
            valid(each[0], json.loads(serving.stdout.readline()))
            serving.terminate()


def test_rotations_and_their_records(scene: Scene) -> None:
    """One alone, a fleet with nothing to do, the record's verdict."""
    assert 0 == asked(scene, "rotate", DEMO_SIRET, "--yes")["code"]
    assert 3 == asked(scene, "rotate", "--all", "--yes")["code"]
    assert 0 == asked(scene, "verify")["code"]
    assert 3 == asked(scene, "due")["code"]
    assert 0 == asked(scene, "rehearse", DEMO_SIRET)["code"]
    scene.more = "[record]\nkeep_years = 10\n"
    purged = asked(scene, "purge")
    assert (0, 10, False, []) == tuple(
        purged[name] for name in ("code", "years", "destroyed", "records")
    )
