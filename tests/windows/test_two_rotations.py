"""Two whole rotations at once, each in its own program, on this session's Credential Manager."""

from __future__ import annotations

import re
import subprocess
from contextlib import suppress
from pathlib import Path

import keyring
import pytest
from fixtures_rotation import command_line
from fleet_scene import LOGIN, PASSWORD, fleet_scene
from keyring.backends.Windows import WinVaultKeyring
from releve.base.secret import Secret
from releve.vault.keystore import open_keystore
from releve.vault.slots import Slot


@pytest.mark.timeout(900)
def test_two_rotations_at_once_each_keep_their_own(tmp_path: Path) -> None:
    """Neither is lost, nor in the other's entry: portal, keyring and Corail agree on both."""
    with fleet_scene(tmp_path, 2, managers=2) as scene:
        path = scene.write()  # the school's own keyring is not the one to be tried
        told = re.sub(r"^control_url.*$", "", path.read_text("utf-8"), flags=re.MULTILINE)
        path.write_text(told, "utf-8")
        store = open_keystore()
        logins = [(LOGIN, PASSWORD)]
        logins += [(each.login, each.password) for each in scene.world.managers.values()]
        for login, password in logins:
            store.portal_password(login).set(Secret(password))
            store.bound_origins(login).delete()  # an earlier school's, on another port
        ends = [
            subprocess.Popen(
                command_line(path, scene.outputs, "rotate", siret, "--yes", "--json"),
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )
            for siret in scene.sirets
        ]  # fmt: skip
        said = [each.communicate(timeout=600)[0].decode("utf-8", "replace") for each in ends]
        try:
            assert [0, 0] == [each.returncode for each in ends], said
            for siret in scene.sirets:
                held = store.slots(scene.account(siret)).read(Slot.CURRENT)
                assert held is not None
                assert scene.world.accounts[scene.account(siret)].password == held.password.reveal()
                assert scene.world.corail_matches(siret)
            assert [1, 1] == list(scene.resets().values())
        finally:
            vault = WinVaultKeyring()
            for service in (f"releve/{slot}" for slot in Slot):
                for siret in scene.sirets:
                    with suppress(keyring.errors.PasswordDeleteError):
                        vault.delete_password(service, scene.account(siret))
