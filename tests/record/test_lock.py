"""One rotation at a time for an account: real processes, one of them killed, on one machine or on a
shared folder.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import platformdirs
import pytest
from releve.commands import checkup
from releve.record.folder import RecordUnwritable
from releve.record.lock import AccountBusy, AccountLock

HOLD = """
import os
import sys
from pathlib import Path
from releve.record.lock import AccountLock, AccountBusy
lock = AccountLock(Path(sys.argv[1]), sys.argv[2])
try:
    lock.acquire(sys.argv[3])
    print("held", os.getpid(), flush=True)
except AccountBusy:
    print("busy", flush=True)
sys.stdin.readline()
lock.release()
"""


@contextmanager
def process(outputs: Path, actor: str, account: str = "TECH") -> Iterator[subprocess.Popen[str]]:
    """Another process that takes the lock and holds it until it is told to let go."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(outputs), account, actor],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def said(child: subprocess.Popen[str]) -> str:
    """Its one word."""
    return words(child)[0]


def holding(child: subprocess.Popen[str]) -> int:
    """Once it holds the lock, its process (Windows' launcher, which was started, is another)."""
    word, pid = words(child)
    assert "held" == word
    return int(pid)


def words(child: subprocess.Popen[str]) -> list[str]:
    assert child.stdout
    return child.stdout.readline().split()


def test_the_holder_is_named(tmp_path: Path) -> None:
    """Who, on which machine, which process, since when; code 5, and nothing was begun."""
    with process(tmp_path, "claire@mairie") as child:
        pid = holding(child)
        with pytest.raises(AccountBusy) as caught:
            AccountLock(tmp_path, "TECH").acquire("paul@agence")
        text = caught.value.text
        assert 5 == caught.value.code
        for word in ("claire@mairie", str(pid), f"{datetime.now():%d/%m/%Y}"):
            assert word in text


def test_a_killed_holder_lets_go_and_is_told(tmp_path: Path) -> None:
    """SIGKILL, TerminateProcess: the lock falls with the process, and whoever comes next learns who
    died with it in
    hand.
    """
    with process(tmp_path, "claire@mairie") as child:
        pid = holding(child)
        child.kill()
        child.wait()
    lock = AccountLock(tmp_path, "TECH")
    dead = lock.acquire("paul@agence")
    assert dead is not None
    assert ("claire@mairie", pid) == (dead.actor, dead.pid)
    lock.release()
    assert None is AccountLock(tmp_path, "TECH").acquire("paul@agence")


def test_a_look_at_the_lock_changes_nothing(tmp_path: Path) -> None:
    """Before a kernel is started: held or not; who died with it in hand is still told to whoever
    takes it then.
    """
    with process(tmp_path, "claire@mairie") as child:
        assert "held" == said(child)
        with pytest.raises(AccountBusy, match="claire@mairie"):
            AccountLock(tmp_path, "TECH").check()
        child.kill()
        child.wait()
    AccountLock(tmp_path, "TECH").check()
    dead = AccountLock(tmp_path, "TECH").acquire("paul@agence")
    assert dead is not None and "claire@mairie" == dead.actor


def test_a_folder_that_knows_no_locks_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that merely exists would not fall with a machine that dies, nor tell a live one from a
    dead one.
    """

    def refuse(*args: object) -> int:
        if sys.platform == "win32":
            ctypes.set_last_error(50)  # ERROR_NOT_SUPPORTED
            return 0
        raise OSError(errno.ENOSYS, "Function not implemented")

    windows = "filelock._windows._KERNEL32.LockFileEx"
    monkeypatch.setattr(windows if os.name == "nt" else "fcntl.flock", refuse)
    with pytest.raises(RecordUnwritable, match="ne sait pas verrouiller"):
        AccountLock(tmp_path, "TECH").acquire("a@b")


def test_one_of_many_wins(tmp_path: Path) -> None:
    """Started at the same instant: exactly one holds, whatever the order."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        children = [stack.enter_context(process(tmp_path, f"p{n}@poste")) for n in range(5)]
        assert ["busy"] * 4 + ["held"] == sorted(said(child) for child in children)


def test_other_accounts_are_free(tmp_path: Path) -> None:
    """The lock is the account's, not the program's."""
    with process(tmp_path, "claire@mairie", "TECH_1@cpro.fr") as child:
        assert "held" == said(child)
        AccountLock(tmp_path, "TECH_2@cpro.fr").acquire("paul@agence")


def test_the_same_process_cannot_take_it_twice(tmp_path: Path) -> None:
    """Two notebooks of one kernel are two operators too."""
    first, second = AccountLock(tmp_path, "TECH"), AccountLock(tmp_path, "TECH")
    first.acquire("a@b")
    with pytest.raises(AccountBusy):
        second.acquire("c@d")
    first.release()
    second.acquire("c@d")
    second.release()
    second.release()


def test_a_folder_that_onedrive_copies_holds_no_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock of its accounts is this machine's, still one for all its programs; doctor says so.
    """
    outputs, state = tmp_path / "OneDrive" / "outputs", tmp_path / "etat"
    outputs.mkdir(parents=True)
    monkeypatch.setattr(platformdirs, "user_state_path", lambda *_, **__: state)
    assert "GOOD" == checkup.disk(outputs).grade.name
    monkeypatch.setenv("OneDriveCommercial", str(tmp_path / "OneDrive"))
    first = AccountLock(outputs, "TECH")
    first.acquire("a@b")
    with pytest.raises(AccountBusy, match="a@b"):
        AccountLock(outputs, "TECH").acquire("c@d")
    first.release()
    assert [] == list(outputs.iterdir())
    assert "OneDrive" in checkup.disk(outputs).text


def test_two_paths_of_one_share_are_one_lock(tmp_path: Path) -> None:
    """Two machines see the shared folder under different names."""
    (tmp_path / "outputs").mkdir()
    (tmp_path / "partage").symlink_to(tmp_path / "outputs")
    with process(tmp_path / "partage", "claire@mairie") as child:
        assert "held" == said(child)
        with pytest.raises(AccountBusy, match="claire@mairie"):
            AccountLock(tmp_path / "outputs", "TECH").acquire("paul@agence")


def test_a_note_that_cannot_be_read_stops_nobody(tmp_path: Path) -> None:
    """The lock is the system's; the note beside it is for people."""
    lock = AccountLock(tmp_path, "TECH")
    lock.acquire("a@b")
    (note,) = (tmp_path / ".locks").glob("*.json")
    assert "a@b" == json.loads(note.read_text())["actor"]
    note.write_text("{")
    with pytest.raises(AccountBusy, match="un autre programme"):
        AccountLock(tmp_path, "TECH").acquire("c@d")
    lock.release()
    assert None is AccountLock(tmp_path, "TECH").acquire("c@d")


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """Not as a lock held by somebody: the folder, the reason, what to do."""
    (tmp_path / "outputs").write_text("un fichier")
    with pytest.raises(RecordUnwritable) as caught:
        AccountLock(tmp_path / "outputs", "TECH").acquire("a@b")
    assert str(tmp_path / "outputs") in caught.value.text
