"""The newer route's own: what nobody knows of the real portal ends well (when a password takes
effect, what leaving the form does).
"""

from __future__ import annotations

import asyncio
import html
import re
from pathlib import Path
from unittest.mock import patch

import pytest
from fixtures_rotation import CELLS, DEMO_ACCOUNT, DEMO_SIRET, Scene
from releve.base.secret import Secret
from releve.decision import events as ev
from releve.decision.procedure import PORTAL_STEPS, Step, by_hand, screen, steps
from releve.decision.state import DISPLAYED, OLD, PERHAPS
from releve.jupyter.panel import Answer, View
from releve.jupyter.prompts import AtDesk
from releve.jupyter.steps import Desk
from releve.portal import errors as e
from releve.portal.screens.raccordements import Soumission
from releve.record.folder import PAGE
from releve.rotation.plan import Rotation
from releve.rotation.prompts import DecisionNeeded, Unattended
from releve.rotation.session import Parameters, Session
from releve.school import Faults
from releve.targets.guide import Entering
from releve.vault.slots import Slot
from twin import Twin, dying, points

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("one_browser")]


@pytest.fixture(autouse=True)
def newer(scene: Scene) -> None:
    """The portal shows both ways, and the settings ask for the newer one."""
    scene.portal["route"], scene.world.routes = "raccordements", "both"


@pytest.mark.one_in(2)
@pytest.mark.parametrize("effect_at", ["submit", "display"])
async def test_a_forbidden_candidate_is_left_and_another_one_offered(
    scene: Scene, effect_at: str
) -> None:
    """Nothing forbidden is ever submitted; whenever a password takes effect, portal, keyring and
    Corail agree at the end.
    """
    scene.faults.effect_at, scene.faults.slash_in_first = effect_at, 1
    done = await scene.walk()
    assert ("", 0, True) == (done.error, done.code, scene.three_places_agree()), done.text
    ledger = scene.world.ledger
    assert (2, 1, 1) == (
        ledger.count("candidate_shown"),
        ledger.count("candidate_dropped"),
        ledger.count("submitted"),
    )
    assert {"submit": 1, "display": 2}[effect_at] == scene.resets()
    assert [] == scene.leaks()


@pytest.mark.long
@pytest.mark.parametrize("effect_at", ["submit", "display"])
async def test_the_same_candidate_again_is_said_and_a_decision_gets_rid_of_it(
    scene: Scene, effect_at: str
) -> None:
    """A form that shows again what was dropped: nothing is submitted, it is an error of its own;
    once decided, it ends well.
    """
    scene.faults.effect_at, scene.faults.slash_in_first, scene.faults.leaving_keeps_candidate = (
        effect_at,
        1,
        True,
    )
    stopped = await scene.walk()
    assert ("SameCandidate", 4) == (stopped.error, stopped.code), stopped.text
    assert 0 == scene.world.ledger.count("submitted")
    assert DISPLAYED in stopped.text and OLD not in stopped.text, (
        "with an effect at display, that would be a lie"
    )
    assert "--reset-again" in stopped.text
    assert "DecisionNeeded" == (await scene.walk()).error
    done = await scene.walk(reset_again=True)
    assert ("", 0, True) == (done.error, done.code, scene.three_places_agree()), done.text
    assert 2 == scene.world.ledger.count("submitted"), (
        "the forbidden one, to be rid of it, then a good one"
    )


