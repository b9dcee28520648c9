"""The keyring's contract, held by Windows' Credential Manager; and by two programs at once."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

import keyring
import pytest
from keyring.backends.Windows import WinVaultKeyring
from releve.base.secret import Secret
from releve.vault.entry import KeyringError
from releve.vault.keystore import Keystore, open_keystore
from releve.vault.slots import Held, Slot
from test_keystore import ACCOUNT, KeystoreContract

SERVICES = [f"releve/{name}" for name in ("portal", "otp", "piste", *Slot)]
SPELLED = "tech_9_1@cpro.fr"
RACERS = [f"RACE_{who}_{number}@x" for who in "AB" for number in range(75)]
USERS = ["x", "y", SPELLED, ACCOUNT, *(f"TECH_{n}_1@cpro.fr" for n in range(10))]
RACE = """
import sys, time
from releve.base.secret import Secret
from releve.vault.keystore import open_keystore
from releve.vault.slots import Slot
while time.time() < float(sys.argv[2]):
    time.sleep(0.01)
for number in range(75):
    slots = open_keystore().slots(f"RACE_{sys.argv[1]}_{number}@x")
    try:
        slots.write(Slot.PENDING, Secret(f"made up {number}"), "run")
    except Exception as error:
        print(number, type(error).__name__, error)
"""


def wipe(vault: WinVaultKeyring) -> None:
    for service in SERVICES:
        for user in (*USERS, *RACERS):
            with suppress(keyring.errors.PasswordDeleteError):
                vault.delete_password(service, user)


@pytest.fixture
def vault() -> Iterator[WinVaultKeyring]:
    """As keyring itself writes it, empty of what tests write."""
    found = WinVaultKeyring()
    wipe(found)
    yield found
    wipe(found)


@pytest.fixture
def opened(vault: WinVaultKeyring, monkeypatch: pytest.MonkeyPatch) -> Iterator[Keystore]:
    before = keyring.get_keyring()
    keyring.set_keyring(vault)
    yield open_keystore()
    keyring.set_keyring(before)


class TestCredentialManager(KeystoreContract):
    @pytest.fixture
    def store(self, opened: Keystore) -> Keystore:
        return opened

    @pytest.fixture
    def lock(self) -> None:
        pytest.skip("Windows locks a session's credentials with the session, not by themselves")

    @pytest.fixture
    def stop(self) -> None:
        pytest.skip("the Credential Manager is no service that could be stopped here")


def test_two_programs_at_once_lose_nothing(opened: Keystore) -> None:
    """150 accounts written by two processes: each entry is there, and no write failed."""
    start = str(time.time() + 5)
    both = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, who, start], stdout=subprocess.PIPE, text=True
        )
        for who in "AB"
    ]
    assert ["", ""] == [each.communicate(timeout=120)[0] for each in both]
    held = {user: opened.slots(user).read(Slot.PENDING) for user in RACERS}
    assert [] == [user for user, each in held.items() if each is None]


def test_an_older_spelling_is_replaced_by_the_usual_one(opened: Keystore) -> None:
    """Windows finds a name whatever its case: what is written now is not taken for the older one,
    whose end would fail.
    """
    old = Held(Secret("old"), "run").to_json()
    opened.entry(Slot.PENDING, SPELLED).set_text(old)
    slots = opened.slots(SPELLED)
    assert "old" == slots.require(Slot.PENDING, "run").reveal()
    slots.write(Slot.PENDING, Secret("new"), "run")
    assert "new" == slots.require(Slot.PENDING, "run").reveal()
    slots.clear(Slot.PENDING, "run")
    assert None is slots.read(Slot.PENDING)


def test_what_keyring_itself_wrote_is_read_and_replaced_in_place(
    opened: Keystore, vault: WinVaultKeyring
) -> None:
    """An entry from before, or from the `keyring` program: one value, the newest, for both."""
    for user in ("y", "x"):  # the last one keeps the service's own name
        vault.set_password("releve/portal", user, f"old of {user}")
    for user in ("x", "y"):
        entry = opened.portal_password(user)
        assert f"old of {user}" == entry.require().reveal()
        entry.set(Secret(f"new of {user}"))
    assert ["new of x", "new of y"] == [vault.get_password("releve/portal", u) for u in "xy"]
    assert opened.portal_password("x").delete()
    assert (None, "new of y") == tuple(vault.get_password("releve/portal", u) for u in "xy")


def test_what_is_too_long_is_refused_and_the_value_before_stands(opened: Keystore) -> None:
    """An entry holds 2,560 bytes: 1,280 characters (CRED_MAX_CREDENTIAL_BLOB_SIZE)."""
    entry = opened.portal_password("x")
    longest = Secret("é" * 1280)
    entry.set(longest)
    with pytest.raises(KeyringError):
        entry.set(Secret("é" * 1281))
    assert longest == entry.require()


def test_entries_stay_on_this_machine(opened: Keystore, vault: WinVaultKeyring) -> None:
    """keyring's own would roam with a domain's profile (CRED_PERSIST_ENTERPRISE, 3)."""
    opened.portal_password("x").set(Secret("made up"))
    found = vault._read_credential("x@releve/portal")  # type: ignore[no-untyped-call]
    assert 2 == found["Persist"]  # CRED_PERSIST_LOCAL_MACHINE
