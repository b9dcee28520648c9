"""Every change of the evidence is found and named, by the command and by its exit code."""

from __future__ import annotations

import argparse
import base64
import json
import os
import random
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import rfc8785
from fixtures_keyring import ThrowawayKeyring
from releve.base.disk import sha256
from releve.base.texts import table
from releve.commands import purge
from releve.commands import verify as command
from releve.record import register
from releve.record.register import FIRST, digest
from releve.record.verify import verify
from sealed_records import Office, said


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Four sealed records, and a copy of them beside."""
    with ThrowawayKeyring() as keyring, pytest.MonkeyPatch.context() as patch:
        keyring.take_for_the_sessions_own(patch)
        made = Office(tmp_path_factory.mktemp("verify") / "outputs", keyring.keystore())
        for number in range(1, 5):
            made.record(number)
        shutil.copytree(made.outputs, made.outputs.with_name("untouched"))
        yield made


@pytest.fixture
def office(sealed: Office) -> Office:
    """The four records as they were sealed."""
    shutil.rmtree(sealed.outputs)
    shutil.copytree(sealed.outputs.with_name("untouched"), sealed.outputs)
    return sealed


def folders(office: Office) -> list[Path]:
    return sorted(path for path in office.outputs.glob("2*") if path.is_dir())


def kinds(office: Office, keyring: bool = True) -> list[str]:
    """The codes of the faults found."""
    return sorted(
        {
            found.kind
            for found in verify(office.outputs, None, office.keystore if keyring else None).faults
        }
    )


def lines(office: Office) -> list[bytes]:
    return (office.outputs / "register.jsonl").read_bytes().splitlines()


def write(office: Office, new: list[bytes]) -> None:
    (office.outputs / "register.jsonl").write_bytes(b"".join(line + b"\n" for line in new))


def chained(entries: list[dict[str, object]]) -> list[bytes]:
    """The entries with every hash recomputed, as somebody who knows the format would."""
    new: list[bytes] = []
    for number, entry in enumerate(entries, 1):
        new.append(
            rfc8785.dumps(entry | {"n": number, "previous": digest(new[-1]) if new else FIRST})
        )  # type: ignore[arg-type]
    return new


# Wine is slow at opening files, and bytes are bytes
TRIES, STRIDE = (2, 50) if os.name == "nt" else (12, 1)


def test_an_untouched_folder_is_intact(office: Office) -> None:
    """Four records, four lines, nothing to say."""
    verdict = verify(office.outputs, None, office.keystore)
    assert (4, 4, [], []) == (verdict.records, verdict.lines, verdict.faults, verdict.notes)


def test_any_byte_of_any_file(office: Office) -> None:
    """A bit turned anywhere, in any file of a record or in the register, is found."""
    turned, dice = 0, random.Random(5)
    for path in [
        *(p for p in folders(office)[1].rglob("*") if p.is_file()),
        office.outputs / "register.jsonl",
    ]:
        whole = path.read_bytes()
        for place in {0, len(whole) - 1, *(dice.randrange(len(whole)) for _ in range(TRIES))}:
            harmed = bytearray(whole)
            harmed[place] ^= 1 << dice.randrange(8)
            path.write_bytes(harmed)
            assert kinds(office), f"{path.name}: byte {place} of {len(whole)}"
            turned += 1
        path.write_bytes(whole)
    assert turned > 6 * TRIES and not kinds(office)


@pytest.mark.long
def test_every_byte_of_the_statement_and_of_a_line(office: Office) -> None:
    """Exhaustively, but for Wine: no byte of the register can change, nor any of a statement's
    (its hash is in the register).
    """
    path = office.outputs / "register.jsonl"
    whole = path.read_bytes()
    for place in range(len(whole) - len(lines(office)[-1]) - 1, len(whole), STRIDE):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert kinds(office), place


def _add(office: Office, first: Path, second: Path) -> None:
    (first / "captures" / "x.png").write_bytes(b"x")


def _drop(office: Office, first: Path, second: Path) -> None:
    (first / "captures" / "01-authentification.png").unlink()


def _rename(office: Office, first: Path, second: Path) -> None:
    (first / "journal.jsonl").rename(first / "journal.txt")


def _add_a_folder(office: Office, first: Path, second: Path) -> None:
    (first / "rien").mkdir()


def _link(office: Office, first: Path, second: Path) -> None:
    """The same content, but elsewhere: whoever changes it there changes the record."""
    (first / "rotation.ipynb").rename(office.outputs / "ailleurs.ipynb")
    (first / "rotation.ipynb").symlink_to(office.outputs / "ailleurs.ipynb")


def _move(office: Office, first: Path, second: Path) -> None:
    (first / "captures" / "01-authentification.png").rename(first / "01-authentification.png")


def _swap_folders(office: Office, first: Path, second: Path) -> None:
    first.rename(office.outputs / "aside")
    second.rename(first)
    (office.outputs / "aside").rename(second)


def _swap_files(office: Office, first: Path, second: Path) -> None:
    one, two = (first / "journal.jsonl").read_bytes(), (second / "journal.jsonl").read_bytes()
    (first / "journal.jsonl").write_bytes(two)
    (second / "journal.jsonl").write_bytes(one)


def _rename_folder(office: Office, first: Path, second: Path) -> None:
    first.rename(first.with_name(first.name.replace("2026", "2025")))


def _remove(office: Office, first: Path, second: Path) -> None:
    shutil.rmtree(first)


def _plant(office: Office, first: Path, second: Path) -> None:
    shutil.copytree(first, first.with_name(first.name[:-1] + "f"))


def _forge(office: Office, first: Path, second: Path) -> None:
    """Change a file and make the statement agree."""
    path, statement = first / "journal.jsonl", first / "record.json"
    path.write_bytes(path.read_bytes().replace(b"m.durand", b"j.martin"))
    stated = said(first)
    for each in stated["subject"]:
        each["digest"]["sha256"] = sha256(first / each["name"])
    stated["predicate"]["actors"] = ["j.martin@mairie"]
    envelope = json.loads(statement.read_bytes())
    envelope["payload"] = base64.b64encode(json.dumps(stated).encode()).decode()
    statement.write_text(json.dumps(envelope))


def _reopen(office: Office, first: Path, second: Path) -> None:
    """Make an ended record look like one that is still open."""
    (first / "record.json").unlink()
    content = (first / "journal.jsonl").read_bytes().splitlines(keepends=True)
    (first / "journal.jsonl").write_bytes(b"".join(content[:-1]))


def _unseal(office: Office, first: Path, second: Path) -> None:
    (first / "record.json").unlink()


def _cut_tail(office: Office, first: Path, second: Path) -> None:
    write(office, lines(office)[:-1])


def _cut_tail_with_folder(office: Office, first: Path, second: Path) -> None:
    write(office, lines(office)[:-1])
    shutil.rmtree(folders(office)[-1])


def _tear(office: Office, first: Path, second: Path) -> None:
    path = office.outputs / "register.jsonl"
    path.write_bytes(path.read_bytes()[:-20])


def _reorder(office: Office, first: Path, second: Path) -> None:
    one, two, *rest = lines(office)
    write(office, [two, one, *rest])


def _take_out(office: Office, first: Path, second: Path) -> None:
    write(office, [lines(office)[0], *lines(office)[2:]])


def _behead(office: Office, first: Path, second: Path) -> None:
    write(office, lines(office)[1:])


def _repeat(office: Office, first: Path, second: Path) -> None:
    write(office, [*lines(office), lines(office)[-1]])


def _rechain(office: Office, first: Path, second: Path) -> None:
    """Rewrite an entry, its record's statement, and every hash behind: consistent in itself."""
    _forge(office, first, second)
    entries = [json.loads(line) for line in lines(office)]
    entries[0]["statement"] = sha256(first / "record.json")
    write(office, chained(entries))


