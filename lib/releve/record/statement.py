"""What `record.json` says: an in-toto Statement (v1) in a DSSE envelope that the machine signs.

Its subjects are the files with their SHA-256; its predicate says who, what, when and how, as the
journal has it. `CORE` is what whoever checks a record computes anew from the journal. Version 0.1
wrote the statement alone, without an envelope.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from releve.base import disk
from releve.base.places import models
from releve.decision import events as ev
from releve.record.comparison import sameness
from releve.record.contents import contents
from releve.record.folder import NOTEBOOK, RecordFolder
from releve.record.view import Passage, RecordView, view

TYPE, PREDICATE = "https://in-toto.io/Statement/v1", "urn:releve:rotation:v1"
PAYLOAD = "application/vnd.in-toto+json"
SIGNER = "signer.pem"  # in the record: the public key that its signature is checked with
CORE = (
    "record", "run", "kind", "training", "outcome", "structure", "account",
    "actors", "hosts", "origins", "people",
    "began", "ended", "next_due", "resets", "proof", "sameness",
)  # fmt: skip


@dataclass(frozen=True)
class Sealed:
    """A `record.json` as read: the statement, and the envelope that it came in (None: version
    0.1)."""

    statement: dict[str, Any]
    envelope: Any

    @property
    def keyid(self) -> str:
        """The id of the key that signed; "" for none, or more than one."""
        ids = list(self.envelope.signatures) if self.envelope else []
        return ids[0] if len(ids) == 1 else ""


def seal_bytes(said: dict[str, Any], signer: Any) -> bytes:
    """`record.json` for that statement."""
    from securesystemslib.dsse import Envelope

    payload = json.dumps(said, ensure_ascii=False, indent=1).encode()
    envelope = Envelope(payload, PAYLOAD, {})
    envelope.sign(signer)
    return json.dumps(envelope.to_dict(), indent=1).encode() + b"\n"


def read_sealed(content: bytes) -> Sealed:
    """`record.json` read, its signature not checked. Raises ValueError."""
    from securesystemslib.dsse import Envelope

    try:
        read = json.loads(content)
        envelope = Envelope.from_dict(read) if "payloadType" in read else None
        if envelope and envelope.payload_type != PAYLOAD:
            raise ValueError("another payload")
        said = json.loads(envelope.payload) if envelope else read
        names = [each["name"] for each in said["subject"]]
        hashes = [each["digest"]["sha256"] for each in said["subject"]]
        plain = all(isinstance(each, str) for each in (*names, *hashes))
        if not plain or len(set(names)) != len(names) or not isinstance(said["predicate"], dict):
            raise ValueError("no statement")
        if (said["_type"], said["predicateType"]) != (TYPE, PREDICATE):
            raise ValueError("another statement")
    except Exception as error:  # securesystemslib has a format error of its own
        raise ValueError("no statement") from error
    return Sealed(said, envelope)


def statement(folder: RecordFolder) -> dict[str, Any]:
    """What the record says. Raises `JournalUnreadable`, OSError, ValueError."""
    subjects = [
        {"name": name, "digest": {"sha256": disk.sha256(folder.path / name)}}
        for name in contents(folder.path).files
    ]
    return {
        "_type": TYPE,
        "subject": subjects,
        "predicateType": PREDICATE,
        "predicate": predicate(folder),
    }


def core(folder: RecordFolder, entries: Sequence[ev.Entry], told: RecordView) -> dict[str, Any]:
    """The facts that anybody finds again in the journal."""
    start = told.opened
    return {
        "record": folder.path.name,
        "run": folder.run,
        "kind": "rehearsal" if start.rehearsal else "rotation",
        "training": told.training,
        "origins": [
            {"origin": each.origin, "site": str(each.site), "certificates": each.certificates}
            for each in told.origins
        ],
        "people": [asdict(who) for who in told.people],
        "outcome": told.outcome,
        "structure": {"siret": start.structure, "name": start.name},
        "account": start.account,
        "actors": list(told.actors),
        "hosts": list(told.hosts),
        "began": entries[0].time if entries else "",
        "ended": entries[-1].time if entries else "",
        "next_due": str(told.next_due),
        "resets": [{"attempt": attempt, "state": state} for attempt, state in told.resets],
        "proof": (
            {"actor": told.proof.entry.actor, "time": told.proof.entry.time}
            | asdict(told.proof.entry.event)
            if told.proof
            else None
        ),
        "sameness": sameness(entries),
    }


def untold(folder: RecordFolder, said: dict[str, Any]) -> list[str]:
    """The names of the facts that `said` has otherwise than the journal. Raises
    `JournalUnreadable`, ValueError.
    """
    entries = folder.entries(pass_over_damage=True)
    told = json.loads(json.dumps(core(folder, entries, view(entries, {}))))
    wrong = [name for name in CORE if said.get(name) != told[name]]
    ours = folder.siret == told["structure"]["siret"] and {folder.run} >= {e.run for e in entries}
    return wrong + ([] if ours else ["run"])


def predicate(folder: RecordFolder) -> dict[str, Any]:
    """Who, what, when, how: facts and codes as the journal has them."""
    entries = folder.entries(pass_over_damage=True)
    told = view(entries, {})
    start = told.opened
    return core(folder, entries, told) | {
        "route": told.route,
        "steps": _steps(told),
        "gates": [
            {"time": line.entry.time, "actor": line.entry.actor} | asdict(line.entry.event)
            for line in told.gates
        ],
        "adopted": [
            {"time": e.time, "actor": e.actor, "whose": e.event.whose}
            for e in entries
            if isinstance(e.event, ev.RotationAdopted)
        ],
        "rejected": [{"time": e.entry.time} | asdict(e.entry.event) for e in told.rejected],
        "targets": [{"name": t.name, "state": t.state, "mode": t.mode} for t in told.targets],
        "problems": [{"step": p.step, "name": p.name, "text": p.text} for p in told.problems],
        # the seal comes first: `timestamps/` holds what was answered
        "timestamp": "asked" if start.timestamp else "none",
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
    return {"time": when} | {key: getattr(passage, key) for key in ("mode", "seconds", "capture")}


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
        known = {"number": number, "id": name, "type": cell["cell_type"], "tags": tags}
        found.append(known | {"source": source, "model": state})
    missing = sorted(set(model) - {cell["id"] for cell in found}) if found else []
    return {"model": model_hash(), "cells": found, "cells_missing": missing}


def _model() -> Path:
    return models() / NOTEBOOK


def model_hash() -> str:
    """The SHA-256 of the model notebook; "" when there is none."""
    return disk.sha256(_model()) if _model().exists() else ""


def _notebook(path: Path) -> list[dict[str, Any]]:
    with suppress(OSError, ValueError, KeyError, TypeError):
        read: list[dict[str, Any]] = json.loads(disk.read(path))["cells"]
        return read
    return []


def _source(cell: dict[str, Any]) -> str:
    return hashlib.sha256("".join(cell["source"]).encode()).hexdigest()
