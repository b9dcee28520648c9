"""What every route to the reset promises, whatever the screens behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from releve.base.secret import Secret
from releve.portal.drift import Look


class Route(Protocol):
    """One way to the reset of one technical account.

    `sees_first` tells which comes first: False, the reset takes effect before its password is seen
    (`commit`, then `read`); True, a candidate is asked for, read, kept, and only then made
    effective (`offer`, `read`, then `commit`).
    """

    @property
    def name(self) -> str:
        """As in the settings; "" while the portal has not told yet which route it offers."""

    @property
    def sees_first(self) -> bool: ...

    @property
    def mode(self) -> str:
        """How its last screen was done: "automatic", or "manual" by a person."""

    @property
    def driver(self) -> str:
        """The browser that it drives, by name and version; "" when it drives none."""

    async def look(self, step: str) -> Look | None:
        """The screen on which `go(step)` acts (the login page is opened), or where `commit` does;
        None for one that is not compared.
        """

    async def rehearse(self) -> str:
        """In place of `go("demande")`: find what comes next and see that it can be pressed, without
        pressing; returns one French line.
        """

    async def go(self, step: str) -> str:
        """Go through one documented screen; returns one French line of result. Reads only: safe to
        repeat.
        """

    async def offer(self) -> None:
        """Have a candidate displayed (`sees_first` only), once after "demande" or `back`.

        The portal may count it already (nobody knows): announce it first.
        """

    async def ready(self) -> None:
        """Make sure, without any effect, that `commit` can be pressed for this very account. Raises
        `PortalError`.
        """

    async def commit(self) -> None:
        """The irreversible click, once. Raises `ResetRefused` (known not to have happened) or
        `ResetOutcomeUnknown`. Never repeat.
        """

    async def read(self) -> Secret:
        """The password on the screen. Raises `PasswordUnreadable`. Safe to repeat."""

    async def back(self) -> None:
        """From a password that cannot be used, return to where `ready` holds again, as the document
        says.
        """

    async def leave(self) -> str:
        """Log out; returns one French line."""

    async def capture(self, path: Path) -> bool:
        """A picture of the screen in hand, without any secret; False when there is none."""

    async def close(self) -> None:
        """Let the browser go. Safe to repeat."""
