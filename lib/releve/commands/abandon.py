"""`releve abandon SIRET --reason …`: a person closes a stuck rotation; the record says what is then
true.
"""

from __future__ import annotations

import argparse
import sys

from releve.base import person
from releve.base.errors import ReleveError, UsageError
from releve.base.settings import Settings, Structure, load
from releve.commands.tell import answer
from releve.decision import events as ev
from releve.decision import journal as j
from releve.decision.state import Situation
from releve.headless.run import situation_of
from releve.record import vouching
from releve.record.folder import RecordFolder, unfinished
from releve.record.lock import AccountLock
from releve.record.seal import finish
from releve.targets import targets_of
from releve.vault.keys import rotation_key
from releve.vault.keystore import open_keystore


class NothingToAbandon(UsageError):
    pass


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `releve abandon`."""
    parser.add_argument("siret", help="la structure dont la rotation est bloquée")
    parser.add_argument(
        "--reason", required=True, metavar="TEXTE", help="pourquoi, pour qui relira le dossier"
    )


def _seal(record: RecordFolder, settings: Settings) -> int:
    """A record that cannot be sealed does not keep a rotation open; the exit code says it."""
    try:
        with record.writing():
            finish(record, settings, open_keystore(settings))
    except ReleveError as error:
        print(error.text, file=sys.stderr)
        return error.code or 7
    return 0


def _journal(record: RecordFolder, settings: Settings, structure: Structure) -> j.Journal:
    """Its journal; a rotation that is not ours is adopted by whoever closes it."""
    keystore = open_keystore(settings)
    key = rotation_key(keystore, record.run)
    journal = j.Journal(record.path, record.run, person.account(), key, pass_over_damage=True)
    if journal.vouched:
        return journal
    return vouching.adopt(record, person.account(), targets_of(settings, structure), keystore)


def close_open(
    settings: Settings, siret: str, reason: str, run: str = ""
) -> tuple[RecordFolder, Situation]:
    """Close what is open for that structure, that `run` only if it is named; the record is not
    sealed yet. Touches neither the portal nor the keyring's slots. Raises `NothingToAbandon`, and
    what a lock raises: then nothing changed.
    """
    structure = settings.structure(siret)
    lock = AccountLock(settings.record.folder, structure.technical_account)
    lock.acquire(person.account())
    try:
        left = unfinished(settings.record.folder, structure.technical_account)
        left = [each for each in left if run in ("", each.run)]
        if not left:
            raise NothingToAbandon(name=structure.name)
        record = left[-1]
        situation = situation_of(settings, record)
        journal = _journal(record, settings, structure)
        journal.append(
            ev.RotationAbandoned(reason, situation.portal, situation.keyring, situation.targets)
        )
    finally:
        lock.release()
    return record, situation


def main(args: argparse.Namespace) -> int:
    """Close the open rotation, and seal its record."""
    settings = load(args.settings, args.outputs)
    record, situation = close_open(settings, args.siret, args.reason)
    code = _seal(record, settings)
    told = {"code": code, "outcome": "abandoned", "record": str(record.path)}
    lines = f"Rotation {record.run} fermée. {situation.truth}", f"Dossier : {record.path}"
    return answer(args, told | {"text": situation.truth}, lines)
