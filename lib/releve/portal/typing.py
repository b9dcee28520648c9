"""Typing a secret: one function in the page, on one element, with all its checks at that instant.

While a secret stands in a page nothing leaves for another origin, whatever asks for it: a picture,
a script, a beacon, a form, a socket. The same for one-time codes.
"""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from importlib.resources import files
from typing import Any

from playwright.async_api import BrowserContext, ElementHandle, Request, Route, WebSocketRoute
from playwright.async_api import Error as PlaywrightError

from releve.base.secret import Secret
from releve.portal import TALKATIVE
from releve.portal.errors import FieldTooShort, OriginRefused, ScreenNotRecognised, UnsafeForm

_HERE = files(__package__)
HOLD = _HERE.joinpath("hold.js").read_text(encoding="utf-8").strip()
_TYPE = _HERE.joinpath("type.js").read_text(encoding="utf-8").replace("hold(", f"({HOLD})(")


async def type_secret(
    element: ElementHandle, secret: Secret, origins: Sequence[str], screen: str
) -> None:
    """Type `secret` in `element`. Raises `OriginRefused`, `UnsafeForm`, `FieldTooShort` or
    `ScreenNotRecognised`, and nothing is typed then; the caller may look for the element again.
    """
    await type_text(element, secret.reveal(), origins, screen)


async def type_text(element: ElementHandle, text: str, origins: Sequence[str], screen: str) -> None:
    """As `type_secret`, for a one-time code, which nobody has to hide once it is used."""
    check_quiet()
    what = {"origins": list(origins), "text": None}
    _raise(await element.evaluate(_TYPE, what), screen)  # the page learns nothing by this one
    _raise(await element.evaluate(_TYPE, what | {"text": text}), screen)


def check_quiet() -> None:
    """Playwright would write every value that it types to the standard error. Raises AssertionError
    when a variable that makes it talk is set.
    """
    loud = [name for name in TALKATIVE if name in os.environ]
    if loud:
        raise AssertionError(f"{', '.join(loud)} is set")


def _raise(answer: list[str], screen: str) -> None:
    why, detail = answer
    if why in ("origin", "address"):
        raise OriginRefused(origin=detail)
    if why == "method":
        raise UnsafeForm(screen=screen, method=detail.upper())
    if why == "short":
        raise FieldTooShort(screen=screen, length=detail)
    if why:
        raise ScreenNotRecognised(screen=screen, wanted="champ de saisie")


class OriginGuard:
    """Stands between a context and the network. While `closed`, only the allowed origins are
    reached, and what draws the page: a script, style or font that was loaded from the very same
    address before. It carries nothing, and without it a page may not show its password at all.
    """

    def __init__(self, context: BrowserContext, origins: Sequence[str]) -> None:
        self._context, self._why = context, set[str]()
        self._loaded = set[str]()
        inside = "|".join(re.escape(each) for each in origins)
        sockets = "|".join(re.escape(re.sub("^http", "ws", each)) for each in origins)
        self._elsewhere = re.compile(rf"^(?!(?:{inside})(?:[/?#]|$)|data:|blob:|about:)")
        self._sockets = re.compile(rf"^(?!(?:{sockets})(?:[/?#]|$))")

    @property
    def closed(self) -> bool:
        return bool(self._why)

    @property
    def loaded(self) -> list[str]:
        """The addresses of other origins that draw the pages, as a policy can write them."""
        plain = {each.partition("?")[0] for each in self._loaded}
        return sorted(each for each in plain if not re.search(r"[;,\s]", each))

    def _note(self, request: Request) -> None:
        draws = request.resource_type in ("script", "stylesheet", "font")
        if draws and not self.closed and self._elsewhere.match(request.url):
            self._loaded.add(request.url)

    async def stand(self) -> None:
        """Take place, before any page is opened: a socket that is open already is watched too."""
        self._context.on("request", self._note)
        await self._context.route_web_socket(self._sockets, self._socket)

    async def _socket(self, socket: WebSocketRoute) -> None:
        if self.closed:
            await socket.close()
            return
        server = socket.connect_to_server()
        socket.on_message(lambda message: None if self.closed else server.send(message))

    async def close(self, why: str) -> None:
        """Nothing leaves for another origin from here on, until every reason is gone. Safe to
        repeat.
        """
        if not self._why:
            await self._context.route(self._elsewhere, self._abort)
        self._why.add(why)

    async def open(self, why: str) -> None:
        """That reason is gone. Safe to repeat."""
        last = self._why == {why}
        self._why.discard(why)
        if last:
            with suppress(PlaywrightError):
                await self._context.unroute(self._elsewhere, self._abort)

    @asynccontextmanager
    async def shut(self) -> AsyncIterator[None]:
        """Nothing leaves for another origin within."""
        within = "typing" in self._why
        await self.close("typing")
        try:
            yield
        finally:
            if not within:
                await self.open("typing")

    async def _abort(self, route: Route, *_: Any) -> None:
        if route.request.method == "GET" and route.request.url in self._loaded:
            with suppress(PlaywrightError):
                await route.continue_()
            return
        # a page that leads away by itself stays: it may be the only one with the password
        why = "aborted" if "shown" in self._why else "blockedbyclient"
        with suppress(PlaywrightError):
            await route.abort(why)
