"""What only Windows has: the programs of the system by their own place, synchronised folders."""

from __future__ import annotations

import os
from pathlib import Path


def system_program(name: str) -> str:
    """The path of a program below System32. By its bare name Windows would take one of that name
    that lies in the current folder.
    """
    return str(Path(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32", name))
