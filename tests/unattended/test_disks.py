"""Rotations on disks that are too small for them: each run ends in a code and a text that are true,
and the next one, with room again, finishes what can be finished.

The disk is the system's own (a tmpfs that root mounts), so that what fails is what really fails.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fixtures_rotation import DEMO_ACCOUNT, DEMO_SIRET, Scene
from releve.record.findings import UNSEALED
from releve.record.folder import all_records
from releve.vault.slots import Slot

EVERY = range(1, 21)  # megabytes
SOME = (1, 4)
ROOM = 256

pytestmark = pytest.mark.skipif(
    os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() != 0,
    reason="only root may mount a disk of a size of its own (a tmpfs)",
)


@contextmanager
def disk(folder: Path, megabytes: float) -> Iterator[None]:
    """A disk of that size. Skips where even root may not mount one."""
    folder.mkdir()
    size = f"size={int(megabytes * 1024)}k"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder], capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"mounting is not permitted: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def enlarge(folder: Path) -> None:
    """Somebody made room."""
    subprocess.run(["mount", "-o", f"remount,size={ROOM}m", folder], check=True)


def rotated(scene: Scene, **environment: str) -> tuple[int, dict[str, Any]]:
    """A scheduler's rotation: its code, and the one document that it printed."""
    ended = scene.releve("--json", "rotate", DEMO_SIRET, "--yes", **environment)
    assert "Traceback" not in ended.stderr, ended.stderr
    told: dict[str, Any] = json.loads(ended.stdout)
    assert ended.returncode == told["code"]
    return ended.returncode, told


def verified(scene: Scene) -> tuple[int, set[str]]:
    """What `verify` says of the folder."""
    told = json.loads(scene.releve("--json", "verify").stdout)
    folders = told.get("folders", {})
    return told["code"], {f["kind"] for each in folders.values() for f in each["faults"]}


def is_true(scene: Scene, code: int, told: dict[str, Any]) -> None:
    """The code and the text, against the portal's ledger, the keyring and Corail."""
    text, portal = told["text"], scene.world.accounts[DEMO_ACCOUNT].password
    held = scene.slots.read(Slot.PENDING) or scene.slots.read(Slot.CURRENT)
    assert code in (0, 5, 6, 7), text
    assert (0 if code == 5 else 1) == scene.resets(), text
    if code in (0, 6, 7):
        assert held is not None and held.password.reveal() == portal, text
    if code in (0, 7):
        assert scene.three_places_agree(), text
    if code == 7:  # what of the evidence is missing is named
        assert "scell" in text or "Le carnet exécuté n'a pas pu être enregistré" in text, text
    sealed = all((each.path / "record.json").exists() for each in all_records(scene.outputs))
    assert sealed or code, text


def what_happened(scene: Scene, place: Path, environment: dict[str, str]) -> tuple[int, int, int]:
    """The code of the run on the small disk, of the next one, and how many pictures there are."""
    code, told = rotated(scene, **environment)
    is_true(scene, code, told)
    assert verified(scene)[1] <= UNSEALED
    enlarge(place)
    again, told = rotated(scene, **environment)
    assert again in ((3,) if code in (0, 7) else (0,)), told
    assert (1, True) == (scene.resets(), scene.three_places_agree()), told
    assert (0, set()) == verified(scene)
    return code, again, len(list(scene.outputs.glob("2*/captures/*.png")))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "megabytes" in metafunc.fixturenames:
        every = metafunc.config.getoption("--long")
        metafunc.parametrize("megabytes", EVERY if every else SOME)


@pytest.mark.one_in(2)
def test_a_small_disk_for_the_records(
    scene: Scene, megabytes: int, record_property: Callable[[str, object], None]
) -> None:
    """The records' folder alone is on it."""
    with disk(scene.outputs, megabytes):
        ended = what_happened(scene, scene.outputs, {})
    told = f"dossiers, {megabytes:2} Mo : codes {ended[0]}, puis {ended[1]}"
    record_property("table", f"{told} ({ended[2]} images)")


@pytest.mark.long
@pytest.mark.one_in(2)
def test_a_small_disk_for_everything(
    scene: Scene, megabytes: int, record_property: Callable[[str, object], None]
) -> None:
    """The browser's own files and papermill's too: what cannot start changes nothing."""
    place = scene.folder / "petit"
    with disk(place, megabytes):
        (place / "tmp").mkdir()
        scene.outputs.symlink_to(place / "outputs")
        ended = what_happened(scene, place, {"TMPDIR": str(place / "tmp")})
    record_property("table", f"tout, {megabytes:2} Mo : codes {ended[0]}, puis {ended[1]}")
