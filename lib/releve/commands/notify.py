"""`releve notify`: tell a person what is stuck, overdue, or not running any more."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from datetime import UTC, datetime

from releve.base.errors import UsageError
from releve.base.settings import Settings, load
from releve.base.terminal import at_terminal
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
        return _store(settings, args.store, args.json)
    notice = (
        Notice("Relève : essai", "Cet avis d'essai montre que Relève peut vous prévenir.")
        if args.test
        else _now(settings)
    )
    if notice and not args.dry_run:
        if not settings.notices.channels:
            raise NoChannel
        send(notice, settings, open_keystore(settings))
    code = 0 if notice else 3
    if args.json:
        told = {"title": notice.title, "body": notice.body} if notice else {"title": "", "body": ""}
        print(json.dumps({"code": code} | told, ensure_ascii=False))
    else:
        print(f"{notice.title}\n\n{notice.body}" if notice else "Rien à signaler.")
    return code


def _now(settings: Settings) -> Notice | None:
    return of_agenda(now(settings), last_beat(settings.record.folder), settings, datetime.now(UTC))


def _store(settings: Settings, channel: str, as_json: bool) -> int:
    ask = (
        getpass.getpass
        if at_terminal(sys.stdin)
        else lambda prompt: sys.stdin.readline().rstrip("\n")
    )
    if not store(
        open_keystore(settings), channel, ask(f"Adresse de « {channel} » (rien ne s'affiche) : ")
    ):
        raise NotAnAddress
    told = (
        f"L'adresse de « {channel} » est dans le trousseau. Essayez-la : « releve notify --test »."
    )
    print(json.dumps({"code": 0, "text": told}, ensure_ascii=False) if as_json else told)
    return 0
