"""What an auditor does without Relève: the page that comes from elsewhere, and the commands that
stand in each record, run as they are written.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from fixtures_keyring import ThrowawayKeyring
from playwright.async_api import Browser
from releve.base.settings import project_root
from releve.cli import main
from releve.record.folder import PAGE
from releve.record.page import KEEP_BYTES, READ_ME, auditors_guide
from releve.vault import keys
from sealed_records import Office
from test_record_page import drop, give, opened_page

in_the_module = pytest.mark.asyncio(loop_scope="module")
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
COMMANDS = BLOCK.findall(auditors_guide())
(README,) = BLOCK.findall((project_root() / "README.md").read_text(encoding="utf-8"))


@pytest.fixture
def sealed(tmp_path: Path, throwaway: ThrowawayKeyring) -> Path:
    """A sealed record, and another beside it."""
    office = Office(tmp_path / "outputs", throwaway.keystore())
    office.record(2)
    return office.record(1).path


@pytest.fixture
def page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The page that checks, from the command."""
    path = tmp_path / "verification.html"
    assert 0 == main(["verify", "--json", "--page", str(path)])
    assert path.exists() and json.loads(capsys.readouterr().out)["sha256"]
    return path


def test_the_guide_and_the_bytes_travel(sealed: Path) -> None:
    """In each record, and in its statement: nobody changes them unseen."""
    assert auditors_guide() == (sealed / READ_ME).read_text(encoding="utf-8")
    assert "* -text\n" == (sealed / KEEP_BYTES).read_text()
    printed = run(_command("subject[].name"), sealed)
    assert "" == printed, "both are among what the statement names"


@in_the_module
async def test_a_page_that_came_from_elsewhere(chromium: Browser, sealed: Path, page: Path) -> None:
    """One record, or all of them at once; a harm is named with its record."""
    async with opened_page(chromium, page) as tab:
        assert "Ce dossier est intact" in await drop(tab, sealed, sealed.parent / "register.jsonl")
    async with opened_page(chromium, page) as tab:
        assert "Ces 2 dossiers sont intacts" in await give(tab, "#controle-dossier", sealed.parent)
        (sealed / "journal.jsonl").write_text("x")
        text = await give(tab, "#controle-dossier", sealed.parent)
        assert f"{sealed.name} : journal.jsonl : modifié" in text


@in_the_module
async def test_a_register_in_the_folder_is_a_fault(
    chromium: Browser, sealed: Path, page: Path
) -> None:
    """Whoever rewrote a record would give it a register of its own."""
    shutil.copy(sealed.parent / "register.jsonl", sealed)
    async with opened_page(chromium, page) as tab:
        text = await drop(tab, sealed)
        assert "un registre dans le dossier même" in text and "n'est pas intact" in text


def run(command: str, folder: Path) -> str:
    """What the command prints, as a person sees it in her terminal."""
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout + done.stderr


def _command(part: str) -> str:
    """The block of the guide that holds these words."""
    (found,) = [each for each in COMMANDS if part in each]
    return found


WHOLE, ADDED, REGISTER = "sha256sum --quiet", "subject[].name", "rupture"
HARMS: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "a byte changed": (lambda r: (r / "journal.jsonl").write_text("x"), WHOLE, "journal.jsonl"),
    "a file taken away": (lambda r: (r / "journal.jsonl").unlink(), WHOLE, "journal.jsonl"),
    "a file added": (lambda r: (r / "note.txt").write_text("x"), ADDED, "note.txt"),
    "a hidden file added": (lambda r: (r / ".cache").write_text("x"), ADDED, ".cache"),
    "a link added": (lambda r: (r / "lien.png").symlink_to("/etc/hosts"), ADDED, "lien.png"),
    "the statement rewritten": (lambda r: _rewrite(r), REGISTER, "FAILED"),
    "a line of the register": (lambda r: _swap(r), REGISTER, "rupture"),
}


def _rewrite(record: Path) -> None:
    path = record / "record.json"
    path.write_text(json.dumps(json.loads(path.read_text())))


def _swap(record: Path) -> None:
    path = record.parent / "register.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[::-1]))


needs_jq = pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")


@needs_jq
@pytest.mark.parametrize("harm", HARMS)
def test_the_commands_see_what_was_changed(sealed: Path, harm: str) -> None:
    """Silent on what is whole; each harm is named by the command that is there for it."""
    do, part, said = HARMS[harm]
    before = run(_command(part), sealed)
    assert said not in before
    do(sealed)
    assert said in run(_command(part), sealed)


@needs_jq
@pytest.mark.parametrize("command", [_command("DSSEv1"), README], ids=("guide", "README"))
def test_the_signature_is_checked_with_openssl_alone(sealed: Path, command: str) -> None:
    """Right, and then not, once the statement says something else under the old signature."""
    assert "Signature Verified Successfully" in run(command, sealed)
    path = sealed / "record.json"
    said = json.loads(path.read_text())
    said["payload"] = said["payload"][:-8] + "AAAAAAA="
    path.write_text(json.dumps(said))
    assert "Signature Verified Successfully" not in run(command, sealed)


@needs_jq
@pytest.mark.parametrize("command", [_command("openssl pkey "), README], ids=("guide", "README"))
def test_the_keys_fingerprint_is_the_one_that_releve_shows(
    sealed: Path, throwaway: ThrowawayKeyring, command: str
) -> None:
    """In the record, by openssl alone; on the home page, and on the record's page."""
    printed = run(command, sealed).splitlines()[-1]
    shown = keys.shown(keys.own_keyid(throwaway.keystore()))
    assert printed.startswith(keys.short(shown))
    assert len(keys.short(shown)) == 32
    assert shown in (sealed / PAGE).read_text(encoding="utf-8")
