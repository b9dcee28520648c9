"""`releve schedule`: what to install so that the computer runs Relève: its alarm every day, what is
due every working day. Prints only; installs nothing.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
from datetime import date, time
from functools import partial
from pathlib import Path

import jinja2

from releve.base.disk import written
from releve.base.settings import Settings, load
from releve.commands.tell import answer
from releve.planning.plan import aloud
from releve.rotation.consent import hindrances

_CAVEAT = (
    "Le trousseau doit être ouvert à cette heure-là : il l'est dans la session de la personne qui y"
    " a rangé les mots de passe"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `releve schedule`."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "--systemd", action="store_true", help="Linux, une minuterie de l'utilisateur"
    )
    which.add_argument("--cron", action="store_true", help="Linux et macOS, une ligne de crontab")
    which.add_argument(
        "--windows-task", action="store_true", help="Windows, une tâche du planificateur (en XML)"
    )
    which.add_argument(
        "--windows-check",
        action="store_true",
        help="Windows, la tâche de l'alarme, tous les jours (à créer avec l'autre)",
    )
    parser.add_argument(
        "--at",
        metavar="HH:MM",
        default="07:30",
        type=_time,
        help="l'heure, du lundi au vendredi (07:30) ; l'alarme vient un quart d'heure plus tôt",
    )
    parser.add_argument(
        "--output",
        metavar="FICHIER",
        type=Path,
        help="l'écrire là (une tâche de Windows : en UTF-16, comme schtasks la lit)",
    )


def _time(text: str) -> tuple[int, int]:
    hour, minute = (int(part) for part in text.split(":"))
    if not (0 <= hour < 24 and 0 <= minute < 60):
        raise ValueError(text)
    return hour, minute


def main(args: argparse.Namespace) -> int:
    """Print one of the three."""
    settings = load(args.settings, args.outputs)
    task = partial(windows_task, daily=args.windows_check)
    kind = systemd if args.systemd else cron if args.cron else task
    text = kind(command(settings), *args.at)
    if args.output:
        written(args.output, text, "utf-16" if kind is task else "utf-8")
        text = f"Écrit dans {args.output.absolute()}.\n"
    stops = [f"{each.sentences[0]} {each.sentences[2]}" for each in hindrances(settings)]
    warned = [*(f"Avant la première nuit : {each}" for each in stops), aloud(settings)]
    for each in () if args.json else filter(None, warned):
        print(each, file=sys.stderr)
    return answer(args, {"code": 0, "text": text, "stops": stops}, [text.removesuffix("\n")])


def command(settings: Settings) -> list[str]:
    """The daily command, in full: a scheduler has neither our folder nor our environment."""
    python = str(Path(sys.executable).absolute())
    where = ["--settings", str(settings.path.resolve()), "--outputs", str(settings.record.folder)]
    return [python, "-m", "releve", *where, "rotate", "--due", "--yes"]


def _alarm(words: list[str]) -> list[str]:
    """The same, to ask whether the passwords that are kept are still accepted."""
    return [*words[: words.index("rotate")], "check"]


def _early(hour: int, minute: int) -> time:
    """A quarter of an hour before: the alarm asks about no password that is being reset."""
    early = (60 * hour + minute - 15) % (24 * 60)
    return time(early // 60, early % 60)


def systemd(words: list[str], hour: int, minute: int) -> str:
    """Two services and their timers, for the user's own systemd: the keyring is the user's."""
    command, check = (" ".join(map(_unit_word, each)) for each in (words, _alarm(words)))
    times = {"time": f"{hour:02}:{minute:02}", "early": _early(hour, minute)}
    return _filled("systemd", command=command, check=check, **times)


def cron(words: list[str], hour: int, minute: int) -> str:
    """Lines for `crontab -e`; a percent sign is an end of line there."""
    command, check = (shlex.join(each).replace("%", "\\%") for each in (words, _alarm(words)))
    user = os.getuid() if hasattr(os, "getuid") else 1000
    times = {"hour": hour, "minute": minute, "early": _early(hour, minute)}
    return _filled("cron", command=command, check=check, user=user, **times)


def windows_task(words: list[str], hour: int, minute: int, *, daily: bool = False) -> str:
    """A definition for the Task Scheduler (learn.microsoft.com, "Task Scheduler Schema"): schtasks
    takes no command line above 261 characters. Only a task with its account's password reads the
    keyring (else error 1312), and a missed hour is made good at the next start. A task has one
    calendar: `daily` is the alarm's.
    """
    names = [os.environ.get(name, "") for name in ("USERDOMAIN", "USERNAME")]
    return _filled(
        "xml",
        command=words[0],
        arguments=subprocess.list2cmdline((_alarm(words) if daily else words)[1:]),
        daily=daily,
        name="Releve-alarme" if daily else "Releve",
        user="\\".join(names) if all(names) else "",
        day=date.today(),
        time=f"{_early(hour, minute) if daily else time(hour, minute):%H:%M}",
    )


def _filled(kind: str, **values: object) -> str:
    """The template of that kind of schedule, with these values."""
    templates = jinja2.Environment(
        loader=jinja2.PackageLoader("releve.commands", "."),
        autoescape=kind == "xml",
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    return templates.get_template(f"schedule.{kind}.j2").render(caveat=_CAVEAT, **values)


def _unit_word(word: str) -> str:
    """As systemd reads it: quoted, with its specifiers and variables taken literally."""
    safe = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return word if re.fullmatch(r"[\w/.-]+", word) else f'"{safe}"'
