"""A seal, a quarantine and a purge that die at any instant are finished by the next command; and
what could not be sealed is never called a success.

The instants are the interpreter's own audit events below the folder of records, not points that the
code under test chose; to die is to be killed, or to lose the power with whatever is not durable.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import instants
import pytest
from fixtures_keyring import ThrowawayKeyring
from instants import Instant
from releve.base.secret import forget, registered
from releve.commands import purge
from releve.headless import run as headless
from releve.headless.run import Outcome
from releve.record import register, seal
from releve.record.folder import RecordFolder
from releve.record.search import SecretFound
from releve.record.verify import verify
from releve.vault import keys
from sealed_records import PASSWORD, Office

MORE = "[record]\nkeep_years = 10\n"


def afresh(office: Office) -> None:
    """The folder of records gone, and the keyring's head with it."""
    forget(registered())
    shutil.rmtree(office.outputs, ignore_errors=True)
    office.keystore.entry("register", str(office.outputs.resolve())).delete()


@pytest.fixture
def office(shm: Path, throwaway: ThrowawayKeyring) -> Office:
    """An empty folder of records."""
    (shm / "releve").mkdir()
    return Office(shm / "releve" / "outputs", throwaway.keystore(), more=MORE)


def finished(office: Office) -> list[str]:
    """The codes of what is left once the next command has begun."""
    assert [] == seal.finish_left_over(office.settings, office.keystore).faults
    return office.kinds(office.keystore)


@dataclass
class Scene:
    """What dies, in an office that is made anew each time; `beyond` sees the keyring's entries."""

    office: Office
    throwaway: ThrowawayKeyring
    long: bool

    def deaths(
        self, make: Callable[[], RecordFolder], act: Callable[[RecordFolder], object]
    ) -> Iterator[tuple[RecordFolder, Instant]]:
        """Each death that leaves something new (one in four without `--long`), just after it."""
        afresh(self.office)
        folder, place = make(), self.office.outputs.parent
        found = instants.course(place, lambda: act(folder), lambda: tuple(self._services()))
        assert len(found) > 10
        for instant in found if self.long else found[::4]:
            afresh(self.office)
            folder = make()
            instants.die(place, instant, lambda folder=folder: act(folder))
            yield folder, instant

    def _services(self) -> list[str]:
        return sorted(service for service, _ in self.throwaway._values)


@pytest.fixture
def scene(office: Office, throwaway: ThrowawayKeyring, request: pytest.FixtureRequest) -> Scene:
    """The office, and how thorough to be."""
    return Scene(office, throwaway, request.config.getoption("--long"))


def sealing(office: Office, folder: RecordFolder) -> None:
    """The real seal; what it finds is told as it is."""
    with suppress(SecretFound):
        seal.finish(folder, office.settings, office.keystore)


def test_a_seal_that_dies_at_any_instant_is_finished(office: Office, scene: Scene) -> None:
    """One line in the register, an intact record, and no key left behind."""
    for folder, instant in scene.deaths(lambda: office.folder(2), partial(sealing, office)):
        assert [] == finished(office), instant
        assert ["record"] == [line["kind"] for line in office.register()], instant
        assert keys.rotation_key(office.keystore, folder.run) is None, instant


@pytest.mark.long
def test_a_quarantine_that_dies_at_any_instant_is_finished(office: Office, scene: Scene) -> None:
    """The folder is put aside, and the register says so: it cannot vanish unseen."""

    def leaking() -> RecordFolder:
        folder = office.folder(2)
        (folder.path / "note.txt").write_text(PASSWORD)
        return folder

    for folder, instant in scene.deaths(leaking, partial(sealing, office)):
        seal.finish_left_over(office.settings, office.keystore)
        assert folder.aside.path.exists() and not folder.path.exists(), instant
        assert ["quarantine"] == [line["kind"] for line in office.register()], instant
        assert ["quarantine"] == finished(office)


def test_a_purge_that_dies_at_any_instant_is_finished(
    office: Office, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On version 0.1 it was refused for ever."""
    monkeypatch.setattr(purge, "open_keystore", lambda *_: office.keystore)
    arguments = argparse.Namespace(
        settings=str(office.settings.path), outputs=str(office.outputs), json=False, yes=True
    )

    def old() -> RecordFolder:
        with monkeypatch.context() as patch:
            patch.setattr(register, "now", lambda: datetime(2001, 11, 3, tzinfo=UTC))
            return office.record(2)

    for folder, instant in scene.deaths(old, lambda _: purge.main(arguments)):
        assert [] == finished(office), instant
        entered = "purge" in [line["kind"] for line in office.register()]
        assert entered != folder.path.exists(), instant
        assert 0 == purge.main(arguments) and not folder.path.exists()
        assert [] == finished(office), instant


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
        known = (keys.own_keyid(other.keystore()),)
    settings = replace(office.settings, record=replace(office.settings.record, signers=known))
    for each in (office.settings, settings):  # whether that machine is known here or not
        seal.finish_left_over(each, office.keystore)
        assert record.path.exists()
    shutil.rmtree(record.path)
    record.path.symlink_to(private)
    seal.destroy(record)
    assert (private / "x").exists()


def test_a_purge_whose_journal_went_first_is_finished(office: Office) -> None:
    """What is left is no record any more, and the register's line says what it was."""
    record = office.record(1)
    ours = register.Register(office.outputs, office.keystore)
    ours.append({"kind": "purge", "record": record.path.name})
    (record.path / "journal.jsonl").unlink()
    seal.finish_left_over(office.settings, office.keystore)
    assert not record.path.exists()


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
