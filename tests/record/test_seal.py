"""The seal: nothing is sealed with a secret in it, and the statement says who, what, when and how,
file by file.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import Timeout
from fixtures_keyring import ThrowawayKeyring
from PIL import Image
from releve import cli
from releve.base.secret import Secret
from releve.decision import events as ev
from releve.headless.run import LATER, model
from releve.record import picture, seal, search
from releve.record.statement import predicate
from releve.record.verify import verify
from sealed_records import ACCOUNT, PASSWORD, SIRET, Office, said

PLANTS: dict[str, Callable[[str], bytes]] = {
    "raw": lambda v: v.encode(),
    "JSON": lambda v: json.dumps({"x": v}).encode(),
    "HTML": lambda v: v.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;").encode(),
    "UTF-16": lambda v: ("x" + v).encode("utf-16"),
    "base64 after a login": lambda v: base64.b64encode(f"{ACCOUNT}:{v}".encode()),
}


@pytest.fixture
def office(tmp_path: Path, throwaway: ThrowawayKeyring) -> Office:
    """An empty folder of records."""
    return Office(tmp_path / "outputs", throwaway.keystore())


def flat(colour: str, spot: bool) -> bytes:
    """A picture with a covered box of one colour, through which one pixel shows if `spot`."""
    drawn = Image.new("RGB", (60, 40), "white")
    drawn.paste(colour, (10, 10, 50, 30))
    if spot:
        drawn.putpixel((20, 20), (1, 2, 3))
    file = io.BytesIO()
    drawn.save(file, "PNG")
    return picture.mark(file.getvalue(), [[10, 10, 50, 30]])


def test_the_statement_is_in_totos_and_names_every_file(office: Office) -> None:
    """Its subjects are the files with their SHA-256, its predicate who, what, when, how."""
    record = office.record().path
    stated = said(record)
    assert {"_type", "subject", "predicateType", "predicate"} == set(stated)
    assert "https://in-toto.io/Statement/v1" == stated["_type"]
    here = {
        each.relative_to(record).as_posix(): hashlib.sha256(each.read_bytes()).hexdigest()
        for each in record.rglob("*.*")
    }
    del here["record.json"]
    assert here == {each["name"]: each["digest"]["sha256"] for each in stated["subject"]}
    told = stated["predicate"]
    assert (record.name, "rotation", True, "succeeded", SIRET) == tuple(
        told[key] if key != "siret" else told["structure"]["siret"]
        for key in ("record", "kind", "training", "outcome", "siret")
    )
    assert (["m.durand@mairie"], ["mairie"], "none") == (
        told["actors"],
        told["hosts"],
        told["proof"]["proof"],
    )
    assert 12 == len(told["steps"])


def test_every_cell_is_held_against_the_model(office: Office) -> None:
    """A cell that was changed, added or taken away is named; the others are the model's, by the
    hash of their source.
    """
    folder = office.folder()
    notebook = json.loads(model().read_bytes())
    changed, gone = notebook["cells"][4]["id"], notebook["cells"][6]["id"]
    notebook["cells"][4]["source"] = "autre chose"
    del notebook["cells"][6]
    notebook["cells"].append(
        {
            "cell_type": "code",
            "id": "neuve",
            "source": "1",
            "outputs": [],
            "metadata": {},
            "execution_count": None,
        }
    )
    (folder.path / "rotation.ipynb").write_text(json.dumps(notebook))
    told = predicate(seal.finish(folder, office.settings, office.keystore))
    assert {changed: "changed", "neuve": "added"} == {
        cell["id"]: cell["model"] for cell in told["cells"] if cell["model"] != "same"
    }
    assert [gone] == told["cells_missing"]
    assert hashlib.sha256(b"autre chose").hexdigest() == next(
        cell["source"] for cell in told["cells"] if cell["id"] == changed
    )


def test_a_plain_word_is_no_exception(office: Office) -> None:
    """A password that happens to be a word of our own, kept by another program: it is looked for
    like any other.
    """
    folder = office.folder()
    office.keystore.portal_password("xt012345").set(Secret("Bienvenue"))
    (folder.path / "incident.txt").write_text("Bienvenue", encoding="utf-8")
    with pytest.raises(search.SecretFound, match=r"incident\.txt"):
        seal.finish(folder, office.settings, office.keystore)


@pytest.mark.parametrize("plant", PLANTS)
@pytest.mark.parametrize(
    "name", ["rotation.ipynb", "captures/01-authentification.png", "incident.txt"]
)
def test_a_secret_in_any_file_puts_the_folder_aside(office: Office, plant: str, name: str) -> None:
    """It fails closed: no statement, a folder that says what it is, an entry in the register, exit
    code 7.
    """
    folder = office.folder()
    with open(folder.path / name, "ab") as file:
        file.write(b"\n " + PLANTS[plant](PASSWORD))
    with pytest.raises(search.SecretFound) as raised:
        seal.finish(folder, office.settings, office.keystore)
    assert (7, False, True) == (
        raised.value.exit_code,
        folder.path.exists(),
        folder.aside.path.exists(),
    )
    assert name in raised.value.text
    assert PASSWORD not in raised.value.text
    assert not (folder.aside.path / "record.json").exists()
    assert ["quarantine"] == [entry["kind"] for entry in office.register()]
    assert ["quarantine"] == [
        found.kind for found in verify(office.outputs, None, office.keystore).faults
    ]


def test_a_secret_in_a_files_name_is_found(office: Office) -> None:
    """A name is evidence too."""
    folder = office.folder()
    office.keystore.portal_password("xt012345").set(Secret("Chrysalide"))
    (folder.path / "Chrysalide.txt").write_text("")
    with pytest.raises(search.SecretFound):
        seal.finish(folder, office.settings, office.keystore)


@pytest.mark.parametrize("slot", ["current", "previous", "pending", "portal", "otp"])
def test_every_secret_of_the_rotation_is_searched(
    office: Office, slot: str, tmp_path: Path
) -> None:
    """The three slots, the manager's password and seed."""
    value, folder = f"Zq8<{slot}&41", office.folder()
    entry = office.keystore.entry(slot, "xt012345" if slot in ("portal", "otp") else ACCOUNT)
    held = json.dumps({"run": "r/1", "written": "x", "password": value})
    entry.set_text(value if slot in ("portal", "otp") else held)
    (folder.path / "note.txt").write_text(value)
    with pytest.raises(search.SecretFound):
        seal.finish(folder, office.settings, office.keystore)