def _rechain_without(office: Office, first: Path, second: Path) -> None:
    shutil.rmtree(first)
    write(office, chained([json.loads(line) for line in lines(office)][1:]))


def _no_register(office: Office, first: Path, second: Path) -> None:
    (office.outputs / "register.jsonl").unlink()


def _nothing_left(office: Office, first: Path, second: Path) -> None:
    for path in office.outputs.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


MUTATIONS: dict[Callable[[Office, Path, Path], None], set[str]] = {
    _add: {"added"},
    _drop: {"missing"},
    _rename: {"added", "missing"},
    _add_a_folder: {"odd"},
    _link: {"missing", "odd"},
    _move: {"added", "missing"},
    _swap_folders: {"renamed", "statement"},
    _swap_files: {"changed"},
    _rename_folder: {"renamed", "unregistered", "absent"},
    _remove: {"absent"},
    _plant: {"renamed", "unregistered"},
    _forge: {"statement", "forged", "untrue"},
    _reopen: {"missing"},
    _unseal: {"missing"},
    _cut_tail: {"head", "unregistered"},
    _cut_tail_with_folder: {"head"},
    _tear: {"head", "line_torn", "unregistered"},
    _reorder: {"line_missing", "line_moved", "line_changed"},
    _take_out: {"line_missing", "unregistered"},
    _behead: {"line_missing", "unregistered"},
    _repeat: {"line_moved", "line_twice"},
    _rechain: {"head", "forged", "line_forged", "signer_differs", "untrue"},
    _rechain_without: {"head", "line_forged", "signer_differs"},
    _no_register: {"no_register", "unregistered"},
    _nothing_left: {"no_register"},
}


