"""A screen of the portal: what it is recognised by, and what the document says to do on it.

It relies on words, roles and labels only. `reached` waits for the mark and raises the `PortalError`
that fits; it reads, so it may be repeated.
"""

from __future__ import annotations

from typing import ClassVar

from playwright.async_api import Locator, Page

from releve.base.secret import Secret
from releve.base.words import Words
from releve.portal import errors as e
from releve.portal.browser import PortalBrowser
from releve.portal.case import Case


class Screen:
    """A screen in the window in hand. `title` is the document's name for it."""

    step: ClassVar[str] = ""  # the documented step that is done on it; "" for a screen between two
    title: ClassVar[str]
    label: ClassVar[str]  # the words of its mark, for messages

    def __init__(self, browser: PortalBrowser) -> None:
        self.browser = browser

    @property
    def page(self) -> Page:
        return self.browser.page

    @property
    def words(self) -> Words:
        return self.browser.words

    def mark(self) -> Locator:
        """What an operator recognises the screen by."""
        raise NotImplementedError

    async def go(self, case: Case) -> str:
        """Do what the document says to do here; returns one French line of result. Reads only:
        safe to repeat. Raises `PortalError`.
        """
        raise NotImplementedError

    async def arrived(self, case: Case) -> None:
        """Make sure that the window shows what `go` leads to, once a person did it by hand. Raises
        `PortalError`; safe to repeat.
        """

    async def reached(self) -> None:
        """Return once the screen is there. Raises `PortalError`."""
        await self.browser.wait_for(self.mark(), self.words.first(self.label))

    def button(self, key: str, within: Locator | None = None) -> Locator:
        """The visible links and buttons that carry the words of `key` and nothing else."""
        place, name = within or self.page, self.words.exact(key)
        return self._either(
            place.get_by_role("button", name=name), place.get_by_role("link", name=name)
        )

    def named(self, key: str, within: Locator | None = None) -> Locator:
        """The visible links and buttons whose name contains the words of `key`."""
        place, name = within or self.page, self.words.find(key)
        return self._either(
            place.get_by_role("button", name=name), place.get_by_role("link", name=name)
        )

    @staticmethod
    def _either(one: Locator, other: Locator) -> Locator:
        return one.or_(other).filter(visible=True)

    async def only(self, found: Locator, label: str) -> Locator:
        """The one element found. Raises `ScreenNotRecognised` for none, `AmbiguousScreen` for
        several: no guess is made.
        """
        count = await found.count()
        if count == 0:
            raise await self.browser.diagnose(label)
        if count > 1:
            raise e.AmbiguousScreen(screen=self.title, count=count, wanted=label)
        return found

    async def press(self, found: Locator, label: str) -> None:
        """Click the one element found."""
        await (await self.only(found, label)).click()


class ResetScreen(Screen):
    """Where the irreversible click is made."""

    step = "confirmation"

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
