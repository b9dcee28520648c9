"""The one-time code or the security key, wherever the portal asks for one."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pyotp
from playwright.async_api import Locator
from playwright.async_api import TimeoutError as PlaywrightTimeout

from releve.base.secret import Secret
from releve.portal import errors as e
from releve.portal.case import Case, CodeAsked
from releve.portal.screen import Screen
from releve.portal.screens.accueil import Arrival

KEY_SECONDS = 180.0  # for a person to find the key and touch it
SKEW_WORTH_SAYING = 10.0


class SecondFactorPage(Screen):
    """A code by e-mail (short-lived, late at times), an authenticator's code (TOTP), or a security
    key, since September 2024 (communaute.chorus-pro.gouv.fr). Whether it is asked for after PIGP is
    not known: it is expected everywhere. No code is given twice.
    """

    title, label = "Code à usage unique", "code.title"

    def __init__(self, case: Case) -> None:
        super().__init__(case.browser)
        self.case = case

    def mark(self) -> Locator:
        return self.page.get_by_role("heading", name=self.words.find("code.title")).filter(
            visible=True
        )

    def _field(self) -> Locator:
        return self.browser.page.get_by_role("textbox", name=self.words.find("code.field")).filter(
            visible=True
        )

    def _resend(self) -> Locator:
        return self.named("code.resend")

    async def go(self, case: Case) -> str:
        """Give the second factor. A code that can be sent again comes by mail; else a seed in the
        keyring makes it; else a person.
        """
        self.browser.check_origin()
        if not await self._field().count():
            return await self._wait_for_the_key()
        seed = (
            None
            if await self._resend().count()
            else await asyncio.to_thread(self.case.credentials.seed)
        )
        return await (self._by_seed(seed) if seed else self._by_person())

    async def _wait_for_the_key(self) -> str:
        login = self.browser.settings.login
        if not self.browser.headed:
            raise e.KeyNeeded(login=login)
        await self.browser.front()
        await self.case.prompts.touch_key(login)
        patience, self.browser.timeout = self.browser.timeout, KEY_SECONDS
        try:
            await self.browser.wait_for(
                Arrival(self.browser).beyond(), self.words.first("code.title")
            )
        except e.ScreenNotRecognised:
            raise e.KeyNotTouched(login=login, minutes=round(KEY_SECONDS / 60)) from None
        finally:
            self.browser.timeout = patience
        return "clé de sécurité touchée"

    async def _by_person(self) -> str:
        problem = ""
        while True:
            can_resend = await self._resend().count() == 1
            code = await self.case.prompts.one_time_code(
                CodeAsked(self.browser.settings.login, await self._note(), problem, can_resend)
            )
            if code is None:
                async with self.browser.page.expect_event("domcontentloaded"):
                    await self.press(self._resend(), self.words.first("code.resend"))
                problem = ""
            elif not (problem := await self._refused(code)):
                return "code à usage unique saisi par une personne"

    async def _note(self) -> str:
        """What the page itself says of the code: where it was sent."""
        said = (
            self.browser.page.get_by_role("paragraph").filter(has_text="code").filter(visible=True)
        )
        return " ".join((await said.first.inner_text()).split())[:200] if await said.count() else ""

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
        self.browser.check_origin()
        page = self.browser.page
        await (await self.only(self._field(), self.words.first("code.field"))).fill(code)
        with suppress(PlaywrightTimeout):  # a page that is drawn by scripts never loads anew
            async with page.expect_event("domcontentloaded"):
                await self.press(self.button("code.submit"), self.words.first("code.submit"))
        problem = page.get_by_text(self.words.find("code.refused")).filter(visible=True)
        await self.browser.wait_for(
            problem.or_(Arrival(self.browser).beyond()), self.words.first("code.title")
        )
        return (
            " ".join((await problem.first.inner_text()).split())[:160]
            if await problem.count()
            else ""
        )


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
