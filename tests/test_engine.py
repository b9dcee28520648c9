"""The papermill engine: our exit codes, scrubbed and whole saves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import leaks
import nbformat
import papermill
from fixtures_rotation import DEMO_SIRET, Scene
from releve.base.secret import Secret
from releve.headless import run as headless


def run(scene: Scene, *more: str, approve: str = "true") -> subprocess.CompletedProcess[str]:
    """Papermill's own command line on the model."""
    command = [
        sys.executable,
        "-m",
        "papermill",
        *more,
        str(headless.model()),
        str(scene.folder / "out.ipynb"),
    ]
    for name, value in {
        "structure": DEMO_SIRET,
        "approve": approve,
        "settings": scene.settings(),
        "outputs": scene.outputs,
    }.items():
        command += ["-p", name, str(value)]
    return subprocess.run(
        command, env=scene.environment, capture_output=True, text=True, timeout=120
    )


def test_papermill_with_our_engine_exits_with_our_codes(scene: Scene) -> None:
    """A closed gate is 4, with its French text, where papermill alone says 1."""
    done = run(scene, "--engine", "releve", approve="false")
    assert (4, 0) == (done.returncode, scene.resets())
    assert "Personne n'a confirmé" in done.stderr and "Traceback" not in done.stderr


def test_what_a_cell_gave_away_is_not_saved(tmp_path: Path) -> None:
    """The engine scrubs by itself, whatever the kernel let out, as soon as it knows the secret; its
    file is always whole.
    """
    model, saved = tmp_path / "model.ipynb", tmp_path / "saved.ipynb"
    cell = nbformat.v4.new_code_cell(f"print({leaks.MANAGER!r})")
    metadata = {"kernelspec": {"name": "python3", "display_name": "x", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=metadata), model)
    papermill.execute_notebook(
        str(model),
        None,
        engine_name="releve",
        record=str(saved),
        learn=lambda: Secret(leaks.MANAGER),
    )
    nbformat.validate(nbformat.read(saved, 4))
    assert "••••••" in saved.read_text(encoding="utf-8")
    assert not leaks.found(leaks.MANAGER, saved.read_bytes())
    assert {"model.ipynb", "saved.ipynb"} == {path.name for path in tmp_path.iterdir()}
