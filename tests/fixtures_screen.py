"""A screen with a window manager, for tests of what stands in front of what."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

NEEDED = ("Xvfb", "openbox", "xdotool", "xprop")


@dataclass
class Screen:
    """Of a small laptop. Real clicks, and what a person would see of windows."""

    name: str

    @property
    def environment(self) -> dict[str, str]:
        """For whoever opens a window on it."""
        return {"DISPLAY": self.name}

    def _ask(self, *command: str) -> str:
        done = subprocess.run(
            command, env=os.environ | self.environment, capture_output=True, text=True, check=False
        )
        return done.stdout.strip()

    def click(self, x: int, y: int) -> None:
        """As a person's hand does."""
        self._ask("xdotool", "mousemove", str(x), str(y), "click", "1")

    def turn_wheel(self, *, down: bool) -> None:
        """A few notches, over the middle of the screen."""
        button = "5" if down else "4"
        self._ask("xdotool", "mousemove", "683", "400", "click", "--repeat", "4", button)

    def box(self, title: str) -> tuple[int, int, int, int]:
        """Where the window under that title stands: left, top, width, height."""
        (window,) = self.windows(title)
        told = self._ask("xdotool", "getwindowgeometry", "--shell", window)
        of = dict(line.split("=") for line in told.splitlines())
        return int(of["X"]), int(of["Y"]), int(of["WIDTH"]), int(of["HEIGHT"])

    def windows(self, title: str) -> list[str]:
        """The windows that are on the screen under that title; one put away is not."""
        found = self._ask("xdotool", "search", "--onlyvisible", "--name", title).split()
        state = {each: self._ask("xprop", "-id", each, "WM_STATE") for each in found}
        return [each for each in found if "Iconic" not in state[each]]

    def exists(self, title: str) -> bool:
        """Whether there is a window under that title, on the screen or put away."""
        return bool(self._ask("xdotool", "search", "--name", title))

    def restore(self, title: str) -> None:
        """As who clicks on it in the task bar."""
        for each in self._ask("xdotool", "search", "--name", title).split():
            self._ask("xdotool", "windowactivate", "--sync", each)

    @property
    def front(self) -> str:
        """The title of the window that has the keyboard."""
        return self._ask("xdotool", "getactivewindow", "getwindowname")


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    """One for the module."""
    missing = [each for each in NEEDED if shutil.which(each) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} missing: apt install xvfb openbox xdotool x11-utils")
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1366x768x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as told:
        name = f":{re.sub(r'[^0-9]', '', told.readline())}"
    manager = subprocess.Popen(
        ["openbox"], env=os.environ | {"DISPLAY": name}, stderr=subprocess.DEVNULL
    )
    time.sleep(0.5)  # it announces itself to nobody
    yield Screen(name)
    for each in (manager, server):
        each.terminate()
        each.wait()
