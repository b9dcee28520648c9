"""`releve check`: every day, whether the passwords that the keyring keeps are still accepted."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import partial

from releve.base.settings import Structure, load
from releve.commands.tell import answer
from releve.planning import notices
from releve.planning.alarm import AccountCheck, State, check, voucher
from releve.planning.shares import one_each
from releve.proof.asking import Prover
from releve.proof.verdicts import Meaning
from releve.record.history import counting
from releve.vault.keystore import open_keystore
from releve.vault.slots import Slot

WITHOUT_PISTE = "Sans application PISTE, Relève ne peut pas essayer les mots de passe gardés."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No argument of its own."""


def main(args: argparse.Namespace) -> int:
    """0 when nothing is refused, 3 when nothing could be tried, 4 when a person must look, 5 when
    the API said nothing. Never a reset, never a second try on one calendar day.
    """
    settings = load(args.settings, args.outputs)
    keystore = open_keystore(settings).bounded()

    def ask(structure: Structure) -> Meaning:
        return Prover(settings, structure, keystore).ask(Slot.CURRENT)[Slot.CURRENT]

    structures = one_each(settings.structures.values()) if settings.piste else []

    propagation = timedelta(minutes=settings.policy.propagation_minutes)
    vouches, now = voucher(settings, keystore), datetime.now(UTC)
    past = partial(counting, settings)
    found = [check(e, past, vouches, keystore, ask, now, propagation) for e in structures]
    told = {"code": _code(found), "accounts": [asdict(each) for each in found]}
    lines = [f"{each.structure}  {each.name}  {each.account} : {each.text}" for each in found]
    code = answer(args, told, lines if settings.piste else [*lines, WITHOUT_PISTE])
    refused = [each for each in found if each.state is State.REFUSED]
    if error := notices.tell(notices.of_check(refused), settings):
        print(error.text, file=sys.stderr)
    return code


def _code(found: list[AccountCheck]) -> int:
    states = {each.state for each in found}
    order = {State.REFUSED: 4, State.UNKNOWN: 5, State.ACCEPTED: 0}
    return next((code for state, code in order.items() if state in states), 3)
