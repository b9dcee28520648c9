"""What Relève meets on a secretary's machine: registry, paths, its own environment."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import winreg
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from releve.base import person
from releve.base.settings import Portal
from releve.base.terminal import at_terminal
from releve.base.windows import system_program
from releve.commands import checkup
from releve.jupyter import corail, shortcut
from releve.planning import report
from releve.portal import browsers
from releve.targets.guide import Entering

PROJECT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(PROJECT / "lib"))

import environment  # noqa: E402
import machine  # noqa: E402
from failures import Stop, no_node  # noqa: E402

EDGE = browsers.CHANNELS["msedge"]["policy"]
ELSEWHERE = rf"{browsers.APP_PATHS}\chrome.exe"


@pytest.fixture
def user() -> Iterator[None]:
    """The user's own part of the registry, clean of what these tests write there."""
    yield
    for key in (EDGE, ELSEWHERE):
        with suppress(FileNotFoundError):
            winreg.DeleteKey(winreg.HKEY_CURRENT_USER, key)


def register(key: str, name: str, value: int | str) -> None:
    kind = winreg.REG_DWORD if isinstance(value, int) else winreg.REG_SZ
    with winreg.CreateKey(winreg.HKEY_CURRENT_USER, key) as opened:
        winreg.SetValueEx(opened, name, 0, kind, value)


def test_an_administrators_rule_is_told_as_what_it_is(user: None) -> None:
    """RemoteDebuggingAllowed = 0: that browser is passed over, and named."""
    assert "Microsoft Edge" == browsers.find("msedge").name
    register(EDGE, "RemoteDebuggingAllowed", 0)
    assert ["Microsoft Edge"] == browsers.forbidden()
    with pytest.raises(browsers.BrowserNotFound, match=r"règle.*interdit.*Microsoft Edge"):
        browsers.find("msedge")
    assert "interdit" in checkup.browser(Portal(login="xt012345", browser="msedge")).text


def test_a_browser_is_found_where_it_is_registered(user: None, tmp_path: Path) -> None:
    """Another place than Playwright's three."""
    place = tmp_path / "chrome.exe"
    place.touch()
    register(ELSEWHERE, "", str(place))
    assert browsers.Browser(None, str(place), "Google Chrome") == browsers.find("chrome")


def test_edge_is_started_once_and_with_its_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """In Edge's place a relay tells how it was started; none is asked for its version before, which
    would open a window.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        monkeypatch.setenv("BRIDGE_PORT", str(server.getsockname()[1]))
        with ThreadPoolExecutor() as pool:
            finding = pool.submit(checkup.browser, Portal(login="xt012345", browser="msedge"))
            connection, _ = server.accept()
            with connection, connection.makefile(encoding="utf-8") as lines:
                given = json.loads(lines.readline())
        assert "n'a pas pu démarrer" in finding.result().text
    assert "--remote-debugging-pipe" in given
    assert [] == [each for each in given if "no-sandbox" in each or "version" in each]


def test_a_browser_in_the_current_folder_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows looks there first; whoever can write there would drive the portal."""
    monkeypatch.chdir(tmp_path)
    for name in ("chromium.exe", "chromium-browser.exe", "whoami.exe"):
        (tmp_path / name).touch()
    with pytest.raises(browsers.BrowserNotFound):
        browsers.find("chromium")
    assert Path(system_program("whoami.exe")).is_absolute()


def test_a_path_that_is_too_long_is_told_before_anything_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Unless this Windows allows long ones."""
    monkeypatch.setattr(machine, "ROOT", Path("C:\\" + "d" * 90))
    with pytest.raises(Stop, match=r"93 caractères.*que 89"):
        machine.check_windows()
    monkeypatch.setattr(machine, "registered", lambda *_: 1)
    machine.check_windows()


def test_the_stores_python_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its AppData is another one than that of other programs."""
    monkeypatch.setattr(sys, "base_prefix", r"C:\Program Files\WindowsApps\Python.3.11_x64")
    machine.check_windows()
    assert "vient du Microsoft Store" in capsys.readouterr().err


