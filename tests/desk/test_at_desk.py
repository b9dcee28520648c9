"""The operator at the desk: she goes back, does not find, stops; nothing that cannot be undone is
asked twice.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import gallery
import pytest
from releve.base.errors import PersonNeeded, ReleveError
from releve.base.secret import Secret
from releve.base.settings import Record, Structure
from releve.decision.journal import FILE_NAME
from releve.decision.procedure import BY_ID, TARGET_STEPS
from releve.jupyter import questions
from releve.jupyter.panel import Answer, View
from releve.jupyter.prompts import AtDesk, StoppedHere, last_picture
from releve.record.folder import CAPTURES, RecordFolder
from releve.record.vouching import Claim
from releve.rotation.prompts import Keep
from releve.school.people import DEMO_ACCOUNT, DEMO_NAME, siret
from releve.targets.guide import Entering

ENTERING = Entering(gallery.CORAIL, DEMO_NAME, DEMO_ACCOUNT)


class Script:
    """Stands for the page: answers what was written beforehand, and keeps what was shown."""

    def __init__(self, *answers: str) -> None:
        self.answers, self.shown = list(answers), list[View]()
        self.secret: object = None

    async def ask(self, view: View) -> Answer:
        """The next answer; what needs values gets what the form would send."""
        self.shown.append(view)
        secret = Secret("S3cret-plus-long")
        values = {each["name"]: "" for each in view["fields"]}
        return Answer(self.answers.pop(0), values, dict.fromkeys(values, secret))

    @property
    def headings(self) -> list[str]:
        """What was shown, by its headings."""
        return [view["heading"].replace("\u00a0", " ") for view in self.shown]

    def tools(self, at: int = -1) -> list[str]:
        """What stands under a form, by its actions."""
        return [each["action"] for each in self.shown[at]["tools"]]


def at_desk(*answers: str, folder: Path = Path("no-records")) -> tuple[AtDesk, Script]:
    """A person whose answers are known, and whose records stand in `folder`."""
    desk, script = AtDesk(), Script(*answers)
    desk.panel = script  # type: ignore[assignment]
    desk.settings = replace(gallery.SETTINGS, record=Record(folder=folder))
    return desk, script


async def test_she_goes_back_and_comes_again() -> None:
    """As far as the first screen that changes nothing, and forward by the same buttons."""
    desk, script = at_desk("done", "back", "done", "done")
    for step in ("structures", "structure"):
        assert await desk.screen(BY_ID[step])
    first, second = "À vous : Choisir la structure", "À vous : Trouver le compte technique"
    assert [first, second, first, second] == script.headings
    assert ["lost", "stop"] == script.tools(0)
    assert ["back", "lost", "stop"] == script.tools(1)


async def test_a_screen_that_is_asked_again_is_no_screen_before() -> None:
    """What a check found wrong stays the same screen."""
    desk, script = at_desk("done", "done")
    await desk.screen(BY_ID["structures"])
    await desk.screen(BY_ID["structures"], "Ce n'est pas cet écran.")
    assert ["lost", "stop"] == script.tools()


async def test_nobody_goes_back_over_the_reset() -> None:
    """After the point of no return, the screens before are gone; that it is passed is said once."""
    desk, script = at_desk("done", "done", "ok", "done", "done")
    await desk.screen(BY_ID["demande"])
    await desk.reset_by_hand(BY_ID["confirmation"], DEMO_ACCOUNT)
    await desk.new_password(DEMO_ACCOUNT)
    for step in TARGET_STEPS[:-1]:
        await desk.guide(step, ENTERING)
    assert [[], [], ["lost", "stop"], ["back", "lost", "stop"]] == [
        script.tools(at) for at in range(1, 5)
    ]
    assert ["Le mot de passe est changé" in view.get("notice", "") for view in script.shown] == [
        False,
        False,
        False,
        True,
        False,
    ]


async def test_she_does_not_find_it() -> None:
    """A picture, whom to call; then the same screen again."""
    desk, script = at_desk("lost", "found", "done")
    await desk.guide(TARGET_STEPS[0], ENTERING)
    assert ["Corail : Ouvrir les collectivités", "Vous ne trouvez pas ?"] == script.headings[:2]
    assert "svg" in script.shown[1]["body"] and "Mme Durand" in script.shown[1]["body"]
    assert script.headings[0] == script.headings[2]


async def test_what_is_shown_to_who_does_not_find_is_of_that_program() -> None:
    """No drawing of another one's screen, but what to look for."""
    desk, script = at_desk("lost", "found", "done")
    await desk.guide(TARGET_STEPS[0], replace(ENTERING, target=gallery.AGEDI))
    shown = script.shown[1]["body"]
    assert "svg" not in shown and "sous un nom voisin" in shown