def test_a_blanked_place_through_which_something_shows_is_found(office: Office) -> None:
    """The covered boxes are written in the picture, and each must be one flat colour."""
    assert ([], [[10, 10, 50, 30]]) == (
        picture.uneven(flat("#333333", False)),
        picture.uneven(flat("#333333", True)),
    )
    folder = office.folder()
    (folder.path / "captures" / "08-mot-de-passe.png").write_bytes(flat("#333333", True))
    with pytest.raises(search.SecretFound):
        seal.finish(folder, office.settings, office.keystore)


def test_a_picture_whose_text_has_the_secret_is_found(office: Office) -> None:
    """Each picture carries the text that it shows: a password that was not known when it was taken
    is found when the record is sealed.
    """
    folder = office.folder()
    shown = picture.mark(flat("#333333", False), [], f"Nouveau mot de passe {PASSWORD}")
    (folder.path / "captures" / "06-demande.png").write_bytes(shown)
    with pytest.raises(search.SecretFound) as raised:
        seal.finish(folder, office.settings, office.keystore)
    assert "06-demande.png" in raised.value.text


def test_what_is_no_plain_file_is_not_sealed_and_is_said(office: Office) -> None:
    """A link to elsewhere, an empty folder, a name that no text can hold: the seal is made, and the
    check names each.
    """
    folder = office.folder()
    (folder.path / "vide").mkdir()
    posix = os.name != "nt"  # on Windows a link takes a right, and each name is a text
    if posix:
        (folder.path / "lien.txt").symlink_to("/etc/hostname")
        (folder.path / "ailleurs").symlink_to(office.outputs)
        (folder.path / os.fsdecode(b"\xff.txt")).write_text("x")
    record = seal.finish(folder, office.settings, office.keystore).path
    odd = [
        found.what
        for found in verify(office.outputs, None, office.keystore).faults
        if found.kind == "odd"
    ]
    assert ["\\udcff.txt", "ailleurs", "lien.txt"] * posix + ["vide/"] == odd
    assert "lien.txt" not in json.dumps(said(record))


def test_an_open_rotation_gets_a_page_and_no_seal(office: Office) -> None:
    """Interrupted: whoever resumes it will seal it."""
    folder = office.folder(ending=())
    seal.finish(folder, office.settings, office.keystore)
    assert (True, False, False) == tuple(
        (folder.path / name).exists()
        for name in ("record.html", "record.json", "../register.jsonl")
    )


@pytest.mark.parametrize("outcome", ["failed", "rehearsed", "abandoned"])
def test_every_end_is_sealed_and_registered(office: Office, outcome: str) -> None:
    """Failed, rehearsed and abandoned ones too."""
    end = (
        ev.RotationAbandoned("essai", "x", "y", "z")
        if outcome == "abandoned"
        else ev.RotationClosed(outcome)
    )
    seal.finish(office.folder(ending=[end]), office.settings, office.keystore)
    assert [("record", outcome)] == [
        (entry["kind"], entry["outcome"]) for entry in office.register()
    ]
    assert [] == verify(office.outputs, None, office.keystore).faults


