"""Which server it was: the certificate that the browser was shown for an origin."""

from __future__ import annotations

import asyncio
import base64
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

from playwright.async_api import CDPSession, Frame, Page, Response
from playwright.async_api import Error as PlaywrightError

from releve.base.certificate import describe
from releve.base.origins import origin
from releve.decision import events as ev

PATIENCE_SECONDS = 0.5  # the browser knows it already: it has only to say so


class Certificates:
    """Asks the browser for the certificate of a page's origin, once for each answer of its server.

    Two of the browser's own ways, for none serves everywhere: what went over the network since the
    page was opened (all builds, but a new tab may be faster than the question), and the state that
    its padlock shows (all but the build without a window).
    """

    def __init__(self) -> None:
        self._met: dict[str, ev.OriginMet] = {}
        self._networks: WeakKeyDictionary[Page, asyncio.Task[CDPSession | None]] = (
            WeakKeyDictionary()
        )

    def watch(self, page: Page) -> None:
        """A page was opened."""
        self._networks[page] = asyncio.ensure_future(_network(page))

    async def ready(self, page: Page) -> None:
        """Wait until what that page meets from here on is seen."""
        await self._networks[page]

    def answered(self, response: Response) -> None:
        """A page came from there, by the same server or by another."""
        with suppress(ValueError):
            self._met.pop(origin(response.url), None)

    async def of(self, page: Page, frame: str = "") -> ev.OriginMet:
        """The origin of the page in hand, or of the frame in it that stands on the origin `frame`.
        What the browser does not tell is left empty. Raises ValueError for a page that has no
        origin.
        """
        where = frame or origin(page.url)
        if where not in self._met:
            shown = await self._shown(page, where) if where.startswith("https:") else b""
            self._met[where] = ev.OriginMet(where, *describe(shown))
        return self._met[where]

    async def _shown(self, page: Page, where: str) -> bytes:
        """The server's own certificate (DER); b"" when the browser does not tell it."""
        if page in self._networks and (network := await self._networks[page]):
            with suppress(PlaywrightError):
                answer = await network.send("Network.getCertificate", {"origin": where})
                for certificate in answer["tableNames"][:1]:
                    return base64.b64decode(certificate)
        # the padlock speaks for the page around a frame
        return await _padlock(page) if where == origin(page.url) else b""


def stands_on(frame: Frame | None) -> str:
    """The origin on which a frame stands; one without an address stands where the frame around it
    does. "" for one that is gone.
    """
    while frame:
        with suppress(ValueError):
            return origin(frame.url.removeprefix("blob:"))
        frame = frame.parent_frame
    return ""


async def _network(page: Page) -> CDPSession | None:
    with suppress(PlaywrightError):
        session = await page.context.new_cdp_session(page)
        await session.send("Network.enable")
        return session
    return None


async def _padlock(page: Page) -> bytes:
    with suppress(PlaywrightError, TimeoutError, LookupError):
        session = await page.context.new_cdp_session(page)
        try:
            state = await asyncio.wait_for(_state(session), PATIENCE_SECONDS)
        finally:
            await session.detach()
        return base64.b64decode(state["certificateSecurityState"]["certificate"][0])
    return b""


async def _state(session: CDPSession) -> dict[str, Any]:
    told: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

    def tell(event: dict[str, Any]) -> None:
        if not told.done():
            told.set_result(event["visibleSecurityState"])

    session.on("Security.visibleSecurityStateChanged", tell)
    await session.send("Security.enable")
    return await told
