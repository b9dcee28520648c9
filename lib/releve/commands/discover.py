"""`releve discover`: the manager's structures and technical accounts, as the portal shows them, and
the settings completed on request.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterator
from datetime import date

from releve.base.settings import Settings, load
from releve.base.terminal import at_terminal
from releve.commands.tell import answer
from releve.portal import inventory
from releve.portal.case import CodeAsked
from releve.portal.inventory import Discovery, Match
from releve.rotation.prompts import Unattended
from releve.vault import portal_dates
from releve.vault.keystore import open_keystore

WORDS = {
    Match.KNOWN: "déjà dans les réglages",
    Match.NEW: "à ajouter",
    Match.DIFFERENT: (
        "les réglages nomment {configured}, que le portail ne montre pas ici : corrigez «"
        " technical_account »"
    ),
    Match.TO_CHOOSE: "plusieurs comptes techniques : choisissez-en un et ajoutez-le vous-même",
    Match.WITHOUT_ACCOUNT: "aucun compte technique vu",
    Match.SECONDARY: (
        "sa fiche dit que vous n'en êtes pas gestionnaire principal : c'est à lui de réinitialiser"
    ),
    Match.INVALID: "ce numéro n'est pas un SIRET correct : vérifiez-le sur le portail",
    Match.ABSENT: "dans les réglages ({configured}), mais pas vue dans « Mes structures »",
}


class AtTerminal(Unattended):
    """A person at a terminal can type a one-time code; nothing else is asked, since nothing is
    changed.
    """

    async def one_time_code(self, asked: CodeAsked) -> str | None:
        if not at_terminal(sys.stdin):
            return await super().one_time_code(asked)
        print(" ".join(filter(None, (asked.problem, asked.note))), file=sys.stderr)
        again = " (vide : en recevoir un autre)" if asked.can_resend else ""
        print(
            f"Code à usage unique de {asked.login}{again} : ", end="", file=sys.stderr, flush=True
        )
        typed = (await asyncio.to_thread(sys.stdin.readline)).strip()
        return typed or (None if asked.can_resend else "")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `releve discover`."""
    parser.add_argument(
        "--write", action="store_true", help="ajouter aux réglages les structures qui n'y sont pas"
    )


def main(args: argparse.Namespace) -> int:
    """0 once the list is told, and written if that was asked."""
    settings = load(args.settings, args.outputs)
    keystore = open_keystore(settings)
    found = asyncio.run(inventory.walk(settings, keystore, AtTerminal(False, False)))
    for account, day in ((k, day) for each in found for k, day in each.changed.items()):
        portal_dates.note(keystore, account, day, date.today())
    lines = inventory.compare(found, settings)
    added = inventory.write(settings, lines) if args.write else 0
    structures = [vars(line) for line in lines]
    told = {"code": 0, "settings": str(settings.path), "added": added, "structures": structures}
    return answer(args, told, _lines(settings, lines, args.write))


def _lines(settings: Settings, lines: list[Discovery], written: bool) -> Iterator[str]:
    said = WORDS | ({Match.NEW: "ajoutée aux réglages"} if written else {})
    for line in lines:
        words = said[line.standing].format(configured=line.configured)
        accounts = ", ".join(
            f"{each} (mot de passe changé le {date.fromisoformat(day):%d/%m/%Y}, dit le portail)"
            if (day := line.changed.get(each))
            else each
            for each in line.accounts
        )
        yield f"{line.siret}  {line.name}\n    {accounts or '—'} : {words}"
    several = [line for line in lines if line.standing is Match.TO_CHOOSE]
    new = sum(line.standing is Match.NEW for line in lines)
    done = f"ajoutée{'s' * (new > 1)}" if written else "à ajouter"
    yield f"\n{len(lines)} structure{'s' * (len(lines) > 1)}, dont {new} {done}."
    if new and not written:
        yield (
            f"Pour les ajouter à {settings.path} : « releve discover --write ». Vérifiez ensuite «"
            " targets » pour chacune."
        )
    if several:
        yield "\nÀ copier dans les réglages, en gardant le bon compte technique :\n"
        yield inventory.tables(several, "school" if settings.school else "corail")
