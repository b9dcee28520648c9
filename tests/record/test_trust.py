"""Whoever can write under `outputs/` is a stranger: what is tried here needs nothing but that, and
a genuine record to begin from. Each of these attacks succeeded on version 0.1.
"""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import json
import os
import platform
import shutil
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import twin as twins
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fixtures_rotation import DEMO_SIRET, Scene, other_modes, umask
from hypothesis import given, settings
from hypothesis import strategies as st
from releve import cli
from releve.base import disk
from releve.base.settings import load
from releve.commands import resume
from releve.decision import events as ev
from releve.decision import journal as j
from releve.decision.line import parse
from releve.headless import run as headless
from releve.jupyter import OUTPUTS_ENVIRONMENT, copy
from releve.jupyter.home import Home
from releve.jupyter.panel import Answer
from releve.jupyter.prompts import last_picture
from releve.planning.due import Standing
from releve.planning.today import now
from releve.proof.clock import check_clock
from releve.record import seal, vouching
from releve.record.folder import RecordFolder, is_closed
from releve.record.history import JustDone, SucceededTomorrow, doubt, history, refuse_twice
from releve.record.lock import AccountBusy, AccountLock
from releve.record.register import SIGNERS, Register, signed_bytes
from releve.record.verify import verify
from releve.rotation.prompts import Unattended
from releve.vault import keys
from releve.vault.keystore import Keystore
from twin import MemoryKeyring, Twin

KEY = bytes(range(32))
rsa_key = partial(rsa.generate_private_key, 65537, 2048)
ec_key = partial(ec.generate_private_key, ec.SECP256R1())
CLICK = "journal reset.intended after"


def killed_at(twin: Twin, point: str) -> None:
    """A rotation whose process died there."""
    reference = Twin.new(twin.folder.with_name("reference"), sees_first=twin.sees_first)
    with twins.dying(twins.points(reference).index(point)):
        assert twin.run().code is None


def elsewhere(twin: Twin) -> Twin:
    """The same folder of records and the same portal, seen from another machine."""
    other = dataclasses.replace(twin, keystore=Keystore(MemoryKeyring()))
    other.keystore.portal_password(twins.LOGIN).set(twins.Secret(twins.PASSWORD))
    return other


def adopted(twin: Twin) -> Twin:
    """Seen from another machine, where somebody has taken the rotation in hand by its name."""
    other = elsewhere(twin)
    targets = (f"school:{DEMO_SIRET}",)
    vouching.adopt(twin.record, "j.martin@agence", targets, other.keystore)
    return other


# -- the journal's MACs


def journalled(folder: Path) -> list[bytes]:
    """Five lines under `KEY`."""
    log = j.Journal(folder, "ab", "m.durand@mairie", KEY)
    log.append(ev.RotationOpened("21990001600011", "Commune", "TECH", "gestionnaire", ("corail",)))
    for event in (ev.GateGiven("cible", "--yes"), ev.ResetIntended(1), ev.PendingStored(1)):
        log.append(event)
    return log.path.read_bytes().splitlines(keepends=True)


CHANGES: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "a word": lambda lines: [*lines[:1], lines[1].replace(b"--yes", b"--no!"), *lines[2:]],
    "a time": lambda lines: [lines[0].replace(b'"time": "20', b'"time": "19'), *lines[1:]],
    "a line taken out": lambda lines: [*lines[:1], *lines[2:]],
    "two lines exchanged": lambda lines: [lines[0], lines[2], lines[1], lines[3]],
    "a line twice": lambda lines: [*lines, lines[-1]],
    "no line": lambda lines: [],
    "a line without a MAC": lambda lines: [*lines, b'{"event": "x"}\n'],
    "the MAC taken away": lambda lines: [
        *lines[:3],
        json.dumps({k: v for k, v in json.loads(lines[3]).items() if k != "mac"}).encode() + b"\n",
    ],
    "an opening of one's own": lambda lines: [*lines, lines[0]],
    "an adoption of one's own": lambda lines: [
        *lines,
        json.dumps(json.loads(lines[0]) | {"event": "rotation.adopted"}).encode() + b"\n",
    ],
    "what is no JSON": lambda lines: [*lines, b"[" * 100_000 + b"\n"],
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_journal_is_not_vouched_for(change: str, tmp_path: Path) -> None:
    """Under its key; and under another key, or none, not even the genuine one is."""
    lines = journalled(tmp_path)
    genuine = b"".join(lines)
    assert j.vouches(KEY, genuine)
    assert not j.vouches(KEY, b"".join(CHANGES[change](lines)))
    assert not j.vouches(bytes(32), genuine) and not j.vouches(None, genuine)


