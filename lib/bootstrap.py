"""`python3 lib COMMAND`: makes sure of the environment and of a browser, then becomes `releve
COMMAND`.

`python3 lib --yes COMMAND` installs packages of the system (Debian's, as root) without asking; so
does CI=true.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from subprocess import PIPE, STDOUT

from environment import PYTHON, RUNTIME, TESTS, ensure, locked
from failures import NO_DISK, Stop, no_browser, no_disk, not_writable
from machine import ROOT, apt_install, quiet, say
from releve.portal.browsers import Browser, BrowserNotFound, can_show_a_window, find, forbidden

WITH_BROWSER = {"demo", "lab", "rotate", "rehearse", "resume", "discover"}
TEST_PACKAGES = (
    *("gnome-keyring", "dbus", "dbus-bin", "libsecret-tools"),  # a real keyring
    *("chromium", "chromium-headless-shell"),
    *("poppler-utils", "tesseract-ocr", "openssl", "jq", "rsync"),  # to read records as an auditor
    *("xvfb", "openbox", "xdotool", "x11-utils"),  # a screen: what stands in front of what
)


def main(arguments: list[str]) -> int:
    """Run one command and return its exit code; 5 when its environment could not be made, with the
    reason on stderr."""
    agreed = arguments[:1] == ["--yes"]
    arguments = arguments[agreed:]
    yes = agreed or os.environ.get("CI") == "true"  # nobody is there to be asked
    try:
        if arguments[:1] == ["test"]:
            return test(arguments[1:], yes=yes)
        ensure(RUNTIME, yes=yes)
        ensure_browser(*browser_wanted(arguments), yes=yes)
        typed = "py" if sys.platform == "win32" else "python3"
        os.environ["RELEVE_TYPED"] = f"{typed} {sys.argv[0]}"  # in place of `releve` in its texts
        # -P: the user's folder must not shadow a module
        return hand_over([str(PYTHON), "-P", "-m", "releve", *arguments])
    except Stop as stop:
        say(str(stop))
    except KeyboardInterrupt:
        say("\nInterrompu. Relancez la même commande : elle reprendra.")
        say("Interrupted. Start the same command again: it will go on.")
    except OSError as error:
        say(str(no_disk() if NO_DISK.search(str(error)) else not_writable(error)))
    return 5


def browser_wanted(arguments: list[str]) -> tuple[str, bool] | tuple[None, bool]:
    """What the command and the settings ask for: (preference, with a window); (None, False) for a
    command without a browser."""
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
    """As `releve.base.places` finds it, without platformdirs, which may not be installed yet."""
    named, home = named or os.environ.get("RELEVE_SETTINGS"), Path.home()
    usual = {
        "win32": Path(os.environ.get("LOCALAPPDATA") or home / "AppData/Local"),
        "darwin": home / "Library/Application Support",
    }
    linux = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    folder = usual.get(sys.platform, linux)
    return Path(named).expanduser() if named else folder / "releve" / "releve.toml"


def ensure_browser(preference: str | None, headed: bool, *, yes: bool) -> None:
    """Make sure that such a browser is there, downloading one if need be. Raises `Stop`."""
    if preference is None or found(preference, headed):
        return
    if preference in ("auto", "chromium"):
        with locked():
            if found(preference, headed) or download(preference, headed, yes=yes):
                return
            if from_debian(preference, headed, yes=yes):
                return
    raise no_browser(preference, headed, forbidden())


def found(preference: str, headed: bool) -> Browser | None:
    try:
        return find(preference, headed)
    except BrowserNotFound:
        return None


def download(preference: str, headed: bool, *, yes: bool) -> bool:
    """Playwright's own download, and, as root with `yes`, the system's libraries for it."""
    say("Aucun navigateur sur ce poste : Chromium téléchargé par Playwright (environ 150 Mo)…")
    playwright = [str(PYTHON), "-m", "playwright"]
    kind = "--no-shell" if headed else "--only-shell"
    if quiet([*playwright, "install", "chromium", kind]).returncode:
        return False
    browser = found(preference, headed)
    if browser is None or browser.executable is None:
        return False
    if sys.platform == "win32" or starts(
        browser.executable
    ):  # there it would open a window, and stay
        return True
    return bool(yes and not quiet([*playwright, "install-deps", "chromium"]).returncode)


def starts(executable: str) -> bool:
    return quiet([executable, "--version"]).returncode == 0


def from_debian(preference: str, headed: bool, *, yes: bool) -> bool:
    names = ("chromium",) if headed else ("chromium-headless-shell", "chromium")
    return any(apt_install(name, yes=yes) and found(preference, headed) for name in names)


def hand_over(command: list[str]) -> int:
    """Become that command, in the user's own folder; on Windows, where a process cannot, wait for
    it
    and return its exit code."""
    if sys.platform != "win32":
        os.execv(command[0], command)
    with subprocess.Popen(command) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:  # the command received it too, and decides
                continue


def test(arguments: list[str], *, yes: bool) -> int:
    """Everything that the tests need, then ruff and mypy beside pytest; the exit code is the first
    that is not zero. `--coverage` measures what the tests run of the library;
    `--windows WORK` runs tests/windows/check.py there instead."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--windows", metavar="WORK")
    parser.add_argument("--coverage", action="store_true")
    parser.add_argument("--yes", action="store_true", default=yes)
    options, rest = parser.parse_known_args(arguments)
    for layer in (RUNTIME, TESTS):
        ensure(layer, yes=options.yes)
    ensure_test_packages(yes=options.yes)
    ensure_browser("auto", False, yes=options.yes)
    if options.windows:
        work = str(Path(options.windows).absolute())
        check = [str(PYTHON), "tests/windows/check.py", work, *rest]
        return subprocess.run(check, cwd=ROOT).returncode
    return run_checks(rest, coverage=options.coverage)


