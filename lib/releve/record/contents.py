"""What stands in a record's folder, file by file; no link is followed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

CAPTURES, STATEMENT = "captures", "record.json"
MOST, DEEPEST = 10_000, 8  # entries, folders: a record has some twenty, one deep


@dataclass(frozen=True)
class Contents:
    """What stands in a record but the statement, by its path in the folder with `/`: the plain
    `files`, and what is none.

    `odd`: a link (what it shows lies elsewhere), an empty folder but the pictures', a device, a
    name that is no text or holds control characters.
    """

    files: list[str]
    odd: list[str]


def contents(folder: Path) -> Contents:
    """Everything below `folder`, in order. Raises OSError, ValueError for more than any record."""
    found = list(islice(_walk(folder), MOST + 1))
    if len(found) > MOST:
        raise ValueError("more files than any record has")
    odd = (name.encode("utf-8", "backslashreplace").decode() for name, plain in found if not plain)
    return Contents(sorted({name for name, plain in found if plain} - {STATEMENT}), sorted(odd))


def _walk(folder: Path | str, here: str = "") -> Iterator[tuple[str, bool]]:
    """Each file's path from the record on, and whether it is a plain one; an empty folder's, with
    `/`.
    """
    with os.scandir(folder) as listed:
        entries = list(islice(listed, MOST + 1))
    for entry in entries:
        junction = getattr(entry, "is_junction", bool)  # Windows, from Python 3.12 on
        if entry.is_dir(follow_symlinks=False) and not junction() and here.count("/") < DEEPEST:
            yield from _walk(entry.path, f"{here}{entry.name}/")
        else:
            yield (
                here + entry.name,
                entry.name.isprintable() and entry.is_file(follow_symlinks=False),
            )
    if not entries and here not in ("", f"{CAPTURES}/"):
        yield here, False