@settings(deadline=None)
@given(st.data())
def test_no_bit_of_a_journal_can_change(data: st.DataObject) -> None:
    """Any bit of any line, but for what JSON itself does not tell apart."""
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        content = bytearray(b"".join(journalled(Path(name))))
    before = [json.loads(line) for line in content.splitlines()]
    at = data.draw(st.integers(0, len(content) - 2))
    content[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        same = [json.loads(line) for line in bytes(content).split(b"\n")[:-1]] == before
    except ValueError:
        same = False
    assert j.vouches(KEY, bytes(content)) == same


def test_what_was_written_goes_on_under_the_same_key(tmp_path: Path) -> None:
    """Another process, a torn line in between: the chain holds."""
    journalled(tmp_path)
    with open(tmp_path / j.FILE_NAME, "ab") as file:
        file.write(b'{"torn')
    log = j.Journal(tmp_path, "ab", "m.durand@mairie", KEY)
    assert log.vouched and log.torn
    log.append(ev.TornLineCut(log.torn))
    assert log.vouched and j.vouches(KEY, log.path.read_bytes())


@pytest.mark.parametrize("kind", [X25519PrivateKey, Ed448PrivateKey, rsa_key, ec_key])
def test_another_kind_of_key_is_nobodys(kind: Any) -> None:
    """Put in a signer's place by a stranger: 32 bytes of another curve are no Ed25519 key."""
    made = kind.generate() if isinstance(kind, type) else kind()
    pem = made.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(ValueError, match="Ed25519"):
        keys.read_public_key(pem)


# -- a rotation that is not ours


def test_a_forged_rotation_resets_nothing(tmp_path: Path) -> None:
    """An open journal planted in the folder says that the reset was confirmed, and names no target:
    on version 0.1 `resume` reset the account, and entered the password nowhere.
    """
    twin = Twin.new(tmp_path / "twin")
    folder = RecordFolder.new(twin.outputs, DEMO_SIRET)
    folder.make()
    forged = j.Journal(folder.path, folder.run, "x@y", os.urandom(32))
    forged.append(
        ev.RotationOpened(DEMO_SIRET, "n", twins.DEMO_ACCOUNT, "gestionnaire", (), school=True)
    )
    forged.append(ev.GateGiven("cible", "--yes"))
    before = forged.path.read_bytes()
    found = twin.run()
    assert ("NotOurs", 4, 0) == (found.error, found.code, twin.resets())
    assert before == forged.path.read_bytes() and "x@y" in found.text


def test_a_forged_rotation_starts_no_notebook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`releve rotate --yes` and `releve resume --yes` stop before the kernel."""
    twin = Twin.new(tmp_path / "twin")
    killed_at(twin, "journal gate.given after")
    other = elsewhere(twin)
    monkeypatch.setattr(headless, "open_keystore", lambda *_: other.keystore)
    with pytest.raises(vouching.NotOurs) as raised:
        headless.run(load(twin.settings(), twin.outputs), DEMO_SIRET, approve=True)
    assert 4 == raised.value.exit_code


@pytest.mark.parametrize("sees_first", [False, True])
@pytest.mark.parametrize("point", ["journal gate.given after", "journal target.entered after"])
def test_a_rotation_of_another_machine_is_adopted(
    tmp_path: Path, point: str, sees_first: bool
) -> None:
    """By a person, whose machine then vouches for it: what was announced there counts, nothing that
    was confirmed, entered or proven does; the record says whose it was.
    """
    twin = Twin.new(tmp_path / "twin", sees_first=sees_first)
    killed_at(twin, point)
    clicked = twin.resets()
    there = adopted(twin)
    assert 0 == there.run(reset_again=True).code
    kinds = [event.kind for event in there.events]
    since = kinds.index("rotation.adopted")
    assert "gate.given" in kinds[since:] and "target.entered" in kinds[since:]
    assert clicked + 1 == there.resets()
    assert there.agree()
    (event,) = (each for each in there.events if isinstance(each, ev.RotationAdopted))
    assert event.whose == there.record.entries()[0].actor


class Adopter(Unattended):
    """A person who is asked, and answers that."""

    interactive = True

    def __init__(self, answer: bool) -> None:
        super().__init__(True, True)
        self.answer, self.asked = answer, list[vouching.Claim]()

    async def adopts(self, claim: vouching.Claim) -> bool:
        self.asked.append(claim)
        return self.answer


def everything(folder: Path) -> dict[str, tuple[int, bytes]]:
    """What stands below, with the times; but for the locks."""
    found = sorted(each for each in folder.rglob("*") if ".locks" not in each.parts)
    return {
        str(each): (each.lstat().st_mtime_ns, each.read_bytes() if each.is_file() else b"")
        for each in found
    }


@pytest.mark.parametrize("answer", [False, True])
def test_whoever_adopts_is_asked_first(tmp_path: Path, answer: bool) -> None:
    """Whose it is, where and since when, stripped of what commands a terminal. A no leaves every
    byte as it was, and the keyring too; a yes adopts, and the target is confirmed anew.
    """
    twin = Twin.new(tmp_path / "twin")
    killed_at(twin, "journal gate.given after")
    path = twin.record.path / j.FILE_NAME
    path.write_bytes(path.read_bytes().replace(b'"host": "', b'"host": "\\u202e\\u001b[2J', 1))
    before, there = everything(twin.outputs), elsewhere(twin)
    keys_before = dict(there.keystore.backend.values)
    there.operator = person = Adopter(answer)
    ended = there.run()
    (claim,), (opened, *_) = person.asked, twin.record.entries()
    assert (opened.actor, "\ufffd\ufffd[2J" + platform.node()) == (claim.whose, claim.host)
    assert f"{datetime.fromisoformat(opened.time).astimezone():%d/%m/%Y à %H:%M}" == claim.begun
    if answer:
        kinds = [event.kind for event in there.events]
        assert (0, 1) == (ended.code, there.resets())
        assert "gate.given" in kinds[kinds.index("rotation.adopted") :]
        return
    assert ("NotOurs", 4, 0) == (ended.error, ended.code, there.resets())
    assert before == everything(twin.outputs)
    assert keys_before == there.keystore.backend.values


def test_nobody_is_asked_about_her_own(tmp_path: Path) -> None:
    """What this keyring has the key of is gone on with."""
    twin = Twin.new(tmp_path / "twin")
    killed_at(twin, "journal gate.given after")
    twin.operator = person = Adopter(False)
    assert (0, []) == (twin.run().code, person.asked)


@pytest.mark.parametrize(
    ("typed", "terminal", "options", "adopted"),
    [
        ("oui", True, (), True),
        ("non", True, (), False),
        ("", True, (), False),
        ("oui", False, (), False),
        ("oui", True, ("--json",), False),
        ("", False, ("--yes",), False),
        ("", False, ("--yes", DEMO_SIRET), True),
    ],
)
def test_resume_asks_at_a_terminal_only(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    typed: str,
    terminal: bool,
    options: tuple[str, ...],
    adopted: bool,
) -> None:
    """Elsewhere the approval names the structure, or not a byte is written and the code is 4."""
    twin = Twin.new(tmp_path / "twin")
    killed_at(twin, "journal gate.given after")
    there, went_on = elsewhere(twin), list[str]()
    before = everything(twin.outputs)
    for module in (resume, headless):
        monkeypatch.setattr(module, "open_keystore", lambda *_: there.keystore)
    monkeypatch.setattr(resume, "at_terminal", lambda _: terminal)
    monkeypatch.setattr("builtins.input", lambda _: typed)
    died = headless.KernelDied(why="")
    monkeypatch.setattr(headless, "_execute", lambda *_: went_on.append("") or died)
    given = ["--settings", str(twin.settings()), "--outputs", str(twin.outputs), "resume", *options]
    code = cli.main(given)
    said = capsys.readouterr()
    assert adopted == bool(went_on)
    if not adopted:
        assert 4 == code
        assert before == everything(twin.outputs)
        assert "ce qu'un autre a écrit dans ce dossier ne décide de rien" in said.out + said.err
    assert ("reprendre à votre compte ?" in said.out.replace("\u00a0", " ")) == (
        terminal and not options
    )


def test_the_click_of_another_machine_is_never_repeated_unasked(tmp_path: Path) -> None:
    """Adopted by somebody who decides nothing: the reset that was announced there has an unknown
    end here.
    """
    twin = Twin.new(tmp_path / "twin")
    killed_at(twin, "journal target.entered after")
    there = adopted(twin)
    stopped = there.run()
    assert ("DecisionNeeded", 1) == (stopped.error, there.resets())


# -- a journal put back


@pytest.mark.parametrize("sees_first", [False, True])
@pytest.mark.parametrize("point", [CLICK, "journal pending.stored after", "keyring pending after"])
def test_a_journal_put_back_past_its_click_makes_no_second_reset(
    tmp_path: Path, point: str, sees_first: bool
) -> None:
    """A prefix of a genuine journal is vouched for, line by line: the keyring knows what was
    announced behind it.
    """
    twin = Twin.new(tmp_path / "twin", sees_first=sees_first)
    killed_at(twin, "journal target.intended before")
    path = twin.record.path / j.FILE_NAME
    lines = path.read_bytes().splitlines(keepends=True)
    click = next(n for n, line in enumerate(lines) if b"reset.intended" in line)
    path.write_bytes(b"".join(lines[:click]))
    twin.run()
    assert 1 == twin.resets()
    assert [vouching.ROLLED_BACK] == [e.why for e in twin.events if isinstance(e, ev.ResetUnknown)]


def test_an_end_written_by_a_stranger_ends_nothing(tmp_path: Path) -> None:
    """A `rotation.closed` added to an open journal: the password in the keyring is not replaced,
    and the record is not sealed.
    """
    twin = Twin.new(tmp_path / "twin")
    killed_at(twin, "journal target.intended before")
    held = twin.held(twins.Slot.PENDING)
    stranger = j.Journal(twin.record.path, twin.record.run, "x@y", os.urandom(32))
    stranger.append(ev.RotationClosed("succeeded", "api", "2027-11-30"))
    stopped = twin.run(again=True)
    assert ("PendingOfAnotherRun", 1) == (stopped.error, twin.resets())
    assert held == twin.held(twins.Slot.PENDING)
    settings = load(twin.settings(), twin.outputs)
    left = seal.finish_left_over(settings, twin.keystore)
    assert ["NotVouched"] == [type(fault).__name__ for fault in left.faults]
    assert not (twin.outputs / "register.jsonl").exists()


# -- what the tool itself seals and believes


def test_an_invented_record_is_not_sealed(tmp_path: Path) -> None:
    """A closed journal planted in the folder: on version 0.1 the next command sealed it."""
    twin = Twin.new(tmp_path / "twin")
    assert 0 == twin.run().code
    settings = load(twin.settings(), twin.outputs)
    seal.finish_left_over(settings, twin.keystore)
    invented = twin.record.path.with_name("2026-11-28_101010_21990001600011_0badcafe")
    shutil.copytree(twin.record.path, invented)
    assert ([], []) == seal.finish_left_over(settings, twin.keystore)
    kinds = {found.kind for found in verify(twin.outputs, None, twin.keystore).faults}
    assert kinds & {"renamed", "unregistered", "unsealed_elsewhere"}
    assert Register(twin.outputs, twin.keystore).find(invented.name) is None
    folder = RecordFolder.at(invented)
    assert folder is not None
    with pytest.raises(seal.NotVouched):
        seal.finish(folder, settings, twin.keystore)


def test_a_key_under_another_s_name_signs_nothing(tmp_path: Path) -> None:
    """A line signed by a stranger's key, which stands in the file of a known one."""
    twin = Twin.new(tmp_path / "twin")
    assert 0 == twin.whole()
    (line,) = (twin.outputs / "register.jsonl").read_text().splitlines()
    entry = {key: value for key, value in json.loads(line).items() if key != "signature"}
    stranger = keys.signer(Keystore(MemoryKeyring()))
    forged = entry | {"time": "2027-01-01T00:00:00+00:00"}
    given = bytes.fromhex(stranger.sign(signed_bytes(forged)).signature)
    place = twin.outputs / SIGNERS / f"{entry['signer']}.pem"
    place.write_bytes(keys.public_pem(stranger.public_key))
    with pytest.raises(ValueError, match="another key"):
        Register(twin.outputs, twin.keystore).signer_of(
            forged | {"signature": base64.b64encode(given).decode()}
        )


def test_a_line_of_a_stranger_registers_nothing(tmp_path: Path) -> None:
    """One who signs with a key of his own enters the record first: the genuine one is sealed all
    the same.
    """
    twin = Twin.new(tmp_path / "twin")
    twin.run()
    settings = load(twin.settings(), twin.outputs)
    Register(twin.outputs, twin.keystore).append({"kind": "period", "record": "", "years": 10})
    name = twin.record.path.name
    stranger = Register(twin.outputs, Keystore(MemoryKeyring()))
    stranger.append({"kind": "record", "record": name, "statement": "0" * 64})
    register = Register(twin.outputs, twin.keystore)
    assert register.find(name) is None
    seal.finish(twin.record, settings, twin.keystore)
    found = register.find(name)
    assert found and found["signer"] == keys.own_keyid(twin.keystore)
    assert "stranger" in {each.kind for each in verify(twin.outputs, None, twin.keystore).faults}


# -- files


@pytest.mark.skipif(os.name == "nt", reason="Windows has no FIFO and no /dev")
def test_nothing_waits_for_a_fifo_and_no_link_is_followed(tmp_path: Path) -> None:
    """Reading, hashing, appending; a name that a stranger put there first."""
    private = tmp_path / "private"
    private.write_text("privé")
    (tmp_path / "link").symlink_to(private)
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    for name in ("link", "fifo", "folder"):
        for act in (disk.read, disk.sha256, disk.append_to):
            with pytest.raises(OSError):
                act(tmp_path / name)
    for place in (tmp_path / "fifo", tmp_path / "folder", Path("/dev/releve-essai")):
        with pytest.raises(disk.NotWritten):
            disk.written(place, "neuf")
    reader, writer = os.pipe()
    disk.written(Path(f"/dev/fd/{writer}"), "neuf")  # as /dev/stdout before a `|`
    assert b"neuf" == os.read(reader, 9)
    with pytest.raises(OSError):
        disk.read(Path("/dev/zero"))
    disk.write_atomically(tmp_path / "link", b"neuf")
    assert ("privé", b"neuf") == (private.read_text(), disk.read(tmp_path / "link"))
    big = tmp_path / "sparse"
    with open(big, "wb") as file:
        file.truncate(disk.HASHED + 1)
    for act in (disk.read, disk.sha256):
        with pytest.raises(OSError):
            act(big)


def test_a_junction_of_windows_is_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link to a folder that any user may make there, made here by hand: Wine has none either."""
    assert disk.is_folder(tmp_path)
    junction = SimpleNamespace(st_mode=tmp_path.lstat().st_mode, st_reparse_tag=0xA0000003)
    monkeypatch.setattr(Path, "lstat", lambda path: junction)
    assert not disk.is_folder(tmp_path)


def test_a_record_is_not_made_through_a_link(tmp_path: Path) -> None:
    """Its folder, or the pictures' folder, put there as a link to elsewhere."""
    elsewhere_ = tmp_path / "elsewhere"
    elsewhere_.mkdir()
    for inner in (False, True):
        folder = RecordFolder.new(tmp_path / "outputs", DEMO_SIRET)
        link = folder.path / "captures" if inner else folder.path
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(elsewhere_)
        with pytest.raises(Exception, match="ne peut pas écrire"):
            folder.make()
    assert [] == list(elsewhere_.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o277])