def run_checks(arguments: list[str], *, coverage: bool) -> int:
    chosen = any((ROOT / argument.partition("::")[0]).exists() for argument in arguments)
    mypy = ["mypy", "--config-file", "lib/pyproject.toml", "lib/releve"]
    mypy += ["lib/bootstrap.py", "lib/__main__.py"]
    windows = ["--platform", "win32", "--cache-dir", ".mypy_cache/win32"]
    checks = {"ruff": ["ruff", "check", "."], "mypy": mypy, "mypy (Windows)": [*mypy, *windows]}
    beside = {
        name: subprocess.Popen([PYTHON, "-m", *check], cwd=ROOT, stdout=PIPE, stderr=STDOUT)
        for name, check in checks.items()
    }
    tests = ["pytest", *([] if chosen else ["tests"]), *arguments]
    if coverage:
        tests = ["coverage", "run", "-m", *tests]
    tested = {"pytest": subprocess.run([PYTHON, "-m", *tests], cwd=ROOT).returncode}
    for step in ("combine", "report") if coverage else ():
        tested[step] = subprocess.run([PYTHON, "-m", "coverage", step], cwd=ROOT).returncode
    for name, check in beside.items():
        told, _ = check.communicate()
        print(f"{name} :\n{told.decode(errors='replace')}", end="", flush=True)
    codes = {name: check.returncode for name, check in beside.items()} | tested
    failed = [name for name, code in codes.items() if code]
    if failed:
        say(f"Échec : {', '.join(failed)}")
    return codes[failed[0]] if failed else 0


def ensure_test_packages(*, yes: bool) -> None:
    """The keyring service, browsers and PDF reader that tests drive; what cannot be installed is
    said.
    """
    if not shutil.which("dpkg-query"):
        return
    query = ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *TEST_PACKAGES]
    status = quiet(query).stdout.splitlines()
    missing = [name for name in TEST_PACKAGES if f"{name} installed" not in status]
    try:
        if missing and not apt_install(*missing, yes=yes):
            say(f"Pour tous les tests, il faut aussi : sudo apt install {' '.join(missing)}")
    except Stop as stop:  # what does not need them runs
        say(str(stop))
