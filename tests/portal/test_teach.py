"""« Montrez-moi »: what was shown once is found again when all its evidence agrees, and only then;
the profile holds words and kinds; an irreversible button is not pressed by the run that learnt it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from fixtures_rotation import DEMO_SIRET, Scene, a_desk
from playwright.async_api import Browser, Page
from releve.base.settings import load
from releve.base.words import Learned
from releve.decision.procedure import Step
from releve.portal import profile
from releve.portal.case import Lesson
from releve.portal.profile import BadProfile, Profile
from releve.rotation.prompts import Unattended
from releve.school.people import DEMO_ACCOUNT, DEMO_NAME
from test_login_codes import rotate

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("one_browser")]

BUTTON = "Réinitialiser le mot de passe (utilisateur technique)"
WHERE = {
    "Activités du gestionnaire": "Espace de travail",
    "Mes structures": "Mon périmètre",
    BUTTON: "Renouveler",
    "Confirmer": "Procéder",
}
"""What the documented words became, on a portal that nobody here has seen."""


class AtHerDesk(Unattended):
    """Points at what stands there in place of the document's words; clicks what is left to her."""

    interactive = True

    def __init__(self, chromium: Browser, **shows: str) -> None:
        super().__init__(approve=True, reset_again=False)
        self.chromium, self.asked, self.told = chromium, list[Lesson](), list[str]()
        self.shows = WHERE | {key.replace("_", " "): text for key, text in shows.items()}
        self.by_hand = list[str]()
        self.no: list[bool] = []

    @property
    def page(self) -> Page:
        return self.chromium.contexts[-1].pages[-1]

    async def point_at(self, asked: Lesson) -> bool:
        self.asked.append(asked)
        return len(self.asked) < 12

    async def pointing(self, asked: Lesson) -> None:
        text = self.shows[asked.label]
        box = None
        for each in (
            await self.page.get_by_text(text, exact=True).or_(self.page.get_by_title(text)).all()
        ):
            if not box and await each.is_visible():
                await each.scroll_into_view_if_needed()
                box = await each.bounding_box()
        assert box is not None, asked
        await self.page.wait_for_selector("[data-releve-glass]", state="attached")
        await self.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        await asyncio.Event().wait()

    async def is_it(self, asked: Lesson, told: str, picture: bytes) -> bool:
        self.told.append(told)
        assert picture.startswith(b"\x89PNG")
        return not (self.no and self.no.pop(0))

    async def screen(self, step: Step, doubt: str = "") -> bool:
        self.by_hand.append(step.id)
        await self.page.get_by_role("button", name=WHERE[BUTTON]).first.click()
        return True

    async def reset_by_hand(self, step: Step, account: str) -> bool:
        self.by_hand.append(step.id)
        await self.page.get_by_role("button", name=WHERE["Confirmer"]).click()
        return True


@pytest.fixture
def windowed(scene: Scene, tmp_path: Path) -> Iterator[Scene]:
    """A person has a window, and a configuration folder of her own."""
    with a_desk(tmp_path / "config"):
        yield scene


def kept(scene: Scene) -> Profile:
    """What the profile holds now."""
    return profile.read(profile.path(load(scene.settings(), scene.outputs)))


def labels(person: AtHerDesk) -> list[str]:
    """What she was asked for."""
    return [each.label for each in person.asked]


async def test_shown_once_it_is_done_alone_the_next_time(
    windowed: Scene, chromium: Browser
) -> None:
    """Three screens whose words nobody foresaw: shown in one run, found by themselves in the next;
    the profile has no name, number or address in it.
    """
    for old in ("Activités du gestionnaire", "Mes structures"):
        windowed.faults.renamed_labels[old] = WHERE[old]
    first = AtHerDesk(chromium)
    assert None is await rotate(windowed, first)
    assert ["Activités du gestionnaire", "Mes structures"] == labels(first)
    assert {"home.manager", "structures.title"} == {*kept(windowed).controls}
    written = profile.path(load(windowed.settings(), windowed.outputs)).read_text(encoding="utf-8")
    for canary in (DEMO_SIRET, DEMO_NAME, DEMO_ACCOUNT, "127.0.0.1", "http", *windowed.secrets()):
        assert canary not in written
    done = await windowed.walk(again=True)
    assert (0, 2) == (done.code, windowed.resets()), done.text


@pytest.mark.long
async def test_the_irreversible_buttons_are_hers_in_the_run_that_learnt_them(
    windowed: Scene, chromium: Browser
) -> None:
    """Relève presses neither in that run; in the next one it does, with nobody there."""
    windowed.faults.renamed_labels = {each: WHERE[each] for each in (BUTTON, "Confirmer")}
    person = AtHerDesk(chromium)
    assert None is await rotate(windowed, person)
    assert (["demande", "confirmation"], 1) == (person.by_hand, windowed.resets())
    assert windowed.three_places_agree()
    assert {"reset.button", "reset.confirm"} == {*kept(windowed).controls}
    done = await windowed.walk(again=True)
    assert (0, 2) == (done.code, windowed.resets()), done.text


