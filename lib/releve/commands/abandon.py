"""`releve abandon SIRET --reason …`: a person closes a stuck rotation; the record says what is then true."""

from __future__ import annotations

import argparse
import json

from .. import journal as j
from ..errors import UsageError
from ..headless import situation_of
from ..lock import AccountLock, actor
from ..record.folder import unfinished
from ..record.page import write_page
from ..settings import load


class NothingToAbandon(UsageError):
    happened = "Aucune rotation n'est restée ouverte pour {name}."
    todo = "Il n'y a rien à fermer."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `releve abandon`."""
    parser.add_argument("siret", help="la structure dont la rotation est bloquée")
    parser.add_argument("--reason", required=True, metavar="TEXTE", help="pourquoi, pour qui relira le dossier")


def main(args: argparse.Namespace) -> int:
    """Close the open rotation. Touches neither the portal nor the keyring."""
    settings = load(args.settings, args.outputs)
    structure = settings.structure(args.siret)
    lock = AccountLock(settings.record.folder, structure.technical_account)
    lock.acquire(actor())
    try:
        left = unfinished(settings.record.folder, structure.technical_account)
        if not left:
            raise NothingToAbandon(name=structure.name)
        record = left[-1]
        situation = situation_of(settings, record)
        row = situation.row
        journal = j.Journal(record.path, record.run, actor())
        journal.append(j.RotationAbandoned(args.reason, row.portal, row.keyring, situation.targets))
        write_page(record.path)
    finally:
        lock.release()
    if args.json:
        print(json.dumps({"code": 0, "outcome": "abandoned", "record": str(record.path), "text": situation.truth}, ensure_ascii=False))
    else:
        print(f"Rotation {record.run} fermée. {situation.truth}\nDossier : {record.path}")
    return 0
