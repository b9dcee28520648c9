"""Pages of a test's own, served on loopback, and a browser of ours that looks at them."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import pytest_asyncio
from releve.base.settings import Portal
from releve.portal import browsers
from releve.portal.browser import PortalBrowser
from releve.portal.find import Finder


class Pages:
    """Pages by path, served on loopback; `asked` is what the browser asked for, `late` how many
    seconds a path takes to answer.
    """

    def __init__(self) -> None:
        self.at: dict[str, str] = {}
        self.asked: list[str] = []
        self.late: dict[str, float] = {}
        pages = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                pages.asked.append(self.path)
                time.sleep(pages.late.get(self.path, 0))
                body = pages.at.get(self.path.partition("?")[0], "").encode()
                self.send_response(200 if body else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, format: str, *args: object) -> None:
                """Nothing is printed."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture(scope="module")
def pages() -> Iterator[Pages]:
    """The module's own."""
    served = Pages()
    yield served
    served.server.shutdown()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pages_window(pages: Pages) -> AsyncIterator[PortalBrowser]:
    """A module that uses it says `pytestmark = pytest.mark.asyncio(loop_scope="module")`."""
    settings = Portal("xt012345", f"{pages.origin}/", origins=(pages.origin,), timeout_seconds=4)
    browser = PortalBrowser(settings, browsers.find(), headed=False)
    await browser.start()
    yield browser
    await browser.close()


async def show(window: PortalBrowser, pages: Pages, body: str) -> Finder:
    """That body in the window in hand."""
    pages.at["/"] = f"<!doctype html><html lang=fr><meta charset=utf-8><body>{body}"
    await window.goto(f"{pages.origin}/")
    await window.page.wait_for_load_state("load")
    return Finder(window)
