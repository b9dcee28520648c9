"""The documented procedure, read from the model notebook: every screen is a step, and its prose
stands in the cell above the step's own, nowhere else.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from pathlib import Path

from releve.base.errors import ReleveError
from releve.base.places import models
from releve.base.programs import programs
from releve.base.texts import table


class Effect(StrEnum):
    """What a step does to the world: it reads, it writes what can be written again, or it cannot be
    undone.
    """

    READS = "reads"
    WRITES = "writes"
    IRREVERSIBLE = "irreversible"


_EFFECTS = {
    "confirmation": Effect.IRREVERSIBLE,
    "mot-de-passe": Effect.IRREVERSIBLE,
    "corail-mot-de-passe": Effect.WRITES,
}

# Cells of the notebook that are not screens of the document: the opening, the confirmation, the
# proof, the end.
OPEN = "ouverture"
GATE = "cible"
PROOF = "preuve"
CLOSE = "cloture"


@dataclass(frozen=True)
class Step:
    """One documented screen. `title` is the step's own name, `screen` the document's name of the
    screen it is done on, `instruction` what the operator reads (Markdown); `number` counts from 1.
    """

    number: int
    id: str
    system: str
    screen: str
    title: str
    instruction: str
    effect: Effect = Effect.READS


class ModelMissing(ReleveError):
    pass


class ModelUnreadable(ModelMissing):
    """A step's cell has no prose above it, or it is not written as the others are."""


def model() -> Path:
    """The model notebook of the checkout. Raises `ModelMissing`."""
    path = models() / "rotation.ipynb"
    if not path.is_file():
        raise ModelMissing(path=path)
    return path


_PROSE = re.compile(
    r"## \d+ · (?P<title>.+)\n\n"
    r"\*(?P<system>.+), écran «\s(?P<screen>.+)\s»\*\n\n(?P<instruction>.+)\Z",
    re.DOTALL,
)


def read(notebook: Path) -> tuple[Step, ...]:
    """That notebook's steps: each one's cell comes after its prose. Raises `ModelUnreadable`."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    found: list[Step] = []
    for prose, cell in pairwise(cells):
        step = cell["metadata"].get("releve", {}).get("step", OPEN)
        if step in (OPEN, GATE, PROOF, CLOSE):
            continue
        read = _PROSE.match("".join(prose["source"]))
        if read is None:
            raise ModelUnreadable(path=notebook, step=step)
        effect = _EFFECTS.get(step, Effect.READS)
        found.append(Step(len(found) + 1, step, **read.groupdict(), effect=effect))
    return tuple(found)


STEPS: tuple[Step, ...] = read(model())
BY_ID: dict[str, Step] = {step.id: step for step in STEPS}
TITLES = {OPEN: "Ouverture", GATE: "Vérification", PROOF: "Essai", CLOSE: "Fin"}


def screen(step: str, route: str) -> Step:
    """One step in the words of that route."""
    documented, words = BY_ID[step], table()
    if f"{route}.{step}.title" not in words:
        return documented
    own = {name: words[f"{route}.{step}.{name}"] for name in ("title", "screen", "instruction")}
    return replace(documented, **own)  # type: ignore[arg-type]


def steps(route: str) -> tuple[Step, ...]:
    """The twelve steps in the words of that route; the documented ones for a route that has none of
    its own.
    """
    return tuple(screen(step.id, route) for step in STEPS)


def by_hand(step: str, act: str, route: str) -> Step:
    """That step with what a person does for one act of it: "offer" (a password is displayed),
    "confirm" (the click), "back".
    """
    return replace(screen(step, route), instruction=table()[f"by-hand.{route}.{act}"])


PORTAL_STEPS: tuple[str, ...] = tuple(step.id for step in STEPS[:9])
# up to the confirmation window: they change nothing and may be gone through again
NAVIGATION = PORTAL_STEPS[:6]
TARGET_STEPS: tuple[str, ...] = tuple(step.id for step in STEPS[9:])

_OTHERS = {"command": "le programme du service", "school": "Corail (site d'entraînement)"}


def target_name(identifier: str) -> str:
    """What an operator calls a target of the journal: "corail:21990001600011" is "Corail, structure
    21990001600011".
    """
    kind, _, siret = identifier.partition(":")
    known = programs()
    name = known[kind].name if kind in known else _OTHERS.get(kind, kind)
    return f"{name}, structure {siret}" if siret else name
