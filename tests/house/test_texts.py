"""The table of texts: all of it is used, nothing is missing, and it speaks her French."""

from __future__ import annotations

import ast
import json
import re
import string
from collections.abc import Iterator

import pytest
from releve.base.programs import programs
from releve.base.texts import SENTENCES, table, text, typographic
from releve.commands import checkup
from releve.decision import consent, reconcile
from releve.decision.procedure import STEPS, TITLES, model
from releve.jupyter import panel
from releve.proof import verdicts

LIBRARY = model().parents[1] / "lib" / "releve"
# Read whole, or named by what stands before: the panels' own words, the newer route, by hand.
_WHOLE = ("page.", "panel.", "raccordements.", "by-hand.", "closing.", "context.",
          "home.outcomes.", "home.proofs.")  # fmt: skip
# Said to the administrator, the auditor, or in a terminal too, with those trades' words.
_NOT_HERS = ("state.portal.", "state.vault.", "state.todo.", "unattended.", "compared.",
             "answer.", "found.", "verified.", "checkup.", "alarm.", "notice.", "done.", "opened.",
             "doctor.", "rotate.")  # fmt: skip
_MADE = re.compile(r"settings\.[a-z]+-help")
JARGON = (
    "rotation|carnet|notebook|noyau|kernel|scell|API|pending|current|trousseau|cible|emplacement|"
    "token|session|target|gate|widget|(?<!dernière )cellule"
)


def calls() -> Iterator[tuple[str, set[str], str]]:
    """Each text that the library asks for by its name: the name, the facts it gives, where."""
    for path in LIBRARY.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        if "from releve.base.texts import" not in source:  # the finder has a `text` of its own
            continue
        for found in ast.walk(ast.parse(source)):
            if not isinstance(found, ast.Call) or not isinstance(found.func, ast.Name):
                continue
            if found.func.id not in ("text", "say") or not found.args:
                continue
            facts = {each.arg or "*" for each in found.keywords}
            for name in names(found.args[0]):
                yield name, facts, f"{path.name}:{found.lineno}"


def names(argument: ast.expr) -> list[str]:
    """The names that an argument can be: one, or one of two."""
    if isinstance(argument, ast.Constant):
        return [str(argument.value)]
    if isinstance(argument, ast.IfExp):
        return names(argument.body) + names(argument.orelse)
    return []


SOURCE = " ".join(path.read_text(encoding="utf-8") for path in LIBRARY.rglob("*.py"))
# Named by the rows of the tables of decisions or by what a check finds, with the facts given there.
ROWS = {
    f"unattended.{row}.{part}": {"guided", "without_program", "siret"}
    for row in consent.TABLE
    for part in ("why", "todo")
}
ROWS |= {
    f"compared.{row.name}.{part}": {"siret", "minutes"}
    for row in reconcile.TABLE
    for part in ("truth", "todo")
}
ROWS |= {f"answer.{row.name}": set() for row in (*verdicts.TABLE, verdicts.NOTHING_HELD)}
ROWS |= {
    f"doctor.{type(each).__name__.lower()}.{each}": set()
    for each in (*checkup.Grade, *reconcile.Verdict)
}
ROWS |= {
    f"found.{kind}{where}": {"record", "what"}
    for where in ("", "_elsewhere")
    for kind in re.findall(r'"(\w+)"', SOURCE)
    if f"found.{kind}{where}" in table()
}
ROWS |= {
    name: {"press", "Press"}
    for name in table()
    if name.startswith("state.here.") and name.replace("here", "todo") in table()
}
CALLS = [*calls(), *((name, facts, "a table of decisions") for name, facts in ROWS.items())]


def wanted(name: str) -> set[str]:
    """The facts that a text has places for."""
    return {each[1] for each in string.Formatter().parse(table()[name]) if each[1]}


@pytest.mark.parametrize(
    ("name", "facts", "where"), CALLS, ids=[f"{name}-{where}" for name, _, where in CALLS]
)
def test_what_is_asked_for_is_there(name: str, facts: set[str], where: str) -> None:
    """With every fact that it has a place for: nobody meets a brace, or a program that stops."""
    assert name in table(), where
    assert wanted(name) <= facts or "*" in facts, where


def test_nothing_in_the_table_is_unused() -> None:
    """Whoever corrects a text sees the correction."""
    unused = {
        name
        for name in table()
        if f'"{name}"' not in SOURCE and not name.startswith(_WHOLE) and not _MADE.fullmatch(name)
        and name not in ROWS
    }
    assert set() == unused


