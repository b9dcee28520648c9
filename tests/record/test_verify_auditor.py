"""`releve verify` in an auditor's hands: one folder by mail, no keyring, fingerprints on paper."""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from fixtures_keyring import ThrowawayKeyring
from google.protobuf import json_format
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from releve.commands import verify as command
from releve.jupyter import home
from releve.record.page import auditors_guide
from releve.record.verify import verify
from releve.vault import keys
from sealed_records import Office, said
from securesystemslib.dsse import Envelope

COMMANDS = re.findall(r"```sh\n(.*?)```", auditors_guide(), re.DOTALL)
(LINE,) = (each for each in COMMANDS if "del(.signature)" in each)


@pytest.fixture
def office(tmp_path: Path, throwaway: ThrowawayKeyring) -> Office:
    """Two sealed records."""
    made = Office(tmp_path / "outputs", throwaway.keystore())
    made.record(1)
    made.record(2)
    return made


def by_mail(office: Office) -> Path:
    """One folder, alone in a folder of downloads."""
    record = next(path for path in sorted(office.outputs.iterdir()) if path.name[0] == "2")
    downloads = office.outputs.with_name("downloads")
    shutil.copytree(record, downloads / record.name)
    return downloads / record.name


def run(*arguments: object, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The command on a machine without a keyring."""
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    args = parser.parse_args([str(each) for each in arguments])
    args.json, args.settings, args.outputs = False, None, None
    return command.main(args), capsys.readouterr().out


def test_one_folder_by_mail(
    office: Office, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files are intact, and what cannot be known without the register is said: code 0 with
    notes, 7 if `--strict`; a changed file is 7 in any case.
    """
    monkeypatch.setattr(command, "_keystore", lambda _: None)
    folder = by_mail(office)
    code, text = run(folder, capsys=capsys)
    assert 0 == code and "son registre n'est pas là" in text and "Tout est intact" not in text
    assert "Aucune différence n'a été trouvée" in text
    own = keys.shown(keys.own_keyid(office.keystore))
    assert own in text
    assert 7 == run(folder, "--strict", capsys=capsys)[0]
    code, text = run(folder, "--signer", own, capsys=capsys)
    assert 0 == code and "ne connaît pas" not in text
    (folder / "journal.jsonl").write_text("x")
    code, text = run(folder, capsys=capsys)
    assert 7 == code and "sont intacts" not in text


def test_another_fingerprint_than_the_one_noted_is_a_fault(
    office: Office, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever rewrote the folder signed with a key of his own: alone, and with its register."""
    monkeypatch.setattr(command, "_keystore", lambda _: None)
    for folder in (by_mail(office), office.outputs):
        code, _ = run(folder, "--signer", "0" * 32, capsys=capsys)
        assert (7, 0) == (code, len(verify(office.outputs, None, office.keystore).faults))


@pytest.mark.parametrize("arguments", [("--tsa-ca", "absent.pem"), ("--signer", "3f2a")])
def test_what_is_mistyped_is_not_taken_for_a_check(
    office: Office, arguments: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A certificate that is none, a fingerprint that is cut: exit code 2."""
    with pytest.raises((command.BadAuthorities, command.BadSigner)) as raised:
        run(office.outputs, *arguments, capsys=capsys)
    assert 2 == raised.value.exit_code


def test_what_was_added_since_is_told(office: Office) -> None:
    """Lines behind the last one that this machine knows, each with who signed it."""
    register = office.outputs / "register.jsonl"
    head = office.keystore.entry("register", str(office.outputs.resolve()))
    first = register.read_bytes().splitlines()[0]
    head.set_text(hashlib.sha256(first).hexdigest())
    (note,) = verify(office.outputs, None, office.keystore).notes
    assert ("beyond", "2") == (note.kind, note.what)
    assert keys.shown(keys.own_keyid(office.keystore)) in note.text


def test_in_toto_reads_it(office: Office) -> None:
    """The envelope by the library that in-toto signs with, the statement by in-toto's own."""
    record = by_mail(office)
    envelope = Envelope.from_dict(json.loads((record / "record.json").read_bytes()))
    key = keys.read_public_key((record / "signer.pem").read_bytes())
    assert [key.keyid] == list(envelope.verify([key], 1))
    read = Statement.copy_from_pb(json_format.Parse(envelope.payload, statement_pb2.Statement()))
    read.validate()
    assert {each["name"] for each in said(record)["subject"]} == {s.name for s in read.pb.subject}


@pytest.mark.skipif(
    not (shutil.which("jq") and shutil.which("openssl")), reason="needs jq and openssl"
)
def test_a_line_of_the_register_by_openssl(office: Office) -> None:
    """Run as the auditor's guide has it; a changed word fails."""
    record = next(path for path in sorted(office.outputs.iterdir()) if path.name[0] == "2")
    for expected in (True, False):
        done = subprocess.run(
            ["bash", "-c", LINE], cwd=record, capture_output=True, text=True, check=False
        )
        assert expected == ("Signature Verified Successfully" in done.stdout), done.stderr
        path = office.outputs / "register.jsonl"
        path.write_bytes(path.read_bytes().replace(b"succeeded", b"abandoned"))


async def test_the_home_page_shows_the_fingerprint_to_note(
    tmp_path: Path, throwaway: ThrowawayKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of this machine's key, once it has sealed; the page says nothing of it before."""
    office = Office(tmp_path / "outputs", throwaway.keystore())
    office.outputs.mkdir()
    monkeypatch.setattr(home, "default_path", lambda: office.settings.path)
    monkeypatch.setattr(home, "load", lambda *_: office.settings)
    monkeypatch.setattr(home, "open_keystore", lambda _: office.keystore)
    monkeypatch.setattr(home, "history", lambda *_: [])
    for sealed in (False, True):
        if sealed:
            office.record(1)
        own = keys.shown(keys.own_keyid(office.keystore))
        page = home.Home()
        await page._tidy()
        told = json.dumps(page.panel.view, ensure_ascii=False)
        assert sealed == ("empreinte" in told) == bool(own)
        assert own in told
