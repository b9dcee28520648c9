"""What every site of the school shares: sessions, templates, and the faults that may stand in place
of a screen.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import jinja2
import tornado.web
from markupsafe import escape

from releve.school.faults import Faults
from releve.school.keyring import MadeUpKeyring
from releve.school.managers import Manager
from releve.school.world import World

if TYPE_CHECKING:
    from releve.school.server import Urls

HERE = Path(__file__).parent
SECURITY = "Des contraintes de sécurité empêchent d'accéder à la page demandée."
TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Shown:
    """A reset whose password the summary shows once."""

    account: str
    siret: str
    password: str


@dataclass
class Session:
    """An open session on one site: what it still has to show, and what it may still export."""

    site: str
    login: str
    to_show: Shown | None = None
    to_export: Shown | None = None
    shown_candidates: dict[str, str] = field(default_factory=dict)
    """Technical account -> structure, of the candidates that the form showed and that were not
    submitted.
    """
    code: str = ""
    code_until: datetime | None = None


@dataclass(frozen=True)
class Skin:
    """Somebody else's pages for the same sites: their HTML, and what more they ask a site for,
    before the school's own addresses.
    """

    templates: jinja2.Environment
    """Has every template that the school has, by the same name and with the same facts."""
    routes: Mapping[str, Sequence[tuple[str, type[tornado.web.RequestHandler]]]] = field(
        default_factory=dict
    )
    """Site -> more addresses."""


@dataclass
class Desk:
    """What the handlers of all sites share: the world, the addresses, the open sessions and the
    one-time tickets.
    """

    world: World
    urls: Urls
    skin: Skin = Skin(TEMPLATES)
    keyring: MadeUpKeyring = field(default_factory=MadeUpKeyring)
    sessions: dict[str, Session] = field(default_factory=dict)
    tickets: dict[str, str] = field(default_factory=dict)
    """One-time ticket -> the login that one site vouches for to another."""
    tokens: dict[str, datetime] = field(default_factory=dict)
    """PISTE's tokens and when they end."""

    @property
    def faults(self) -> Faults:
        """The switches, as they stand now."""
        return self.world.faults

    def ticket(self, login: str) -> str:
        """A one-time ticket, with which one site vouches for that manager to another."""
        ticket = secrets.token_urlsafe(16)
        self.tickets[ticket] = login
        return ticket

    def spend(self, ticket: str) -> str:
        """For whom the ticket was good ("" for nobody); it is not any more."""
        return self.tickets.pop(ticket, "")


class Page(tornado.web.RequestHandler):
    """A page of one of the sites. Cookies know no port, so each site has a cookie of its own
    name.
    """

    site: ClassVar[str] = ""
    template_of_problem: ClassVar[str] = "problem.html"

    def initialize(self, desk: Desk) -> None:
        """Take what all sites share. A skin may frame its own pages."""
        self.desk = desk
        if desk.skin.routes:
            origins = " ".join(desk.urls.origins)
            self.set_header("Content-Security-Policy", f"frame-ancestors {origins}")

    @property
    def world(self) -> World:
        """The made-up world."""
        return self.desk.world

    def set_default_headers(self) -> None:
        """Nothing of the school is kept by a browser."""
        self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Security-Policy", "frame-ancestors 'none'")

    @property
    def session(self) -> Session | None:
        """The open session of this browser on this site."""
        found = self.desk.sessions.get(self.get_cookie(f"{self.site}_session") or "")
        return found if found and found.site == self.site else None

    @property
    def manager(self) -> Manager:
        """Who is logged in; the first manager while nobody is."""
        login = self.session.login if self.session else ""
        return self.world.managers.get(login, self.world.manager)

    def open_session(self, login: str) -> Session:
        """Open a session of that manager on this site for this browser. Raises KeyError for an
        unknown one.
        """
        manager = self.world.known(login)
        if manager is None:
            raise KeyError(login)
        key, session = secrets.token_urlsafe(24), Session(self.site, manager.login)
        self.desk.sessions[key] = session
        self.set_cookie(f"{self.site}_session", key, httponly=True, samesite="Lax")
        return session

    def close_session(self) -> None:
        """End this browser's session on this site."""
        self.desk.sessions.pop(self.get_cookie(f"{self.site}_session") or "", None)
        self.clear_cookie(f"{self.site}_session")

    async def stopped(self, screen: str, siret: str = "") -> bool:
        """Wait for the latency; answer in place of the screen, and return True, if a fault wants
        it.
        """
        faults = self.desk.faults.of(siret)
        if faults.latency_ms:
            await asyncio.sleep(faults.latency_ms / 1000)
        if faults.fires("server_error_at", screen):
            text = "Une erreur technique est survenue. Veuillez réessayer ultérieurement."
            self.problem(500, "Erreur technique", text)
        elif faults.fires("maintenance_at", screen):
            text = "Le service est momentanément indisponible pour cause de maintenance."
            self.problem(503, "Service en maintenance", text)
        elif faults.fires("security_at", screen):
            self.problem(403, "Accès refusé", SECURITY)
        elif faults.fires("session_expired_at", screen):
            self.close_session()
            self.expired()
        else:
            return False
        return True

    def problem(self, status: int, title: str, text: str, *, again: str = "") -> None:
        """Answer a page that says why the screen cannot be shown."""
        self.set_status(status)
        facts = {"title": title, "text": text, "again": again}
        self.finish(self.rendered(self.template_of_problem, facts))

    def expired(self) -> None:
        """Answer that the session has expired, with the way back to the login page."""
        text = "Votre session a expiré, veuillez vous reconnecter."
        self.problem(200, "Session expirée", text, again=self.desk.urls.portal)

    async def show(
        self,
        screen: str,
        template: str,
        facts: Mapping[str, object] | None = None,
        *,
        siret: str = "",
    ) -> bool:
        """Answer a screen and return True, unless a fault stands in its place."""
        if await self.stopped(screen, siret):
            return False
        popup = self.desk.faults.of(siret).fires("popup_at", screen)
        self.finish(self.rendered(template, {**(facts or {}), "popup": popup}))
        return True

    def rendered(self, template: str, facts: Mapping[str, object]) -> str:
        """The page's HTML, with the words that the faults rename."""
        common = {
            "world": self.world,
            "manager": self.manager,
            "urls": self.desk.urls,
            "popup": False,
            "connected": self.session is not None,
        }
        page = self.desk.skin.templates.get_template(template)
        return self.renamed(page.render({**common, **facts}), escape)

    def renamed(self, text: str, written: Callable[[str], str] = str) -> str:
        """`text` with the words that the faults rename, as they stand and as `written` in it."""
        for word, other in self.desk.faults.renamed_labels.items():
            text = text.replace(word, written(other)).replace(written(word), written(other))
        return text

    def cut(self) -> None:
        """Close the connection without an answer."""
        self.detach().close()

    def write_error(self, status_code: int, **kwargs: object) -> None:
        """Answer every unforeseen problem with a page like the others."""
        title = "Page introuvable" if status_code == 404 else "Erreur technique"
        text = f"La page demandée ne peut pas être affichée (code {status_code})."
        self.problem(status_code, title, text)


class Icon(tornado.web.RequestHandler):
    """Browsers ask every site for an icon; there is none."""

    def get(self) -> None:
        self.set_status(204)