CLASSES = {
    name
    for path in LIBRARY.rglob("*.py")
    for name in re.findall(r"^class (\w+)\(", path.read_text("utf-8"), re.MULTILINE)
}


@pytest.mark.parametrize("name", SENTENCES)
def test_each_error_that_has_sentences_exists(name: str) -> None:
    """What is corrected there is what somebody reads, and nothing in it is left open."""
    assert name in CLASSES
    assert SENTENCES[name].keys() <= {"happened", "safe", "todo", "here"}
    assert "todo" in SENTENCES[name] or "here" not in SENTENCES[name]
    for told in SENTENCES[name].values():
        assert re.fullmatch(r"|\{mend\}|[«\"A-ZÀÉ{].*[.!}]", told, re.DOTALL), told


def test_each_error_says_what_happened() -> None:
    """By its own words, or those of the kind of error that it is: none falls back on the most
    general one.
    """
    bases = {"ReleveError", "UsageError", "PersonNeeded", "PortalError"}
    general = {"UsageError", "PersonNeeded", "PortalError", "KeyringError", "Paused", "CellStopped"}
    silent = [
        name
        for path in LIBRARY.rglob("*.py")
        for name, kinds in re.findall(
            r"^class (\w+)\(([\w., ]+)\):", path.read_text("utf-8"), re.MULTILINE
        )
        if bases & {each.rpartition(".")[2].strip() for each in kinds.split(",")}
        and "happened" not in SENTENCES.get(name, {})
    ]
    assert general == set(silent)


def every_text() -> dict[str, str]:
    """All that she may read in the walkthrough, by where it stands."""
    prose = {f"step {step.id}": f"{step.title}. {step.instruction}" for step in STEPS}
    guided = {
        f"program {name}": " ".join(
            (each.name, each.check, each.cell, each.submit, *(s.instruction for s in each.screens))
        )
        for name, each in programs().items()
    }
    return dict(table()) | prose | guided | TITLES


@pytest.mark.parametrize("where", [each for each in every_text() if not each.startswith(_NOT_HERS)])
def test_it_is_her_vocabulary(where: str) -> None:
    """No word of programmers, nor of ours."""
    told = re.sub(r"\{.*?\}", "", every_text()[where])  # the facts' names are not shown
    assert not re.search(rf"\b(?:{JARGON})", told, re.IGNORECASE), told


@pytest.mark.parametrize("where", every_text())
def test_no_sign_stands_alone(where: str) -> None:
    """No-break spaces inside guillemets and before double signs, in the notebook's prose too."""
    told = every_text()[where]
    assert typographic(told) == told


def test_the_notebook_is_typeset_and_without_jargon() -> None:
    """The cells that are no step too; and their titles are those that the library uses."""
    cells = json.loads(model().read_text(encoding="utf-8"))["cells"]
    prose = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    assert [typographic(each) for each in prose] == prose
    assert not re.search(rf"\b(?:{JARGON})", " ".join(prose), re.IGNORECASE)
    headings = {each.splitlines()[0].removeprefix("## ") for each in prose}
    assert set(TITLES.values()) <= headings


def test_facts_are_escaped_and_marks_are_not() -> None:
    """A structure's name is text, whatever it holds; what the table marks bold is bold."""
    told = panel.say("program.for", name='<b>"Bac" & Lac</b>')
    assert '<p>Pour <strong>&lt;b&gt;"Bac" &amp; Lac&lt;/b&gt;</strong>\u00a0:</p>' == told


def test_lists_and_paragraphs() -> None:
    """The few marks of the table give what they say."""
    assert "<p>a</p><ul><li>b</li><li>c</li></ul><ol><li>d</li></ol>" == panel.rich(
        "a\n\n- b\n- c\n\n1. d"
    )


def test_braces_in_a_fact_are_left_alone() -> None:
    """A password-like or odd name is not read as a place for another fact."""
    assert "Pour **{x}**\u00a0:" == text("program.for", name="{x}")


def test_the_readme_says_of_windows_what_the_administrators_page_says() -> None:
    """Both have the same twenty rows, and call the same ones tried."""
    readme, page = (
        dict(re.findall(r"^\| (\d+) \|.*\| ([^|]*) \|$", file.read_text("utf-8"), re.MULTILINE))
        for file in (LIBRARY.parents[1] / "README.md", model().parent / "administrateur.md")
    )
    assert list(readme) == list(page) == [str(number) for number in range(1, 21)]
    tried = {row for row, said in page.items() if re.fullmatch("oui(?!.*non).*", said)}
    assert tried == {row for row, said in readme.items() if said.startswith("yes")}
