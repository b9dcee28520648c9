"""A rotation against a look-alike on another origin, over TLS: a whole one, in a real browser that
was made to trust it, leaves a record that nobody can take for a real one.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import trustme
from fixtures_keyring import Session as Keyring
from fixtures_rotation import CELLS, LOGIN, LONG_AGO, PASSWORD
from releve.base.secret import Secret
from releve.base.settings import load
from releve.base.sites import Site
from releve.decision import events as ev
from releve.planning.today import past
from releve.portal import browsers, pool
from releve.record.folder import PAGE, all_records
from releve.record.seal import finish_left_over
from releve.rotation.prompts import Unattended
from releve.rotation.session import Parameters, Session
from releve.rotation.summary import closing, context
from releve.school import SchoolThread, World
from releve.school import server as school_server
from releve.school.people import DEMO_ACCOUNT, DEMO_SIRET
from releve.vault.keystore import open_keystore
from releve.vault.slots import Slot
from sealed_records import said

HOST = "portail.dgfip.finances.gouv.fr.exemple.test"
FOLLOWED = f"--host-resolver-rules=MAP {HOST} 127.0.0.1"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the browser's wrapper is a shell script")


class SomebodyThere(Unattended):
    """A person who lets Relève do it all."""

    interactive = True


@dataclass
class LookAlike:
    """The school, served by TLS under a name that looks like the real portal's."""

    school: SchoolThread
    folder: Path

    def settings(self) -> Path:
        """What somebody who was lured would have written: no word of a school."""
        urls, chosen = self.school.school.urls, browsers.find()
        program = self.folder / "browser"
        trusting = f'"{chosen.executable}" "{FOLLOWED}" --ignore-certificate-errors "$@"'
        program.write_text(f"#!/bin/sh\nexec {trusting}\n")
        program.chmod(0o700)
        origins = ", ".join(f'"{each}"' for each in urls.origins)
        path = self.folder / "releve.toml"
        path.write_text(
            f'[portal]\nurl = "{urls.portal}"\nlogin = "{LOGIN}"\norigins = [{origins}]\n'
            f'browser = "{program}"\ntimeout_seconds = 20\n'
            f'[structures.{DEMO_SIRET}]\nname = "Commune d\'Exemple"\n'
            f'technical_account = "{DEMO_ACCOUNT}"\ntargets = ["command"]\ncommand = ["cat"]\n'
            f"last_rotation = {LONG_AGO}\n",
            encoding="utf-8",
        )
        return path


@pytest.fixture
def look_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret_service: Keyring
) -> Iterator[LookAlike]:
    """It runs, and this machine's own keyring holds the portal's password for it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA(organization_name="Autorité inventée").issue_cert(HOST).configure_cert(context)
    server = school_server.tornado.httpserver.HTTPServer
    monkeypatch.setattr(
        school_server.tornado.httpserver, "HTTPServer", partial(server, ssl_options=context)
    )
    monkeypatch.setattr(school_server.School, "at", f"https://{HOST}")
    monkeypatch.setattr(pool, "is_loopback", lambda url: True)  # the tests may run as root
    world = World(password=PASSWORD, login=LOGIN, demo_account=DEMO_ACCOUNT)
    with SchoolThread(world, world.faults) as school:
        secret_service.keystore().portal_password(LOGIN).set(Secret(PASSWORD))
        yield LookAlike(school, tmp_path)


async def test_its_record_is_nobodys_real_one(look_alike: LookAlike) -> None:
    """Statement, register, each page of the record and what plans the next: all call it what it
    is, and name its certificate.
    """
    settings, outputs = look_alike.settings(), look_alike.folder / "outputs"
    given = {"structure": DEMO_SIRET, "settings": str(settings), "outputs": str(outputs)}
    session = Session(Parameters.checked(given), SomebodyThere(approve=True, reset_again=False))
    rotation = await session.open()
    for step in CELLS:
        await rotation.do(step)
    for told in (context(session), closing(session)):  # the executed notebook's head and end
        assert "PAS le vrai portail" in told and HOST in told
    await session.stop(rotation, None)
    await session.close()
    assert 1 == look_alike.school.world.resets()
    held = session.rotation.context.slots.read(Slot.CURRENT)
    portal = look_alike.school.world.accounts[DEMO_ACCOUNT].password
    assert held is not None and portal == held.password.reveal()

    told = load(settings, str(outputs))
    assert [] == finish_left_over(told, open_keystore(told)).faults  # as the kernel's end does
    (folder,) = all_records(outputs)
    met = [each.event for each in folder.entries() if isinstance(each.event, ev.OriginMet)]
    assert {f"https://{HOST}"} == {each.origin.rpartition(":")[0] for each in met}
    predicate = said(folder.path)["predicate"]
    assert predicate["training"] and {Site.OTHER.value} == {e["site"] for e in predicate["origins"]}
    told_of = [certificate for each in predicate["origins"] for certificate in each["certificates"]]
    assert len(told_of) == len(predicate["origins"])
    assert {("Autorité inventée", 64)} == {(issuer, len(print_)) for print_, issuer in told_of}
    page = (folder.path / PAGE).read_text(encoding="utf-8")
    assert "Hors du vrai portail" in page.split("<title>")[1].split("</title>")[0]
    assert "ne vient pas du vrai portail, mais de" in page and page.count(HOST) >= 3
    assert [] == past(told)
