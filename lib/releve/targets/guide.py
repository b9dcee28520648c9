"""The person who enters the password in a program that no other can reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from releve.base.secret import Secret


@dataclass(frozen=True)
class Entering:
    """A program in which a person enters the password by hand."""

    target: str
    name: str
    account: str


class Guide(Protocol):
    """Whoever guides that person."""

    async def guide(self, step: str, entering: Entering) -> str:
        """Show a person what to do on a screen that no program can reach; returns one French line.
        Raises `PersonNeeded`.
        """

    async def enter_by_hand(self, entering: Entering, secret: Secret) -> str:
        """A person enters the password in a program that no other can reach; returns one French
        line. Raises `PersonNeeded`.
        """
