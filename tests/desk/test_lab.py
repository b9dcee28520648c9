"""The walkthrough in a real JupyterLab and a real Chromium: a test clicks and types as the
secretary would.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from fixtures_lab import Desk, lab
from fixtures_rotation import LOGIN, PASSWORD, Scene, other_modes, umask
from fixtures_shell import a_person
from playwright.sync_api import Browser, Page, expect
from releve.base.secret import Secret
from releve.decision import events as ev
from releve.headless.run import model
from releve.record.folder import RecordFolder, all_records
from releve.school.people import DEMO_ACCOUNT, DEMO_NAME, DEMO_SIRET

pytestmark = pytest.mark.timeout(280)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for the person; each test has windows of its own."""
    with a_person() as browser:
        yield browser


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A window of the usual size of a small laptop, that may use the clipboard."""
    context = chromium.new_context(
        viewport={"width": 1366, "height": 768},
        locale="fr-FR",
        permissions=["clipboard-read", "clipboard-write"],
    )
    yield context.new_page()
    context.close()


def keep_widget_state(home: Path) -> None:
    """Turn on "save widget state automatically", which writes what widgets hold into the notebook.
    """
    folder = home / "state/releve/lab/settings/@jupyter-widgets/jupyterlab-manager"
    folder.mkdir(parents=True)
    (folder / "plugin.jupyterlab-settings").write_text('{"saveState": true}')


def the_record(scene: Scene) -> RecordFolder:
    """The only record there is."""
    (record,) = all_records(scene.outputs)
    return record


def saved_cell(scene: Scene, name: str) -> dict[str, object]:
    """A cell of the notebook on the disk; nothing while JupyterLab, which writes in place, is at
    it.
    """
    with suppress(ValueError):
        notebook = json.loads(
            (the_record(scene).path / "rotation.ipynb").read_text(encoding="utf-8")
        )
        found: dict[str, object] = next(cell for cell in notebook["cells"] if cell["id"] == name)
        return found
    return {}


def check_finished(scene: Scene, home: Path) -> list[ev.Event]:
    """Three places agree, the record is intact, and no file of the records or of JupyterLab holds a
    secret; the record's events.
    """
    assert scene.three_places_agree()
    assert [] == scene.leaks()
    assert [] == scene.leaks(home)
    verified = subprocess.run(
        scene.command("verify"), env=scene.environment, capture_output=True, text=True, check=False
    )
    assert "Tout est intact" in verified.stdout, verified.stdout
    notebook = json.loads((the_record(scene).path / "rotation.ipynb").read_text(encoding="utf-8"))
    assert "widgets" not in notebook["metadata"]
    assert "widget-view" not in json.dumps(notebook)
    return [entry.event for entry in the_record(scene).entries()]


def sign_in(desk: Desk, password: str, *, keep: bool = False) -> None:
    """Type the portal's password."""
    form = desk.panel("Votre mot de passe du portail")
    form.get_by_label(re.compile("^Mot de passe")).fill(password)
    form.get_by_label(re.compile("coffre")).set_checked(keep)
    form.get_by_role("button", name="Se connecter").click()


def finish(desk: Desk) -> None:
    """Attest the proof, and wait for the seal."""
    desk.press("fonctionne-t-il", "factures arrivent")
    desk.ended()