@pytest.mark.parametrize("shared", [False, True])
def test_modes_do_not_depend_on_the_umask(tmp_path: Path, mask: int, shared: bool) -> None:
    """0600 and 0700; a folder opened on purpose gives 0660 and 2770 to all that is below it."""
    twin = Twin.new(tmp_path / "twin")
    if shared:
        text = twin.settings().read_text()
        twin.settings().write_text(f"{text}\n[record]\nshared = true\n")
    with umask(mask):
        assert 0 == twin.run().code
        seal.finish_left_over(load(twin.settings(), twin.outputs), twin.keystore)
    assert [] == other_modes(twin.outputs, shared=shared)


@pytest.mark.one_in(2)
@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
@pytest.mark.parametrize(("mask", "shared"), [(0o000, False), (0o077, True)])
def test_nor_do_those_of_a_kernel(scene: Scene, mask: int, shared: bool) -> None:
    """By the command, with its kernel, its browser and its pictures, stopped at the gate and
    resumed. At the desk: `test_walkthrough`, and `test_lab` by hand.
    """
    scene.more = f"[record]\nshared = {str(shared).lower()}\n"
    with umask(mask):
        assert 4 == scene.releve("rotate", DEMO_SIRET).returncode
        assert 0 == scene.releve("resume", "--yes").returncode
    assert [] == other_modes(scene.outputs, shared=shared)


