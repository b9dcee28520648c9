"""The keyring of the operating system: credentials, and the three slots of each technical account's password.

Every call is synchronous and may block while the system asks a person to unlock: callers in an event loop use
`asyncio.to_thread`. Every value is read back after it is written. An error leaves all other entries as they were.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from threading import Thread
from typing import Any, TypeVar

import keyring
from keyring.backend import KeyringBackend
from keyring.backends import chainer, fail, null

from .effects import effect
from .errors import PersonNeeded, ReleveError
from .facts import SlotsView
from .secret import Secret

T = TypeVar("T")
PROMPT_SECONDS = 30.0
"""How long a run without a person waits for a keyring that asks one."""
DEMO_ENVIRONMENT = "RELEVE_DEMO_KEYRING"
NO_LOGON_SESSION = 1312  # Windows' ERROR_NO_SUCH_LOGON_SESSION: a scheduled task that runs without the user's password
_LOCKED = {"KeyringLocked", "LockedException", "PromptDismissedException"}
_AWAY = {"InitError", "NoKeyringError", "SecretServiceNotAvailableException"}


class KeyringError(ReleveError):
    """The keyring did not do what was asked. Nothing else in it was changed, and the caller may retry."""


class KeyringMissing(KeyringError):
    """No keyring that keeps secrets encrypted can be used from this session."""

    happened = "Aucun trousseau de mots de passe utilisable n'a été trouvé sur ce poste ({backend})."
    safe = "Rien n'a été lu ni gardé : Relève ne range jamais un mot de passe dans un fichier en clair."
    todo = (
        "Windows : ouvrez votre session avec votre mot de passe (une tâche planifiée doit s'exécuter « avec le mot de passe »). "
        "macOS : ouvrez « Trousseaux d'accès » et déverrouillez le trousseau « session ». "
        "Linux : installez et ouvrez GNOME Keyring ou KWallet (paquet « gnome-keyring »), puis lancez Relève dans cette session. "
        "Pour vous exercer sans trousseau : « python3 lib demo »."
    )


class KeyringLocked(KeyringError):
    """The keyring is there, but a person must unlock it."""

    happened = "Le trousseau de mots de passe est verrouillé."
    safe = "Ce qu'il contient n'a pas changé."
    todo = "Déverrouillez-le (ouvrez votre session, ou l'application « Trousseaux » ou « Mots de passe et clés »), puis recommencez."


class KeyringWaits(KeyringLocked):
    """It shows a question on a screen that nobody may be looking at."""

    happened = "Le trousseau de mots de passe attend depuis {seconds:.0f} secondes que quelqu'un le déverrouille."


class KeyringUnavailable(KeyringError):
    """The keyring was chosen, then did not answer."""

    happened = "Le trousseau de mots de passe ne répond pas ({why})."
    safe = "Un trousseau arrêté n'efface rien : ce qu'il garde y est encore."
    todo = "Vérifiez que le service de trousseau est lancé dans votre session, puis recommencez."


class KeyringWriteRefused(KeyringError):
    """The keyring refused to write or delete an entry."""

    happened = "Le trousseau a refusé d'enregistrer ou d'effacer l'entrée « {service} » de {user} ({why})."
    safe = "Ses autres entrées n'ont pas changé."
    todo = "Vérifiez l'espace disque et vos droits sur le trousseau, puis recommencez."


class KeyringMismatch(KeyringError):
    """What was read back is not what was written, byte for byte."""

    happened = "L'entrée « {service} » de {user}, relue dans le trousseau, n'est pas ce qui venait d'y être écrit."
    safe = "Cette valeur fausse n'est pas utilisée, et les autres entrées n'ont pas changé."
    todo = "Recommencez ; si cela se répète, un autre programme modifie le trousseau, ou il est abîmé : prévenez votre support."


class KeyringEntryVanished(KeyringError):
    """An entry that must be there is not."""

    happened = "L'entrée « {service} » de {user} a disparu du trousseau."
    safe = "Les autres entrées n'ont pas changé."
    todo = "Si vous avez cette valeur ailleurs, enregistrez-la avec « releve credentials store », puis recommencez."


class SlotUnreadable(KeyringError):
    """A slot holds something that Relève did not write."""

    happened = "L'entrée « {service} » de {user} contient autre chose que ce que Relève y écrit."
    safe = "Elle n'a été ni utilisée, ni effacée."
    todo = "Ouvrez le trousseau, notez ce qui peut l'être, effacez cette entrée, puis recommencez."


class SlotHeldByAnotherRun(KeyringError):
    """A slot holds the value of another rotation, which is never overwritten silently."""

    happened = "L'entrée « {service} » de {user} garde encore le mot de passe d'une autre rotation ({holder})."
    safe = "Ce mot de passe est intact : il n'a pas été remplacé."
    todo = "Terminez d'abord cette rotation avec « releve resume », ou fermez-la avec « releve abandon »."


class CredentialMissing(PersonNeeded):
    """A credential that is needed was never stored; a person must give it."""

    happened = "Le trousseau n'a pas d'entrée « {service} » pour {user}."
    safe = "Rien n'a été commencé avec cet identifiant."
    todo = "Enregistrez-la avec « releve credentials store » (voyez « releve credentials --help »), puis recommencez."


class Slot(StrEnum):
    """Where a technical account's password stands: shown but not yet everywhere, in use, and the one before."""

    PENDING = "pending"
    CURRENT = "current"
    PREVIOUS = "previous"


