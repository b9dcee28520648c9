"""Whole rotations on the school, fault by fault, in a real Chromium: which error, which exit code,
how many resets, no secret left.

What every route does when the portal refuses, loses its answer or shows unusable passwords stands
in test_route_contract.
"""

from __future__ import annotations

import pytest
from fixtures_rotation import Scene, Walk
from releve.decision import events as ev
from releve.decision.procedure import BY_ID
from releve.decision.state import KEPT, NEW, PERHAPS
from releve.jupyter import runbook
from releve.portal.errors import BrowserGone
from releve.record.folder import PAGE, is_closed
from releve.school.faults import ON_SCREEN, Faults
from releve.school.ledger import Entry
from releve.school.people import DEMO_SIRET

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("one_browser")]
BEFORE = (
    "authentification",
    "portail",
    "connexion",
    "informations",
    "accueil",
    "structures",
    "structure",
)
AT_ONCE = 8  # seconds, on a busy machine too; the time-out is 10
AFTER = ("corail-collectivites", "corail-transfert", "corail-mot-de-passe")
ERRORS = dict(
    zip(
        ON_SCREEN,
        ("TechnicalError", "Maintenance", "SessionExpired", "PageForbidden", "UnexpectedPopup"),
        strict=True,
    )
)


def expect(scene: Scene, done: Walk, error: str, code: int, resets: int, truth: str = "") -> None:
    """The error of the journal and of the operator, the exit code, the portal's count, what is said
    to be true, and no secret.
    """
    failed, stopped = done.last(ev.StepFailed), done.last(ev.RunStopped)
    assert (
        failed
        and isinstance(failed.event, ev.StepFailed)
        and stopped
        and isinstance(stopped.event, ev.RunStopped)
    ), done
    assert (error, error, error) == (done.error, failed.event.error, stopped.event.error), done.text
    assert (code, code, resets) == (done.code, stopped.event.code, scene.resets()), done.text
    assert truth in done.text
    assert "{" not in done.text
    assert [] == scene.leaks()


def occur(scene: Scene, fault: str, screen: str) -> None:
    """That fault, once. A pop-up is one that has no button of its own to close it."""
    setattr(scene.faults, fault, screen)
    if fault == "popup_at":
        scene.faults.renamed_labels = {"Fermer": "J'accepte"}


@pytest.mark.one_in(5)
@pytest.mark.parametrize(
    ("fault", "screen"),
    [  # a page's words tell its error on every screen alike: each screen has one, and each fault
        *zip(ON_SCREEN[:4] * 2, BEFORE, strict=False),
        *(("popup_at", screen) for screen in BEFORE),
    ],
)
async def test_a_fault_before_the_reset_changes_nothing(
    scene: Scene, fault: str, screen: str
) -> None:
    """Each is told by its own name, at once and not after a time-out; nothing was reset and it is
    safe to start again.
    """
    scene.faults.first_visit_form = True
    occur(scene, fault, screen)
    done = await scene.walk()
    expect(scene, done, ERRORS[fault], 5, 0)
    assert AT_ONCE > done.seconds_to_fail()


