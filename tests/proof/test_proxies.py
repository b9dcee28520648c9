"""Proxies: loopback never by one, the rest by the environment's, signed in, browser and API alike.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from releve.base.proxies import proxy_of
from releve.base.settings import Portal
from releve.commands import checkup
from releve.portal import browsers, errors
from releve.portal.browser import PortalBrowser
from releve.proof import network
from releve.proof.verdicts import Failure
from releve.record import timestamp

AWAY = "https://portail.exemple.test"
SIGNED = "Basic " + base64.b64encode(b"agent:p@ss/mot").decode()
NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


class Agency(ThreadingHTTPServer):
    """A proxy that lets through nobody who has not signed in, and then leads nowhere (502)."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Asked)
        self.asked: list[tuple[str, bool]] = []  # where to, and whether it was signed in
        self.address = f"127.0.0.1:{self.server_port}"


class Asked(BaseHTTPRequestHandler):
    server: Agency

    def do_CONNECT(self) -> None:
        signed = SIGNED == self.headers.get("Proxy-Authorization")
        self.server.asked.append((self.path, signed))
        self.send_response(502 if signed else 407)
        self.send_header("Proxy-Authenticate", 'Basic realm="agence"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD = do_CONNECT

    def log_message(self, format: str, *args: object) -> None:
        return None


@pytest.fixture
def agency(monkeypatch: pytest.MonkeyPatch) -> Iterator[Agency]:
    """The environment as an agency sets it: one proxy for all, its password in its address."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with Agency() as server:
        for name in ("HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://agent:p%40ss%2Fmot@{server.address}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def site() -> Iterator[str]:
    """A site on this machine, as the school's are."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Here) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


class Here(Asked):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"here")

    do_HEAD = do_POST = do_GET


def test_our_own_requests(agency: Agency, site: str) -> None:
    """The API's go by the proxy, signed in at once; this machine's own do not."""
    with network.client() as client:
        assert b"here" == client.get(site).content
        assert [] == agency.asked
        with pytest.raises(httpx.ProxyError, match="502"):
            client.get(AWAY)
    assert [("portail.exemple.test:443", True)] == agency.asked


def test_an_authority_of_timestamps(agency: Agency, site: str) -> None:
    """It is asked by the same way as everything else, signed in; on this machine, directly."""
    with pytest.raises(ValueError):  # it answers, and not with a token
        timestamp._ask(site, b"line")
    assert [] == agency.asked
    with pytest.raises(OSError, match="502"):
        timestamp._ask(AWAY, b"line")
    assert [("portail.exemple.test:443", True)] == agency.asked


@pytest.mark.parametrize("failure", list(Failure))
def test_doctor_says_the_way_of_each_address(agency: Agency, failure: Failure) -> None:
    """Whatever it found there."""
    soon = datetime.now(UTC) + timedelta(days=1)
    for until in (None, soon):
        found = checkup.address(checkup.Reached(AWAY, failure, until=until))
        assert f"par le mandataire http://{agency.address}" in found.text
    assert "directement" in checkup.address(checkup.Reached("http://127.0.0.1:8888", failure)).text


async def test_the_browser(agency: Agency, site: str) -> None:
    """The portal's pages go by the proxy, which is answered; this machine's own do not."""
    settings = Portal(login="x", url=AWAY, origins=(AWAY,))
    window = PortalBrowser(settings, browsers.find(), headed=False)
    await window.start()
    try:
        await window.page.goto(site)
        assert "here" == await window.page.inner_text("body")
        with pytest.raises((errors.PortalError, Exception), match="ERR_TUNNEL"):
            await window.page.goto(AWAY)
    finally:
        await window.close()
    asked = [signed for where, signed in agency.asked if where == "portail.exemple.test:443"]
    assert asked and asked[-1]
    assert not any("127.0.0.1" in where for where, _ in agency.asked)


def test_what_is_excepted_goes_directly(agency: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_PROXY is held, for the browser too; the password is in no text of ours."""
    found = proxy_of(AWAY)
    assert found is not None
    assert (f"http://{agency.address}", "agent", "p@ss/mot") == (
        found.server,
        found.username,
        found.password,
    )
    assert "p@ss" not in repr(found) + str(found)
    assert f"par le mandataire http://{agency.address}" == checkup.way(AWAY)
    monkeypatch.setenv("NO_PROXY", ".exemple.test")
    assert (None, "directement") == (proxy_of(AWAY), checkup.way(AWAY))
    assert None is proxy_of("http://localhost:8888/") is proxy_of("http://[::1]/")
