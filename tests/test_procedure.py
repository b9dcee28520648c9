"""The notebook and the procedure's data say the same, screen by screen, in the document's order."""

from __future__ import annotations

import json
from typing import Any

import nbformat
import pytest
from releve.decision.procedure import BY_ID, CLOSE, GATE, PROOF, STEPS, Effect, Step
from releve.headless import run as headless

NOTEBOOK: dict[str, Any] = json.loads(headless.model().read_text(encoding="utf-8"))
CELLS: list[dict[str, Any]] = NOTEBOOK["cells"]
BESIDE = ("ouverture", GATE, PROOF, CLOSE)


def source(cell: dict[str, Any]) -> str:
    """A cell's text, in the one or the other form that notebooks allow."""
    return "".join(cell["source"])


def test_the_notebook_is_valid_and_without_outputs() -> None:
    """What is committed is the model: nothing was executed in it, and Jupyter reads it."""
    nbformat.validate(NOTEBOOK)  # type: ignore[no-untyped-call]
    code = [cell for cell in CELLS if cell["cell_type"] == "code"]
    assert [([], None)] * len(code) == [(cell["outputs"], cell["execution_count"]) for cell in code]
    assert {"kernelspec", "language_info"} >= set(NOTEBOOK["metadata"]), (
        "no widget state, no author's machine"
    )


def test_the_screens_come_in_the_documents_order() -> None:
    """Twelve screens, with the confirmation of the target before anything is asked for."""
    steps = [cell["metadata"]["releve"]["step"] for cell in CELLS if "releve" in cell["metadata"]]
    assert [step.id for step in STEPS] == [step for step in steps if step not in BESIDE]
    assert ("ouverture", [PROOF, CLOSE]) == (steps[0], steps[-2:])
    assert steps.index(GATE) < steps.index("confirmation")
    assert list(range(1, 13)) == [step.number for step in STEPS]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.id)
def test_each_screen_has_its_instruction_and_one_line_of_code(step: Step) -> None:
    """The prose above a cell is what the procedure's data says: number, system, title, instruction."""
    index = next(
        n
        for n, cell in enumerate(CELLS)
        if cell["metadata"].get("releve", {}).get("step") == step.id
    )
    prose, code = source(CELLS[index - 1]), source(CELLS[index])
    assert f'await runbook.step("{step.id}")' == code
    assert (
        f"## Étape {step.number} sur {len(STEPS)} · Écran « {step.title}"
        f" »\n\n*{step.system}*\n\n{step.instruction}" == prose
    )


def test_only_the_confirmation_and_its_password_are_irreversible() -> None:
    """A route without an irreversible step, or with one before the gate, would be another
    procedure.
    """
    assert ["confirmation", "mot-de-passe"] == [
        step.id for step in STEPS if step.effect is Effect.IRREVERSIBLE
    ]
    assert Effect.WRITES is BY_ID["corail-mot-de-passe"].effect


def test_one_cell_is_for_the_parameters() -> None:
    """Papermill finds it by its tag; it sets nothing that looks like a secret, and approves nothing
    by itself.
    """
    (cell,) = [cell for cell in CELLS if "parameters" in cell["metadata"].get("tags", [])]
    assert "approve = False" in source(cell)
    assert not {"password", "secret", "passe"} & set(source(cell).lower().split())
