"""Whether a person is there to be asked. Standard library only: the bootstrap asks it too."""

from __future__ import annotations

import sys
from typing import TextIO


def at_terminal(stream: TextIO) -> bool:
    """Whether `stream` is a person's terminal.

    On Windows `isatty` says so of NUL too, which is what a scheduled task is given: only a console
    has a mode (learn.microsoft.com, GetConsoleMode).
    """
    if sys.platform != "win32" or not stream.isatty():
        return stream.isatty()
    import ctypes
    import msvcrt

    handle = ctypes.c_void_p(msvcrt.get_osfhandle(stream.fileno()))
    return bool(ctypes.windll.kernel32.GetConsoleMode(handle, ctypes.byref(ctypes.c_ulong())))
