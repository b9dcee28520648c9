"""`releve credentials`: a person gives secrets to the keyring, checks that they are there, takes
them away. Never shows one.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import getpass
import json
import sys
from dataclasses import asdict, dataclass

from releve.base.errors import UsageError
from releve.base.secret import Secret, is_plain
from releve.base.settings import Settings, load
from releve.base.terminal import at_terminal
from releve.vault.entry import CredentialMissing, KeyringEntry
from releve.vault.keystore import Keystore, open_keystore
from releve.vault.slots import BY_HAND, Slot, Slots

_SLOTS = {"current": Slot.CURRENT, "pending": Slot.PENDING}


class NoTerminal(UsageError):
    """A secret is typed at a terminal, or piped on purpose."""


class NotASecret(UsageError):
    """What was typed or piped cannot be kept."""


class ErasureNotConfirmed(UsageError):
    """A password that is nowhere else would go."""


@dataclass(frozen=True)
class Credential:
    """One thing a person can store: its kind ("portal", "otp", "piste", "current"), whose, and how
    it is called in French.
    """

    kind: str
    user: str
    title: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `releve credentials`; `--json` is common to all commands and is not added
    here.
    """
    parser.add_argument(
        "action",
        choices=["store", "test", "delete", "list"],
        help="enregistrer, vérifier, effacer ou lister",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--otp",
        action="store_true",
        help="la clé des codes à usage unique, au lieu du mot de passe du portail",
    )
    which.add_argument("--piste", action="store_true", help="le secret de l'application PISTE")
    which.add_argument(
        "--current",
        metavar="SIRET",
        help="le mot de passe actuel du compte technique de cette structure",
    )
    which.add_argument(
        "--pending",
        metavar="SIRET",
        help="le mot de passe en attente qu'une rotation inconnue a laissé (delete, test)",
    )
    parser.add_argument(
        "--stdin",
        action="store_true",
        help="lire le secret sur l'entrée standard, au lieu de le saisir",
    )
    parser.add_argument(
        "--yes",
        action="store_true",
        help="effacer sans demander le mot de passe actuel d'un compte technique",
    )


