"""The procedure is what the model notebook says, screen by screen, in the document's order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from releve.decision.procedure import (
    BY_ID,
    CLOSE,
    GATE,
    OPEN,
    PROOF,
    STEPS,
    Effect,
    ModelUnreadable,
    Step,
    model,
    read,
    screen,
)

NOTEBOOK: dict[str, Any] = json.loads(model().read_text(encoding="utf-8"))
CELLS: list[dict[str, Any]] = NOTEBOOK["cells"]
SOURCES = sorted((model().parents[1] / "lib" / "releve").rglob("*.py"))
BESIDE = (OPEN, GATE, PROOF, CLOSE)


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
    assert (OPEN, [PROOF, CLOSE]) == (steps[0], steps[-2:])
    assert steps.index(GATE) < steps.index("confirmation")
    assert list(range(1, 13)) == [step.number for step in STEPS]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.id)
def test_each_screen_has_its_instruction_and_one_line_of_code(step: Step) -> None:
    """The prose stands above the cell and nowhere else; its heading has the step's number."""
    index = next(
        n
        for n, cell in enumerate(CELLS)
        if cell["metadata"].get("releve", {}).get("step") == step.id
    )
    prose, code = source(CELLS[index - 1]), source(CELLS[index])
    assert f'await runbook.step("{step.id}")' == code
    assert prose.startswith(f"## {step.number} · {step.title}\n\n*{step.system}, écran")
    assert prose.endswith(step.instruction)
    elsewhere = (path.read_text(encoding="utf-8") for path in SOURCES)
    assert not [text for text in elsewhere if step.instruction[:60] in text]


@pytest.mark.parametrize("route", ["gestionnaire", "raccordements"])
def test_each_step_has_a_name_of_its_own(route: str) -> None:
    """Three of the document's steps are on one screen: nobody could tell which is meant."""
    names = [screen(step.id, route).title for step in STEPS]
    assert len(STEPS) == len(set(names))


def test_a_cell_without_its_prose_is_named(tmp_path: Path) -> None:
    """Whoever corrects the notebook and slips is told where."""
    broken = tmp_path / "rotation.ipynb"
    broken.write_text(model().read_text(encoding="utf-8").replace("## 4 · ", "4. "), "utf-8")
    with pytest.raises(ModelUnreadable, match="« structures »"):
        read(broken)


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
