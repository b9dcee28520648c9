"""Every form of the walkthrough: nothing that axe-core finds, nothing to scroll sideways at 400 %,
errors tied to their fields.
"""

from __future__ import annotations

import inspect
import re
import string
from collections.abc import Iterator
from dataclasses import replace

import gallery
import pytest
from axe_playwright_python.sync_playwright import Axe
from fixtures_shell import a_person
from playwright.sync_api import Browser, Page, expect
from releve.base.errors import PersonNeeded, ReleveError
from releve.base.texts import text, typographic
from releve.decision import state
from releve.decision.facts import Attempt, Facts
from releve.jupyter import questions
from releve.portal import errors as e
from releve.record.lock import AccountBusy
from releve.rotation.prompts import DecisionNeeded
from releve.vault import entry

VIEWS = gallery.views()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for all forms."""
    with a_person() as browser:
        yield browser


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Page:
    """A page as wide as a small laptop."""
    return chromium.new_page(viewport={"width": 1366, "height": 768}, locale="fr-FR")


@pytest.fixture(scope="module")
def narrow(chromium: Browser) -> Page:
    """1280 pixels at 400 %: 320 of them (WCAG 1.4.10)."""
    return chromium.new_page(viewport={"width": 320, "height": 256}, locale="fr-FR")


def test_no_form_is_forgotten() -> None:
    """Each function that makes a form is drawn here."""
    makers = {
        name
        for name, maker in inspect.getmembers(questions, inspect.isfunction)
        if maker.__module__ == questions.__name__
        and inspect.signature(maker).return_annotation == "View"
    }
    assert set() == makers - {name.split(" ")[0] for name in VIEWS}


FAULTS = [
    each
    for each in [*vars(e).values(), *vars(entry).values(), AccountBusy, DecisionNeeded]
    if inspect.isclass(each)
    and issubclass(each, ReleveError)
    and not issubclass(each, PersonNeeded)
    and each.happened
]
PROGRAMMERS = re.compile(r"\b(carnet|noyau|rotation|cellule|trousseau de mots)", re.IGNORECASE)


@pytest.mark.parametrize("fault", FAULTS)
def test_who_has_buttons_is_told_no_command(fault: type[ReleveError]) -> None:
    """What stopped says what to do, in whole sentences and her words, and no command line, no
    setting's name; and so does what stays where she chose to stop.
    """
    parts = string.Formatter().parse(fault.happened + fault.safe + fault.todo)  # as at a terminal
    facts = {name for _, name, _, _ in parts if name and name != "seen"}
    error = fault(**{name: 1 if name == "seconds" else "X" for name in facts})
    body = questions.stopped("structure", error)["body"].replace("\u00a0", " ")
    todo = body.partition("faire :</strong>")[2].partition("</p>")[0]
    assert re.fullmatch(r" [A-ZÀÉ](.*[.!])?", todo), todo
    assert not re.search(r"« ?releve |\[portal|\[record|--\w", todo), todo
    assert not PROGRAMMERS.search(body), body
    assert "elancez" not in error.here(text("home.resume"))


@pytest.mark.parametrize("row", state.TABLE, ids=lambda row: str(row.phase))
def test_nor_by_where_the_rotation_stands(row: state.Row) -> None:
    """What is to be done then has a button too, and whatever the error says of itself."""
    touched = Facts(attempts={1: Attempt(intended=True)}, here="poste-b", clicked_on="poste-a")
    for alone, known in ((True, replace(touched, slots=None)), (False, touched), (True, Facts())):
        stopped = DecisionNeeded()
        situation = state.Situation(row, known)
        stopped.place(situation.truth, situation.todo, situation.here, alone=alone)
        told = stopped.here("Réessayer")
        assert told == told.strip() and told.endswith("."), told
        assert not re.search(r"releve |carnet|[{}]|propagation_minutes", told), told


@pytest.mark.parametrize("name", VIEWS)
def test_axe_finds_nothing(page: Page, name: str) -> None:
    """No violation of any of its rules, in the form as it is drawn."""
    gallery.draw(page, VIEWS[name])
    found = Axe().run(page)
    assert [] == [(each["id"], each["nodes"][0]["html"]) for each in found.response["violations"]]


@pytest.mark.parametrize("name", VIEWS)
def test_nothing_is_scrolled_sideways_at_400_percent(narrow: Page, name: str) -> None:
    """One direction is enough, for a text read at four times its size."""
    gallery.draw(narrow, VIEWS[name])
    wide = narrow.evaluate("document.documentElement.scrollWidth")
    assert wide <= 320


@pytest.mark.parametrize("name", [each for each in VIEWS if VIEWS[each].get("wrong")])
def test_what_is_wrong_is_read_with_its_field(page: Page, name: str) -> None:
    """The error is the field's description, the field says that it is invalid, and one is told."""
    view = VIEWS[name]
    form = gallery.draw(page, view)
    fields = {each["name"]: each for each in view["fields"]}
    expect(form.get_by_role("alert").first).to_be_visible()
    for field, told in view["wrong"].items():
        labelled = form.locator(
            f'[data-field="{field}"][aria-invalid], [data-field="{field}"] [aria-invalid]'
        )
        expect(labelled).to_have_accessible_description(
            typographic(" ".join([told, fields[field].get("help", "")]).strip())
        )