def test_what_a_dead_process_left_is_sealed_by_the_next_command(office: Office) -> None:
    """Once, by whoever comes first, and never while somebody still writes into the folder."""
    first, second, still_open = office.folder(1), office.folder(2), office.folder(3, ending=())
    with second.writing():
        told, faults = seal.finish_left_over(office.settings, office.keystore)
    assert ([f"Le dossier {first.path.name} n'était pas achevé : il l'est maintenant."], []) == (
        told,
        faults,
    )
    assert [first.path.name] == [entry["record"] for entry in office.register()]
    for late in (1, 0):
        told, faults = seal.finish_left_over(office.settings, office.keystore)
        assert (late, []) == (len(told), faults)
    assert [first.path.name, second.path.name] == [entry["record"] for entry in office.register()]
    assert not (still_open.path / "record.json").exists()


def test_the_next_command_says_what_it_finished(
    office: Office,
    throwaway: ThrowawayKeyring,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """JupyterLab was started without our hooks, or was killed: whoever comes next reads that the
    record is whole now.
    """
    for name, value in throwaway.environment.items():
        monkeypatch.setenv(name, value)
    folder = office.folder()
    cli.main(["--settings", str(office.settings.path), "--outputs", str(office.outputs), "due"])
    assert (
        f"Le dossier {folder.path.name} n'était pas achevé : il l'est maintenant."
        in capsys.readouterr().err
    )


def test_a_document_says_what_the_exit_code_says(
    office: Office,
    throwaway: ThrowawayKeyring,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What was left unsealed holds a secret: it is put aside, and the command that found it ends
    with 7, in its one document too; the next one is as it always is.
    """
    for name, value in throwaway.environment.items():
        monkeypatch.setenv(name, value)
    folder = office.folder()
    (folder.path / "captures" / "notes.txt").write_text(PASSWORD)
    due = ["--settings", str(office.settings.path), "--outputs", str(office.outputs)]
    due += ["--json", "due"]
    codes = [(cli.main(due), json.loads(capsys.readouterr().out)["code"]) for _ in range(2)]
    assert folder.aside.path.exists()
    assert (7, 7) == codes[0]
    assert codes[1][0] == codes[1][1] in (0, 3)


def test_what_is_left_unsealed_names_a_command_that_seals(
    office: Office,
    throwaway: ThrowawayKeyring,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Not any command does: whoever does what the finding says has a sealed record."""
    for name, value in throwaway.environment.items():
        monkeypatch.setenv(name, value)
    office.folder()
    texts = [found.text for found in verify(office.outputs, None, office.keystore).faults]
    for text in (*texts, LATER):
        if "pas encore scellé" in text:
            named = re.findall(r"«\sreleve (\w+)\s»", text)
            assert named
            assert {*named} <= {*cli.FINISHING}
    assert any("pas encore scellé" in text for text in texts)
    cli.main(["--settings", str(office.settings.path), "--outputs", str(office.outputs), named[0]])
    assert [] == verify(office.outputs, None, office.keystore).faults


def test_the_seal_leaves_the_lock_to_its_holder(office: Office) -> None:
    """Whoever seals holds it until the end: nobody else gets it meanwhile."""
    folder = office.folder()
    with folder.writing():
        seal.finish(folder, office.settings, office.keystore)
        with pytest.raises(Timeout):
            folder.writing().acquire()


def test_a_seal_that_was_killed_half_way_is_finished(office: Office) -> None:
    """The statement without its line in the register is written anew."""
    folder = office.folder()
    (folder.path / "record.json").write_text("{}")
    seal.finish(folder, office.settings, office.keystore)
    assert [] == verify(office.outputs, None, office.keystore).faults


def test_one_password_everywhere_is_in_the_statement(office: Office) -> None:
    """Each place and how it compared when the password was in hand; no hash of it."""
    told = said(office.record().path)["predicate"]["sameness"]
    assert {"places": {"keyring": "equal", f"school:{SIRET}": "equal"}, "equal": True} == told


def test_unequal_passwords_show(office: Office) -> None:
    """A target that was given something else is a fault of the evidence."""
    other = ev.TargetEntered(f"school:{SIRET}", "automatic", "different")
    end = [other, ev.RotationClosed("succeeded")]
    seal.finish(office.folder(ending=end), office.settings, office.keystore)
    assert ["unequal"] == [
        found.kind for found in verify(office.outputs, None, office.keystore).faults
    ]


def test_a_full_disk_is_told_and_the_next_command_seals(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is lost, nothing half-sealed."""
    folder = office.folder()

    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(seal.disk, "write_atomically", full)
        with pytest.raises(seal.NotSealed) as raised:
            seal.finish(folder, office.settings, office.keystore)
    assert "ne s'écrit pas" in raised.value.text
    assert [] == seal.finish_left_over(office.settings, office.keystore).faults
    assert [] == verify(office.outputs, None, office.keystore).faults
