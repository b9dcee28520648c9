"""Every benchmark once, in its quick form: none may rot unseen. No figure is asserted."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from records import make, sirets
from releve.record.verify import verify

HERE = Path(__file__).parent
NAMES = [file.stem.removeprefix("bench_") for file in sorted(HERE.glob("bench_*.py"))]


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", NAMES)
def test_a_bench_comes_to_its_figures(name: str) -> None:
    command = [sys.executable, str(HERE), name, "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert re.search(r"\d\.\d", done.stdout), done.stdout


def test_the_records_that_the_benches_make_are_whole(tmp_path: Path) -> None:
    make(tmp_path / "outputs", sirets(2), 3)
    verdict = verify(tmp_path / "outputs")
    assert {found.kind for found in verdict.faults} <= {"unknown_signer"}, verdict.faults
    assert (verdict.records, verdict.lines) == (3, 3)
