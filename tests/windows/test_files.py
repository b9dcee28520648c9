"""Files that somebody else holds, as only Windows holds them; and who may open a folder."""

from __future__ import annotations

import ctypes
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from releve.base import disk, held
from releve.base.settings import Record
from releve.decision import events as ev
from releve.decision.journal import Journal
from releve.record import folder

HOLD = """
import ctypes, sys, time
from ctypes import wintypes
kernel = ctypes.WinDLL("kernel32", use_last_error=True)
kernel.CreateFileW.restype = wintypes.HANDLE
share = int(sys.argv[3])
handle = kernel.CreateFileW(sys.argv[1], 0x80000000, share, None, 3, 0, None)
assert handle not in (None, wintypes.HANDLE(-1).value), ctypes.get_last_error()
print("held", flush=True)
time.sleep(float(sys.argv[2]))
"""
READS_ONLY, NOBODY = 3, 0  # what the holder shares: reading and writing but not deleting; nothing
Hold = Callable[[Path, float, int], None]


@pytest.fixture
def hold() -> Iterator[Hold]:
    """Another program that holds a file open for some seconds, as an antivirus does."""
    holders = []

    def begin(path: Path, seconds: float, share: int) -> None:
        command = [sys.executable, "-c", HOLD, str(path), str(seconds), str(share)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert "held\n" == process.stdout.readline()
        holders.append(process)

    yield begin
    for process in holders:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("share", [READS_ONLY, NOBODY])
def test_a_file_that_is_held_for_a_moment_is_replaced(
    tmp_path: Path, hold: Hold, share: int
) -> None:
    """The new content stands once the holder has let go."""
    path = tmp_path / "rotation.ipynb"
    path.write_bytes(b"old")
    hold(path, 1.0, share)
    disk.write_atomically(path, b"new")
    assert b"new" == path.read_bytes()
    assert [path] == list(tmp_path.iterdir())


def test_a_file_that_is_held_for_long_is_left_whole(
    tmp_path: Path, hold: Hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the bounded tries the error is told, and the old content stands."""
    monkeypatch.setattr(held, "HELD_SECONDS", 1.0)
    path = tmp_path / "rotation.ipynb"
    path.write_bytes(b"old")
    hold(path, 30.0, READS_ONLY)
    with pytest.raises(PermissionError):
        disk.write_atomically(path, b"new")
    assert b"old" == path.read_bytes()
    assert [path] == list(tmp_path.iterdir())


def test_a_journal_that_is_held_for_a_moment_goes_on(tmp_path: Path, hold: Hold) -> None:
    """An exclusive reader delays an event; it does not lose it."""
    journal = Journal(tmp_path, "run", "somebody")
    journal.append(ev.RouteChosen("gestionnaire", False))
    hold(journal.path, 1.0, NOBODY)
    journal.append(ev.RouteChosen("gestionnaire", False))
    assert 2 == len(journal.path.read_bytes().splitlines())


def test_a_file_that_is_held_for_a_moment_is_read(tmp_path: Path, hold: Hold) -> None:
    """By whoever shares it with nobody."""
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b"line\n")
    hold(path, 1.0, NOBODY)
    assert b"line\n" == disk.read(path)


def test_a_folder_with_a_read_only_file_is_removed(tmp_path: Path) -> None:
    """A record copied from a CD or kept from changes: what is to be destroyed is."""
    file = tmp_path / "record" / "captures" / "01.png"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"picture")
    file.chmod(0o400)
    with pytest.raises(PermissionError):
        file.unlink()
    held.remove_folder(tmp_path / "record")
    assert [] == list(tmp_path.iterdir())


def rights(path: Path) -> str:
    """Its owner, and who may do what with it, in Windows' own words (SDDL)."""
    security, found, text = ctypes.WinDLL("advapi32"), ctypes.c_void_p(), ctypes.c_wchar_p()
    file, asked = 1, 1 | 4  # SE_FILE_OBJECT; OWNER_, DACL_SECURITY_INFORMATION
    none = (None, None, None, None)
    assert 0 == security.GetNamedSecurityInfoW(str(path), file, asked, *none, ctypes.byref(found))
    words = security.ConvertSecurityDescriptorToStringSecurityDescriptorW
    assert words(found, 1, asked, ctypes.byref(text), None)
    return text.value or ""


def others(path: Path) -> set[str]:
    """Who may do anything with it but its owner, the system and the administrators."""
    owner, said = re.findall(r"O:([\w-]+?)(?=[GD]:)(.*)", rights(path))[0]
    return set(re.findall(r";([\w-]+)\)", said)) - {owner, "OW", "SY", "BA"}


def test_the_folder_of_records_is_its_owners_alone(tmp_path: Path) -> None:
    """Whatever Python is in hand; those above it that were made with it, too."""
    outputs = tmp_path / "Relève" / "outputs"
    folder.prepare(Record(folder=outputs))
    assert set() == others(outputs) | others(outputs.parent)
    assert others(tmp_path)  # a file system without rights would tell nothing


def test_so_is_the_one_that_came_with_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as it holds no record: what an administrator then changes stays."""
    monkeypatch.setattr(folder, "project_root", lambda: tmp_path)
    outputs = tmp_path / "outputs"
    outputs.mkdir()
    folder.prepare(Record(folder=outputs))
    assert set() == others(outputs)


@pytest.mark.parametrize("shared", [True, None])
def test_what_is_shared_or_below_has_the_rights_of_the_folder_above(
    tmp_path: Path, shared: bool | None
) -> None:
    """A private record in a shared folder would be closed to the other operators."""
    (tmp_path / "plain").mkdir()
    disk.make_folder(tmp_path / "made", shared=shared)
    assert rights(tmp_path / "plain") == rights(tmp_path / "made")