# -- one account, two spellings


def test_two_spellings_are_one_account(tmp_path: Path) -> None:
    """In one file they are spelled alike; in two, they take one lock, one set of slots, and one
    renewal a day: on version 0.1 the second reset made the first structure's password void.
    """
    twin = Twin.new(tmp_path / "twin", targets=2)
    text = twin.settings().read_text()
    other = twins.DEMO_ACCOUNT.lower()
    at = text.rindex(twins.DEMO_ACCOUNT)
    twin.settings().write_text(text[:at] + other + text[at + len(other) :])
    settings_ = load(twin.settings(), twin.outputs)
    assert {twins.DEMO_ACCOUNT} == {s.technical_account for s in settings_.structures.values()}
    lock = AccountLock(twin.outputs, twins.DEMO_ACCOUNT)
    lock.acquire("m.durand@mairie")
    with pytest.raises(AccountBusy):
        AccountLock(twin.outputs, other).acquire("j.martin@mairie")
    lock.release()
    assert 0 == twin.whole()
    assert twin.agree() and 1 == twin.resets()
    assert twin.slots.filled() == twin.keystore.slots(other).filled()
    with pytest.raises(JustDone):
        refuse_twice(Register(twin.outputs, twin.keystore), other)


def test_what_was_kept_under_another_spelling_is_found(tmp_path: Path) -> None:
    """And moves to the usual one when it is next written; nothing is lost in between."""
    keystore = Keystore(MemoryKeyring())
    slots = keystore.slots("tech_9@cpro.fr")
    held = json.dumps({"run": "ab/1", "written": "2026-01-01T00:00:00+00:00", "password": "Zq81x"})
    keystore.entry("current", "tech_9@cpro.fr").set_text(held)
    assert "ab/1" == slots.filled().current
    slots.write(twins.Slot.CURRENT, twins.Secret("Zq81y"), "ab/1")
    assert keystore.entry("current", "tech_9@cpro.fr").text() is None
    assert "ab/1" == keystore.slots("TECH_9@cpro.fr").filled().current


