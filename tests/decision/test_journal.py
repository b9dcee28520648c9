"""The journal: on the disk before its effect, whole or not at all, readable by any later version.
"""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import stat
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from killing import KILL, KILLED
from releve.base import disk
from releve.base.secret import MASK, Secret
from releve.decision import events as ev
from releve.decision import journal as j
from releve.decision.facts import SlotsView, gather
from releve.decision.state import assess


def journal(folder: Path) -> j.Journal:
    return j.Journal(folder, "run", "moi@ici")


def test_an_event_is_one_line_that_says_who_when_and_where(tmp_path: Path) -> None:
    """Version, time with its offset, run, step, actor, and the event's own fields, as JSON."""
    journal(tmp_path).append(ev.ResetIntended(2), "confirmation")
    (line,) = (tmp_path / j.FILE_NAME).read_text(encoding="utf-8").splitlines()
    data = json.loads(line)
    assert {
        "v": 1,
        "run": "run",
        "step": "confirmation",
        "actor": "moi@ici",
        "event": "reset.intended",
        "attempt": 2,
        "capture": "",
    } == {key: value for key, value in data.items() if key != "time"}
    assert datetime.fromisoformat(data["time"]).utcoffset() is not None


@pytest.mark.parametrize("kind", sorted(ev.KINDS))
def test_every_kind_of_event_comes_back(kind: str, tmp_path: Path) -> None:
    """What is written is what is read, field by field."""
    made = {
        "int": 3,
        "str": "é « / »",
        "bool": True,
        "float": 0.25,
        "tuple[str, ...]": ("a", "b"),
        "dict[str, str]": {"k": "v"},
    }
    made |= {"Free": made["str"], "tuple[Free, ...]": made["tuple[str, ...]"]}
    cls = ev.KINDS[kind]
    event = cls(**{each.name: made[str(each.type)] for each in dataclasses.fields(cls)})
    journal(tmp_path).append(event)
    assert [event] == [entry.event for entry in j.read(tmp_path / j.FILE_NAME)]


