"""`releve rotate SIRET… | --due | --all`: one rotation, or a fleet of them, each in its own record."""

from __future__ import annotations

import argparse
import sys

from releve.base.errors import PersonNeeded, ReleveError, UsageError
from releve.base.settings import Settings, Structure, load
from releve.base.terminal import at_terminal
from releve.commands import show
from releve.commands.due import now
from releve.headless import run as headless
from releve.headless.fleet import Fleet, Line, one_each, unconfirmed
from releve.planning import notices
from releve.record.folder import unfinished
from releve.rotation.prompts import GateClosed
from releve.vault.keystore import open_keystore


class NothingAsked(UsageError):
    happened = "Aucune structure n'est indiquée."
    todo = "Donnez un ou plusieurs SIRET, ou --due (ce qui est à faire), ou --all (toutes)."


class TooMuchAsked(UsageError):
    happened = "Des SIRET, --due et --all ne vont pas ensemble."
    todo = "Gardez-en un seul, puis relancez."


class NotConfirmed(PersonNeeded):
    happened = "Le nombre tapé n'est pas celui des comptes : la tournée n'est pas confirmée."
    safe = "Rien n'a été commencé."
    todo = "Vérifiez la liste, puis relancez."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `releve rotate`."""
    parser.add_argument("siret", nargs="*", help="les structures à traiter")
    parser.add_argument(
        "--due",
        action="store_true",
        help="celles qui sont à faire aujourd'hui (voyez « releve due »)",
    )
    parser.add_argument("--all", action="store_true", help="toutes les structures des réglages")
    parser.add_argument(
        "--yes",
        action="store_true",
        help="confirmer d'avance la réinitialisation (sans personne devant l'écran)",
    )
    parser.add_argument(
        "--again",
        action="store_true",
        help="recommencer même si une rotation a réussi il y a moins d'un jour",
    )
    add_reset_again(parser)


def add_reset_again(parser: argparse.ArgumentParser) -> None:
    """The explicit decision for unattended runs."""
    text = (
        "si l'issue d'une réinitialisation est inconnue, en demander une autre (elle remplace la"
        " précédente)"
    )
    parser.add_argument("--reset-again", action="store_true", help=text)


def main(args: argparse.Namespace) -> int:
    """Rotate what was asked for; the exit code of the worst."""
    settings = load(args.settings, args.outputs)
    chosen = _chosen(settings, args)
    if len(chosen) == 1 and not (args.due or args.all):
        return _one(settings, chosen[0].siret, args)
    return _fleet(settings, one_each(chosen), args)


def _chosen(settings: Settings, args: argparse.Namespace) -> list[Structure]:
    """The structures asked for. Raises `NothingAsked`, `TooMuchAsked`, `StructureUnknown`."""
    if bool(args.siret) + args.all + args.due > 1:
        raise TooMuchAsked
    if args.due:
        return [settings.structure(each.siret) for each in now(settings) if each.today]
    if args.all:
        return list(settings.structures.values())
    if not args.siret:
        raise NothingAsked
    return [settings.structure(siret) for siret in args.siret]


def _fleet(settings: Settings, chosen: list[Structure], args: argparse.Namespace) -> int:
    """One record each; the four lists at the end."""
    approve = args.yes or _confirmed_all(settings, chosen, args.json)
    fleet = Fleet(settings, approve=approve, reset_again=args.reset_again, again=args.again)
    held_back = [] if approve else unconfirmed(settings, chosen)
    with show.bar(len(chosen) - len(held_back)) as tell:
        tour = fleet.run([each for each in chosen if each not in held_back], tell)
    for each in held_back:
        gate = GateClosed(account=each.technical_account, structure=each.name)
        tour.add(Line(each.siret, each.name, gate.code, gate.text, error="GateClosed"))
    if args.due:
        notices.beat(settings.record.folder, tour.code)
    show.tour(tour, args.json)
    if error := notices.tell(notices.of_fleet(tour, settings), settings, open_keystore):
        print(error.text, file=sys.stderr)
    return tour.code


def _confirmed_all(settings: Settings, chosen: list[Structure], as_json: bool) -> bool:
    """At a terminal, the operator types how many; elsewhere the gate stays closed."""
    asked = unconfirmed(settings, chosen)
    if not asked or as_json or not at_terminal(sys.stdin):
        return False
    for each in asked:
        print(f"  {each.siret}  {each.name}  {each.technical_account}")
    print(f"Vous allez réinitialiser le mot de passe de {len(asked)} comptes techniques.")
    print("C'est irréversible : les anciens mots de passe cesseront de fonctionner.")
    if input("Pour confirmer, tapez ce nombre : ").strip() != str(len(asked)):
        raise NotConfirmed
    return True


def _one(settings: Settings, siret: str, args: argparse.Namespace) -> int:
    from releve.cli import fail

    try:
        headless.check(settings, settings.structure(siret), again=args.again)
        approve = args.yes or _confirmed(settings, siret, args.json)
        tell = show.progress(quiet=False)
        found = headless.run(
            settings,
            siret,
            approve=approve,
            reset_again=args.reset_again,
            again=args.again,
            progress=tell,
        ).seal()
    except ReleveError as error:
        return fail(error, args.json)
    show.outcome(found, args.json)
    return found.code


def _confirmed(settings: Settings, siret: str, as_json: bool) -> bool:
    """At a terminal, the operator types the last four digits of the SIRET; elsewhere the gate stays
    closed.
    """
    if (
        as_json
        or not at_terminal(sys.stdin)
        or unfinished(settings.record.folder, settings.structure(siret).technical_account)
    ):
        return False
    structure = settings.structure(siret)
    shared = [
        each.name
        for each in settings.structures.values()
        if each.technical_account == structure.technical_account
    ]
    print(
        f"Vous allez réinitialiser le mot de passe de {structure.technical_account} pour"
        f" {structure.name}."
    )
    print(f"Ce compte est utilisé par : {', '.join(shared)}.")
    print("C'est irréversible : l'ancien mot de passe cessera de fonctionner.")
    typed = input(
        f"Pour confirmer, tapez les quatre derniers chiffres du SIRET {structure.siret[:-4]}…… : "
    )
    if typed.strip() != structure.siret[-4:]:
        raise GateClosed(account=structure.technical_account, structure=structure.name)
    return True
