"""The environment in `.venv`: made, filled by pip, mended.

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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from failures import FREE_MEGABYTES, NO_DISK, no_disk, no_node, no_venv, pip_failed

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
LOCK, INSTALLING = VENV / "releve.lock", VENV / "installing"
IDENTITY = (  # a moved project, or another Python, needs another environment
    f"{sys.implementation.cache_tag} {ROOT}"
)


@dataclass(frozen=True)
class Layer:
    """A requirements file, and the files whose change asks for a new install."""

    requirements: str
    inputs: tuple[str, ...]

    @property
    def stamp(self) -> Path:
        return VENV / ("stamp-" + self.requirements.replace("/", "-"))

    @property
    def wanted(self) -> str:
        """What the stamp says when nothing is to be done."""
        content = b"\0".join((ROOT / name).read_bytes() for name in self.inputs)
        return f"{IDENTITY}\n{hashlib.sha256(content).hexdigest()}\n"


RUNTIME = Layer("requirements.txt", ("requirements.txt", "lib/pyproject.toml"))
TESTS = Layer("tests/requirements.txt", ("tests/requirements.txt",))


def say(text: str) -> None:
    """Progress and failures go to stderr: stdout is the command's own."""
    print(text, file=sys.stderr, flush=True)


def ensure(layer: Layer) -> None:
    """Make sure that the environment holds that layer; mends what was interrupted, moved or
    changed. Raises `Stop`.
    """
    if is_ready(layer):
        return
    with locked():
        if is_ready(layer):  # another start made it while this one waited
            return
        if not is_sound():
            rebuild()
        INSTALLING.touch()
        install(layer)
        ensure_node()
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
    if any(
        read(layer.stamp) and not read(layer.stamp).startswith(f"{IDENTITY}\n")
        for layer in (RUNTIME, TESTS)
    ):
        return False
    tag = quiet([PYTHON, "-c", "import pip, sys; print(sys.implementation.cache_tag)"])
    return tag.stdout.strip() == sys.implementation.cache_tag


def rebuild() -> None:
    """A new, empty environment in place of whatever is there."""
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        raise no_venv()
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


def quiet(command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
    """Run it without showing its output. It inherits the lock: should this process be killed, the
    lock lasts as long as it.
    """
    return subprocess.run(
        command, cwd=ROOT, text=True, errors="replace", close_fds=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


@contextmanager
def locked() -> Iterator[None]:
    """One process at a time changes the environment; the system frees the lock of a process that
    was killed.
    """
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

            msvcrt.locking(
                file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1
            )  # LK_LOCK gives up after 10 s
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        if wait and sys.platform != "win32":
            raise
        return False
    return True


def install(layer: Layer) -> None:
    """pip, with a live count in place of its output. A failure before it changes anything leaves
    the environment as it was.
    """
    command = [
        str(PYTHON),
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-input",
        "--no-color",
        "--progress-bar",
        "off",
    ]
    command += [
        "--retries",
        "3",
    ]  # pip tells of a registry that does not answer only when it tries again
    say(f"Installation de {layer.requirements} (la première fois, environ une minute)…")
    with subprocess.Popen(
        [*command, "-r", layer.requirements], cwd=ROOT, env=os.environ | {"PIP_USER": "0"}, close_fds=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
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
    if shown and sys.stderr.isatty():
        say("")
    return lines


def progress(lines: list[str], before: int) -> str:
    for line in reversed(lines):
        if line.startswith("Installing collected packages"):
            return (
                f"  paquets installés : {max(0, count_installed() - before)} sur"
                f" {line.count(',') + 1}"
            )
    collected = sum(line.startswith("Collecting ") for line in lines)
    return f"  paquets trouvés : {collected}" if collected else ""


def count_installed() -> int:
    return len(list(site_packages().glob("*.dist-info")))


def show(text: str, shown: str) -> str:
    """On a terminal one line that changes; elsewhere a line for each ten packages. Returns what is
    shown now.
    """
    if sys.stderr.isatty():
        print(f"\r{text:<60}", end="", file=sys.stderr, flush=True)
        return text
    tens, shown_tens = (re.sub(r"\d(?= |$)", "", each, count=1) for each in (text, shown))
    if tens == shown_tens:
        return shown
    say(text)
    return text


def site_packages() -> Path:
    return Path(sysconfig.get_path("purelib", "venv", {"base": str(VENV), "platbase": str(VENV)}))


def ensure_node() -> None:
    """Playwright's own node must start; a bare Debian lacks its libatomic1."""
    node = (
        site_packages() / "playwright/driver" / ("node.exe" if sys.platform == "win32" else "node")
    )
    if not node.exists() or quiet([node, "--version"]).returncode == 0:
        return
    if not apt_install("libatomic1") or quiet([node, "--version"]).returncode:
        raise no_node()


def apt_install(*packages: str) -> bool:
    """Install Debian packages, when root; whether it was done."""
    if sys.platform == "win32" or os.geteuid() or not shutil.which("apt-get"):
        return False
    say(f"Installation de paquets du système : {' '.join(packages)}…")
    apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "DPkg::Lock::Timeout=120"]
    command = [*apt, "install", "-y", "--no-install-recommends", *packages]
    return not quiet(command).returncode or (
        not quiet([*apt, "update"]).returncode and not quiet(command).returncode
    )
