"""The one-time code or the security key, wherever the portal asks for one."""

from __future__ import annotations

import asyncio

import pyotp

from releve.base.secret import Secret
from releve.portal import errors as e
from releve.portal.case import Case, CodeAsked
from releve.portal.screen import Screen, text, want
from releve.portal.screens.accueil import Arrival
from releve.portal.screens.herself import wait_for_her
from releve.portal.sight import Abstention, closest, decide
from releve.portal.view import Text, Thing, View

KEY_SECONDS = 180.0  # for a person to find the key and touch it
SKEW_WORTH_SAYING = 10.0


class SecondFactorPage(Screen):
    """A code by e-mail (short-lived, late at times), an authenticator's code (TOTP), or a security
    key, since September 2024 (communaute.chorus-pro.gouv.fr). Whether it is asked for after PIGP is
    not known: it is expected everywhere. No code is given twice.
    """

    title = "Code à usage unique"

    def __init__(self, case: Case) -> None:
        super().__init__(case.browser)
        self.case = case

    def seen(self, view: View) -> object:
        """Its title; a page that only speaks of a code, beside a login, is not it."""
        shown = text("code.title")(view, self.words)
        secrets = [each for each in view.of_kind("secret") if not each.fixed]
        return Abstention(self.words.first("code.title")) if secrets else shown

    def _field(self, view: View) -> Thing | Abstention:
        found = decide(view, want(self.words, "code.field", "field"))
        fields = [t for t in view.of_kind("field") if t.enabled and not t.fixed]
        return fields[0] if isinstance(found, Abstention) and len(fields) == 1 else found

    def _resend(self, view: View) -> Thing | None:
        found = decide(view, want(self.words, "code.resend"))
        return found if isinstance(found, Thing) else None

    async def go(self, case: Case) -> str:
        """Give the second factor. A code that can be sent again comes by mail; else a seed in the
        keyring makes it; else a person. One who logs in herself gives it herself.
        """
        if case.credentials.herself:
            await wait_for_her(case, self._beyond)
            return "seconde authentification faite par une personne"
        await self.browser.note_origin()
        view = await self.finder.look()
        if isinstance(self._field(view), Abstention):
            return await self._wait_for_the_key()
        by_mail = self._resend(view) is not None
        seed = None if by_mail else await asyncio.to_thread(self.case.credentials.seed)
        return await (self._by_seed(seed) if seed else self._by_person())

    async def _wait_for_the_key(self) -> str:
        login = self.browser.settings.login
        await asyncio.to_thread(self.case.credentials.note_person_needed, "key")
        if not self.browser.headed:
            raise e.KeyNeeded(login=login)
        await self.browser.front()
        await self.case.prompts.touch_key(login)
        patience, self.browser.timeout = self.browser.timeout, KEY_SECONDS
        try:
            await self.finder.until(self._beyond, open_hidden=False)
        except e.ScreenNotRecognised:
            raise e.KeyNotTouched(login=login, minutes=round(KEY_SECONDS / 60)) from None
        finally:
            self.browser.timeout = patience
        return "clé de sécurité touchée"

    async def _by_person(self) -> str:
        await asyncio.to_thread(self.case.credentials.note_person_needed, "code")
        problem = ""
        while True:
            view = await self.finder.look()
            resend = self._resend(view)
            code = await self.case.prompts.one_time_code(
                CodeAsked(self.browser.settings.login, _note(view), problem, resend is not None)
            )
            if code is None and resend is not None:
                await self.finder.press(resend)
                await self.finder.changed(view)
                problem = ""
            elif code is None:
                problem = ""
            elif not (problem := await self._refused(code)):
                return "code à usage unique saisi par une personne"

    def _beyond(self, view: View) -> object:
        """What may follow it."""
        arrival = Arrival(self.browser)
        there = arrival.seen(view)
        between = arrival.between(view) if isinstance(there, Abstention) else there
        gone = isinstance(self.seen(view), Abstention)
        return between if gone else Abstention(self.words.first("home.manager"))

    async def _by_seed(self, seed: Secret) -> str:
        """The authenticator's code, at the portal's own time when this machine's clock differs."""
        skew = self.browser.skew(self.case.clock()) or 0.0
        skew = skew if abs(skew) > SKEW_WORTH_SAYING else 0.0
        said = _skew_in_french(skew)
        for _ in range(2):  # a second one only when the first was spent elsewhere, or came too late
            problem = await self._refused(await self._fresh_code(pyotp.TOTP(seed.reveal()), skew))
            if not problem:
                return f"code à usage unique calculé par Relève{said}"
            if not self.words.find("code.next").search(problem):
                break
        raise e.CodeRefused(login=self.browser.settings.login, text=problem.rstrip("."), skew=said)

    async def _fresh_code(self, totp: pyotp.TOTP, skew: float) -> str:
        """A code that was never given before: the next one, when this one was."""
        while True:
            now = self.case.clock() + skew
            async with self.case.credentials.lock:
                fresh = await asyncio.to_thread(
                    self.case.credentials.spend, int(now // totp.interval)
                )
            if fresh:
                return totp.at(int(now))
            await self._sleep(totp.interval - now % totp.interval)

    @staticmethod
    async def _sleep(seconds: float) -> None:
        """What the next code waits for is the clock itself."""
        await asyncio.sleep(seconds)

    async def _refused(self, code: str) -> str:
        """Type one code, once; returns what the portal has against it, "" when it is taken.

        A code is no `Secret`: it is worth nothing once it is typed, and six digits are found by
        chance in any record.
        """
        async with self.browser.guarded():
            field = await self.finder.until(self._field)
            await self.finder.type_code(field, code)
            before = await self.finder.look()
            wanted = want(self.words, "code.submit", longer=False)
            sends = await self.finder.until(lambda view: closest(view, wanted, [field]))
            await self.finder.press(sends)
            problem = self.words.find("code.refused")

            def answer(view: View) -> object:
                said = view.says(problem)
                known = before.says(problem)
                anew = view.documents != before.documents
                if said and (anew or known is None):
                    return said
                return self._beyond(view)

            found = await self.finder.until(answer, open_hidden=False)
        return " ".join(found.text.split())[:160] if isinstance(found, Text) else ""


def _note(view: View) -> str:
    """What the page itself says of the code: where it was sent."""
    said = [t.text for t in view.texts if t.shown and not t.head and "code" in t.text.lower()]
    sentences = [each for each in said if len(each.split()) > 4]
    return " ".join(sentences[0].split())[:200] if sentences else ""


def _skew_in_french(skew: float) -> str:
    """The correction as an operator reads it; "" when there is none. `skew` is the portal's time
    less this machine's, in seconds.
    """
    if not skew:
        return ""
    size = f"{abs(skew) / 60:.0f} min" if abs(skew) >= 120 else f"{abs(skew):.0f} s"
    return (
        f" (l'horloge de ce poste {'retarde' if skew > 0 else 'avance'} de {size} sur celle du"
        " portail : remettez-la à l'heure)"
    )
