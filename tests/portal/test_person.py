"""Who is at work: by the system's own word, and by the name that a person gave."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest
from releve.base import person


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The name is kept in this test's own."""
    monkeypatch.setattr(person, "_path", lambda: tmp_path / "releve" / person.FILE_NAME)
    return tmp_path


def test_the_account_is_the_systems_whatever_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A variable is what anybody writes in it."""
    before = person.account()
    for name in ("USER", "LOGNAME", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "quelqu-un-d-autre")
    assert before == person.account()
    assert before.endswith(f"@{platform.node()}")


@pytest.mark.skipif(os.name == "nt", reason="Windows' accounts have names")
def test_an_account_without_a_name_is_told_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container."""
    monkeypatch.setattr(os, "getuid", lambda: 987_654)
    assert "uid 987654@" in person.account()


def test_a_name_is_kept_once_for_all(folder: Path) -> None:
    """Asked once, taken away by an empty one; spaces are forgiven."""
    assert "" == person.given_name()
    person.keep_name("  Marie   Durand ")
    assert "Marie Durand" == person.given_name()
    person.keep_name(" ")
    assert "" == person.given_name()
    person.keep_name("")


@pytest.mark.parametrize("name", ["Marie\x1b[31m Durand", "M" * 81, "Ma\u202erie"])
def test_what_is_no_name_is_refused(folder: Path, name: str) -> None:
    """And is not read back from the disk either."""
    with pytest.raises(person.NameUnusable):
        person.keep_name(name)
    person.keep_name("Marie")
    (folder / "releve" / person.FILE_NAME).write_text(name, encoding="utf-8")
    assert "" == person.given_name()
