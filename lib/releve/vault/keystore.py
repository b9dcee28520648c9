"""The keyring of the operating system, chosen on purpose, and where everything that Relève keeps is
in it.

One entry is `entry`'s; the three of a technical account are `slots`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from threading import Thread
from typing import Any, TypeVar

import keyring
from keyring.backend import KeyringBackend
from keyring.backends import chainer
from keyring.backends.Windows import WinVaultKeyring
from keyring.core import load_keyring

from releve.base.account import usual
from releve.base.secret import Secret
from releve.base.settings import Settings
from releve.vault.credential_manager import CredentialManager
from releve.vault.entry import Backend, KeyringEntry, KeyringMissing, KeyringWaits
from releve.vault.slots import Slot, Slots

T = TypeVar("T")
PROMPT_SECONDS = 30.0
"""How long a run without a person waits for a keyring that asks one."""
BACKENDS = tuple(
    f"keyring.backends.{name}"
    for name in ("Windows", "macOS", "SecretService", "libsecret", "kwallet")
)
"""The keyrings that encrypt and belong to the session; another one only by name, in the settings.
"""


class _Bounded:
    """A backend that nobody may be there to unlock: a call that asks a person is given up, and goes
    on in a thread of its own.

    As long as that question stands, no other is asked.
    """

    def __init__(self, backend: Backend, seconds: float) -> None:
        self.backend, self.seconds = backend, seconds
        self._asked: Future[Any] | None = None

    def get_password(self, service: str, user: str) -> str | None:
        return self._ask(self.backend.get_password, service, user)

    def set_password(self, service: str, user: str, password: str) -> None:
        self._ask(self.backend.set_password, service, user, password)

    def delete_password(self, service: str, user: str) -> None:
        self._ask(self.backend.delete_password, service, user)

    def _ask(self, call: Callable[..., T], *args: str) -> T:
        if self._asked is not None and not self._asked.done():
            raise KeyringWaits(seconds=self.seconds)
        answer: Future[T] = Future()

        def ask() -> None:
            try:
                answer.set_result(call(*args))
            except BaseException as error:
                answer.set_exception(error)

        # a daemon: it must not keep the process alive
        Thread(target=ask, daemon=True, name="keyring").start()
        if not wait([answer], self.seconds).done:
            self._asked = answer
            raise KeyringWaits(seconds=self.seconds)
        return answer.result()


def open_keystore(settings: Settings | None = None) -> Keystore:
    """The keyring of this session, or the one that the settings choose: the school's made-up one,
    or another by its name. Raises `KeyringMissing`.
    """
    school = settings.school if settings else None
    if school and school.control_url:
        from releve.vault.made_up import MadeUpBackend

        return Keystore(MadeUpBackend(school.control_url))
    named = settings.keyring.backend if settings else ""
    try:
        found = load_keyring(named) if named else keyring.get_keyring()
    except Exception as error:  # any name may stand there, and importing it may raise anything
        raise KeyringMissing(backend=named) from error
    return Keystore(_sound_backend(found, named))


def _sound_backend(found: KeyringBackend, named: str) -> Backend:
    """The first backend that is allowed. A chain is never used whole, since it could end in a
    plain-text file.
    """
    candidates = found.backends if isinstance(found, chainer.ChainerBackend) else [found]
    for backend in candidates:
        if isinstance(backend, WinVaultKeyring):  # by itself it loses one of two writes at once
            return CredentialManager(backend)
        if named or type(backend).__module__.startswith(BACKENDS):
            return backend
    raise KeyringMissing(backend=type(found).__module__)


@dataclass(frozen=True)
class Keystore:
    """Everything that Relève keeps in one keyring."""

    backend: Backend

    def bounded(self, seconds: float = PROMPT_SECONDS) -> Keystore:
        """The same, for a run without a person: a call that waits for somebody to unlock it raises
        `KeyringWaits`.
        """
        if isinstance(self.backend, _Bounded):
            return self
        return replace(self, backend=_Bounded(self.backend, seconds))

    @property
    def name(self) -> str:
        """Which keyring it is, for a person who looks for it."""
        backend = self.backend
        while isinstance(backend, _Bounded | CredentialManager):
            backend = backend.backend
        kind = type(backend)
        return f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}"

    def try_out(self) -> None:
        """Write a made-up value, read it back and delete it. Raises what an entry raises."""
        probe = self.entry("probe", secrets.token_hex(4))
        probe.set(Secret(secrets.token_urlsafe(24)))
        probe.delete()

    def entry(self, service: str, user: str) -> KeyringEntry:
        """Any other entry, under the service "releve/SERVICE"."""
        return KeyringEntry(self.backend, f"releve/{service}", user)

    def portal_password(self, login: str) -> KeyringEntry:
        """The manager's password on the portal."""
        return self.entry("portal", login)

    def bound_origins(self, login: str) -> KeyringEntry:
        """The origins on which that password may be typed, as they were when it was stored."""
        return self.entry("portal-origins", login)

    def refusal(self, login: str) -> KeyringEntry:
        """Which password the portal refused, by its fingerprint; a person who vouches for it
        deletes this.
        """
        return self.entry("refused", login)

    def otp_seed(self, login: str) -> KeyringEntry:
        """The seed of the portal's one-time codes, in base 32."""
        return self.entry("otp", login)

    def piste_secret(self, client_id: str) -> KeyringEntry:
        """The secret of the PISTE application."""
        return self.entry("piste", client_id)

    def slots(self, account: str) -> Slots:
        """The three slots of a technical account, however it is spelled; what was kept under
        another spelling before is found there.
        """
        kept = usual(account)
        before = {slot: self.entry(slot, account) for slot in Slot} if kept != account else {}
        return Slots({slot: self.entry(slot, kept) for slot in Slot}, before)
