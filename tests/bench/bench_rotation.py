"""What a whole rotation costs beside a bare Playwright script with the same clicks: wall time and
peak memory, as ratios.

    python tests/bench/bench_rotation.py [ALTERNATIONS] [--robot]

`--robot` adds the same clicks in Robot Framework with SeleniumLibrary, installed for the occasion;
it needs Debian's chromium-driver. Cold processes, one school, the two in turn. Memory is that of
the whole process tree (browser included), each page shared between processes counted once, sampled
in one run more of each so that sampling does not weigh on the times.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import psutil
from fixtures_keyring import ThrowawayKeyring
from releve.base.secret import Secret
from releve.portal import browsers
from releve.record.folder import all_records
from releve.school import Faults, SchoolThread, World
from releve.school.people import DEMO_ACCOUNT, DEMO_SIRET

sys.path.insert(0, str(Path(__file__).parents[1]))
from fixtures_rotation import LOGIN, PASSWORD, Scene

ROBOT = Path(__file__).with_name("robot")
SAMPLE_SECONDS = 0.05
Start = Callable[[], subprocess.Popen[bytes]]


def bare(scene: Scene) -> subprocess.Popen[bytes]:
    """The script alone."""
    choice, urls = browsers.find(), scene.school.urls
    task = {
        "portal": urls.portal,
        "corail": f"{urls.corail}/",
        "login": LOGIN,
        "password": PASSWORD,
        "structures": [(DEMO_SIRET, DEMO_ACCOUNT)],
        "executable": choice.executable,
        "channel": choice.channel,
    }
    command = [sys.executable, str(Path(__file__).with_name("bare.py"))]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdin
    process.stdin.write(json.dumps(task).encode())
    process.stdin.close()
    return process


def releve(scene: Scene) -> subprocess.Popen[bytes]:
    """The command, as a scheduler calls it."""
    command = scene.command("rotate", DEMO_SIRET, "--yes", "--again", "--json")
    return subprocess.Popen(
        command, env=scene.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def robot(scene: Scene, libraries: str) -> subprocess.Popen[bytes]:
    """What an agency would otherwise write: the same clicks, without any report."""
    driver, browser = shutil.which("chromedriver"), shutil.which("chromium")
    assert driver and browser, "apt install chromium chromium-driver"
    urls, command = (
        scene.school.urls,
        [sys.executable, "-m", "robot", "--output", "NONE", "--log", "NONE", "--report", "NONE"],
    )
    task = {
        "BROWSER": browser,
        "DRIVER": driver,
        "PORTAL": urls.portal,
        "CORAIL": f"{urls.corail}/",
    }
    task |= {"LOGIN": LOGIN, "PASSWORD": PASSWORD, "SIRET": DEMO_SIRET, "ACCOUNT": DEMO_ACCOUNT}
    environment = (
        os.environ
        | {"PYTHONPATH": libraries}
        | {f"BENCH_{name}": value for name, value in task.items()}
    )
    return subprocess.Popen(
        [*command, str(ROBOT / "rotation.robot")], env=environment, stdout=subprocess.DEVNULL
    )


def timed(scene: Scene, start: Start) -> float:
    """Seconds until the process has ended; it must have made exactly one reset, and brought Corail
    up to date.
    """
    before, began = scene.resets(), time.perf_counter()
    code = start().wait()
    seconds = time.perf_counter() - began
    assert (0, before + 1, True) == (code, scene.resets(), scene.world.corail_matches(DEMO_SIRET))
    return seconds


def peak(start: Start) -> float:
    """The largest memory of the process tree, in MB."""
    process, most = start(), 0
    tree = psutil.Process(process.pid)
    while process.poll() is None:
        most = max(most, sum(_memory(each) for each in [tree, *tree.children(recursive=True)]))
        time.sleep(SAMPLE_SECONDS)
    return most / 1e6


def _memory(process: psutil.Process) -> int:
    try:
        full = process.memory_full_info()
        return int(getattr(full, "pss", 0) or full.rss)
    except psutil.Error:
        return 0


def machine() -> str:
    """What it was measured on."""
    memory = psutil.virtual_memory().total / 2**30
    browser = browsers.find().executable
    return (
        f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores,"
        f" {memory:.0f} GB, {browser}"
    )


def spent(scene: Scene) -> list[tuple[float, str]]:
    """What one rotation waits for: the seconds from one mark to the next, and what passes between
    them. See `trace`; from the portal on, the record's journal tells.
    """
    trace, known = scene.folder / "trace.jsonl", set(all_records(scene.outputs))
    paths = [str(Path(__file__).with_name("trace")), os.environ.get("PYTHONPATH", "")]
    traced = {"BENCH_TRACE": str(trace), "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    trace.unlink(missing_ok=True)
    command, began = scene.command("rotate", DEMO_SIRET, "--yes", "--again", "--json"), time.time()
    subprocess.run(command, env=scene.environment | traced, check=True, capture_output=True)
    at = {"": began, "end": time.time()}
    for line in trace.read_text(encoding="utf-8").splitlines():
        when, mark = json.loads(line)
        at.setdefault(mark, when)
    (record,) = set(all_records(scene.outputs)) - known
    for entry in record.entries():
        at.setdefault(type(entry.event).__name__, datetime.fromisoformat(entry.time).timestamp())
    times = [at[mark] for mark, _ in STAGES]
    passed = zip(times, times[1:], STAGES[1:], strict=False)
    return [(until - since, what) for since, until, (_, what) in passed]


STAGES = (
    ("", ""),
    ("kernel", "Python, the command's modules, the settings, the keyring, the plan"),
    ("papermill", "the kernel's process is started"),
    ("the notebook's first line", "papermill is imported while the kernel starts"),
    ("RotationOpened", "our modules in the kernel, the keyring, the record's folder and its lock"),
    ("driver", "Playwright's driver is started"),
    ("OriginMet", "the browser, and the portal's first page: the first click comes next"),
    ("RotationClosed", "the twelve screens, each with its picture and its line in the journal"),
    ("end", "the browser is closed, the record sealed, its page written, and read again"),
)
"""The marks of `spent`, in their order, with what passes before each."""


def main() -> None:
    """Print the table, and what the time goes to."""
    parser = argparse.ArgumentParser()
    parser.add_argument("turns", type=int, nargs="?", default=7)
    parser.add_argument("--robot", action="store_true")
    turns, with_robot = (args := parser.parse_args()).turns, args.robot
    world = World(password=PASSWORD, login=LOGIN, demo_account=DEMO_ACCOUNT)
    with tempfile.TemporaryDirectory() as folder, SchoolThread(world, Faults()) as school:
        keyring = ThrowawayKeyring(school)
        keyring.keystore().portal_password(LOGIN).set(Secret(PASSWORD))
        scene = Scene(school, keyring, Path(folder))
        starts: dict[str, Start] = {
            "bare Playwright script": lambda: bare(scene),
            "releve rotate": lambda: releve(scene),
        }
        if with_robot:
            pip = [
                sys.executable,
                "-m",
                "pip",
                "install",
                "-q",
                "--target",
                f"{folder}/robot",
                "-r",
                str(ROBOT / "requirements.txt"),
            ]
            subprocess.run(pip, check=True)
            starts["Robot Framework"] = lambda: robot(scene, f"{folder}/robot")
        times = [
            {name: timed(scene, start) for name, start in starts.items()} for _ in range(turns)
        ]
        stages = [spent(scene) for _ in range(3)]
        memory = {
            name: statistics.median(peak(start) for _ in range(3)) for name, start in starts.items()
        }
    print(f"{machine()}\nmedians of {turns} alternations, cold processes; memory: 3 more runs\n")
    print(
        f"| {'':24} | seconds | peak MB | time ratio | memory ratio"
        f" |\n|{'-' * 26}|---------|---------|------------|--------------|"
    )
    floor = next(iter(starts))
    for name in starts:
        seconds = statistics.median(each[name] for each in times)
        ratio = statistics.median(each[name] / each[floor] for each in times)
        print(
            f"| {name:24} | {seconds:7.2f} | {memory[name]:7.0f} | {ratio:10.2f} |"
            f" {memory[name] / memory[floor]:12.2f} |"
        )
    print("\nwhere the time of `releve rotate` goes, medians of 3 runs:")
    for each in zip(*stages, strict=True):
        print(f"{statistics.median(seconds for seconds, _ in each):6.2f} s  {each[0][1]}")


if __name__ == "__main__":
    main()
