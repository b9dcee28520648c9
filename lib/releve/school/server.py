"""The school's servers: one loopback port, hence one origin, for each site."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, fields
from types import TracebackType
from typing import Any

import tornado.httpserver
import tornado.netutil
import tornado.web

from releve.school import chorus, control, corail, federation, idp, pigp, piste, raccordements
from releve.school.faults import Faults
from releve.school.keyring import MadeUpKeyring
from releve.school.web import HERE, TEMPLATES, Desk, Icon, Skin
from releve.school.world import World

HOST = "127.0.0.1"
ROUTES: Mapping[str, list[Any]] = {
    "pigp": pigp.ROUTES,
    "chorus": [*chorus.ROUTES, *raccordements.ROUTES],
    "idp": idp.ROUTES,
    "piste": piste.ROUTES,
    "corail": corail.ROUTES,
    "federation": federation.ROUTES,
    "mailbox": control.MAILBOX_ROUTES,
    "control": control.CONTROL_ROUTES,
}


@dataclass(frozen=True)
class Urls:
    """Where each site is: bare origins, without a final slash; the control's with its token."""

    pigp: str
    chorus: str
    idp: str
    piste: str
    corail: str
    mailbox: str
    control: str
    federation: str

    @property
    def portal(self) -> str:
        """Where an operator begins, like the real
        `https://portail.dgfip.finances.gouv.fr/portail/`.
        """
        return f"{self.pigp}/portail/"

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins on which the manager's credentials may be typed and pages of the portal
        appear.
        """
        return (self.pigp, self.chorus, self.idp)

    @property
    def token_url(self) -> str:
        """Where PISTE gives tokens."""
        return f"{self.piste}/api/oauth/token"

    @property
    def api_url(self) -> str:
        """The base of the API."""
        return f"{self.piste}/cpro/"


class School:
    """The sites of one world. `ports` fixes some ports by site; the others are any free one. `skin`
    shows the sites with other pages. `at`: by which scheme and host its pages call each other.
    """

    at = f"http://{HOST}"

    def __init__(
        self,
        world: World | None = None,
        faults: Faults | None = None,
        ports: Mapping[str, int] | None = None,
        skin: Skin | None = None,
    ) -> None:
        self.skin = skin or Skin(TEMPLATES)
        self.world = world or World()
        if faults is not None:
            self.world.faults = faults
        self._ports = dict(ports or {})
        self.keyring = MadeUpKeyring()
        self._token = secrets.token_urlsafe(16)  # the control site answers nobody else
        self._servers: list[tornado.httpserver.HTTPServer] = []
        self.urls: Urls

    async def start(self) -> None:
        """Listen on every site. Raises OSError when a fixed port is taken."""
        sockets = {
            site.name: tornado.netutil.bind_sockets(self._ports.get(site.name, 0), HOST)
            for site in fields(Urls)
        }
        ports = {site: bound[0].getsockname()[1] for site, bound in sockets.items()}
        self.urls = Urls(**{each: f"{self.at}:{ports[each]}{self._path(each)}" for each in ports})
        desk = Desk(self.world, self.urls, self.skin, self.keyring)
        for site, bound in sockets.items():
            server = tornado.httpserver.HTTPServer(_application(site, desk, self._path(site)))
            server.add_sockets(bound)
            self._servers.append(server)

    def _path(self, site: str) -> str:
        return f"/{self._token}" if site == "control" else ""

    async def stop(self) -> None:
        """Stop listening, and close what is still open."""
        for server in self._servers:
            server.stop()
        for server in self._servers:
            await server.close_all_connections()
        self._servers.clear()


def _application(site: str, desk: Desk, below: str) -> tornado.web.Application:
    routes = [*desk.skin.routes.get(site, ()), *ROUTES[site]]
    handlers = [tornado.web.url(below + path, handler, {"desk": desk}) for path, handler in routes]
    return tornado.web.Application(
        [*handlers, (r"/favicon\.ico", Icon)],
        static_path=str(HERE / "static"),
        log_function=lambda handler: None,  # no access log: an address may hold a ticket
    )


class SchoolThread:
    """A school in a thread of its own, for tests and the demonstration: `with SchoolThread(world)
    as school: school.urls`.
    """

    def __init__(
        self,
        world: World | None = None,
        faults: Faults | None = None,
        ports: Mapping[str, int] | None = None,
        skin: Skin | None = None,
    ) -> None:
        self.school = School(world, faults, ports, skin)
        self._ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._run()), name="school", daemon=True
        )

    async def _run(self) -> None:
        end = asyncio.Event()
        try:
            await self.school.start()
        except BaseException as problem:
            self._ready.set_exception(problem)
            return
        self._ready.set_result((asyncio.get_running_loop(), end))
        await end.wait()
        await self.school.stop()

    def __enter__(self) -> SchoolThread:
        self._thread.start()
        self._ready.result()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        loop, end = self._ready.result()
        with contextlib.suppress(RuntimeError):  # the loop is closed already
            loop.call_soon_threadsafe(end.set)
        self._thread.join(timeout=10)

    @property
    def world(self) -> World:
        """The world, live."""
        return self.school.world

    @property
    def faults(self) -> Faults:
        """The switches: change them at any time."""
        return self.world.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self.world.faults = faults

    @property
    def keyring(self) -> MadeUpKeyring:
        """The keyring of made-up passwords, live."""
        return self.school.keyring

    @property
    def urls(self) -> Urls:
        """Where each site is."""
        return self.school.urls