@pytest.mark.long
@pytest.mark.parametrize(
    ("effect_at", "keeps"), [("submit", True), ("display", False)]
)  # all four: the twin, below
async def test_what_was_kept_but_not_submitted_is_told_as_it_is(
    scene: Scene, effect_at: str, keeps: bool
) -> None:
    """Stopped between the keyring and "Soumettre": the rotation stays open, nothing false is said,
    and the resume ends well.
    """
    scene.faults.effect_at, scene.faults.leaving_keeps_candidate = effect_at, keeps
    window = e.UnexpectedPopup(screen="Compte technique", text="Information importante")
    with patch.object(
        Soumission, "ready", side_effect=window
    ):  # a window over the form, at the worst moment
        stopped = await scene.walk()
    assert ("UnexpectedPopup", 6, 0) == (
        stopped.error,
        stopped.code,
        scene.world.ledger.count("submitted"),
    ), stopped.text
    assert None is not stopped.last(ev.PendingStored) and None is stopped.last(ev.ResetIntended)
    held = scene.slots.read(Slot.PENDING)
    assert held is not None and (effect_at == "display") == (
        held.password.reveal() == scene.world.accounts[DEMO_ACCOUNT].password
    )
    assert stopped.record is not None
    page = (stopped.record.path / PAGE).read_text(encoding="utf-8")
    assert DISPLAYED in html.unescape(page) and OLD not in html.unescape(page)
    done = await scene.walk()
    assert ("", 0, True, 1) == (
        done.error,
        done.code,
        scene.three_places_agree(),
        len(list(scene.outputs.glob("*_*_*_*"))),
    ), done.text


@pytest.mark.one_in(5)
@pytest.mark.parametrize(
    ("faults", "error"),
    [
        ({"missing_button": True}, "StructureNotOffered"),
        ({"no_technical_account": True}, "NoTechnicalAccount"),
        ({"render_ms": 700}, ""),
        ({"renamed_labels": {"Soumettre": "Envoyer ma demande"}}, "ScreenNotRecognised"),
        ({"renamed_labels": {"Choisir la structure": "Votre organisme"}}, "ScreenNotRecognised"),
        (
            {
                "renamed_labels": {
                    "Réinitialisation du mot de passe d'un compte technique": "Autre chose"
                }
            },
            "ScreenNotRecognised",
        ),
        ({"maintenance_at": "compte-technique"}, "Maintenance"),
        ({"server_error_at": "raccordements"}, "TechnicalError"),
        ({"popup_at": "compte-technique"}, ""),  # its own « Fermer » closes it
        (
            {"popup_at": "compte-technique", "renamed_labels": {"Fermer": "J'accepte"}},
            "UnexpectedPopup",
        ),
    ],
    ids=str,
)
async def test_the_form_is_filled_exactly_or_not_at_all(
    scene: Scene, faults: dict[str, object], error: str
) -> None:
    """What is missing is named before any candidate is asked for; a portal that draws late is
    waited for.
    """
    scene.portal["timeout_seconds"] = 4
    for name, value in faults.items():
        setattr(scene.faults, name, value)
    done = await scene.walk()
    assert (error, 0 if error else 1) == (
        done.error,
        scene.world.ledger.count("candidate_shown"),
    ), done.text


@pytest.mark.long
@pytest.mark.parametrize("fault", ["server_error_at", "session_expired_at"])
async def test_a_fault_around_the_click_is_told_as_it_is(scene: Scene, fault: str) -> None:
    """In place of the form nothing was submitted; in place of the answer nobody knows, and a
    decision ends it: one reset in all.
    """
    scene.portal["timeout_seconds"] = 5
    setattr(scene.faults, fault, "formulaire")
    shown = await scene.walk()
    assert (6, 0) == (shown.code, scene.world.ledger.count("submitted")), shown.text
    assert DISPLAYED in shown.text
    setattr(scene.faults, fault, "soumettre")
    clicked = await scene.walk()
    assert ("ResetOutcomeUnknown", 6, 0) == (clicked.error, clicked.code, scene.resets()), (
        clicked.text
    )
    assert PERHAPS in clicked.text
    done = await scene.walk(reset_again=True)
    assert ("", 1, True) == (done.error, scene.resets(), scene.three_places_agree()), done.text


@pytest.mark.long
async def test_a_structure_beyond_the_first_of_the_list_is_found_by_its_siret(scene: Scene) -> None:
    """The list shows twenty structures at once: the SIRET is typed in its search, and another
    structure's account is named.
    """
    assert DEMO_SIRET not in [*scene.world.structures][:20]
    scene.structure["technical_account"] = "TECH_1_99999999@cpro.fr"
    stopped = await scene.walk()
    assert "AccountNotFound" == stopped.error
    assert DEMO_ACCOUNT in stopped.text