@pytest.mark.parametrize("name", [each for each in VIEWS if VIEWS[each].get("wrong")])
def test_what_is_wrong_is_in_sight_at_400_percent(narrow: Page, name: str) -> None:
    """Who pressed the button at the form's end is shown the first field to mend."""
    form = gallery.draw(narrow, VIEWS[name])
    expect(form.locator(".rv-field-error:not(:empty)").first).to_be_in_viewport()


# As the kernel does: masked by the pad that the page made up.
_HAND_OVER = """secret => {
  const { pad, action } = globalThis.heard.at(-1), bytes = [...atob(pad)];
  const both = [...secret].map((each, n) => each.charCodeAt(0) ^ bytes[n].charCodeAt(0));
  const masked = String.fromCharCode(...both);
  globalThis['msg:custom']({ secret: btoa(masked), action });
}"""


@pytest.mark.parametrize(("button", "seen"), [("voir", ".rv-secret"), ("Copier", ".rv-status")])
def test_what_was_handed_over_is_in_sight_at_400_percent(
    narrow: Page, button: str, seen: str
) -> None:
    """The password itself, or that it was copied (or could not be)."""
    form = gallery.draw(narrow, VIEWS["corail 3"])
    form.get_by_role("button", name=button).click()
    narrow.evaluate(_HAND_OVER, "S3cret-Il0|")
    expect(form.locator(seen)).to_be_in_viewport(ratio=1)


def test_enter_answers_and_a_second_one_does_not(page: Page) -> None:
    """One answer a form: what was typed, and the form is shut."""
    form = gallery.draw(page, VIEWS["gate"])
    form.get_by_role("textbox").fill("0011")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    heard = page.evaluate("globalThis.heard")
    assert [("confirm", {"digits": "0011"})] == [(each["action"], each["values"]) for each in heard]


def test_a_field_is_checked_when_it_is_left(page: Page) -> None:
    """The kernel is asked about that field alone; secrets are never checked so."""
    form = gallery.draw(page, VIEWS["first start"])
    form.get_by_label("SIRET").fill("123")
    page.keyboard.press("Tab")
    assert [{"check": "siret", "value": "123"}] == page.evaluate("globalThis.heard")
    checked = {name for name, view in VIEWS.items() for field in view["fields"]
               if field.get("check") and field["kind"] == "password"}  # fmt: skip
    assert set() == checked


def test_the_button_to_press_first_is_the_dark_one(page: Page) -> None:
    """In the accounting program's last screen: copy, then say that it is done."""
    form = gallery.draw(page, VIEWS["corail 3"])
    dark = "each => getComputedStyle(each).backgroundColor"
    copy = form.get_by_role("button", name="Copier le mot de passe")
    done = form.get_by_role("button", name="C'est validé dans Corail")
    blue, white = "rgb(0, 0, 145)", "rgb(255, 255, 255)"
    assert (blue, white) == (copy.evaluate(dark), done.evaluate(dark))
    form.locator("form").evaluate("each => each.classList.add('rv-copied')")
    assert (white, blue) == (copy.evaluate(dark), done.evaluate(dark))
