"""A real `releve lab` in a process of its own, with a home of its own, and a real Chromium that a
test uses as a person would.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Locator, Page, expect
from releve.decision.procedure import STEPS

PATIENCE_MS = int(os.environ.get("PATIENCE_MS", "60000"))
expect.set_options(timeout=PATIENCE_MS)  # a laptop under load is no failure


@dataclass
class Lab:
    """A running `releve lab`: its address with the token, and every folder in which it could keep
    something.
    """

    url: str
    token: str
    home: Path
    process: subprocess.Popen[bytes]

    @property
    def log(self) -> str:
        """What the server said."""
        return (self.home / "lab.log").read_text(encoding="utf-8", errors="replace")

    def _api(self, path: str, method: str = "GET") -> bytes:
        asked = urllib.request.Request(f"{self.url}api/{path}", method=method)
        asked.add_header("Authorization", f"token {self.token}")
        with urllib.request.urlopen(asked, timeout=30) as answer:
            content: bytes = answer.read()
        return content

    def sessions(self) -> dict[str, tuple[str, str]]:
        """The session and the kernel of each open notebook, by its path."""
        found = json.loads(self._api("sessions"))
        return {each["path"]: (each["id"], each["kernel"]["id"]) for each in found}

    def end_kernels(self) -> None:
        """As if this JupyterLab had just been started."""
        for session, _ in self.sessions().values():
            self._api(f"sessions/{session}", "DELETE")

    def kernel(self, name: str) -> int:
        """The process of the kernel of the one open notebook of that name."""
        (wanted,) = [each for path, (_, each) in self.sessions().items() if path.endswith(name)]
        processes = [each for each in Path("/proc").iterdir() if each.name.isdigit()]
        (found,) = [each for each in processes if f"kernel-{wanted}".encode() in _command(each)]
        return int(found.name)


@contextmanager
def lab(environment: dict[str, str], *options: str, again: Lab | None = None) -> Iterator[Lab]:
    """Start it, wait until it answers, and end it with the block. The home is short-named: sockets
    have paths of 107 characters. `again`: as that one, which is gone, in its home and on its port.
    """
    short = None if os.name == "nt" else "/tmp"
    home = again.home if again else Path(tempfile.mkdtemp(prefix="rv-", dir=short))
    isolated = {name: str(home / folder) for name, folder in FOLDERS.items()}
    env = os.environ | {"HOME": str(home)} | isolated | environment
    (home / "run").mkdir(mode=0o700, exist_ok=True)
    for left in (home / "run").glob("jpserver-*"):
        left.unlink()
    # Jupyter asks for a free port and takes it a second later: none of those that clients get
    port = again.url.split(":")[-1].strip("/") if again else str(random.randrange(20_000, 31_000))
    with open(home / "lab.log", "wb") as log:
        command = [sys.executable, "-m", "releve", *options, "lab", "--no-browser", "--port", port]
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log, start_new_session=True)
        try:
            yield _ready(home, process)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if not again:
                shutil.rmtree(home, ignore_errors=True)


FOLDERS = {
    "JUPYTER_RUNTIME_DIR": "run",
    "JUPYTER_DATA_DIR": "data",
    "IPYTHONDIR": "ipython",
    "XDG_STATE_HOME": "state",
    "XDG_CONFIG_HOME": "config",
    "XDG_CACHE_HOME": "cache",
}


def _command(process: Path) -> bytes:
    with suppress(OSError):
        return (process / "cmdline").read_bytes()
    return b""


def _ready(home: Path, process: subprocess.Popen[bytes]) -> Lab:
    deadline = time.monotonic() + 2 * PATIENCE_MS / 1000
    while time.monotonic() < deadline and process.poll() is None:
        for path in (home / "run").glob("jpserver-*.json"):
            with suppress(
                ValueError, OSError
            ):  # it announces itself by a file, and listens a moment later
                info = json.loads(path.read_text())
                socket.create_connection(("127.0.0.1", info["port"]), 1).close()
                return Lab(info["url"], info["token"], home, process)
        time.sleep(0.1)
    raise AssertionError((home / "lab.log").read_text())


class Desk:
    """What a person sees and does in JupyterLab."""

    def __init__(self, page: Page, lab: Lab) -> None:
        self.page, self.lab = page, lab
        page.set_default_timeout(PATIENCE_MS)

    def open_home(self) -> Locator:
        """Open JupyterLab as the browser does at the start; returns the home page's panel."""
        self.page.goto(f"{self.lab.url}doc/tree/notebooks/home.ipynb?token={self.lab.token}")
        panel = self.panel("Mots de passe Chorus Pro|Premier démarrage|Quelque chose ne va pas")
        panel.wait_for()
        return panel

    def panel(self, heading: str) -> Locator:
        """The visible form with that heading."""
        title = self.page.get_by_role("heading", name=re.compile(heading))
        return self.page.locator("section.rv", has=title).filter(visible=True)

    def by_hand(self, step: str) -> Locator:
        """The visible form that asks for that step by hand."""
        title = next(each.title for each in STEPS if each.id == step)
        return self.panel(rf"^À vous\s: {title}$")

    def press(self, heading: str, button: str) -> None:
        """Press a button of the form with that heading."""
        self.panel(heading).get_by_role("button", name=re.compile(button)).first.click()

    def cell(self, step: str) -> Locator:
        """The cell of that step, by the line that it prints in the end."""
        number = next(each.number for each in STEPS if each.id == step)
        return self.page.locator(
            ".jp-CodeCell", has=self.page.get_by_text(re.compile(rf"Étape {number} sur 12 · "))
        )

    def menus(self) -> None:
        """Bring JupyterLab's own menus and keys back, once."""
        toggle = self.page.get_by_role("button", name="Menus de JupyterLab")
        if toggle.get_attribute("aria-pressed") != "true":
            toggle.click()

    def run_all(self) -> None:
        """By the menu, as anyone finds it."""
        self.menus()
        self.page.get_by_role("menuitem", name="Exécution").click()
        self.page.get_by_role("menuitem", name="Exécuter toutes les cellules", exact=True).click()

    def run_cell(self, heading: str) -> None:
        """Run the cell under that heading as a person does, once nothing runs: click on the text,
        then Shift + Enter twice.
        """
        self.menus()
        expect(
            self.page.locator(".jp-Notebook:visible .jp-InputPrompt", has_text="[*]")
        ).to_have_count(0)
        title = self.page.get_by_role("heading", level=2, name=re.compile(heading)).filter(
            visible=True
        )
        title.click()
        expect(
            self.page.locator(".jp-Cell.jp-mod-active").filter(visible=True, has=title)
        ).to_be_visible()
        for _ in range(2):
            self.page.keyboard.press("Shift+Enter")

    def tab_to(self, name: str) -> None:
        """Go on with the Tab key to the field or button of that name, as who has no mouse."""
        said = """(e => !e.matches('input, button, a, select') ? '' :
            e.labels?.[0]?.innerText || e.getAttribute('aria-label') || e.innerText || e.title)(document.activeElement)"""
        seen = [self.page.evaluate(said)]
        while not re.search(name, seen[-1]):
            assert len(seen) < 60, f"{name} is not reached by Tab: {seen}"
            self.page.keyboard.press("Tab")
            seen.append(self.page.evaluate(said))

    def restart_and_run_all(self) -> None:
        """By the notebook's own button."""
        self.menus()
        self.page.get_by_title("Redémarrer le noyau et exécuter toutes les cellules").filter(
            visible=True
        ).click()
        self.page.get_by_role("button", name="Confirmer le redémarrage").click()

    def confirm(self, siret: str) -> None:
        """Give the gate by the keyboard alone, as the operator who knows which structure this is.
        """
        gate = self.panel("Point de non-retour")
        expect(gate.get_by_label(re.compile("quatre derniers chiffres"))).to_be_focused()
        self.page.keyboard.type(siret[-4:])
        self.page.keyboard.press("Enter")

    def go_home(self) -> Locator:
        """By the bar's button; returns the home page's panel."""
        self.page.get_by_role("button", name="Accueil", exact=True).click()
        return self.panel("Mots de passe Chorus Pro")

    def stopped(self, text: str) -> None:
        """Wait until the notebook stands at the cell that stopped, which says that."""
        expect(self.page.locator(".jp-Cell.jp-mod-active").filter(visible=True)).to_contain_text(
            re.compile(text)
        )

    def ended(self) -> None:
        """Wait until the end is green, and the record sealed."""
        end = self.page.locator("section.rv-done").filter(visible=True)
        expect(end.get_by_role("heading", name=re.compile("terminé"))).to_be_visible()
        expect(end.get_by_role("status")).to_have_text("Vous pouvez tout fermer.")

    def printed(self, text: str) -> None:
        """Wait until a cell has printed that."""
        expect(self.page.get_by_text(re.compile(text)).first).to_be_visible(timeout=PATIENCE_MS)
