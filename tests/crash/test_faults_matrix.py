"""What fails around a rotation, at every step of it: the exit code, the text, what was kept, and a
resume that ends well.

On the portal's twin each fault is tried at every point; the real browser, kernel and keyring
service follow at the points that differ.
"""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import twin as twins
from fixtures_keyring import Session as SecretService
from fixtures_rotation import encoded
from keyring.errors import KeyringLocked, PasswordSetError
from releve.base.errors import ReleveError
from releve.base.secret import Secret
from releve.decision import events as ev
from releve.decision import journal as j
from releve.decision import state
from releve.decision.state import Next
from releve.portal import errors as e
from releve.rotation.prompts import Keep, Unattended
from releve.vault.entry import KeyringWaits
from releve.vault.keystore import Keystore
from releve.vault.slots import Slot, SlotHeldByAnotherRun
from twin import MemoryKeyring, Result, Twin


def judge(twin: Twin, stopped: Result, *, more: int = 0) -> None:
    """The code and the text fit what is true; a resume ends well, with `more` resets than one; no
    text and no file tells a secret.
    """
    assert [] == spilt(twin, stopped)
    if stopped.code == 0:
        assert twin.agree()
        return
    said = twin.situation
    assert [] == twin.lies(), stopped
    touched = bool(said.facts.touched)
    assert stopped.code == said.row.code == (6 if touched or said.facts.displayed else 5), (
        stopped,
        said.phase,
    )
    assert stopped.text.count("\n") == 2
    assert "{" not in stopped.text
    if touched:
        assert (
            "resume" in stopped.text
            or "Reprendre" in stopped.text
            or "relance" in stopped.text.lower()
            or "recommencez" in stopped.text
        ), stopped.text
    ended = twin.run()
    if ended.code == 6:
        assert said.next is Next.DECIDE, (stopped, ended)
        ended = twin.run(reset_again=True)
    assert ended.code in (0, 3), ended
    assert (1 + more, True) == (twin.resets(), twin.agree()), stopped
    assert [] == spilt(twin, ended)


def spilt(twin: Twin, ended: Result) -> list[bytes]:
    """The passwords, of the manager and of every account, past ones too, that stand in the run's
    text or in any file of the records.
    """
    accounts = twin.world.accounts.values()
    secrets = {twins.PASSWORD} | {
        each for account in accounts for each in (account.password, *account.history)
    }
    kept = (
        b"".join(path.read_bytes() for path in twin.outputs.rglob("*") if path.is_file())
        + ended.text.encode()
    )
    return [form for each in secrets for form in encoded(each) if form in kept]


# -- the portal, at every point of the route and of the targets

SHOWN = ("show corail-collectivites", "show corail-transfert")
POINTS = [
    *(f"go {step}" for step in twins.NAVIGATION),
    "ready",
    "leave",
    *SHOWN,
    "enter",
    "entered",
]
ERRORS: dict[str, Callable[[], ReleveError]] = {
    "maintenance": lambda: e.Maintenance(screen="x"),
    "erreur technique": lambda: e.TechnicalError(screen="x"),
    "session expirée": lambda: e.SessionExpired(screen="x"),
    "fenêtre inattendue": lambda: e.UnexpectedPopup(screen="x", text="bonjour"),
    "navigateur fermé": lambda: e.BrowserGone(screen="x"),
    "écran changé": lambda: e.ScreenNotRecognised(screen="x", wanted="y"),
    "réseau coupé": lambda: e.PortalUnreachable(origin="https://x", why="net::ERR"),
}


@pytest.mark.parametrize("error", ERRORS)
def test_the_portal_fails_anywhere(error: str, shm: Path) -> None:
    """Each fault, once, at each screen: what is told is true, and the resume needs one reset in
    all.
    """
    for number, point in enumerate(POINTS):
        twin = Twin.new(shm / str(number))
        twin.at = once(point, ERRORS[error])
        stopped = twin.run()
        assert (stopped.code == 0) == (point == "leave"), (
            point,
            stopped,
        )  # a log out that fails holds nothing back
        twin.at = lambda each: None
        judge(twin, stopped)