def test_the_line_is_on_the_disk_before_its_effect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written, file fsynced, folder fsynced: only then does `append` return, and the effect begin.
    """
    done: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        lines = (tmp_path / j.FILE_NAME).read_bytes().count(b"\n")
        folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        done.append(f"{'folder' if folder else 'file'} {lines}")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    log = journal(tmp_path)
    log.append(ev.ResetIntended(1))
    done.append("click")
    log.append(ev.ResetDone(1))
    wanted = ["file 1", "folder 1", "click", "file 2", "folder 2"]
    if os.name == "nt":  # its file system journals names itself
        wanted = ["file 1", "click", "file 2"]
    assert wanted == done


def test_a_process_killed_in_the_middle_of_a_line_leaves_it_torn(tmp_path: Path) -> None:
    """A torn last line is left out by readers, noticed, and cut by the next writer; nothing before
    it is touched.
    """
    code = (
        "import os, sys; from pathlib import Path; from releve.decision import events as ev,"
        " journal as j; import builtins\nlog = j.Journal(Path(sys.argv[1]), 'run', 'moi');"
        " log.append(ev.ResetIntended(1))\nfile = open(log.path, 'ab'); file.write(ev.Entry('t',"
        " 'run', '', 'moi', ev.ResetDone(1)).step.encode() or b'{' * 40);"
        f" file.flush()\nos.kill(os.getpid(), {int(KILL)})"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert KILLED == killed.returncode
    assert [ev.ResetIntended(1)] == [entry.event for entry in j.read(tmp_path / j.FILE_NAME)]
    log = journal(tmp_path)
    assert 40 == log.torn
    log.append(ev.ResetUnknown(1, "tué"))
    assert [ev.ResetIntended(1), ev.ResetUnknown(1, "tué")] == [
        entry.event for entry in j.read(log.path)
    ]
    assert 0 == journal(tmp_path).torn


@settings(deadline=None)  # a disk may be slow
@given(st.binary(max_size=60).filter(lambda torn: b"\n" not in torn))
def test_whatever_is_torn_is_repaired(torn: bytes) -> None:
    """Any bytes after the last end of line."""
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        journal(folder).append(ev.ResetIntended(1))
        with (folder / j.FILE_NAME).open("ab") as file:
            file.write(torn)
        log = journal(folder)
        assert len(torn) == log.torn
        log.append(ev.ResetDone(1))
        assert [ev.ResetIntended(1), ev.ResetDone(1)] == [entry.event for entry in j.read(log.path)]


def test_a_later_version_is_read(tmp_path: Path) -> None:
    """Unknown events are kept as they are, unknown fields are passed over, and a known event told
    by other fields too.
    """
    envelope = {
        "v": 9,
        "time": "2031-01-01T00:00:00+00:00",
        "run": "run",
        "step": "",
        "actor": "moi",
    }
    lines: list[dict[str, Any]] = [
        envelope | {"event": "quantum.reset", "qubits": [1, 2]},
        envelope | {"event": "reset.intended", "attempt": 1, "colour": "bleu"},
        envelope | {"event": "pending.stored", "attempts": [1]},
    ]
    (tmp_path / j.FILE_NAME).write_text("".join(json.dumps(line) + "\n" for line in lines))
    events = [entry.event for entry in j.read(tmp_path / j.FILE_NAME)]
    assert [ev.Unknown, ev.ResetIntended, ev.Unknown] == [type(event) for event in events]
    assert [1, 2] == events[0].data["qubits"]  # type: ignore[attr-defined]
    assert "unknown" == assess(gather(events, SlotsView(), "run")).phase


ENVELOPE = '"v":1,"time":"2026-01-01T00:00:00+00:00","run":"run","step":"","actor":"moi"'
CHANGED = [
    *(
        "{}",
        "[]",
        "non",
        '{"v":1,"time":"2026-01-01T00:00:00","event":"reset.done","attempt":1}',
        "\xff",
    ),
    f'{{{ENVELOPE.replace(":1", ":{}", 1)},"event":"reset.done","attempt":"1"}}',
    f'{{{ENVELOPE},"event":"reset.done","attempt":true}}',
    f'{{{ENVELOPE},"event":"rotation.abandoned","reason":"","portal":"","keyring":"","targets":5}}',
    f'{{{ENVELOPE.replace("moi", "1")[:-3]}1,"event":"promotion.intended"}}',
]


@pytest.mark.parametrize("line", CHANGED)
def test_a_changed_line_is_told(line: str, tmp_path: Path) -> None:
    """Damage elsewhere than at the end is evidence that fails: which file, which line, code 7; only
    an abandon passes over it.
    """
    log = journal(tmp_path)
    log.append(ev.ResetIntended(1))
    with log.path.open("a", encoding="latin-1") as file:
        file.write(f"{line}\n")
    with pytest.raises(j.JournalUnreadable) as caught:
        j.read(log.path)
    assert (7, 2) == (caught.value.code, caught.value.facts["line"])
    assert [ev.ResetIntended(1)] == [
        entry.event for entry in j.read(log.path, pass_over_damage=True)
    ]


def test_no_secret_is_ever_written(tmp_path: Path) -> None:
    """A registered secret is masked, in any text of an event."""
    secret = Secret('Pa"ss/é&wörd-42')
    log = journal(tmp_path)
    log.append(ev.StepFailed("Erreur", f"le portail a dit {secret.reveal()}"))
    assert MASK in log.path.read_text(encoding="utf-8")
    assert "wörd" not in log.path.read_text(encoding="utf-8")
    (entry,) = j.read(log.path)
    assert isinstance(entry.event, ev.StepFailed)


@pytest.mark.parametrize("at", ["write", "fsync", "folder"])
def test_a_refused_write_does_not_count(
    at: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full at any moment of the writing: the event is not in the journal, and the
    next one is whole.
    """
    log = journal(tmp_path)
    log.append(ev.ResetIntended(1))

    def refuse(*args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(
            *{
                "write": (os, "fsync", refuse),
                "fsync": (os, "fsync", refuse),
                "folder": (j, "fsync_folder", refuse),
            }[at]
        )
        if at == "write":  # half of the line went, and could not be taken back
            patch.setattr(os, "truncate", refuse)
        with pytest.raises(j.JournalUnwritable) as caught:
            log.append(ev.ResetDone(1))
    assert "releve resume" in caught.value.text
    assert [ev.ResetIntended(1)] == [entry.event for entry in log.entries]
    log.append(ev.ResetUnknown(1, "disque"))
    assert [ev.ResetIntended(1), ev.ResetUnknown(1, "disque")] == [
        entry.event for entry in j.read(log.path)
    ]


def test_the_lines_of_another_process_are_never_cut(tmp_path: Path) -> None:
    """On a folder whose lock does not hold, two processes may have one journal open: the second to
    write stops, and cuts nothing.
    """
    first, second = journal(tmp_path), journal(tmp_path)
    first.append(ev.PendingStored(1))
    with pytest.raises(j.JournalShared) as caught:
        second.append(ev.ResetIntended(1))
    assert "releve resume" in caught.value.text
    assert [ev.PendingStored(1)] == [entry.event for entry in j.read(first.path)]
    first.append(ev.ResetDone(1))
    assert [ev.PendingStored(1), ev.ResetDone(1)] == [entry.event for entry in j.read(first.path)]


def test_a_file_server_without_fsync_of_folders_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some shares answer EINVAL to that call: it is not a full disk."""
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        real(descriptor)

    monkeypatch.setattr(disk.os, "fsync", fsync)
    journal(tmp_path).append(ev.ResetIntended(1))
    assert 1 == len(j.read(tmp_path / j.FILE_NAME))


def test_every_text_of_an_event_is_free_or_a_word_of_ours() -> None:
    """A new field is one or the other by decision: a free one is scrubbed, a word of ours never."""
    kept = {
        each.name
        for cls in ev.KINDS.values()
        for each in dataclasses.fields(cls)
        if str(each.type) == "str"
    }
    names = {
        "structure",
        "name",
        "account",
        "host",
        "model",
        "screen",
        "target",
        "capture",
        "commitment",
        "kept",
        "writer",
        "day",
        "source",
    }
    codes = {
        "route",
        "mode",
        "error",
        "gate",
        "how",
        "outcome",
        "proof",
        "next_due",
        "pending",
        "current",
        "compared",
        "origin",
        "certificate",
    }
    assert names | codes == kept


@pytest.mark.parametrize(
    "word", ["api.answered", "journal.torn_line_cut", "run.started"]
)
def test_whatever_the_secret_is_the_journal_can_be_read_back(word: str, tmp_path: Path) -> None:
    """A password may be a word of the journal: it is masked in free texts, and nowhere else."""
    Secret(word)
    events = [
        ev.ApiAnswered(1, "accepted", "refused", True, f"dit {word}"),
        ev.RunStarted("mairie", 2026, False),
    ]
    book = journal(tmp_path)
    for event in events:
        book.append(event, "confirmation")
    read = j.read(tmp_path / j.FILE_NAME)
    assert [dataclasses.replace(events[0], detail=f"dit {MASK}"), events[1]] == [
        entry.event for entry in read
    ]
    assert ["confirmation"] * 2 == [entry.step for entry in read]
