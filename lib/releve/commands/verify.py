"""`releve verify [FOLDER…]`: recompute everything that the records and the register promise, and
name every difference.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

from releve.base.disk import write_atomically
from releve.base.errors import ReleveError, UsageError
from releve.base.settings import default_path, load, project_root
from releve.record.folder import RecordFolder
from releve.record.page import PageUnwritable, check_page
from releve.record.verify import Verdict, verify
from releve.vault.keystore import Keystore, open_keystore


class NoSuchFolder(UsageError):
    happened = "Le dossier {path} n'existe pas."
    todo = (
        "Donnez un dossier de rotation, ou le dossier qui les contient tous (celui du fichier"
        " register.jsonl)."
    )


class NothingHere(UsageError):
    """A wrong folder must not be called intact."""

    happened = "Il n'y a rien à vérifier dans {path} : ni dossier de rotation, ni registre."
    todo = (
        "Donnez un dossier de rotation, ou le dossier qui les contient tous (celui du fichier"
        " register.jsonl)."
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `releve verify`."""
    text = "dossiers de rotation, ou dossier qui les contient (sinon : celui des réglages)"
    parser.add_argument("folder", nargs="*", type=Path, metavar="DOSSIER", help=text)
    parser.add_argument(
        "--page",
        type=Path,
        metavar="FICHIER",
        help="écrire une page de contrôle, à ouvrir dans tout navigateur, et rien d'autre",
    )
    parser.add_argument(
        "--tsa-ca",
        type=Path,
        metavar="FICHIER",
        help="certificats (PEM) de l'autorité d'horodatage",
    )


def main(args: argparse.Namespace) -> int:
    """Exit code 0 when all is intact, 7 when anything is not. Writes nothing but the page that was
    asked for.
    """
    if args.page:
        return _make_page(args)
    places: dict[Path, list[Path] | None] = defaultdict(list)
    for folder in args.folder or [_usual_folder(args)]:
        path = folder.resolve()
        if not path.is_dir():
            raise NoSuchFolder(path=folder)
        if RecordFolder.at(path) is None:
            places[path] = None
        elif (named := places[path.parent]) is not None:
            named.append(path)
    keystore = _keystore(args)
    verdicts = {
        outputs: verify(outputs, only, keystore, args.tsa_ca) for outputs, only in places.items()
    }
    for path, verdict in verdicts.items():
        if args.folder and not (verdict.records or verdict.lines or verdict.faults):
            raise NothingHere(path=path)
    code = 7 if any(verdict.faults for verdict in verdicts.values()) else 0
    if args.json:
        print(
            json.dumps(
                {
                    "code": code,
                    "folders": {str(path): each.to_dict() for path, each in verdicts.items()},
                },
                ensure_ascii=False,
            )
        )
    else:
        for path, verdict in verdicts.items():
            _tell(path, verdict)
    return code


def _make_page(args: argparse.Namespace) -> int:
    content = check_page().encode()
    try:
        write_atomically(args.page, content)
    except OSError as error:
        raise PageUnwritable(path=args.page, why=error.strerror) from error
    digest = hashlib.sha256(content).hexdigest()
    if args.json:
        print(json.dumps({"code": 0, "page": str(args.page), "sha256": digest}))
    else:
        print(
            f"La page de contrôle est dans {args.page} : ouvrez-la dans un navigateur, et"
            f" déposez-y un dossier.\nSon empreinte SHA-256 : {digest}"
        )
    return 0


def _usual_folder(args: argparse.Namespace) -> Path:
    """The settings' folder; without settings, as on an auditor's machine or after the
    demonstration, `outputs/` of the project.
    """
    if args.outputs:
        return Path(args.outputs)
    if args.settings is None and not default_path().exists():
        return project_root() / "outputs"
    return load(args.settings).record.folder


def _keystore(args: argparse.Namespace) -> Keystore | None:
    """An auditor's machine has no keyring that knows the register: the check says so, and goes on."""
    with suppress(ReleveError):
        named = args.settings is not None or default_path().exists()
        return open_keystore(load(args.settings) if named else None)
    return None


def _tell(path: Path, verdict: Verdict) -> None:
    print(
        f"{path} : {verdict.records} dossier{'s' * (verdict.records > 1)}, {verdict.lines}"
        f" ligne{'s' * (verdict.lines > 1)} au registre."
    )
    for found in verdict.faults:
        print(f"  ANOMALIE  {found.text}")
    for found in verdict.notes:
        print(f"  note      {found.text}")
    if verdict.faults:
        print(
            "La preuve n'est pas intacte. Ne modifiez rien ; gardez une copie du dossier et"
            " prévenez votre support."
        )
    else:
        print(
            "Tout est intact."
            if verdict.records or verdict.lines
            else "Il n'y a encore rien à vérifier."
        )
