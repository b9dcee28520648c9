"""The register's head timestamped by a local authority made with OpenSSL: asked for, checked by us
and by plain OpenSSL.
"""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from fixtures_keyring import ThrowawayKeyring
from releve.record import register, seal, timestamp
from releve.record.register import Register, digest
from releve.record.verify import verify
from sealed_records import Office, said

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
CONFIGURATION = """
[tsa]
default_tsa = default
[default]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
certs = {folder}/ca.pem
default_policy = 1.2.3.4.1
digests = sha256, sha512
signer_digest = sha256
ess_cert_id_alg = sha256
"""


@dataclass
class Authority:
    """A timestamp authority; `away` makes it answer 503, `wrong` makes it stamp something else
    ("data"), or answer another's question about the same ("nonce").
    """

    folder: Path
    url: str = ""
    away: bool = False
    wrong: str = ""

    def certify(self) -> None:
        """A root, and a certificate for timestamps under it."""
        f = self.folder
        (f / "serial").write_text("01")
        (f / "tsa.cnf").write_text(CONFIGURATION.format(folder=f))
        (f / "ext").write_text(
            "extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\n"
        )
        new = ["req", "-newkey", "rsa:2048", "-nodes", "-sha256"]
        self.openssl(
            *new,
            "-x509",
            "-keyout",
            f / "ca.key",
            "-out",
            f / "ca.pem",
            "-subj",
            "/CN=Racine",
            "-days",
            "30",
        )
        self.openssl(
            *new, "-keyout", f / "tsa.key", "-out", f / "tsa.csr", "-subj", "/CN=Horodatage"
        )
        signed = [
            "-CA",
            f / "ca.pem",
            "-CAkey",
            f / "ca.key",
            "-CAcreateserial",
            "-extfile",
            f / "ext",
            "-days",
            "30",
        ]
        self.openssl("x509", "-req", "-in", f / "tsa.csr", *signed, "-out", f / "tsa.pem")

    def openssl(self, *arguments: object) -> str:
        done = subprocess.run(
            ["openssl", *map(str, arguments)], capture_output=True, text=True, timeout=30
        )
        assert 0 == done.returncode, done.stderr
        return done.stdout

    def answer(self, query: bytes) -> bytes:
        (self.folder / "query").write_bytes(query)
        if self.wrong:
            (self.folder / "other").write_text("autre chose")
            at = query.index(b"\x04\x20") + 2  # an octet string of 32: the hash
            same, other = ("-digest", query[at : at + 32].hex()), ("-data", self.folder / "other")
            of = same if self.wrong == "nonce" else other
            new = ("ts", "-query", *of, "-sha256", "-cert")
            self.openssl(*new, "-out", self.folder / "query")
        arguments = [
            "-config",
            self.folder / "tsa.cnf",
            "-section",
            "default",
            "-queryfile",
            self.folder / "query",
        ]
        self.openssl("ts", "-reply", *arguments, "-out", self.folder / "reply")
        return (self.folder / "reply").read_bytes()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    made = Authority(tmp_path_factory.mktemp("tsa"))
    made.certify()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            body = b"" if made.away else made.answer(query)
            self.send_response(503 if made.away else 200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_address[1]}/"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture
def authority(served: Authority) -> Authority:
    served.away = served.wrong = False
    return served


@pytest.fixture
def office(tmp_path: Path, throwaway: ThrowawayKeyring, authority: Authority) -> Office:
    return Office(
        tmp_path / "outputs",
        throwaway.keystore(),
        more=f'[record]\ntimestamp_url = "{authority.url}"\n',
    )


def tokens(office: Office) -> list[Path]:
    return sorted((office.outputs / "timestamps").glob("*.tsr"))


def test_each_seal_is_timestamped(office: Office, authority: Authority) -> None:
    """By its token, which `releve verify` and plain OpenSSL both hold against the register's last
    line.
    """
    office.record(1)
    head = digest(Register(office.outputs).lines()[-1])
    assert [head] == [token.stem for token in tokens(office)]
    when, known = timestamp.check(tokens(office)[0], authority.folder / "ca.pem")
    assert when is not None and known
    told = authority.openssl(
        "ts",
        "-verify",
        "-digest",
        head,
        "-in",
        tokens(office)[0],
        "-CAfile",
        authority.folder / "ca.pem",
    )
    assert "Verification: OK" in told
    verdict = verify(office.outputs, None, office.keystore, authority.folder / "ca.pem")
    assert ([], ["timed"]) == (verdict.faults, [note.kind for note in verdict.notes])


def test_an_unknown_signer_is_said(office: Office) -> None:
    """Without the authority's certificate the signature is sound, its signer not known."""
    office.record(1)
    assert (True, False) == (
        (found := timestamp.check(tokens(office)[0], None))[0] is not None,
        found[1],
    )
    assert ["timed", "signer"] == [
        note.kind for note in verify(office.outputs, None, office.keystore).notes
    ]