# -- clocks and histories


class OldClock(BaseHTTPRequestHandler):
    """A portal that says that it is 1999."""

    def do_HEAD(self) -> None:
        self.send_response_only(200)
        self.send_header("Date", "Fri, 31 Dec 1999 23:59:59 GMT")
        self.end_headers()


def test_a_clock_that_is_years_wrong_is_noticed_before_anything_is_recorded(tmp_path: Path) -> None:
    """By the portal's own date; a portal that says nothing stops nobody."""
    twin = Twin.new(tmp_path / "twin")
    server = HTTPServer(("127.0.0.1", 0), OldClock)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        here = f"http://127.0.0.1:{server.server_address[1]}"
        twin.settings().write_text(
            twin.settings().read_text().replace('"http://127.0.0.1:9', f'"{here}')
        )
        stopped = twin.run()
    finally:
        server.shutdown()
        server.server_close()
    assert ("ClockWrong", 5, 0) == (stopped.error, stopped.code, twin.resets())
    assert [] == twin.records and "31/12/1999" in stopped.text
    check_clock(here)  # gone now: it says nothing


def test_a_success_in_the_future_is_told_and_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a rotation, which stops for a person, and by `due`, which does not count it."""
    twin = Twin.new(tmp_path / "twin")
    assert 0 == twin.run().code
    settings_ = load(twin.settings(), twin.outputs)
    seal.finish_left_over(settings_, twin.keystore)
    monkeypatch.setattr("releve.planning.today.open_keystore", lambda *_: twin.keystore)
    (due,) = now(settings_)
    assert Standing.FAR is due.standing
    (past,) = history(twin.outputs)
    assert past.closed
    ahead = dataclasses.replace(past, closed=past.closed.replace(year=past.closed.year + 5))
    with monkeypatch.context() as patch:
        patch.setattr("releve.record.history.history", lambda _: [ahead])
        with pytest.raises(SucceededTomorrow) as raised:
            refuse_twice(Register(twin.outputs, twin.keystore), twins.DEMO_ACCOUNT)
        assert 4 == raised.value.exit_code
        (due,) = now(settings_)
        assert ahead.record.name in due.why


def planted(twin: Twin, closed: datetime) -> None:
    """A journal that a stranger wrote: a success of that moment."""
    folder = RecordFolder.new(twin.outputs, DEMO_SIRET)
    folder.make()
    log = j.Journal(folder.path, folder.run, "x@y", os.urandom(32))
    log.append(ev.RotationOpened(DEMO_SIRET, "n", twins.DEMO_ACCOUNT, "gestionnaire", (), True))
    log.append(ev.RotationClosed("succeeded", "api", "2099-01-01"))
    path = folder.path / j.FILE_NAME
    lines = [json.loads(each) | {"time": closed.isoformat()} for each in path.open()]
    path.write_text("".join(json.dumps(each) + "\n" for each in lines))


def test_an_invented_success_holds_off_nothing(tmp_path: Path) -> None:
    """Planted daily it would let the password expire, and planted after a genuine one it would
    have it renewed a second time. A genuine one holds off its own account's, and no other's.
    """
    twin = Twin.new(tmp_path / "twin")
    planted(twin, datetime.now(UTC))
    register = Register(twin.outputs, twin.keystore)
    refuse_twice(register, twins.DEMO_ACCOUNT)
    assert 0 == twin.whole()
    with pytest.raises(JustDone):
        refuse_twice(register, twins.DEMO_ACCOUNT)
    refuse_twice(register, "TECH_2_1@cpro.fr")
    shutil.rmtree(twin.record.path)
    planted(twin, datetime.now(UTC) + timedelta(minutes=5))
    with pytest.raises(JustDone):
        refuse_twice(register, twins.DEMO_ACCOUNT, twin.slots.changed())


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line | {"time": "2026-12-30T00:00:00+00:00"},
        lambda line: json.loads(json.dumps(line).replace(twins.DEMO_ACCOUNT, "TECH_2_1@cpro.fr")),
    ],
    ids=["time", "account"],
)
def test_a_genuine_success_that_was_rewritten_decides_nothing(
    tmp_path: Path, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    """A later end would let the password expire, another account would hold off that one's."""
    twin = Twin.new(tmp_path / "twin")
    assert 0 == twin.whole()
    register = Register(twin.outputs, twin.keystore)
    (past,) = doubt(history(twin.outputs), register)
    assert "succeeded" == past.outcome
    path = twin.record.path / j.FILE_NAME
    lines = [change(json.loads(each)) for each in path.open(encoding="utf-8")]
    path.write_text("".join(json.dumps(each) + "\n" for each in lines), encoding="utf-8")
    (past,) = doubt(history(twin.outputs), register)
    assert "doubted" == past.outcome
    refuse_twice(register, "TECH_2_1@cpro.fr")


