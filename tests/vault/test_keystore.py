"""The keyring: one contract for every backend, each of its failures, and promotion killed
everywhere.
"""

from __future__ import annotations

import asyncio
import os
import signal
import string
import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import keyring
import pytest
from fixtures_keyring import Session, ThrowawayKeyring
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keyring.backend import KeyringBackend
from keyring.backends import chainer, fail, null
from keyring.backends.Windows import WinVaultKeyring
from keyring.errors import InitError
from releve.base.secret import Secret
from releve.decision.facts import SlotsView
from releve.vault.credential_manager import CredentialManager
from releve.vault.entry import (
    CredentialMissing,
    KeyringEntryVanished,
    KeyringLocked,
    KeyringMismatch,
    KeyringMissing,
    KeyringUnavailable,
    KeyringWriteRefused,
)
from releve.vault.keystore import Keystore, open_keystore
from releve.vault.made_up import MadeUpBackend
from releve.vault.slots import Held, Slot, SlotHeldByAnotherRun, Slots, SlotUnreadable

PRINTABLE = "".join(chr(code) for code in range(32, 127))
ACCOUNT = "TECH_1_12345678@cpro.fr"
OLDER, OLD, NEW = Secret("Ancien-du-passé 1"), Secret("Ancien-'\"<2>"), Secret("Nouveau-\\&{3}")