@pytest.mark.long
def test_from_nothing_to_a_finished_rotation(scene: Scene, page: Page) -> None:
    """From an empty settings folder to a sealed record, without a mouse; the password typed and
    kept; slips in the form and at the gate.
    """
    settings = scene.folder / "releve.toml"
    scene.keystore.portal_password(LOGIN).delete()
    with lab(
        scene.environment, "--settings", str(settings), "--outputs", str(scene.outputs)
    ) as running:
        keep_widget_state(running.home)
        desk, keys = Desk(page, running), page.keyboard
        desk.open_home()
        form = desk.panel("Premier démarrage")
        for label, text in (
            ("Nom de la structure", DEMO_NAME),
            ("SIRET", "21990001600012"),
            ("Compte", DEMO_ACCOUNT),
            ("identifiant", LOGIN),
        ):
            desk.tab_to(label)
            keys.type(text)
        desk.tab_to("Enregistrer")
        keys.press("Enter")
        expect(form.get_by_role("alert")).to_contain_text("Ce SIRET ne convient pas")
        expect(form.get_by_label("SIRET")).to_be_focused()
        keys.type("219 900 016 00011")
        keys.press("Enter")
        expect(desk.panel("Mots de passe")).to_contain_text(DEMO_NAME)
        assert f'technical_account = "{DEMO_ACCOUNT}"' in settings.read_text(encoding="utf-8")

        scene.settings()  # the same structure, on the school
        desk.tab_to("Commencer pour")
        keys.press("Enter")
        expect(desk.panel("Avant de commencer")).to_be_focused()
        desk.tab_to("Tout est prêt")
        keys.press("Enter")
        expect(
            desk.panel("Votre mot de passe du portail").get_by_label(re.compile("^Mot de passe"))
        ).to_be_focused()
        keys.type(PASSWORD)
        desk.tab_to("coffre")
        keys.press("Space")
        desk.tab_to("Se connecter")
        keys.press("Enter")
        gate = desk.panel("Point de non-retour")
        expect(gate.get_by_label(re.compile("quatre derniers"))).to_be_focused()
        keys.type("1234")
        keys.press("Enter")
        expect(gate.get_by_role("alert")).to_contain_text(
            "Ce ne sont pas les quatre derniers chiffres"
        )
        ids = page.locator(".rv [id]").evaluate_all("all => all.map(each => each.id)")
        assert len(ids) == len(set(ids))  # a label of one form never names the field of another
        assert 0 == scene.resets()
        desk.confirm(DEMO_SIRET)
        expect(desk.panel("fonctionne-t-il")).to_be_focused()
        keys.press("Enter")  # once too often: no answer is given by chance
        desk.tab_to("factures arrivent")
        keys.press("Enter")
        desk.ended()
        expect(desk.go_home()).to_contain_text("réussi, vérifié par vous")

        events = check_finished(scene, running.home)
        assert 1 == scene.resets()
        assert scene.keystore.portal_password(LOGIN).get() == Secret(PASSWORD)
        assert [ev.GateGiven("cible", "widget")] == [
            event for event in events if isinstance(event, ev.GateGiven)
        ]
        assert (the_record(scene).path / "echeance.ics").read_text().startswith("BEGIN:VCALENDAR")


class Portal:
    """The same person in a browser of her own, on the portal and in Corail, by hand."""

    def __init__(self, page: Page, scene: Scene) -> None:
        self.page, self.scene = page, scene

    def authentification(self) -> None:
        self.page.goto(self.scene.school.urls.portal)
        self.page.get_by_label("Identifiant").fill(LOGIN)
        self.page.get_by_label("Mot de passe").fill(PASSWORD)
        self.page.get_by_role("button", name="Connexion").click()

    def portail(self) -> None:
        with self.page.context.expect_page() as opened:
            self.page.get_by_role("link", name="Chorus Pro").click()
        self.page = opened.value
        self.page.get_by_role("link", name="Se connecter").click()

    def accueil(self) -> None:
        self.page.get_by_role("link", name="Activités du gestionnaire").first.click()

    def structures(self) -> None:
        self.page.get_by_role("searchbox").fill(DEMO_SIRET)
        self.page.get_by_role("button", name="Rechercher").click()
        self.page.get_by_role("link", name=f"Modifier la structure {DEMO_NAME}").click()

    def structure(self) -> None:
        self.page.get_by_role("button", name="Utilisateurs rattachés").click()

    def demande(self) -> None:
        row = self.page.get_by_role("row").filter(has_text=DEMO_ACCOUNT)
        row.get_by_role("button", name=re.compile("initialiser|enouveler")).click()

    def confirmation(self) -> None:
        self.page.get_by_role("dialog").get_by_role("button", name="Confirmer").click()

    def password(self) -> str:
        return self.page.get_by_label("Mot de passe").inner_text()

    def corail(self, password: str) -> None:
        self.scene.world.corail_save(DEMO_SIRET, password)


