import os, re, time
from pathlib import Path
import pytest
from fixtures_lab import Desk, lab
from fixtures_rotation import LOGIN, PASSWORD, Scene
from playwright.sync_api import Browser, Page, expect, sync_playwright
from releve.portal import browsers
from releve.school.people import DEMO_ACCOUNT, DEMO_NAME, DEMO_SIRET
pytestmark = pytest.mark.timeout(280)
OUT = Path("/tmp/shots"); OUT.mkdir(exist_ok=True)
@pytest.fixture(scope="module")
def chromium():
    choice = browsers.find("auto")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(channel=choice.channel, executable_path=choice.executable)
        yield browser
        browser.close()
@pytest.fixture
def page(chromium):
    context = chromium.new_context(viewport={"width": 1366, "height": 768}, locale="fr-FR", permissions=["clipboard-read", "clipboard-write"])
    yield context.new_page()
    context.close()
n = 0
def shot(page, name):
    global n
    n += 1
    page.wait_for_timeout(600)
    page.screenshot(path=OUT / f"{n:02}-{name}.png")
def test_walk(scene: Scene, page: Page):
    scene.structure = {"technical_account": DEMO_ACCOUNT, "targets": ["corail"]}
    with lab(scene.environment, "--settings", str(scene.settings()), "--outputs", str(scene.outputs)) as running:
        desk = Desk(page, running)
        try:
            desk.open_home()
            shot(page, "home")
            desk.press("Mots de passe", "Commencer")
            desk.panel("Avant de commencer").wait_for()
            shot(page, "before")
            desk.press("Avant de commencer", "Je suis")
            desk.panel("Point de non").wait_for()
            shot(page, "gate")
            page.keyboard.type("1234"); page.keyboard.press("Enter")
            page.wait_for_timeout(500)
            shot(page, "gate-wrong")
            desk.panel("Point de non").get_by_label(re.compile("quatre")).fill(DEMO_SIRET[-4:])
            page.keyboard.press("Enter")
            desk.panel("Corail : Ouvrir les coll").wait_for()
            shot(page, "corail1")
            desk.press("Corail", "Je ne trouve")
            shot(page, "lost")
            desk.press("Vous ne trouvez", "J'ai trouv")
            desk.press("Corail : Ouvrir les coll", "C'est fait")
            desk.panel("Corail : Ouvrir la fact").wait_for()
            shot(page, "corail2")
            desk.press("Corail : Ouvrir la fact", "C'est fait")
            desk.panel("Corail : Entrer").wait_for()
            shot(page, "corail3")
            desk.press("Corail : Entrer", "Copier le mot")
            shot(page, "copied")
            desk.press("Corail : Entrer", "Le voir")
            shot(page, "seen")
            desk.panel("Corail : Entrer").get_by_role("checkbox").check()
            desk.press("Corail : Entrer", "C'est valid")
            desk.panel("fonctionne-t-il").wait_for()
            shot(page, "proof")
            desk.press("fonctionne-t-il", "Les factures arrivent")
            desk.printed("Exercice termin")
            page.wait_for_timeout(3000)
            shot(page, "end")
        except BaseException:
            shot(page, "fail")
            raise
