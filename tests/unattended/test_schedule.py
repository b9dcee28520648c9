"""What `releve schedule` prints is what schedulers accept."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest
import xmlschema
from fixtures_rotation import Scene
from releve.commands.schedule import cron, systemd, windows_task

WORDS = [
    "/usr/bin/python3",
    "-m",
    "releve",
    "--settings",
    "/home/é tienne/100% $HOME/releve.toml",
    "rotate",
    "--due",
    "--yes",
]


def test_systemd_accepts_the_units(scene: Scene, tmp_path: Path) -> None:
    """`systemd-analyze verify` finds nothing to say, whatever the folder's name, and the timer
    falls on working days.
    """
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not here")
    printed = systemd(["/bin/sh", *WORDS[1:]], 7, 5)
    for name, text in re.findall(r"# ---- (\S+)\n(.*?)(?=\n# ----|\Z)", printed, re.S):
        (tmp_path / name).write_text(text, encoding="utf-8")
    verified = subprocess.run(
        [
            "systemd-analyze",
            "--user",
            "--recursive-errors=no",
            "verify",
            tmp_path / "releve.service",
            tmp_path / "releve.timer",
            tmp_path / "releve-check.service",
            tmp_path / "releve-check.timer",
        ],
        capture_output=True,
        text=True,
        env=os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)},
        check=False,
    )
    assert (0, "") == (verified.returncode, verified.stderr), verified.stderr
    times = re.findall(r"OnCalendar=(.*)", printed)
    calendar = subprocess.run(
        ["systemd-analyze", "calendar", *times], capture_output=True, text=True, check=True
    )
    assert "Normalized form: Mon..Fri *-*-* 07:05:00" in calendar.stdout
    assert "Normalized form: *-*-* 06:50:00" in calendar.stdout


@pytest.mark.skipif(os.name == "nt", reason="Windows has no cron")
def test_cron_runs_the_line(scene: Scene) -> None:
    """The line, as cron's shell gets it, starts our command: exit 0 when nothing is due."""
    scene.structure["last_rotation"] = "x"
    path = scene.settings()
    path.write_text(
        path.read_text().replace('last_rotation = "x"', f"last_rotation = {date.today()}"),
        encoding="utf-8",
    )
    words = [
        "-m",
        "releve",
        "--settings",
        str(path),
        "--outputs",
        str(scene.outputs),
        "rotate",
        "--due",
        "--yes",
    ]
    printed = cron([sys.executable, *words], 7, 5)
    line = printed.splitlines()[-1]
    when, rest = line.split(" * * 1-5 ")
    assert "5 7" == when
    ran = subprocess.run(
        ["/bin/sh", "-c", rest.replace("\\%", "%")],
        env=scene.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == ran.returncode, ran.stderr
    assert "0 fait" in ran.stdout
    assert (scene.outputs / ".last-fleet.json").exists()


def test_the_alarm_is_daily_and_before_what_is_due() -> None:
    """At weekends too, whatever the scheduler; never in the minute in which a reset may be made,
    and what is due keeps its working days.
    """
    lines = [line for line in cron(WORDS, 0, 5).splitlines() if "releve.toml" in line]
    assert ["50 23 * * *", "5 0 * * 1-5"] == [line.partition(" /")[0] for line in lines]
    assert ["check'" in line or " check " in line for line in lines] == [True, False]
    units = re.findall(r"# ---- (\S+)\n(.*?)(?=\n# ----|\Z)", systemd(WORDS, 7, 5), re.S)
    calendars = {name: re.findall("OnCalendar=(.*)", text) for name, text in units}
    assert (["Mon..Fri 07:05"], ["*-*-* 06:50"]) == (
        calendars["releve.timer"],
        calendars["releve-check.timer"],
    )
    starts = {name: re.findall("ExecStart=.* (\\S+)", text) for name, text in units}
    assert (["--yes"], ["check"]) == (starts["releve.service"], starts["releve-check.service"])
    for daily, last, at in ((True, "check", "T06:50:00"), (False, "--yes", "T07:05:00")):
        task = windows_task(WORDS, 7, 5, daily=daily)
        root = ElementTree.fromstring(task)
        assert daily == (root.find(".//{*}ScheduleByDay") is not None)
        assert daily != (root.find(".//{*}ScheduleByWeek") is not None)
        (arguments,) = root.findall(".//{*}Arguments")
        assert (last, True) == (str(arguments.text).split()[-1], at in task)


def test_every_word_stays_one_word() -> None:
    """Spaces, percent signs and dollars survive each scheduler's own way of quoting."""
    assert "'/home/é tienne/100\\% $HOME/releve.toml'" in cron(WORDS, 7, 5)
    assert '"/home/é tienne/100%% $$HOME/releve.toml"' in systemd(WORDS, 7, 5)
    arguments = ElementTree.fromstring(windows_task(WORDS, 7, 5)).findtext(".//{*}Arguments")
    assert '-m releve --settings "/home/é tienne/100% $HOME/releve.toml"' in str(arguments)


@pytest.mark.parametrize("user", ["", "secrétaire & fils"])
def test_windows_accepts_the_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: str
) -> None:
    """The definition is valid by the scheduler's schema, whatever the paths hold, and a mistake in
    it is not: an order, a value, a day.
    """
    monkeypatch.setenv("USERDOMAIN", "MAIRIE")
    monkeypatch.setenv("USERNAME", user)
    schema = xmlschema.XMLSchema(Path(__file__).parents[1] / "windows" / "task.xsd")
    printed = windows_task([*WORDS, 'l\'été <&> "fin"', "x" * 300], 7, 5)
    schema.validate(printed.encode("utf-16"))
    schema.validate(windows_task([*WORDS, "x" * 300], 7, 5, daily=True).encode("utf-16"))
    assert ("MAIRIE\\secrétaire &amp; fils" in printed) == bool(user)
    assert "T07:05:00" in printed
    for right, wrong in (("Monday", "Mondays"), ("IgnoreNew", "Ignore"), ("PT12H", "12 h")):
        assert not schema.is_valid(printed.replace(right, wrong).encode("utf-16"))


def test_the_command_prints_one_of_them(scene: Scene) -> None:
    """With the full paths of the program, the settings and the records, and the hour that was asked
    for.
    """
    done = scene.releve("schedule", "--cron", "--at", "06:05")
    assert (0, True, True) == (
        done.returncode,
        "\n5 6 * * 1-5 " in done.stdout,
        str(scene.outputs) in done.stdout,
    ), done.stderr
    file = scene.outputs.parent / "tâche.xml"
    scene.releve("schedule", "--windows-task", "--output", str(file))
    assert file.read_bytes().startswith((b"\xff\xfe<\0", b"\xfe\xff\0<"))  # as schtasks reads it
    wrong = scene.releve("schedule", "--cron", "--at", "25:00")
    assert (2, True) == (wrong.returncode, "ne convient pas" in wrong.stderr)