@pytest.fixture(autouse=True)
def _no_scrubber(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of made-up secrets would stay registered for the whole test run."""
    monkeypatch.setattr("releve.base.secret.register", lambda value: None)


def filled(store: Keystore) -> Slots:
    """The slots as they stand when a rotation has only its promotion left to do."""
    slots = store.slots(ACCOUNT)
    slots.write(Slot.PREVIOUS, OLDER, "run-0")
    slots.write(Slot.CURRENT, OLD, "run-1")
    slots.write(Slot.PENDING, NEW, "run-2")
    return slots


def passwords(slots: Slots) -> dict[str, Secret | None]:
    """What each slot holds."""
    held = {slot.value: slots.read(slot) for slot in Slot}
    return {slot: value.password if value else None for slot, value in held.items()}


PROMOTED = {"pending": None, "current": NEW, "previous": OLD}


class KeystoreContract:
    """What every keyring must do. A subclass gives `store`, and ways to lock it and to stop it."""

    characters = PRINTABLE

    @pytest.fixture
    def store(self) -> Keystore:
        raise NotImplementedError

    @pytest.fixture
    def lock(self) -> Callable[[], None]:
        raise NotImplementedError

    @pytest.fixture
    def stop(self) -> Callable[[], None]:
        raise NotImplementedError

    def test_it_is_the_one_that_is_opened(self, store: Keystore) -> None:
        """`open_keystore` finds this very keyring."""
        assert type(store.backend) is type(open_keystore().backend)

    def test_credentials_are_kept_apart(self, store: Keystore) -> None:
        """The three credentials of one name are three entries; each is stored, replaced and deleted
        alone.
        """
        entries = [
            store.portal_password("x"),
            store.otp_seed("x"),
            store.piste_secret("x"),
            store.portal_password("y"),
        ]
        for number, entry in enumerate(entries):
            assert entry.get() is None
            entry.set(Secret(f"first {number}"))
            entry.set(Secret(f"value {number}"))
        assert [f"value {number}" for number in range(4)] == [
            entry.require().reveal() for entry in entries
        ]
        assert (True, False) == (entries[0].delete(), entries[0].delete())
        assert [True, False, False, False] == [entry.get() is None for entry in entries]
        with pytest.raises(CredentialMissing) as caught:
            entries[0].require()
        assert (4, True) == (caught.value.code, "releve credentials store" in caught.value.text)

    def test_every_printable_character_survives_at_each_end(self, store: Keystore) -> None:
        """Each printable ASCII character, alone and at both ends of 128 characters, comes back byte
        for byte.
        """
        slots, entry = store.slots(ACCOUNT), store.portal_password("x")
        for character in self.characters:
            entry.set(Secret(character))
            assert character == entry.require().reveal()
            longest = character + "x" * 126 + character
            slots.write(Slot.PENDING, Secret(longest), "run")
            assert longest == slots.require(Slot.PENDING, "run").reveal()

    # Two subclasses run this test, and all examples share one keyring: both are meant.
    @settings(
        max_examples=12,
        deadline=None,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.differing_executors,
        ],
    )
    @given(value=st.text(PRINTABLE, min_size=1, max_size=128))
    def test_any_printable_password_survives(self, store: Keystore, value: str) -> None:
        """Any printable ASCII, 1 to 128 characters, comes back byte for byte, raw and in a slot."""
        store.portal_password("x").set(Secret(value))
        store.slots(ACCOUNT).write(Slot.PENDING, Secret(value), "run")
        assert (value, value) == (
            store.portal_password("x").require().reveal(),
            store.slots(ACCOUNT).require(Slot.PENDING, "run").reveal(),
        )

    def test_a_slot_keeps_its_writer(self, store: Keystore) -> None:
        """A slot tells the run that wrote it and when; the view tells the runs, and no secret."""
        slots = filled(store)
        held = slots.read(Slot.PENDING)
        assert held and ("run-2", NEW) == (held.run, held.password)
        assert held.written.endswith("+00:00")
        assert SlotsView("run-2", "run-1", "run-0") == slots.filled()
        assert SlotsView() == store.slots("TECH_2_1@cpro.fr").filled()

    def test_another_runs_slot_is_never_overwritten_silently(self, store: Keystore) -> None:
        """Writing over, taking or clearing another run's password is refused by name, until that
        run is named.
        """
        slots = filled(store)
        acts: list[Callable[[], object]] = [
            lambda: slots.write(Slot.PENDING, OLD, "run-3"),
            lambda: slots.write(Slot.PENDING, OLD, "run-3", replacing="run-1"),
            lambda: slots.require(Slot.PENDING, "run-3"),
            lambda: slots.clear(Slot.PENDING, "run-3"),
            lambda: slots.promote("run-3"),
        ]
        for act in acts:
            with pytest.raises(SlotHeldByAnotherRun, match="run-2"):
                act()
        assert {"pending": NEW, "current": OLD, "previous": OLDER} == passwords(slots)
        slots.write(Slot.PENDING, OLD, "run-3", replacing="run-2")
        assert (OLD, "run-3") == (slots.require(Slot.PENDING, "run-3"), slots.filled().pending)

    def test_promotion_turns_the_slots_once(self, store: Keystore) -> None:
        """`pending` becomes `current`, `current` becomes `previous`; promoting again changes
        nothing.
        """
        slots = filled(store)
        assert NEW == slots.kept("run-2")
        slots.promote("run-2")
        slots.promote("run-2")
        assert (PROMOTED, NEW) == (passwords(slots), slots.kept("run-2"))
        assert SlotsView(None, "run-2", "run-1") == slots.filled()

    def test_a_first_promotion_has_no_previous(self, store: Keystore) -> None:
        """With nothing in `current`, promotion leaves `previous` empty."""
        slots = store.slots(ACCOUNT)
        slots.write(Slot.PENDING, NEW, "run-2")
        slots.promote("run-2")
        assert {"pending": None, "current": NEW, "previous": None} == passwords(slots)

    def test_promotion_of_a_vanished_password_is_told(self, store: Keystore) -> None:
        """A `pending` that is gone is an error, and `current` is left alone."""
        slots = filled(store)
        slots.clear(Slot.PENDING, "run-2")
        slots.clear(Slot.PENDING, "run-2")
        with pytest.raises(KeyringEntryVanished):
            slots.promote("run-2")
        with pytest.raises(KeyringEntryVanished):
            slots.kept("run-2")
        assert {"pending": None, "current": OLD, "previous": OLDER} == passwords(slots)

    def test_adopting_keeps_the_old_one(self, store: Keystore) -> None:
        """A password that a person vouches for becomes `current`; the old one is kept; twice is as
        once.
        """
        slots = filled(store)
        slots.adopt(Secret("typed"), "by hand")
        slots.adopt(Secret("typed"), "by hand")
        assert {"pending": NEW, "current": Secret("typed"), "previous": OLD} == passwords(slots)

    def test_something_foreign_in_a_slot_is_left_alone(self, store: Keystore) -> None:
        """A value that Relève did not write is neither used nor overwritten."""
        entry, slots = store.entry("pending", ACCOUNT), store.slots(ACCOUNT)
        for foreign in ("just a password", "[]", '{"run": "x"}'):
            entry.set(Secret(foreign))
            with pytest.raises(SlotUnreadable):
                slots.write(Slot.PENDING, NEW, "run-2")
            assert foreign == entry.require().reveal()

    async def test_threads_may_use_it_at_once(self, store: Keystore) -> None:
        """Calls from several threads, as an event loop makes them, do not disturb one another."""
        slots = [store.slots(f"TECH_{number}_1@cpro.fr") for number in range(8)]
        await asyncio.gather(
            *(
                asyncio.to_thread(each.write, Slot.PENDING, Secret(f"pw {n}"), f"r{n}")
                for n, each in enumerate(slots)
            )
        )
        await asyncio.gather(
            *(asyncio.to_thread(each.promote, f"r{n}") for n, each in enumerate(slots))
        )
        assert [f"pw {n}" for n in range(8)] == [
            each.require(Slot.CURRENT, f"r{n}").reveal() for n, each in enumerate(slots)
        ]

    def test_a_locked_keyring(self, store: Keystore, lock: Callable[[], None]) -> None:
        """A locked keyring refuses each call with its own error, which says to unlock it."""
        slots = filled(store)
        lock()
        acts: list[Callable[[], object]] = [
            slots.filled,
            lambda: slots.promote("run-2"),
            lambda: store.portal_password("x").set(NEW),
        ]
        for act in acts:
            with pytest.raises(KeyringLocked) as caught:
                act()
            assert (5, True) == (caught.value.code, "Déverrouillez" in caught.value.text)

    def test_a_keyring_that_is_gone(self, store: Keystore, stop: Callable[[], None]) -> None:
        """A service that stopped is told, for reading and for writing."""
        entry = store.portal_password("x")
        stop()
        acts: list[Callable[[], object]] = [entry.get, lambda: entry.set(NEW), entry.delete]
        for act in acts:
            with pytest.raises(KeyringUnavailable):
                act()


class TestThrowaway(KeystoreContract):
    """The demonstration's keyring."""

    @pytest.fixture
    def store(self, throwaway: ThrowawayKeyring) -> Keystore:
        return open_keystore()

    @pytest.fixture
    def lock(self, throwaway: ThrowawayKeyring) -> Callable[[], None]:
        return throwaway.lock

    @pytest.fixture
    def stop(self, throwaway: ThrowawayKeyring) -> Callable[[], None]:
        return throwaway.stop


class TestSecretService(KeystoreContract):
    """A real GNOME keyring. Letters and digits are all alike to it; fewer calls, for its daemon was
    seen to die under hundreds of them.
    """

    characters = string.punctuation + " aZ09"

    @pytest.fixture
    def store(self, secret_service: Session) -> Keystore:
        return secret_service.keystore()

    @pytest.fixture
    def lock(self, secret_service: Session) -> Callable[[], None]:
        return secret_service.lock

    @pytest.fixture
    def stop(self, secret_service: Session) -> Callable[[], None]:
        return secret_service.kill

    def test_a_child_process_finds_it(self, secret_service: Session) -> None:
        """What a kernel started inside the session reads is what was written here."""
        filled(secret_service.keystore())
        code = (
            "from releve.vault.keystore import *;"
            f" print(open_keystore().slots({ACCOUNT!r}).filled())"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | secret_service.environment,
            capture_output=True,
            text=True,
        )
        assert str(SlotsView("run-2", "run-1", "run-0")) == done.stdout.strip()


# Writing fails, in each of its ways

FAILURES = {
    "refused": ("fail_writes", KeyringWriteRefused),
    "altered": ("corrupt_writes", KeyringMismatch),
    "vanished": ("lose_writes", KeyringEntryVanished),
}


@pytest.mark.parametrize(("switch", "error"), FAILURES.values(), ids=FAILURES)
def test_a_write_that_fails_is_told_and_may_be_tried_again(
    throwaway: ThrowawayKeyring, switch: str, error: type[Exception]
) -> None:
    """Each way a write can fail is an error of its own and tells no secret; the next try works."""
    slots = throwaway.keystore().slots(ACCOUNT)
    getattr(throwaway, switch)()
    with pytest.raises(error) as caught:
        slots.write(Slot.PENDING, NEW, "run-2")
    assert NEW.reveal() not in str(caught.value) + getattr(caught.value, "text", "")
    slots.write(Slot.PENDING, NEW, "run-2")
    assert NEW == slots.require(Slot.PENDING, "run-2")


@pytest.mark.parametrize("service", ["releve/previous", "releve/current"])
@pytest.mark.parametrize(("switch", "error"), FAILURES.values(), ids=FAILURES)
def test_a_promotion_that_fails_loses_nothing(
    throwaway: ThrowawayKeyring, switch: str, error: type[Exception], service: str
) -> None:
    """Whichever write of a promotion fails, both passwords are still there, and promoting again
    ends it.
    """
    slots = filled(throwaway.keystore())
    getattr(throwaway, switch)(service=service)
    with pytest.raises(error):
        slots.promote("run-2")
    assert {NEW, OLD} <= set(passwords(slots).values())
    slots.promote("run-2")
    assert PROMOTED == passwords(slots)


def test_a_promotion_that_cannot_clear_ends_later(throwaway: ThrowawayKeyring) -> None:
    """When only the clearing of `pending` fails, the rest is done, and promoting again ends it."""
    slots = filled(throwaway.keystore())
    throwaway.fail_writes(service="releve/pending")
    with pytest.raises(KeyringWriteRefused):
        slots.promote("run-2")
    assert PROMOTED | {"pending": NEW} == passwords(slots)
    slots.promote("run-2")
    assert PROMOTED == passwords(slots)


def test_a_keyring_locked_and_unlocked_again(throwaway: ThrowawayKeyring) -> None:
    """What was there before the lock is there after it, and the promotion goes on."""
    slots = filled(throwaway.keystore())
    throwaway.lock()
    with pytest.raises(KeyringLocked):
        slots.promote("run-2")
    throwaway.unlock()
    slots.promote("run-2")
    assert PROMOTED == passwords(slots)


def test_entries_that_vanish(throwaway: ThrowawayKeyring) -> None:
    """An entry taken away by somebody else is told when it is asked for."""
    slots = filled(throwaway.keystore())
    throwaway.vanish("releve/pending")
    with pytest.raises(KeyringEntryVanished):
        slots.require(Slot.PENDING, "run-2")


# Killed everywhere

PROMOTE = """
import os, signal, sys
from releve.vault.keystore import Keystore
from releve.vault.made_up import MadeUpBackend

left = int(sys.argv[1])

def count(event, args):
    global left
    if event == "releve.effect":
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(count)
Keystore(MadeUpBackend(os.environ["CONTROL"])).slots(sys.argv[2]).promote("run-2")
"""
POINTS = 6  # before and after each of: previous written, current written, pending cleared


def promote_elsewhere(server: ThrowawayKeyring, kill_at: int) -> int:
    """Promote in another process, which kills itself at that effect; its exit code."""
    command = [sys.executable, "-c", PROMOTE, str(kill_at), ACCOUNT]
    return subprocess.run(command, env=os.environ | server.environment, timeout=60).returncode


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("second", [1, 2])
@pytest.mark.parametrize("first", range(1, POINTS + 1))
def test_promotion_killed_anywhere_twice_is_finished_by_the_next(
    throwaway: ThrowawayKeyring, first: int, second: int
) -> None:
    """Killed at any effect, and its successor killed too, no password is lost, and a third process
    ends it.
    """
    slots = filled(throwaway.keystore())
    assert -signal.SIGKILL == promote_elsewhere(throwaway, first)
    assert {NEW, OLD} <= set(passwords(slots).values())
    assert promote_elsewhere(throwaway, second) in (-signal.SIGKILL, 0)
    assert {NEW, OLD} <= set(passwords(slots).values())
    assert 0 == promote_elsewhere(throwaway, 0)
    assert PROMOTED == passwords(slots)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_the_points_are_all_of_them(throwaway: ThrowawayKeyring) -> None:
    """A promotion has as many effects as the test above kills at."""
    filled(throwaway.keystore())
    assert 0 == promote_elsewhere(throwaway, POINTS + 1)


# The backend is chosen on purpose


class Plain(KeyringBackend):
    """Stands for the plain-text files of `keyrings.alt`."""

    __module__ = "keyrings.alt.file"
    viable = False

    def __init__(self) -> None:
        """Nothing to read from the environment."""

    def get_password(self, service: str, username: str) -> str | None:
        raise AssertionError("a plain-text keyring was used")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise AssertionError("a plain-text keyring was used")


def chain(*backends: KeyringBackend) -> KeyringBackend:
    """keyring's chain of these backends."""
    kind = type("Chain", (chainer.ChainerBackend,), {"viable": False, "backends": list(backends)})
    return kind()  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "unusable", [fail.Keyring, null.Keyring, Plain, lambda: chain(Plain()), lambda: chain()]
)
def test_no_usable_keyring_is_told(
    unusable: Callable[[], KeyringBackend], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a keyring that encrypts, the error says what to do on each system; a plain-text one
    is none.
    """
    monkeypatch.setattr(keyring, "get_keyring", unusable)
    with pytest.raises(KeyringMissing) as caught:
        open_keystore()
    assert all(
        word in caught.value.text
        for word in ("Windows", "macOS", "Linux", "gnome-keyring", "releve demo")
    )


def test_of_a_chain_only_the_sound_one_is_used(
    throwaway: ThrowawayKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A chain that would fall back to plain text is reduced to its first sound backend."""
    sound = throwaway.keystore().backend
    monkeypatch.setattr(keyring, "get_keyring", lambda: chain(Plain(), sound))
    opened = open_keystore()
    assert sound is opened.backend


def test_windows_own_is_never_written_as_keyring_writes_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """keyring's way loses one of two writes at once: whoever chose it, ours stands before it."""
    monkeypatch.setattr(keyring, "get_keyring", WinVaultKeyring)
    assert isinstance(open_keystore().backend, CredentialManager)


def test_the_made_up_one_is_chosen_by_settings_alone() -> None:
    """Its priority is below the null backend's, and no environment brings it before a real
    password: it is refused like any keyring that is not known to encrypt.
    """
    assert MadeUpBackend.priority < null.Keyring.priority
    code = "from releve.vault.keystore import open_keystore; open_keystore()"
    named = {"PYTHON_KEYRING_BACKEND": "releve.vault.made_up.MadeUpBackend"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | named, capture_output=True, text=True
    )
    assert "KeyringMissing" in done.stderr


class WindowsError(Exception):
    """As pywin32's, which has this attribute and is named `error`."""

    winerror = 1312


def dismissed() -> InitError:
    """What keyring raises when the person closes the prompt that creates a first keyring."""
    error = InitError("no")
    error.__cause__ = type("PromptDismissedException", (Exception,), {})()
    return error


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (WindowsError(), KeyringMissing),
        (dismissed(), KeyringLocked),
        (InitError(), KeyringUnavailable),
        (ConnectionResetError(), KeyringUnavailable),
        (RuntimeError("repeats Canari-12345"), KeyringWriteRefused),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_what_backends_raise_is_translated(raised: Exception, expected: type[Exception]) -> None:
    """Backends raise what they like when they write; each becomes the error that tells what to do,
    and repeats nothing.
    """

    def refuse(*_: str) -> None:
        raise raised

    backend: Any = SimpleNamespace(set_password=refuse)
    with pytest.raises(expected) as caught:
        Keystore(backend).portal_password("x").set(Secret("Canari-12345"))
    assert "Canari-12345" not in getattr(caught.value, "text", "")


def test_held_never_shows_its_password() -> None:
    """Neither what a slot holds nor its view shows a secret."""
    assert NEW.reveal() not in repr(Held(NEW, "run-2")) + str(Held(NEW, "run-2"))
    assert set(string.printable) >= set(Held(NEW, "run-2").to_json())
