"""`releve rehearse SIRET…`: everything up to the reset, without it, and what was recognised on each
screen.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from releve.base.errors import ReleveError
from releve.base.settings import Settings, load
from releve.commands import show
from releve.commands.rotate import NothingAsked
from releve.commands.tell import failure
from releve.decision import events as ev
from releve.decision.procedure import PORTAL_STEPS, screen
from releve.headless import run as headless
from releve.planning.tour import worst
from releve.record.folder import RecordFolder
from releve.rotation.rehearsal import alone


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `releve rehearse`."""
    parser.add_argument("siret", nargs="*", help="les structures à répéter")
    parser.add_argument("--all", action="store_true", help="toutes les structures des réglages")


def main(args: argparse.Namespace) -> int:
    """Rehearse what was asked for; 0 when every one is ready, else the code of the worst."""
    settings = load(args.settings, args.outputs)
    chosen = list(settings.structures) if args.all else args.siret
    if not chosen:
        raise NothingAsked
    told = [_one(settings, settings.structure(siret).siret, args) for siret in chosen]
    code = worst(each["code"] for each in told)
    if args.json:
        several = {"code": code, "rehearsals": told}
        print(json.dumps(told[0] if len(told) == 1 else several, ensure_ascii=False))
    return code


def _one(settings: Settings, siret: str, args: argparse.Namespace) -> dict[str, Any]:
    try:
        found = headless.run(
            settings, siret, approve=False, rehearse=True, progress=show.progress()
        )
    except ReleveError as error:
        if not args.json:
            print(error.text, file=sys.stderr)
        return failure(error)
    entries = _entries(Path(found.record))
    seen, count = screens(entries), alone(entries, settings)
    if not args.json:
        print()
        for each in seen:
            print(_told(each))
        if found.code == 0:
            print(f"\nLa prochaine fois, {count} écrans sur {len(PORTAL_STEPS)} se feront seuls.")
        print(f"\n{'Prêt : rien n’a été changé.' if found.code == 0 else found.text}")
        print(f"Dossier            : {found.record}")
    return found.to_dict() | {"screens": seen, "alone": count}


def _entries(record: Path) -> list[ev.Entry]:
    folder = RecordFolder.at(record)
    return folder.entries() if folder else []


def screens(entries: list[ev.Entry]) -> list[dict[str, Any]]:
    """What was recognised on each screen of a rehearsal, in their order."""
    names = ("screen", "first", "fallback", "missing")
    seen = ev.of(entries, ev.ScreenSeen)
    return [{name: getattr(each, name) for name in names} for each in seen]


def _told(seen: dict[str, Any]) -> str:
    route, _, step = seen["screen"].partition("/")
    place = screen(step, route)
    lines = [f"Étape {place.number} · {place.system} · écran « {place.screen} »"]
    lines += [f"  reconnu        : {', '.join(seen['first'])}"] if seen["first"] else []
    lines += [f"  autre libellé  : {', '.join(seen['fallback'])}"] if seen["fallback"] else []
    lines += [f"  introuvable    : {', '.join(seen['missing'])}"] if seen["missing"] else []
    return "\n".join(lines)
