"""`python3 lib COMMAND`: makes sure of the environment and of a browser, then hands over to `releve
COMMAND`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from environment import PYTHON, ROOT, RUNTIME, TESTS, apt_install, ensure, locked, quiet, say
from failures import NO_DISK, Stop, no_browser, no_disk, not_writable
from releve.portal.browsers import Browser, BrowserNotFound, can_show_a_window, find

WITH_BROWSER = {"demo", "lab", "rotate", "rehearse", "resume", "discover"}
TEST_PACKAGES = (
    *("gnome-keyring", "dbus", "dbus-bin", "libsecret-tools"),  # a real keyring
    *("chromium", "chromium-headless-shell"),
    *(
        "poppler-utils",
        "tesseract-ocr",
        "openssl",
    ),  # to read records as an auditor does: PDF, pictures, timestamps
)


def main(arguments: list[str]) -> int:
    """Run one command and return its exit code; 5 when its environment could not be made, with the
    reason on stderr.
    """
    try:
        if arguments[:1] == ["test"]:
            return test(arguments[1:])
        ensure(RUNTIME)
        ensure_browser(*browser_wanted(arguments))
        os.environ["RELEVE_TYPED"] = (  # in place of `releve` in its texts
            f"{'py' if sys.platform == 'win32' else 'python3'} {sys.argv[0]}"
        )
        return hand_over(
            [str(PYTHON), "-P", "-m", "releve", *arguments]
        )  # -P: the user's folder must not shadow a module
    except Stop as stop:
        say(str(stop))
    except KeyboardInterrupt:
        say(
            "\nInterrompu. Relancez la même commande : elle reprendra.\nInterrupted. Start the same"
            " command again: it will go on."
        )
    except OSError as error:
        say(str(no_disk() if NO_DISK.search(str(error)) else not_writable(error)))
    return 5


def browser_wanted(arguments: list[str]) -> tuple[str, bool] | tuple[None, bool]:
    """What the command and the settings ask for: (preference, with a window); (None, False) for a
    command without a browser.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--settings")
    parser.add_argument("--outputs")
    try:
        known, rest = parser.parse_known_args(arguments)
    except argparse.ArgumentError:  # `releve` itself will say what is wrong
        return None, False
    command = next((argument for argument in rest if not argument.startswith("-")), "")
    if command not in WITH_BROWSER or {"-h", "--help"} & set(arguments):
        return None, False
    portal = {} if command == "demo" else portal_settings(known.settings)
    headed = portal.get("headed", "auto")
    window = headed is True or (headed == "auto" and command == "lab" and can_show_a_window())
    return str(portal.get("browser", "auto")), window


def portal_settings(named: str | None) -> dict[str, object]:
    """The table [portal], or nothing: what is wrong with the settings, `releve` says better."""
    try:
        portal = tomllib.loads(settings_path(named).read_bytes().decode("utf-8-sig")).get("portal")
    except (OSError, ValueError):
        return {}
    return portal if isinstance(portal, dict) else {}


def settings_path(named: str | None) -> Path:
    """As `releve.base.settings` finds it, without platformdirs, which may not be installed yet."""
    named, home = named or os.environ.get("RELEVE_SETTINGS"), Path.home()
    usual = {
        "win32": Path(os.environ.get("LOCALAPPDATA") or home / "AppData/Local"),
        "darwin": home / "Library/Application Support",
    }
    folder = usual.get(sys.platform, Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config"))
    return Path(named).expanduser() if named else folder / "releve" / "releve.toml"


def ensure_browser(preference: str | None, headed: bool) -> None:
    """Make sure that such a browser is there, downloading one if need be. Raises `Stop`."""
    if preference is None or found(preference, headed):
        return
    if preference in ("auto", "chromium"):
        with locked():
            if (
                found(preference, headed)
                or download(preference, headed)
                or from_debian(preference, headed)
            ):
                return
    raise no_browser(preference, headed)


def found(preference: str, headed: bool) -> Browser | None:
    try:
        return find(preference, headed)
    except BrowserNotFound:
        return None


def download(preference: str, headed: bool) -> bool:
    """Playwright's own download, and, when root, the system libraries that it needs."""
    say(
        "Aucun navigateur sur ce poste : téléchargement de Chromium par Playwright (environ 150"
        " Mo)…"
    )
    playwright = [str(PYTHON), "-m", "playwright"]
    if quiet(
        [*playwright, "install", "chromium", "--no-shell" if headed else "--only-shell"]
    ).returncode:
        return False
    browser = found(preference, headed)
    if browser is None or browser.executable is None:
        return False
    if quiet([browser.executable, "--version"]).returncode:
        quiet([*playwright, "install-deps", "chromium"])
    return quiet([browser.executable, "--version"]).returncode == 0


def from_debian(preference: str, headed: bool) -> bool:
    names = ("chromium",) if headed else ("chromium-headless-shell", "chromium")
    return any(apt_install(name) and found(preference, headed) for name in names)


def hand_over(command: list[str]) -> int:
    """Become that command, in the user's own folder; on Windows, where a process cannot, wait for
    it and return its exit code.
    """
    if sys.platform != "win32":
        os.execv(command[0], command)
    with subprocess.Popen(command) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:  # the command received it too, and decides
                continue


def test(arguments: list[str]) -> int:
    """Everything that the tests need, then ruff, mypy and pytest, all three; the exit code is the
    first that is not zero.
    """
    for layer in (RUNTIME, TESTS):
        ensure(layer)
    ensure_test_packages()
    ensure_browser("auto", False)
    chosen = any((ROOT / argument.partition("::")[0]).exists() for argument in arguments)
    checks = (
        ["ruff", "check", "."],
        [
            "mypy",
            "--config-file",
            "lib/pyproject.toml",
            "lib/releve",
            "lib/bootstrap.py",
            "lib/__main__.py",
        ],
        ["pytest", *([] if chosen else ["tests"]), *arguments],
    )
    codes = {
        check[0]: subprocess.run([PYTHON, "-m", *check], cwd=ROOT).returncode for check in checks
    }
    failed = [name for name, code in codes.items() if code]
    if failed:
        say(f"Échec : {', '.join(failed)}")
    return codes[failed[0]] if failed else 0


def ensure_test_packages() -> None:
    """The keyring service, browsers and PDF reader that tests drive; where they cannot be
    installed, it says so.
    """
    if not shutil.which("dpkg-query"):
        return
    status = quiet(
        ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *TEST_PACKAGES]
    ).stdout
    missing = [name for name in TEST_PACKAGES if f"{name} installed" not in status.splitlines()]
    if missing and not apt_install(*missing):
        say(f"Pour toute la suite de tests, il faut aussi : sudo apt install {' '.join(missing)}")