@pytest.mark.long
async def test_what_has_changed_since_stops_a_run_without_a_person(
    windowed: Scene, chromium: Browser
) -> None:
    """Then and now side by side, code 4, and nothing was asked of the portal."""
    windowed.faults.renamed_labels["Activités du gestionnaire"] = "Espace de travail"
    assert None is await rotate(windowed, AtHerDesk(chromium))
    windowed.faults.renamed_labels["Activités du gestionnaire"] = "Gestion"
    stopped = await windowed.walk(again=True)
    assert ("ControlChanged", 4, 1) == (stopped.error, stopped.code, windowed.resets())
    assert "« Espace de travail »" in stopped.text and "« Gestion »" in stopped.text


@pytest.mark.long
async def test_a_no_binds(windowed: Scene, chromium: Browser) -> None:
    """What she refused is kept as such, and is never it; the right one can still be shown."""
    windowed.faults.renamed_labels["Activités du gestionnaire"] = "Espace de travail"
    person = AtHerDesk(chromium, Activités_du_gestionnaire="Historique de mes actions")
    person.no = [True]

    async def then(asked: Lesson) -> bool:
        person.asked.append(asked)
        if len(person.asked) > 1:
            person.shows["Activités du gestionnaire"] = "Espace de travail"
        return True

    with patch.object(person, "point_at", then):
        assert None is await rotate(windowed, person)
    assert "jamais" in person.asked[1].problem
    assert ["Historique de mes actions"] == [
        each.words for each in kept(windowed).refused["home.manager"]
    ]
    assert "Espace de travail" == kept(windowed).controls["home.manager"].words


# -- the profile's file and its command

SHOWN = Learned("Espace de travail", "press a", "", "", "main")


def asked(scene: Scene, *args: str) -> tuple[int, dict[str, object]]:
    """`releve profile … --json`: its code, and its document, valid by its schema."""
    from test_json import valid

    ended = scene.releve("--json", "profile", *args)
    document = json.loads(ended.stdout)
    valid("profile", document)
    assert ended.returncode == document["code"], ended
    return ended.returncode, document


async def test_an_icon_is_kept_by_what_stands_beside_it(windowed: Scene) -> None:
    """It has no word of its own."""
    settings = load(windowed.settings(), windowed.outputs)
    icon = Learned("", "press a", "Fiche", "above")
    profile.keep(settings.portal.url, "structures.edit", icon)
    assert {"structures.edit": icon} == kept(windowed).controls


async def test_an_agency_teaches_once_and_hands_the_file_on(windowed: Scene) -> None:
    """Shown, exported, forgotten, taken over: the difference is asked; the day stays at home."""
    settings = load(windowed.settings(), windowed.outputs)
    profile.keep(settings.portal.url, "home.manager", SHOWN)
    profile.refuse(settings.portal.url, "home.manager", Learned("Historique", "press a"))
    file = windowed.folder / "profil.toml"
    code, told = asked(windowed, "show")
    assert (0, "home.manager") == (code, told["controls"][0]["key"])  # type: ignore[index]
    assert 0 == asked(windowed, "export", str(file))[0]
    assert "127.0.0.1" not in file.read_text(encoding="utf-8")
    assert 4 == asked(windowed, "forget")[0]
    assert ["home.manager"] == asked(windowed, "forget", "Accueil")[1]["forgotten"]
    assert Profile() == kept(windowed)
    assert 4 == asked(windowed, "import", str(file))[0]
    assert Profile() == kept(windowed)
    assert ["home.manager"] == asked(windowed, "import", str(file), "--yes")[1]["added"]
    assert {"home.manager": SHOWN} == kept(windowed).controls and kept(windowed).refused
    assert [] == asked(windowed, "import", str(file))[1]["added"]
    assert 0 == asked(windowed, "forget", "--yes")[0]
    assert 2 == asked(windowed, "forget", "Nulle part")[0]
    assert 2 == asked(windowed, "import", str(windowed.folder / "absent.toml"))[0]


@pytest.mark.parametrize(
    "text",
    [
        'x = "y"',
        '[controls."trouble.locked"]\nwords = "a"\nrole = "press a"',
        '[controls."home.manager"]\nwords = "voir 21990001600011"\nrole = "press a"',
        '[controls."home.manager"]\nwords = "anne@exemple.fr"\nrole = "press a"',
        '[controls."home.manager"]\nwords = "https://exemple.fr"\nrole = "press a"',
        '[controls."home.manager"]\nrole = "press a"',
        '[controls."home.manager"]\nwords = 1\nrole = "press a"',
        '[controls."home.manager"]\nwords = "a"\nrole = "press a"\nscript = "b"',
        "controls = 3",
        "[[controls]]",
        "= =",
    ],
)
async def test_a_profile_of_a_stranger_holds_words_only(tmp_path: Path, text: str) -> None:
    """Anything else is refused, whole."""
    file = tmp_path / "profil.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadProfile):
        profile.read(file)
