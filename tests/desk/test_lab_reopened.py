"""Every question, and every way to lose its page: she always finds it again, and it answers.

In a short run each question meets one of the ways; all of them with `--long`.
"""

from __future__ import annotations

import pytest
from fixtures_rotation import LOGIN
from fixtures_shell import GATE, QUESTIONS, Counter, answer, on_to
from playwright.sync_api import expect
from releve.decision import events as ev
from releve.decision.procedure import GATE as TARGET
from releve.decision.procedure import TARGET_STEPS
from releve.record.folder import unfinished

pytestmark = pytest.mark.timeout(400)

LOSSES = ("tab closed", "kernel gone", "server gone", "next day", "all by hand")


def reach(counter: Counter, question: str) -> None:
    """From the home page to that question."""
    if question == "credentials":
        counter.scene.keystore.portal_password(LOGIN).delete()
    if question == "stopped":
        counter.scene.faults.session_expired_at = "structures"
    desk = counter.come_in()
    desk.press("Mots de passe", "Tout faire" if question == "hers" else "Commencer pour")
    desk.panel("Avant de commencer|Déjà renouvelé").first.wait_for()
    if desk.panel("Déjà renouvelé").count():
        desk.press("Déjà renouvelé", "Recommencer")
    on_to(counter, QUESTIONS[question])


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each question with each loss; in a short run, one loss a question, none left out."""
    if {"question", "loss"} <= set(metafunc.fixturenames):
        every = [(question, loss) for question in QUESTIONS for loss in LOSSES]
        some = [(q, LOSSES[n % len(LOSSES)]) for n, q in enumerate(QUESTIONS)]
        long = metafunc.config.getoption("--long")
        metafunc.parametrize(("question", "loss"), every if long else some)


def wanted_after(question: str, loss: str, confirmed: int) -> str:
    """What must be asked then: the same; what went wrong is tried again; by hand, a screen."""
    if loss == "all by hand" and not confirmed and question != "before":
        return QUESTIONS["hers"]
    return GATE if question == "stopped" else QUESTIONS[question]


def told_by_hand(counter: Counter) -> set[str]:
    """The steps that the open record tells as hers."""
    return {
        entry.step
        for folder in unfinished(counter.scene.outputs)
        for entry in folder.entries()
        if isinstance(entry.event, ev.StepDone) and entry.event.mode == "manual"
    }


@pytest.mark.one_in(9)
def test_the_question_is_found_again_and_answers(
    counter: Counter, question: str, loss: str
) -> None:
    """No reset more than she confirmed, and nothing that nobody did is told as done by hand."""
    counter.clear()
    before = counter.scene.resets()
    reach(counter, question)
    confirmed = counter.scene.resets() - before
    counter.scene.faults.session_expired_at = ""
    counter.lose(loss)
    wanted = wanted_after(question, loss, confirmed)
    on_to(counter, wanted)
    if question != "hers" and wanted != QUESTIONS["hers"]:
        assert told_by_hand(counter) <= {TARGET, *TARGET_STEPS}
    answer(counter, wanted)
    expect(counter.desk.panel(wanted)).to_have_count(0)
    assert counter.scene.resets() - before <= 1
