"""What `due` and `report` cost over many structures and sealed records, beside reading the
journals, and what each command costs to import.

python tests/bench/bench_due.py [--structures 5000] [--records 10000]
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from records import account, make, sirets
from releve.cli import COMMANDS
from releve.decision import journal as j


def office(folder: Path, structures: int, records: int) -> Path:
    """The settings of that many structures, whose records are signed by a key that they name."""
    chosen = sirets(structures)
    signer = make(folder / "outputs", chosen, records)
    lines = [
        '[portal]\nlogin = "xt012345"\norigins = ["http://127.0.0.1:1"]\nurl ='
        ' "http://127.0.0.1:1/"'
    ]
    lines += ['[school]\ncorail_url = "http://127.0.0.1:1/"']
    lines += [f'[record]\nsigners = ["{signer.public_key.keyid}"]']
    lines += [
        f'[structures.{siret}]\nname = "Commune {siret}"\ntechnical_account = "{account(siret)}"'
        for siret in chosen
    ]
    path = folder / "releve.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def seconds(*command: str) -> float:
    """The best of three, in a process of its own."""
    best = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, *command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        assert done.returncode in (0, 3), done.stderr
        best = min(best, time.perf_counter() - began)
    return best


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--structures", type=int, default=5000)
    parser.add_argument("--records", type=int, default=10_000)
    args = parser.parse_args()
    print(
        f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}, load"
        f" {os.getloadavg()[0]:.1f}"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = office(Path(folder), args.structures, args.records)
        outputs = Path(folder) / "outputs"
        began = time.perf_counter()
        size = sum(len(each.read_bytes()) for each in outputs.glob(f"*/{j.FILE_NAME}"))
        print(
            f"the floor: reading the {args.records} journals, {size / 1e6:.0f} MB:"
            f" {time.perf_counter() - began:.2f} s"
        )
        for command in ("due", "report"):
            took = seconds(
                "-m", "releve", "--settings", str(path), "--outputs", str(outputs), command
            )
            print(
                f"releve {command}: {took:.2f} s for {args.structures} structures and"
                f" {args.records} records"
            )
    alone = seconds("-c", "pass")
    print(f"\npython alone: {alone:.3f} s; more, for each import:")
    cli = "import releve.cli as cli"
    for name in ("(releve.cli)", *COMMANDS):
        code = f"{cli}; cli.module({name!r})" if name in COMMANDS else cli
        print(f"  {name:<14} {seconds('-c', code) - alone:.3f} s")


if __name__ == "__main__":
    main()