async def test_she_can_always_stop_but_with_a_password_in_the_air() -> None:
    """« M'arrêter ici » is a pause, no accident; where stopping would lose the password it is not
    offered.
    """
    desk, _ = at_desk("stop")
    with pytest.raises(StoppedHere) as stopped:
        await desk.screen(BY_ID["structure"])
    assert isinstance(stopped.value, PersonNeeded) and "Reprendre" in stopped.value.text
    desk, script = at_desk("done", "ok", Keep.AGAIN.value)
    await desk.reset_by_hand(BY_ID["confirmation"], DEMO_ACCOUNT)
    await desk.new_password(DEMO_ACCOUNT)
    assert Keep.AGAIN is await desk.keep_trying(Secret("S3cret-encore"), ReleveError(), 1.0)
    assert [[], [], []] == [script.tools(at) for at in range(3)]


@pytest.mark.parametrize("action", ["yes", "no"])
async def test_the_notebook_itself_asks_whose_it_is(action: str) -> None:
    """Where no home page did; there is no third answer."""
    desk = AtDesk()
    asked = asyncio.ensure_future(desk.adopts(Claim("m.durand@mairie", "poste-3", "hier")))
    for _ in range(3):  # until it waits
        await asyncio.sleep(0)
    assert desk.panel is not None
    shown = desk.panel.view
    assert all(each in shown["body"] for each in ("m.durand@mairie", "poste-3", "hier"))
    assert ["yes", "no"] == [each["action"] for each in (*shown["buttons"], *shown["tools"])]
    desk.panel._heard(shown["turn"], Answer(action))
    assert (action == "yes") == await asked


async def test_before_one_begins_is_said_once() -> None:
    """A step that is attempted again does not begin again."""
    desk, script = at_desk("start")
    for _ in range(2):
        await desk.begin(questions.before(gallery.SETTINGS, DEMO_ACCOUNT, ""))
    assert ["Avant de commencer"] == script.headings


@pytest.mark.parametrize("login", ["xt012345", ""])
@pytest.mark.parametrize("rehearse", [True, False])
def test_only_what_is_needed_must_be_at_hand(login: str, rehearse: bool) -> None:
    """Not what the vault has, nor another account's program, nor any when nothing is changed."""
    other = Structure(siret(2), "Une autre", "TECH_1_2@cpro.fr", ("agedi",))
    structures = gallery.SETTINGS.structures | {siret(2): other}
    settings = replace(gallery.SETTINGS, structures=structures)
    told = questions.before(settings, DEMO_ACCOUNT, login, rehearse)["body"]
    assert bool(login) == ("mot de passe du portail" in told)
    assert rehearse == ("<li>Corail, ouvert\u00a0;</li>" not in told)
    assert rehearse == ("rien ne sera changé" in told) == ("non-retour" not in told)


def test_who_shares_the_account_is_named() -> None:
    """Each with its program; a structure that the settings do not know, by its number."""
    labels = [each["label"] for each in gallery.views()["gate shared"]["fields"]]
    named = f"Corail, {DEMO_NAME}, SIRET {gallery.DEMO_SIRET}"
    assert [named, f"Corail, structure {siret(2)}"] == labels


async def test_the_picture_of_who_is_lost_is_of_that_screen(tmp_path: Path) -> None:
    """Of the one on which the step is done, which the step before has reached."""
    record = RecordFolder.new(tmp_path, gallery.DEMO_SIRET)
    record.make()
    (record.path / FILE_NAME).touch()
    for name in ("02-portail", "03-accueil", "04-structures", "09-deconnexion"):
        (record.path / CAPTURES / f"{name}.png").write_bytes(name.encode())
    assert b"03-accueil" == last_picture(tmp_path, "structures")
    assert b"" == last_picture(tmp_path, "authentification")
    assert b"" == last_picture(tmp_path, TARGET_STEPS[0])


async def test_the_password_is_at_hand_until_it_is_proved() -> None:
    """With it in the vault, each question about the proof offers the copy; without, none does."""
    desk, script = at_desk("later", "later")
    desk.at_hand = lambda: Secret("S3cret-en-attente")
    assert "later" == (await desk.prove((gallery.CORAIL,), refused=False)).kind
    assert script.secret is desk.at_hand
    desk.at_hand = None
    await desk.prove((gallery.CORAIL,), refused=True)
    copies = [[b["action"] for b in view["buttons"] if b.get("hand")] for view in script.shown]
    assert [["copy", "show"], []] == copies
