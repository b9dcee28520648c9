"""Who logs in, and how: through PIGP or straight on Chorus Pro, with a one-time code where one is
asked for.

A refused password is never tried twice (three refusals lock the account), nor is a code. What is
known of the second factor: a code by e-mail (short-lived, late at times), an authenticator's code
(TOTP), or a security key, since September 2024 (communaute.chorus-pro.gouv.fr). Whether it is asked
for after PIGP is not known: it is expected everywhere.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pyotp
from filelock import AsyncFileLock, Timeout
from playwright.async_api import Locator
from playwright.async_api import TimeoutError as PlaywrightTimeout

from releve.base.secret import Secret
from releve.portal import errors as e
from releve.portal.browser import PortalBrowser
from releve.portal.screens import AccueilDeChorusPro, AccueilDuPortail, Authentification
from releve.rotation.prompts import CodeAsked, Operator
from releve.vault.keystore import Keystore

KEY_SECONDS = 180.0  # for a person to find the key and touch it
QUEUE_SECONDS = 120.0  # for others to be told what the portal says of the same password
SKEW_WORTH_SAYING = 10.0


class Credentials:
    """What the keyring holds for the manager's login. Every method may block on the keyring: call
    it in a thread.

    `lock` is held while a password or a code is in question: processes that share `outputs` would
    else all try the one that is refused, each for its first time.
    """

    def __init__(self, keystore: Keystore, login: str, outputs: Path) -> None:
        self.keystore, self.login = keystore, login
        name = re.sub(r"[^\w.@-]", "_", login)
        self.lock = AsyncFileLock(
            outputs / ".locks" / f"login-{name}.lock",
            QUEUE_SECONDS,
            thread_local=False,
            run_in_executor=False,
        )
        self.typed: Secret | None = None  # by a person who does not want it kept
        self._refused, self._last_step = keystore.refusal(login), keystore.entry("otp-used", login)

    def password(self) -> Secret:
        """Raises `CredentialMissing`, or `AlreadyRefused` when the portal refused this very
        password before.
        """
        password = self.typed or self.keystore.portal_password(self.login).require()
        known = self._refused.get()
        if known is not None and known.reveal() == _fingerprint(password):
            raise e.AlreadyRefused(login=self.login)
        return password

    def remember_refusal(self, password: Secret) -> None:
        """Keep, in the keyring, that the portal refused this password, until a person vouches for
        it.
        """
        self._refused.set(Secret(_fingerprint(password)))

    def forget_refusal(self) -> None:
        """A person vouches for the password: one more try. An account that was locked may have been
        opened again as it was.
        """
        self._refused.delete()

    def seed(self) -> Secret | None:
        """The authenticator's seed, if one is kept."""
        return self.keystore.otp_seed(self.login).get()

    def spend(self, step: int) -> bool:
        """Take the code of that interval; False when it, or a later one, was taken before, by any
        process.
        """
        last = self._last_step.get()
        if last is not None and int(last.reveal()) >= step:
            return False
        self._last_step.set(Secret(str(step)))
        return True


def _fingerprint(password: Secret) -> str:
    return hashlib.sha256(password.reveal().encode()).hexdigest()


class Arrival(AccueilDeChorusPro):
    """Chorus Pro's home page, by either of the ways that it may show to the reset."""

    def mark(self) -> Locator:
        return self.named("home.manager").or_(self.named("domain.open"))