@dataclass(frozen=True)
class Held:
    """What a slot holds: the password, the id of the run that wrote it, and when (UTC, ISO 8601)."""

    password: Secret
    run: str
    written: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    def to_json(self) -> str:
        """The entry as kept: one value, so that the password and its writer are one write."""
        return json.dumps({"run": self.run, "written": self.written, "password": self.password.reveal()})


class _Bounded:
    """A backend that nobody may be there to unlock: a call that asks a person is given up, and goes on in a thread of its own.

    As long as that question stands, no other is asked.
    """

    def __init__(self, backend: KeyringBackend, seconds: float) -> None:
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

        Thread(target=ask, daemon=True, name="keyring").start()  # a daemon: it must not keep the process alive
        if not wait([answer], self.seconds).done:
            self._asked = answer
            raise KeyringWaits(seconds=self.seconds)
        return answer.result()


def open_keystore() -> Keystore:
    """The keyring of this session, chosen on purpose: never a plain-text one. Raises `KeyringMissing`.

    Under `RELEVE_DEMO_KEYRING` it is the demonstration's throw-away one, and `Keystore.throwaway` says so.
    """
    address = os.environ.get(DEMO_ENVIRONMENT)
    if address:
        from .throwaway import ThrowawayBackend

        return Keystore(ThrowawayBackend(address), throwaway=True)
    return Keystore(_sound_backend(keyring.get_keyring()))


def _sound_backend(found: KeyringBackend) -> KeyringBackend:
    """The best backend that encrypts. A chain is never used whole, since it could end in a plain-text file."""
    candidates = found.backends if isinstance(found, chainer.ChainerBackend) else [found]
    for backend in candidates:
        plain = type(backend).__module__.startswith("keyrings.alt")
        if not plain and not isinstance(backend, fail.Keyring | null.Keyring):
            return backend
    raise KeyringMissing(backend=type(found).__module__)


