"""`releve notify`: tell a person what is stuck, overdue, or not running any more."""

from __future__ import annotations

import argparse
import getpass
import sys
from datetime import UTC, datetime

from releve.base.errors import UsageError
from releve.base.settings import Settings, load
from releve.base.terminal import at_terminal
from releve.commands.tell import answer
from releve.planning.notices import Notice, last_beat, of_agenda, send, store
from releve.planning.today import now
from releve.vault.keystore import open_keystore


class NoChannel(UsageError):
    pass


class NotAnAddress(UsageError):
    pass


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `releve notify`."""
    only = parser.add_mutually_exclusive_group()
    only.add_argument(
        "--store",
        metavar="NOM",
        help="confier au trousseau l'adresse d'un moyen de prévenir (elle est demandée, sans écho)",
    )
    only.add_argument("--test", action="store_true", help="envoyer un avis d'essai")
    only.add_argument("--dry-run", action="store_true", help="montrer le texte sans rien envoyer")


def main(args: argparse.Namespace) -> int:
    """0 when something was told (or would be), 3 when there is nothing to tell."""
    settings = load(args.settings, args.outputs)
    if args.store:
        return _store(settings, args)
    test = Notice("Relève : essai", "Cet avis d'essai montre que Relève peut vous prévenir.")
    notice = test if args.test else _now(settings)
    if notice and not args.dry_run:
        if not settings.notices.channels:
            raise NoChannel
        send(notice, settings, open_keystore(settings))
    code, told = (0, notice) if notice else (3, Notice("", ""))
    lines = [told.title, "", told.body] if notice else ["Rien à signaler."]
    return answer(args, {"code": code, "title": told.title, "body": told.body}, lines)


def _now(settings: Settings) -> Notice | None:
    return of_agenda(now(settings), last_beat(settings.record.folder), settings, datetime.now(UTC))


def _store(settings: Settings, args: argparse.Namespace) -> int:
    channel = args.store
    if at_terminal(sys.stdin):
        address = getpass.getpass(f"Adresse de « {channel} » (rien ne s'affiche) : ")
    else:
        address = sys.stdin.readline().rstrip("\n")
    if not store(open_keystore(settings), channel, address):
        raise NotAnAddress
    told = f"L'adresse de « {channel} » est dans le trousseau."
    told += " Essayez-la : « releve notify --test »."
    return answer(args, {"code": 0, "text": told}, [told])