class Login:
    """From the login page to Chorus Pro's home page, for both routes."""

    def __init__(
        self,
        browser: PortalBrowser,
        credentials: Credentials,
        operator: Operator,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.browser, self.credentials, self.operator, self.clock = (
            browser,
            credentials,
            operator,
            clock,
        )
        self.words = browser.words
        self.through_chorus = browser.settings.login_through == "chorus"
        self._opened = False

    async def open(self) -> None:
        """Show the login form."""
        await self.browser.goto(self.browser.settings.url)
        form = Authentification(self.browser)
        if self.through_chorus:
            connect = form.button("connection.connect")
            await self.browser.wait_for(
                form.mark().or_(connect), self.words.first("connection.connect")
            )
            if not await form.mark().count():
                await form.press(connect, self.words.first("connection.connect"))
        await form.reached()
        self._opened = True

    async def sign_in(self) -> str:
        """Log in, once. Raises `PasswordRefused` or `AccountLocked`, which are remembered, or
        `AlreadyRefused` before anything is typed.
        """
        try:
            async with self.credentials.lock:
                return await self._sign_in()
        except Timeout:
            raise e.LoginBusy(login=self.browser.settings.login) from None

    async def _sign_in(self) -> str:
        password = await asyncio.to_thread(self.credentials.password)
        if not self._opened:
            await self.open()
        self._opened = False
        form, login = Authentification(self.browser), self.browser.settings.login
        inside = Arrival(self.browser).mark().or_(self._information()).or_(self._code())
        after = inside if self.through_chorus else AccueilDuPortail(self.browser).mark()
        page = await form.sign_in(login, password)
        try:
            await self.browser.wait_for(
                after, self.words.first("home.manager" if self.through_chorus else "pigp.chorus")
            )
        except (e.PasswordRefused, e.AccountLocked, e.ScreenNotRecognised) as error:
            unsaid = isinstance(error, e.ScreenNotRecognised)
            if unsaid and not await form.asks_again(page):
                raise
            await asyncio.to_thread(self.credentials.remember_refusal, password)
            raise (e.PasswordRefused(login=login) if unsaid else error) from None
        return (
            f"connecté {'à Chorus Pro' if self.through_chorus else 'au portail'} avec l'identifiant"
            f" {login}"
        )

    async def enter(self) -> str:
        """From there to Chorus Pro's home page, through whatever it shows on the way."""
        if not self.through_chorus:
            await AccueilDuPortail(self.browser).open_chorus_pro()
        return ", ".join(["Chorus Pro est ouvert", *await self._arrive()])

    def _ways(self) -> Locator:
        return self._beyond().or_(self._code())

    def _beyond(self) -> Locator:
        """What may follow the second factor."""
        home = Arrival(self.browser)
        return home.mark().or_(home.button("connection.connect")).or_(self._information())

    def _information(self) -> Locator:
        return self.browser.page.get_by_role(
            "heading", name=self.words.find("information.title")
        ).filter(visible=True)

    def _code(self) -> Locator:
        return self.browser.page.get_by_role("heading", name=self.words.find("code.title")).filter(
            visible=True
        )

    async def _arrive(self) -> list[str]:
        """What was done on the way: each kind of page is gone through once."""
        home, done = Arrival(self.browser), list[str]()
        connect = home.button("connection.connect")
        for _ in range(8):
            await self.browser.wait_for(self._ways(), self.words.first(home.label))
            if await home.mark().count():
                return done
            if await self._code().count():
                result = await self._pass_code()
            elif await self._information().count():
                await home.press(
                    home.button("information.submit"), self.words.first("information.submit")
                )
                result = "informations vérifiées"
            elif await connect.count():
                if (
                    await Authentification(self.browser).mark().count()
                ):  # a login form has a button of that name too
                    raise e.SessionExpired(screen=self.browser.title)
                await home.press(connect, self.words.first("connection.connect"))
                result = "connecté sans seconde authentification"
            else:
                # the page changed between these looks: a person touched a key, or a script redrew
                # it
                continue
            if result in done:
                break
            done.append(result)
            await self.browser.page.wait_for_load_state("load")
        raise await self.browser.diagnose(self.words.first(home.label))

    # -- the second factor

    def _field(self) -> Locator:
        return self.browser.page.get_by_role("textbox", name=self.words.find("code.field")).filter(
            visible=True
        )

    def _resend(self) -> Locator:
        return Arrival(self.browser).named("code.resend")

    async def _pass_code(self) -> str:
        """Give the second factor. A code that can be sent again comes by mail; else a seed in the
        keyring makes it; else a person.
        """
        self.browser.check_origin()
        if not await self._field().count():
            return await self._wait_for_the_key()
        seed = (
            None if await self._resend().count() else await asyncio.to_thread(self.credentials.seed)
        )
        return await (self._by_seed(seed) if seed else self._by_person())

    async def _wait_for_the_key(self) -> str:
        login = self.browser.settings.login
        if not self.browser.headed:
            raise e.KeyNeeded(login=login)
        await self.operator.touch_key(login)
        patience, self.browser.timeout = self.browser.timeout, KEY_SECONDS
        try:
            await self.browser.wait_for(self._beyond(), self.words.first("code.title"))
        except e.ScreenNotRecognised:
            raise e.KeyNotTouched(login=login, minutes=round(KEY_SECONDS / 60)) from None
        finally:
            self.browser.timeout = patience
        return "clé de sécurité touchée"

    async def _by_person(self) -> str:
        problem = ""
        while True:
            can_resend = await self._resend().count() == 1
            code = await self.operator.one_time_code(
                CodeAsked(self.browser.settings.login, await self._note(), problem, can_resend)
            )
            if code is None:
                async with self.browser.page.expect_event("domcontentloaded"):
                    await Arrival(self.browser).press(
                        self._resend(), self.words.first("code.resend")
                    )
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
        skew = self.browser.skew(self.clock()) or 0.0
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
            now = self.clock() + skew
            async with self.credentials.lock:
                fresh = await asyncio.to_thread(self.credentials.spend, int(now // totp.interval))
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
        page, form = self.browser.page, Arrival(self.browser)
        await (await form.only(self._field(), self.words.first("code.field"))).fill(code)
        with suppress(PlaywrightTimeout):  # a page that is drawn by scripts never loads anew
            async with page.expect_event("domcontentloaded"):
                await form.press(form.button("code.submit"), self.words.first("code.submit"))
        problem = page.get_by_text(self.words.find("code.refused")).filter(visible=True)
        await self.browser.wait_for(problem.or_(self._beyond()), self.words.first("code.title"))
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
