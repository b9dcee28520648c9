"""Keyrings for tests: the throw-away one, and a real Secret Service (gnome-keyring on a D-Bus
session of its own).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.backends import SecretService as secret_service_backend
from releve.school import SchoolThread, World
from releve.school.keyring import MadeUpKeyring
from releve.vault import keystore as keystores
from releve.vault.keystore import Keystore
from releve.vault.made_up import MadeUpBackend

# A bus that starts nothing by itself: a daemon that a test kills stays dead, and none is left
# behind.
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:dir={folder}/run</listen>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
"""


@dataclass(frozen=True)
class Session:
    """A running Secret Service. `environment` is what a child process needs, and is this process's
    own meanwhile.
    """

    environment: dict[str, str]
    daemon: subprocess.Popen[bytes]

    def keystore(self) -> Keystore:
        """Ours, on it."""
        return Keystore(secret_service_backend.Keyring())  # type: ignore[no-untyped-call]

    def lock(self) -> None:
        """Lock it as a screen lock may: nobody is there to unlock."""
        import secretstorage

        with closing(secretstorage.dbus_init()) as connection:
            secretstorage.get_default_collection(connection).lock()

    def kill(self) -> None:
        """The daemon dies."""
        self.daemon.send_signal(signal.SIGKILL)
        self.daemon.wait()


@contextmanager
def secret_service_session(folder: Path) -> Iterator[Session]:
    """Start D-Bus and an unlocked gnome-keyring that keeps its files under `folder`; both end with
    the block.
    """
    environment = {"XDG_DATA_HOME": str(folder / "data"), "XDG_RUNTIME_DIR": str(folder / "run")}
    (folder / "run").mkdir(mode=0o700)
    (folder / "bus.conf").write_text(BUS.format(folder=folder))
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        command = [
            "dbus-daemon",
            f"--config-file={folder / 'bus.conf'}",
            "--nofork",
            "--print-address",
        ]
        bus = subprocess.Popen(
            command, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        stack.callback(_end, bus)
        assert bus.stdout
        environment["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().decode().strip()
        daemon = _gnome_keyring(os.environ | environment)
        stack.callback(_end, daemon)
        for name, value in environment.items():
            patch.setenv(name, value)
        before = keyring.get_keyring()
        stack.callback(keyring.set_keyring, before)
        # keyring looks for a backend once, and this bus was not there yet
        keyring.set_keyring(secret_service_backend.Keyring())  # type: ignore[no-untyped-call]
        yield Session(environment, daemon)


def _gnome_keyring(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    command = ["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"]
    pipe = subprocess.PIPE
    daemon = subprocess.Popen(
        command, env=environment, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
    )
    assert daemon.stdin and daemon.stdout
    daemon.stdin.write(b"made-up")
    daemon.stdin.close()
    daemon.stdout.readline()  # it prints its control folder once it serves
    return daemon


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe:
            pipe.close()


@pytest.fixture
def secret_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """A fresh, unlocked Secret Service that `open_keystore` finds, here and in child processes."""
    if not (shutil.which("gnome-keyring-daemon") and shutil.which("dbus-daemon")):
        pytest.skip("needs gnome-keyring and dbus-daemon")
    with secret_service_session(tmp_path_factory.mktemp("keyring")) as session:
        yield session


SESSION_KEYRING = """
import os, keyring
from releve.vault import keystore as keystores, made_up
keyring.set_keyring(made_up.MadeUpBackend(os.environ["CONTROL"]))
keystores.BACKENDS += (made_up.__name__,)
"""
"""At the head of a child's script: it takes that keyring for its session's own."""


class ThrowawayKeyring:
    """A school's keyring of made-up passwords: of the school that is given, or of one of its own.
    Its faults are the switches of `MadeUpKeyring`.
    """

    def __init__(self, school: SchoolThread | None = None) -> None:
        self.school = school or SchoolThread(World(structures=1))
        self._own = school is None

    def __enter__(self) -> ThrowawayKeyring:
        if self._own:
            self.school.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        if self._own:
            self.stop()

    def stop(self) -> None:
        """The school ends, and what it kept is gone. Safe to repeat."""
        self.school.__exit__(None, None, None)

    @property
    def url(self) -> str:
        """Of the control site, as settings name it."""
        return self.school.urls.control

    @property
    def environment(self) -> dict[str, str]:
        """For a child process of a test, which cannot be given an object."""
        return {"CONTROL": self.url}

    def take_for_the_sessions_own(self, patch: pytest.MonkeyPatch) -> None:
        """In this process, until the patch is undone."""
        patch.setattr(keyring, "get_keyring", lambda: self.keystore().backend)
        patch.setattr(keystores, "BACKENDS", (*keystores.BACKENDS, MadeUpBackend.__module__))
        patch.setenv("CONTROL", self.url)

    @property
    def switches(self) -> MadeUpKeyring:
        """Its faults, and its values."""
        return self.school.keyring

    def keystore(self) -> Keystore:
        """As the library sees it."""
        return Keystore(MadeUpBackend(self.url))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.switches, name)


@pytest.fixture
def throwaway(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThrowawayKeyring]:
    """A keyring of made-up passwords, which this process takes for its session's own."""
    with ThrowawayKeyring() as server:
        server.take_for_the_sessions_own(monkeypatch)
        yield server