@dataclass(frozen=True)
class Entry:
    """One entry of the keyring, kept as it is, byte for byte."""

    backend: KeyringBackend | _Bounded
    service: str
    user: str

    def get(self) -> Secret | None:
        """The value, or None. Raises `KeyringLocked`, `KeyringUnavailable`."""
        value = self._read()
        return None if value is None else Secret(value)

    def require(self) -> Secret:
        """The value. Raises `CredentialMissing` too when there is none."""
        value = self.get()
        if value is None:
            raise CredentialMissing(service=self.service, user=self.user)
        return value

    def set(self, value: Secret) -> None:
        """Write and read back. Raises `KeyringWriteRefused`, `KeyringMismatch`, `KeyringEntryVanished`, and what `get` raises."""
        self._write(value.reveal())

    def text(self) -> str | None:
        """A value that is no secret (a hash), kept here because whoever can change the files cannot change it."""
        return self._read()

    def set_text(self, value: str) -> None:
        """Write such a value and read it back. Raises as `set` does."""
        self._write(value)

    def delete(self) -> bool:
        """Remove the entry, and check that it is gone; False when there was none."""
        if self._read() is None:
            return False
        with self._translated(writing=True):
            self.backend.delete_password(self.service, self.user)
        if self._read() is not None:
            raise KeyringWriteRefused(service=self.service, user=self.user, why="elle y est encore")
        return True

    def _read(self) -> str | None:
        with self._translated():
            return self.backend.get_password(self.service, self.user)

    def _write(self, value: str) -> None:
        with self._translated(writing=True):
            self.backend.set_password(self.service, self.user, value)
        found = self._read()
        if found is None:
            raise KeyringEntryVanished(service=self.service, user=self.user)
        if found != value:
            with suppress(Exception):  # what was there is already lost: a wrong value would only be in the way of the next try
                self.backend.delete_password(self.service, self.user)
            raise KeyringMismatch(service=self.service, user=self.user)

    @contextmanager
    def _translated(self, writing: bool = False) -> Iterator[None]:
        """A backend's exceptions as ours. Backends raise what they like (D-Bus, Win32…), so it goes by the name."""
        try:
            yield
        except KeyringError:
            raise
        except Exception as error:
            number = getattr(error, "winerror", None)
            name, names = type(error).__name__, {type(error).__name__, type(error.__cause__).__name__}
            if names & _LOCKED:
                raise KeyringLocked from error
            if number == NO_LOGON_SESSION:
                raise KeyringMissing(backend=f"Windows, erreur {number}") from error
            why = f"{name} {number}" if number else name  # never the text, which may repeat what was written
            if isinstance(error, OSError | EOFError) or names & _AWAY or not writing:
                raise KeyringUnavailable(why=why) from error
            raise KeyringWriteRefused(service=self.service, user=self.user, why=why) from error


@dataclass(frozen=True)
class Keystore:
    """Everything that Relève keeps in one keyring. A `throwaway` one must never see a real password."""

    backend: KeyringBackend | _Bounded
    throwaway: bool = False

    def bounded(self, seconds: float = PROMPT_SECONDS) -> Keystore:
        """The same, for a run without a person: a call that waits for somebody to unlock it raises `KeyringWaits`."""
        return self if isinstance(self.backend, _Bounded) else replace(self, backend=_Bounded(self.backend, seconds))

    @property
    def name(self) -> str:
        """Which keyring it is, for a person who looks for it."""
        kind = type(self.backend.backend if isinstance(self.backend, _Bounded) else self.backend)
        return f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}"

    def entry(self, service: str, user: str) -> Entry:
        """Any other entry, under the service "releve/SERVICE"."""
        return Entry(self.backend, f"releve/{service}", user)

    def portal_password(self, login: str) -> Entry:
        """The manager's password on the portal."""
        return self.entry("portal", login)

    def otp_seed(self, login: str) -> Entry:
        """The seed of the portal's one-time codes, in base 32."""
        return self.entry("otp", login)

    def piste_secret(self, client_id: str) -> Entry:
        """The secret of the PISTE application."""
        return self.entry("piste", client_id)

    def slots(self, account: str) -> Slots:
        """The three slots of a technical account."""
        return Slots({slot: self.entry(slot, account) for slot in Slot})


