"""What a fleet costs beside one bare Playwright script with one login and the same clicks: wall
time, peak memory and its growth.

    python tests/bench/bench_fleet.py [--sizes 1 10 50] [--latency 0 300] [--logins 1 5]

With several logins the fleet has a worker for each, and the bare script still does them all in a
row, by one manager who has all the structures.

The two in turn, cold processes, on one school each. Memory is that of the whole process tree
(browser included), pages shared between processes counted once, read at the end of each structure.
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
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from releve.portal import browsers

sys.path.insert(0, str(Path(__file__).parents[1]))
from fleet_scene import LOGIN, PASSWORD, FleetScene, fleet_scene


@dataclass(frozen=True)
class Sample:
    """After `structures` of them: the tree's memory in MB, and its processor time in seconds."""

    structures: int
    memory: float
    processor: float


@dataclass
class Run:
    """Seconds in all, and some ten samples: reading the memory of ten processes takes time of its
    own.
    """

    seconds: float = 0.0
    samples: list[Sample] = field(default_factory=list)

    def each(self, what: Callable[[Sample], float]) -> float:
        """How much more with each structure, once everything is warm; 0 for a fleet too small to
        tell.
        """
        warm = self.samples[1:]
        return (
            (what(warm[-1]) - what(warm[0])) / (warm[-1].structures - warm[0].structures)
            if len(warm) > 1
            else 0.0
        )

    @property
    def peak(self) -> float:
        return max(each.memory for each in self.samples)


def bare(scene: FleetScene) -> subprocess.Popen[str]:
    """The script alone."""
    choice = browsers.find()
    structures = [(siret, scene.account(siret)) for siret in scene.sirets]
    task = {
        "portal": scene.school.urls.portal,
        "corail": f"{scene.school.urls.corail}/",
        "login": LOGIN,
        "password": PASSWORD,
    }
    task |= {"structures": structures, "executable": choice.executable, "channel": choice.channel}
    script = str(Path(__file__).with_name("bare.py"))
    process = subprocess.Popen(
        [sys.executable, script], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdin
    process.stdin.write(json.dumps(task))
    process.stdin.close()
    return process


def releve(scene: FleetScene) -> subprocess.Popen[str]:
    """The command, as a scheduler calls it, with a worker for each login."""
    workers = str(len(scene.settings().logins))
    command, environment = (
        scene.command("rotate", "--all", "--yes", "--json", "--workers", workers),
        os.environ | scene.keyring.environment,
    )
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def measured(folder: Path, size: int, latency: int, managers: int, start: object) -> Run:
    """One fleet on a school of its own; it must have reset each account exactly once."""
    with fleet_scene(folder, size, latency, managers) as scene:
        run, began = Run(), time.perf_counter()
        process: subprocess.Popen[str] = start(scene)  # type: ignore[operator]
        assert process.stderr
        for count, _ in enumerate((line for line in process.stderr if line.startswith("…")), 1):
            if count % max(size // 10, 1) == 0:
                run.samples.append(Sample(count, *_weight(process.pid)))
        code = process.wait()
        run.seconds = time.perf_counter() - began
        assert (0, [1] * size) == (code, list(scene.resets().values())), (code, scene.resets())
        assert all(scene.world.corail_matches(siret) for siret in scene.sirets)
    return run


def _weight(pid: int) -> tuple[float, float]:
    memory, processor = 0, 0.0
    for each in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        try:
            memory += each.memory_full_info().pss
            processor += sum(each.cpu_times()[:4])  # its children that ended count too
        except psutil.Error:
            continue
    return memory / 1e6, processor


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 10, 50])
    parser.add_argument("--latency", type=int, nargs="+", default=[0, 300])
    parser.add_argument("--logins", type=int, nargs="+", default=[1, 5])
    args = parser.parse_args()
    load = f"load {os.getloadavg()[0]:.1f} when it began"
    print(
        f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()},"
        f" {browsers.find().name}, {load}"
    )
    print(
        "| latency | structures | logins | bare, s | Relève, s | ratio | processor a structure | bare, MB |"
        " Relève, MB | growth a structure, MB |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    cases = [
        (latency, size, logins)
        for latency in args.latency
        for size in args.sizes
        for logins in args.logins
        if logins == 1 or size >= 2 * logins
    ]
    for latency, size, logins in cases:
        with tempfile.TemporaryDirectory() as folder:
            floor = measured(Path(folder) / "bare", size, latency, 1, bare)
            ours = measured(Path(folder) / "releve", size, latency, logins, releve)
        work, growth = (
            [run.each(what) for run in (floor, ours)]
            for what in (lambda s: s.processor, lambda s: s.memory)
        )
        print(
            f"| {latency} ms | {size} | {logins} | {floor.seconds:.1f} | {ours.seconds:.1f} |"
            f" {ours.seconds / floor.seconds:.2f} | {work[0]:.2f} → {work[1]:.2f} s |"
            f" {floor.peak:.0f} | {ours.peak:.0f} | {growth[0]:.2f} → {growth[1]:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
