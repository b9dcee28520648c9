"""Ten disturbances at random moments of a walkthrough, and an oracle that is told by nobody: the
school's own ledger, and what the monkey really did.

In a short run one monkey with three disturbances; `--long` has a hundred, `--seed N` that one.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from fixtures_shell import QUESTIONS, Counter, answer
from playwright.sync_api import Error, Page, expect
from releve.decision import events as ev
from releve.decision.procedure import GATE as TARGET
from releve.decision.procedure import PROOF, TARGET_STEPS
from releve.record.folder import RecordFolder, all_records, is_closed
from releve.record.seal import STATEMENT

pytestmark = pytest.mark.timeout(1200)

SHORT = 22  # keys, a reload, a second tab
KEYS = ("0", "0", "1", "Enter", "a", "b", "d", "d", "x", "z", "Escape", "Tab", "Control+s", "F2")
PATIENCE_SECONDS = 120.0


class Monkey:
    """Sits at the counter; remembers what it did that a person would have to answer for."""

    def __init__(self, counter: Counter, seed: int) -> None:
        self.counter, self.dice = counter, random.Random(seed)
        self.did: list[str] = []
        self.known = {record.path for record in all_records(counter.scene.outputs)}
        self.again = 0  # how often it asked for another password, told that nobody knows the last

    def made(self) -> list[RecordFolder]:
        """The records that there are since it sat down."""
        records = all_records(self.counter.scene.outputs)
        return [each for each in records if each.path not in self.known]

    @property
    def page(self) -> Page:
        return self.counter.desk.page

    def keys(self) -> None:
        """A hand, or a cat, on the keyboard, in no field."""
        self.page.evaluate("document.activeElement?.blur()")
        for _ in range(8):
            self.page.keyboard.press(self.dice.choice(KEYS))

    def clicks(self) -> None:
        """Where no button is: a second click on one is another disturbance."""
        for _ in range(4):
            x, y = self.dice.randrange(5, 1360), self.dice.randrange(60, 760)
            what = "document.elementFromPoint(%d, %d)?.closest('button, a, input, summary')"
            if not self.page.evaluate(f"Boolean({what % (x, y)})"):
                self.page.mouse.click(x, y)

    def twice(self) -> None:
        """A second click on a button that goes on, before it was seen that the first was heard."""
        button = self.page.locator("section.rv:visible button.rv-primary:enabled").first
        with suppress(Error):
            button.dblclick(timeout=500)
            self.did.append("dblclick")

    def close(self) -> None:
        self.counter.leave()
        self.counter.come_in()

    def reload(self) -> None:
        self.page.reload()

    def kill_kernel(self) -> None:
        for path in self.counter.running.sessions():
            if path.endswith("rotation.ipynb"):
                with suppress(ValueError, ProcessLookupError):
                    os.kill(self.counter.running.kernel(path), signal.SIGKILL)

    def interrupt(self) -> None:
        for path in self.counter.running.sessions():
            if path.endswith("rotation.ipynb"):
                with suppress(ValueError, ProcessLookupError):
                    os.kill(self.counter.running.kernel(path), signal.SIGINT)

    def kill_server(self) -> None:
        self.counter.start_again(signal.SIGKILL)

    def sleep(self) -> None:
        """The machine's lid is closed for a moment: everything stops, and goes on."""
        group = self.counter.running.process.pid
        os.kill(group, signal.SIGSTOP)
        time.sleep(2)
        os.kill(group, signal.SIGCONT)

    def second_tab(self) -> None:
        """The same page once more; she goes on in that one, the first stays open."""
        other = self.page.context.new_page()
        other.goto(self.page.url)
        self.counter.desk.page = other

    def second_notebook(self) -> None:
        """« Commencer » once more, in another window."""
        self.counter.come_in()

    DISTURBANCES: tuple[Callable[[Monkey], None], ...] = (
        keys, clicks, twice, close, reload, kill_kernel, interrupt, kill_server, sleep, second_tab,
        second_notebook,
    )  # fmt: skip

    def disturb(self) -> None:
        """One of them."""
        what = self.dice.choice(self.DISTURBANCES)
        self.did.append(what.__name__)
        with suppress(Error):  # a page that is on its way takes no key
            what(self)

    def go_on(self) -> bool:
        """Do what the page asks for, as she would; False once it says that all is done."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if any(is_closed(each.entries()) for each in self.made()):
                return False
            with suppress(Error, AssertionError):
                if self._answered():
                    return True
            self.page.wait_for_timeout(200)
        shown = f"{self.page.url}\n{self.page.locator('body').inner_text()}"
        raise AssertionError(f"nothing answers any more, after {self.did}: {shown}")

    def _answered(self) -> bool:
        desk = self.counter.desk
        try:
            self.page.locator(".releve-bar").wait_for(timeout=30_000)
        except Error:  # the program went while the page was on its way: as anyone does
            self.page.reload()
        resume = self.page.get_by_role("button", name="Reprendre", exact=True).first
        if self.page.get_by_role("alert").filter(has_text="Ce qui est sûr").count() or (
            resume.is_visible() and "rotation.ipynb" in self.page.url
        ):
            resume.click(timeout=2000)
            return True
        for heading in QUESTIONS.values():
            if desk.panel(heading).count():
                answer(self.counter, heading)
                self.did.append(heading)
                expect(desk.panel(heading)).to_have_count(0, timeout=20_000)
                return True
        if desk.panel("Que montre le portail").count():
            return self._decide()
        if desk.panel("Déjà renouvelé").count():
            desk.press("Déjà renouvelé", "Recommencer")
            return True
        home = desk.panel("Mots de passe")
        if home.count():
            home.get_by_role("button", name="Reprendre pour").or_(
                home.get_by_role("button", name="Commencer pour")
            ).first.click(timeout=2000)
            return True
        return False

    def _decide(self) -> bool:
        """What she sees on the portal, by its own ledger: a password that nobody kept is gone."""
        desk = self.counter.desk
        self.again += 1
        self.did.append("again")
        desk.press("Que montre le portail", "Demander un autre")
        return True


def test_a_monkey_at_the_counter(counter: Counter, seed: int, disturbances: int) -> None:
    """Never a second reset that nobody asked for, never a lost password, always a panel that
    answers, and a record that tells what happened.
    """
    counter.clear()
    before, monkey = counter.scene.resets(), Monkey(counter, seed)
    counter.come_in()
    left = disturbances
    while True:
        if left and monkey.dice.random() < 0.6:
            left -= 1
            monkey.disturb()
        elif not monkey.go_on():
            break
    resets = counter.scene.resets() - before
    assert 1 <= resets <= 1 + monkey.again, monkey.did
    assert counter.scene.three_places_agree(), monkey.did
    assert [] == counter.scene.leaks(), monkey.did
    (record,) = monkey.made()
    counter.leave()
    counter.come_in()  # which seals what a closed tab left
    while not (record.path / STATEMENT).exists():
        monkey.page.wait_for_timeout(200)
    entries = record.entries()
    done = {e.event.attempt for e in entries if isinstance(e.event, ev.ResetDone)}
    assert len(done) <= resets, monkey.did  # one whose answer nobody saw is not told as done
    hers = {
        each.step
        for each in entries
        if isinstance(each.event, ev.StepDone) and each.event.mode == "manual"
    }
    assert hers == {TARGET, PROOF, *TARGET_STEPS}, (hers, monkey.did)
    verified = subprocess.run(
        counter.scene.command("verify"),
        env=counter.scene.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == verified.returncode, (verified.stdout, monkey.did)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The seeds."""
    chosen, long = (metafunc.config.getoption(each) for each in ("--seed", "--long"))
    if "seed" in metafunc.fixturenames:
        seeds = [chosen] if chosen else range(1, 101) if long else [SHORT]
        count = 10 if chosen or long else 3
        metafunc.parametrize(("seed", "disturbances"), [(seed, count) for seed in seeds])
