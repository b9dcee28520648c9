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


@dataclass(frozen=True)
class Lesson:
    """What the document names and Relève does not find on a screen, or finds twice; what it sees
    there; what was wrong with the last try ("" at first).
    """

    label: str
    screen: str
    saw: str
    problem: str = ""


class SecondFactor(Protocol):
    """Whoever can do in the portal's window what is a person's: give the second factor of a login,
    log in, show what is not found.
    """

    interactive: bool

    async def point_at(self, asked: Lesson) -> bool:
        """Ask the person to show it by a click that does nothing; False when she will not."""

    async def pointing(self, asked: Lesson) -> None:
        """Tell her where to click; returns only by raising, when she wants to stop. Cancelled once
        she has clicked.
        """

    async def is_it(self, asked: Lesson, told: str, picture: bytes) -> bool:
        """Whether what she touched is it: its words, and the page with a line around it (a PNG, b""
        for none). No binds for ever. Without words it serves this once: others look like it.
        """

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
