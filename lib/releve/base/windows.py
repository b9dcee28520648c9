"""What only Windows has: the programs of the system by their own place, names that mean others."""

from __future__ import annotations

import os
import re
from pathlib import Path

_NOT_PLAIN = re.compile(r"[\\/:\0]|[. ]$")
_DEVICE = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


def system_program(name: str) -> str:
    """The path of a program below System32. By its bare name Windows would take one of that name
    that lies in the current folder.
    """
    return str(Path(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32", name))


def is_plain(name: str) -> bool:
    """Whether a part of a path names on Windows the file that it seems to: not another drive or a
    stream (":"), not a device ("nul.txt"), and with an end that Windows does not drop. Records go
    from one system to another, so the rule is the same everywhere.
    """
    return not (name == ".." or _NOT_PLAIN.search(name) or _DEVICE.fullmatch(name))
