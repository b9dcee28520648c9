"""One perfect renewal in a real JupyterLab, by somebody who does not see it: by the keyboard and
the accessibility tree alone, in few words, and with nothing that axe-core finds.
"""

from __future__ import annotations

import os
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from fixtures_lab import Desk, lab
from fixtures_rotation import Scene, other_modes, umask
from playwright.sync_api import Page, expect
from releve.decision import events as ev
from releve.record.folder import all_records
from releve.school.people import DEMO_ACCOUNT, DEMO_SIRET

pytestmark = pytest.mark.timeout(280)

PROCEDURE_WORDS = 278  # the document that this replaces, counted by hand
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
PRESSES = 8
DIGITS = "the four digits, and Enter"

# Every line of the notebook that is in sight at any time is read once.
_READ = """() => {
  globalThis.readLines = new Set();
  setInterval(() => document.querySelectorAll('.jp-Notebook').forEach(each => {
    if (each.offsetParent && !each.closest('.releve-home'))
      each.innerText.split('\\n').forEach(line => globalThis.readLines.add(line.trim()));
  }), 50);
}"""

# What is heard at each form, and what is pressed.
SCRIPT = [
    (
        "Avant de commencer",
        """
        - region "Avant de commencer":
          - paragraph:
            - progressbar "0 sur 12"
          - heading "Avant de commencer" [level=3]
          - paragraph: "Ayez sous la main :"
          - list:
            - listitem: Corail, ouvert ;
            - listitem: dix minutes ;
            - listitem: "qui appeler en cas de doute : Mme Durand, 05 00 00 00 00."
          - paragraph: Rien n'est changé avant le point de non-retour, qui sera annoncé.
          - button "Tout est prêt"
          - button "M'arrêter ici"
          - button "Imprimer"
        """,
        "Tout est prêt",
    ),
    (
        "Point de non-retour",
        """
        - region "Point de non-retour":
          - paragraph:
            - progressbar "5 sur 12"
          - heading "Point de non-retour" [level=3]
          - table:
            - rowgroup:
              - row "Structure Commune d'Exemple, SIRET 21990001600011"
              - row "Compte technique TECH_1_12345678@cpro.fr"
              - row "Utilisé par Corail"
          - text: /l'ancien mot de passe ne fonctionne plus/
          - textbox /tapez les quatre derniers chiffres du SIRET/
          - button "Réinitialiser le mot de passe"
          - button "M'arrêter ici"
          - button "Imprimer"
        """,
        DIGITS,
    ),
    (
        "Corail : Ouvrir les collectivités",
        """
        - 'region "Corail : Ouvrir les collectivités"':
          - paragraph:
            - progressbar "9 sur 12"
          - paragraph:
            - strong: Le mot de passe est changé, et en sûreté.
            - text: "Corail ne reçoit plus de factures : encore 3 écrans, cinq minutes."
          - 'heading "Corail : Ouvrir les collectivités" [level=3]'
          - paragraph: Dans le menu « Environnement », sélectionnez « Gestion des collectivités ».
          - img "Menu Environnement, puis Gestion des collectivités"
          - button "C'est fait"
          - button "Je ne trouve pas"
          - button "M'arrêter ici"
          - button "Imprimer"
        """,
        "C'est fait",
    ),
    (
        "Corail : Ouvrir la facture",
        """
        - 'region "Corail : Ouvrir la facture dématérialisée"':
          - paragraph:
            - progressbar "10 sur 12"
          - 'heading "Corail : Ouvrir la facture dématérialisée" [level=3]'
          - paragraph: "Onglet « Transfert », « Facture dématérialisée » : cliquez sur l'icône."
          - img "Onglet Transfert, puis l'icône de Facture dématérialisée"
          - button "C'est fait"
          - button "Revenir"
          - button "Je ne trouve pas"
          - button "M'arrêter ici"
          - button "Imprimer"
        """,
        "C'est fait",
    ),
    (
        "Corail : Entrer",
        """
        - 'region "Corail : Entrer le nouveau mot de passe"':
          - paragraph:
            - progressbar "11 sur 12"
          - 'heading "Corail : Entrer le nouveau mot de passe" [level=3]'
          - list:
            - listitem: « Copier le mot de passe » ;
            - listitem:
              - strong: TECH_1_12345678@cpro.fr
              - strong: dernière cellule
            - listitem: collez (Ctrl + V), puis « Valider ».
          - img "Dernière cellule de la grille, sous Mot de passe, puis Valider"
          - button "Copier le mot de passe"
          - button "Le voir une minute"
          - button "C'est validé dans Corail"
        """,
        "Copier le mot de passe",
    ),
    (
        "Corail : Entrer",
        """
        - 'region "Corail : Entrer le nouveau mot de passe"':
          - button "C'est validé dans Corail"
          - status: /Copié .* Le presse-papiers sera vidé dans 45 secondes/
        """,
        "C'est validé dans Corail",
    ),
    (
        "fonctionne-t-il",
        """
        - region "Le nouveau mot de passe fonctionne-t-il ?":
          - paragraph:
            - progressbar "12 sur 12"
          - heading "Le nouveau mot de passe fonctionne-t-il ?" [level=3]
          - paragraph: "Dans Corail, lancez une récupération de factures Chorus Pro :"
          - button "Les factures arrivent"
          - button "Copier de nouveau le mot de passe"
          - button "Le voir une minute"
          - 'button "Pas encore : je reviendrai"'
          - button "C'est refusé"
          - button "Terminer sans essayer"
        """,
        "Les factures arrivent",
    ),
]


