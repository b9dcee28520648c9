"""`releve purge`: destroy the records that are older than the declared period; the register says
so, and its chain stays whole.
"""

from __future__ import annotations

import argparse
import json
from datetime import date

from releve.base.errors import UsageError
from releve.base.held import remove_folder
from releve.base.settings import load
from releve.record.folder import RecordFolder
from releve.record.register import Register
from releve.record.verify import verify
from releve.vault.keystore import open_keystore


class KeptForEver(UsageError):
    happened = "Les réglages gardent les dossiers pour toujours : il n'y a rien à détruire."
    todo = (
        "Pour déclarer une durée de conservation, écrivez par exemple « keep_years = 10 » dans la"
        " table [record] des réglages."
    )


class NotIntact(UsageError):
    """What is not intact is never destroyed: it would hide the harm."""

    code = 7
    happened = "Les dossiers ou le registre ne sont pas intacts : rien n'est détruit."
    todo = "Lancez « releve verify », qui nomme chaque anomalie."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `releve purge`."""
    parser.add_argument(
        "--yes",
        action="store_true",
        help="détruire pour de bon (sinon, dire seulement ce qui le serait)",
    )


def main(args: argparse.Namespace) -> int:
    """Each destroyed record is entered first, so that a kill leaves a folder that is said to be
    destroyed, never the contrary.
    """
    settings = load(args.settings, args.outputs)
    keystore = open_keystore(settings)
    years, outputs = settings.record.keep_years, settings.record.folder
    if not years:
        raise KeptForEver
    faults = [each for each in verify(outputs, None, keystore).faults if each.kind != "purged"]
    if faults:
        raise NotIntact
    today = date.today()
    limit = f"{today.year - years}-{today:%m-%d}"
    register = Register(outputs, keystore)
    old = {
        name: entry
        for name, entry in register.records().items()
        if name[:10] < limit and (outputs / name).is_dir()
    }
    for name, entry in old.items() if args.yes else ():
        register.append(
            {
                "kind": "purge",
                "record": name,
                "statement": entry.get("statement", ""),
                "why": f"keep_years = {years}",
            }
        )
        if RecordFolder.at(outputs / name):
            remove_folder(outputs / name)
    if args.json:
        print(
            json.dumps(
                {"code": 0, "limit": limit, "destroyed": args.yes, "records": list(old)},
                ensure_ascii=False,
            )
        )
    else:
        print(
            f"Durée déclarée : {years} an{'s' * (years > 1)}. Dossiers d'avant le {limit} :"
            f" {len(old)}."
        )
        print("\n".join(old), end="\n" * bool(old))
        print(
            "Détruits, et inscrits comme tels au registre."
            if args.yes
            else "Rien n'a été détruit ; ajoutez --yes pour le faire."
        )
    return 0
