"""`releve rotate SIRET…`: one rotation after the other, each in its own record."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime, timedelta

from .. import headless
from .. import journal as j
from ..errors import ReleveError, UsageError
from ..operator import GateClosed
from ..record.folder import all_records, opened, unfinished
from ..settings import Settings, load
from . import show

SAME_DAY = timedelta(hours=24)


class NothingAsked(UsageError):
    happened = "Aucune structure n'est indiquée."
    todo = "Donnez un ou plusieurs SIRET, ou --all."


class JustDone(ReleveError):
    """A scheduler that fires twice must not reset twice."""

    code = 3
    happened = "Le mot de passe de {account} a déjà été renouvelé le {when}."
    safe = "Rien n'a été fait : une seconde réinitialisation annulerait la première."
    todo = "S'il faut vraiment recommencer tout de suite, ajoutez --again."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `releve rotate`."""
    parser.add_argument("siret", nargs="*", help="les structures à traiter")
    parser.add_argument("--all", action="store_true", help="toutes les structures des réglages")
    parser.add_argument("--yes", action="store_true", help="confirmer d'avance la réinitialisation (sans personne devant l'écran)")
    parser.add_argument("--again", action="store_true", help="recommencer même si une rotation a réussi il y a moins d'un jour")
    add_reset_again(parser)


def add_reset_again(parser: argparse.ArgumentParser) -> None:
    """The explicit decision for unattended runs."""
    text = "si l'issue d'une réinitialisation est inconnue, en demander une autre (elle remplace la précédente)"
    parser.add_argument("--reset-again", action="store_true", help=text)


def main(args: argparse.Namespace) -> int:
    """Rotate what was asked for; the exit code of the worst."""
    settings = load(args.settings, args.outputs)
    sirets = [settings.structure(siret).siret for siret in (list(settings.structures) if args.all else args.siret)]
    if not sirets:
        raise NothingAsked
    return worst([_one(settings, siret, args) for siret in sirets])


def worst(codes: list[int]) -> int:
    """One exit code for several rotations: evidence first, then what is stuck after a reset, what needs a person, what failed."""
    return next((code for code in (7, 6, 4, 5, 2, 0) if code in codes), 3)


def _one(settings: Settings, siret: str, args: argparse.Namespace) -> int:
    from ..cli import fail

    try:
        if not args.again:
            _refuse_twice(settings, siret)
        approve = args.yes or _confirmed(settings, siret, args.json)
        found = headless.rotate(settings, siret, approve=approve, reset_again=args.reset_again, progress=show.progress(quiet=False))
    except ReleveError as error:
        return fail(error, args.json)
    show.outcome(found, args.json)
    return found.code


def _refuse_twice(settings: Settings, siret: str) -> None:
    """Raises `JustDone` when the account was renewed within a day and nothing is left open."""
    account, outputs = settings.structure(siret).technical_account, settings.record.folder
    if unfinished(outputs, account):
        return
    for record in all_records(outputs):
        entries = record.entries()
        start, last = opened(entries), entries[-1]
        done = isinstance(last.event, j.RotationClosed | j.RunStopped) and any(
            isinstance(e.event, j.RotationClosed) and e.event.outcome == "succeeded" for e in entries
        )
        when = datetime.fromisoformat(last.time)
        if start and start.account == account and done and datetime.now(UTC) - when < SAME_DAY:
            raise JustDone(account=account, when=f"{when.astimezone():%d/%m/%Y à %H:%M}")


def _confirmed(settings: Settings, siret: str, as_json: bool) -> bool:
    """At a terminal, the operator types the last four digits of the SIRET; elsewhere the gate stays closed."""
    if as_json or not sys.stdin.isatty() or unfinished(settings.record.folder, settings.structure(siret).technical_account):
        return False
    structure = settings.structure(siret)
    shared = [each.name for each in settings.structures.values() if each.technical_account == structure.technical_account]
    print(f"Vous allez réinitialiser le mot de passe de {structure.technical_account} pour {structure.name}.")
    print(f"Ce compte est utilisé par : {', '.join(shared)}.")
    print("C'est irréversible : l'ancien mot de passe cessera de fonctionner.")
    typed = input(f"Pour confirmer, tapez les quatre derniers chiffres du SIRET {structure.siret[:-4]}…… : ")
    if typed.strip() != structure.siret[-4:]:
        raise GateClosed(account=structure.technical_account, structure=structure.name)
    return True
