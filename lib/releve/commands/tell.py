"""How a command tells an error: in French for a person, in JSON for a program."""

from __future__ import annotations

import json
import sys

from releve.base.errors import ReleveError


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
