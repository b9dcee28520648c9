"""How fast 10,000 records are verified, beside reading and hashing the same bytes with nothing
else: `python bench_verify.py [N]`.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

import rfc8785
from releve.record.register import FIRST, digest
from releve.record.seal import PREDICATE, TYPE
from releve.record.verify import verify

SIZES = {
    "journal.jsonl": 7_000,
    "record.html": 20_000,
    "rotation.ipynb": 15_000,
    "captures/01-authentification.png": 10_000,
}


def make(outputs: Path, count: int) -> None:
    """Records of the usual shape, with smaller files than real ones: the checks are counted, not
    the disk.
    """
    lines: list[bytes] = []
    for number in range(count):
        time = f"{number // 3600 % 24:02}{number // 60 % 60:02}{number % 60:02}"
        name = f"2026-01-01_{time}_21990001600011_{number:08x}"
        (outputs / name / "captures").mkdir(parents=True)
        subjects = []
        for file, size in SIZES.items():
            content = (f"{number} {file} ".encode() * size)[:size]
            (outputs / name / file).write_bytes(content)
            subjects.append(
                {"name": file, "digest": {"sha256": hashlib.sha256(content).hexdigest()}}
            )
        predicate = {"record": name, "sameness": {"equal": True}}
        said = json.dumps(
            {
                "_type": TYPE,
                "subject": subjects,
                "predicateType": PREDICATE,
                "predicate": predicate,
            },
            indent=1,
        ).encode()
        (outputs / name / "record.json").write_bytes(said)
        entry = {
            "v": 1,
            "n": number + 1,
            "kind": "record",
            "record": name,
            "statement": hashlib.sha256(said).hexdigest(),
        }
        lines.append(rfc8785.dumps(entry | {"previous": digest(lines[-1]) if lines else FIRST}))
    (outputs / "register.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))


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
    outputs = Path(tempfile.mkdtemp(prefix="releve-bench-"))
    try:
        make(outputs, count)
        bare(outputs)  # both are measured with a warm cache
        began = time.perf_counter()
        read = bare(outputs)
        floor = time.perf_counter() - began
        began = time.perf_counter()
        verdict = verify(outputs)
        took = time.perf_counter() - began
        assert not verdict.faults and verdict.records == count, verdict.faults[:3]
        told = (
            f"verify {took:.2f} s, reading and hashing alone {floor:.2f} s, ratio"
            f" {took / floor:.2f}"
        )
        print(f"{count} records, {read / 1e6:.0f} MB: {told}")
    finally:
        shutil.rmtree(outputs)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
