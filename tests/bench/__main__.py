"""Every benchmark, one after the other: `.venv/bin/python tests/bench [--quick] [NAME…]`.

Some 25 minutes, and Debian's chromium-driver for Robot Framework; `--quick` takes five (fewer
repetitions, neither Robot Framework nor a fleet of 50). On an idle machine, or the figures say
little.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
BENCHES: dict[str, tuple[list[str], list[str]]] = {  # the arguments, and those of a quick run
    "rotation": (["5", "--robot"], ["3"]),
    "walkthrough": (["3"], ["1"]),
    "due": ([], ["--structures", "500", "--records", "1000"]),
    "verify": ([], ["1000"]),
    "find": ([], []),
    "fleet": ([], ["--sizes", "1", "10"]),
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", default=list(BENCHES), help=", ".join(BENCHES))
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    environment = os.environ | {"PYTHONPATH": str(HERE.parent)}
    for name in args.names:
        command = [f"bench_{name}.py", *BENCHES[name][args.quick]]
        print(f"\n## {' '.join(command)}\n", flush=True)
        subprocess.run(
            [sys.executable, str(HERE / command[0]), *command[1:]], env=environment, check=True
        )


if __name__ == "__main__":
    main()
