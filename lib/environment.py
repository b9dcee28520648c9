"""The environment in `.venv`: made, filled by pip from the lock, mended.

Its state is in files there: `installing` exists while a change is under way (left behind, it tells
of an interrupted one, and everything is made again); one stamp for each requirements file is
written last, and tells what it was made of and where. So a second start reads a few small files,
and nothing else.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from failures import (
    FREE_MEGABYTES,
    NO_DISK,
    in_use,
    no_disk,
    no_node,
    no_venv,
    pip_failed,
    stale_lock,
)
from machine import ROOT, apt_install, check_windows, quiet, say
from releve.base.terminal import at_terminal

VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
LOCK, INSTALLING = VENV / "releve.lock", VENV / "installing"
IDENTITY = (
    f"{sys.implementation.cache_tag} {ROOT}"  # what a moved project, or another Python, changes
)


@dataclass(frozen=True)
class Layer:
    """Direct requirements, the lock that they were resolved to, and what else asks for a new
    install.
    """

    requirements: str
    lock: str
    more: tuple[str, ...] = ()

    @property
    def stamp(self) -> Path:
        return VENV / ("stamp-" + self.requirements.replace("/", "-"))

    @property
    def wanted(self) -> str:
        """What the stamp says when nothing is to be done."""
        inputs = (self.requirements, self.lock, *self.more)
        content = b"\0".join((ROOT / name).read_bytes() for name in inputs)
        return f"{IDENTITY}\n{hashlib.sha256(content).hexdigest()}\n"

    def unlocked(self) -> list[str]:
        """The direct requirements that the lock does not hold at that version."""
        return sorted(pins(ROOT / self.requirements) - pins(ROOT / self.lock))


RUNTIME = Layer("requirements.txt", "lib/requirements.lock", ("lib/pyproject.toml", "lib/setup.py"))
TESTS = Layer("tests/requirements.txt", "tests/requirements.lock")


def pins(file: Path) -> set[str]:
    """Each "name==version" of a requirements file, the name as PEP 503 spells it."""
    found = re.findall(r"^([\w.-]+)==([\w.+!]+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {f"{re.sub(r'[-_.]+', '-', name).lower()}=={version}" for name, version in found}


def ensure(layer: Layer, *, yes: bool) -> None:
    """Make sure that the environment holds that layer; mends what was interrupted, moved or
    changed.

    `yes`: packages of the system may be installed without a question. Raises `Stop`.
    """
    if is_ready(layer):
        return
    with locked():
        if is_ready(layer):  # another start made it while this one waited
            return
        if unknown := layer.unlocked():
            raise stale_lock(
                layer.lock, read(ROOT / layer.lock).splitlines()[1].strip("# "), unknown
            )
        check_windows()
        if is_sound():
            check_unused()
        else:
            rebuild()
        INSTALLING.touch()
        install(layer)
        ensure_node(yes=yes)
        layer.stamp.write_text(layer.wanted, encoding="utf-8")
        INSTALLING.unlink()


def is_ready(layer: Layer) -> bool:
    return has_interpreter() and not INSTALLING.exists() and read(layer.stamp) == layer.wanted


def has_interpreter() -> bool:
    """Whether the environment's Python, and the one that it was made from, still exist."""
    home = re.search(r"^home *= *(.*)$", read(VENV / "pyvenv.cfg"), re.MULTILINE)
    return PYTHON.exists() and home is not None and Path(home[1].strip()).is_dir()


def read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return ""


def is_sound() -> bool:
    """Whether pip can go on in the environment as it is: not interrupted, not moved, of this
    Python.
    """
    if INSTALLING.exists() or not has_interpreter():
        return False
    stamps = [read(layer.stamp) for layer in (RUNTIME, TESTS)]
    if any(stamp and not stamp.startswith(f"{IDENTITY}\n") for stamp in stamps):
        return False
    tag = quiet([PYTHON, "-c", "import pip, sys; print(sys.implementation.cache_tag)"])
    return tag.stdout.strip() == sys.implementation.cache_tag


def check_unused() -> None:
    """Raise `Stop` when a program runs from the environment on Windows, which keeps its files from
    being replaced: half of them would be new, and half old."""
    if sys.platform == "win32" and PYTHON.exists():
        try:
            PYTHON.open("r+b").close()  # refused as long as it runs
        except PermissionError:
            raise in_use() from None


