"""`releve verify [FOLDER…]`: recompute everything that the records and the register promise, and
name every difference.
"""

from __future__ import annotations

import argparse
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from releve.base import disk
from releve.base.errors import ReleveError, UsageError
from releve.base.places import default_path, project_root
from releve.base.settings import Settings, load
from releve.commands.tell import answer
from releve.record.findings import CheckedRecords
from releve.record.folder import RecordFolder
from releve.record.page import check_page
from releve.record.verify import verify
from releve.vault.keys import short
from releve.vault.keystore import Keystore, open_keystore


class NotAFolder(UsageError):
    pass


class NothingHere(UsageError):
    """A wrong folder must not be called intact."""


class BadAuthorities(UsageError):
    """A certificate that is mistyped must not be taken for one that was checked."""


class BadSigner(UsageError):
    pass


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
    parser.add_argument(
        "--signer",
        action="append",
        default=[],
        metavar="EMPREINTE",
        help="empreinte d'une machine que vous avez notée ailleurs (répétable)",
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="code 7 aussi pour ce qui n'a pas pu être vérifié (registre, signataire…)",
    )


def main(args: argparse.Namespace) -> int:
    """Exit code 0 when all is intact, 7 when anything is not. Writes nothing but the page that was
    asked for.
    """
    if args.page:
        return _make_page(args)
    places = _places(args.folder or [_usual_folder(args)])
    _check_authorities(args.tsa_ca)
    settings = _settings(args)
    keystore, signers = _keystore(settings), settings.record.signers if settings else ()
    for given in args.signer:
        if not re.fullmatch(r"[0-9a-f]{32}", short(given)):
            raise BadSigner(given=given)
    verdicts = {
        outputs: verify(outputs, only, keystore, args.tsa_ca, signers, args.signer)
        for outputs, only in places.items()
    }
    for path, verdict in verdicts.items():
        if args.folder and not (verdict.records or verdict.lines or verdict.faults):
            raise NothingHere(path=path)
    code = max(verdict.code(args.strict) for verdict in verdicts.values())
    folders = {str(path): each.to_dict(args.strict) for path, each in verdicts.items()}
    lines = (line for path, verdict in verdicts.items() for line in _lines(path, verdict))
    return answer(args, {"code": code, "folders": folders}, lines)


def _places(folders: list[Path]) -> dict[Path, list[Path] | None]:
    """Each folder of records, with the records of it that were named, None for all."""
    places: dict[Path, list[Path] | None] = defaultdict(list)
    for folder in folders:
        path = folder.resolve()
        if not path.is_dir():
            raise NotAFolder(path=folder)
        if RecordFolder.at(path) is None:
            places[path] = None
        elif (named := places[path.parent]) is not None:
            named.append(path)
    return places


def _check_authorities(path: Path | None) -> None:
    """Raises `BadAuthorities`."""
    if path is None:
        return
    from cryptography.x509 import load_pem_x509_certificates

    try:
        load_pem_x509_certificates(disk.read(path))
    except (OSError, ValueError) as error:
        why = disk.why(error) if isinstance(error, OSError) else "aucun certificat n'y est lisible"
        raise BadAuthorities(path=path, why=why) from error


def _settings(args: argparse.Namespace) -> Settings | None:
    """None without any, as on an auditor's machine or after the demonstration."""
    if args.settings is None and not default_path().exists():
        return None
    return load(args.settings)


def _make_page(args: argparse.Namespace) -> int:
    content = check_page()
    disk.written(args.page, content)
    digest = hashlib.sha256(content.encode()).hexdigest()
    told = (
        f"La page de contrôle est dans {args.page} : ouvrez-la dans un navigateur, et déposez-y un"
        f" dossier.\nSon empreinte SHA-256 : {digest}"
    )
    return answer(args, {"code": 0, "page": str(args.page), "sha256": digest}, [told])


def _usual_folder(args: argparse.Namespace) -> Path:
    """The settings' folder; without settings `outputs/` of the project."""
    if args.outputs:
        return Path(args.outputs)
    settings = _settings(args)
    return settings.record.folder if settings else project_root() / "outputs"


def _keystore(settings: Settings | None) -> Keystore | None:
    """An auditor's machine has no keyring that knows the register: the check says so, and goes on.
    """
    with suppress(ReleveError):
        return open_keystore(settings)
    return None


def _lines(path: Path, verdict: CheckedRecords) -> Iterator[str]:
    yield (
        f"{path} : {verdict.records} dossier{'s' * (verdict.records > 1)}, {verdict.lines}"
        f" ligne{'s' * (verdict.lines > 1)} au registre."
    )
    yield from (f"  ANOMALIE  {found.text}" for found in verdict.faults)
    yield from (f"  note      {found.text}" for found in verdict.notes)
    yield verdict.conclusion
