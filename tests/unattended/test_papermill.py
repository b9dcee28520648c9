"""The notebook under papermill's own command line, with nothing of ours in front; real faults under
our engine.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import leaks
import nbformat
import pytest
from fixtures_rotation import DEMO_SIRET, Scene
from releve.decision import events as ev
from releve.decision.state import PERHAPS
from releve.headless import run as headless
from releve.record.folder import all_records
from releve.record.verify import verify

SABOTAGE = """
import releve.portal.screens.structures as screens
async def fail(*args): raise LookupError("imprevu")
screens.ActivitesDuGestionnaire.edit = fail
"""


def papermill(scene: Scene, *parameters: str) -> subprocess.CompletedProcess[str]:
    """As design.md, section 7, writes it: only the settings and the keyring come by the
    environment.
    """
    environment = scene.environment | {"RELEVE_SETTINGS": str(scene.settings())}
    command = [
        sys.executable,
        "-m",
        "papermill",
        "notebooks/rotation.ipynb",
        str(out(scene)),
        *parameters,
    ]
    root = headless.model().parents[1]
    return subprocess.run(
        command, env=environment, cwd=root, capture_output=True, text=True, timeout=120
    )


def out(scene: Scene) -> Path:
    """Papermill's output notebook."""
    return scene.folder / "out.ipynb"


def given(name: str, value: str) -> list[str]:
    """One parameter."""
    return ["-p", name, value]


@pytest.fixture
def mine(scene: Scene) -> Scene:
    """The settings name the folder of records: no parameter does."""
    scene.more = f'[record]\nfolder = "{scene.outputs}"\n'
    return scene


def test_plain_papermill_performs_a_whole_rotation(mine: Scene) -> None:
    """Exit code 0, one reset, one password in three places, none in the notebook it wrote; the
    kernel seals its own record.
    """
    done = papermill(mine, *given("structure", DEMO_SIRET), *given("approve", "true"))
    assert 0 == done.returncode, done.stderr
    assert 1 == mine.resets()
    assert mine.three_places_agree()
    nbformat.validate(nbformat.read(out(mine), as_version=4))  # type: ignore[no-untyped-call]
    assert "Étape 12 sur 12" in out(mine).read_text(encoding="utf-8")
    assert [] == mine.leaks(mine.folder)
    (record,) = all_records(mine.outputs)
    nbformat.validate(nbformat.read(record.path / "rotation.ipynb", 4))  # type: ignore[no-untyped-call]
    assert [] == verify(mine.outputs, None, mine.keystore).faults
    assert [] == leaks.in_folder(mine.secrets(), mine.outputs)


@pytest.mark.long
def test_without_approval_plain_papermill_stops_at_the_gate(mine: Scene) -> None:
    """Nobody confirmed: nothing is reset, and the rotation can be resumed."""
    done = papermill(mine, *given("structure", DEMO_SIRET))
    assert 1 == done.returncode
    assert "Personne n'a confirmé" in done.stderr
    assert 0 == mine.resets()
    (record,) = all_records(mine.outputs)
    stopped = [entry.event for entry in record.entries() if isinstance(entry.event, ev.RunStopped)]
    assert [(4, "GateClosed")] == [(event.code, event.error) for event in stopped]
    assert 0 == mine.headless().code
    assert 1 == mine.resets()


@pytest.mark.long
@pytest.mark.parametrize(
    "parameter", [given("mot_de_passe", "Bidon-1234"), ["-y", "portal: {password: Bidon-1234}"]]
)
def test_a_parameter_that_looks_like_a_secret_is_refused(mine: Scene, parameter: list[str]) -> None:
    """Papermill injects any name: it is refused before the portal is opened, and the text says to
    delete the notebook.
    """
    done = papermill(mine, *given("structure", DEMO_SIRET), *given("approve", "true"), *parameter)
    assert 1 == done.returncode
    assert "ressemble à un secret" in done.stderr
    assert "effacez aussi le carnet" in done.stderr
    assert (0, []) == (mine.logins(), list(all_records(mine.outputs)))


def test_the_engine_saves_a_valid_notebook_whatever_happens(scene: Scene) -> None:
    """An unknown outcome, headless: exit code 6, one reset, an executed notebook without traceback
    or secret.
    """
    scene.faults.server_error_at = "recapitulatif"
    found = scene.headless()
    assert (6, 1) == (found.code, scene.resets())
    assert PERHAPS in found.text
    notebook = nbformat.read(f"{found.record}/rotation.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(notebook)  # type: ignore[no-untyped-call]
    errors = [
        each
        for cell in notebook.cells
        for each in cell.get("outputs", [])
        if each.output_type == "error"
    ]
    assert ["ResetOutcomeUnknown"] == [each.ename for each in errors]
    assert not any(
        "Traceback" in line or ".py" in line for each in errors for line in each.traceback
    )
    assert [] == scene.leaks()


@pytest.mark.long
def test_an_unforeseen_error_leaves_its_traceback_beside_the_notebook(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator reads French; the maintainers find the scrubbed traceback in the record."""
    broken = scene.folder / "broken"
    broken.mkdir()
    (broken / "sitecustomize.py").write_text(SABOTAGE)
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([str(broken), os.environ.get("PYTHONPATH", "")])
    )
    found = scene.headless()
    assert (5, 0) == (found.code, scene.resets())
    assert "LookupError" in found.text
    (record,) = all_records(scene.outputs)
    assert "imprevu" in (record.path / "incident.txt").read_text(encoding="utf-8")
    assert [] == scene.leaks()
