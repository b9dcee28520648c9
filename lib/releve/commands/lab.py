"""`releve lab`: the walkthrough, in JupyterLab, on the home page."""

from __future__ import annotations

import argparse
from pathlib import Path

from releve.base.places import default_path
from releve.commands.tell import answer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `releve lab`."""
    parser.add_argument(
        "--no-browser",
        action="store_true",
        help="ne pas ouvrir de navigateur : l'adresse est affichée",
    )
    parser.add_argument(
        "--shortcut", action="store_true", help="poser un raccourci sur le bureau, sans rien ouvrir"
    )
    parser.add_argument(
        "--port",
        type=_port,
        default=8888,
        metavar="N",
        help="port sur ce poste (8888, ou le premier libre ensuite)",
    )


def _port(text: str) -> int:
    if not 0 < (number := int(text)) < 2**16:
        raise ValueError(text)
    return number


def main(args: argparse.Namespace) -> int:
    """Serve until it is stopped."""
    if args.shortcut:
        from releve.jupyter.shortcut import make

        made = make(args.settings)
        return answer(args, {"code": 0, "shortcut": str(made)}, [f"Raccourci posé : {made}"])
    from releve.jupyter.server import serve

    path = Path(args.settings).expanduser().resolve() if args.settings else default_path()
    outputs = Path(args.outputs) if args.outputs else None
    return serve(path, outputs, not args.no_browser, args.port, args.json)
