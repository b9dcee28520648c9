"""`pip install ./lib`: the package brings its dependencies and its notebooks, and works anywhere.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As pip builds it from a checkout, in a copy: the second time, for a build leaves files in the
    source's folder.
    """
    copy, folder = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("wheel")
    for name in ("lib", "notebooks"):
        ignored = shutil.ignore_patterns("*.egg-info", "build", "__pycache__")
        shutil.copytree(PROJECT / name, copy / name, ignore=ignored)
    shutil.copy(PROJECT / "requirements.txt", copy)
    build = ["wheel", "--no-deps", "--no-index", "--no-build-isolation", "-w", folder, copy / "lib"]
    for _ in range(2):
        subprocess.run([*PIP, *build], check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_it_brings_its_dependencies_and_its_notebooks(wheel: Path) -> None:
    """Those that were tested, at their versions; the notebooks to the byte."""
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.partition("/")[0] for name in archive.namelist()}
        assert tops == {"releve", f"{'-'.join(wheel.name.split('-')[:2])}.dist-info"}
        metadata = next(name for name in archive.namelist() if name.endswith("METADATA"))
        asked = re.findall(r"^Requires-Dist: (\S+)", archive.read(metadata).decode(), re.MULTILINE)
        pins = re.findall(
            r"^([\w.-]+==[\w.]+)", (PROJECT / "requirements.txt").read_text(), re.MULTILINE
        )
        assert [pin for pin in pins if not pin.startswith("setuptools")] == asked
        for notebook in (PROJECT / "notebooks").glob("*.ipynb"):
            assert notebook.read_bytes() == archive.read(f"releve/notebooks/{notebook.name}")


@pytest.mark.long
def test_the_demonstration_runs_from_it_in_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    """No checkout near it: its own notebook is executed, and the record is where it was started."""
    place, folder = tmp_path / "installed", tmp_path / "vide"
    folder.mkdir()
    install = ["install", "-q", "--no-deps", "--no-index", "--target", place, wheel]
    subprocess.run([*PIP, *install], check=True)
    environment = os.environ | {"PYTHONPATH": str(place)}
    command = [sys.executable, "-P", "-m", "releve", "--json", "demo"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    told = json.loads(done.stdout)
    assert (0, 0) == (done.returncode, told["code"]), done.stderr
    assert folder / "outputs" == Path(told["record"]).parent
    assert ["outputs"] == [each.name for each in folder.iterdir()]
