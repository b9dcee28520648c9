"""`releve report`: one page for a manager."""

from __future__ import annotations

import argparse
from pathlib import Path

from releve.base.disk import written
from releve.base.settings import load
from releve.commands.tell import answer
from releve.planning.plan import aloud
from releve.planning.report import page
from releve.planning.today import now, past
from releve.record.folder import prepare

FILE_NAME = "report.html"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `releve report`."""
    parser.add_argument(
        "--output",
        metavar="FICHIER",
        type=Path,
        help=f"où écrire la page ({FILE_NAME} dans le dossier des rotations)",
    )


def main(args: argparse.Namespace) -> int:
    """Write the page, say where."""
    settings = load(args.settings, args.outputs)
    path = (args.output or settings.record.folder / FILE_NAME).absolute()
    text = page(now(settings), past(settings), path.parent, said=aloud(settings))
    if not args.output:
        prepare(settings.record)
    written(path, text)
    return answer(args, {"code": 0, "page": str(path)}, [f"Page écrite : {path}"])
