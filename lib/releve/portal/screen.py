"""A screen of the portal: what it is recognised by, and what the document says to do on it.

It relies on what a person sees, by the words of the document (`find`). `reached` waits for the mark
and raises the `PortalError` that fits; it may be repeated. It reads, but for PIGP's home page,
which presses « Continuer » on the news before it, also where a person went on by hand.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import ClassVar

from playwright.async_api import Page

from releve.base.secret import Secret
from releve.base.words import Words
from releve.portal import errors as e
from releve.portal.browser import PortalBrowser
from releve.portal.case import Case
from releve.portal.find import Finder, finder
from releve.portal.lists import DropDown
from releve.portal.sight import Abstention, Outcome, Want, decide
from releve.portal.view import Text, Thing, View

Sight = Callable[[View, Words], object]
"""What a look means: anything, or an `Abstention`."""


def want(words: Words, key: str, kind: str = "press", *, longer: bool = True) -> Want:
    """What the words `key` name; `longer`: also as a part of a longer name."""
    within = words.find(key) if longer else None
    return Want(words.first(key), words.exact(key), within, kind, words)


def thing(
    key: str, kind: str = "press", *, longer: bool = True
) -> Callable[[View, Words], Outcome]:
    """The one thing of that kind that these words name."""
    return lambda view, words: decide(view, want(words, key, kind, longer=longer))


def text(key: str, *, whole: bool = False) -> Callable[[View, Words], Text | Abstention]:
    """A text that contains these words, a title before any other; `whole`: and no other word."""

    def told(view: View, words: Words) -> Text | Abstention:
        pattern = words.exact(key) if whole else words.find(key)
        fits = [each for each in view.texts if each.shown and pattern.search(each.text)]
        none = Abstention(words.first(key))
        return next((each for each in fits if each.head), fits[0] if fits else none)

    return told


class Screen:
    """A screen in the window in hand. `title` is the document's name for it, `mark` what an
    operator recognises it by.
    """

    step: ClassVar[str] = ""  # the documented step that is done on it; "" for a screen between two
    title: ClassVar[str]
    mark: ClassVar[Sight]

    def __init__(self, browser: PortalBrowser) -> None:
        self.browser = browser

    @property
    def page(self) -> Page:
        return self.browser.page

    @property
    def words(self) -> Words:
        return self.browser.words

    @property
    def finder(self) -> Finder:
        return finder(self.browser)

    async def go(self, case: Case) -> str:
        """Do what the document says to do here; returns one French line of result. Reads only:
        safe to repeat. Raises `PortalError`.
        """
        raise NotImplementedError

    async def arrived(self, case: Case) -> None:
        """Make sure that the window shows what `go` leads to, once a person did it by hand. Raises
        `PortalError`; safe to repeat.
        """

    def seen(self, view: View) -> object:
        """The mark in that look, or an `Abstention`."""
        return type(self).mark(view, self.words)

    async def shown(self) -> bool:
        """Whether the window shows the screen now."""
        return not isinstance(self.seen(await self.finder.look()), Abstention)

    async def reached(self) -> None:
        """Return once the screen is there; safe to repeat. Raises `PortalError`."""
        await self.finder.until(self.seen)

    async def find(self, key: str, kind: str = "press", *, longer: bool = True) -> Thing:
        """Wait for the one thing that these words name."""
        return await self.finder.find(want(self.words, key, kind, longer=longer))

    async def press(self, key: str, *, longer: bool = True) -> None:
        """Click the one thing that these words name."""
        await self.finder.press(await self.find(key, longer=longer))


class ResetScreen(Screen):
    """Where the irreversible click is made."""

    step = "confirmation"

    @asynccontextmanager
    async def clicking(self, title: str) -> AsyncIterator[None]:
        """The click is made within, and leads to the screen `title`: whatever goes wrong, its
        outcome is then unknown, unless the portal itself refused it.
        """
        try:
            async with self.browser.on(title):
                yield
        except (e.ResetRefused, e.AskedAgain):
            raise
        except e.PortalError as error:
            raise e.ResetOutcomeUnknown(why=str(error).rstrip("."), todo="") from error

    async def agree(self, answer: Thing) -> bool:
        """Say yes where no stands: a part of the click, for a page may take it for the whole of it.
        False when there is no yes.
        """
        if answer.kind == "radio":
            await self.finder.check(answer)
            return True
        return await DropDown.at(self.finder, answer).choose(self.words.exact("reset.confirm"))

    async def offer(self, case: Case) -> None:
        """Have a password displayed, to be submitted later; nothing to do where the reset comes
        first. The portal may count it already (nobody knows): announce it first.
        """

    async def ready(self, case: Case) -> None:
        """Make sure, without any effect, that `commit` can be pressed for this very account. Raises
        `PortalError`.
        """
        raise NotImplementedError

    async def commit(self, case: Case) -> None:
        """The irreversible click, once. Raises `ResetRefused` (known not to have happened) or
        `ResetOutcomeUnknown`. Never repeat.
        """
        raise NotImplementedError


class PasswordScreen(Screen):
    """Where the new password is read."""

    step = "mot-de-passe"

    async def read(self, case: Case) -> Secret:
        """The password on the screen. Raises `PasswordUnreadable`. Safe to repeat."""
        raise NotImplementedError

    async def back(self, case: Case) -> str:
        """Leave a password that cannot be used, as the document says; returns the step to go on
        with.
        """
        raise NotImplementedError