if os.name == "nt":  # there a link takes a right that operators have not
    del MUTATIONS[_link]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.__name__)
def test_each_change_is_found_and_named(
    office: Office, mutation: Callable[[Office, Path, Path], None]
) -> None:
    """The codes say what was done; the French line names the record, the file or the line."""
    first, second, *_ = folders(office)
    mutation(office, first, second)
    found = kinds(office)
    assert found and set(found) <= MUTATIONS[mutation] | (
        {"line_changed"} if mutation is _reorder else set()
    ), found
    assert MUTATIONS[mutation] <= set(found) or mutation is _reorder, found
    for fault in verify(office.outputs, None, office.keystore).faults:
        assert fault.text and "{" not in fault.text


def test_without_the_keyring_a_rewritten_register_is_said_to_be_possible(office: Office) -> None:
    """An auditor's machine cannot see a cut tail: the check says so instead of being silent."""
    verdict = verify(office.outputs, None, None)
    notes = [note.kind for note in verdict.notes]
    assert ([], ["no_head", "unknown_signer"]) == (verdict.faults, notes)


def test_a_copy_can_be_checked_elsewhere(office: Office, tmp_path: Path) -> None:
    """The evidence depends on no path: a copy is as good, and may be read-only."""
    copy = tmp_path / "copy"
    shutil.copytree(office.outputs, copy)
    for path in [copy, *copy.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    assert [] == verify(copy, None, None).faults


def arguments(*folder: Path, as_json: bool = False) -> argparse.Namespace:
    return argparse.Namespace(
        folder=list(folder),
        page=None,
        json=as_json,
        settings=None,
        outputs=None,
        tsa_ca=None,
        signer=[],
        strict=False,
    )


def test_the_command_says_it_in_french_and_by_its_code(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 and 7; one line a fault; `--json` for programs."""
    assert 0 == command.main(arguments(office.outputs))
    assert "Tout est intact" in capsys.readouterr().out
    first = folders(office)[0]
    _add(office, first, first)
    assert 7 == command.main(arguments(office.outputs))
    assert (
        f"ANOMALIE  {first.name}\N{NO-BREAK SPACE}: le fichier captures/x.png a été ajouté"
        in capsys.readouterr().out
    )
    assert 7 == command.main(arguments(office.outputs, as_json=True))
    told = json.loads(capsys.readouterr().out)
    (verdict,) = told["folders"].values()
    assert (7, "added", "captures/x.png") == (
        told["code"],
        verdict["faults"][0]["kind"],
        verdict["faults"][0]["what"],
    )


def test_a_rotation_under_way_is_no_fault(
    tmp_path: Path, throwaway: ThrowawayKeyring, capsys: pytest.CaptureFixture[str]
) -> None:
    """The very first one: no register yet, and nothing wrong; alone or with its folder."""
    office = Office(tmp_path / "outputs", throwaway.keystore())
    folder = office.folder(1, ending=())
    for path in (office.outputs, folder.path):
        assert 0 == command.main(arguments(path))
        text = capsys.readouterr().out
        assert f"{folder.path.name}\N{NO-BREAK SPACE}: rotation en cours" in text
        assert "rien de scellé à vérifier" in text and "intact" not in text
    office.record(2)
    assert 0 == command.main(arguments(office.outputs))
    assert "Tout ce qui est scellé est intact" in capsys.readouterr().out


def test_one_record_alone_can_be_checked(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder by its name, held against the register beside it; the others are not looked at."""
    first, second, *_ = folders(office)
    _add(office, first, first)
    assert [7, 0] == [command.main(arguments(each)) for each in (first, second)]
    with pytest.raises(command.NotAFolder):
        command.main(arguments(office.outputs / "absent"))


def test_a_wrong_folder_is_not_called_intact(office: Office) -> None:
    """One that holds neither a record nor a register: exit code 2."""
    with pytest.raises(command.NothingHere) as raised:
        command.main(arguments(folders(office)[0] / "captures"))
    assert 2 == raised.value.exit_code


def test_every_finding_has_its_words() -> None:
    """No code without a French line, which goes on from what stands before it."""
    words = [told for name, told in table().items() if name.startswith("found.")]
    assert words and all(told[0].islower() or told[0] == "{" for told in words)


def purge_arguments(office: Office, yes: bool) -> argparse.Namespace:
    settings = office.settings.path
    return argparse.Namespace(settings=settings, outputs=str(office.outputs), json=False, yes=yes)


@pytest.mark.parametrize(("years", "found"), [(0, True), (10, True), (1, False)])
def test_a_purge_before_its_time_is_found(
    tmp_path: Path,
    throwaway: ThrowawayKeyring,
    monkeypatch: pytest.MonkeyPatch,
    years: int,
    found: bool,
) -> None:
    """By the period that the register itself declares; 0: it declares none."""
    office = Office(tmp_path / "outputs", throwaway.keystore())
    with monkeypatch.context() as patch:
        patch.setattr(register, "now", lambda: datetime.now(UTC) - timedelta(days=800))
        record = office.record(1)
    ours = register.Register(office.outputs, office.keystore)
    if years:
        ours.append({"kind": "period", "record": "", "years": years})
    ours.append({"kind": "purge", "record": record.path.name})
    shutil.rmtree(record.path)
    assert found is ("line_purge" in office.kinds(office.keystore))


def test_a_purge_is_an_entry_and_keeps_the_chain_whole(
    tmp_path: Path,
    throwaway: ThrowawayKeyring,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing goes by default, nothing without --yes, nothing that is not intact; what goes is said
    in the register.
    """
    office = Office(tmp_path / "outputs", throwaway.keystore())
    with monkeypatch.context() as patch:
        patch.setattr(register, "now", lambda: datetime(2001, 11, 3, tzinfo=UTC))
        aged = office.record(2)
    office.record(1)
    with pytest.raises(purge.KeptForEver):
        purge.main(purge_arguments(office, True))
    office.more = "[record]\nkeep_years = 10\n"
    assert 0 == purge.main(purge_arguments(office, False)) and aged.path.exists()
    assert aged.path.name in capsys.readouterr().out
    (aged.path / "x").write_text("x")
    with pytest.raises(purge.NotIntact):
        purge.main(purge_arguments(office, True))
    (aged.path / "x").unlink()
    assert 0 == purge.main(purge_arguments(office, True)) and not aged.path.exists()
    assert ["record", "record", "period", "purge"] == [entry["kind"] for entry in office.register()]
    verdict = verify(office.outputs, None, office.keystore)
    assert ([], [("destroyed", aged.path.name)]) == (
        verdict.faults,
        [(note.kind, note.record) for note in verdict.notes],
    )
