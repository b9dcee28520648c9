"""The command `releve`: arguments in French, one exit code, and `--json` for programs.

A command's own module is imported only when it is asked for: a scheduler starts `releve` often.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext, redirect_stdout, suppress
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

from releve.base.errors import PersonNeeded, ReleveError, UsageError
from releve.commands.tell import fail

# each in its own module of `commands`, but for those that stand beside what they are about
COMMANDS = {
    "demo": "une rotation complète sur le site d'entraînement, sans rien toucher de réel",
    "lab": "ouvrir le carnet pas à pas dans JupyterLab",
    "rotate": "renouveler le mot de passe d'une ou plusieurs structures",
    "rehearse": "tout faire sauf la réinitialisation, et dire ce qui a été reconnu sur chaque"
    " écran",
    "resume": "finir les rotations interrompues",
    "due": "ce qui est à renouveler, et quand",
    "check": "chaque jour, vérifier auprès de l'API que les mots de passe gardés sont encore"
    " acceptés",
    "report": "une page pour le responsable : ce qui est à faire, bloqué, non prouvé",
    "notify": "prévenir quelqu'un de ce qui est en retard, bloqué, ou ne tourne plus",
    "schedule": "montrer ce qu'il faut installer pour que le poste lance Relève chaque jour",
    "verify": "vérifier que les dossiers et le registre n'ont pas changé",
    "purge": "détruire les dossiers plus vieux que la durée de conservation déclarée",
    "abandon": "fermer une rotation bloquée, en disant pourquoi",
    "credentials": "enregistrer, vérifier ou effacer les mots de passe du trousseau",
    "discover": "lister vos structures et leurs comptes techniques, et les ajouter aux réglages",
    "profile": "ce que Relève a appris du portail : le montrer, le transmettre, le reprendre,"
    " l'oublier",
    "doctor": "vérifier que ce poste est prêt, et que les mots de passe gardés fonctionnent",
    "school": "ouvrir le site d'entraînement",
}
_ELSEWHERE = {"credentials": "releve.vault.credentials", "school": "releve.school.command"}
CHANGING = ("rotate", "resume")  # what they began may be a reset, whatever stopped them
# first they seal what was left unsealed
FINISHING = ("rotate", "resume", "abandon", "verify", "due", "lab")
EPILOGUE = (
    "Codes de sortie : 0 fait ; 2 arguments ou réglages ; 3 rien à faire ; 4 une personne est"
    " attendue ; 5 échec avant tout changement ; 6 échec après la réinitialisation ; 7 preuve"
    " abîmée."
)
_FRENCH = (
    (r"the following arguments are required: (.*)", r"il manque : \1"),
    (r"unrecognized arguments: (.*)", r"inconnu : \1"),
    (r"argument (.*): expected one argument", r"\1 attend une valeur"),
    (r"argument (.*): expected at least one argument", r"\1 attend au moins une valeur"),
    (
        r"argument (.*): invalid choice: (.*) \(choose from (.*)\)",
        r"\1 : \2 n'existe pas ; possible : \3",
    ),
    (r"argument (.*): invalid \w+ value: (.*)", r"\1 : \2 ne convient pas"),
    (r"argument (.*): not allowed with argument (.*)", r"\1 ne va pas avec \2"),
    (r"one of the arguments (.*) is required", r"il faut l'un de : \1"),
)


def module(command: str) -> Any:
    """What does that command, imported. Raises ModuleNotFoundError for no command."""
    return import_module(_ELSEWHERE.get(command, f"releve.commands.{command}"))


class BadArguments(UsageError):
    pass


class Interrupted(PersonNeeded):
    """Ctrl-C, or Ctrl-D in answer to a question."""


class Unforeseen(ReleveError):
    """A fault of ours, or of this machine. The text names its place, for the maintainers: no
    traceback reaches the operator.
    """

    @classmethod
    def of(cls, error: Exception, command: str) -> Unforeseen:
        """6 when a reset may have been begun, 5 for every other command."""
        from releve.base.secret import scrub

        trace = error.__traceback__
        while trace and trace.tb_next:
            trace = trace.tb_next
        file = Path(trace.tb_frame.f_code.co_filename).name if trace else ""
        place = f", {file} ligne {trace.tb_lineno}" if trace else ""
        found = cls(what=scrub(" ".join(f"{type(error).__name__} : {error}".split())[:300]) + place)
        found.code = 6 if command in CHANGING else 5
        return found


class _Formatter(argparse.RawDescriptionHelpFormatter):
    def add_usage(
        self, usage: str | None, actions: Any, groups: Any, prefix: str | None = None
    ) -> None:
        super().add_usage(usage, actions, groups, "Utilisation : ")

    def start_section(self, heading: str | None) -> None:
        super().start_section(heading and f"{heading} ")


class Parser(argparse.ArgumentParser):
    """argparse in French; the arguments of `command` are added when it is the one asked for."""

    def __init__(self, prog: str, command: str = "", **kwargs: Any) -> None:
        super().__init__(
            prog, add_help=False, formatter_class=_Formatter, allow_abbrev=False, **kwargs
        )
        self._command = command
        self._positionals.title, self._optionals.title = "Arguments", "Options"
        self.add_argument("-h", "--help", action="help", help="afficher cette aide")
        self.add_argument(
            "--settings",
            metavar="FICHIER",
            default=argparse.SUPPRESS,
            help="fichier de réglages TOML",
        )
        self.add_argument(
            "--outputs", metavar="DOSSIER", default=argparse.SUPPRESS, help="dossier des rotations"
        )
        self.add_argument(
            "--json",
            action="store_true",
            default=argparse.SUPPRESS,
            help="résultat en JSON sur la sortie standard",
        )

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if self._command:
            module(self._command).add_arguments(self)
            self._command = ""
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        for english, french in _FRENCH:
            message = re.sub(english, french, message)
        raise BadArguments(message=message, prog=self.prog, usage=self.format_usage())


def parser() -> Parser:
    """The whole command line, each command's own arguments left for later."""
    text = "Relève : le mot de passe du compte technique Chorus Pro, renouvelé pas à pas."
    top = Parser(prog="releve", description=text, epilog=EPILOGUE)
    top.add_argument(
        "--version",
        action="version",
        version=f"releve {version('releve')}",
        help="afficher la version",
    )
    commands = top.add_subparsers(
        dest="command", metavar="COMMANDE", required=True, title="Commandes", prog="releve"
    )
    for name, text in COMMANDS.items():
        commands.add_parser(name, command=name, help=text, description=text.capitalize() + ".")
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code. No traceback reaches the operator."""
    code = _run(argv)
    typed = os.environ.get("RELEVE_TYPED")
    if typed and code not in (0, 3):
        print(f"(Ici, « releve » se tape « {typed} ».)", file=sys.stderr)
    return code


def _run(argv: Sequence[str] | None) -> int:
    if isinstance(sys.stdout, io.TextIOWrapper):
        # a file on Windows is in cp1252, which lacks an arrow
        sys.stdout.reconfigure(errors="replace")
    given = sys.argv[1:] if argv is None else argv
    args = argparse.Namespace(settings=None, outputs=None, json="--json" in given, command="")
    try:
        args = parser().parse_args(argv, args)
        if args.json and isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")  # as JSON is (RFC 8259)
        failed = _finish_left_over(args) if args.command in FINISHING else 0
        command = module(args.command).main
        return _told_with_damage(command, args) if failed else int(command(args))
    except ReleveError as error:
        if isinstance(error, BadArguments) and not args.json:
            print(error.facts["usage"], end="", file=sys.stderr)
        return fail(error, args.json)
    except (KeyboardInterrupt, EOFError):
        print(file=sys.stderr)
        return fail(Interrupted(), args.json)
    except BrokenPipeError:
        return 0
    except Exception as error:
        return fail(Unforeseen.of(error, args.command), args.json)


def _told_with_damage(
    command: Callable[[argparse.Namespace], int], args: argparse.Namespace
) -> int:
    """Run a command where a left-over record could not be sealed: what it calls done, or nothing to
    do, is 7, and its document under --json says so too.
    """
    said = io.StringIO()
    with redirect_stdout(said) if args.json else nullcontext():
        code = int(command(args))
    told = said.getvalue()
    if code not in (0, 3):
        print(told, end="")
        return code
    try:
        print(json.dumps(json.loads(told) | {"code": 7}, ensure_ascii=False))
    except ValueError:  # no document: not under --json, or `lab`, which serves
        print(told, end="")
    return 7


def _finish_left_over(args: argparse.Namespace) -> int:
    """Seal the records that an ended process left unsealed (plain papermill, a kill); how many
    could not be.
    """
    if getattr(args, "folder", None):  # an auditor's check of named folders writes nothing
        return 0
    from releve.base.settings import load
    from releve.record.seal import finish_left_over
    from releve.vault.keystore import open_keystore

    with suppress(ReleveError):  # bad settings, no keyring: the command itself tells it
        settings = load(args.settings, args.outputs)
        left = finish_left_over(settings, open_keystore(settings))
        for line in (*left.told, *(error.text for error in left.faults)):
            print(line, file=sys.stderr)
        return len(left.faults)
    return 0
