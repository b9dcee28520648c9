"""`releve demo`: a whole rotation for anyone, that touches nothing of the user's."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fixtures_rotation import encoded
from releve.base.settings import Portal
from releve.commands import demo
from releve.portal import browsers
from releve.portal.browser import PortalBrowser
from releve.school import SchoolThread, World
from releve.vault.keystore import Keystore
from releve.vault.made_up import MadeUpBackend
from releve.vault.slots import Slot


@pytest.mark.long
def test_the_demonstration_needs_nothing_of_the_users(tmp_path: Path) -> None:
    """With a broken settings file and an empty home: exit code 0, one reset more than rejected
    passwords, Corail up to date.
    """
    home, ledger, outputs = tmp_path / "home", tmp_path / "ledger.json", tmp_path / "outputs"
    home.mkdir()
    (tmp_path / "broken.toml").write_text("ceci n'est pas du TOML")
    places = {
        name: str(home / name)
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME")
    }
    environment = (
        os.environ | places | {"HOME": str(home), "RELEVE_SETTINGS": str(tmp_path / "broken.toml")}
    )
    command = [
        sys.executable,
        "-m",
        "releve",
        "demo",
        "--json",
        "--ledger",
        str(ledger),
        "--outputs",
        str(outputs),
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert 0 == done.returncode, done.stderr
    found, counted = json.loads(done.stdout), json.loads(ledger.read_text())
    assert ("succeeded", 1) == (found["outcome"], found["rejected"])
    assert {found["account"]: 1 + found["rejected"]} == counted["resets"]
    assert counted["structures"][found["structure"]]["matches"]
    assert [] == sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.is_file())
    progress = [line for line in done.stderr.splitlines() if line.startswith("Étape ")]
    assert 12 == len(progress), done.stderr
    assert "site d'entraînement" in (Path(found["record"]) / "record.html").read_text()


@pytest.mark.long
def test_three_places_hold_one_password_and_no_file_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Portal, keyring and Corail agree when it ends; its passwords are in no file of the record, in
    any encoding.
    """
    worlds: list[World] = []
    held: list[str] = []

    class Known(World):
        def __init__(self, **options: object) -> None:
            super().__init__(**options)  # type: ignore[arg-type]
            worlds.append(self)

    class Read(SchoolThread):
        def __exit__(self, *what: object) -> None:
            store = Keystore(MadeUpBackend(self.urls.control))
            account = worlds[0].structures[demo.SIRET].accounts[0]
            found = store.slots(account).read(Slot.CURRENT)
            held.append(found.password.reveal() if found else "")
            super().__exit__(*what)  # type: ignore[arg-type]

    monkeypatch.setattr(demo, "World", Known)
    monkeypatch.setattr(demo, "SchoolThread", Read)
    monkeypatch.setenv("IPYTHONDIR", "")  # the demonstration sets it: put back at the end
    parser = argparse.ArgumentParser()
    demo.add_arguments(parser)
    assert 0 == demo.main(
        parser.parse_args([], argparse.Namespace(outputs=tmp_path, json=True, settings=None))
    )
    (world,), account = worlds, json.loads(capsys.readouterr().out)["account"]
    technical = world.accounts[account]
    assert [technical.password] == held
    assert world.corail_matches(demo.SIRET)
    assert 2 == world.resets(account)
    secrets = {world.manager.password, technical.password, *technical.history}
    forms = [form for secret in secrets for form in encoded(secret)]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [] == [path.name for path in files if any(form in path.read_bytes() for form in forms)]
    assert files


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0,
    reason="only as root does Chromium refuse its sandbox",
)
async def test_a_system_without_chromiums_sandbox_still_gets_a_browser(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The sandbox is asked for whoever is not root; where it is refused, the browser starts without
    it.
    """
    browser = PortalBrowser(Portal(login="xt012345"), browsers.find(), headed=False)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    await browser.start()
    assert browser.alive
    await browser.close()
