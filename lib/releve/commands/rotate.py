"""`releve rotate SIRET… | --due | --all`: one rotation, or a fleet of them, each in its own record.
"""

from __future__ import annotations

import argparse
import sys

from releve.base.account import folded
from releve.base.errors import PersonNeeded, ReleveError, UsageError
from releve.base.settings import Settings, Structure, load
from releve.base.terminal import at_terminal
from releve.base.texts import text
from releve.commands import show
from releve.commands.tell import fail
from releve.headless import run as headless
from releve.headless.fleet import Fleet, unconfirmed
from releve.planning import notices
from releve.planning.plan import Plan, PlanNeeded, aloud, plan_needed
from releve.planning.shares import one_each
from releve.planning.today import now, past
from releve.planning.tour import Ending
from releve.record.folder import left_open, prepare, unfinished
from releve.record.history import JustDone, refuse_twice
from releve.record.seal import registered_in
from releve.rotation.consent import NotUnattended, refusal
from releve.rotation.dates import look_up
from releve.rotation.prompts import GateClosed
from releve.vault.keystore import open_keystore


class NothingAsked(UsageError):
    pass


class TooMuchAsked(UsageError):
    pass


class NotConfirmed(PersonNeeded):
    pass


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
        "--workers",
        metavar="N",
        type=_positive,
        default=0,
        help="combien de rotations à la fois (une par identifiant de connexion, au plus une par"
        " cœur)",
    )
    parser.add_argument(
        "--plan",
        metavar="EMPREINTE",
        default="",
        help="confirmer le plan de cette empreinte, et lui seul (une tournée le montre)",
    )
    parser.add_argument(
        "--again",
        action="store_true",
        help="recommencer même si une rotation a réussi il y a moins d'un jour",
    )
    add_reset_again(parser)


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError(text)
    return number


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
    prepare(settings.record)
    if (args.yes or args.plan) and _looked_up(settings, one_each(chosen)):
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


def _looked_up(settings: Settings, chosen: list[Structure]) -> bool:
    """Whether the portal's page told the date of an account whose last change nobody knew."""
    left = left_open(settings.record.folder)
    dates = {each.account: each.last for each in now(settings)}
    missing = [each for each in chosen if folded(each.technical_account) not in left]
    keystore = open_keystore(settings).bounded()
    found, faults = look_up(settings, missing, keystore, dates)
    for error in faults:
        print(text("rotate.no-dates", error=error.text), file=sys.stderr)
    return found


def _fleet(settings: Settings, chosen: list[Structure], args: argparse.Namespace) -> int:
    """One record each; the four lists at the end. What cannot be done is in a list, not begun."""
    ready, told = _sorted_out(settings, chosen, args.again)
    resets = unconfirmed(settings, ready, args.reset_again)
    try:
        approve = _agreed(settings, resets, args) or _confirmed_all(resets, args.json)
    except PlanNeeded as stop:
        return _stopped(settings, stop, told, args)
    if not approve:
        told += [_gate(each) for each in resets]
        ready = [each for each in ready if each not in resets]
    reset_again, again = args.reset_again, args.again
    fleet = Fleet(
        settings, approve=approve, reset_again=reset_again, again=again, workers=args.workers
    )
    with show.bar(len(ready)) as tell:
        tour = fleet.run(ready, tell)
    for line in told:
        tour.add(line)
    if args.due:
        notices.beat(settings.record.folder, tour.code)
    show.tour(tour, args.json, aloud(settings))
    _notify(notices.of_fleet(tour, settings), settings)
    return tour.code


def _sorted_out(
    settings: Settings, chosen: list[Structure], again: bool
) -> tuple[list[Structure], list[Ending]]:
    """Those to hand to the fleet; a line for each that was just done, or that nobody could finish.
    """
    keystore, ready, told = open_keystore(settings).bounded(), list[Structure](), list[Ending]()
    left = left_open(settings.record.folder)
    dates = {each.account: each.last for each in now(settings)}
    for each in chosen:
        if folded(each.technical_account) in left:  # its own journal is asked, under its lock
            ready.append(each)
            continue
        try:
            if not again:
                kept = keystore.slots(each.technical_account).changed()
                refuse_twice(registered_in(settings, keystore), each.technical_account, kept)
            if error := refusal(settings, each, keystore, dates=dates):
                raise error
            ready.append(each)
        except (JustDone, NotUnattended) as error:
            text = str(error) if isinstance(error, JustDone) else error.text
            told.append(Ending(each.siret, each.name, error.code, text, error=type(error).__name__))
    return ready, told