SCREENS = ("authentification", "portail", "accueil", "structures", "structure")


def give_new_password(desk: Desk, password: str) -> None:
    """Type the new password twice, the second time wrong at first."""
    form = desk.panel("À vous : le nouveau mot de passe")
    for second in (password + "x", password):
        form.get_by_label(re.compile("^Nouveau")).fill(password)
        form.get_by_label(re.compile("^Une seconde")).fill(second)
        form.get_by_role("button", name="Garder").click()
        if second != password:
            expect(form.get_by_role("alert")).to_contain_text("diffèrent")


def enter_in_corail(desk: Desk, portal: Portal, page: Page) -> None:
    """The three guided pages."""
    desk.press("Corail : Ouvrir les", "C'est fait")
    desk.press("Corail : Ouvrir la", "C'est fait")
    paste_in_corail(desk, portal, page)


def paste_in_corail(desk: Desk, portal: Portal, page: Page) -> None:
    """The last page, the password by the clipboard."""
    desk.press("Corail : Entrer", "Copier le mot de passe")
    expect(desk.panel("Corail : Entrer").get_by_role("status")).to_contain_text("Copié")
    portal.corail(page.evaluate("navigator.clipboard.readText()"))
    desk.press("Corail : Entrer", "C'est validé")


@pytest.mark.long
def test_every_step_by_hand(scene: Scene, page: Page, chromium: Browser) -> None:
    """No automation at all, a tab closed, a kernel restarted, and JupyterLab opened anew the next
    day: one reset, a full record.
    """
    scene.structure = {"technical_account": DEMO_ACCOUNT, "targets": ["corail"]}
    scene.more = "[record]\nshared = true\n"
    portal = Portal(chromium.new_page(), scene)
    options = ("--settings", str(scene.settings()), "--outputs", str(scene.outputs))
    with umask(0o077), lab(scene.environment, *options) as running:
        keep_widget_state(running.home)
        desk = Desk(page, running)
        desk.open_home()
        desk.press("Mots de passe", "Tout faire à la main")
        desk.press("Avant de commencer", "Tout est prêt")
        for step in SCREENS:
            desk.by_hand(step).wait_for()
            getattr(portal, step)()
            desk.by_hand(step).get_by_role("button", name="C'est fait").click()
        desk.confirm(DEMO_SIRET)

        desk.by_hand("demande").wait_for()
        while "widget-view" not in json.dumps(saved_cell(scene, "demande")):
            page.wait_for_timeout(100)  # saved half a second after the last change
        page.close()
        page = page.context.new_page()
        desk = Desk(page, running)
        desk.open_home()
        desk.press("Mots de passe", "Reprendre")
        portal.demande()
        desk.by_hand("demande").get_by_role("button", name="C'est fait").click()
        expect(desk.panel("À vous : confirmez")).to_contain_text(DEMO_ACCOUNT)
        portal.confirmation()
        desk.press("À vous : confirmez", "C'est fait")
        new = portal.password()
        give_new_password(desk, new)
        desk.by_hand("deconnexion").get_by_role("button", name="C'est fait").click()
        desk.panel("Corail : Ouvrir les").wait_for()
        desk.restart_and_run_all()
        expect(desk.panel("Corail : Ouvrir les")).to_have_count(
            0
        )  # that of the kernel that is gone
        enter_in_corail(desk, portal, page)
        desk.press("fonctionne-t-il", "C'est refusé")
        expect(desk.panel("fonctionne-t-il")).to_contain_text("Un espace en trop")
        desk.press("fonctionne-t-il", "Pas encore")
        desk.printed("La preuve est remise à plus tard")
        expect(page.locator(".releve-paused")).to_have_count(1)  # no accident, and no colour of one
        assert [] == scene.leaks(running.home)

    with lab(scene.environment, *options) as running:  # the next day
        keep_widget_state(running.home)
        desk = Desk(page.context.new_page(), running)
        desk.open_home()
        desk.press("Mots de passe", "Reprendre")
        desk.press("fonctionne-t-il", "Copier de nouveau")  # at hand until it is proved
        status = desk.panel("fonctionne-t-il").get_by_role("status")
        expect(status).to_contain_text("Copié")
        assert new == desk.page.evaluate("navigator.clipboard.readText()")
        finish(desk)
        events = check_finished(scene, running.home)
        assert 1 == scene.resets()
        assert os.name == "nt" or [] == other_modes(scene.outputs, shared=True)
        assert ["manual"] == [event.mode for event in events if isinstance(event, ev.PendingStored)]
        entries = [
            entry
            for entry in the_record(scene).entries()
            if isinstance(entry.event, ev.StepDone) and entry.step != "cloture"
        ]
        assert {"manual"} == {
            entry.event.mode for entry in entries if isinstance(entry.event, ev.StepDone)
        }


