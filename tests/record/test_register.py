"""The register: a chain of canonical lines, written by several at once, whose head the keyring
knows.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import rfc8785
from fixtures_keyring import SESSION_KEYRING, ThrowawayKeyring
from releve.record.register import FIRST, NotSealed, Register, RegisterDamaged, digest
from releve.vault.entry import KeyringLocked

ENTRY = {"kind": "record", "outcome": "succeeded"}
WRITER = SESSION_KEYRING + """
import sys
from pathlib import Path
from releve.vault.keystore import open_keystore
from releve.record.register import Register
register = Register(Path(sys.argv[1]), open_keystore())
for number in range(int(sys.argv[3])):
    register.append({"kind": "record", "record": f"{sys.argv[2]}-{number}"})
"""


@pytest.fixture
def register(tmp_path: Path, throwaway: ThrowawayKeyring) -> Register:
    """An empty register."""
    return Register(tmp_path, throwaway.keystore())


def test_each_line_is_canonical_and_carries_the_hash_of_the_one_before(register: Register) -> None:
    """RFC 8785, numbered, chained from a first hash of zeros."""
    heads = [register.append(ENTRY | {"record": f"é{number}"}) for number in range(3)]
    lines, previous = register.lines(), FIRST
    for number, line in enumerate(lines, 1):
        entry = json.loads(line)
        assert (number, previous, rfc8785.dumps(entry)) == (entry["n"], entry["previous"], line)
        previous = digest(line)
    assert heads[-1] == previous == register.known_head()


def test_a_record_is_entered_once(register: Register) -> None:
    """A second seal of the same record adds nothing."""
    for _ in range(2):
        register.append(ENTRY | {"record": "a"})
    assert 1 == len(register.lines())


def test_several_writers_make_one_chain(register: Register) -> None:
    """Processes that write at the same time lose no line and break no link."""
    outputs = register.path.parent
    commands = [[sys.executable, "-c", WRITER, str(outputs), name, "15"] for name in "abc"]
    writers = [subprocess.Popen(command, env=os.environ) for command in commands]
    assert [0, 0, 0] == [writer.wait() for writer in writers]
    lines = register.lines()
    assert 45 == len(lines) == len({json.loads(line)["record"] for line in lines})
    assert [FIRST, *map(digest, lines[:-1])] == [json.loads(line)["previous"] for line in lines]
    assert digest(lines[-1]) == register.known_head()


def test_a_torn_line_was_never_an_entry(register: Register) -> None:
    """A power cut in the middle of a line: the next writer goes on behind the last whole one."""
    register.append(ENTRY | {"record": "a"})
    with open(register.path, "ab") as file:
        file.write(b'{"kind":"rec')
    register.append(ENTRY | {"record": "b"})
    assert ["a", "b"] == [json.loads(line)["record"] for line in register.lines()]


@pytest.mark.parametrize("harm", ["cut", "rewritten", "removed"])
def test_nothing_is_added_to_a_damaged_register(register: Register, harm: str) -> None:
    """The head that the keyring knows is gone: whoever adds a line now would hide it."""
    for record in "abc":
        register.append(ENTRY | {"record": record})
    if harm == "cut":
        register.path.write_bytes(b"\n".join(register.lines()[:-1]) + b"\n")
    elif harm == "rewritten":
        register.path.write_bytes(register.lines()[0].replace(b"succeeded", b"failed") + b"\n")
    else:
        register.path.unlink()
    with pytest.raises(RegisterDamaged) as raised:
        register.append(ENTRY | {"record": "d"})
    assert 7 == raised.value.exit_code


def test_lines_of_another_machine_are_accepted(register: Register) -> None:
    """A shared folder: another machine's lines stand behind the one that this keyring knows."""
    register.append(ENTRY | {"record": "here"})
    with ThrowawayKeyring() as other:
        Register(register.path.parent, other.keystore()).append(ENTRY | {"record": "there"})
    register.append(ENTRY | {"record": "here again"})
    assert 3 == len(register.lines())
    assert digest(register.lines()[-1]) == register.known_head()


def test_a_keyring_that_is_away_signs_nothing(
    register: Register, throwaway: ThrowawayKeyring
) -> None:
    """No line goes in without a signature: the next command enters it."""
    throwaway.lock()
    with pytest.raises(KeyringLocked):
        register.append(ENTRY | {"record": "a"})
    throwaway.unlock()
    assert [] == register.lines()
    register.append(ENTRY | {"record": "a"})
    assert digest(register.lines()[-1]) == register.known_head()


def test_a_disk_that_refuses_is_told(register: Register) -> None:
    """A French error, no half line."""
    register.path.mkdir()
    with pytest.raises(NotSealed):
        register.append(ENTRY | {"record": "a"})