@pytest.mark.parametrize(("point", "error", "more"), [
    ("answer", lambda: e.ResetOutcomeUnknown(why="coupure", todo=""), 1),
    ("answer", lambda: e.BrowserGone(screen="x"), 1),
    ("commit", lambda: e.ResetOutcomeUnknown(why="coupure", todo=""), 0),
    ("commit", lambda: e.ResetRefused(text="non"), 0),
    ("read", lambda: e.PasswordUnreadable(why="2 valeurs possibles"), 1),
])  # fmt: skip
def test_the_click_fails(
    point: str, error: Callable[[], ReleveError], more: int, shm: Path
) -> None:
    """At the click and after it: nobody clicks again unless it surely failed, or by decision."""
    twin = Twin.new(shm / "twin")
    twin.at = once(point, error)
    stopped = twin.run()
    twin.at = lambda each: None
    judge(twin, stopped, more=more)


def once(point: str, error: Callable[[], ReleveError]) -> twins.At:
    """Fails the first time."""
    left = [point]

    def at(each: str) -> None:
        if each in left:
            left.remove(each)
            raise error()

    return at


# -- the disk


@contextmanager
def at_effect(number: int, begin: Callable[[], None], end: Callable[[], None]) -> Iterator[None]:
    """`begin` at the effect of that number; `end` when the run is over."""
    count = -1

    def come(name: str, when: str) -> None:
        nonlocal count
        count += 1
        if count == number:
            begin()

    try:
        with twins.listening(come):
            yield
    finally:
        end()


def journal_points(shm: Path, **shape: Any) -> list[int]:
    """The effects that are events about to be written."""
    effects = twins.points(Twin.new(shm / "clean", **shape))
    return [
        number
        for number, point in enumerate(effects)
        if point.startswith("journal") and point.endswith("before")
    ]