async def test_what_covers_a_screen_is_closed_by_its_own_button(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On every screen, of Corail too: nothing is asked of a person, and it is one rotation."""
    over = set[str]()

    def fires(self: Faults, name: str, screen: str) -> bool:
        new = name == "popup_at" and screen not in over
        if new:
            over.add(screen)
        return new

    monkeypatch.setattr(Faults, "fires", fires)
    scene.faults.first_visit_form = True
    done = await scene.walk()
    assert ("", 0, 1) == (done.error, done.code, scene.resets()), done.text
    assert {*BEFORE, "recapitulatif", *AFTER} <= over
    assert scene.three_places_agree()


@pytest.mark.long
async def test_faults_in_corail_lose_nothing(scene: Scene) -> None:
    """The password is in `pending`; each resume goes on from there without a second reset, and the
    last one ends it.
    """
    for fault in ("server_error_at", "popup_at"):
        for screen in AFTER:
            occur(scene, fault, screen)
            done = await scene.walk()
            expect(scene, done, ERRORS[fault], 6, 1, f"{NEW} {KEPT}")
            assert AT_ONCE > done.seconds_to_fail()
    done = await scene.walk()
    assert ("", 0, 1) == (done.error, done.code, scene.resets()), done.text
    assert scene.three_places_agree()
    assert [] == scene.leaks()


@pytest.mark.one_in(6)
@pytest.mark.parametrize(("screen", "resets"), [("confirmation", 0), ("recapitulatif", 1)])
@pytest.mark.parametrize("fault", ON_SCREEN[:3])
async def test_a_fault_in_place_of_the_summary_leaves_a_question(
    scene: Scene, fault: str, screen: str, resets: int
) -> None:
    """The click was answered by something else: whether it took effect cannot be known, and it is
    never repeated by itself.
    """
    setattr(scene.faults, fault, screen)
    done = await scene.walk()
    expect(scene, done, "ResetOutcomeUnknown", 6, resets, PERHAPS)
    assert "--reset-again" in done.text
    assert AT_ONCE > done.seconds_to_fail()


@pytest.mark.long
async def test_a_popup_over_the_summary_does_not_cost_the_password(scene: Scene) -> None:
    """The password is under the window: it is read and kept, and the rotation goes on."""
    scene.faults.popup_at = "recapitulatif"
    done = await scene.walk()
    assert ("", 0, 1) == (done.error, done.code, scene.resets()), done.text
    assert scene.three_places_agree()


async def test_a_wrong_password_is_tried_once(scene: Scene) -> None:
    """Three refusals lock the account: the same refused password is not even typed a second time.
    """
    scene.world.manager.password = "Un autre"
    expect(scene, await scene.walk(), "PasswordRefused", 5, 0)
    expect(scene, await scene.walk(), "AlreadyRefused", 5, 0)
    assert 1 == scene.logins()


async def test_a_locked_account_is_said_to_be_locked(scene: Scene) -> None:
    """Not a wrong password: another action is needed."""
    scene.faults.locked = True
    expect(scene, await scene.walk(), "AccountLocked", 5, 0)
    assert 1 == scene.logins()


async def test_chromium_itself_may_confirm_twice(scene: Scene) -> None:
    """One click, two resets by the portal's count; the password kept is the last one, the one that
    works.
    """
    scene.faults.cut_after_confirmation = 1
    done = await scene.walk()
    assert ("", 0, 2) == (done.error, done.code, scene.resets()), done.text
    assert 1 == sum(isinstance(entry.event, ev.ResetIntended) for entry in done.events)
    assert scene.three_places_agree()
    assert [] == scene.leaks()


@pytest.mark.long
@pytest.mark.parametrize(
    ("fault", "value", "error"),
    [("reset_refused", 1, "ResetRefused"), ("server_error_at", "structure", "TechnicalError")],
)
async def test_a_fault_after_a_rejected_password(
    scene: Scene, fault: str, value: object, error: str
) -> None:
    """The old password is already void: it says so, and a resume asks for the password that is
    still to be made.
    """
    scene.faults.slash_in_first = 1

    def after_the_first_reset(entry: Entry) -> None:
        if entry.kind == "reset" and scene.resets() == 1:
            setattr(scene.faults, fault, value)

    scene.world.ledger.listeners.append(after_the_first_reset)
    expect(scene, await scene.walk(), error, 6, 1, "il faut lui en demander un autre")
    done = await scene.walk()
    assert ("", 0, 2) == (done.error, done.code, scene.resets()), done.text
    assert scene.three_places_agree()


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    ("fault", "error"),
    [("missing_button", "NotPrincipalManager"), ("no_technical_account", "NoTechnicalAccount")],
)
async def test_a_structure_that_cannot_be_reset(scene: Scene, fault: str, error: str) -> None:
    """Each reason has its own name."""
    setattr(scene.faults, fault, True)
    expect(scene, await scene.walk(), error, 5, 0)


async def test_the_page_is_made_whatever_became_of_the_browser(scene: Scene) -> None:
    """A browser that is closed before the reset ends the rotation; its record has its page all the
    same.
    """
    runbook._session = None
    await runbook.open(
        structure=DEMO_SIRET,
        approve=True,
        settings=str(scene.settings()),
        outputs=str(scene.outputs),
    )
    session = runbook._session
    assert session is not None
    await runbook.step("authentification")
    assert session.pool.opened is not None
    await session.pool.opened.close()
    with pytest.raises(BrowserGone):
        await runbook.step("portail")
    assert is_closed(session.rotation.context.journal.entries)
    page = (session.rotation.context.folder.path / PAGE).read_text(encoding="utf-8")
    assert BY_ID["authentification"].title in page
