"""`releve schedule`: what to install so that the computer runs Relève every working day. Prints
only; installs nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
from datetime import date
from pathlib import Path
from xml.sax.saxutils import escape

from releve.base.settings import Settings, load
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
    parser.add_argument(
        "--at",
        metavar="HH:MM",
        default="07:30",
        type=_time,
        help="l'heure, du lundi au vendredi (07:30)",
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
    hour, minute = args.at if isinstance(args.at, tuple) else _time(args.at)
    kind = systemd if args.systemd else cron if args.cron else windows_task
    text = kind(command(settings), hour, minute)
    if args.output:
        args.output.write_text(text, encoding="utf-16" if args.windows_task else "utf-8")
        text = f"Écrit dans {args.output.absolute()}.\n"
    stops = [f"{each.sentences[0]} {each.sentences[2]}" for each in hindrances(settings)]
    if args.json:
        print(json.dumps({"code": 0, "text": text, "stops": stops}, ensure_ascii=False))
        return 0
    print(text, end="")
    for each in stops:
        print(f"Avant la première nuit : {each}", file=sys.stderr)
    return 0


def command(settings: Settings) -> list[str]:
    """The daily command, in full: a scheduler has neither our folder nor our environment."""
    python = str(Path(sys.executable).absolute())
    where = ["--settings", str(settings.path.resolve()), "--outputs", str(settings.record.folder)]
    return [python, "-m", "releve", *where, "rotate", "--due", "--yes"]


def systemd(words: list[str], hour: int, minute: int) -> str:
    """A service and its timer, for the user's own systemd: the keyring is the user's."""
    execute = " ".join(_unit_word(word) for word in words)
    return f"""\
# Minuterie de l'utilisateur (pas de root). {_CAVEAT} :
# restez connecté, ou ouvrez la session de cet utilisateur au démarrage (« loginctl enable-linger »
# ne déverrouille pas le trousseau).
# 1. Enregistrez les deux parties ci-dessous dans ~/.config/systemd/user/releve.service et
# ~/.config/systemd/user/releve.timer
# 2. systemctl --user daemon-reload && systemctl --user enable --now releve.timer
# 3. Pour essayer tout de suite : systemctl --user start releve.service ; journalctl --user -u
# releve.service

# ---- releve.service
[Unit]
Description=Relève : renouveler les mots de passe Chorus Pro qui arrivent à échéance
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart={execute}
# 3 : rien n'était à faire. 4 : une personne est attendue (rien n'est perdu).
SuccessExitStatus=3 4
TimeoutStartSec=12h
# La structure en cours est menée jusqu'à un point sûr.
KillSignal=SIGINT
KillMode=mixed
TimeoutStopSec=10min

# ---- releve.timer
[Unit]
Description=Relève, du lundi au vendredi

[Timer]
OnCalendar=Mon..Fri {hour:02}:{minute:02}
RandomizedDelaySec=10min
Persistent=true

[Install]
WantedBy=timers.target
"""


def _unit_word(word: str) -> str:
    """As systemd reads it: quoted, with its specifiers and variables taken literally."""
    safe = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return (
        f'"{safe}"'
        if safe != word
        or not word.replace("/", "").replace("-", "").replace(".", "").replace("_", "").isalnum()
        else word
    )


def cron(words: list[str], hour: int, minute: int) -> str:
    """Lines for `crontab -e`; a percent sign is an end of line there."""
    line = shlex.join(words).replace("%", "\\%")
    user = os.getuid() if hasattr(os, "getuid") else 1000
    return f"""\
# À ajouter avec « crontab -e ». {_CAVEAT}
# (les deux variables mènent à son bus ; sous macOS, ôtez-les). Le code 3 (rien à faire) n'est pas
# une panne.
XDG_RUNTIME_DIR=/run/user/{user}
DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/{user}/bus
{minute} {hour} * * 1-5 {line} || [ $? -eq 3 ]
"""


def windows_task(words: list[str], hour: int, minute: int) -> str:
    """A definition for the Task Scheduler (learn.microsoft.com, "Task Scheduler Schema"): schtasks
    takes no command line above 261 characters. Only a task with its account's password reads the
    keyring (else error 1312), and a missed hour is made good at the next start.
    """
    command, arguments = (escape(text) for text in (words[0], subprocess.list2cmdline(words[1:])))
    days = "".join(f"<{day} />" for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"))
    names = [os.environ.get(name, "") for name in ("USERDOMAIN", "USERNAME")]
    user = f"<UserId>{escape(chr(92).join(names))}</UserId>\n      " if all(names) else ""
    begin = f"{date.today()}T{hour:02}:{minute:02}:00"
    return f"""\
<?xml version="1.0" encoding="UTF-16"?>
<!-- Une fois cette définition dans un fichier (option « output »), dans une invite de commandes :
  schtasks /Create /TN Releve /XML releve-tache.xml /RU "%USERDOMAIN%\\%USERNAME%" /RP *
Windows demande alors le mot de passe de votre session, et le garde : sans lui (« ne pas stocker le
mot de passe »), la tâche ne peut pas lire le trousseau (erreur 1312). Avec lui, elle s'exécute que
vous soyez connecté ou non ; quand vous en changez, refaites cette commande. -->
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>Relève : les mots de passe Chorus Pro qui arrivent à échéance</Description>
  </RegistrationInfo>
  <Triggers>
    <CalendarTrigger>
      <StartBoundary>{begin}</StartBoundary>
      <Enabled>true</Enabled>
      <RandomDelay>PT10M</RandomDelay>
      <ScheduleByWeek>
        <WeeksInterval>1</WeeksInterval>
        <DaysOfWeek>{days}</DaysOfWeek>
      </ScheduleByWeek>
    </CalendarTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      {user}<LogonType>Password</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <RunOnlyIfNetworkAvailable>true</RunOnlyIfNetworkAvailable>
    <ExecutionTimeLimit>PT12H</ExecutionTimeLimit>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{command}</Command>
      <Arguments>{arguments}</Arguments>
    </Exec>
  </Actions>
</Task>
"""