@pytest.mark.long
@pytest.mark.parametrize(
    ("routes", "missing", "taken"),
    [("both", False, "gestionnaire"), ("raccordements", False, "raccordements")],
)
async def test_auto_takes_the_documented_route_if_the_portal_shows_it(
    scene: Scene, routes: str, missing: bool, taken: str
) -> None:
    """`route = "auto"`: the documented one first, else the newer one; the record says which was
    taken.
    """
    scene.portal["route"], scene.world.routes = "auto", routes  # type: ignore[assignment]
    done = await scene.walk()
    scene.expect_done(done)
    chosen = [entry.event for entry in done.events if isinstance(entry.event, ev.RouteChosen)]
    assert [(taken, taken == "raccordements", True)] == [
        (event.route, event.sees_first, event.browser != "") for event in chosen
    ]


@pytest.mark.long
async def test_auto_chooses_once(scene: Scene) -> None:
    """The documented link is there, the card's button is not: that is said before any effect, and
    no other way is tried behind the operator's back.
    """
    scene.portal["route"], scene.world.routes = "auto", "both"
    scene.faults.missing_button = True
    stopped = await scene.walk()
    assert ("NotPrincipalManager", 5, 0) == (stopped.error, stopped.code, scene.resets())


class Hands(Unattended):
    """A person who does every screen in a browser of her own; the world does what her clicks would.
    """

    interactive = True

    def __init__(self, scene: Scene) -> None:
        super().__init__(approve=True, reset_again=False)
        self.scene, self.told, self.shown = scene, list[str](), ""

    async def screen(self, step: Step, doubt: str = "") -> bool:
        self.told.append(step.instruction)
        if "Ne cliquez pas encore" in step.instruction:
            self.shown = self.scene.world.candidate(DEMO_ACCOUNT)
        return True

    async def new_password(self, account: str, why: str = "") -> Secret:
        self.told.append("taper")
        return Secret(self.shown)

    async def reset_by_hand(self, step: Step, account: str) -> bool:
        self.told.append(step.instruction)
        self.scene.world.submit(account)
        return True

    async def guide(self, step: str, name: str) -> str:
        return "vu"

    async def enter_by_hand(self, entering: Entering, secret: Secret) -> str:
        self.scene.world.corail_save(DEMO_SIRET, secret.reveal())
        return "saisi"


async def open_with(
    scene: Scene, operator: Unattended | AtDesk, **given: bool
) -> tuple[Session, Rotation]:
    """The rotation in the hands of that operator."""
    session = Session(
        Parameters.checked(
            {
                "structure": DEMO_SIRET,
                "settings": str(scene.settings()),
                "outputs": str(scene.outputs),
            }
            | given
        ),
        operator,
    )
    return session, await session.open()


async def test_by_hand_a_password_is_given_before_its_click(scene: Scene) -> None:
    """Each act in this route's own words: a candidate typed once, kept, and only then submitted; a
    forbidden one is left.
    """
    scene.faults.slash_in_first = 1
    person = Hands(scene)
    session, rotation = await open_with(scene, person, by_hand=True)
    for step in CELLS:
        await rotation.do(step)
    await session.stop(rotation, None)
    assert (1, 2, True) == (
        scene.resets(),
        scene.world.ledger.count("candidate_shown"),
        scene.three_places_agree(),
    )
    acts = (("confirmation", "offer"), ("mot-de-passe", "back"), ("confirmation", "confirm"))
    offer, left, submit = (by_hand(step, act, "raccordements").instruction for step, act in acts)
    screens = [
        screen(step, "raccordements").instruction for step in (*PORTAL_STEPS[:6], "deconnexion")
    ]
    assert [*screens[:-1], offer, "taper", left, offer, "taper", submit, screens[-1]] == person.told


class Reader(Hands):
    """Reads on the portal what it shows."""

    async def new_password(self, account: str, why: str = "") -> Secret:
        self.shown = self.scene.world.accounts[account].password
        return await super().new_password(account, why)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("typed", [True, False], ids=["typed", "read"])
