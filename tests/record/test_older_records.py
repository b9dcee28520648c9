"""Records that were made by earlier versions still verify: `data/` has some, as they were made.

`records_of_0_1.tar.xz`: two rotations of `releve demo`, the second route, made by version 0.1 at
00aee35 in a window of 360 × 160 pixels; nothing else was changed. Their passwords were made up, and
died with the demonstration.
"""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
from releve.record.verify import verify

OLDER = Path(__file__).parents[1] / "data" / "records_of_0_1.tar.xz"


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """The folder of records that version 0.1 left."""
    with tarfile.open(OLDER) as packed:
        packed.extractall(tmp_path, filter="data")
    return tmp_path / "outputs"


def test_an_older_record_is_intact(older: Path) -> None:
    """Two records, two lines, no fault."""
    verdict = verify(older)
    assert (2, 2, []) == (verdict.records, verdict.lines, verdict.faults)


def test_a_changed_older_record_is_found(older: Path) -> None:
    """One byte of a journal."""
    journal = next(older.glob("*/journal.jsonl"))
    journal.write_bytes(journal.read_bytes().replace(b'"api"', b'"apj"', 1))
    assert ["changed"] == [fault.kind for fault in verify(older).faults]
