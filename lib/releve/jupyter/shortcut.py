"""A shortcut on the desktop that opens the walkthrough: a `.desktop` file on Linux, a `.lnk` on
Windows.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import platformdirs

from releve.base import disk
from releve.base.errors import ReleveError
from releve.base.places import project_root
from releve.base.windows import system_program

NAME = "Relève"


class NoShortcut(ReleveError):
    pass


def make(settings: str | None) -> Path:
    """Make it, or make it anew; its path. Raises `NoShortcut`. Anyone's settings but the usual ones
    are named in it.
    """
    given = ["--settings", str(Path(settings).resolve())] if settings else []
    command = [sys.executable, "-m", "releve", *given, "lab"]
    desktop = platformdirs.user_desktop_path()
    try:
        desktop.mkdir(parents=True, exist_ok=True)
        return _windows(desktop, command) if os.name == "nt" else _linux(desktop, command)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NoShortcut(why=disk.why(error), command=shlex.join(command)) from error


def _linux(desktop: Path, command: list[str]) -> Path:
    """By the Desktop Entry Specification; executable, or some desktops do not trust it."""
    path = desktop / "releve.desktop"
    path.write_text(
        "[Desktop Entry]\nType=Application\nVersion=1.0\n"
        f"Name={NAME}\nComment=Renouveler le mot de passe du compte technique Chorus Pro\n"
        f"Exec={' '.join(map(_quoted, command))}\nPath={_value(str(project_root()))}\n"
        "Terminal=true\nCategories=Office;\n",
        encoding="utf-8",
    )
    path.chmod(0o755)
    return path


def _quoted(argument: str) -> str:
    """One argument of `Exec`: quoted, then written as a value of the file."""
    for char in '\\"`$':
        argument = argument.replace(char, "\\" + char)
    return _value(f'"{argument}"'.replace("%", "%%"))


def _value(text: str) -> str:
    return text.replace("\\", "\\\\")


def _windows(desktop: Path, command: list[str]) -> Path:
    """By the shell's own object; the texts go by the environment, so that no quote in a path can
    break the script. Its console begins minimised (7).
    """
    path = desktop / f"{NAME}.lnk"
    script = (
        "$link = (New-Object -ComObject WScript.Shell).CreateShortcut($env:RELEVE_LINK);"
        " $link.TargetPath = $env:RELEVE_TARGET; $link.Arguments = $env:RELEVE_ARGUMENTS;"
        " $link.WorkingDirectory = $env:RELEVE_FOLDER; $link.WindowStyle = 7; $link.Save()"
    )
    texts = {
        "RELEVE_LINK": str(path),
        "RELEVE_TARGET": command[0],
        "RELEVE_ARGUMENTS": subprocess.list2cmdline(command[1:]),
        "RELEVE_FOLDER": str(project_root()),
    }
    powershell = system_program("WindowsPowerShell/v1.0/powershell.exe")
    shell = [powershell, "-NoProfile", "-NonInteractive", "-Command", script]
    path.unlink(missing_ok=True)
    subprocess.run(shell, env=os.environ | texts, check=True, capture_output=True)
    if not path.exists():  # a restricted PowerShell refuses, and ends with 0
        raise NoShortcut(why="PowerShell ne l'a pas créé", command=shlex.join(command))
    return path
