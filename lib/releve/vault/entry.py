"""One entry of the operating system's keyring, and all that can go wrong with it.

Every call is synchronous and may block while the system asks a person to unlock: callers in an
event loop use `asyncio.to_thread`. Every value is read back after it is written. An error leaves
all other entries as they were.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

from releve.base.errors import PersonNeeded, ReleveError
from releve.base.secret import Secret

# Windows' ERROR_NO_SUCH_LOGON_SESSION: a scheduled task that runs without the user's password
NO_LOGON_SESSION = 1312
_LOCKED = {"KeyringLocked", "LockedException", "PromptDismissedException"}
_AWAY = {"InitError", "NoKeyringError", "SecretServiceNotAvailableException"}


class KeyringError(ReleveError):
    """The keyring did not do what was asked. Nothing else in it was changed, and the caller may
    retry.
    """


class KeyringMissing(KeyringError):
    """No keyring that keeps secrets encrypted can be used from this session."""


class KeyringLocked(KeyringError):
    """The keyring is there, but a person must unlock it."""


class KeyringWaits(KeyringLocked):
    """It shows a question on a screen that nobody may be looking at."""


class KeyringUnavailable(KeyringError):
    """The keyring was chosen, then did not answer."""


class KeyringWriteRefused(KeyringError):
    """The keyring refused to write or delete an entry."""


class KeyringMismatch(KeyringError):
    """What was read back is not what was written, byte for byte."""


class KeyringEntryVanished(KeyringError):
    """An entry that must be there is not."""


class CredentialMissing(PersonNeeded):
    """A credential that is needed was never stored; a person must give it."""


_TURN = threading.Lock()  # gnome-keyring 42 may die of connections that begin at the same instant


class Backend(Protocol):
    """What an entry asks of a keyring: a `KeyringBackend`, or one whose waits are bounded."""

    def get_password(self, service: str, username: str, /) -> str | None: ...

    def set_password(self, service: str, username: str, password: str, /) -> None: ...

    def delete_password(self, service: str, username: str, /) -> None: ...


@dataclass(frozen=True)
class KeyringEntry:
    """One entry of the keyring, kept as it is, byte for byte."""

    backend: Backend
    service: str
    user: str

    def get(self) -> Secret | None:
        """The value, or None. Raises `KeyringLocked`, `KeyringUnavailable`."""
        value = self.text()
        return None if value is None else Secret(value)

    def require(self) -> Secret:
        """The value. Raises `CredentialMissing` too when there is none."""
        value = self.get()
        if value is None:
            raise CredentialMissing(service=self.service, user=self.user)
        return value

    def set(self, value: Secret) -> None:
        """Write and read back. Raises `KeyringWriteRefused`, `KeyringMismatch`,
        `KeyringEntryVanished`, and what `get` raises.
        """
        self.set_text(value.reveal())

    def text(self) -> str | None:
        """The value as it is kept, not registered as a secret: a hash, or a slot's password with
        its writer. Raises as `get` does.
        """
        with self._translated():
            return self.backend.get_password(self.service, self.user)

    def set_text(self, value: str) -> None:
        """Write such a value and read it back. Raises as `set` does."""
        with self._translated(writing=True):
            self.backend.set_password(self.service, self.user, value)
        found = self.text()
        if found is None:
            raise KeyringEntryVanished(service=self.service, user=self.user)
        if found != value:
            # What was there is already lost: a wrong value would only be in the way of the next try
            with suppress(Exception):
                self.backend.delete_password(self.service, self.user)
            raise KeyringMismatch(service=self.service, user=self.user)

    def delete(self) -> bool:
        """Remove the entry, and check that it is gone; False when there was none."""
        if self.text() is None:
            return False
        with self._translated(writing=True):
            self.backend.delete_password(self.service, self.user)
        if self.text() is not None:
            raise KeyringWriteRefused(service=self.service, user=self.user, why="elle y est encore")
        return True

    @contextmanager
    def _translated(self, writing: bool = False) -> Iterator[None]:
        """A backend's exceptions as ours. Backends raise what they like (D-Bus, Win32…), so it goes
        by the name.
        """
        try:
            with _TURN:
                yield
        except KeyringError:
            raise
        except Exception as error:
            number = getattr(error, "winerror", None)
            name = type(error).__name__
            names = {name, type(error.__cause__).__name__}
            if names & _LOCKED:
                raise KeyringLocked from error
            if number == NO_LOGON_SESSION:
                raise KeyringMissing(backend=f"Windows, erreur {number}") from error
            # never the text, which may repeat what was written
            why = f"{name} {number}" if number else name
            if isinstance(error, OSError | EOFError) or names & _AWAY or not writing:
                raise KeyringUnavailable(why=why) from error
            raise KeyringWriteRefused(service=self.service, user=self.user, why=why) from error
