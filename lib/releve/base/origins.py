"""Web addresses by their origin, and which of them are on this very machine."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from releve.base.table import Fault

ORIGINS = (
    "https://portail.dgfip.finances.gouv.fr",
    "https://portail.chorus-pro.gouv.fr",
    "https://idp.chorus-pro.gouv.fr",
    "https://cpro.chorus-pro.gouv.fr",
)


def origin(url: str) -> str:
    """The origin of `url` as browsers write it: scheme, host in lower case, port unless usual.
    Raises ValueError if it has none.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    usual = {"https": 443, "http": 80}
    if parts.scheme not in usual or not re.fullmatch(r"[a-z0-9.:_-]+", host) or "@" in parts.netloc:
        raise ValueError("no origin")
    host = f"[{host}]" if ":" in host else host
    shown = "" if port in (None, usual[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{host}{shown}"


def is_loopback(url: str) -> bool:
    """Whether `url` points at this very machine, where http is tolerated (for the school)."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def checked_origin(key: str, url: str) -> str:
    """The origin of `url`, which may be typed on. Raises `Fault` for `key`: no address, or http
    elsewhere than on this machine.
    """
    try:
        found = origin(url)
    except ValueError:
        mend = "Écrivez par exemple « https://portail.chorus-pro.gouv.fr »."
        raise Fault(key, "ce n'est pas une adresse web complète", mend) from None
    if found.startswith("http:") and not is_loopback(found):
        mend = "Écrivez https:// (http n'est permis que pour l'école, sur ce poste même)."
        raise Fault(key, "http n'est pas chiffré", mend)
    return found


def check_address(key: str, url: str) -> None:
    """Any web address will do: what goes there is no secret. Raises `Fault` for `key`."""
    try:
        origin(url)
    except ValueError:
        mend = "Écrivez une adresse complète, par exemple « https://exemple.fr/dossiers/ »."
        raise Fault(key, "ce n'est pas une adresse web complète", mend) from None
