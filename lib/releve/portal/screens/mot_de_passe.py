"""The summary that shows the new password, once."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from playwright.async_api import Error as PlaywrightError

from releve.base.secret import Secret
from releve.portal import errors as e
from releve.portal.case import Case
from releve.portal.confirm import Question, left
from releve.portal.reading import covered, folds, labelled, likely, message, passwords, results
from releve.portal.screen import PasswordScreen, text, want
from releve.portal.sight import Abstention, decide, named
from releve.portal.view import Thing, View

PATIENCE = 6.0  # seconds for a value that is drawn after its label
COVERED = 2000  # milliseconds for a click on what something else may cover


class EcranSuivant(PasswordScreen):
    """The summary that shows the new password, once. Reading it is the most generous step of all:
    nothing can be repeated after it. A window laid over it does not hide it from us.
    """

    title, mark = "Écran suivant", text("summary.password", whole=True)

    async def expect(self, account: str = "") -> None:
        """Its password is about to be shown: what is on the page already is not it."""
        every = [await self.finder.look(reading=True, page=page) for page in self.browser.windows]
        self.browser.memo["whose"] = account
        self.browser.memo.pop("first", None)
        said = (word for view in every for word in view.text.split() if likely(word))
        tokens = (t.raw.strip() for view in every for t in view.tokens)
        self.browser.memo["known"] = frozenset((*said, *tokens))
        self.browser.memo["asked on"] = every[0]

    def _document(self, view: View) -> float | None:
        return view.documents.get(self.finder.number(self.page.main_frame) or 0)

    def seen(self, view: View) -> object:
        """Its label, or a value that can be nothing else, where no password is asked for: the login
        page has the same words. A label alone says nothing beside what can still be cancelled.
        """
        if [t for t in view.of_kind("secret") if not t.fixed and not t.selected]:
            return Abstention(self.words.first("summary.password"))
        if found := self._passwords(view, "") or covered(view, self.words, self._known):
            return found
        before = self.browser.memo.get("asked on")  # its label may stand there too
        before = before if isinstance(before, View) else View()
        if left(view, before, self.words):
            return Abstention(self.words.first("summary.password"))
        return super().seen(view.since(before))

    def _passwords(self, view: View, account: str, *, sentences: bool = True) -> list[str]:
        return passwords(view, account, self.words, self._known, sentences=sentences)

    @property
    def _known(self) -> frozenset[str]:
        known: frozenset[str] = self.browser.memo.get("known", frozenset())
        return known

    async def reached(self) -> None:
        await self.next(lambda _: None)

    async def next(self, step: Callable[[View], object]) -> Question | None:
        """Return once the password's screen is there, with a further `step` of the question that
        came in its place. A value beside it that may be the password is for a person.
        """
        asked: Question | None = None

        def answer(view: View) -> object:
            nonlocal asked
            asked = None
            refused = view.says(self.words.find("reset.refused"))
            if refused:
                raise e.ResetRefused(text=" ".join(refused.text.split())[:160])
            further = step(view)
            if not isinstance(further, Question) or labelled(view, self.words, self._known):
                return self.seen(view)
            if self._passwords(view, "") or covered(view, self.words, self._known):
                return Abstention(self.words.first("summary.password"))
            asked = further
            return further

        pressed: set[tuple[int, int]] = set()

        def anew(view: View) -> object:
            found = answer(view)
            before = self.browser.memo.get("asked on", View())
            if not view.ready or self._document(view) == self._document(before):
                return found
            more = isinstance(found, Abstention) and self._to_open(view, pressed)
            return None if more else found

        try:  # never opened at random: a page that is left is never seen again
            while await self.finder.until(anew, open_hidden=False, reading=True) is None:
                view = await self.finder.look(reading=True)
                await self._press(self._to_open(view, pressed), pressed)
            return asked
        except e.ScreenNotRecognised:
            view = await self.finder.look()
            if [t for t in view.of_kind("secret") if not t.fixed]:
                raise e.SessionExpired(screen=self.title) from None
            raise

    async def read(self, case: Case) -> Secret:
        """The password on the screen. Raises `PasswordUnreadable` unless exactly one value can be
        it. Safe to repeat.
        """
        self.browser.password_in_sight = True
        with suppress(PlaywrightError):  # it is read all the same
            await self.browser.hold()
        self.browser.follow()
        pressed: set[tuple[int, int]] = set()
        began, patience = time.monotonic(), min(PATIENCE, self.browser.timeout)
        while True:
            waited = time.monotonic() - began
            try:
                view = await self.finder.look(reading=True)
            except PlaywrightError:  # the page is just being replaced
                if waited > patience or not self.browser.alive:
                    raise
                await self.finder.change()
                continue
            found = self._passwords(view, case.account, sentences=waited > patience / 4)
            if len(found) == 1:
                return Secret(found[0])
            if found or waited > patience:
                raise e.PasswordUnreadable(why=f"{len(found)} valeurs possibles")
            if await self._show(view, pressed):
                began = time.monotonic()  # what it shows comes before what a sentence says
            await self.finder.change()

    async def _show(self, view: View, pressed: set[tuple[int, int]]) -> bool:
        """Press « Afficher », which is free and safe, or what folds a value away, once each.
        Returns whether anything was pressed.
        """
        shows = named(view, want(self.words, "summary.show"))
        shows += named(view, want(self.words, "summary.show", "check", longer=False))
        shows = [t for t in shows if t.key not in pressed and t.enabled and not t.away]
        return await self._press([*shows, *self._to_open(view, pressed)], pressed)

    def _to_open(self, view: View, pressed: set[tuple[int, int]]) -> list[Thing]:
        """What folds a value away; and the result of what was asked for, once it is there."""
        first = self.browser.memo.get("first", View())
        if self._document(first) != self._document(view):
            first = self.browser.memo["first"] = view
        come = results(view, first, self.browser.memo.get("whose", ""), self.words)
        found = (*folds(view, self.words), *message(view, self.words), *come)
        return [each for each in found if each.key not in pressed]

    async def _press(self, things: list[Thing], pressed: set[tuple[int, int]]) -> bool:
        """Press the first of them; False when there is none. What covers it is never closed: the
        password may be there.
        """
        for each in things[:1]:
            pressed.add(each.key)
            with suppress(PlaywrightError, e.PortalError):
                await (await self.finder.element(each)).click(timeout=COVERED)
        return bool(things)

    async def back(self, case: Case) -> str:
        async with self.browser.on(self.title):
            await self.leave("summary.back")
        return "structure"

    async def leave(self, *keys: str) -> None:
        """Press the first of these ways out that there is."""

        def out(view: View) -> Thing | Abstention:
            for key in keys:
                found = decide(view, want(self.words, key, longer=False))
                if isinstance(found, Thing):
                    return found
            return Abstention(self.words.first(keys[0]))

        await self.finder.press(await self.finder.until(out))
        self.browser.password_in_sight = False
        began = time.monotonic()
        with suppress(PlaywrightError, e.PortalError):  # a page that is replaced has gone too
            while not isinstance(self.seen(await self.finder.look(reading=True)), Abstention):
                if time.monotonic() - began > self.browser.timeout:
                    break
                await self.finder.change()
        await self.browser.let_go()
