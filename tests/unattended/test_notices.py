"""Notices, carried for real to an SMTP server and a webhook on loopback, with no secret in them."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_string, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from fixtures_rotation import Scene
from releve.base.secret import Secret
from releve.base.settings import Notices, Settings, load
from releve.planning import notices
from releve.planning.due import Due, Standing
from releve.planning.tour import Ending, Tour

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


class _Mail(socketserver.StreamRequestHandler):
    """As little of SMTP as a client needs."""

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline().strip().upper():
            if line.startswith(b"DATA"):
                self.wfile.write(b"354 go on\r\n")
                text = b"".join(iter(self.rfile.readline, b".\r\n"))
                self.server.mails.append(text.decode())  # type: ignore[attr-defined]
            self.wfile.write(b"221 bye\r\n" if line.startswith(b"QUIT") else b"250 ok\r\n")
            if line.startswith(b"QUIT"):
                return


class Hook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.mails.append(body)  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        return


@contextmanager
def serving(server: socketserver.TCPServer) -> Iterator[tuple[int, list[object]]]:
    """Its port, and the list that it fills."""
    server.mails = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.server_address[1], server.mails  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def settings(scene: Scene) -> Settings:
    scene.more = '[notices]\nchannels = ["courriel", "equipe"]\nsilence_days = 3\n'
    return load(scene.settings(), scene.outputs)


def test_a_fleet_that_needs_someone_is_told_by_mail_and_webhook(
    scene: Scene, settings: Settings
) -> None:
    """Both channels get who, what happened, what to do and the record's page; a secret that slipped
    into a text is masked.
    """
    secret = Secret("Mot-De-Passe-42!")
    lines = (
        "Ce qui s'est passé : le portail est fermé\nCe qu'il faut faire : attendre"
        " (Mot-De-Passe-42!)"
    )
    tour = Tour(
        failed=[
            Ending("21990001600011", "Commune d'Exemple", 5, lines, str(scene.outputs / "2026_x"))
        ]
    )
    smtp = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Mail)
    with (
        serving(ThreadingHTTPServer(("127.0.0.1", 0), Hook)) as (web, hooked),
        serving(smtp) as (port, mailed),
    ):
        _address(
            scene,
            "courriel",
            f"mailto://127.0.0.1:{port}?from=releve@exemple.fr&to=mairie@exemple.fr&mode=insecure",
        )
        _address(scene, "equipe", f"json://127.0.0.1:{web}/crochet")
        notice = notices.of_fleet(tour, settings)
        assert notice
        notices.send(notice, settings, scene.keystore)
        mail = message_from_string(str(mailed[0]), EmailMessage, policy=policy.default)
        (hook,) = hooked
    told = str(mail.get_body(("plain",)).get_content())  # type: ignore[union-attr]
    assert "Relève : 1 structure à regarder" == mail["subject"]
    for text in ("Commune d'Exemple", "le portail est fermé", "/2026_x/record.html"):
        assert text in told and text in hook["message"]  # type: ignore[index]
    assert secret.reveal() not in told + str(hook)


def _address(scene: Scene, channel: str, address: str) -> None:
    assert notices.store(scene.keystore, channel, address)


def test_nobody_is_woken_for_nothing(settings: Settings) -> None:
    """A fleet that is done, or had nothing to do, and an agenda where all is well, say nothing."""
    line = Ending("1", "n", 0, "")
    assert notices.of_fleet(Tour(done=[line], nothing=[replace(line, code=3)]), settings) is None
    far = Due("1", "Mairie", "A", Standing.FAR, False, "à jour")
    assert (
        notices.of_agenda(
            [far, replace(far, standing=Standing.SOON)], NOW - timedelta(days=1), settings, NOW
        )
        is None
    )


def test_overdue_stuck_and_silence_are_told(settings: Settings) -> None:
    """What is late is named with its reason; three days without a scheduled fleet are told, also
    when it never ran.
    """
    late = Due(
        "1",
        "Mairie",
        "A",
        Standing.OVERDUE,
        True,
        "en retard depuis le 01/11/2026",
        day=date(2026, 11, 1),
    )
    told = notices.of_agenda([late], NOW - timedelta(days=1), settings, NOW)
    assert (
        told
        and "1 structure à reprendre ou en retard" in told.title
        and "depuis le 01/11/2026" in told.body
    )
    far = replace(late, standing=Standing.FAR)
    for last in (None, NOW - timedelta(days=4)):
        silent = notices.of_agenda([far], last, settings, NOW)
        assert silent and "plus rien ne tourne" in silent.title and "n'a pas tourné" in silent.body
    quiet = replace(settings, notices=Notices(silence_days=0))
    assert notices.of_agenda([far], None, quiet, NOW) is None


def test_a_channel_that_fails_is_named_and_the_others_are_tried(
    scene: Scene, settings: Settings
) -> None:
    """A closed port and a channel without an address: both are named, no address is shown, and a
    fleet's outcome is not changed.
    """
    _address(scene, "courriel", "json://user:Tres-Secret-77@127.0.0.1:9/")
    with pytest.raises(notices.NoticeNotSent) as error:
        notices.send(notices.Notice("a", "b"), settings, scene.keystore)
    assert "courriel, equipe" in error.value.text and "Secret-77" not in error.value.text
    told = notices.tell(notices.Notice("a", "b"), settings)
    assert isinstance(told, notices.NoticeNotSent)


def test_the_link_is_where_the_reader_opens_records(settings: Settings) -> None:
    """With `link`, an address of the agency's own; else the file."""
    tour = Tour(person=[Ending("1", "Mairie", 4, "x", "/srv/outputs/2026 é")])
    shared = replace(
        settings, notices=replace(settings.notices, link="https://intranet.exemple.fr/releve/")
    )
    told = notices.of_fleet(tour, shared)
    assert told and "https://intranet.exemple.fr/releve/2026%20%C3%A9/record.html" in told.body


def test_the_command_shows_stores_and_refuses(
    scene: Scene, settings: Settings, tmp_path: Path
) -> None:
    """A dry run shows the text and sends nothing; an address goes from standard input to the
    keyring, a wrong one is refused.
    """
    scene.structure["last_rotation"] = date.today()
    shown = scene.releve("notify", "--dry-run")
    assert (0, True) == (shown.returncode, "n'a pas tourné encore" in shown.stdout)
    kept = scene.releve("notify", "--store", "equipe", stdin="json://127.0.0.1:9/x\n")
    assert (0, "json://127.0.0.1:9/x") == (
        kept.returncode,
        scene.keystore.entry("notice", "equipe").require().reveal(),
    )
    wrong = scene.releve("notify", "--store", "equipe", stdin="n'importe quoi\n")
    assert (2, True) == (wrong.returncode, "pas comprise" in wrong.stderr)
    notices.beat(scene.outputs, 3)
    assert 3 == scene.releve("notify").returncode


def test_an_address_has_no_place_in_the_settings(scene: Scene) -> None:
    """It may hold a password: the settings refuse it without repeating it."""
    scene.more = '[notices]\nchannels = ["mailto://moi:Secret-99@exemple.fr"]\n'
    done = scene.releve("due")
    assert (2, True, False) == (
        done.returncode,
        "pas une adresse" in done.stderr,
        "Secret-99" in done.stderr,
    )
