"""Who is at work: the machine's account, which the system tells, and the name that a person gave.

The account is asked for by its number: an environment variable is what anybody writes in it.
"""

from __future__ import annotations

import os
import platform
import sys
from contextlib import suppress
from pathlib import Path

import platformdirs

from releve.base.disk import write_atomically
from releve.base.errors import UsageError

FILE_NAME = "operateur.txt"
LONGEST = 80


class NameUnusable(UsageError):
    pass


def account() -> str:
    """The machine's account that runs this process, as "name@machine"."""
    return f"{_account()}@{platform.node()}"


def _account() -> str:
    if sys.platform == "win32":
        try:
            return os.getlogin()  # GetUserName, whatever the environment says
        except OSError:
            return "inconnu"
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # an account of another machine, or of none (containers)
        return f"uid {os.getuid()}"


def _path() -> Path:
    return platformdirs.user_config_path("releve", appauthor=False) / FILE_NAME


def given_name() -> str:
    """The name that the person of this machine's account gave once; "" when none was, or when what
    stands there is no name.
    """
    with suppress(OSError, UnicodeDecodeError, NameUnusable):
        return checked(_path().read_text(encoding="utf-8"))
    return ""


def keep_name(name: str) -> None:
    """Keep the name that a person gave, for the records to come; "" takes it away.

    Raises `NameUnusable`, OSError. Safe to repeat.
    """
    path = _path()
    if not name.strip():
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, checked(name).encode())


def checked(name: str) -> str:
    """The name as it is kept. Raises `NameUnusable`."""
    found = " ".join(name.split())
    if not found.isprintable():
        raise NameUnusable(why="il contient un caractère qui ne s'affiche pas")
    if len(found) > LONGEST:
        raise NameUnusable(why=f"il est plus long que {LONGEST} caractères")
    return found
