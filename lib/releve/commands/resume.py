"""`releve resume`: finish what was interrupted, without a needless second reset."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

from releve.base import person
from releve.base.account import folded
from releve.base.errors import ReleveError
from releve.base.settings import Settings, load
from releve.base.terminal import at_terminal
from releve.base.texts import text
from releve.commands import show
from releve.commands.rotate import add_reset_again
from releve.commands.tell import failure
from releve.headless import run as headless
from releve.planning.plan import PlanNeeded, aloud, plan_needed
from releve.planning.shares import one_each
from releve.planning.today import past
from releve.planning.tour import worst
from releve.record import vouching
from releve.record.folder import RecordFolder, is_closed, opened, unfinished
from releve.record.history import counting
from releve.record.lock import AccountLock
from releve.targets import targets_of
from releve.vault.keystore import open_keystore


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `releve resume`."""
    parser.add_argument(
        "siret", nargs="*", help="seulement ces structures (sinon, tout ce qui est resté ouvert)"
    )
    parser.add_argument(
        "--yes",
        action="store_true",
        help="confirmer d'avance une réinitialisation qui ne l'était pas encore",
    )
    add_reset_again(parser)


_ENDS = {
    "succeeded": "est complète",
    "failed": "s'était arrêtée avant toute réinitialisation",
    "abandoned": "a été fermée à la main",
}


def _last(settings: Settings, accounts: set[str]) -> str:
    """How the latest rotation (of these accounts, folded, or of all) ended; "" when there is none.
    """
    past = (e for e in counting(settings) if not accounts or folded(e.account) in accounts)
    if not (ended := [each for each in past if each.closed]):
        return ""
    last = ended[-1]
    how = _ENDS.get(last.outcome, "est close")
    return f" La dernière, pour {last.name}, {how} (le {last.closed:%d/%m/%Y})."


def adopt(
    record: RecordFolder,
    settings: Settings,
    siret: str,
    says_yes: Callable[[vouching.Claim], bool],
) -> None:
    """Take in hand what another began, if the person who is asked says yes; else it stays as it is.
    Raises `AccountBusy`, `RecordUnwritable`, a keyring error.
    """
    keystore, structure = open_keystore(settings), settings.structure(siret)
    lock = AccountLock(settings.record.folder, structure.technical_account)
    lock.acquire(person.account())
    try:
        entries = record.entries(pass_over_damage=True)
        if vouching.vouched(record, keystore) or is_closed(entries):
            return
        if says_yes(vouching.claim(entries)):
            vouching.adopt(record, person.account(), targets_of(settings, structure), keystore)
    finally:
        lock.release()


def _asks(args: argparse.Namespace) -> bool:
    """Whether a person is there, who may take another's rotation in hand."""
    return at_terminal(sys.stdin) and not args.json


def _says_yes(claim: vouching.Claim) -> bool:
    print(f"{text('adopt.heading')}\n{text('adopt.body')}")
    for name in ("whose", "host", "begun"):
        print(f"  {text(f'adopt.{name}')} : {getattr(claim, name)}")
    print(text("adopt.means"))
    return input("Pour le reprendre, tapez « oui » : ").strip().lower() == "oui"


def main(args: argparse.Namespace) -> int:
    """Resume every open rotation; says so, and changes nothing, when there is none. Those that make
    no reset come first; the others are left when they are more than a run may reset without a plan.
    """
    settings = load(args.settings, args.outputs)
    accounts = {folded(settings.structure(siret).technical_account) for siret in args.siret}
    left = list(_open(settings, accounts))
    resets = [each for each in left if _resets(settings, each[0], args)]
    told = [_resumed(settings, args, each) for each in left if each not in resets]
    if stop := _too_many(settings, resets, args, begun=bool(told)):
        if not args.json:
            show.plan(stop, [], False, aloud(settings))
        told.append(show.planned(stop, [], aloud(settings)))
    else:
        told += [_resumed(settings, args, each) for each in resets]
    code = worst(each["code"] for each in told) if told else 0
    if not told:
        text = (
            "Il n'y a rien à reprendre : aucune rotation n'est restée"
            f" ouverte.{_last(settings, accounts)} Rien n'a été changé."
        )
        nothing = {"code": code, "outcome": "nothing", "text": text}
        print(json.dumps(nothing, ensure_ascii=False) if args.json else text)
    elif args.json:
        several = {"code": code, "rotations": told}
        print(json.dumps(told[0] if len(told) == 1 else several, ensure_ascii=False))
    return code


def _open(settings: Settings, accounts: set[str]) -> Iterator[tuple[RecordFolder, str]]:
    """The open rotations of these accounts, folded (all, if none is named), with their structures.
    One of the school's is nothing for the real portal, and the other way round.
    """
    for record in unfinished(settings.record.folder):
        start = opened(record.entries(pass_over_damage=True))
        assert start is not None
        chosen = not accounts or folded(start.account) in accounts
        if chosen and start.school == (settings.school is not None):
            yield record, start.structure


def _resets(settings: Settings, record: RecordFolder, args: argparse.Namespace) -> bool:
    """Whether that rotation would still make a reset. What this keyring does not vouch for ends
    before, unless it is taken in hand: then its gate is closed again, and --yes opens it.
    """
    if vouching.vouched(record, open_keystore(settings).bounded()):
        return headless.resets_still(settings, record, args.reset_again, args.yes)
    return bool(args.yes and (args.siret or _asks(args)))


def _too_many(
    settings: Settings,
    left: list[tuple[RecordFolder, str]],
    args: argparse.Namespace,
    begun: bool,
) -> PlanNeeded | None:
    """The stop, when these rotations are too many to reset; None when not. The plan is the one that
    `rotate` holds the digest against. `begun`: others were resumed before.
    """
    found = (settings.structures.get(siret) for _, siret in left)
    resets = one_each(each for each in found if each)
    stop = plan_needed(settings.policy, past(settings), resets)
    if stop:
        again = " --reset-again" * args.reset_again
        stop.place(
            "Aucune de ces réinitialisations n'a été commencée." if begun else stop.sentences[1],
            f"Pour faire exactement cela : « releve rotate {' '.join(e.siret for e in resets)}"
            f"{again} --plan {stop.plan.digest} ». Sinon, reprenez-en moins à la fois (« releve"
            " resume » suivi de leurs SIRET).",
            alone=True,
        )
    return stop


def _resumed(
    settings: Settings, args: argparse.Namespace, left: tuple[RecordFolder, str]
) -> dict[str, Any]:
    """Finish that one; how it ended, as told at the terminal too."""
    record, siret = left
    try:
        if args.yes and args.siret:  # who names the structure is asked no more
            adopt(record, settings, siret, lambda _: True)
        elif _asks(args):
            adopt(record, settings, siret, _says_yes)
        found = headless.run(
            settings,
            siret,
            approve=args.yes,
            reset_again=args.reset_again,
            record=record,
            progress=show.progress(),
        )
    except ReleveError as error:
        if not args.json:
            print(error.text, file=sys.stderr)
        return failure(error)
    if not args.json:
        show.outcome(found, as_json=False)
    return found.to_dict()
