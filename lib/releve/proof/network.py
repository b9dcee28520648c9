"""Web requests of our own, beside the browser's: the system's trust store and proxies, time-outs,
no redirection followed.
"""

from __future__ import annotations

import ssl

import httpx
import truststore

from releve.proof.verdicts import Failure

CONNECT_SECONDS = 10.0


def client(timeout_seconds: float = 30.0) -> httpx.Client:
    """A client to use as a context manager. A redirection is an answer, never followed: it would
    carry credentials elsewhere.
    """
    timeout = httpx.Timeout(timeout_seconds, connect=min(CONNECT_SECONDS, timeout_seconds))
    return httpx.Client(
        timeout=timeout,
        verify=truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        follow_redirects=False,
    )


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