async def test_the_home_page_tells_an_invented_success_and_does_not_believe_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither before the keyring was asked, nor after."""
    twin = Twin.new(tmp_path / "twin")
    planted(twin, datetime.now(UTC))
    monkeypatch.setenv("RELEVE_SETTINGS", str(twin.settings()))
    monkeypatch.setenv(OUTPUTS_ENVIRONMENT, str(twin.outputs))
    home = Home()
    for keystore in (None, twin.keystore):
        home._keystore = keystore
        (due,) = home._dues(load(twin.settings(), twin.outputs))
        assert Standing.FAR is not due.standing and due.today
        assert "que rien ne confirme" in json.dumps(home._view(), ensure_ascii=False)


async def test_the_home_page_cancels_nobody_else_s_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It asks whose it is, as before going on with it; a yes is about that rotation alone, and what
    was planted since is asked about anew.
    """
    twin = Twin.new(tmp_path / "twin")
    await asyncio.to_thread(killed_at, twin, "journal run.started after")
    there, home = elsewhere(twin), Home()
    for module in ("jupyter.home", "commands.resume", "commands.abandon"):
        monkeypatch.setattr(f"releve.{module}.open_keystore", lambda *_: there.keystore)
    monkeypatch.setenv("RELEVE_SETTINGS", str(twin.settings()))
    monkeypatch.setenv(OUTPUTS_ENVIRONMENT, str(twin.outputs))

    async def pressed(action: str) -> str:
        await home._hear(Answer(action))
        actions = [each["action"] for each in home.panel.view.get("buttons", [])]
        return next((each for each in actions if DEMO_SIRET in each), "")

    before, about = everything(twin.outputs), f"{DEMO_SIRET}/{twin.record.run}"
    for action in (f"cancel:{DEMO_SIRET}", f"cancelled:{about}"):
        assert f"adopt-cancel:{about}" == await pressed(action)
        assert before == everything(twin.outputs)
    mine = twin.record
    other = shutil.copytree(mine.path, mine.path.with_name(f"2099-01-01_101010_{DEMO_SIRET}_ff"))
    before = everything(twin.outputs)
    assert f"adopt-cancel:{DEMO_SIRET}/ff" == await pressed(f"adopt-cancel:{about}")
    assert before == everything(twin.outputs)
    shutil.rmtree(other)
    assert f"cancel-now:{about}" == await pressed(f"adopt-cancel:{about}")
    await pressed(f"cancelled:{DEMO_SIRET}/ff")
    assert not is_closed(mine.entries())
    await pressed(f"cancelled:{about}")
    assert is_closed(mine.entries())


