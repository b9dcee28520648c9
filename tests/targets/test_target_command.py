"""A program of the agency's own: what it is given, what counts, and what is left of it."""

from __future__ import annotations

import json
import os
import shlex
import time
from pathlib import Path

import psutil
import pytest
from releve.base.secret import Secret
from releve.base.settings import load
from releve.targets import build, command, targets_of
from releve.targets.command import CommandFailed, CommandTarget
from releve.targets.corail import GuidedCorail
from sealed_records import ACCOUNT, PASSWORD, SIRET, TOML

pytestmark = pytest.mark.skipif(os.name == "nt", reason="its programs are shell scripts")


def target(tmp_path: Path, script: str) -> CommandTarget:
    """The target whose program is that script, in the folder of the test."""
    argv = json.dumps(["sh", "-c", f"cd {shlex.quote(str(tmp_path))}; {script}"])
    settings = tmp_path / "releve.toml"
    settings.write_text(f'{TOML}targets = ["command"]\ncommand = {argv}\n')
    structure = load(settings, tmp_path / "outputs").structure(SIRET)
    return CommandTarget(structure, "0000002a")


async def test_it_gets_the_password_and_an_environment_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The password on standard input alone; of our environment only what any program needs."""
    monkeypatch.setenv("RELEVE_SETTINGS", "/ours")
    monkeypatch.setenv("TOKEN_OF_OURS", "x")
    said = await target(tmp_path, "cat >given; env >environment").enter(Secret(PASSWORD))
    assert "a entré le mot de passe pour Commune d'Exemple" in said
    assert PASSWORD == (tmp_path / "given").read_text()
    given = dict(line.split("=", 1) for line in (tmp_path / "environment").read_text().splitlines())
    ours = {"RELEVE_STRUCTURE": SIRET, "RELEVE_ACCOUNT": ACCOUNT, "RELEVE_RUN": "0000002a"}
    ours |= {"RELEVE_NAME": "Commune d'Exemple"}
    assert ours == {name: value for name, value in given.items() if name.startswith("RELEVE")}
    assert "TOKEN_OF_OURS" not in given and given["PATH"] == os.environ["PATH"]
    assert PASSWORD not in str(given)


async def test_what_it_prints_is_kept_nowhere(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not when it fails either, and as much as it likes: it may print what it was given."""
    loud = "cat; cat >&2 given; yes | head -c 3000000; exit 3"
    (tmp_path / "given").write_text(PASSWORD)
    with pytest.raises(CommandFailed) as failed:
        await target(tmp_path, loud).enter(Secret(PASSWORD))
    assert "code 3" in failed.value.text and PASSWORD not in failed.value.text
    assert ("", "") == tuple(capfd.readouterr())


async def test_a_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    """Nothing ran."""
    missing = target(tmp_path, "")
    object.__setattr__(missing.structure, "command", ("/nowhere/program",))
    with pytest.raises(CommandFailed, match="/nowhere/program"):
        await missing.enter(Secret(PASSWORD))


def is_running(path: Path) -> bool:
    """Whether the process of that number runs (one that nobody has waited for is over)."""
    try:
        return psutil.Process(int(path.read_text())).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


BACKGROUND = "sleep 600 & echo $! >child; "


@pytest.mark.parametrize("ending", ["exit 0", "exit 4", "cat >/dev/null; wait"])
async def test_a_background_child_ends_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    """It succeeds, fails, or waits for a grandchild that hangs: nothing of it is left, and nobody
    waits for longer than its time.
    """
    monkeypatch.setattr(command, "PATIENCE_SECONDS", 2)
    began = time.monotonic()
    running = target(tmp_path, BACKGROUND + ending)
    if ending == "exit 0":
        await running.enter(Secret(PASSWORD))
    else:
        with pytest.raises(CommandFailed, match=r"code 4|pas de réponse en 2 secondes"):
            await running.enter(Secret(PASSWORD))
    assert time.monotonic() - began < 30
    while is_running(tmp_path / "child"):  # a killed process takes a moment to go
        assert time.monotonic() - began < 60


def test_the_settings_name_it(tmp_path: Path) -> None:
    """`targets = ["command"]` is this target, unless a person does it."""
    structure = target(tmp_path, "true").structure
    settings = load(tmp_path / "releve.toml", tmp_path / "outputs")
    (name,) = targets_of(settings, structure)
    made = [build(name, settings, None, "1", None, by_hand=each) for each in (False, True)]  # type: ignore[arg-type]
    assert [CommandTarget, GuidedCorail] == [type(each) for each in made]
