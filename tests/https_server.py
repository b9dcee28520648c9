"""A web server for tests that must see a certificate or a clock: on loopback, in a thread."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import trustme


@contextmanager
def web_server(
    *,
    ahead: timedelta = timedelta(),
    certificate: trustme.LeafCert | None = None,
    page: bytes = b"",
) -> Iterator[str]:
    """Its origin. Its clock is `ahead` of this machine's; with a certificate it speaks https;
    `page` is what every address gives, if anything.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response_only(204)
            self.send_header("Date", format_datetime(datetime.now(UTC) + ahead, usegmt=True))
            self.end_headers()

        def do_GET(self) -> None:
            if not page:
                self.do_HEAD()
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        do_POST = do_GET

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    # a client that does not trust it hangs up
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        server.socket = context.wrap_socket(  # a client that says nothing holds up no other
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http{'s' * bool(certificate)}://localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def authority(folder: Path) -> tuple[trustme.CA, dict[str, str]]:
    """A made-up authority, and the environment in which a process trusts it alone."""
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(folder / "authority.pem"))
    return ca, {"SSL_CERT_FILE": str(folder / "authority.pem")}