@pytest.mark.parametrize("name", ["../{}", r"..\{}", r"C:\x\{}", "x/{}", "{}/"])
def test_a_record_s_name_is_one_name(tmp_path: Path, name: str) -> None:
    """On each system's own terms: a line that names another place names nothing."""
    twin = Twin.new(tmp_path / "twin")
    assert 0 == twin.whole()
    register = Register(twin.outputs, twin.keystore)
    register.append({"kind": "purge", "record": name.format(twin.record.path.name)})
    assert verify(twin.outputs, None, twin.keystore).faults
    seal.finish_left_over(load(twin.settings(), twin.outputs), twin.keystore)
    assert twin.record.path.is_dir()


@pytest.mark.parametrize(
    "time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-01-01T00:00:00", "x"]
)
def test_a_time_that_no_zone_can_tell_is_no_line(tmp_path: Path, time: str) -> None:
    """Neither in a journal nor in the register, whatever is computed with it: `verify` names it."""
    twin = Twin.new(tmp_path / "twin")
    assert 0 == twin.whole()
    register = twin.outputs / "register.jsonl"
    (line,) = register.read_text().splitlines()
    register.write_text(f"{line}\n{json.dumps(json.loads(line) | {'n': 2, 'time': time})}\n")
    assert verify(twin.outputs, None, twin.keystore).faults
    with pytest.raises(ValueError, match=r"offset|isoformat"):
        parse(json.dumps({"event": "run.started", "time": time}))