async def test_no_picture_is_kept_of_a_password_that_a_person_typed(
    scene: Scene, typed: bool
) -> None:
    """Relève did not see where it stands on the screen; by the documented route."""
    scene.portal["route"], scene.world.routes, person = "gestionnaire", "both", Reader(scene)
    session, rotation = await open_with(scene, person)
    if typed:
        rotation.context.manual.add("mot-de-passe")
    for step in CELLS[: CELLS.index("mot-de-passe") + 1]:
        await rotation.do(step)
    await session.close()
    assert ("taper" in person.told) == typed
    assert typed == (not list(scene.outputs.glob("2*/captures/*mot-de-passe.png")))
    assert list(scene.outputs.glob("2*/captures/*structure.png"))


async def test_what_a_person_did_in_the_window_is_checked(scene: Scene) -> None:
    """The form must show the request and the structure, whoever chose them."""
    session, _ = await open_with(scene, Hands(scene))
    route = await session.open_driver("")
    for step in PORTAL_STEPS[:4]:
        await route.go(step)
        await route.arrived(step)
    with pytest.raises(e.WrongForm):
        await route.arrived("structure")
    await route.go("structure")
    for step in ("structure", "demande"):
        await route.arrived(step)
    await session.close()


class Saw(AtDesk):
    """Somebody who looked at the history of the manager's actions."""

    def __init__(self) -> None:
        super().__init__()
        self.view: View = {}

    async def ask(self, view: View) -> Answer:
        self.view = view
        return Answer("submitted")


@pytest.mark.long
async def test_a_person_who_saw_that_the_portal_took_it_saves_a_reset(scene: Scene) -> None:
    """The click's answer is lost and there is no API: the password that was kept before it serves,
    and nothing more is asked for.
    """
    scene.faults.cut_after_confirmation, scene.portal["timeout_seconds"] = -1, 4
    lost = await scene.walk()
    assert ("ResetOutcomeUnknown", 6) == (lost.error, lost.code)
    assert "« Historique de mes actions »" in lost.text
    made, person = scene.resets(), Saw()
    session, _ = await open_with(scene, person)
    assert await Desk(session, person)._go_on("confirmation", DecisionNeeded())
    await session.close()
    assert ["submitted", "not-done", "again"] == [each["action"] for each in person.view["buttons"]]
    done = await scene.walk()
    assert ("", 0, made, True) == (
        done.error,
        done.code,
        scene.resets(),
        scene.three_places_agree(),
    ), done.text


@pytest.mark.long
async def test_the_record_tells_the_route_in_its_own_words(scene: Scene) -> None:
    """What an auditor reads are the instructions of the screens that were gone through, not the
    other route's.
    """
    done = await scene.walk()
    assert done.record is not None
    page = html.unescape((done.record.path / PAGE).read_text(encoding="utf-8"))
    page = re.sub(r"</?strong>", "**", page)
    told = [each for step in steps("raccordements") for each in (step.title, step.instruction)]
    assert [] == [each for each in told if each not in page]
    assert "cadre rouge" in page and "Mes structures" not in page


@pytest.mark.long
@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("effect_at", "keeps"), [("submit", True), ("display", False), ("display", True)]
)  # the fourth: test_crash
async def test_killed_at_every_effect_whatever_the_portal_does(
    shm: Path, effect_at: str, keeps: bool
) -> None:
    """On the twin, one forbidden candidate first: after a kill at any effect, nothing false is
    said, and all three places end agreed.
    """

    def sweep() -> set[str]:
        outcomes = set()
        for number in range(len(points(twin(shm / "clean", effect_at, keeps, slashes=0))) + 12):
            one = twin(shm / str(number), effect_at, keeps, slashes=1)
            with dying(number):
                one.run()
            if one.records and effect_at == "display" and one.resets():
                assert OLD not in one.situation.truth, f"effect {number}"
            result = one.run()
            while result.error in ("SameCandidate", "DecisionNeeded"):
                result = one.run(reset_again=result.error == "DecisionNeeded")
            outcomes.add(result.error)
            assert one.agree(), f"effect {number}: {result}"
        return outcomes

    assert await asyncio.to_thread(sweep) <= {"", "JustDone"}


def twin(folder: Path, effect_at: str, keeps: bool, slashes: int) -> Twin:
    """The portal's twin by the newer route."""
    made = Twin.new(folder, sees_first=True)
    made.world.faults = Faults(
        effect_at=effect_at, leaving_keeps_candidate=keeps, slash_in_first=slashes
    )
    return made