@pytest.mark.long
def test_cell_by_cell_through_what_goes_wrong(scene: Scene, page: Page, chromium: Browser) -> None:
    """The model opened directly offers a copy; a refused password, an expired session and a renamed
    button on the way; each cell run alone.

    A later cell names what is missing; a step that the machine cannot do is done by hand.
    """
    scene.keystore.portal_password(LOGIN).delete()
    scene.faults.session_expired_at = "structures"
    scene.faults.renamed_labels = {
        "Réinitialiser le mot de passe (utilisateur technique)": "Renouveler"
    }
    scene.portal["timeout_seconds"] = 5
    portal, committed = Portal(chromium.new_page(), scene), model().stat()
    with lab(
        scene.environment, "--settings", str(scene.settings()), "--outputs", str(scene.outputs)
    ) as running:
        desk = Desk(page, running)
        keep_widget_state(running.home)
        page.goto(f"{running.url}doc/tree/notebooks/rotation.ipynb?token={running.token}")
        desk.printed("Cette page est le modèle")
        desk.press("Commencer un renouvellement", "Commencer pour")
        desk.press("Avant de commencer", "Tout est prêt")
        sign_in(desk, "Erreur-2026")
        expect(desk.panel("Votre mot de passe du portail")).to_contain_text(
            "a déjà refusé ce mot de passe"
        )
        sign_in(desk, PASSWORD)
        stopped = desk.panel("s'est arrêtée")
        expect(stopped).to_contain_text("La session du portail a expiré")
        expect(stopped).to_contain_text("Ce qui est sûr")
        stopped.get_by_role("button", name="M'arrêter ici").click()
        desk.stopped("Ce qui s.est passé : La session du portail a expiré")
        desk.stopped("Ce qu'il faut faire : Cliquez sur « Reprendre »".replace(" ", r"\s"))
        desk.run_cell("^Vérification")
        desk.stopped("l'étape 3 « Ouvrir les activités du gestionnaire » n'a pas encore été faite")
        for number in (3, 4):
            desk.run_cell(f"^{number} · ")
            desk.printed(f"^Étape {number} sur 12 · Chorus Pro · .* — ")
        desk.run_cell("^5 · ")
        desk.press("s'est arrêtée", "Le faire moi-même")
        for step in SCREENS:  # her own browser begins at the login
            expect(desk.by_hand(step)).to_contain_text(scene.school.urls.portal)
            getattr(portal, step)()
            desk.by_hand(step).get_by_role("button", name="C'est fait").click()
        desk.run_cell("^Vérification")
        desk.confirm(DEMO_SIRET)
        desk.run_cell("^6 · ")
        desk.by_hand("demande").wait_for()
        portal.demande()
        desk.by_hand("demande").get_by_role("button", name="C'est fait").click()
        desk.run_cell("^7 · ")
        desk.panel("À vous : confirmez").wait_for()
        portal.confirmation()
        desk.press("À vous : confirmez", "C'est fait")
        give_new_password(desk, portal.password())
        desk.run_cell("^8 · ")
        desk.run_cell("^9 · ")
        desk.by_hand("deconnexion").get_by_role("button", name="C'est fait").click()
        desk.run_cell("^10 · ")
        expect(desk.panel("Corail : Ouvrir les")).to_be_focused()
        page.keyboard.press("Shift+Enter")  # out of habit, once too often: it answers nothing
        desk.press("Corail : Ouvrir les", "C'est fait")
        desk.run_cell("^11 · ")
        desk.press("Corail : Ouvrir la", "C'est fait")
        desk.run_cell("^12 · ")
        paste_in_corail(desk, portal, page)
        desk.run_cell("^Essai")
        desk.press("fonctionne-t-il", "factures arrivent")
        desk.run_cell("^Fin")
        desk.ended()
        events = check_finished(scene, running.home)
        assert 1 == scene.resets()
        assert 1 == scene.world.ledger.count("login_refused")
        assert {"automatic", "manual"} == {
            event.mode for event in events if isinstance(event, ev.StepDone)
        }
    assert committed.st_mtime_ns == model().stat().st_mtime_ns  # it was run, and not written


