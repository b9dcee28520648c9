"""How long an operator waits in the walkthrough, beside a bare Playwright script that does the same
clicks, in one run.

PYTHONPATH=lib:tests .venv/bin/python tests/bench/bench_walkthrough.py [runs]
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fixtures_keyring import ThrowawayKeyring
from fixtures_lab import Desk, lab
from fixtures_rotation import LOGIN, PASSWORD, Scene
from fixtures_shell import GATE, PROOF
from playwright.sync_api import Page, sync_playwright
from releve.base.secret import Secret
from releve.portal import browsers
from releve.school import Faults, SchoolThread, World
from releve.school.people import DEMO_ACCOUNT, DEMO_SIRET


def main(runs: int) -> None:
    """Print the medians and their ratios."""
    choice = browsers.find("auto")
    waits: dict[str, list[float]] = {
        "bare script": [],
        "home page": [],
        "first gate": [],
        "next gate": [],
    }
    for _ in range(runs):
        with SchoolThread(
            World(password=PASSWORD, login=LOGIN, demo_account=DEMO_ACCOUNT), Faults()
        ) as school:
            keyring = ThrowawayKeyring(school)
            keyring.keystore().portal_password(LOGIN).set(Secret(PASSWORD))
            with tempfile.TemporaryDirectory() as folder:
                scene = Scene(school, keyring, Path(folder))
                waits["bare script"].append(_bare(scene, choice))
                home, first, following = _walk(scene, choice)
            waits["home page"].append(home)
            waits["first gate"].append(first)
            waits["next gate"].append(following)
    floor = statistics.median(waits["bare script"])
    for name, seconds in waits.items():
        middle = statistics.median(seconds)
        print(
            f"{name:12} {middle:6.2f} s   {middle / floor:5.2f} x the bare script  "
            f" ({min(seconds):.2f} to {max(seconds):.2f})"
        )
    both = statistics.median(map(sum, zip(waits["first gate"], waits["next gate"], strict=True)))
    print(
        f"{'both waits':12} {both:6.2f} s   {both / floor:5.2f} x the bare script, median of {runs}"
        " runs"
    )


def _bare(scene: Scene, choice: browsers.Browser) -> float:
    """The floor: the whole rotation, by nothing but the clicks, the browser's start included."""
    urls = scene.school.urls
    task = {
        "executable": choice.executable,
        "channel": choice.channel,
        "portal": urls.portal,
        "corail": f"{urls.corail}/",
    }
    task |= {"login": LOGIN, "password": PASSWORD, "structures": [(DEMO_SIRET, DEMO_ACCOUNT)]}
    started = time.monotonic()
    subprocess.run(
        [sys.executable, str(Path(__file__).with_name("bare.py"))],
        input=json.dumps(task),
        text=True,
        check=True,
    )
    return time.monotonic() - started


def _walk(scene: Scene, choice: browsers.Browser) -> tuple[float, float, float]:
    """From the command to the home page's first button; from "Commencer", which opens the copy,
    starts its kernel and runs all, to the first gate, without the time for reading; from that one
    to the next, the proof.
    """
    options = ("--settings", str(scene.settings()), "--outputs", str(scene.outputs))
    with sync_playwright() as playwright:
        page: Page = playwright.chromium.launch(
            channel=choice.channel, executable_path=choice.executable
        ).new_page(locale="fr-FR")
        started = time.monotonic()
        with lab(scene.environment, *options) as running:
            desk = Desk(page, running)
            desk.open_home()
            home = time.monotonic() - started
            started = time.monotonic()
            desk.press("Mots de passe", "Commencer pour")
            desk.press("Avant de commencer", "prêt")
            desk.panel(GATE).wait_for()
            first = time.monotonic() - started
            started = time.monotonic()
            desk.confirm(DEMO_SIRET)
            desk.panel(PROOF).wait_for()
            return home, first, time.monotonic() - started


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
