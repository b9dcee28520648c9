"""« Montrez-moi », in a real JupyterLab with the portal's window on a screen: a portal that calls
everything otherwise is learnt in one rotation, and the next one asks nothing.

The person clicks with the mouse where she sees a word: the portal's pages tell the test where they
draw it, and nothing else does.
"""

from __future__ import annotations

import json
import re
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import jinja2
import pytest
import tornado.web
from fixtures_lab import Desk, lab
from fixtures_rotation import LOGIN, PASSWORD, open_scene
from fixtures_screen import Screen
from fixtures_shell import GATE, PROOF, a_window
from playwright.sync_api import Browser, expect
from releve.portal.profile import read
from releve.school import World
from releve.school.people import DEMO_ACCOUNT, DEMO_SIRET
from releve.school.web import TEMPLATES, Skin

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

OTHER = {
    "Identifiant": "Matricule",
    "Connexion": "Entrer",
    "Chorus Pro": "Facturation",
    "Se connecter": "Rejoindre",
    "Activités du gestionnaire": "Attelage",
    "Mes structures": "Portefeuille",
    "Modification de la structure": "Dossier",
    "Utilisateurs rattachés à la structure": "Personnes",
    "Réinitialiser le mot de passe (utilisateur technique)": "Renouveler",
    "Confirmer": "Approuver",
    "Se déconnecter": "Sortir",
}
"""What this portal says in place of the document's words."""
QUESTIONS = f"Avant de commencer|Déjà renouvelé|Montrez-moi|{GATE}|À vous|{PROOF}|s'est arrêtée"
WIDE, HIGH, STRIP = 1280, 620, 40
"""The page in its window, and what the strip at its foot covers."""
TELLS = f"""<script>setInterval(() => {{
  const drawn = [];
  for (const el of document.querySelectorAll('body *')) {{
    const own = [...el.childNodes].filter(n => n.nodeType === 3).map(n => n.nodeValue.trim());
    const box = el.getBoundingClientRect(), y = box.top + box.height / 2;
    const shown = el.checkVisibility({{ visibilityProperty: true }});
    if (shown && y > 0 && y < {HIGH - STRIP}) drawn.push([own.join(''), box.left + 20, y]);
  }}
  navigator.sendBeacon('/vu', JSON.stringify(drawn));
}}, 300);</script>"""
Drawn = list[tuple[str, float, float]]
SEEN: dict[str, Drawn] = {}
"""By the address of the page: a tab behind another one tells too."""


class Seen(tornado.web.RequestHandler):
    """Where each text stands in the page that is in sight."""

    def initialize(self, desk: object) -> None:
        """Nothing of the school's is needed."""

    def post(self) -> None:
        """Keep the latest."""
        SEEN[self.request.headers["Origin"]] = json.loads(self.request.body)


def drawn(word: str) -> list[tuple[float, float]]:
    """Where it stands."""
    return [(x, y) for page in SEEN.values() for text, x, y in page if text == word]


def tells() -> Skin:
    """The school's own pages, which tell where they draw what."""

    class Telling(jinja2.Template):
        def render(self, *args: object, **facts: object) -> str:
            return super().render(*args, **facts).replace("</body>", f"{TELLS}</body>")

    templates = TEMPLATES.overlay()
    templates.globals = dict(TEMPLATES.globals)
    templates.template_class = Telling
    return Skin(templates, {site: [("/vu", Seen)] for site in ("pigp", "chorus", "idp")})


