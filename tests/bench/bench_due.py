"""What `due` and `report` cost over many structures and records, and what each command costs to
import.

python tests/bench/bench_due.py [--structures 5000] [--records 10000]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from releve.base.siret import luhn
from releve.cli import COMMANDS
from releve.decision import events as ev
from releve.decision import journal as j
from releve.decision.line import written

TARGETS = ("school:1",)


def sirets(count: int) -> list[str]:
    """As many SIRET that pass the check."""
    found: list[str] = []
    number = 0
    while len(found) < count:
        stem = f"2199{number:09}"
        found.append(next(f"{stem}{digit}" for digit in range(10) if luhn(f"{stem}{digit}")))
        number += 1
    return found


def make(folder: Path, structures: int, records: int) -> Path:
    """Settings and journals as rotations leave them (27 events each), without their pictures."""
    chosen = sirets(structures)
    lines = [
        '[portal]\nlogin = "xt012345"\norigins = ["http://127.0.0.1:1"]\nurl ='
        ' "http://127.0.0.1:1/"'
    ]
    lines += ['[school]\ncorail_url = "http://127.0.0.1:1/"']
    lines += [
        f'[structures.{siret}]\nname = "Commune {siret}"\ntechnical_account ='
        f' "TECH_1_{siret}@cpro.fr"'
        for siret in chosen
    ]
    path = folder / "releve.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    start = datetime.now(UTC) - timedelta(days=700)
    for number in range(records):
        siret, when = (
            chosen[number % structures],
            start + timedelta(hours=number * 700 * 24 / records),
        )
        name = f"{when:%Y-%m-%d_%H%M%S}_{siret}_{number:08x}"
        record = folder / "outputs" / name
        record.mkdir(parents=True)
        (record / j.FILE_NAME).write_text(_journal(siret, f"{number:08x}", when), encoding="utf-8")
    return path


def _journal(siret: str, run: str, when: datetime) -> str:
    steps = [
        ev.StepDone(
            "automatic",
            "un écran de plus est passé, et voici ce qui y a été vu",
            "05-structure.png",
            0.4,
        )
    ] * 19
    events: list[ev.Event] = [
        ev.RotationOpened(
            siret,
            f"Commune {siret}",
            f"TECH_1_{siret}@cpro.fr",
            "gestionnaire",
            TARGETS,
            school=True,
        )
    ]
    events += [
        ev.RunStarted("poste", 1, False),
        *steps,
        ev.GateGiven("cible", "approve"),
        ev.ResetIntended(1),
        ev.PendingStored(1),
    ]
    events += [
        ev.TargetEntered("school:1", "automatic"),
        ev.ProofGiven("none"),
        ev.RotationClosed("succeeded", "none"),
    ]
    entries = [
        ev.Entry((when + timedelta(seconds=at)).isoformat(), run, "", "a@b", event)
        for at, event in enumerate(events)
    ]
    return "".join(json.dumps(written(entry), ensure_ascii=False) + "\n" for entry in entries)


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
        path, outputs = make(Path(folder), args.structures, args.records), Path(folder) / "outputs"
        began = time.perf_counter()
        size = sum(len((each / j.FILE_NAME).read_bytes()) for each in outputs.iterdir())
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
    for name, module in {"(releve.cli)": "releve.cli"}.items() | {
        name: module for name, (module, _) in COMMANDS.items()
    }.items():
        print(f"  {name:<14} {seconds('-c', f'import {module}') - alone:.3f} s")


if __name__ == "__main__":
    main()
