"""A seal, a quarantine and a purge that die at any instant are finished by the next command; and
what could not be sealed is never called a success.

The instants are the interpreter's own audit events (a file opened, renamed, removed; a folder made)
below the folder of records, not points that the code under test chose.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fixtures_keyring import ThrowawayKeyring
from releve.commands import purge
from releve.headless import run as headless
from releve.headless.run import Outcome
from releve.record import register, seal
from releve.record.folder import RecordFolder
from releve.record.search import SecretFound
from releve.record.verify import verify
from releve.vault import keys
from sealed_records import PASSWORD, Office

EVENTS = ("open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate")


class Killed(BaseException):
    """This process is dead from here on."""


_armed: list[Callable[[str], None]] = []


def _heard(event: str, args: tuple[object, ...]) -> None:
    if _armed and event in EVENTS and args and isinstance(args[0], str | Path):
        _armed[0](f"{event} {args[0]}")


sys.addaudithook(_heard)


@contextmanager
def watched(folder: Path, heard: Callable[[str], None]) -> Iterator[None]:
    """Tell each event below the folder, before it happens."""
    _armed.append(lambda event: heard(event) if str(folder) in event else None)
    try:
        yield
    finally:
        _armed.clear()


def die_at(folder: Path, number: int, act: Callable[[], object]) -> bool:
    """Do it, and be dead from that instant on: nothing more happens, not even a cleaning up. False
    when there is no such instant: it went through.
    """
    left = [number]

    def heard(event: str) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Killed

    with watched(folder, heard):
        try:
            act()
        except Killed:
            return True
    return False


def afresh(office: Office) -> None:
    """The folder of records gone, and the keyring's head with it."""
    shutil.rmtree(office.outputs, ignore_errors=True)
    office.keystore.entry("register", str(office.outputs.resolve())).delete()


@pytest.fixture
def office(tmp_path: Path, throwaway: ThrowawayKeyring) -> Office:
    """An empty folder of records."""
    return Office(tmp_path / "outputs", throwaway.keystore(), more="[record]\nkeep_years = 10\n")


def finished(office: Office) -> list[str]:
    """The codes of what is left once the next command has begun."""
    assert [] == seal.finish_left_over(office.settings, office.keystore).faults
    return office.kinds(office.keystore)


def test_a_seal_killed_at_any_instant_is_finished(office: Office) -> None:
    """One line in the register, an intact record, and no key left behind."""
    died, number = True, 0
    while died:
        afresh(office)
        folder, settings = office.folder(2), office.settings
        died = die_at(
            office.outputs, number, lambda f=folder, s=settings: seal.finish(f, s, office.keystore)
        )
        assert [] == finished(office), number
        assert 1 == len(office.register()), number
        assert keys.rotation_key(office.keystore, folder.run) is None, number
        number += 3
    assert number > 20


def test_a_quarantine_killed_at_any_instant_is_finished(office: Office) -> None:
    """The folder is put aside, and the register says so: it cannot vanish unseen."""

    def act(folder: RecordFolder) -> None:
        with suppress(SecretFound):
            seal.finish(folder, office.settings, office.keystore)

    died, number = True, 0
    while died:
        afresh(office)
        folder = office.folder(2)
        (folder.path / "note.txt").write_text(PASSWORD)
        died = die_at(office.outputs, number, lambda f=folder: act(f))
        seal.finish_left_over(office.settings, office.keystore)
        assert folder.aside.path.exists() and not folder.path.exists(), number
        assert ["quarantine"] == [line["kind"] for line in office.register()], number
        assert ["quarantine"] == finished(office)
        number += 3
    assert number > 15


def test_a_purge_killed_at_any_instant_is_finished(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On version 0.1 it was refused for ever."""
    monkeypatch.setattr(purge, "open_keystore", lambda *_: office.keystore)
    arguments = argparse.Namespace(
        settings=str(office.settings.path), outputs=str(office.outputs), json=False, yes=True
    )
    died, number = True, 0
    while died:
        afresh(office)
        with monkeypatch.context() as patch:
            patch.setattr(register, "now", lambda: datetime(2001, 11, 3, tzinfo=UTC))
            folder = office.record(2)
        died = die_at(office.outputs, number, lambda: purge.main(arguments))
        assert [] == finished(office), number
        entered = "purge" in [line["kind"] for line in office.register()]
        assert entered != folder.path.exists(), number
        assert 0 == purge.main(arguments) and not folder.path.exists()
        assert [] == finished(office), number
        number += 3
    assert number > 15


def test_nobody_destroys_at_anothers_word(office: Office, tmp_path: Path) -> None:
    """A purge's line that another machine signed, or a link in a record's place: what it shows
    stays."""
    record = office.record(1)
    private = tmp_path / "private"
    private.mkdir()
    (private / "x").write_text("x")
    with ThrowawayKeyring() as other:
        stranger = register.Register(office.outputs, other.keystore())
        stranger.append({"kind": "purge", "record": record.path.name})
    seal.finish_left_over(office.settings, office.keystore)
    assert record.path.exists()
    shutil.rmtree(record.path)
    record.path.symlink_to(private)
    seal.destroy(record)
    assert (private / "x").exists()


def test_what_could_not_be_sealed_is_no_success(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk, a keyring that is locked: the code is not 0, the text says it first, the check
    calls it not sealed, and the next command seals it.
    """
    folder = office.folder(1)
    done = Outcome(
        0, "succeeded", str(folder.path), folder.run, "", "", "", "none", "", 1, 0, "tout est fait"
    )
    monkeypatch.setattr("releve.headless.run.open_keystore", lambda *_: office.keystore)

    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(seal.disk, "write_atomically", full)
        found = headless._sealed(done, office.settings, folder)
    assert 7 == found.code and found.text.index("scellé") < found.text.index("tout est fait")
    verdict = verify(office.outputs, None, office.keystore)
    assert ["unsealed"] == [fault.kind for fault in verdict.faults]
    assert "pas scellé" in verdict.conclusion and "intact" not in verdict.conclusion
    assert [] == finished(office)
