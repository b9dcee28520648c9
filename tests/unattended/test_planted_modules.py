"""A Python file that lies beside a notebook, or among the records that others can write to, is
never run: no kernel imports from the folder in which it starts.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from fixtures_rotation import DEMO_SIRET, Scene
from jupyter_client.manager import KernelManager
from releve.headless import run as headless
from releve.jupyter import server
from releve.jupyter.contents import ProjectFiles
from releve.record.folder import NOTEBOOK
from sealed_records import Office

# What starts a kernel, what it and the notebook import of Python's own and of others'.
PLANTED = (
    *("ipykernel_launcher", "pathlib", "json", "sitecustomize", "usercustomize"),
    *("IPython", "jinja2", "releve"),
)
ASK = "import json, jinja2, releve.jupyter.runbook, releve; print(releve.__file__)"
PLACES = ("records", "record")


@pytest.fixture(params=PLACES)
def planted(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Whoever starts Relève stands among the records, or in one, where somebody left modules that
    say that they ran.
    """
    folder = tmp_path / "outputs"
    if request.param == "record":
        folder /= f"2026-11-03_091200_{DEMO_SIRET}_00000001"
    folder.mkdir(parents=True)
    plant(folder)
    monkeypatch.chdir(folder)
    yield folder
    assert not ran(folder), "a planted module ran"


def plant(folder: Path, names: Sequence[str] = PLANTED) -> None:
    """Each writes its name, whoever imports it."""
    for name in names:
        (folder / f"{name}.py").write_text(
            f"import os\nopen(os.path.join(os.path.dirname(__file__), 'ran-{name}'), 'w').close()\n"
        )


def ran(folder: Path) -> list[str]:
    """What ran of it, by its own word."""
    return sorted(path.name for path in folder.rglob("ran-*"))


def answer(manager: Any) -> str:
    """What a running kernel prints when it is asked for modules as the notebook asks for them."""
    client = manager.blocking_client()
    client.start_channels()
    said: list[str] = []
    try:
        client.wait_for_ready(timeout=60)

        def heard(message: dict[str, Any]) -> None:
            said.append(message["content"].get("text") or message["content"].get("evalue") or "")

        client.execute_interactive(ASK, timeout=60, output_hook=heard)
    finally:
        client.stop_channels()
    return "".join(said).strip()


@pytest.mark.parametrize("name", ["ipykernel_launcher", "jinja2"])
def test_a_kernel_that_is_not_ours_runs_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Else the tests below would prove nothing."""
    plant(tmp_path, [name])
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    manager = KernelManager()
    manager.start_kernel()
    try:
        with suppress(RuntimeError):  # with another launcher there is no kernel
            answer(manager)
    finally:
        manager.shutdown_kernel(now=True)
    assert [f"ran-{name}"] == ran(tmp_path)


def test_the_headless_kernel_runs_none(planted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own kernel, whatever the environment says."""
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    kernel = headless.new_kernel()
    try:
        assert answer(kernel.manager) == sys.modules["releve"].__file__
    finally:
        kernel.end()


@pytest.mark.long
def test_a_whole_rotation_runs_none(scene: Scene, planted: Path) -> None:
    """The notebook itself, started from there."""
    done = scene.headless()
    assert (0, 1) == (done.code, scene.resets()), done.text


def test_a_kernel_of_jupyterlab_runs_none(planted: Path) -> None:
    """By the environment that its server is given, even if it did start there."""
    manager = KernelManager()
    manager.start_kernel(env=os.environ | server._environment(), cwd=str(planted))
    try:
        assert answer(manager) == sys.modules["releve"].__file__
    finally:
        manager.shutdown_kernel(now=True)


@pytest.mark.asyncio
async def test_no_kernel_of_jupyterlab_starts_among_the_records(
    tmp_path: Path, office: Office
) -> None:
    """Whatever notebook it is for: where Relève's own is, which is nobody else's to write in."""
    folder = office.folder(ending=())
    contents = ProjectFiles(root_dir=str(tmp_path))  # type: ignore[no-untyped-call]
    for path in (server.HOME, f"outputs/{folder.path.name}/{NOTEBOOK}", "outputs/autre.ipynb", ""):
        assert "" == await contents.get_kernel_path(path), path
