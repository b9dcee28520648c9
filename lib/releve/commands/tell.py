"""How a command tells what it found, or an error: in French for a person, in JSON for a program.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from typing import Any

from releve.base.errors import PersonNeeded, ReleveError
from releve.base.terminal import at_terminal


class NotAgreed(PersonNeeded):
    pass


def agreed(lines: Iterable[str], question: str, *, yes: bool) -> None:
    """Show what it is about, and ask. Raises `NotAgreed`."""
    for line in lines:
        print(line, file=sys.stderr)
    if yes:
        return
    if not at_terminal(sys.stdin):
        raise NotAgreed
    print(f"{question} (oui/non) ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() != "oui":
        raise NotAgreed


def answer(args: argparse.Namespace, told: dict[str, Any], lines: Iterable[str]) -> int:
    """What a command found, as its only document (`--json`) or line by line; returns its code."""
    if args.json:
        lines = [json.dumps(told, ensure_ascii=False)]
    for line in lines:
        print(line)
    return int(told["code"])


def fail(error: ReleveError, as_json: bool) -> int:
    """Tell an error, as the only document of the command; returns its code."""
    if as_json:
        print(json.dumps(failure(error), ensure_ascii=False))
    else:
        print(error.text, file=sys.stderr)
    return error.code


def failure(error: ReleveError) -> dict[str, object]:
    """An error as `--json` gives it."""
    return {"code": error.code, "error": type(error).__name__, "text": error.text}
