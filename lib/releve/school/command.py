"""`releve school`: the training portal by itself, for a person to visit or for another process to
use.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
from pathlib import Path
from typing import get_args

from releve.base.disk import written
from releve.school import federation
from releve.school.faults import Faults
from releve.school.server import School
from releve.school.world import Routes, World


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options, in French."""
    add = parser.add_argument
    help_ = "graine du hasard : la même donne les mêmes données"
    add("--seed", type=int, metavar="N", help=help_)
    help_ = "panne à provoquer (répétable), par exemple slash_in_first=2"
    add("--fault", action="append", default=[], metavar="NOM=VALEUR", help=help_)
    help_ = "nombre de structures du gestionnaire (34 par défaut)"
    add("--structures", type=int, default=34, metavar="N", help=help_)
    help_ = "nombre de gestionnaires, entre qui les structures sont réparties (1 par défaut)"
    add("--managers", type=int, default=1, metavar="N", help=help_)
    routes, help_ = get_args(Routes), "chemins que l'accueil de Chorus Pro montre (both : les deux)"
    add("--routes", choices=routes, default="both", help=help_)
    help_ = "écrit le registre du site d'entraînement dans ce fichier JSON"
    add("--ledger", type=Path, metavar="FICHIER", help=help_)


def main(args: argparse.Namespace) -> int:
    """Run the school until Ctrl-C. Raises `BadFault`."""
    faults = Faults.parse(["first_visit_form=1", *args.fault])
    world = World(
        seed=args.seed, structures=args.structures, routes=args.routes, managers=args.managers,
        faults=faults,
    )  # fmt: skip
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(world, args.ledger, args.json))
    return 0


async def serve(world: World, ledger: Path | None = None, as_json: bool = False) -> None:
    """Serve a world, keep its ledger in a file if one is given, and end at SIGINT or SIGTERM."""
    school, end = School(world), asyncio.Event()
    await school.start()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C comes as KeyboardInterrupt
            asyncio.get_running_loop().add_signal_handler(number, end.set)
    if ledger:
        world.ledger.listeners.append(lambda entry: _write(ledger, world))
        _write(ledger, world)
    print(json.dumps(facts(school)) if as_json else welcome(school), flush=True)
    try:
        await end.wait()
    finally:
        if ledger:
            _write(ledger, world)
        await school.stop()


def welcome(school: School) -> str:
    """The addresses, and with what to log in."""
    urls, world = school.urls, school.world
    lines = [
        "Site d'entraînement ouvert. Rien de ce que vous y faites n'a d'effet réel.",
        f"  Portail de Gestion Publique : {urls.portal}",
        f"  Chorus Pro                  : {urls.chorus}/",
        f"  PISTE (API)                 : {urls.piste}/",
        f"  Corail                      : {urls.corail}/",
        f"  Messagerie du gestionnaire  : {urls.mailbox}/",
        f"  Pilotage                    : {urls.control}/ledger",
        *(
            f"Identifiant : {each.login}   Mot de passe : {each.password}"
            for each in world.managers.values()
        ),
    ]
    if world.faults.federated:
        lines.append(f"Compte d'agent : {world.manager.email}   Secret : {federation.PASSWORD}")
    piste = world.piste
    lines.append(f"Application PISTE : {piste.client_id}   Secret : {piste.client_secret}")
    return "\n".join([*lines, "Ctrl-C pour fermer."])


def facts(school: School) -> dict[str, object]:
    """The same for a program: addresses by site, and credentials that are good nowhere else."""
    manager, piste = school.world.manager, school.world.piste
    return {
        "urls": vars(school.urls) | {"portal": school.urls.portal},
        "login": manager.login,
        "password": manager.password,
        "managers": {each.login: each.password for each in school.world.managers.values()},
        "client_id": piste.client_id,
        "client_secret": piste.client_secret,
    }


def _write(path: Path, world: World) -> None:
    written(path, json.dumps(world.report(), ensure_ascii=False, indent=1) + "\n")