def rebuild() -> None:
    """A new, empty environment in place of whatever is there."""
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        raise no_venv()
    check_unused()
    remains = [child for child in VENV.iterdir() if child != LOCK]
    say("Réparation de l'environnement…" if remains else "Création de l'environnement…")
    for child in remains:
        shutil.rmtree(child) if child.is_dir() and not child.is_symlink() else child.unlink()
    if shutil.disk_usage(VENV).free < FREE_MEGABYTES * 1_000_000:
        raise no_disk()
    INSTALLING.touch()
    made = quiet([getattr(sys, "_base_executable", sys.executable), "-m", "venv", VENV])
    if made.returncode:
        raise no_disk() if NO_DISK.search(made.stdout) else no_venv()


@contextmanager
def locked() -> Iterator[None]:
    """One process at a time changes the environment; a killed process holds no lock."""
    VENV.mkdir(exist_ok=True)
    with LOCK.open("w") as file:
        os.set_inheritable(file.fileno(), True)
        if not take(file, wait=False):
            say("Une autre installation est en cours : attente de sa fin…")
            while not take(file, wait=True):
                pass
        yield


def take(file: IO[str], wait: bool) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            # LK_LOCK gives up after ten seconds
            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        if wait and sys.platform != "win32":
            raise
        return False
    return True


def install(layer: Layer) -> None:
    """What the lock holds, by its hashes and as binaries only; then this project itself, which asks
    for nothing that is not there by then."""
    say(f"Installation de {layer.requirements} (la première fois, environ une minute)…")
    pip("--require-hashes", "--only-binary", ":all:", "-r", layer.lock)
    layer.stamp.unlink(missing_ok=True)  # the environment is no longer what it tells of
    if "-e " in read(ROOT / layer.requirements):
        pip("--no-index", "--no-build-isolation", "-r", layer.requirements)


def pip(*arguments: str) -> None:
    """pip, with a live count in place of its output. Raises `Stop`; a failure before it changes
    anything leaves the environment as it was."""
    command = [str(PYTHON), "-m", "pip", "install", "--no-deps", "--disable-pip-version-check"]
    command += ["--no-input", "--no-color", "--progress-bar", "off"]
    command += ["--retries", "3"]  # pip tells of a silent registry only when it tries again
    with subprocess.Popen(
        [*command, *arguments], cwd=ROOT, env=os.environ | {"PIP_USER": "0"}, close_fds=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace",
    ) as process:  # fmt: skip
        lines = follow(process)
    if process.returncode:
        if not any(line.startswith("Installing collected packages") for line in lines):
            INSTALLING.unlink()
        raise pip_failed("".join(lines))


def follow(process: subprocess.Popen[str]) -> list[str]:
    """The lines that pip prints until it ends, while a count shows that it is alive."""
    lines: list[str] = []

    def collect() -> None:
        for line in process.stdout or ():
            lines.append(line)  # one by one, so that the count is seen while pip works

    reader = threading.Thread(target=collect, daemon=True)
    reader.start()
    before, shown = count_installed(), ""
    while reader.is_alive():
        reader.join(0.3)
        shown = show(progress(lines, before), shown)
    if shown and at_terminal(sys.stderr):
        say("")
    return lines


def progress(lines: list[str], before: int) -> str:
    for line in reversed(lines):
        if line.startswith("Installing collected packages"):
            done = max(0, count_installed() - before)
            return f"  paquets installés : {done} sur {line.count(',') + 1}"
    collected = sum(line.startswith("Collecting ") for line in lines)
    return f"  paquets trouvés : {collected}" if collected else ""


def count_installed() -> int:
    return len(list(site_packages().glob("*.dist-info")))


def show(text: str, shown: str) -> str:
    """On a terminal one line that changes; elsewhere one for each ten packages. Returns what is
    shown.
    """
    if at_terminal(sys.stderr):
        print(f"\r{text:<60}", end="", file=sys.stderr, flush=True)
        return text
    tens, shown_tens = (re.sub(r"\d(?= |$)", "", each, count=1) for each in (text, shown))
    if tens == shown_tens:
        return shown
    say(text)
    return text


def site_packages() -> Path:
    return Path(sysconfig.get_path("purelib", "venv", {"base": str(VENV), "platbase": str(VENV)}))


def ensure_node(*, yes: bool) -> None:
    """Playwright's own node must start; a bare Debian lacks its libatomic1. Raises `Stop`."""
    name = "node.exe" if sys.platform == "win32" else "node"
    node = site_packages() / "playwright/driver" / name
    if not node.exists() or quiet([node, "--version"]).returncode == 0:
        return
    if not apt_install("libatomic1", yes=yes) or quiet([node, "--version"]).returncode:
        raise no_node()
