"""`releve due`: what is to be renewed, and when."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path

import tomlkit

from releve.base.disk import written
from releve.base.errors import UsageError
from releve.base.settings import FIRST_DAY, Settings, load
from releve.base.settings_file import edit
from releve.commands.tell import answer
from releve.planning.due import Due
from releve.planning.picture import WORDS, counts
from releve.planning.plan import aloud
from releve.planning.today import now


class NotADay(UsageError):
    pass


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `releve due`."""
    parser.add_argument(
        "--calendar",
        metavar="FICHIER",
        type=Path,
        help="écrire les échéances dans un calendrier à importer (.ics)",
    )
    parser.add_argument(
        "--set",
        nargs=2,
        metavar=("SIRET", "AAAA-MM-JJ"),
        help="dire une fois pour toutes quand ce mot de passe a été changé, hors de Relève",
    )


def main(args: argparse.Namespace) -> int:
    """0 when something is to be done today, 3 when nothing is."""
    settings = load(args.settings, args.outputs)
    if args.set:
        siret, day = args.set
        give_date(settings, siret, _day(day))
        settings = load(args.settings, args.outputs)
    dues = now(settings)
    if args.calendar:
        _write_calendar(args.calendar, dues, settings)
    said, code = aloud(settings), 0 if any(each.today for each in dues) else 3
    told = {"code": code, "date": date.today().isoformat(), "unproven": bool(said)}
    more = [said, f"Calendrier écrit : {args.calendar}" if args.calendar else ""]
    structures = {"structures": [as_json(each) for each in dues]}
    return answer(args, told | structures, [*_table(dues), *filter(None, more)])


def _day(text: str) -> date:
    with suppress(ValueError):
        return date.fromisoformat(text)
    raise NotADay(day=text)


def give_date(settings: Settings, siret: str, given: date) -> None:
    """Write a structure's `last_rotation` in the settings' file. Raises `StructureUnknown`,
    `NotADay` for a day to come or before Chorus Pro, `SettingsNotWritten`; safe to repeat.
    """
    structure = settings.structure(siret)
    if not FIRST_DAY <= given <= date.today():
        raise NotADay(day=given)

    def change(document: tomlkit.TOMLDocument) -> None:
        document["structures"][structure.siret]["last_rotation"] = given

    edit(settings.path, change)


def as_json(due: Due) -> dict[str, str | bool]:
    """One structure for `--json`: dates in ISO 8601, "" when unknown."""

    def day(value: date | None) -> str:
        return value.isoformat() if value else ""

    return {
        "structure": due.siret,
        "name": due.name,
        "account": due.account,
        "standing": due.standing.value,
        "today": due.today,
        "why": due.why,
        "last": day(due.last),
        "source": due.source.value,
        "day": day(due.day),
        "limit": day(due.limit),
        "open": str(due.open.record) if due.open else "",
        "proof": due.proof,
    }


def _table(dues: list[Due]) -> Iterator[str]:
    wide = min(max((len(each.name) for each in dues), default=0), 40)
    for each in dues:
        mark = "→" if each.today else " "
        word = WORDS[each.standing]
        yield f"{mark} {each.siret}  {each.name[:wide]:<{wide}}  {word:<13}  {each.why}"
    told = counts(dues) or "aucune dans les réglages"
    yield f"\n{len(dues)} structure{'s' * (len(dues) > 1)} : {told}."
    today = sum(each.today for each in dues)
    yield (
        f"À faire maintenant (→) : {today}. Lancez « releve rotate --due »."
        if today
        else "Rien n'est à faire aujourd'hui."
    )


def _write_calendar(path: Path, dues: list[Due], settings: Settings) -> None:
    # only when asked for: a scheduler runs `releve due` every day
    from releve.planning.calendar_file import calendar

    written(path, calendar(dues, settings.policy.warn_days).decode())
