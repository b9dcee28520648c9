"""The demonstration's keyring: in the memory of one process, served to its children, and gone with
it.

Made-up passwords of the school only. The socket and the random key that opens it are in a folder
that only this user can enter; no password is ever written to the disk. Its faults are switches, so
that tests drive a failing keyring for real.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import tempfile
import threading
from multiprocessing.connection import Client, Listener
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from keyring import errors
from keyring.backend import KeyringBackend

from releve.vault.keystore import DEMO_ENVIRONMENT, Keystore

Fault = Literal["fail", "corrupt", "lose"]
_ERRORS = {
    "locked": errors.KeyringLocked,
    "refused": errors.PasswordSetError,
    "absent": errors.PasswordDeleteError,
}


class ThrowawayBackend(KeyringBackend):
    """The client's side. Its priority is below every other's: it is only ever used by name."""

    priority = -2

    def __init__(self, address: str = "") -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._address = address or os.environ.get(DEMO_ENVIRONMENT, "")

    def get_password(self, service: str, username: str) -> str | None:
        """The value, or None. Raises OSError when the demonstration has ended."""
        return self._ask("get", service, username)

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep the value. Raises `PasswordSetError`, `KeyringLocked`."""
        self._ask("set", service, username, password)

    def delete_password(self, service: str, username: str) -> None:
        """Forget the value. Raises `PasswordDeleteError` when there is none."""
        self._ask("delete", service, username)

    def _ask(self, *request: str) -> str | None:
        where = json.loads(Path(self._address).read_text())
        with Client(where["address"], authkey=bytes.fromhex(where["key"])) as connection:
            connection.send_bytes(json.dumps(request).encode())
            kind, value = json.loads(connection.recv_bytes())
        if kind in _ERRORS:
            raise _ERRORS[kind]("school")
        return value if isinstance(value, str) else None


class ThrowawayKeyring:
    """The server's side: a context manager that owns the values. `environment` hands it to child
    processes.
    """

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], str] = {}
        self._faults: list[tuple[Fault, str]] = []
        self._locked = False
        self._guard = threading.Lock()

    def __enter__(self) -> ThrowawayKeyring:
        self._folder = Path(tempfile.mkdtemp(prefix="releve-"))  # mode 0700
        key = secrets.token_bytes(32)
        self._listener = Listener(
            None if os.name == "nt" else str(self._folder / "socket"), backlog=16, authkey=key
        )
        self._address = self._folder / "address"
        self._address.write_text(json.dumps({"address": self._listener.address, "key": key.hex()}))
        self._thread = threading.Thread(target=self._serve, daemon=True, name="throwaway-keyring")
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def environment(self) -> dict[str, str]:
        """What a child process needs in its environment to find it: the path of a private file, no
        secret.
        """
        return {DEMO_ENVIRONMENT: str(self._address)}

    def keystore(self) -> Keystore:
        """The same keyring for the process that owns it."""
        return Keystore(ThrowawayBackend(str(self._address)), throwaway=True)

    def stop(self) -> None:
        """End the service, as when the demonstration's process dies; what it kept is gone. Safe to
        repeat.
        """
        if self._thread.is_alive():
            ThrowawayBackend(str(self._address))._ask("stop")
            self._thread.join()
        self._listener.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._values.clear()

    def fail_writes(self, times: int = 1, service: str = "") -> None:
        """Refuse the next writes and deletions (of one service, such as "releve/pending", when it
        is named).
        """
        self._faults += [("fail", service)] * times

    def corrupt_writes(self, times: int = 1, service: str = "") -> None:
        """Keep something else than what is written next."""
        self._faults += [("corrupt", service)] * times

    def lose_writes(self, times: int = 1, service: str = "") -> None:
        """Say yes to the next writes, and keep nothing."""
        self._faults += [("lose", service)] * times

    def vanish(self, service: str) -> None:
        """Forget at once every entry of a service."""
        with self._guard:
            self._values = {key: value for key, value in self._values.items() if key[0] != service}

    def lock(self) -> None:
        """Refuse everything, as a locked keyring does."""
        self._locked = True

    def unlock(self) -> None:
        """Answer again."""
        self._locked = False

    def heal(self) -> None:
        """No fault any more."""
        self._faults.clear()
        self.unlock()

    def _serve(self) -> None:
        while True:
            try:
                with self._listener.accept() as connection:
                    if not self._answer(connection):
                        return
            except (
                Exception
            ):  # a client was killed between two words, or is no client: the others go on
                continue

    def _answer(self, connection: Any) -> bool:
        verb, *words = json.loads(connection.recv_bytes())
        with self._guard:
            answer = (
                ("ok", None) if verb == "stop" else self._do(verb, (words[0], words[1]), *words[2:])
            )
        connection.send_bytes(json.dumps(answer).encode())
        return bool(verb != "stop")

    def _do(self, verb: str, key: tuple[str, str], value: str = "") -> tuple[str, str | None]:
        if self._locked:
            return "locked", None
        if verb == "get":
            return "ok", self._values.get(key)
        fault = self._next_fault(key[0])
        if fault == "fail":
            return "refused", None
        if verb == "set" and fault != "lose":
            self._values[key] = value + "?" if fault == "corrupt" else value
        elif self._values.pop(key, None) is None and verb == "delete":
            return "absent", None
        return "ok", None

    def _next_fault(self, service: str) -> Fault | None:
        for index, (fault, only) in enumerate(self._faults):
            if only in ("", service):
                del self._faults[index]
                return fault
        return None