@pytest.mark.parametrize("sees_first", [False, True])
def test_a_quota_is_reached_at_any_event(sees_first: bool, shm: Path) -> None:
    """The line is cut in its middle by the system: the rotation stops there, keeps what it has, and
    resumes.
    """
    for number in journal_points(shm, sees_first=sees_first):
        twin = Twin.new(shm / str(number), sees_first=sees_first)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

        def full(twin: Twin = twin, hard: int = hard) -> None:
            size = max((path.stat().st_size for path in twin.outputs.rglob(j.FILE_NAME)), default=0)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, hard))

        with at_effect(
            number,
            full,
            lambda soft=soft, hard=hard: resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard)),
        ):  # type: ignore[misc]
            stopped = twin.run()
        assert ("JournalUnwritable" == stopped.error) or twin.situation.closed, stopped
        lost = (
            twin.situation.phase.startswith("unknown") and twin.resets() == 1
        )  # the answer came, and could not be noted
        judge(twin, stopped, more=int(lost))


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[None]:
    """A small file system in memory. Skips where mounting is not permitted."""
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=160k", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"mounting is not permitted: {done.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> None:
    """Not a byte is left."""
    with suppress(OSError), open(folder / "plein", "ab", buffering=0) as file:
        while file.write(b"x" * 512):
            pass


def test_a_full_disk_at_any_event(shm: Path) -> None:
    """ENOSPC by the system itself: captures, page, notes and journal all fail; nothing that was
    kept is lost.
    """
    for number in journal_points(shm)[::3]:
        twin = Twin.new(shm / str(number))
        with mounted(twin.outputs):
            with at_effect(
                number,
                partial(fill, twin.outputs),
                partial((twin.outputs / "plein").unlink, missing_ok=True),
            ):
                stopped = twin.run()
            lost = twin.situation.phase.startswith("unknown") and twin.resets() == 1
            judge(twin, stopped, more=int(lost))


def bind(twin: Twin) -> None:
    """The record's folder, mounted over itself and read-only."""
    record = str(twin.record.path)
    subprocess.run(["mount", "--bind", record, record], check=True)
    subprocess.run(["mount", "-o", "remount,ro,bind", record], check=True)


def unbind(twin: Twin) -> None:
    subprocess.run(["umount", "-l", str(twin.record.path)], check=True)


def test_a_folder_that_becomes_read_only(shm: Path) -> None:
    """The share is remounted read-only: code and text are the situation's, and the resume ends
    well.
    """
    for number in journal_points(shm)[2::4]:
        twin = Twin.new(shm / str(number))
        with mounted(twin.outputs):
            with at_effect(number, partial(bind, twin), partial(unbind, twin)):
                stopped = twin.run()
            assert ("JournalUnwritable" == stopped.error) or twin.situation.closed, stopped
            lost = twin.situation.phase.startswith("unknown") and twin.resets() == 1
            judge(twin, stopped, more=int(lost))


def test_a_folder_that_was_never_writable(tmp_path: Path) -> None:
    """Before anything: the setting and the reason are named, code 2, no lock is left."""
    twin = Twin.new(tmp_path / "twin")
    twin.outputs.write_text("un fichier")
    stopped = twin.run()
    assert ("SettingsError", 2, 0) == (stopped.error, stopped.code, twin.resets())
    twin.outputs.unlink()
    assert 0 == twin.run().code


# -- the clock


def test_the_clock_moves_back(shm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every event is a minute before the last: killed anywhere, the rotation still resumes with one
    reset, and is not done twice.
    """
    effects = twins.points(Twin.new(shm / "clean"))
    for number in range(0, len(effects), 5):
        minutes = iter(range(10_000))

        class Backwards(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
                return datetime.now(tz) - timedelta(minutes=next(minutes))  # noqa: B023

        twin = Twin.new(shm / str(number))
        with monkeypatch.context() as patch:
            for module in ("decision.journal", "record.folder", "record.lock"):
                patch.setattr(f"releve.{module}.datetime", Backwards)
            with twins.dying(number):
                twin.run()
            first = twin.resets()
            needed = 0 if (first and twin.situation.facts.effective) or twin.situation.closed else 1
            ended = twin.run()
            if ended.code == 6:
                ended = twin.run(reset_again=True)
            assert ended.code in (0, 3), (number, ended)
            assert (first + needed, True, 1) == (twin.resets(), twin.agree(), len(twin.records))
        assert 3 == twin.run().code


# -- the keyring


class Faulty(MemoryKeyring):
    """A keyring with a lock, which may ask a person who never comes, or refuse to write."""

    def __init__(self) -> None:
        super().__init__()
        self.locked, self.refuses, self.key = False, 0, threading.Event()
        self.asks = False

    def _open(self) -> None:
        if self.asks:
            self.key.wait()
        if self.locked:
            raise KeyringLocked("verrouillé")

    def get_password(self, service: str, username: str) -> str | None:
        self._open()
        return super().get_password(service, username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self._open()
        if self.refuses and service == "releve/pending":
            self.refuses -= 1
            raise PasswordSetError("non")
        super().set_password(service, username, password)


def test_the_keyring_is_locked_at_any_effect(shm: Path) -> None:
    """Locked midway, unlocked later: code 5 or 6 by what the journal knows, told without the
    keyring, and a resume that ends well.
    """
    effects = twins.points(Twin.new(shm / "clean"))
    for number, point in enumerate(effects):
        ring = Faulty()
        twin = Twin.new(shm / str(number), keystore=Keystore(ring))

        def lock(ring: Faulty = ring) -> None:
            ring.locked = True

        with at_effect(number, lock, lambda: None):
            stopped = twin.run()
        if stopped.code == 0:  # nothing needed it any more
            continue
        assert stopped.error in ("KeyringLocked", "PasswordNotKept"), (point, stopped)
        intended = sum(isinstance(event, ev.ResetIntended) for event in twin.events)
        touched = intended > sum(isinstance(event, ev.ResetNotDone) for event in twin.events)
        assert stopped.code == (6 if touched else 5), (point, stopped)
        if touched:
            assert state.UNASKED in stopped.text or state.UNSEEN in stopped.text, (
                point,
                stopped.text,
            )
        refused = twin.run()
        assert (stopped.code, "KeyringLocked") == (
            6 if touched else refused.code,
            refused.error,
        ) or not twin.records, (point, refused)
        ring.locked = False
        unkept = twin.situation.next is Next.DECIDE and twin.resets() == 1
        ended = twin.run()
        if ended.code == 6:
            ended = twin.run(reset_again=True)
        assert ended.code in (0, 3), (point, ended)
        assert (1 + unkept, True, []) == (twin.resets(), twin.agree(), twin.lies()), point


@pytest.mark.parametrize("refusals", [1, 3])
def test_a_keyring_that_comes_back_in_time_loses_nothing(
    refusals: int, shm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The portal showed the password, the keyring refuses a few times: headless keeps trying, and
    one reset is enough.
    """
    monkeypatch.setattr("releve.rotation.prompts._BETWEEN_TRIES_SECONDS", 0.01)
    ring = Faulty()
    twin = Twin.new(shm / "twin", keystore=Keystore(ring), patience=5.0)
    ring.refuses = refusals
    assert 0 == twin.run().code
    assert (1, True) == (twin.resets(), twin.agree())


def test_a_keyring_that_does_not_come_back_is_told(
    shm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its patience, headless says code 6 and that nobody knows the password; only a decision
    resets again.
    """
    monkeypatch.setattr("releve.rotation.prompts._BETWEEN_TRIES_SECONDS", 0.01)
    ring = Faulty()
    twin = Twin.new(shm / "twin", keystore=Keystore(ring), patience=0.05)
    ring.refuses = 10_000
    stopped = twin.run()
    ring.refuses = 0
    assert ("PasswordNotKept", 6) == (stopped.error, stopped.code)
    assert state.UNSEEN in stopped.text
    assert "--reset-again" in stopped.text
    judge(twin, stopped, more=1)


def test_a_keyring_that_asks_nobody_is_bounded(shm: Path) -> None:
    """Its question stands on a screen that nobody looks at: told at once and once, and answered
    later it works again.
    """
    ring = Faulty()
    keystore = Keystore(ring).bounded(0.2)
    twin = Twin.new(shm / "twin", keystore=keystore)

    def ask() -> None:
        ring.asks = True

    with at_effect(
        twins.points(Twin.new(shm / "clean")).index("target school:21990001600011 after"),
        ask,
        lambda: None,
    ):
        stopped = twin.run()
    assert (KeyringWaits.__name__, 6) == (stopped.error, stopped.code)
    assert state.UNASKED in stopped.text
    ring.key.set()
    assert keystore.backend._asked  # type: ignore[union-attr]
    wait([keystore.backend._asked], 5)  # type: ignore[union-attr]
    judge(twin, stopped)


class Copying(Unattended):
    """A person at the notebook, whose keyring refuses, and who copies the password by hand."""

    interactive = True

    def __init__(self) -> None:
        super().__init__(True, False)
        self.copied: Secret | None = None

    async def keep_trying(self, secret: Secret, error: ReleveError, seconds: float) -> Keep:
        self.copied = secret
        return Keep.COPIED

    async def new_password(self, account: str, why: str = "") -> Secret:
        assert self.copied is not None
        return self.copied


@pytest.mark.parametrize("mended", [True, False])
async def test_a_password_copied_by_hand(mended: bool, shm: Path) -> None:
    """The keyring refused it, the operator has it: no second reset, the record says so, and a
    mended keyring gets it in the end.
    """
    ring = Faulty()
    twin = Twin.new(shm / "twin", keystore=Keystore(ring))
    person = Copying()
    session = twins.TwinSession(twin, twins.Parameters.checked(twin.parameters()), person)
    rotation = await session.open()
    cells = twins.CELLS
    ring.refuses = 1 if mended else 10_000
    at = cells.index("corail-mot-de-passe")
    for step in cells[:at]:
        await rotation.do(step)
    assert ("by hand", state.HAND, []) == (
        twin.situation.phase,
        twin.situation.keyring,
        twin.lies(),
    )
    await session.close()
    alone = await asyncio.to_thread(twin.run)
    assert ("HeldByHand", 4) == (alone.error, alone.code)
    session = twins.TwinSession(twin, twins.Parameters.checked(twin.parameters()), person)
    rotation = await session.open()
    for step in cells:
        await rotation.do(step)
    await session.stop(rotation, None)
    assert (1, True) == (twin.resets(), twin.world.corail_matches(twins.DEMO_SIRET))
    assert (twin.password if mended else None) == twin.held(Slot.CURRENT)
    assert any(isinstance(event, ev.PasswordByHand) for event in twin.events)
    assert ("complete" if mended else "complete, not in the keyring") == twin.situation.phase


class Leaving(Copying):
    """The same person, who reloads the page while the keyring refuses: the question that asked what
    to do is cancelled.
    """

    async def keep_trying(self, secret: Secret, error: ReleveError, seconds: float) -> Keep:
        raise asyncio.CancelledError


async def test_a_password_whose_keeping_is_interrupted_stays_in_hand(shm: Path) -> None:
    """The portal showed it, the keyring refused it, and the cell was stopped: the next cell keeps
    it, and nothing is reset again.
    """
    ring = Faulty()
    twin = Twin.new(shm / "twin", keystore=Keystore(ring))
    session = twins.TwinSession(twin, twins.Parameters.checked(twin.parameters()), Leaving())
    rotation = await session.open()
    ring.refuses = 1
    at = twins.CELLS.index("confirmation")
    for step in twins.CELLS[:at]:
        await rotation.do(step)
    with pytest.raises(asyncio.CancelledError):
        await rotation.do("confirmation")
    assert None is twin.held(Slot.PENDING)
    for step in twins.CELLS:
        await rotation.do(step)
    await session.stop(rotation, None)
    assert (1, True, "complete") == (twin.resets(), twin.agree(), twin.situation.phase)


@pytest.mark.parametrize("sees_first", [False, True])
async def test_another_folders_rotation_comes_in_between(sees_first: bool, shm: Path) -> None:
    """What it left in `pending` is void once this reset is made, and its replacement is noted;
    before the click it is not touched.
    """
    twin = Twin.new(shm / "twin", sees_first=sees_first)
    session = twins.TwinSession(
        twin, twins.Parameters.checked(twin.parameters()), Unattended(True, False)
    )
    rotation = await session.open()
    at = twins.CELLS.index("confirmation")
    for step in twins.CELLS[:at]:
        await rotation.do(step)
    twin.slots.write(Slot.PENDING, Secret("Autre-dossier-1"), "deadbeef/1")
    if sees_first:
        with pytest.raises(SlotHeldByAnotherRun, match="deadbeef"):
            await rotation.do("confirmation")
        assert ("Autre-dossier-1", 0) == (twin.held(Slot.PENDING), twin.resets())
    else:
        await rotation.do("confirmation")
        assert [ev.PendingSuperseded("deadbeef/1")] == [
            event for event in twin.events if isinstance(event, ev.PendingSuperseded)
        ]
        assert (twin.password, 1) == (twin.held(Slot.PENDING), twin.resets())
    await session.close()


def test_a_real_secret_service_is_locked_midway(shm: Path, secret_service: SecretService) -> None:
    """GNOME Keyring locked while Corail is being filled: code 6, the journal tells what it knows,
    the password is not asked again.
    """
    twin = Twin.new(shm / "twin", keystore=secret_service.keystore().bounded(2.0))
    lock_at = twins.points(Twin.new(shm / "clean")).index("target school:21990001600011 after")
    with at_effect(lock_at, secret_service.lock, lambda: None):
        stopped = twin.run()
    assert 6 == stopped.code, stopped
    assert stopped.error in ("KeyringLocked", "KeyringWaits")
    assert state.UNASKED in stopped.text
    assert 1 == twin.resets()


def test_a_real_secret_service_dies_midway(shm: Path, secret_service: SecretService) -> None:
    """Its daemon is killed: the same, by another name."""
    twin = Twin.new(shm / "twin", keystore=secret_service.keystore().bounded(2.0))
    kill_at = twins.points(Twin.new(shm / "clean")).index("target school:21990001600011 after")
    with at_effect(kill_at, secret_service.kill, lambda: None):
        stopped = twin.run()
    assert (6, 1) == (stopped.code, twin.resets()), stopped
    assert state.UNASKED in stopped.text
    assert os.environ  # the session's own is put back by the fixture
