"""An outside witness of the register's age: an RFC 3161 timestamp of its last line, from the
authority that the settings name.

`timestamps/HASH.tsr` is the authority's whole answer for the line of that hash: `openssl ts -verify
-digest HASH` reads it.
"""

from __future__ import annotations

import urllib.request
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from releve.base import disk
from releve.base.proxies import proxy_of
from releve.record.register import Register, digest

if TYPE_CHECKING:  # imported where they are used: most commands ask no authority
    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampResponse

FOLDER = "timestamps"
PATIENCE_SECONDS = 5.0  # each command waits so long, at most, for an authority that is away
LONGEST = 2**20  # bytes of an answer: some six thousand, with the authority's certificates
_TYPE = "application/timestamp-query"


def catch_up(register: Register, url: str) -> bool:
    """Have the last line timestamped unless it is; False when the authority is away: the next
    command asks again.
    """
    if not url:
        return True
    try:
        lines = register.lines()
        path = register.path.parent / FOLDER / f"{digest(lines[-1] if lines else b'')}.tsr"
        if not lines or disk.is_file(path):
            return True
        answer = _ask(url, lines[-1])
        disk.make_folder(path.parent)
        disk.write_atomically(path, answer)
    except (OSError, ValueError):
        return False
    return True


def _ask(url: str, line: bytes) -> bytes:
    """The authority's answer for that line. Raises OSError when it is away, ValueError for any
    answer but its token for that line.
    """
    from rfc3161_client import HashAlgorithm, PKIStatus, TimestampRequestBuilder

    asked = TimestampRequestBuilder().data(line).hash_algorithm(HashAlgorithm.SHA256).build()
    request = urllib.request.Request(url, asked.as_bytes(), {"Content-Type": _TYPE})
    with _opener(url).open(request, timeout=PATIENCE_SECONDS) as response:
        answer: bytes = response.read(LONGEST)
    found = _decode(answer)
    of_it = (
        found.tst_info.message_imprint.message.hex() == digest(line)
        and found.tst_info.nonce == asked.nonce
    )
    if PKIStatus(found.status) is not PKIStatus.GRANTED or not of_it:
        raise ValueError("not the timestamp that was asked for")
    return answer


def _opener(url: str) -> urllib.request.OpenerDirector:
    """By the way that browser and API take."""
    proxy = proxy_of(url)
    ways = {urlsplit(url).scheme: proxy.address} if proxy else {}
    return urllib.request.build_opener(urllib.request.ProxyHandler(ways))


def check(path: Path, authorities: Path | None) -> tuple[datetime | None, bool]:
    """The time that the token at `path` gives to the hash in its name, or None when it is not
    sound; and whether its signer is known.

    `authorities` are the certificates to trust (PEM); without them the token's own are, and the
    signer is not known.
    """
    from cryptography.x509 import load_der_x509_certificate, load_pem_x509_certificates
    from rfc3161_client import VerifierBuilder

    try:
        found = _decode(disk.read(path, LONGEST))
        inside = [load_der_x509_certificate(each) for each in found.signed_data.certificates]
        known = load_pem_x509_certificates(authorities.read_bytes()) if authorities else []
        builder = VerifierBuilder()
        # never the token's own as intermediates: the library would trust them
        for root in known or _tops(inside):
            builder = builder.add_root_certificate(root)
        builder.build().verify(found, bytes.fromhex(path.stem))
    except Exception:  # each of the two libraries has errors of its own for what is no token
        return None, False
    return found.tst_info.gen_time, bool(known)


def _tops(certificates: list[Certificate]) -> list[Certificate]:
    """Those whose issuer is not among them."""
    subjects = {each.subject for each in certificates}
    return [
        each for each in certificates if each.issuer == each.subject or each.issuer not in subjects
    ]


def _decode(answer: bytes) -> TimeStampResponse:
    """The answer read. OpenSSL's authorities send the certificates in an order that DER forbids and
    rfc3161-client refuses.

    The certificates are not what is signed: here they are put in order, in place. Raises
    ValueError.
    """
    from rfc3161_client import decode_timestamp_response

    try:
        token = _elements(answer, 0)[1]
        signed = _elements(answer, _elements(answer, token)[1])[0]
        found = [
            each
            for place in _elements(answer, signed)
            if answer[place] == 0xA0
            for each in _elements(answer, place)
        ]
    except IndexError:
        raise ValueError("no timestamp") from None
    parts = sorted(answer[place : _content(answer, place)[1]] for place in found)
    start = found[0] if found else 0
    return decode_timestamp_response(
        answer[:start] + b"".join(parts) + answer[start + sum(map(len, parts)) :]
    )


def _content(data: bytes, place: int) -> tuple[int, int]:
    """Where the content of the DER element at `place` begins and ends."""
    length, start = data[place + 1], place + 2
    if length >= 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[place + 2 : start])
    return start, start + length


def _elements(data: bytes, place: int) -> list[int]:
    """The places of the elements inside the one at `place`."""
    start, end = _content(data, place)
    found = []
    while start < end:
        found.append(start)
        start = _content(data, start)[1]
    return found
