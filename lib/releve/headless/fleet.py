"""Many rotations by workers that share nothing but the folder of records: each is a process with
one kernel, one browser and one login at a time, and every structure still has its own record.

A failure before a reset never stops the others, unless it would meet every one of them.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from releve.base.account import folded
from releve.base.settings import Settings, Structure
from releve.decision.journal import JournalUnreadable
from releve.headless.run import resets_still
from releve.headless.worker import ELSEWHERE, Options, unforeseen
from releve.planning.shares import Shares, one_each
from releve.planning.tour import Ending, Tour
from releve.record.folder import RecordFolder, left_open
from releve.record.history import lacks_proof
from releve.record.vouching import vouched
from releve.vault.keystore import open_keystore

# the next login would only make it worse: nothing more of that login
SAME_LOGIN = {
    "PasswordRefused", "AccountLocked", "AlreadyRefused", "CodeNeeded", "CodeRefused", "KeyNeeded",
}
EVERYWHERE = {
    "Maintenance", "PortalUnreachable", "BrowserDidNotStart", "KeyringLocked", "KeyringUnavailable",
    "KeyringMissing",
}
BREAKER = 2  # failures after a reset: the portal, or the targets, are not what they were
PATIENCE = 3  # how many in a row of those that would meet every structure
Tell = Callable[[int, str, str], None]
"""Told a worker's number (0 and up), then "begin" (a name), "step" (its id), "text" (what a cell
prints) or "end" (a name).
"""


class _Hand:
    """A worker, as the fleet sees it. `told` is given what it says, and {} when it has ended."""

    def __init__(self, number: int, options: Options, told: SimpleQueue[_Message | None]) -> None:
        self.number, self.login = number, ""
        self.structure: Structure | None = None  # in its hands
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "releve.headless.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # no traceback reaches an operator
            text=True,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C is the fleet's to hear
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        threading.Thread(target=self._listen, args=(told,), daemon=True).start()
        self.say(asdict(options))

    def _listen(self, told: SimpleQueue[_Message | None]) -> None:
        assert self.process.stdout
        with suppress(ValueError):
            for line in self.process.stdout:
                told.put((self, json.loads(line)))
        told.put((self, {}))

    def say(self, message: dict[str, Any]) -> None:
        """A line to it; nothing when it is gone, which it tells itself."""
        assert self.process.stdin
        with suppress(OSError, ValueError):
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()

    def end(self, *, now: bool) -> None:
        """No more comes: it ends by itself. `now`: at once."""
        assert self.process.stdin
        with suppress(OSError):
            self.process.stdin.close()
        if now:
            self.process.terminate()
        self.process.wait()


_Message = tuple[_Hand, dict[str, Any]]


class Fleet:
    """One run over a list of structures, by `workers` processes (0: one for each login, at most the
    cores). Start it again to do what is left.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        approve: bool,
        reset_again: bool = False,
        again: bool = False,
        workers: int = 0,
    ) -> None:
        self.settings, self.workers = settings, workers or os.cpu_count() or 1
        self.tour = Tour()
        self.hands: list[_Hand] = []
        self._options = Options(
            str(settings.path.resolve()), str(settings.record.folder), approve, reset_again, again
        )
        self._told: SimpleQueue[_Message | None] = SimpleQueue()
        self._stopping = False
        self._in_a_row = self._after_reset = 0

    def run(
        self, structures: Iterable[Structure], tell: Tell = lambda number, kind, text: None
    ) -> Tour:
        """Rotate them all, as far as it goes; never raises for one of them."""
        shares, soft = Shares(self.settings, one_each(structures)), False
        with self._signals():
            try:
                for number in range(min(self.workers, shares.logins)):
                    self.hands.append(_Hand(number, self._options, self._told))
                    self._give(self.hands[number], shares, tell)
                while any(hand.structure for hand in self.hands):
                    self._hear_next(shares, tell)
                soft = True
            finally:
                for hand in self.hands:
                    hand.end(now=not soft)
        self.tour.left += [each.siret for each in shares.left]
        return self.tour

    def _give(self, hand: _Hand, shares: Shares, tell: Tell) -> None:
        """The next structure, if there is one for it."""
        structure = None if self._stopping else shares.take(hand.login)
        hand.structure = structure
        if structure is not None:
            hand.login = self.settings.login_of(structure)
            tell(hand.number, "begin", structure.name)
            hand.say({"structure": structure.siret})

    def _hear_next(self, shares: Shares, tell: Tell) -> None:
        """Wakes up now and then: a wait without an end hears no Ctrl-C on Windows."""
        try:
            message = self._told.get(timeout=1)
        except Empty:
            return
        if message is None:
            self._stop("Arrêt demandé.")
        else:
            self._hear(*message, shares, tell)

    def _hear(self, hand: _Hand, message: dict[str, Any], shares: Shares, tell: Tell) -> None:
        if "kind" in message:
            tell(hand.number, message["kind"], message["text"])
            return
        structure = hand.structure
        if structure is None:  # it ended when it was to end
            return
        if not message:
            line = unforeseen(self.settings, structure, "le programme s'est arrêté")
            hand = self._replaced(hand)
        else:
            line = Ending(**message["line"])
        if line.error != ELSEWHERE or not shares.once_more(structure):
            tell(hand.number, "end", structure.name)
            self.tour.add(line)
            self._judge(line, self.settings.login_of(structure), shares)
        for each in self.hands:  # one that had nothing to do may take over another login now
            if each is hand or each.structure is None:
                self._give(each, shares, tell)

    def _replaced(self, hand: _Hand) -> _Hand:
        hand.end(now=True)
        new = self.hands[hand.number] = _Hand(hand.number, self._options, self._told)
        new.login = hand.login
        return new

    def _judge(self, line: Ending, login: str, shares: Shares) -> None:
        """Stop what would only meet the same again."""
        self._in_a_row = self._in_a_row + 1 if line.error in EVERYWHERE else 0
        self._after_reset += line.code == 6
        first = line.text.splitlines()[0] if line.text else line.error
        same = f"Arrêt : les autres structures auraient rencontré la même chose. {first}"
        if line.code == 7 or self._lacks_proof(line):
            why = f"la rotation de {line.name} n'est pas prouvée. Vérifiez-la d'abord."
            self._stop(f"Arrêt : {why}")
        elif line.error in SAME_LOGIN:
            self.tour.stopped = same
            self.tour.left += [each.siret for each in shares.drop(login)]
        elif self._in_a_row >= PATIENCE:
            self._stop(same)
        elif self._after_reset >= BREAKER:
            self._stop(f"Arrêt : {BREAKER} échecs après une réinitialisation. Réparez-les d'abord.")

    def _lacks_proof(self, line: Ending) -> bool:
        """After a reset that is to be proven: closed without a proof, or left open for want of one,
        by its journal.
        """
        if self.settings.policy.unproven:
            return False
        if line.code == 0:
            return line.proof == "none"
        record = RecordFolder.at(Path(line.record)) if line.record else None
        try:
            return record is not None and lacks_proof(record.entries(pass_over_damage=True))
        except (OSError, JournalUnreadable):  # what cannot be read proves nothing
            return True

    def _stop(self, why: str) -> None:
        self.tour.stopped = self.tour.stopped or why
        self._stopping = True
        for hand in self.hands:
            hand.say({"stop": True})

    def stop(self) -> None:
        """End soon: each structure in hand stops before its reset, or is finished. Safe to call
        from a signal handler, and from any thread.
        """
        self._told.put(None)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """The first Ctrl-C (or SIGTERM) stops the fleet softly; the second one as ever."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.getsignal(number) for number in numbers}

        def soft(number: int, frame: object) -> None:
            self.stop()
            for each in numbers:
                signal.signal(each, before[each])

        for number in numbers:
            signal.signal(number, soft)
        try:
            yield
        finally:
            for number in numbers:
                signal.signal(number, before[number])


def unconfirmed(
    settings: Settings, structures: Iterable[Structure], reset_again: bool
) -> list[Structure]:
    """Those that a run would reset: a rotation left open before its reset is one of them, whoever
    confirmed it then, and one that this keyring does not vouch for, whatever it says. Without
    approval, only what was reset already goes on. Raises a keyring error.
    """
    keystore, left = open_keystore(settings).bounded(), left_open(settings.record.folder)
    return [
        each
        for each in structures
        if not (folder := left.get(folded(each.technical_account)))
        or not vouched(folder, keystore)
        or resets_still(settings, folder, reset_again)
    ]