def test_an_authority_that_is_away_stops_nothing(office: Office, authority: Authority) -> None:
    """The record is made and said to be without a timestamp; the next command has it stamped."""
    office.record(1)
    authority.away = True
    office.record(2)
    verdict = verify(office.outputs, None, office.keystore, authority.folder / "ca.pem")
    assert ([], ["timed", "untimed"]) == (verdict.faults, [note.kind for note in verdict.notes])
    authority.away = False
    assert [] == seal.finish_left_over(office.settings, office.keystore).faults
    assert 2 == len(tokens(office))
    assert ["timed", "timed"] == [
        note.kind
        for note in verify(office.outputs, None, office.keystore, authority.folder / "ca.pem").notes
    ]


def test_a_seal_that_was_never_timestamped_says_so(office: Office, authority: Authority) -> None:
    """By the check, which needs no settings, by the statement and by the page; the next command has
    it stamped, and changes no file.
    """
    authority.away = True
    record = office.record(1).path
    (note,) = verify(office.outputs, None, office.keystore).notes
    assert "untimed" == note.kind and "pas encore horodaté" in note.text
    assert "Pas encore horodaté" in (record / "record.html").read_text(encoding="utf-8")
    assert "asked" == said(record)["predicate"]["timestamp"]
    authority.away = False
    assert [] == seal.finish_left_over(office.settings, office.keystore).faults
    verdict = verify(office.outputs, None, office.keystore, authority.folder / "ca.pem")
    assert ([], ["timed"]) == (verdict.faults, [note.kind for note in verdict.notes])


@pytest.mark.parametrize(
    ("days", "kind", "whole"),
    [(0, "timed", True), (-9, "late", False), (1, "timestamp_before", False)],
)
def test_each_line_is_told_beside_its_tokens_time(
    office: Office,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
    days: int,
    kind: str,
    whole: bool,
) -> None:
    """Both times, in words; one dated long before its token is found, one dated after it a fault;
    the last sentence says no more than that.
    """
    moved = datetime.now(UTC) + timedelta(days=days)
    monkeypatch.setattr(register, "now", lambda: moved)
    office.record(1)
    verdict = verify(office.outputs, None, office.keystore, authority.folder / "ca.pem")
    (found,) = [each for each in (*verdict.faults, *verdict.notes) if each.kind == kind]
    own, its = f"{moved:%d/%m/%Y %H:%M} UTC", f"{datetime.now(UTC):%d/%m/%Y}"
    assert f"(heure du poste : {own} ; de l'autorité : {its} " in found.text
    assert (kind == "timestamp_before", whole) == (
        bool(verdict.faults),
        verdict.conclusion.startswith("Tout est intact"),
    )
    assert (0 if whole else 7) == verdict.code(strict=True)


def test_a_line_without_a_token_of_its_own(
    office: Office, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next line's token dates it too: it was there by then, and says that it is much older."""
    authority.away = True
    long_ago = datetime.now(UTC) - timedelta(days=9)
    with monkeypatch.context() as patch:
        patch.setattr(register, "now", lambda: long_ago)
        office.record(1)
    authority.away = False
    office.record(2)
    verdict = verify(office.outputs, None, office.keystore, authority.folder / "ca.pem")
    assert ["late", "timed"] == [note.kind for note in verdict.notes]
    assert [] == verdict.faults


@pytest.mark.parametrize("wrong", ["data", "nonce"])
def test_a_token_for_something_else_is_refused(
    office: Office, authority: Authority, wrong: str
) -> None:
    """Whatever the authority answers, only its token for that very question is kept."""
    authority.wrong = wrong
    office.record(1)
    assert [] == tokens(office)


@pytest.mark.parametrize(
    "harm", ["flipped", "another line's", "rewritten register", "another authority"]
)
def test_a_false_timestamp_is_found(
    office: Office, authority: Authority, tmp_path: Path, harm: str
) -> None:
    """A token that was changed, renamed, signed by another, or that stamps a line that is gone;
    without any keyring.
    """
    office.record(1)
    office.record(2)
    trusted = authority.folder / "ca.pem"
    path, lines = tokens(office)[0], office.outputs / "register.jsonl"
    if harm == "flipped":
        content = bytearray(path.read_bytes())
        content[-20] ^= 1
        path.write_bytes(content)
    elif harm == "another line's":
        shutil.copy(tokens(office)[1], path)
    elif harm == "rewritten register":
        lines.write_bytes(lines.read_bytes().replace(b"succeeded", b"abandoned"))
    else:
        other = Authority(tmp_path / "other")
        other.folder.mkdir()
        other.certify()
        trusted = other.folder / "ca.pem"
    assert "timestamp" in [
        fault.kind for fault in verify(office.outputs, None, None, trusted).faults
    ]
