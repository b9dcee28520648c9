"""The keyring of made-up passwords, in the school's memory: gone with it, never on a disk. Its
faults are switches, so that a keyring that fails is met for real.
"""

from __future__ import annotations

import threading
from typing import Literal

Fault = Literal["fail", "corrupt", "lose"]
Answer = tuple[Literal["ok", "locked", "refused", "absent"], str | None]


class MadeUpKeyring:
    """What the control site serves (`vault.made_up` is its client)."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], str] = {}
        self._faults: list[tuple[Fault, str]] = []
        self._locked = False
        self._guard = threading.Lock()

    def do(self, verb: str, service: str, user: str, value: str = "") -> Answer:
        """One "get", "set" or "delete", and how it ended."""
        with self._guard:
            if self._locked:
                return "locked", None
            key = (service, user)
            if verb == "get":
                return "ok", self._values.get(key)
            fault = self._next_fault(service)
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
