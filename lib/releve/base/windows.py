"""What only Windows has: its registry, its programs by their own place, names that mean others,
folders that OneDrive copies. Standard library only: the bootstrap asks it too.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from pathlib import Path

_NOT_PLAIN = re.compile(r"[\\/:\0]|[. ]$")
_DEVICE = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
_ALONE = "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;OW)"
"""All rights to the system, the administrators and the owner, here and below, and none from above:
the very words of `mkdir(0o700)` from Python 3.12.4 on.
"""


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


def registered(key: str, name: str) -> object:
    """A value of the registry ("" is the key's own), the machine's before the user's; None where
    there is none, as on other systems.
    """
    if sys.platform == "win32":
        import winreg

        for hive in (winreg.HKEY_LOCAL_MACHINE, winreg.HKEY_CURRENT_USER):
            with suppress(OSError), winreg.OpenKey(hive, key) as opened:
                value: object = winreg.QueryValueEx(opened, name)[0]
                return value
    return None


def make_private(folder: Path) -> None:
    """Give a folder to its owner alone, as 0700 does elsewhere; what is made in it inherits that.
    Raises OSError; safe to repeat.
    """
    if sys.platform == "win32":
        import ctypes

        security, rights = ctypes.WinDLL("advapi32", use_last_error=True), ctypes.c_void_p()
        parsed = security.ConvertStringSecurityDescriptorToSecurityDescriptorW(
            _ALONE, 1, ctypes.byref(rights), None
        )
        # DACL_SECURITY_INFORMATION, PROTECTED_DACL_SECURITY_INFORMATION
        if not parsed or not security.SetFileSecurityW(str(folder), 0x80000004, rights):
            raise ctypes.WinError(ctypes.get_last_error())
        ctypes.windll.kernel32.LocalFree(rights)


def is_synchronised(folder: Path) -> bool:
    """Whether OneDrive copies that folder: its client says in the environment where its own are. A
    copy knows no locks, and keeps the files of an operator's machine elsewhere.
    """
    own = [text for name, text in os.environ.items() if name.upper().startswith("ONEDRIVE")]
    return any(folder.absolute().is_relative_to(each) for each in own if each)
