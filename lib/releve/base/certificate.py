"""What a server's certificate says of it, as a record keeps it."""

from __future__ import annotations

import hashlib


def describe(certificate: bytes) -> tuple[str, str]:
    """The SHA-256 of a certificate (DER), and who signed it: the common name, else the
    organisation. Both "" for b"".
    """
    if not certificate:
        return "", ""
    from cryptography import x509  # late: most commands look at none
    from cryptography.x509.oid import NameOID

    issuer = x509.load_der_x509_certificate(certificate).issuer
    names = [
        str(each.value)
        for kind in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)
        for each in issuer.get_attributes_for_oid(kind)
    ]
    return hashlib.sha256(certificate).hexdigest(), names[0] if names else ""