def test_what_others_wrote_gives_a_terminal_no_commands() -> None:
    """In whatever an error quotes; French spaces stay."""
    text = vouching.NotOurs(record="r", whose="x\x1b[2J\u202e y\u00a0!").text
    assert "\x1b" not in text and "\u202e" not in text and "y\u00a0!" in text


@pytest.mark.parametrize("name", ["link", "long", *(["fifo"] if os.name != "nt" else [])])
def test_what_stands_in_the_place_of_a_file_stops_no_seal_but_its_own(
    tmp_path: Path, name: str
) -> None:
    """A link is not followed, a file without end is not read, a FIFO is not waited for: other
    records are sealed all the same, and what is wrong is said.
    """
    twin = Twin.new(tmp_path / "twin")
    assert 0 == twin.run().code
    place = twin.record.path / "captures" / "x.png"
    place.parent.mkdir(exist_ok=True)
    if name == "link":
        place.symlink_to(twin.settings())
    elif name == "fifo":
        os.mkfifo(place)
    else:
        with open(place, "wb") as file:
            file.truncate(2**43)
    left = seal.finish_left_over(load(twin.settings(), twin.outputs), twin.keystore)
    assert 1 == len(left.told) + len(left.faults)
    assert name != "long" or left.faults


@pytest.mark.parametrize("name", [".locks", "register.jsonl"])
def test_a_folder_that_cannot_be_locked_or_entered_is_a_fault(tmp_path: Path, name: str) -> None:
    """Told once, and no command is ended by it."""
    twin = Twin.new(tmp_path / "twin")
    assert 0 == twin.run().code
    shutil.rmtree(twin.outputs / ".locks")
    (twin.outputs / name).mkdir() if name == "register.jsonl" else (twin.outputs / name).touch()
    left = seal.finish_left_over(load(twin.settings(), twin.outputs), twin.keystore)
    assert ["NotSealed"] == [type(fault).__name__ for fault in left.faults]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no FIFO and no /dev")
def test_a_picture_or_a_copy_of_a_stranger_s_is_no_way_out(tmp_path: Path) -> None:
    """The last picture is never another file's, and a copy that is a FIFO is not waited for."""
    folder = RecordFolder.new(tmp_path, DEMO_SIRET)
    folder.make()
    (folder.path / j.FILE_NAME).touch()
    (tmp_path / "private").write_bytes(b"secret")
    (folder.path / "captures" / "04-structures.png").symlink_to(tmp_path / "private")
    (folder.path / "captures" / "03-accueil.png").write_bytes(b"picture")
    assert [b"", b"picture"] == [last_picture(tmp_path, e) for e in ("structure", "structures")]
    os.mkfifo(folder.path / "rotation.ipynb")
    assert {} == copy._read(folder.path / "rotation.ipynb")


def test_an_invented_success_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever can write in the folder could let a password expire unseen."""
    twin = Twin.new(tmp_path / "twin")
    folder = RecordFolder.new(twin.outputs, DEMO_SIRET)
    folder.make()
    forged = j.Journal(folder.path, folder.run, "x@y", os.urandom(32))
    forged.append(
        ev.RotationOpened(DEMO_SIRET, "n", twins.DEMO_ACCOUNT, "gestionnaire", (), school=True)
    )
    forged.append(ev.RotationClosed("succeeded", "api", "2027-11-30"))
    monkeypatch.setattr("releve.planning.today.open_keystore", lambda *_: twin.keystore)
    (due,) = now(load(twin.settings(), twin.outputs))
    assert Standing.FAR is not due.standing and date.today() != due.last
    assert folder.path.name in due.why
