"""A school with many structures, the settings that list them, and ways to run a fleet there: for
tests and benches.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from fixtures_keyring import ThrowawayKeyring
from fixtures_rotation import command_line
from releve.base.secret import Secret
from releve.base.settings import Settings, load
from releve.decision import events as ev
from releve.decision import journal as j
from releve.headless.fleet import Fleet
from releve.planning.tour import Tour
from releve.record.history import Past, history
from releve.school import Faults, SchoolThread, World
from releve.vault.slots import Slot

LONG_AGO = date.today() - timedelta(days=400)
LOGIN, PASSWORD = "xt012345", "Entrainement-2026&<é>"


@dataclass
class FleetScene:
    """`sirets` are in the settings, in their order, each with an account of its own."""

    school: SchoolThread
    keyring: ThrowawayKeyring
    folder: Path
    sirets: list[str]
    policy: dict[str, object] = field(default_factory=lambda: {"unproven": True, "max_resets": 100})
    timeout_seconds: float = 20
    piste: bool = False  # the settings name the school's API, whose secret is in the keyring

    @property
    def world(self) -> World:
        return self.school.world

    @property
    def outputs(self) -> Path:
        return self.folder / "outputs"

    def account(self, siret: str) -> str:
        """The technical account that the settings name for a structure."""
        return self.world.structures[siret].accounts[0]

    def write(self) -> Path:
        """The settings file, anew."""
        urls = self.school.urls
        origins = [*urls.origins, urls.corail, *[urls.piste] * self.piste]
        lines = [
            f'[portal]\nurl = "{urls.portal}"\nlogin = "{LOGIN}"\norigins = {json.dumps(origins)}'
        ]
        lines += [f"timeout_seconds = {self.timeout_seconds}", "[policy]"]
        lines += [f"{key} = {json.dumps(value)}" for key, value in self.policy.items()]
        lines += [f'[school]\ncorail_url = "{urls.corail}/"\ncontrol_url = "{urls.control}"']
        if self.piste:
            known = self.world.piste
            lines.append(
                f'[piste]\nclient_id = "{known.client_id}"\ntoken_url = "{urls.token_url}"\n'
                f'api_url = "{urls.api_url}"'
            )
            secret = self.keyring.keystore().piste_secret(known.client_id)
            secret.set(Secret(known.client_secret))
        for siret in self.sirets:
            name = json.dumps(self.world.structures[siret].name, ensure_ascii=False)
            lines += [
                f"[structures.{siret}]\nname = {name}\ntechnical_account ="
                f' "{self.account(siret)}"\ntargets = ["school"]\nlast_rotation = {LONG_AGO}'
            ]
            if (login := self.world.structures[siret].manager) != LOGIN:
                lines.append(f'login = "{login}"')
        path = self.folder / "releve.toml"
        path.write_text("\n".join(lines), encoding="utf-8")
        return path

    def settings(self) -> Settings:
        return load(self.write(), self.outputs)

    def run(self, *sirets: str, approve: bool = True, workers: int = 0) -> Tour:
        """A fleet of this process, with its workers."""
        settings = self.settings()
        return Fleet(settings, approve=approve, workers=workers).run(
            [settings.structure(siret) for siret in sirets or self.sirets]
        )

    def command(self, *args: str) -> list[str]:
        return command_line(self.write(), self.outputs, *args)

    def start(self, *args: str) -> subprocess.Popen[str]:
        """The command line in a process of its own, without a terminal."""
        environment = dict(os.environ)
        pipe = subprocess.PIPE
        return subprocess.Popen(
            self.command(*args),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=pipe,
            stderr=pipe,
            text=True,
        )

    def past(self) -> list[Past]:
        return history(self.outputs)

    def resets(self) -> dict[str, int]:
        """How many resets the portal counted, by SIRET of the settings."""
        return {siret: self.world.resets(self.account(siret)) for siret in self.sirets}

    def logins(self) -> int:
        return self.world.ledger.count("login")

    def agree(self, siret: str) -> bool:
        """Whether portal, keyring and Corail hold one and the same password."""
        held = self.keyring.keystore().slots(self.account(siret)).read(Slot.CURRENT)
        here = self.world.accounts[self.account(siret)].password
        return (
            held is not None and held.password.reveal() == here and self.world.corail_matches(siret)
        )

    def events(self, siret: str) -> list[ev.Event]:
        """All events of all records of a structure."""
        found = sorted(self.outputs.glob(f"*_{siret}_*/{j.FILE_NAME}"))
        return [entry.event for path in found for entry in j.read(path)]


@contextmanager
def fleet_scene(
    folder: Path, structures: int, latency_ms: int = 0, managers: int = 1
) -> Iterator[FleetScene]:
    """A school with that many structures, all in the settings, shared by so many managers."""
    world = World(seed=7, password=PASSWORD, login=LOGIN, structures=structures, managers=managers)
    folder.mkdir(parents=True, exist_ok=True)
    before = dict(os.environ)
    with SchoolThread(world, Faults(latency_ms=latency_ms)) as school:
        keyring = ThrowawayKeyring(school)
        os.environ.pop("RELEVE_SETTINGS", None)
        for manager in world.managers.values():
            kept = keyring.keystore().portal_password(manager.login)
            kept.set(Secret(manager.password))
        try:
            yield FleetScene(school, keyring, folder, list(world.structures)[:structures])
        finally:
            os.environ.clear()
            os.environ.update(before)
