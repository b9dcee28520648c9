"""The accounting programs in which a person is guided: one small file describes each."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from releve.base.texts import typographic


@dataclass(frozen=True)
class ProgramScreen:
    """A screen before the last: its title, and what is to be done there."""

    title: str
    instruction: str


@dataclass(frozen=True)
class Program:
    """A program in its own words: `check` proves that the password works, `cell` is where it is
    pasted, `submit` the button that keeps it. `screens` come before, two at most; none: the
    procedure's own.
    """

    name: str
    check: str
    cell: str
    submit: str
    screens: tuple[ProgramScreen, ...] = ()


@cache
def programs() -> dict[str, Program]:
    """Every program, by the name that the settings give it."""
    found = sorted(files(__package__).iterdir(), key=lambda each: each.name != "corail.toml")
    return {
        each.name.removesuffix(".toml"): _read(each.read_text(encoding="utf-8"))
        for each in found
        if each.name.endswith(".toml")
    }


def _read(source: str) -> Program:
    table = tomllib.loads(typographic(source))
    screens = tuple(ProgramScreen(**each) for each in table.pop("screens", ()))
    return Program(**table, screens=screens)


def program(target: str) -> Program:
    """The program of a target's identifier ("corail:219…"); Corail's words serve for one that
    nobody described: the school's stand-in, a command whose work a person takes over.
    """
    known = programs()
    return known.get(target.partition(":")[0], known["corail"])
