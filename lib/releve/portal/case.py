"""What every screen is given: whose password is renewed, in which window, and who may be asked."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from releve.base.words import Words
from releve.portal.browser import PortalBrowser
from releve.portal.credentials import Credentials


@dataclass(frozen=True)
class CodeAsked:
    """A one-time code that the portal asks for: what its page says of it, what it has against the
    last one ("" at first).
    """

    login: str
    note: str
    problem: str
    can_resend: bool


class SecondFactor(Protocol):
    """Whoever can give the second factor of a login."""

    async def one_time_code(self, asked: CodeAsked) -> str | None:
        """The code that the person reads in a mail or an application; None to have another one
        sent. Raises `CodeNeeded`.
        """

    async def touch_key(self, login: str) -> None:
        """Ask the person to touch the security key in the visible window; returns without waiting
        for it. Raises `KeyNeeded`.
        """

    async def signs_in_herself(self) -> None:
        """Tell the person to log in in the visible window; returns only by raising, when she wants
        to stop. Cancelled once she is through. Raises `SignInNeeded`.
        """


@dataclass(frozen=True)
class Case:
    """One structure and its technical account on the portal. `clock` gives seconds since 1970."""

    browser: PortalBrowser
    siret: str
    account: str
    credentials: Credentials
    prompts: SecondFactor
    clock: Callable[[], float] = time.time

    @property
    def words(self) -> Words:
        return self.browser.words

    @property
    def through_chorus(self) -> bool:
        """Whether the login is Chorus Pro's own, and not PIGP's."""
        return self.browser.settings.login_through == "chorus"
