"""Sealed records made without a portal: a rotation's journal and files, then the real seal."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from releve.base.secret import Secret
from releve.base.settings import Settings, load
from releve.decision import events as ev
from releve.decision import journal as j
from releve.headless.run import model
from releve.record import seal
from releve.record.folder import RecordFolder
from releve.record.verify import verify
from releve.vault.keys import make_rotation_key
from releve.vault.keystore import Keystore
from releve.vault.slots import Slot

SIRET, ACCOUNT, LOGIN = "21990001600011", "TECH_1_12345678@cpro.fr", "xt012345"
PASSWORD = "m9\"\\<&'% Rw 83bK"
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
TOML = f"""
[portal]
login = "{LOGIN}"
browser = "/nowhere/no-browser"
[structures.{SIRET}]
name = "Commune d'Exemple"
technical_account = "{ACCOUNT}"
"""


def said(record: Path) -> dict[str, Any]:
    """The statement in a record's envelope."""
    envelope = json.loads((record / "record.json").read_bytes())
    statement: dict[str, Any] = json.loads(base64.b64decode(envelope["payload"]))
    return statement


@dataclass
class Office:
    """A folder of records with its settings and its keyring; `record` makes a sealed one."""

    outputs: Path
    keystore: Keystore
    more: str = ""

    @property
    def settings(self) -> Settings:
        """As the file says, read anew."""
        path = self.outputs.parent / "releve.toml"
        path.write_text(TOML + self.more, encoding="utf-8")
        return load(path, self.outputs)

    def folder(
        self,
        number: int = 1,
        ending: Sequence[ev.Event] = (ev.RotationClosed("succeeded", "none", "2027-11-30"),),
    ) -> RecordFolder:
        """An ended rotation's folder, not sealed yet."""
        run = f"{number:08x}"
        folder = RecordFolder(
            self.outputs / f"2026-11-{number % 28 + 1:02}_0912{number % 60:02}_{SIRET}_{run}",
            SIRET,
            run,
        )
        (folder.path / "captures").mkdir(parents=True)
        (folder.path / "captures" / "01-authentification.png").write_bytes(PIXEL)
        (folder.path / "rotation.ipynb").write_bytes(model().read_bytes())
        key = make_rotation_key(self.keystore, run)
        journal = j.Journal(folder.path, folder.run, "m.durand@mairie", key)
        for event in (*self._events(folder.run), *ending):
            journal.append(event)
        return folder

    def _events(self, run: str) -> list[ev.Event]:
        self.keystore.slots(ACCOUNT).write(
            Slot.PENDING, Secret(PASSWORD), f"{run}/1", replacing=self._holder()
        )
        return [
            ev.RotationOpened(
                SIRET,
                "Commune d'Exemple",
                ACCOUNT,
                "gestionnaire",
                (f"school:{SIRET}",),
                True,
                timestamp=bool(self.more),
            ),
            ev.RunStarted("mairie", 1, False),
            ev.StepDone("automatic", "connecté", "01-authentification.png", 1.0),
            ev.GateGiven("cible", "approve"),
            ev.ResetIntended(1),
            ev.PendingStored(1, compared="equal"),
            ev.TargetIntended(f"school:{SIRET}"),
            ev.TargetEntered(f"school:{SIRET}", "automatic", "equal"),
            ev.ProofGiven("none"),
        ]

    def _holder(self) -> str | None:
        return self.keystore.slots(ACCOUNT).filled().pending

    def record(self, number: int = 1) -> RecordFolder:
        """A sealed record."""
        return seal.finish(self.folder(number), self.settings, self.keystore)

    def kinds(self, keystore: Keystore | None = None) -> list[str]:
        """The codes of the faults that a check finds."""
        return [found.kind for found in verify(self.outputs, None, keystore).faults]

    def register(self) -> list[dict[str, object]]:
        """The register's entries."""
        return [
            json.loads(line) for line in (self.outputs / "register.jsonl").read_bytes().splitlines()
        ]
