"""The papermill engine: our exit codes, scrubbed and whole saves."""

from __future__ import annotations

import subprocess
import sys

import pytest
from fixtures_rotation import DEMO_SIRET, Scene
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


@pytest.mark.long
def test_papermill_with_our_engine_exits_with_our_codes(scene: Scene) -> None:
    """A closed gate is 4, with its French text, where papermill alone says 1."""
    done = run(scene, "--engine", "releve", approve="false")
    assert (4, 0) == (done.returncode, scene.resets())
    assert "Personne n'a confirmé" in done.stderr and "Traceback" not in done.stderr
