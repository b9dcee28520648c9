"""Which browser drives the portal. Standard library only: the bootstrap asks it before anything is
installed.

The places of Edge and Chrome are those where Playwright looks for `channel=`, and the names under
`ms-playwright` those that it downloads to (playwright 1.65, `coreBundle.js`). Debian's Chromium is
found by `executable_path=` only.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from releve.base.errors import ReleveError
from releve.base.windows import registered

CHANNELS = {
    "msedge": {
        "name": "Microsoft Edge",
        "linux": "/opt/microsoft/msedge/msedge",
        "darwin": "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
        "win32": "Microsoft/Edge/Application/msedge.exe",
        "key": "msedge",
        "policy": r"SOFTWARE\Policies\Microsoft\Edge",
    },
    "chrome": {
        "name": "Google Chrome",
        "linux": "/opt/google/chrome/chrome",
        "darwin": "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "win32": "Google/Chrome/Application/chrome.exe",
        "key": "chrome",
        "policy": r"SOFTWARE\Policies\Google\Chrome",
    },
}
APP_PATHS = r"SOFTWARE\Microsoft\Windows\CurrentVersion\App Paths"
SHELL, FULL = ("chromium-headless-shell",), ("chromium", "chromium-browser")
SHARED_MEMORY, ENOUGH = Path("/dev/shm"), 256 << 20  # bytes; a container's default is 64 MiB
OWN_SHELL = (
    "chromium_headless_shell-*/*/chrome-headless-shell",
    "chromium_headless_shell-*/*/chrome-headless-shell.exe",
)
OWN_FULL = (
    "chromium-*/*/chrome",
    "chromium-*/*/chrome.exe",
    "chromium-*/*/*.app/Contents/MacOS/Google Chrome for Testing",
)


class BrowserNotFound(ReleveError):
    """No such browser here. Nothing was begun: install one, then start again."""


@dataclass(frozen=True)
class Browser:
    """How Playwright launches it: by `channel`, else by `executable`; `name` is for people."""

    channel: str | None
    executable: str | None
    name: str


def find(preference: str = "auto", headed: bool = False) -> Browser:
    """The browser to launch: `preference` is `auto`, `msedge`, `chrome`, `chromium` or the path of
    an executable.

    Hidden, Chromium's headless shell comes before the full one, for it starts faster; it cannot
    show a window, so it is left out when `headed`. Raises `BrowserNotFound`.
    """
    found = next(_candidates(preference, headed), None)
    if found is None:
        wanted = f"« {preference} »" + ", avec une fenêtre visible" * headed
        if rules := forbidden():
            wanted += f" ; une règle de ce poste interdit de piloter {' et '.join(rules)}"
        raise BrowserNotFound(wanted=wanted)
    return found


def can_show_a_window() -> bool:
    """Whether a visible browser has a screen to appear on: a Linux server has none."""
    return sys.platform in ("win32", "darwin") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )


def _candidates(preference: str, headed: bool) -> Iterator[Browser]:
    for channel in CHANNELS:
        if preference in ("auto", channel) and not _is_forbidden(channel):
            yield from _of_channel(channel)
    if preference in ("auto", "chromium"):
        yield from _system(headed)
        yield from _downloaded(headed)
    elif preference not in CHANNELS:
        path = Path(preference).expanduser()
        if path.is_file() and os.access(path, os.X_OK):
            yield Browser(None, str(path.absolute()), path.stem)


def _of_channel(channel: str) -> Iterator[Browser]:
    """Where Playwright looks for it, else where Windows has it registered."""
    name, key = CHANNELS[channel]["name"], CHANNELS[channel]["key"]
    if _is_installed(channel):
        yield Browser(channel, None, name)
        return
    place = registered(rf"{APP_PATHS}\{key}.exe", "")
    if isinstance(place, str) and Path(place).is_file():
        yield Browser(None, place, name)


def forbidden() -> list[str]:
    """The browsers that this machine's administrator forbids to drive."""
    return [each["name"] for channel, each in CHANNELS.items() if _is_forbidden(channel)]


def _is_forbidden(channel: str) -> bool:
    """By the policy RemoteDebuggingAllowed = 0 (learn.microsoft.com, chromeenterprise.google): the
    browser then ends at once, without a word to Playwright.
    """
    return registered(CHANNELS[channel]["policy"], "RemoteDebuggingAllowed") == 0


def _is_installed(channel: str) -> bool:
    place = CHANNELS[channel].get(sys.platform, "")
    roots = [""]
    if sys.platform == "win32":
        names = ("LOCALAPPDATA", "PROGRAMFILES", "PROGRAMFILES(X86)")
        roots = [os.environ.get(name, "") for name in names]
    return bool(place) and any(Path(root, place).is_file() for root in roots)


def _system(headed: bool) -> Iterator[Browser]:
    if sys.platform == "win32":  # there `which` looks in the current folder first
        return
    for name in FULL if headed else SHELL + FULL:
        executable = shutil.which(name)
        if executable:
            yield Browser(None, executable, "Chromium")


def _downloaded(headed: bool) -> Iterator[Browser]:
    """What `playwright install` left, complete, the newest revision first."""
    for pattern in OWN_FULL if headed else OWN_SHELL + OWN_FULL:
        for executable in sorted(_cache().glob(pattern), key=_revision, reverse=True):
            if (_download(executable) / "INSTALLATION_COMPLETE").exists():
                yield Browser(None, str(executable), "Chromium (Playwright)")


def _download(executable: Path) -> Path:
    return _cache() / executable.relative_to(_cache()).parts[0]


def _revision(executable: Path) -> int:
    digits = _download(executable).name.rpartition("-")[2]
    return int(digits) if digits.isdecimal() else 0


def _cache() -> Path:
    if named := os.environ.get("PLAYWRIGHT_BROWSERS_PATH"):
        return Path(named)
    home = Path.home()
    linux = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    usual = {
        "win32": Path(os.environ.get("LOCALAPPDATA") or home / "AppData/Local"),
        "darwin": home / "Library/Caches",
    }
    return usual.get(sys.platform, linux) / "ms-playwright"


def unwanted_defaults() -> list[str]:
    """Playwright's switches that are not taken: with the one for small containers, Chromium keeps
    its shared memory, where passwords of a page stand, in files on the disk.
    """
    small = not SHARED_MEMORY.is_dir() or shutil.disk_usage(SHARED_MEMORY).total < ENOUGH
    return [] if small else ["--disable-dev-shm-usage"]
