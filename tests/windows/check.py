"""`python3 lib test --windows WORK`: Relève under Windows' own Python, as root on Debian.

WORK is a folder of our own (some 4 GB; a quarter of an hour the first time, half of it afterwards,
longer on a machine that does other work). What is committed is cloned into « Mairie d'Évron »,
started by its own bootstrap, made to do a rotation, and tested: what a person and a scheduler do
(WHOLE), with an ear on the loopback, all modules of MODULES, and those of this folder, which only
Windows runs. Arguments after WORK go to pytest in place of all that. Exit code 1 when anything
fails but what LIMITS names.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from wine import Wine

PROJECT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(PROJECT / "tests"))

from leaks import Loopback  # noqa: E402

FOLDER = "Mairie d'Évron"  # spaces, accents and a quote, as users have them
PORT = 9788
MODULES = (
    *("keystore", "settings", "state", "journal", "lock", "register", "seal", "verify", "due"),
    *("calendar", "secret", "procedure", "timestamp", "credentials", "notices", "schedule"),
    *("doctor", "piste", "school_world", "school_login", "school_piste", "lab_parts", "report"),
    *("proxies", "scrubber", "person", "unread", "older_records", "trust"),
)
# What a person and a scheduler do, with a browser: the walkthrough in JupyterLab; rehearse, a kill
# (TerminateProcess) and resume.
WHOLE = (
    "tests/desk/test_lab.py::test_training_needs_nothing",
    "tests/unattended/test_rehearse.py::test_the_notebook_and_the_command_say_ready",
    "tests/crash/test_once.py::test_the_command_itself_is_killed",
)
# Limits of Wine, one a line: a part of a test's name, and why no Windows would fail it.
LIMITS = {
    "test_a_certificate[unknown]": "Wine's certificate chains trust what Windows would not",
    "test_a_certificate_that_nobody": "Wine's certificate chains trust what Windows would not",
    "test_two_paths_of_one_share": "Wine makes a link to a folder that leads nowhere",
    "test_a_record_is_not_made_through": "Wine makes a link to a folder that leads nowhere",
}
BEGAN = time.monotonic()


def say(text: str) -> None:
    print(f"== {text} ({time.monotonic() - BEGAN:.0f} s)", flush=True)


def main() -> int:
    work, arguments = Path(sys.argv[1]).absolute(), sys.argv[2:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what is mounted is unmounted
    browser = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if os.geteuid() or browser is None:
        raise SystemExit("It takes root (chroot, mount) and Debian's chromium.")
    say("Wine and Windows' Python")
    with Wine(work, PORT) as wine, wine.bridge(browser):
        folder = work / FOLDER
        clone(folder)
        wine.run(folder, wine.python, "lib", "--version")  # the environment, as it is wanted now
        passed = [arguments or start(wine, folder), tests(wine, folder, arguments)]
    say("Windows check " + ("passed" if all(passed) else "failed"))
    return 0 if all(passed) else 1


def clone(folder: Path) -> None:
    """What is committed, as it is: whatever git's autocrlf says, in .gitattributes' own words."""
    if not folder.exists():
        convert = ["-c", "core.autocrlf=true"]  # as Git for Windows is installed
        subprocess.run(["git", "clone", "-q", *convert, PROJECT, folder], check=True)
    subprocess.run(["git", "-C", folder, "fetch", "-q", PROJECT, "HEAD"], check=True)
    subprocess.run(["git", "-C", folder, "reset", "-q", "--hard", "FETCH_HEAD"], check=True)
    ends = subprocess.check_output(["git", "-C", folder, "ls-files", "--eol"], text=True)
    if "w/crlf" in ends:
        raise SystemExit("git wrote files with Windows' line ends: .gitattributes says otherwise")


def start(wine: Wine, folder: Path) -> bool:
    """`py lib doctor`, `py lib demo` with an ear on the loopback, then what an auditor does."""
    say("py lib doctor")
    doctor = wine.run(folder, wine.python, "lib", "doctor", log=wine.work / "doctor.log").stdout
    print("".join(re.findall(r".*(?:Trousseau|Navigateur) : .*\n", doctor)), end="")
    found = ("bon  ] Trousseau : Windows.WinVaultKeyring", "bon  ] Navigateur : Microsoft Edge")
    say("py lib demo")
    with unheard() as private:
        demo = wine.run(folder, wine.python, "lib", "demo", log=wine.work / "demo.log")
    print("".join(demo.stdout.splitlines(keepends=True)[-4:]), end="")
    verify = wine.run(
        folder, python(folder), "-m", "releve", "verify", wine.windows(folder / "outputs")
    )
    print(verify.stdout, end="")
    ended = (demo.returncode, verify.returncode) == (0, 0)
    return ended and private() and all(each in doctor for each in found)


@contextmanager
def unheard() -> Iterator[Callable[[], bool]]:
    """An ear on the loopback; gives what tells, after the block, whether kernels spoke within it
    and never in clear.
    """

    def private() -> bool:
        # Others of this machine are heard too: what has both its ends in Wine is ours.
        flows = [bytes(said) for ends, said in ear.flows.items() if {ends, ends[::-1]} <= ours]
        clear = sum(b"execute_request" in said or b"execute_reply" in said for said in flows)
        curve = sum(b"CURVE\0\0" in said for said in flows)  # ZMTP's greeting, else it was deaf
        print(f"loopback: {curve} flows of kernels encrypted, {clear} in clear")
        return curve > 0 and not clear

    with Loopback((PORT,)) as ear, wine_sockets() as ours:
        yield private


@contextmanager
def wine_sockets() -> Iterator[set[tuple[int, int]]]:
    """Wine's sockets while the block runs, their own port and the other end's: its server holds
    them all.
    """
    found, over = set[tuple[int, int]](), threading.Event()

    def look() -> None:
        while not over.wait(0.2):
            found.update(_sockets())

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    yield found
    over.set()
    thread.join()


def _sockets() -> Iterator[tuple[int, int]]:
    inodes = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it may be gone already
            if (process / "comm").read_text().startswith("wineserver"):
                inodes |= {str(each.readlink())[8:-1] for each in (process / "fd").iterdir()}
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[9] in inodes:
            yield int(fields[1][-4:], 16), int(fields[2][-4:], 16)


def python(folder: Path) -> Path:
    return folder / ".venv/Scripts/python.exe"


def tests(wine: Wine, folder: Path, arguments: list[str]) -> bool:
    say("Tests")
    lock = ("--require-hashes", "--only-binary", ":all:", "-r", "tests/requirements.lock")
    pip = ("-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-input", "--no-deps")
    wanted, stamp = (folder / lock[-1]).read_bytes(), wine.work / "tests-installed"
    if not stamp.exists() or stamp.read_bytes() != wanted:
        print(wine.run(folder, python(folder), *pip, *lock).stdout[-2000:], end="")
        stamp.write_bytes(wanted)
    if arguments:
        return tried(wine, folder, "tests", arguments)
    with unheard() as private:
        whole = tried(wine, folder, "whole", WHOLE)
    modules = [str(next(Path("tests").rglob(f"test_{name}.py"))) for name in MODULES]
    rest = tried(wine, folder, "tests", ["tests/windows", *modules])
    return whole and private() and rest


def tried(wine: Wine, folder: Path, title: str, chosen: Sequence[str]) -> bool:
    """Whether these tests pass, but for LIMITS; what fails is named, all is in `title`'s log."""
    pytest = ("-m", "pytest", "-v", "--long", "-p", "no:cacheprovider", "--color=no", "-n", "2")
    log, command = wine.work / f"{title}.log", [python(folder), *pytest, "--timeout=900", *chosen]
    done = wine.run(folder, *command, log=log, PATIENCE_MS="240000")
    failed = re.findall(r"^(?:FAILED|ERROR) (.*?)(?: - .*)?$", done.stdout, re.MULTILINE)
    for name in failed:
        why = next((why for part, why in LIMITS.items() if part in name), "")
        print(f"{name}: {why or 'FAILED'}")
    said = reversed(done.stdout.splitlines())  # Wine may have a word after pytest's last
    summary = next((line for line in said if re.search(r"\d+ passed.* in \d", line)), "")
    print(summary or "pytest did not end")
    unknown = [name for name in failed if not any(part in name for part in LIMITS)]
    return not unknown and bool(summary)


if __name__ == "__main__":
    raise SystemExit(main())
