"""Which portal it was: every origin on which something is typed or read, and what it is by name."""

from __future__ import annotations

import hashlib
import ssl
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import trustme
from fixtures_keyring import ThrowawayKeyring
from https_server import web_server
from playwright.async_api import Browser
from releve.base.origins import ORIGINS
from releve.base.secret import Secret
from releve.base.settings import Piste
from releve.base.sites import Site, site, training
from releve.decision import events as ev
from releve.planning.today import past
from releve.portal.certificates import Certificates
from releve.proof import network
from releve.proof.piste import Piste as Access
from releve.record.folder import PAGE
from sealed_records import Office, said
from test_record_page import LOOK_ALIKE

in_the_module = pytest.mark.asyncio(loop_scope="module")


def fingerprint(certificate: trustme.LeafCert) -> str:
    """The SHA-256 of the server's own certificate, computed apart."""
    pem = certificate.cert_chain_pems[0].bytes().decode()
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


@in_the_module
async def test_the_browser_tells_the_certificate(chromium: Browser) -> None:
    """Its SHA-256 and who signed it; without TLS there is none to tell."""
    certificate = trustme.CA(organization_name="Autorité inventée").issue_cert("localhost")
    context = await chromium.new_context(ignore_https_errors=True)
    page, told = await context.new_page(), Certificates()
    told.watch(page)
    await told.ready(page)
    page.on("response", told.answered)
    with web_server(certificate=certificate, page=b"<p>Bonjour</p>") as where:
        await page.goto(where)
        met = await told.of(page)
    with web_server(page=b"<p>Bonjour</p>") as plain:
        await page.goto(plain)
        assert ev.OriginMet(plain) == await told.of(page)
    assert (where, fingerprint(certificate)) == (met.origin, met.certificate)
    assert "Autorité inventée" == met.issuer
    await context.close()


def test_our_own_requests_tell_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The API's server, by the same fingerprint."""
    ca = trustme.CA(organization_name="Autorité inventée")
    certificate = ca.issue_cert("localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ca.configure_trust(context)
    monkeypatch.setattr(network.truststore, "SSLContext", lambda protocol: context)
    told: list[ev.OriginMet] = []
    with web_server(certificate=certificate, page=b"{}") as where:
        application = Piste("essai", f"{where}/jeton", f"{where}/api/")
        with Access(application, Secret("sésame-inventé"), note=told.append) as access:
            access.token()
    assert [(where, fingerprint(certificate), "Autorité inventée")] == [
        (met.origin, met.certificate, met.issuer) for met in told
    ]


@pytest.mark.parametrize(
    ("origin", "kind"),
    [
        *((each, Site.REAL) for each in ORIGINS),
        ("https://api.piste.gouv.fr", Site.REAL),
        ("http://127.0.0.1:8001", Site.SCHOOL),
        ("http://localhost:8001", Site.SCHOOL),
        ("https://portail.dgfip.finances.gouv.fr.exemple.net", Site.OTHER),
        ("https://portail.dgfip.finances.gouv.fr:8443", Site.OTHER),
        ("http://portail.chorus-pro.gouv.fr", Site.OTHER),
        ("https://sandbox-api.piste.gouv.fr", Site.OTHER),
    ],
)
def test_an_origin_is_real_by_its_name_alone(origin: str, kind: Site) -> None:
    """A look-alike, another port or no TLS is not the real portal."""
    assert (kind, kind is not Site.REAL) == (site(origin), training([origin]))


@dataclass
class Lured(Office):
    """Rotations that their settings called the real portal's, and that went to a look-alike too."""

    def _events(self, run: str) -> list[ev.Event]:
        opened, started, *rest = super()._events(run)
        assert isinstance(opened, ev.RotationOpened)
        met = [ev.OriginMet(each, "ab" * 32, "Autorité") for each in (*ORIGINS, LOOK_ALIKE)]
        return [replace(opened, school=False), started, *met, *rest]


def test_a_look_alikes_record_is_nobodys_real_one(
    tmp_path: Path, throwaway: ThrowawayKeyring
) -> None:
    """Sealed by ourselves, every file intact: statement, register, page and planning all call it
    what it is.
    """
    office = Lured(tmp_path / "outputs", throwaway.keystore())
    record = office.record().path
    stated = said(record)["predicate"]
    assert stated["training"] and {"real", "other"} == {e["site"] for e in stated["origins"]}
    assert office.register()[-1]["training"]
    page = (record / PAGE).read_text(encoding="utf-8")
    assert page.count(LOOK_ALIKE) >= 3 and "ne vient pas du vrai portail, mais de" in page
    assert "Hors du vrai portail" in page.split("<title>")[1].split("</title>")[0]
    assert [] == office.kinds(office.keystore)
    assert office.settings.school is None and [] == past(office.settings)
