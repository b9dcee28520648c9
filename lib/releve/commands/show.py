"""How a rotation is told at a terminal: each step as it comes, then where the record is and what is
true.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from datetime import date
from typing import Any, NoReturn

from releve.base.terminal import at_terminal
from releve.decision.procedure import BY_ID, STEPS, TITLES
from releve.headless.run import Outcome
from releve.planning.plan import PlanNeeded
from releve.planning.tour import Ending, Tour

PROOFS = {
    "api": "l'API de Chorus Pro accepte le nouveau mot de passe",
    "attested": "attesté par une personne",
    "none": "aucune : personne n'a encore pu l'essayer auprès de Chorus Pro",
}


def progress() -> Callable[[str, str], None]:
    """Prints each step when it starts (at a terminal) and its line when it is done; on stderr, so
    that stdout stays for `--json`.
    """
    live = at_terminal(sys.stderr)

    def tell(kind: str, text: str) -> None:
        if kind == "step" and live:
            step, title = BY_ID.get(text), TITLES.get(text, text)
            if step:
                title = f"Étape {step.number} sur {len(STEPS)} · {step.title}"
            print(f"\r\x1b[2K… {title}", end="", file=sys.stderr, flush=True)
        elif kind == "text":
            print(("\r\x1b[2K" if live else "") + text.rstrip("\n"), file=sys.stderr, flush=True)

    return tell


def outcome(found: Outcome, as_json: bool) -> None:
    """The end of one rotation, for a person or a program."""
    if as_json:
        print(json.dumps(found.to_dict(), ensure_ascii=False))
        return
    print()
    if found.outcome == "succeeded" and found.code == 0:
        due = _day(found.next_due) if found.next_due else "inconnue"
        print(f"Rotation réussie pour {found.name} ({found.structure}).")
        print(f"Preuve             : {PROOFS[found.proof]}")
        print(f"Prochaine échéance : {due}")
    else:
        print(found.text)
    print(f"Dossier            : {found.record}")


@contextmanager
def bar(total: int) -> Iterator[Callable[[int, str, str], None]]:
    """A fleet's progress on stderr: done of total with the time that remains, and a line for each
    worker with its structure and step. Without a terminal, one line a structure.
    """
    from tqdm import tqdm  # papermill brings it

    live = sys.stderr.isatty()
    shape = "{percentage:3.0f} % |{bar:20}| {n_fmt} sur {total_fmt}, reste {remaining}"
    lines: dict[int, tqdm[NoReturn]] = {}
    names: dict[int, str] = {}
    told = {"disable": not live, "file": sys.stderr, "dynamic_ncols": True, "leave": False}
    with ExitStack() as stack:
        shown = stack.enter_context(tqdm(total=total, bar_format=shape, position=0, **told))

        def say(worker: int, text: str) -> None:
            if worker not in lines:
                line = tqdm(bar_format="{desc}", position=worker + 1, **told)
                lines[worker] = stack.enter_context(line)
            lines[worker].set_description_str(text)

        def tell(worker: int, kind: str, text: str) -> None:
            if kind == "begin":
                names[worker] = text
                say(worker, text)
            elif kind == "step":
                step = BY_ID.get(text)
                say(worker, f"{names[worker]}, {step.title if step else TITLES.get(text, text)}")
            elif kind == "end":
                shown.update()
                if not live:
                    print(f"… {text}", file=sys.stderr, flush=True)

        yield tell


def planned(stop: PlanNeeded, told: list[Ending], said: str) -> dict[str, Any]:
    """As `plan` prints it for `--json`."""
    error = {"code": stop.code, "error": type(stop).__name__, "text": stop.text}
    lines = {"left_out": [asdict(line) for line in told], "unproven": bool(said)}
    return error | stop.plan.to_dict() | lines


def plan(stop: PlanNeeded, told: list[Ending], as_json: bool, said: str = "") -> None:
    """What a run would reset, once somebody agrees to it; what is not in it, and why. `said` is
    said aloud beside it.
    """
    if as_json:
        print(json.dumps(planned(stop, told, said), ensure_ascii=False))
        return
    print(f"Comptes à réinitialiser ({len(stop.plan.structures)}) :")
    for each in stop.plan.structures:
        print(f"  {each.siret}  {each.name}  {each.technical_account}")
    _list("Laissées de côté", told, full=True)
    if said:
        print(f"\n{said}")
    print(f"\n{stop.text}", file=sys.stderr)


def tour(found: Tour, as_json: bool, said: str) -> None:
    """The end of a fleet: four lists, what was not begun, and one sentence; `said` is said aloud
    beside them.
    """
    if as_json:
        print(json.dumps(found.to_dict(), ensure_ascii=False))
        return
    _list("Une personne est attendue", found.person, full=True)
    _list("En échec", found.failed, full=True)
    _list("Rien à faire", found.nothing, full=False)
    _list("Fait", found.done, full=False)
    left = f", {len(found.left)} pas commencée{'s' * (len(found.left) > 1)}" if found.left else ""
    counts = (
        f"{len(found.done)} fait, {len(found.nothing)} sans rien à faire, {len(found.person)} en"
        " attente d'une personne"
    )
    print(f"\n{counts}, {len(found.failed)} en échec{left}.")
    if said:
        print(said)
    if found.stopped:
        print(found.stopped)
    if found.left:
        print("Relancez la même commande : elle ne fera que ce qui reste.")


def _list(title: str, lines: list[Ending], *, full: bool) -> None:
    """A list of a fleet; `full` adds what happened, what is safe, what to do, and where the record
    is.
    """
    if not lines:
        return
    print(f"\n{title} ({len(lines)})")
    for line in lines:
        due = f", prochaine échéance le {_day(line.next_due)}" if line.next_due else ""
        due += ", sans preuve" if line.proof == "none" and line.code == 0 else ""
        told = "" if full or not line.text else f" : {line.text.splitlines()[0]}"
        print(f"  {line.structure}  {line.name}{due}{told}")
        if full:
            record = f"Dossier : {line.record}" if line.record else ""
            for each in filter(None, [*line.text.splitlines(), record]):
                print(f"      {each}")


def _day(day: str) -> str:
    return f"{date.fromisoformat(day):%d/%m/%Y}"