class Listener:
    """Somebody who hears each form as a screen reader says it, and has no mouse."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.keys, self.pressed = desk, desk.page.keyboard, 0

    def hears(self, heading: str, script: str) -> None:
        """The form says exactly that: roles, names, order."""
        form = self.desk.panel(heading)
        expect(form).to_match_aria_snapshot(script)
        self.checks()

    def checks(self) -> None:
        """What is ours in the page, as axe-core sees it in JupyterLab."""
        found = Axe().run(self.desk.page, context=".rv")
        told = [(each["id"], each["nodes"][0]["html"]) for each in found.response["violations"]]
        assert [] == told

    def presses(self, button: str) -> None:
        """Reach the button by Tab, and press it."""
        self.desk.tab_to(button)
        self.keys.press("Enter")
        self.pressed += 1


def test_a_whole_renewal_is_heard_and_done_by_the_keyboard(scene: Scene, page: Page) -> None:
    """What she hears, what she presses; at most twice the document's words, and eight presses."""
    scene.structure = {"technical_account": DEMO_ACCOUNT, "targets": ["corail"]}
    settings = scene.settings()
    contact = 'contact = "Mme Durand, 05 00 00 00 00"'
    settings.write_text(f"{contact}\n{settings.read_text(encoding='utf-8')}", encoding="utf-8")
    options = ("--settings", str(settings), "--outputs", str(scene.outputs))
    with umask(0), lab(scene.environment, *options) as running:
        desk = Desk(page, running)
        desk.open_home()
        page.evaluate(_READ)
        she = Listener(desk)
        she.checks()
        she.presses("Commencer pour")
        for heading, script, press in SCRIPT:
            she.hears(heading, script)
            if press == DIGITS:
                she.keys.type(DEMO_SIRET[-4:])
                she.keys.press("Enter")
                she.pressed += 1
                continue
            she.presses(press)
            if press.startswith("Copier"):
                expect(desk.panel(heading).get_by_role("status")).to_contain_text("Copié")
                scene.world.corail_save(DEMO_SIRET, page.evaluate("navigator.clipboard.readText()"))
        desk.ended()
        she.checks()
        pictures = page.locator(".jp-OutputArea img")
        assert pictures.count() and pictures.evaluate_all("all => all.every(each => each.alt)")
        assert PRESSES == she.pressed
        read = page.evaluate("[...globalThis.readLines]")
        assert 1 == scene.resets()
        assert scene.three_places_agree()
    words = [word for line in read for word in WORD.findall(line)]
    assert len(words) <= 2 * PROCEDURE_WORDS, " / ".join(read)
    (record,) = all_records(scene.outputs)
    modes = [e.event.mode for e in record.entries() if isinstance(e.event, ev.StepDone)]
    assert "manual" in modes and "automatic" in modes
    assert os.name == "nt" or [] == other_modes(scene.outputs)
