"""A folder of records in a stranger's hands: every harm that changes a meaning is found, nothing
hangs, nothing crashes, and nothing that changes no meaning is an alarm. The table is printed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fixtures_keyring import ThrowawayKeyring
from mutations import NOTHING, Harm, Place, harms
from releve.record import timestamp
from releve.record.register import Register, digest
from releve.record.verify import verify
from releve.vault import keys
from sealed_records import Office
from test_timestamp import Authority

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="FIFOs, sockets and links are POSIX's"),
    pytest.mark.timeout(300),
]


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Three sealed records, and a copy of them beside."""
    with ThrowawayKeyring() as keyring:
        made = Office(tmp_path_factory.mktemp("mutations") / "outputs", keyring.keystore())
        for number in range(1, 4):
            made.record(number)
        (made.outputs / ".locks").mkdir(exist_ok=True)
        shutil.copytree(made.outputs, made.outputs.with_name("untouched"))
        yield made


def fresh(office: Office) -> Place:
    """The three records as they were sealed."""
    for path in office.outputs.parent.iterdir():
        if path.name not in ("untouched", "releve.toml"):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    shutil.copytree(office.outputs.with_name("untouched"), office.outputs)
    one, two, _ = sorted(path for path in office.outputs.iterdir() if path.name[0] == "2")
    return Place(office.outputs, one, two)


def found(office: Office) -> set[str]:
    """The codes that a check on the machine that sealed finds."""
    return {each.kind for each in verify(office.outputs, None, office.keystore).faults}


def wrong(harm: Harm, codes: set[str]) -> bool:
    """Unseen, named as something else, or an alarm for nothing."""
    return bool(codes) if harm.expects == NOTHING else not codes & harm.expects


def test_every_harm_is_found(
    sealed: Office, record_property: Callable[[str, object], None]
) -> None:
    """At least 130 of them; the table says what the check says of each."""
    rows, missed = [], []
    for harm in harms():
        harm.do(fresh(sealed))
        codes = found(sealed)
        told = ", ".join(sorted(codes)) or "rien à dire"
        rows.append(f"{harm.family:10} {harm.name[:52]:53} {told}")
        missed += [rows[-1]] if wrong(harm, codes) else []
    assert set() == found_in(fresh(sealed), sealed)
    record_property("table", "\n".join([f"{len(rows)} atteintes à un dossier :", *rows]))
    assert len(rows) >= 130 and [] == missed


def found_in(place: Place, office: Office) -> set[str]:
    """The codes of an untouched copy."""
    return {each.kind for each in verify(place.outputs, None, office.keystore).faults}


def test_no_bit_of_a_token_changes_a_time(tmp_path: Path) -> None:
    """One bit of every byte of an authority's answer: found, or the time and its signer are the
    same (what is not signed in a token is the root's own copy, which nobody believes).
    """
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    authority, line = Authority(tmp_path), b'{"n":1}'
    authority.certify()
    asked = TimestampRequestBuilder().data(line).hash_algorithm(HashAlgorithm.SHA256).build()
    answer = authority.answer(asked.as_bytes())
    path, root = tmp_path / f"{digest(line)}.tsr", tmp_path / "ca.pem"
    path.write_bytes(answer)
    genuine, seen = timestamp.check(path, root), 0
    assert genuine[0] is not None and genuine[1]
    for at in range(0, len(answer), 3):
        path.write_bytes(answer[:at] + bytes([answer[at] ^ (1 << at % 8)]) + answer[at + 1 :])
        told = timestamp.check(path, root)
        assert told == genuine or told[0] is None, at
        seen += told[0] is None
    assert seen > len(answer) // 6


COPIES: dict[str, str] = {
    "cp": "cp -r outputs copy",
    "tar": "tar cf a.tar outputs && mkdir t && tar xf a.tar -C t && mv t/outputs copy",
    "zip": "zip -qr a.zip outputs && unzip -q a.zip -d z && mv z/outputs copy",
    "git": (
        "cd outputs && git -c init.defaultBranch=m init -q && git add -A &&"
        " git -c user.name=a -c user.email=a@b commit -qm x && cd .. &&"
        " git clone -q outputs copy && rm -rf copy/.git"
    ),
    "rsync": "rsync -a outputs/ copy/",
    "read-only": "cp -r outputs copy && chmod -R a-w copy",
}


@pytest.mark.parametrize("way", COPIES)
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati"])
def test_an_untouched_copy_is_no_alarm(
    sealed: Office, way: str, zone: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However it travelled, in whichever zone, on a machine that knows the signer."""
    tool = COPIES[way].split()[0]
    if shutil.which("git" if way == "git" else tool) is None:
        pytest.skip(f"{tool} is not installed")
    shutil.copytree(fresh(sealed).outputs, tmp_path / "outputs")
    subprocess.run(["bash", "-ec", COPIES[way]], cwd=tmp_path, check=True)
    monkeypatch.setenv("TZ", zone)
    known = keys.own_keyid(sealed.keystore)
    verdict = verify(tmp_path / "copy", None, None, signers=[known])
    assert [] == verdict.faults
    assert {"no_head"} == {note.kind for note in verdict.notes} - {"beside"}
    elsewhere = verify(tmp_path / "copy", None, None)
    assert [] == elsewhere.faults
    assert {"no_head", "unknown_signer"} == {n.kind for n in elsewhere.notes} - {"beside"}
    assert "Tout est intact" not in elsewhere.conclusion


def test_a_stranger_who_knows_the_format(sealed: Office) -> None:
    """With a key of his own he invents a record and signs its line: a fault where the signers are
    known; where nobody is known, the last sentence vouches for nothing.
    """
    place = fresh(sealed)
    with ThrowawayKeyring() as other:
        stranger = Register(place.outputs, other.keystore())
        stranger.append({"kind": "record", "record": "2026-11-29_100000_21990001600011_0badcafe",
                         "statement": "0" * 64, "training": False})  # fmt: skip
    assert {"stranger", "absent"} == found(sealed)
    told = {note.kind for note in verify(place.outputs, None, sealed.keystore).notes}
    assert "beyond" in told


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q", "-n0", "-k", "every_harm"]))