def test_an_engine_that_does_not_start_is_no_library_of_debians() -> None:
    """What stops node.exe is an antivirus or a rule."""
    told = str(no_node())
    assert "AppLocker" in told and "libatomic" not in told


def test_the_deepest_path_is_known() -> None:
    """What is said of long paths holds for what is installed."""
    found = PROJECT / ".venv"
    deepest = max(len(str(path)) for path in found.rglob("*")) - len(str(PROJECT))
    assert machine.DEEPEST - 20 < deepest <= machine.DEEPEST


def test_a_folder_that_onedrive_copies_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """22,000 files would be copied; the work goes on."""
    monkeypatch.setenv("OneDrive", r"C:\Users\claire\OneDrive")
    monkeypatch.setattr(machine, "ROOT", Path(r"C:\Users\claire\onedrive\Releve"))
    machine.check_windows()
    assert "synchronisé par OneDrive" in capsys.readouterr().err


def test_an_environment_in_use_is_left_as_it_is(tmp_path: Path) -> None:
    """This very test runs from it, as an open JupyterLab does."""
    assert Path(sys.executable) == environment.PYTHON
    with pytest.raises(Stop, match="un programme s'en sert encore"):
        environment.check_unused()
    assert environment.PYTHON.exists()


def test_nobody_is_at_nul() -> None:
    """What a scheduled task is given calls itself a terminal."""
    with open(os.devnull) as nul:
        assert nul.isatty()
        assert not at_terminal(nul)


def test_the_account_is_the_systems_whatever_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No USERNAME, no LOGNAME: the system is asked, not them."""
    before = person.account()
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    assert before == person.account()


def test_a_shortcut_that_was_not_made_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wine's PowerShell does nothing and ends with 0, as a restricted one may."""
    with pytest.raises(shortcut.NoShortcut, match="PowerShell ne l'a pas créé"):
        shortcut.make(None)


def test_the_clipboards_history_is_said_before_the_copy() -> None:
    """Win + V and the cloud keep what a page copies."""
    told = str(corail.entry(Entering("corail", "Commune d'Exemple", "TECH_1@cpro.fr")))
    assert told.index("Win + V") < told.index("Copier le mot de passe")


def test_a_report_on_another_drive_links_to_the_whole_path() -> None:
    """Between two drives there is no way; within one the links are a page's, not Windows'."""
    page = Path(r"C:\Releve\outputs\été\record.html")
    assert "outputs/%C3%A9t%C3%A9/record.html" == report._link(page, Path(r"C:\Releve"))
    told = report._link(page, Path("D:/"))
    assert "file:///C:/Releve/outputs/%C3%A9t%C3%A9/record.html" == told


def test_json_is_utf_8() -> None:
    """Whatever code page a redirected output would have."""
    command = [sys.executable, "-m", "releve", "--json", "due", "--settings", "é.toml"]
    said = subprocess.run(command, capture_output=True).stdout
    assert "é.toml" in said.decode("utf-8")


def test_what_one_types_here_is_told() -> None:
    """`python3` would open the Store."""
    command = [sys.executable, "lib", "due", "--settings", "absent.toml"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True)
    assert (2, True) == (done.returncode, b"py lib" in done.stderr)


def test_doctor_reads_whoami() -> None:
    """The system's own, in the console's code page."""
    whoami = [system_program("whoami.exe"), "/groups", "/fo", "csv", "/nh"]
    assert checkup.logon(subprocess.run(whoami, capture_output=True).stdout)


def test_schtasks_takes_the_task(tmp_path: Path) -> None:
    """Wine's scheduler imports the definition; Windows' own checks it by its schema."""
    settings = tmp_path / "r.toml"
    settings.write_text('[portal]\nlogin = "xt012345"\n', encoding="utf-8")
    file = tmp_path / "tâche.xml"
    make = ["-m", "releve", "--settings", str(settings), "schedule", "--windows-task"]
    subprocess.run([sys.executable, *make, "--output", str(file)], check=True)
    schtasks = system_program("schtasks.exe")
    for words in (["/Create", "/XML", str(file), "/F"], ["/Delete", "/F"]):
        done = subprocess.run(
            [schtasks, words[0], "/TN", "Releve", *words[1:]], capture_output=True
        )
        assert 0 == done.returncode, done
