"""One process of a fleet: rotations one after the other, in one kernel, with one browser.

It is told and tells in lines of JSON: on its standard input its `Options`, then
{"structure": SIRET} or {"stop": true}, and the end when no more comes; on its standard output
{"kind", "text"} for what happens ("step", "text"), and {"line": …} for how a structure ended.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any, TextIO

from releve.base.account import folded
from releve.base.errors import ReleveError, UnforeseenError
from releve.base.secret import forget, registered
from releve.base.settings import Settings, Structure, load
from releve.headless import run as headless
from releve.headless.own_kernel import Kernel
from releve.planning.tour import Ending
from releve.record import search
from releve.record.history import JustDone, history
from releve.record.lock import AccountBusy
from releve.vault.keystore import open_keystore

ELSEWHERE = "AccountBusy"  # another fleet has it in hand
_TRUSTED = (0, 3, 4)  # after any other code kernel, browser and login are begun anew


@dataclass(frozen=True)
class Options:
    """What a worker is told first."""

    settings: str
    outputs: str
    approve: bool
    reset_again: bool
    again: bool


class Worker:
    """Rotates one structure at a time; whatever happens becomes a line."""

    def __init__(self, options: Options, tell: Any) -> None:
        self.options, self.tell, self.stopping = options, tell, Event()
        self.settings: Settings = load(options.settings, options.outputs)
        self.kernel: Kernel | None = None
        with suppress(ReleveError):  # what every structure needs stays known
            search.learn_login(open_keystore(self.settings).bounded(), self.settings)

    def rotate(self, siret: str) -> Ending:
        """Never raises for one of them. What the scrubber knows does not grow with the fleet."""
        known = set(registered())
        structure = self.settings.structure(siret)
        line = self._rotate(structure)
        forget(set(registered()) - known)
        if line.code not in _TRUSTED:
            self.end()
        return line

    def _rotate(self, structure: Structure) -> Ending:
        try:
            return _line(self._run(structure))
        except ReleveError as error:
            here = isinstance(error, JustDone | AccountBusy)
            name = error.name if isinstance(error, headless.CellStopped) else type(error).__name__
            code = 3 if name == ELSEWHERE else error.code
            text = str(error) if here else error.text
            return Ending(structure.siret, structure.name, code, text, error=name)
        except Exception as error:  # one failure never stops the others, foreseen or not
            return unforeseen(self.settings, structure, type(error).__name__)

    def _run(self, structure: Structure) -> headless.Outcome:
        if self.kernel is None:
            self.kernel = headless.new_kernel(kept=True)
        if self.stopping.is_set():
            self.kernel.stopping.set()
        return headless.run(
            self.settings, structure.siret, approve=self.options.approve,
            reset_again=self.options.reset_again, again=self.options.again, progress=self.tell,
            kernel=self.kernel,
        )

    def stop(self) -> None:
        """The rotation in hand ends before its reset, or is finished. Safe from any thread."""
        self.stopping.set()
        if (kernel := self.kernel) is not None:
            kernel.stopping.set()

    def end(self) -> None:
        """Let kernel and browser go, whatever their state. Safe to repeat."""
        kernel, self.kernel = self.kernel, None
        if kernel is not None:
            with suppress(RuntimeError, OSError):
                kernel.end()


def _line(found: headless.Outcome) -> Ending:
    text = "" if found.code == 0 else found.text
    return Ending(
        found.structure, found.name, found.code, text, found.record, found.error, found.proof,
        found.next_due,
    )


def unforeseen(settings: Settings, structure: Structure, kind: str) -> Ending:
    """What ended without a word: the journal tells whether anything can have changed."""
    account, past = folded(structure.technical_account), history(settings.record.folder)
    ours = [each for each in past if folded(each.account) == account and each.open]
    code = 6 if ours and ours[-1].touched else 5
    text = UnforeseenError(kind=kind).text
    record = str(ours[-1].record) if ours else ""
    return Ending(structure.siret, structure.name, code, text, record, "UnforeseenError")


def _listen(worker: Worker, tasks: SimpleQueue[str | None]) -> None:
    """Until the fleet has no more to say, or is gone: then what is in hand is put down softly."""
    for text in sys.stdin:
        said = json.loads(text)
        if said.get("stop"):
            worker.stop()
        else:
            tasks.put(said["structure"])
    worker.stop()
    tasks.put(None)


def _own_output() -> TextIO:
    """The pipe to the fleet; whatever else is printed in this process does not reach it."""
    pipe = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)
    return pipe


def _terminated(number: int, frame: object) -> None:
    raise SystemExit(128 + number)


def main() -> None:
    """The process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the fleet was interrupted too, and decides
    signal.signal(signal.SIGTERM, _terminated)
    pipe = _own_output()

    def tell(kind: str, text: str) -> None:
        print(json.dumps({"kind": kind, "text": text}), file=pipe)

    worker = Worker(Options(**json.loads(sys.stdin.readline())), tell)
    tasks: SimpleQueue[str | None] = SimpleQueue()
    Thread(target=_listen, args=(worker, tasks), daemon=True).start()
    try:
        while (siret := tasks.get()) is not None:
            line = worker.rotate(siret)
            print(json.dumps({"line": asdict(line)}), file=pipe)
            if line.record and Path(line.record).is_dir():
                worker.stopping.wait(worker.settings.policy.pause_seconds)
    finally:
        worker.end()


if __name__ == "__main__":
    main()