def main(args: argparse.Namespace) -> int:
    """The command, with the settings that its options name."""
    return run(args, load(args.settings, args.outputs))


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Do what was asked, and say it. Raises a `ReleveError` for whatever stops it; safe to repeat.
    """
    keystore = open_keystore(settings)
    if args.action == "list":
        return _list(args, settings, keystore)
    credential = _chosen(args, settings)
    act = {"store": _store, "test": _test, "delete": _delete}[args.action]
    done = act(args, keystore, credential)
    if args.action == "store" and credential.kind == "portal":
        origins = " ".join(sorted(settings.portal.origins))
        keystore.bound_origins(credential.user).set_text(origins)
    which = {"kind": credential.kind, "user": credential.user}
    facts = {"code": 0, "action": args.action} | which | {"keyring": keystore.name}
    print(json.dumps(facts, ensure_ascii=False) if args.json else done)
    return 0


def _chosen(args: argparse.Namespace, settings: Settings) -> Credential:
    if siret := args.current or args.pending:
        if args.pending and args.action == "store":
            raise NotASecret(why="seule une rotation écrit un mot de passe en attente")
        account = settings.structure(siret).technical_account
        kind, which = ("current", "actuel") if args.current else ("pending", "en attente")
        return Credential(kind, account, f"le mot de passe {which} du compte technique {account}")
    if args.piste:
        if settings.piste is None:
            why = "les réglages n'ont pas de table [piste], donc pas d'application à qui rattacher"
            raise NotASecret(why=f"{why} ce secret")
        user = settings.piste.client_id
        return Credential("piste", user, f"le secret de l'application PISTE {user}")
    login = settings.portal.login
    if args.otp:
        return Credential("otp", login, f"la clé des codes à usage unique de {login}")
    return Credential("portal", login, f"le mot de passe du portail de {login}")


def _store(args: argparse.Namespace, keystore: Keystore, credential: Credential) -> str:
    value = _piped() if args.stdin else _typed(credential)
    if credential.kind == "otp":
        value = _seed(value)
    if credential.kind == "current":
        keystore.slots(credential.user).adopt(Secret(value), BY_HAND)
    else:
        _entry(keystore, credential).set(Secret(value))
    if credential.kind == "portal":
        # whoever stores it again vouches for it: one more try
        keystore.refusal(credential.user).delete()
    return f"Enregistré et relu dans le trousseau ({keystore.name}) : {credential.title}."


def _test(args: argparse.Namespace, keystore: Keystore, credential: Credential) -> str:
    """Write, read back and delete a made-up value, then see whether the real one is there."""
    keystore.try_out()
    if not _present(keystore, credential):
        raise CredentialMissing(service=f"releve/{credential.kind}", user=credential.user)
    return f"Le trousseau ({keystore.name}) écrit, relit et efface ; il garde {credential.title}."


def _delete(args: argparse.Namespace, keystore: Keystore, credential: Credential) -> str:
    if credential.kind in _SLOTS:
        found = _delete_slot(keystore.slots(credential.user), credential, sure=args.yes)
    else:
        found = _entry(keystore, credential).delete()
    if not found:
        return f"Le trousseau ne gardait pas {credential.title}."
    return f"Effacé du trousseau : {credential.title}."


def _delete_slot(slots: Slots, credential: Credential, sure: bool) -> bool:
    slot = _SLOTS[credential.kind]
    held = slots.read(slot)
    if held is None:
        return False
    if not sure and at_terminal(sys.stdin):
        sure = input(f"Effacer {credential.title} ? (oui/non) ").strip().lower() == "oui"
    if not sure:
        raise ErasureNotConfirmed(user=credential.user)
    slots.clear(slot, held.run)
    return True


def _list(args: argparse.Namespace, settings: Settings, keystore: Keystore) -> int:
    login = settings.portal.login
    known = [
        Credential("portal", login, "mot de passe du portail"),
        Credential("otp", login, "clé des codes à usage unique"),
    ]
    if settings.piste:
        known.append(Credential("piste", settings.piste.client_id, "secret de l'application PISTE"))
    rows: list[dict[str, object]] = [
        asdict(each) | {"present": _present(keystore, each)} for each in known
    ]
    titles = {
        Slot.PENDING: "mot de passe en attente",
        Slot.CURRENT: "mot de passe actuel",
        Slot.PREVIOUS: "mot de passe précédent",
    }
    for account in dict.fromkeys(each.technical_account for each in settings.structures.values()):
        for slot, title in titles.items():
            held = keystore.slots(account).read(slot)
            row = asdict(Credential(slot.value, account, title)) | {"present": held is not None}
            rows.append(row | {"run": held.run, "written": held.written} if held else row)
    if args.json:
        told = {"code": 0, "keyring": keystore.name, "entries": rows}
        print(json.dumps(told, ensure_ascii=False))
        return 0
    print(f"Trousseau : {keystore.name}")
    for row in rows:
        origin = "saisi à la main" if row.get("run") == BY_HAND else f"rotation {row.get('run')}"
        when = f" (depuis le {str(row['written'])[:10]}, {origin})" if "run" in row else ""
        there = "présent" if row["present"] else "absent"
        print(f"  {there:8} {row['title']} — {row['user']}{when}")
    return 0


def _present(keystore: Keystore, credential: Credential) -> bool:
    if credential.kind in _SLOTS:
        return keystore.slots(credential.user).read(_SLOTS[credential.kind]) is not None
    return _entry(keystore, credential).get() is not None


def _entry(keystore: Keystore, credential: Credential) -> KeyringEntry:
    return keystore.entry(credential.kind, credential.user)


def _typed(credential: Credential) -> str:
    if not at_terminal(sys.stdin):
        raise NoTerminal
    title = credential.title[0].upper() + credential.title[1:]
    value = getpass.getpass(f"{title} (rien ne s'affiche) : ")
    if value != getpass.getpass("Encore une fois : "):
        raise NotASecret(why="les deux saisies diffèrent")
    return _kept(value)


def _piped() -> str:
    """The whole of standard input but one last end of line: a password may end in a space."""
    return _kept(sys.stdin.read().removesuffix("\n").removesuffix("\r"))


def _kept(value: str) -> str:
    if not value:
        raise NotASecret(why="elle est vide")
    if is_plain(value):
        raise NotASecret(
            why="c'est un mot ordinaire ou un simple nombre, que Relève ne saurait pas masquer ;"
            " changez-le d'abord sur le portail"
        )
    if not value.isprintable():
        raise NotASecret(why="elle tient sur plusieurs lignes, ou contient un caractère invisible")
    return value


def _seed(value: str) -> str:
    """The seed in base 32 without spaces, as applications show it in groups of four."""
    seed = value.replace(" ", "").upper()
    try:
        base64.b32decode(seed + "=" * (-len(seed) % 8))
    except binascii.Error:
        raise NotASecret(
            why="une clé de codes à usage unique n'a que des lettres A à Z et des chiffres 2 à 7"
        ) from None
    return seed
