"""Folders of sealed records, as many as a bench wants: each with its own journal, signed statement
and signed line of the register.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from releve.base.siret import luhn
from releve.decision import events as ev
from releve.decision import journal as j
from releve.decision.line import written
from releve.record.contents import CAPTURES, STATEMENT
from releve.record.folder import RecordFolder
from releve.record.register import FILE_NAME, FIRST, SIGNERS, digest
from releve.record.statement import SIGNER, seal_bytes, statement
from releve.vault import keys
from securesystemslib.signer import CryptoSigner

LINES = 34  # of a demonstration's journal
YEARS = timedelta(days=700)


def sirets(count: int) -> list[str]:
    """As many SIRET that pass the check."""
    stems = (f"2199{number:09}" for number in range(count))
    codes = ([f"{stem}{digit}" for digit in range(10)] for stem in stems)
    return [next(code for code in ten if luhn(code)) for ten in codes]


def account(siret: str) -> str:
    """The technical account of that structure."""
    return f"TECH_1_{siret}@cpro.fr"


def make(
    outputs: Path,
    structures: Sequence[str],
    count: int,
    fill: Callable[[Path], None] = lambda folder: None,
) -> CryptoSigner:
    """`count` records over the last two years, the oldest first, and their register, signed by the
    key that is returned. `fill` puts more files in a record's folder.
    """
    signer, lines = _signer(), list[bytes]()
    (outputs / SIGNERS).mkdir(parents=True)
    public = outputs / SIGNERS / f"{signer.public_key.keyid}.pem"
    public.write_bytes(keys.public_pem(signer.public_key))
    start = datetime.now(UTC).replace(microsecond=0) - YEARS
    for number in range(count):
        siret, when = structures[number % len(structures)], start + number * YEARS / count
        folder = _record(outputs, siret, when, f"{number:08x}")
        (folder.path / SIGNER).hardlink_to(public)
        fill(folder.path)
        content = seal_bytes(statement(folder), signer)
        (folder.path / STATEMENT).write_bytes(content)
        lines.append(_line(folder, content, when, lines, signer))
    (outputs / FILE_NAME).write_bytes(b"".join(line + b"\n" for line in lines))
    return signer


def _signer() -> CryptoSigner:
    private = Ed25519PrivateKey.generate()
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return CryptoSigner(private, keys.read_public_key(pem))


def _record(outputs: Path, siret: str, when: datetime, run: str) -> RecordFolder:
    folder = RecordFolder(outputs / f"{when:%Y-%m-%d_%H%M%S}_{siret}_{run}", siret, run)
    (folder.path / CAPTURES).mkdir(parents=True)
    (folder.path / j.FILE_NAME).write_text(_journal(siret, run, when), encoding="utf-8")
    return folder


def _journal(siret: str, run: str, when: datetime) -> str:
    opened = ev.RotationOpened(
        siret, f"Commune {siret}", account(siret), "gestionnaire", ("school:1",), school=True
    )
    told = "un écran de plus est passé, et voici ce qui y a été vu"
    step = ev.StepDone("automatic", told, "05-structure.png", 0.4)
    ending: list[ev.Event] = [ev.GateGiven("cible", "approve"), ev.ResetIntended(1)]
    ending += [ev.PendingStored(1, compared="equal")]
    ending += [ev.TargetEntered("school:1", "automatic", "equal")]
    ending += [ev.ProofGiven("none"), ev.RotationClosed("succeeded", "none")]
    started = ev.RunStarted("poste", 1, False)
    events = [opened, started, *[step] * (LINES - 2 - len(ending)), *ending]
    entries = [
        ev.Entry((when + timedelta(milliseconds=at)).isoformat(), run, "", "a@b", event)
        for at, event in enumerate(events)
    ]
    return "".join(json.dumps(written(entry), ensure_ascii=False) + "\n" for entry in entries)


def _line(
    folder: RecordFolder, content: bytes, when: datetime, before: list[bytes], signer: CryptoSigner
) -> bytes:
    sealed = (when + timedelta(seconds=1)).isoformat(timespec="seconds")
    line: dict[str, Any] = {
        "v": 2, "n": len(before) + 1, "time": sealed,
        "previous": digest(before[-1]) if before else FIRST, "kind": "record",
        "record": folder.path.name, "run": folder.run, "structure": folder.siret,
        "account": account(folder.siret), "training": True, "outcome": "succeeded",
        "signer": signer.public_key.keyid, "statement": hashlib.sha256(content).hexdigest(),
    }  # fmt: skip
    signature = bytes.fromhex(signer.sign(rfc8785.dumps(line)).signature)
    return rfc8785.dumps(line | {"signature": base64.b64encode(signature).decode()})
