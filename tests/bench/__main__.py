"""Every benchmark, one after the other: `.venv/bin/python tests/bench` (about an hour; on an idle machine, or the figures say little)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BENCHES = (
    ["bench_rotation.py", "5", "--robot"],
    ["bench_walkthrough.py"],
    ["bench_fleet.py"],
    ["bench_due.py"],
    ["bench_verify.py"],
)

for script, *arguments in BENCHES:
    print(f"\n## {' '.join([script, *arguments])}\n", flush=True)
    subprocess.run([sys.executable, str(Path(__file__).with_name(script)), *arguments], check=True)
