"""`releve purge`: destroy the records that are older than the declared period; the register says
so, and its chain stays whole.
"""

from __future__ import annotations

import argparse

from releve.base import disk
from releve.base.errors import UsageError
from releve.base.settings import load
from releve.commands.tell import answer
from releve.record.chain import over, read_chain
from releve.record.folder import RecordFolder
from releve.record.register import now
from releve.record.seal import destroy, registered_in
from releve.record.verify import verify
from releve.vault.keystore import open_keystore


class KeptForEver(UsageError):
    pass


class NotIntact(UsageError):
    """What is not intact is never destroyed: it would hide the harm."""

    code = 7


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `releve purge`."""
    parser.add_argument(
        "--yes",
        action="store_true",
        help="détruire pour de bon (sinon, dire seulement ce qui le serait)",
    )


def main(args: argparse.Namespace) -> int:
    """Each destroyed record is entered first, so that a kill leaves a folder that is said to be
    destroyed, never the contrary; the next command finishes it.
    """
    settings = load(args.settings, args.outputs)
    keystore = open_keystore(settings)
    years, outputs = settings.record.keep_years, settings.record.folder
    if not years:
        raise KeptForEver
    verdict = verify(outputs, None, keystore, None, settings.record.signers)
    if any(fault.kind != "purged" for fault in verdict.faults):
        raise NotIntact
    register = registered_in(settings, keystore)
    chain = read_chain(register)
    old = [
        RecordFolder(outputs / name, line.entry.get("structure", ""), line.entry.get("run", ""))
        for name, line in chain.records.items()
        if over(line.when, now(), years)
        and disk.is_folder(outputs / name)
        and register.find(name)  # entered by somebody who is known here
    ]
    if args.yes and old:
        if chain.years != years:
            register.append({"kind": "period", "record": "", "years": years})
        for folder in old:
            register.append({"kind": "purge", "record": folder.path.name})
            destroy(folder)
    names = [folder.path.name for folder in old]
    told = {"code": 0, "years": years, "destroyed": args.yes, "records": names}
    declared = f"Durée déclarée : {years} an{'s' * (years > 1)}."
    done = "Détruits, et inscrits comme tels au registre."
    end = done if args.yes else "Rien n'a été détruit ; ajoutez --yes pour le faire."
    return answer(args, told, [f"{declared} Dossiers scellés avant : {len(names)}.", *names, end])
