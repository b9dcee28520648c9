"""Chorus Pro's identity provider: PIGP's word is enough, else login and password, then a one-time
code if the world asks for one.

Known: a host of its own, OpenID Connect, and a second factor since September 2024 (a code by e-mail
sent at login, short-lived, sent again when the page is opened again; an authenticator; a security
key). The pages and the words are guesses.
"""

from __future__ import annotations

from datetime import timedelta

from releve.school import otp
from releve.school.managers import CHORUS, Login
from releve.school.pigp import REFUSED
from releve.school.web import Page, Session
from releve.school.world import Mail

LOCKED = (
    "Votre compte est bloqué à la suite de plusieurs tentatives infructueuses. Vous pourrez vous "
    "connecter à nouveau dans une heure."
)
WRONG, EXPIRED, USED = (
    "Code incorrect.",
    "Ce code a expiré. Demandez-en un nouveau.",
    "Ce code a déjà été utilisé. Attendez le suivant.",
)


class IdpPage(Page):
    """A page of the identity provider; its session lasts only as long as the login."""

    site = "idp"

    def enter(self, login: str) -> None:
        """The login is complete: back to Chorus Pro with a one-time ticket."""
        self.close_session()
        self.redirect(f"{self.desk.urls.chorus}/sso?ticket={self.desk.ticket(login)}", status=303)

    def first_factor_passed(self, login: str, *, by_pigp: bool) -> None:
        """Go on to the one-time code, or straight in."""
        faults = self.desk.faults
        if faults.otp and (faults.otp_after_pigp or not by_pigp):
            self.open_session(login)
            self.redirect("/code", status=303)
        else:
            self.enter(login)


class Authorise(IdpPage):
    """Where "Se connecter" leads: PIGP is asked first."""

    def get(self) -> None:
        self.redirect(f"{self.desk.urls.pigp}/portail/sso", status=303)


class Return(IdpPage):
    """PIGP's answer."""

    def get(self) -> None:
        """With a good ticket no second authentication; otherwise the login form."""
        if login := self.desk.spend(self.get_query_argument("ticket", "")):
            self.first_factor_passed(login, by_pigp=True)
        else:
            self.redirect("/identification", status=303)


class Identify(IdpPage):
    """The login form of Chorus Pro itself."""

    async def get(self) -> None:
        await self.show("identification", "idp/login.html", {"error": ""})

    async def post(self) -> None:
        login = self.get_body_argument("identifiant", "")
        password = self.get_body_argument("motdepasse", "", strip=False)
        answer = self.world.log_in(login, password, CHORUS)
        if answer is Login.ACCEPTED:
            self.first_factor_passed(login, by_pigp=False)
        else:
            await self.show(
                "identification",
                "idp/login.html",
                {"error": LOCKED if answer is Login.LOCKED else REFUSED},
            )


class Code(IdpPage):
    """The one-time code."""

    async def get(self) -> None:
        """Show the form; each opening of it mails a new code, and only the last one is good."""
        session = self.session
        if session is None:
            self.redirect("/identification", status=303)
        elif await self.show_code("") and self.desk.faults.otp == "email":
            self.send_code(session)

    async def show_code(self, error: str) -> bool:
        """Show the form, with an error if there is one to tell."""
        name, _, domain = self.manager.email.partition("@")
        return await self.show(
            "code",
            "idp/code.html",
            {"kind": self.desk.faults.otp, "error": error, "to": f"{name[:2]}•••@{domain}"},
        )

    def send_code(self, session: Session) -> None:
        """Mail a code."""
        now, seconds = self.world.clock(), self.desk.faults.otp_seconds
        session.code, session.code_until = otp.mailed(), now + timedelta(seconds=seconds)
        body = (
            f"Bonjour,\n\nVotre code de sécurité est : {session.code}\n\nIl est valable"
            f" {max(1, round(seconds / 60))} minutes."
        )
        self.world.mails.append(Mail(now, "Votre code de sécurité Chorus Pro", body))
        self.world.note("code_sent")

    async def post(self) -> None:
        session = self.session
        if session is None:
            self.redirect("/identification", status=303)
            return
        if await self.stopped("code"):
            return
        error = self.fault_of(session, self.get_body_argument("code", "").replace(" ", ""))
        if error:
            self.world.note("code_refused", detail=error)
            await self.show_code(error)
        else:
            self.enter(session.login)

    def fault_of(self, session: Session, code: str) -> str:
        """Why a code is refused, or nothing when it is accepted."""
        # the button stands for the touch: a server cannot see a key here
        if self.desk.faults.otp == "key":
            return ""
        if self.desk.faults.otp == "totp":
            return self.fault_of_totp(code)
        if not session.code or code != session.code:
            return WRONG
        return "" if session.code_until and self.world.clock() <= session.code_until else EXPIRED

    def fault_of_totp(self, code: str) -> str:
        """An authenticator's code is good for its own 30 seconds and the ones beside them, and only
        once.
        """
        manager, now = self.manager, self.world.clock()
        for steps in (0, -1, 1):
            at = now + timedelta(seconds=steps * otp.STEP)
            if otp.totp(manager.totp_seed, at) == code:
                step = int(at.timestamp()) // otp.STEP
                if step <= manager.last_totp_step:
                    return USED
                manager.last_totp_step = step
                return ""
        return WRONG


ROUTES = [
    (r"/autorisation", Authorise),
    (r"/retour", Return),
    (r"/(?:identification)?", Identify),
    (r"/code", Code),
]
