"""Web requests of our own, beside the browser's: the system's trust store and proxies, time-outs,
no redirection followed.
"""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
import truststore

from releve.base.certificate import describe
from releve.base.origins import origin
from releve.base.proxies import Proxy, proxy_of
from releve.decision import events as ev
from releve.proof.verdicts import Failure

CONNECT_SECONDS = 10.0


def client(timeout_seconds: float = 30.0, *, verified: bool = True) -> httpx.Client:
    """A client to use as a context manager. A redirection is an answer, never followed: it would
    carry credentials elsewhere. Not `verified`: for a question that carries nothing, to a portal
    whose certificate a false clock makes invalid.
    """
    timeout = httpx.Timeout(timeout_seconds, connect=min(CONNECT_SECONDS, timeout_seconds))
    context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not verified:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    transport = _ByProxies(context)
    return httpx.Client(
        timeout=timeout, transport=transport, trust_env=False, follow_redirects=False
    )


def ahead(response: httpx.Response) -> timedelta | None:
    """How far the server's clock is ahead of this machine's, in whole seconds as its header
    counts; None when it does not tell.
    """
    try:
        told = parsedate_to_datetime(response.headers["Date"])
    except (KeyError, ValueError, TypeError):
        return None
    return told.replace(tzinfo=told.tzinfo or UTC) - datetime.now(UTC).replace(microsecond=0)


def met(response: httpx.Response) -> ev.OriginMet:
    """The origin that is answering, with the certificate it showed; its body is not read yet."""
    stream = response.extensions.get("network_stream")
    tls = stream.get_extra_info("ssl_object") if stream else None
    shown = tls.getpeercert(True) if tls else None
    return ev.OriginMet(origin(str(response.url)), *describe(shown or b""))


class _ByProxies(httpx.BaseTransport):
    """Each request by the way that `proxies` tells; one connection pool a way."""

    def __init__(self, verify: ssl.SSLContext) -> None:
        self._verify, self._ways = verify, dict[Proxy | None, httpx.HTTPTransport]()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        proxy = proxy_of(str(request.url))
        if proxy not in self._ways:
            auth = (proxy.username, proxy.password) if proxy and proxy.username else None
            by = httpx.Proxy(proxy.server, auth=auth) if proxy else None
            self._ways[proxy] = httpx.HTTPTransport(verify=self._verify, proxy=by)
        return self._ways[proxy].handle_request(request)

    def close(self) -> None:
        for way in self._ways.values():
            way.close()


def failure(error: httpx.TransportError) -> Failure:
    """Why no answer came."""
    if isinstance(error, httpx.TimeoutException):
        return Failure.TIMEOUT
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Failure.CERTIFICATE
        cause = cause.__cause__ or cause.__context__
    return Failure.UNREACHABLE