class Slots:
    """The passwords of one technical account. No sequence of kills leaves a promoted password in no slot.

    A backend may delete before it writes (macOS does): the slot being written is never the only one that holds a password
    worth keeping, except `pending`, whose value the caller keeps until `write` returns.
    """

    def __init__(self, entries: dict[Slot, Entry]) -> None:
        self._entries = entries

    def read(self, slot: Slot) -> Held | None:
        """What the slot holds, or None. Raises `SlotUnreadable`, `KeyringLocked`, `KeyringUnavailable`."""
        value = self._entries[slot]._read()
        if value is None:
            return None
        try:
            data = json.loads(value)
            return Held(Secret(data["password"]), data["run"], data["written"])
        except (ValueError, KeyError, TypeError):
            raise SlotUnreadable(**self._facts(slot)) from None

    def filled(self) -> SlotsView:
        """Which slots hold something, and which run wrote it."""
        held = {slot.value: self.read(slot) for slot in Slot}
        return SlotsView(**{slot: value.run if value else None for slot, value in held.items()})

    def require(self, slot: Slot, run: str) -> Secret:
        """The password that `run` put there. Raises `KeyringEntryVanished` or `SlotHeldByAnotherRun` when it is not."""
        held = self.read(slot)
        if held is None:
            raise KeyringEntryVanished(**self._facts(slot))
        self._check_owner(slot, held, run)
        return held.password

    def write(self, slot: Slot, password: Secret, run: str, replacing: str | None = None) -> None:
        """Put a password in a slot, and read it back. Safe to repeat.

        Raises `SlotHeldByAnotherRun` unless the slot is empty, or holds the value of `run`, or of the run that `replacing` names.
        """
        held = self.read(slot)
        if held is not None and held.run != replacing:
            self._check_owner(slot, held, run)
        self._put(slot, Held(password, run))

    def clear(self, slot: Slot, run: str) -> None:
        """Empty a slot of `run`'s value. An empty slot is fine; another run's raises `SlotHeldByAnotherRun`."""
        held = self.read(slot)
        if held is None:
            return
        self._check_owner(slot, held, run)
        with effect(f"keyring clear {slot}"):
            self._entries[slot].delete()

    def promote(self, run: str) -> None:
        """`pending` becomes `current`, and `current` becomes `previous`. A second call finishes what a killed one began.

        Raises `KeyringEntryVanished` when `run` left nothing to promote, `SlotHeldByAnotherRun` when `pending` is another's.
        """
        pending, current = self.read(Slot.PENDING), self.read(Slot.CURRENT)
        if pending is None and current is not None and current.run == run:
            return
        if pending is None:
            raise KeyringEntryVanished(**self._facts(Slot.PENDING))
        self._check_owner(Slot.PENDING, pending, run)
        self._make_current(pending)
        self.clear(Slot.PENDING, run)

    def adopt(self, password: Secret, run: str) -> None:
        """Take as `current` a password that a person vouches for; the old `current` becomes `previous`. Safe to repeat."""
        self._make_current(Held(password, run))

    def _make_current(self, new: Held) -> None:
        """Copy `current` to `previous` first: until the last write, the password in use is in two slots or more."""
        current, previous = self.read(Slot.CURRENT), self.read(Slot.PREVIOUS)
        if current is not None and current.password != new.password and current != previous:
            self._put(Slot.PREVIOUS, current)
        if current is None or (current.password, current.run) != (new.password, new.run):
            self._put(Slot.CURRENT, new)

    def _put(self, slot: Slot, held: Held) -> None:
        with effect(f"keyring {slot}"):
            self._entries[slot]._write(held.to_json())

    def _check_owner(self, slot: Slot, held: Held, run: str) -> None:
        if held.run != run:
            raise SlotHeldByAnotherRun(**self._facts(slot), holder=held.run)

    def _facts(self, slot: Slot) -> dict[str, str]:
        return {"service": self._entries[slot].service, "user": self._entries[slot].user}
