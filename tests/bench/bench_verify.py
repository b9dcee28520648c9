"""How fast records are verified, beside reading and hashing the same bytes with nothing else:

python tests/bench/bench_verify.py [RECORDS]

Each has the files of a demonstration's record, at their sizes. What does not differ (pictures,
page, notebook) is one file under many names, so that 10,000 records of 5 MB fit on a disk: read and
hashed each time, from the machine's cache.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from records import make, sirets
from releve.headless.run import model
from releve.record.contents import CAPTURES
from releve.record.folder import NOTEBOOK
from releve.record.verify import verify

PICTURES, PICTURE, PAGE, PROSE = 13, 104_000, 1_850_000, 1_490_000  # bytes


def same(folder: Path) -> None:
    """What does not differ from a record to the next."""
    folder.mkdir()
    (folder / "record.html").write_bytes(os.urandom(PAGE))
    notebook = json.loads(model().read_bytes())
    notebook["metadata"]["pictures"] = "x" * PROSE
    (folder / NOTEBOOK).write_text(json.dumps(notebook), encoding="utf-8")
    for number in range(PICTURES):
        (folder / f"{number:02}.png").write_bytes(os.urandom(PICTURE))


def bare(outputs: Path) -> int:
    """Read and hash every file, one after the other: the floor."""
    read = 0
    for path in outputs.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            hashlib.sha256(content).digest()
            read += len(content)
    return read


def main(count: int) -> None:
    """Print the ratio."""
    with tempfile.TemporaryDirectory(prefix="releve-bench-") as folder:
        outputs, shared = Path(folder) / "outputs", Path(folder) / "shared"
        same(shared)

        def fill(record: Path) -> None:
            for file in shared.iterdir():
                where = record / CAPTURES if file.suffix == ".png" else record
                (where / file.name).hardlink_to(file)

        make(outputs, sirets(1), count, fill)
        bare(outputs)  # both are measured with a warm cache
        began = time.perf_counter()
        read = bare(outputs)
        floor = time.perf_counter() - began
        began = time.perf_counter()
        verdict = verify(outputs)
        took = time.perf_counter() - began
        assert {found.kind for found in verdict.faults} <= {"unknown_signer"}, verdict.faults[:3]
        assert (verdict.records, verdict.lines) == (count, count)
        told = f"verify {took:.2f} s, reading and hashing {floor:.2f} s, ratio {took / floor:.2f}"
        print(f"{count} records, {read / 1e6:.0f} MB: {told}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