def _agreed(settings: Settings, resets: list[Structure], args: argparse.Namespace) -> bool:
    """Whether the options confirm these resets. Raises `PlanNeeded` when they are more than may be
    made without a plan, or not those of the plan that was agreed to.
    """
    if args.plan:
        plan = Plan(tuple(resets))
        if args.plan != plan.digest and resets:
            raise PlanNeeded(plan, text("rotate.other-plan"))
        return True
    if args.yes and (stop := plan_needed(settings.policy, past(settings), resets)):
        raise stop
    return bool(args.yes)


def _stopped(
    settings: Settings, stop: PlanNeeded, told: list[Ending], args: argparse.Namespace
) -> int:
    """Nothing is begun: the plan is shown, and what was sorted out of it."""
    show.plan(stop, told, args.json, aloud(settings))
    if args.due:
        notices.beat(settings.record.folder, stop.code)
    _notify(notices.of_plan(stop.text, settings), settings)
    return stop.code


def _notify(notice: notices.Notice | None, settings: Settings) -> None:
    if error := notices.tell(notice, settings):
        print(error.text, file=sys.stderr)


def _gate(structure: Structure) -> Ending:
    gate = GateClosed(account=structure.technical_account, structure=structure.name)
    return Ending(structure.siret, structure.name, gate.code, gate.text, error="GateClosed")


def _confirmed_all(asked: list[Structure], as_json: bool) -> bool:
    """At a terminal, the operator types how many; elsewhere the gate stays closed."""
    if not asked or as_json or not at_terminal(sys.stdin):
        return False
    for each in asked:
        print(f"  {each.siret}  {each.name}  {each.technical_account}")
    print(text("rotate.all", count=len(asked)))
    if input(text("rotate.type-count") + " ").strip() != str(len(asked)):
        raise NotConfirmed
    return True


def _one(settings: Settings, siret: str, args: argparse.Namespace) -> int:
    try:
        headless.check(settings, settings.structure(siret), again=args.again)
        _refuse_unfinishable(settings, settings.structure(siret))
        resets = unconfirmed(settings, [settings.structure(siret)], args.reset_again)
        approve = (
            _agreed(settings, resets, args)
            if args.plan
            else args.yes or _confirmed(settings, siret, args.json)
        )
        found = headless.run(
            settings,
            siret,
            approve=approve,
            reset_again=args.reset_again,
            again=args.again,
            progress=show.progress(),
        )
    except PlanNeeded as stop:
        return _stopped(settings, stop, [], args)
    except ReleveError as error:
        return fail(error, args.json)
    show.outcome(found, args.json)
    return found.code


def _refuse_unfinishable(settings: Settings, structure: Structure) -> None:
    """Raises `NotUnattended`, before anybody is asked to confirm. An open rotation's own journal is
    asked later, under its lock.
    """
    if unfinished(settings.record.folder, structure.technical_account):
        return
    if error := refusal(settings, structure, open_keystore(settings).bounded()):
        raise error


def _confirmed(settings: Settings, siret: str, as_json: bool) -> bool:
    """At a terminal, the operator types the last four digits of the SIRET; elsewhere the gate stays
    closed.
    """
    structure = settings.structure(siret)
    account, every = structure.technical_account, settings.structures.values()
    if as_json or not at_terminal(sys.stdin) or unfinished(settings.record.folder, account):
        return False
    names = ", ".join(each.name for each in every if each.technical_account == account)
    print(text("rotate.one", account=account, name=structure.name, names=names))
    typed = input(text("rotate.type-digits", siret=structure.siret[:-4]) + " ")
    if typed.strip() != structure.siret[-4:]:
        raise GateClosed(account=account, structure=structure.name)
    return True
