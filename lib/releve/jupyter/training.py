"""« S'entraîner » : a school and a throw-away keyring, alive as long as the home page's kernel."""

from __future__ import annotations

import atexit
import random
import secrets
import tempfile
from contextlib import ExitStack
from pathlib import Path

from releve.base.settings import load
from releve.commands.demo import LOGIN, SIRET, fill, settings_text
from releve.jupyter import TRAINING, state
from releve.jupyter.copy import dated_copy
from releve.record.folder import RecordFolder
from releve.school import Faults, SchoolThread, World
from releve.vault.keystore import open_keystore


class Training:
    """A portal, a Corail and a keyring to practise on; records go to a folder of their own."""

    def __init__(self, outputs: Path) -> None:
        self._stack = ExitStack()
        atexit.register(self._stack.close)
        account = f"TECH_1_{random.randrange(10**7, 10**8)}@cpro.fr"
        world = World(password=secrets.token_urlsafe(12), login=LOGIN, demo_account=account)
        (state() / TRAINING).mkdir(parents=True, exist_ok=True)
        place = tempfile.TemporaryDirectory(dir=state() / TRAINING)
        faults = Faults.parse(["slash_in_first=1", "first_visit_form=1"])
        path = Path(self._stack.enter_context(place), "releve.toml")
        school = self._stack.enter_context(SchoolThread(world, faults))
        text = settings_text(school, world, account, practice=True)
        path.write_text(text, encoding="utf-8")
        self.settings = load(path, outputs)
        fill(open_keystore(self.settings), world, account)

    def copy(self) -> RecordFolder:
        """A dated copy for the made-up structure."""
        return dated_copy(self.settings, SIRET)
