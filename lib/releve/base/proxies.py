"""By which way an address is reached: loopback never by a proxy, every other one by the
environment's (HTTPS_PROXY, NO_PROXY) or else the system's, with the name and password that its
address holds. Browser and API ask here, so that both go the same way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit
from urllib.request import getproxies, getproxies_environment, proxy_bypass

from releve.base.origins import is_loopback

LOOPBACK = "localhost,127.0.0.1,[::1]"


@dataclass(frozen=True)
class Proxy:
    """A proxy's address ("http://host:port"), and how to sign in ("" and "" when it says nothing).
    """

    server: str
    username: str
    password: str = field(repr=False)

    @property
    def address(self) -> str:
        """The whole of it, with how to sign in: never shown."""
        if not self.username:
            return self.server
        scheme, _, host = self.server.partition("://")
        return f"{scheme}://{quote(self.username, '')}:{quote(self.password, '')}@{host}"


def proxy_of(address: str) -> Proxy | None:
    """The proxy for that address, or None when it is reached directly.

    A script that chooses (PAC) is known to the system's browser only: it is followed there, and
    not here.
    """
    parts = urlsplit(address)
    host = parts.hostname or ""
    if is_loopback(address) or proxy_bypass(host):
        return None
    known = getproxies()
    found = known.get(parts.scheme) or known.get("all")
    return _parsed(found) if found else None


def _parsed(text: str) -> Proxy:
    parts = urlsplit(text if "://" in text else f"http://{text}")
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    server = f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")
    return Proxy(server, unquote(parts.username or ""), unquote(parts.password or ""))


def bypassed() -> str:
    """What no browser sends by a proxy: this machine, and what the environment excepts."""
    return ",".join(filter(None, (LOOPBACK, getproxies_environment().get("no", ""))))


def proxy_of_all(addresses: Iterable[str]) -> Proxy | None:
    """The proxy of the first address that has one: a browser has one for all its pages."""
    return next((found for each in addresses if (found := proxy_of(each))), None)
