"""What the computer itself must give or allow: packages of its system, long paths, a folder of its
own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from failures import not_agreed, path_too_long
from releve.base.terminal import at_terminal
from releve.base.windows import is_synchronised, registered

ROOT = Path(__file__).resolve().parent.parent
DEEPEST = 170  # characters of the environment's longest path below ROOT; a test measures it
LONG_PATHS = r"SYSTEM\CurrentControlSet\Control\FileSystem"  # Python's installer offers it
LONGEST = 259  # of any path on Windows, unless LongPathsEnabled (learn.microsoft.com, MAX_PATH)


def say(text: str) -> None:
    """Progress and failures go to stderr: stdout is the command's own."""
    print(text, file=sys.stderr, flush=True)


def quiet(command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
    """Run it without showing its output.

    It inherits the lock: should this process be killed, the lock lasts as long as it (not on
    Windows, where the environment's own python.exe, which cannot be deleted while it runs, does).
    """
    return subprocess.run(
        command, cwd=ROOT, text=True, errors="replace", close_fds=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def apt_install(*packages: str, yes: bool) -> bool:
    """Install Debian packages, when root and agreed to; whether it was done. Raises `Stop`."""
    if sys.platform == "win32" or os.geteuid() or not shutil.which("apt-get"):
        return False
    if not (yes or agreed(packages)):
        return False
    say(f"Installation de paquets du système : {' '.join(packages)}…")
    apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "DPkg::Lock::Timeout=120"]
    command = [*apt, "install", "-y", "--no-install-recommends", *packages]
    if quiet(command).returncode:
        return not (quiet([*apt, "update"]).returncode or quiet(command).returncode)
    return True


def agreed(packages: Sequence[str]) -> bool:
    """A person's answer; without a person, `Stop`."""
    if not at_terminal(sys.stdin):
        raise not_agreed(packages)
    say(f"Il faut des paquets du système : {' '.join(packages)}.")
    say("Les installer maintenant avec apt-get ? (oui/non)")
    return sys.stdin.readline().strip().lower() in ("o", "oui", "y", "yes")


def check_windows() -> None:
    """Before an environment is made on Windows: say what will go wrong later. Raises `Stop`."""
    if sys.platform != "win32":
        return
    if len(str(ROOT)) + DEEPEST > LONGEST and registered(LONG_PATHS, "LongPathsEnabled") != 1:
        raise path_too_long(str(ROOT), LONGEST - DEEPEST)
    if is_synchronised(ROOT):
        say(
            "Attention : ce dossier est synchronisé par OneDrive, qui copiera les quelque 22 000 "
            "fichiers de « .venv ». Mieux vaut un dossier de ce poste, par exemple C:\\Releve."
        )
    if "WindowsApps" in Path(sys.base_prefix).parts:
        say(
            "Attention : ce Python vient du Microsoft Store, qui lui montre un autre dossier "
            "AppData que celui des autres programmes : vos réglages n'y seront visibles que par "
            "lui. Celui de https://www.python.org/downloads/ s'installe sans droits particuliers."
        )