@dataclass
class AtTheScreen:
    """A person with JupyterLab before her, and the portal's window when it comes forward."""

    desk: Desk
    screen: Screen
    asked: list[str] = field(default_factory=list)
    by_hand: list[str] = field(default_factory=list)

    def rotation(self) -> None:
        """From the home page to the green end, whatever is asked on the way."""
        self.desk.press("Mots de passe", "Commencer pour")
        end = self.desk.page.locator("section.rv-done").filter(visible=True)
        question = self.desk.panel(QUESTIONS)
        while True:
            expect(end.or_(question).first).to_be_visible()
            if end.count():
                return
            self.answer(question.get_by_role("heading").first.inner_text())

    def answer(self, heading: str) -> None:
        """One question; returns once it is gone."""
        if heading == "Montrez-moi":
            self.shows()
            return
        if heading == GATE:
            self.desk.confirm(DEMO_SIRET)
        elif heading.startswith("À vous"):
            self.by_hand.append(heading)
            self.click("Approuver" if "confirmez" in heading else "Renouveler")
            self.desk.press("^À vous", "C'est fait")
        else:
            button = {"Avant": "Tout est prêt", "Déjà": "Recommencer"}.get(heading.split()[0])
            assert button or re.search(PROOF, heading), self.desk.panel(heading).inner_text()
            self.desk.press(heading, button or "factures arrivent")
        same = r"\s".join(map(re.escape, heading.split()))
        expect(self.desk.panel(f"^{same}$")).to_have_count(0)

    def shows(self) -> None:
        """She is asked for something, and points at it, unless it is not on that page."""
        question = self.desk.panel("^Montrez-moi$")
        asked = question.inner_text()
        label = re.search(r"Montrez à Relève «\s(.+?)\s»", asked)
        assert label and "ne saurait pas" not in asked, asked
        word = OTHER[label[1].split(",")[0]]
        if label[1] == "Confirmer":
            assert [] == self.screen.windows("Chromium"), "she could click it, unannounced"
        elif not self.sees(word):
            self.desk.press("^Montrez-moi$", "Je ne le vois pas")
            expect(question.get_by_text(re.compile(f"Relève «\\s{label[1]}"))).to_have_count(0)
            return
        self.asked.append(label[1])
        self.desk.press("^Montrez-moi$", "Le montrer")
        self.desk.panel("Cliquez dans la fenêtre du portail").wait_for()
        self.click(word)
        self.desk.press("^Est-ce bien", "Oui, c'est cela")
        expect(self.desk.panel("^Est-ce bien")).to_have_count(0)

    def click(self, word: str) -> None:
        """Where she sees it; of several, on the line of her account."""
        places = self.sees(word)
        assert places, f"she does not see « {word} »"
        line = [y for _, y in drawn(DEMO_ACCOUNT)]
        x, y = min(places, key=lambda place: abs(place[1] - line[0]) if line else 0)
        left, top, width, height = self.screen.box("Chromium")
        edge = (width - WIDE) // 2
        self.screen.click(round(left + edge + x), round(top + height - edge - HIGH + y))

    def sees(self, word: str) -> list[tuple[float, float]]:
        """Where it stands in the page, which she goes through down and up again."""
        for down in (None, True, True, True, False, False, False):
            if down is not None:
                self.screen.turn_wheel(down=down)
            SEEN.clear()
            until = time.monotonic() + 3
            while not drawn(word) and time.monotonic() < until:
                time.sleep(0.05)
            time.sleep(0.7)  # a page that still moves is told of once more
            if drawn(word):
                return drawn(word)
        return []


def test_a_portal_that_nothing_recognises_is_learnt_in_one_rotation(
    screen: Screen, person: Browser
) -> None:
    """From an empty profile to a second rotation that asks nothing."""
    world = World(password=PASSWORD, login=LOGIN, demo_account=DEMO_ACCOUNT)
    with tempfile.TemporaryDirectory() as folder, open_scene(Path(folder), world, tells()) as scene:
        scene.faults.renamed_labels = OTHER
        options = ("--settings", str(scene.settings()), "--outputs", str(scene.outputs))
        with lab(scene.environment | screen.environment, *options) as running:
            window = a_window(person)
            desk = Desk(window.new_page(), running)
            desk.open_home()
            first = AtTheScreen(desk, screen)
            first.rotation()
            assert 6 <= len(first.asked) == len({*first.asked}), first.asked
            assert 2 == len(first.by_hand), "the irreversible buttons are hers"
            desk.go_home()
            second = AtTheScreen(desk, screen)
            second.rotation()
            assert [] == second.asked == second.by_hand
            window.close()
            (profile,) = running.home.glob("config/releve/profiles/*.toml")
            assert len(first.asked) == len(read(profile).controls)
            assert world.manager.name not in profile.read_text(encoding="utf-8")
        assert 2 == scene.resets()
        assert scene.three_places_agree()
        assert [] == scene.leaks()
