"""The seal: when a rotation ends, its folder is searched, described by a statement, and entered in
the register.

`record.json` is an in-toto Statement (v1): its subjects are the files with their SHA-256, its
predicate says who, what, when and how. Everything here may be done again: a record that was killed
half-way is finished by the next command.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from filelock import Timeout

from releve.base.disk import write_atomically
from releve.base.errors import ReleveError
from releve.base.settings import Settings, models
from releve.decision import events as ev
from releve.decision import journal as j
from releve.record import search, timestamp
from releve.record.comparison import sameness
from releve.record.folder import (
    CAPTURES,
    NOTEBOOK,
    RecordFolder,
    all_records,
    is_closed,
    opened,
    outcome,
)
from releve.record.page import write_page
from releve.record.register import NotSealed, Register
from releve.record.view import Passage, RecordView, view
from releve.vault.keystore import Keystore

STATEMENT = "record.json"
TYPE, PREDICATE = "https://in-toto.io/Statement/v1", "urn:releve:rotation:v1"


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class Contents:
    """What stands in a record but the statement, by its path in the folder with `/`: the plain
    `files`, and what is none.

    `odd`: a link (what it shows lies elsewhere), an empty folder but the pictures', a device, a
    name that is no text.
    """

    files: list[str]
    odd: list[str]


def contents(folder: Path) -> Contents:
    """Everything below `folder`, in order; no link is followed."""
    found = list(_walk(folder))
    odd = (name.encode("utf-8", "backslashreplace").decode() for name, plain in found if not plain)
    return Contents(sorted({name for name, plain in found if plain} - {STATEMENT}), sorted(odd))


def _walk(folder: Path | str, here: str = "") -> Iterator[tuple[str, bool]]:
    """Each file's path from the record on, and whether it is a plain one; an empty folder's, with
    `/`.
    """
    with os.scandir(folder) as listed:
        entries = list(listed)
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, f"{here}{entry.name}/")
        else:
            is_text = entry.name.encode("utf-8", "replace").decode() == entry.name
            yield here + entry.name, is_text and entry.is_file(follow_symlinks=False)
    if not entries and here not in ("", f"{CAPTURES}/"):
        yield here, False


def statement(folder: RecordFolder) -> dict[str, Any]:
    """What `record.json` says. Raises `JournalUnreadable`, OSError."""
    subjects = [
        {"name": name, "digest": {"sha256": sha256(folder.path / name)}}
        for name in contents(folder.path).files
    ]
    return {
        "_type": TYPE,
        "subject": subjects,
        "predicateType": PREDICATE,
        "predicate": predicate(folder),
    }


def predicate(folder: RecordFolder) -> dict[str, Any]:
    """Who, what, when, how: facts and codes as the journal has them."""
    entries = folder.entries(pass_over_damage=True)
    told = view(entries, {})
    start = told.opened
    return {
        "record": folder.path.name,
        "run": folder.run,
        "kind": "rehearsal" if start.rehearsal else "rotation",
        "training": start.school,
        "outcome": told.outcome,
        "structure": {"siret": start.structure, "name": start.name},
        "account": start.account,
        "actors": told.actors,
        "hosts": told.hosts,
        "began": entries[0].time if entries else "",
        "ended": entries[-1].time if entries else "",
        "next_due": str(told.next_due),
        "route": next(
            (e.event.route for e in entries if isinstance(e.event, ev.RouteChosen)), start.route
        ),
        "steps": _steps(told),
        "gates": [
            {"time": line.entry.time, "actor": line.entry.actor} | asdict(line.entry.event)
            for line in told.gates
        ],
        "resets": [{"attempt": attempt, "state": state} for attempt, state in told.resets],
        "rejected": [
            {"time": line.entry.time} | asdict(line.entry.event) for line in told.rejected
        ],
        "targets": [{"name": t.name, "state": t.state, "mode": t.mode} for t in told.targets],
        "proof": (
            {"actor": told.proof.entry.actor, "time": told.proof.entry.time}
            | asdict(told.proof.entry.event)
            if told.proof
            else None
        ),
        "sameness": sameness(entries),
        "problems": [{"step": p.step, "name": p.name, "text": p.text} for p in told.problems],
        "timestamp": (
            "asked" if start.timestamp else "none"
        ),  # the seal comes first: `timestamps/` holds what was answered
        "versions": told.versions,
        **cells(folder.path),
    }


def _steps(told: RecordView) -> list[dict[str, Any]]:
    return [
        {
            "id": item.step.id,
            "number": item.step.number,
            "title": item.step.title,
            "passages": [_passage(p) for p in item.passages],
        }
        for item in told.steps
    ]


def _passage(passage: Passage) -> dict[str, Any]:
    when = passage.when.isoformat(timespec="milliseconds")
    return {
        "time": when,
        "mode": passage.mode,
        "seconds": passage.seconds,
        "capture": passage.capture,
    }


def cells(folder: Path) -> dict[str, Any]:
    """The source of every cell of the executed notebook by its hash, and whether it differs from
    the model's cell of the same id.
    """
    model = {cell["id"]: _source(cell) for cell in _notebook(_model())}
    found = []
    for number, cell in enumerate(_notebook(folder / NOTEBOOK), 1):
        name, source = str(cell.get("id", "")), _source(cell)
        state = "added" if name not in model else "same" if model[name] == source else "changed"
        tags = cell.get("metadata", {}).get("tags", [])
        found.append(
            {
                "number": number,
                "id": name,
                "type": cell["cell_type"],
                "tags": tags,
                "source": source,
                "model": state,
            }
        )
    missing = sorted(set(model) - {cell["id"] for cell in found}) if found else []
    return {"model": model_hash(), "cells": found, "cells_missing": missing}


def _model() -> Path:
    return models() / NOTEBOOK


def model_hash() -> str:
    """The SHA-256 of the model notebook; "" when there is none."""
    return sha256(_model()) if _model().exists() else ""


def _notebook(path: Path) -> list[dict[str, Any]]:
    with suppress(OSError, ValueError, KeyError):
        read: list[dict[str, Any]] = json.loads(path.read_bytes())["cells"]
        return read
    return []


def _source(cell: dict[str, Any]) -> str:
    return hashlib.sha256("".join(cell["source"]).encode()).hexdigest()


def finish(folder: RecordFolder, settings: Settings, keystore: Keystore) -> RecordFolder:
    """Seal an ended rotation's record: page, search, statement, register, timestamp. One still open
    only gets its page.

    Raises `SecretFound` (then the folder was renamed), `RegisterDamaged`, `NotSealed`,
    `PageUnwritable`. Safe to repeat.
    """
    entries = folder.entries(pass_over_damage=True)
    register, start = Register(settings.record.folder, keystore), opened(entries)
    if start is None or not is_closed(entries):
        write_page(folder.path)
        return folder
    if folder.path.name not in register.records():
        try:
            _seal(folder, start, register, settings, keystore)
        except OSError as error:
            raise NotSealed(
                path=error.filename or folder.path, why=error.strerror or type(error).__name__
            ) from error
    timestamp.catch_up(register, settings.record.timestamp_url)
    return folder


def _seal(
    folder: RecordFolder,
    start: ev.RotationOpened,
    register: Register,
    settings: Settings,
    keystore: Keystore,
) -> None:
    search.learn(keystore, settings, start.account)
    with suppress(j.JournalUnreadable):  # a damaged journal has no page, and is sealed as it is
        write_page(folder.path)
    told = folder.entries(pass_over_damage=True)
    entry: dict[str, Any] = {
        "record": folder.path.name, "run": folder.run, "structure": start.structure, "account": start.account,
        "training": start.school, "outcome": outcome(told),
    }  # fmt: skip
    if start.timestamp:
        entry["timestamp"] = "asked"
    path = folder.path / STATEMENT
    with (
        folder.saving()
    ):  # JupyterLab saves when it likes: from the statement on, what is sealed stays as it is
        if found := search.search(folder.path):
            error = search.quarantine(folder, found)
            register.append(entry | {"kind": "quarantine"})
            raise error
        write_atomically(
            path, json.dumps(statement(folder), ensure_ascii=False, indent=1).encode() + b"\n"
        )
    register.append(entry | {"kind": "record", "statement": sha256(path)})


class LeftOver(NamedTuple):
    """What was sealed late, in French words for whoever is there, and what could not be."""

    told: list[str]
    faults: list[ReleveError]


def finish_left_over(settings: Settings, keystore: Keystore) -> LeftOver:
    """Seal what an ended process left unsealed, and timestamp what an authority could not. Cheap
    when nothing is left.
    """
    register, left = Register(settings.record.folder, keystore), LeftOver([], [])
    known = register.records()
    for folder in all_records(settings.record.folder):
        if folder.path.name in known or folder.quarantined:
            continue
        try:
            if is_closed(folder.entries(pass_over_damage=True)):
                with folder.writing():
                    finish(folder, settings, keystore)
                left.told.append(
                    f"Le dossier {folder.path.name} n'était pas achevé : il l'est maintenant."
                )
        except Timeout:
            continue
        except ReleveError as error:
            left.faults.append(error)
    timestamp.catch_up(register, settings.record.timestamp_url)
    return left