def enter_in_the_school_s_corail(desk: Desk, page: Page) -> None:
    """With her own hands, in a tab beside: the menu, the tab, the paste, and a real fetch."""
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Ouvrir le Corail d'entraînement").click()
    corail = opened.value
    desk.panel("Corail : Ouvrir les coll").wait_for()
    corail.get_by_role("menuitem", name="Environnement").click()
    corail.get_by_role("menuitem", name="Gestion des collectivités").click()
    corail.get_by_role("row").filter(has_text=DEMO_SIRET).get_by_role("link").first.click()
    desk.press("Corail : Ouvrir les coll", "C'est fait")
    corail.get_by_role("tab", name="Transfert").or_(
        corail.get_by_role("link", name="Transfert")
    ).first.click()
    corail.get_by_role("link", name="Facture dématérialisée").first.click()
    desk.press("Corail : Ouvrir la facture", "C'est fait")
    desk.press("Corail : Entrer", "Copier le mot de passe")
    expect(desk.panel("Corail : Entrer").get_by_role("status")).to_contain_text("Copié")
    corail.bring_to_front()
    corail.get_by_label("Mot de passe").click()
    corail.keyboard.press("Control+v")
    corail.get_by_role("button", name="Valider").click()
    expect(corail.get_by_role("status")).to_contain_text("enregistrées")
    corail.get_by_role("button", name="Récupérer les factures").click()
    expect(corail.get_by_role("status")).to_contain_text("Récupération réussie")
    page.bring_to_front()
    desk.press("Corail : Entrer", "C'est validé")


@pytest.mark.long
def test_training_needs_nothing(tmp_path: Path, page: Page) -> None:
    """With no settings and no keyring of one's own, « S'entraîner » gives a whole rotation, in a
    folder apart.
    """
    with lab(
        {}, "--settings", str(tmp_path / "none.toml"), "--outputs", str(tmp_path / "outputs")
    ) as running:
        desk = Desk(page, running)
        desk.open_home()
        desk.press("Premier démarrage", "S'entraîner")
        desk.press("Avant de commencer", "Tout est prêt")
        expect(page.locator("body.releve-training .releve-bar")).to_contain_text("entraînement")
        desk.confirm(DEMO_SIRET)
        enter_in_the_school_s_corail(desk, page)
        desk.press("fonctionne-t-il", "factures arrivent")
        desk.ended()
        expect(page.locator("section.rv-done")).to_contain_text("Exercice terminé")
        with page.context.expect_page() as opened:  # wherever the records are
            page.get_by_role("link", name="Voir le dossier").click()
        expect(opened.value.get_by_role("heading", level=1)).to_contain_text(DEMO_NAME)
        expect(page.get_by_role("link", name="agenda")).to_have_count(0)
    (record,) = all_records(tmp_path / "outputs" / "entrainement")
    (opened,) = [
        entry.event for entry in record.entries() if isinstance(entry.event, ev.RotationOpened)
    ]
    assert opened.school
    assert (record.path / "record.json").exists()
