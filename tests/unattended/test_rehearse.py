"""`releve rehearse`: the same notebook and the same code, up to the last click that has no effect.
"""

from __future__ import annotations

import asyncio
import json

import pytest
from fixtures_rotation import CELLS, DEMO_SIRET, Scene
from releve.base.errors import ReleveError
from releve.base.settings import load
from releve.decision import events as ev
from releve.headless import run as headless
from releve.record.folder import RecordFolder, all_records, unfinished
from releve.rotation.prompts import Unattended
from releve.rotation.rehearsal import Rehearsal
from releve.rotation.session import Parameters, Session

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("one_browser")]
BUTTON = "Réinitialiser le mot de passe (utilisateur technique)"


async def rehearse(
    scene: Scene, **given: object
) -> tuple[ReleveError | None, RecordFolder, list[ev.Entry]]:
    """A rehearsal in this process: the error that stopped it, its record, its journal."""
    parameters = {
        "structure": DEMO_SIRET,
        "settings": str(scene.settings()),
        "outputs": str(scene.outputs),
        "rehearse": True,
    }
    session = Session(
        Parameters.checked(parameters | given), Unattended(approve=False, reset_again=False)
    )
    rotation = await session.open()
    assert isinstance(rotation, Rehearsal)
    error: ReleveError | None = None
    try:
        for step in CELLS:
            await rotation.do(step)
    except ReleveError as raised:
        error = raised
    await session.stop(rotation, error)
    return error, rotation.context.folder, rotation.context.folder.entries()


def seen(entries: list[ev.Entry]) -> dict[str, ev.ScreenSeen]:
    """What was recognised, by screen."""
    return {
        entry.event.screen: entry.event
        for entry in entries
        if isinstance(entry.event, ev.ScreenSeen)
    }


def outcome(entries: list[ev.Entry]) -> list[str]:
    """How the rehearsal was closed."""
    return [entry.event.outcome for entry in entries if isinstance(entry.event, ev.RotationClosed)]


@pytest.mark.one_in(2)
@pytest.mark.parametrize("route", ["gestionnaire", "raccordements"])
async def test_it_goes_to_the_last_click_without_effect_and_stops(scene: Scene, route: str) -> None:
    """The reset's button (or the form) is found; nothing is asked, reset, entered or kept; the
    record says `rehearsed`.
    """
    scene.portal["route"], scene.world.routes = route, "both"
    error, folder, entries = await rehearse(scene)
    assert (None, ["rehearsed"]) == (error, outcome(entries))
    ledger = scene.world.ledger
    assert [0, 0, 0, 0] == [
        ledger.count(kind) for kind in ("reset", "candidate_shown", "submitted", "corail_saved")
    ]
    assert None is scene.slots.filled().pending
    screens = seen(entries)
    assert [] == [
        name for name, each in screens.items() if each.fallback or each.missing or each.change
    ]
    assert {"login/authentification", "login/portail", f"{route}/accueil", f"{route}/demande"} <= {
        *screens
    }
    page = (folder.path / "record.html").read_text(encoding="utf-8")
    assert "Répétition" in page and "Réussie" not in page
    assert ([], []) == (unfinished(scene.outputs), scene.leaks())


async def test_the_notebook_and_the_command_say_ready(scene: Scene) -> None:
    """Exit code 0 and what was recognised screen by screen, in words and in JSON; the notebook is
    the model's.
    """
    told = await asyncio.to_thread(scene.releve, "rehearse", DEMO_SIRET, "--json")
    found = json.loads(told.stdout)
    assert (0, 0, "rehearsed") == (told.returncode, found["code"], found["outcome"]), told.stderr
    last = found["screens"][-1]
    assert ("gestionnaire/demande", [BUTTON], [], []) == (
        last["screen"],
        last["first"],
        last["fallback"],
        last["missing"],
    )
    assert 0 == scene.resets()
    assert (next(all_records(scene.outputs)).path / "rotation.ipynb").exists()


@pytest.mark.long
async def test_another_wording_is_reported_as_a_fallback(scene: Scene) -> None:
    """What the settings name second, and what an older portal wrote, are recognised, and said not
    to be the first.
    """
    scene.labels["reset.button"] = ["Renouveler le sésame", BUTTON]
    scene.faults.renamed_labels = {"Activités du gestionnaire": "Activité du gestionnaire"}
    error, _, entries = await rehearse(scene)
    assert None is error
    assert (f"Renouveler le sésame → {BUTTON}",) == seen(entries)["gestionnaire/demande"].fallback
    assert ("Activités du gestionnaire → Activité du gestionnaire",) == seen(entries)[
        "gestionnaire/accueil"
    ].fallback


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("faults", "error"),
    [
        ({"renamed_labels": {BUTTON: "Voir"}}, "ResetButtonMissing"),
        ({"missing_button": True}, "NotPrincipalManager"),
        ({"maintenance_at": "structures"}, "Maintenance"),
    ],
    ids=["button", "manager", "maintenance"],
)
@pytest.mark.long
async def test_what_is_not_found_is_said_and_no_rotation_is_left_open(
    scene: Scene, faults: dict[str, object], error: str
) -> None:
    """The rehearsal is closed as failed, whatever stopped it; a real rotation afterwards begins a
    record of its own.
    """
    for name, value in faults.items():
        setattr(scene.faults, name, value)
    stopped, _, entries = await rehearse(scene)
    assert (error, ["failed"]) == (type(stopped).__name__, outcome(entries))
    assert ([], 0) == (unfinished(scene.outputs), scene.resets())


@pytest.mark.long
async def test_it_does_not_touch_a_rotation_that_waits(scene: Scene) -> None:
    """An open rotation keeps its record, and is finished afterwards as if nothing had been
    rehearsed.
    """
    waiting = await scene.walk(approve=False)
    error, folder, _ = await rehearse(scene)
    assert waiting.record is not None and folder.path != waiting.record.path and None is error
    assert [waiting.record.path] == [each.path for each in unfinished(scene.outputs)]
    done = await scene.walk()
    assert (0, 1) == (done.code, scene.resets())


@pytest.mark.long
async def test_a_killed_rehearsal_leaves_no_open_rotation(scene: Scene) -> None:
    """Nothing is ever resumed from it: the next run begins its own."""
    parameters = {
        "structure": DEMO_SIRET,
        "settings": str(scene.settings()),
        "outputs": str(scene.outputs),
        "rehearse": True,
    }
    session = Session(Parameters.checked(parameters), Unattended(approve=False, reset_again=False))
    rotation = await session.open()
    await rotation.do("authentification")
    await session.close()  # as a kill would: nothing is journalled
    assert [] == unfinished(scene.outputs)
    assert 1 == len(list(all_records(scene.outputs)))
    settings = load(scene.settings(), scene.outputs)
    found = await asyncio.to_thread(lambda: headless.run(settings, DEMO_SIRET, approve=True))
    assert (0, 1, 2) == (found.code, scene.resets(), len(list(all_records(scene.outputs))))


@pytest.mark.long
async def test_a_code_by_mail_stops_a_rehearsal_too(scene: Scene) -> None:
    """A person would be needed on the day: exit code 4, weeks before, and the rehearsal is closed.
    """
    scene.faults.otp, scene.faults.otp_after_pigp = "email", True
    told = await asyncio.to_thread(scene.releve, "rehearse", DEMO_SIRET, "--json")
    assert (4, "CodeNeeded") == (told.returncode, json.loads(told.stdout)["error"]), told.stdout
    assert [] == unfinished(scene.outputs)
