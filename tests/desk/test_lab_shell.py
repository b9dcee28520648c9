"""JupyterLab around the notebook, as the secretary meets it: nothing in her way, and what is gone
says so itself.
"""

from __future__ import annotations

import os
import platform
import re
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest
from fixtures_lab import Desk, lab
from fixtures_shell import GATE, PROOF, Shop, again, at_the_gate, begin, finish
from playwright.sync_api import Page, expect
from releve.decision import events as ev
from releve.record.folder import all_records, unfinished
from releve.school.people import DEMO_NAME, DEMO_SIRET
from releve.vault import keys

pytestmark = pytest.mark.timeout(240)


def cells(page: Page) -> int:
    """How many cells the notebook in sight has."""
    return page.locator(".jp-Notebook:visible .jp-Cell").count()


def test_nothing_of_jupyterlab_is_in_her_way(desk: Desk, page: Page) -> None:
    """No menu, no bar, no kernel's name, no English; one quiet button brings it all back, and
    takes it away again.
    """
    for gone in ("#jp-menu-panel", "#jp-top-panel", ".jp-SideBar", "#jp-bottom-panel"):
        expect(page.locator(gone).first).not_to_be_visible()
    expect(page.locator(".jp-NotebookPanel-toolbar")).not_to_be_visible()
    assert page.title() == "Accueil · Relève"
    seen = page.locator("body").inner_text()
    assert not re.search(r"Python|ipykernel|Kernel|Server|read-only|Untitled", seen), seen
    desk.menus()
    expect(page.get_by_role("menuitem", name="Fichier")).to_be_visible()
    page.get_by_role("button", name="Menus de JupyterLab").click()
    expect(page.get_by_role("menuitem", name="Fichier")).not_to_be_visible()


def test_the_kernel_of_the_home_page_is_ready_before_its_page(shop: Shop) -> None:
    """It imports what it needs while the page is on the way: no page is open here."""
    with lab(shop.scene.environment, "--settings", str(shop.scene.settings())) as running:

        def loaded() -> bool:
            with suppress(ValueError, OSError):  # it has not started yet
                process = Path(f"/proc/{running.kernel('home.ipynb')}")
                return "ahocorasick" in (process / "maps").read_text()
            return False

        until = time.monotonic() + 60
        while not loaded():
            assert time.monotonic() < until, "nothing of ours is loaded"
            time.sleep(0.05)


@pytest.mark.long
def test_keys_beside_the_field_are_nobodys(desk: Desk, page: Page, shop: Shop) -> None:
    """The four digits, Enter, and the letters that insert, copy or delete cells: typed where no
    field is, they do nothing at all.
    """
    at_the_gate(desk)
    expect(page).to_have_title(f"● À vous · {DEMO_NAME} · Relève")
    before, kernel = cells(page), shop.running.kernel("rotation.ipynb")
    page.locator(".jp-Notebook:visible h2").last.click()
    for key in ("0", "0", "1", "1", "Enter", "a", "b", "x", "d", "d", "m", "y", "i", "i", "z"):
        page.keyboard.press(key)
    for key in ("Control+s", "Shift+Enter", "Control+b", "Escape", "Enter", "Control+Shift+c"):
        page.keyboard.press(key)
    assert 0 == page.locator("dialog:visible, .jp-Dialog:visible").count()
    assert before == cells(page)
    page.locator(".jp-Notebook:visible .jp-MarkdownCell").last.dblclick()
    assert 0 == page.locator(".jp-MarkdownCell .cm-editor:visible").count()
    assert kernel == shop.running.kernel("rotation.ipynb")
    desk.panel(GATE).get_by_label(re.compile("quatre derniers")).click()
    finish(desk)


def test_a_kernel_that_dies_says_so_where_she_looks(desk: Desk, shop: Shop) -> None:
    """Its gate is not there to be typed in for ever; « Reprendre » asks it anew."""
    at_the_gate(desk)
    os.kill(shop.running.kernel("rotation.ipynb"), signal.SIGKILL)
    gone = desk.page.get_by_role("alert")
    expect(gone).to_contain_text("Cette page s'est arrêtée")
    expect(gone).to_contain_text("Ce qui est sûr")
    expect(desk.panel(GATE)).to_have_count(0)
    assert 0 == desk.page.locator(".jp-Dialog:visible").count()
    gone.get_by_role("button", name="Reprendre").click()
    finish(desk)


def test_a_page_that_opens_says_so_and_offers_a_way_on(desk: Desk) -> None:
    """Whatever keeps its kernel from it: she reads that it opens, then has a button that works."""
    desk.page.route("**/api/sessions*", lambda route: None)  # never answered
    opening = desk.page.get_by_role("status").filter(has_text="Un instant")
    begin(desk, opening)
    expect(opening).to_be_visible()
    button = opening.get_by_role("button", name="Reprendre", include_hidden=True)
    expect(button).not_to_be_visible()
    button.evaluate("each => each.getAnimations().forEach(late => late.finish())")
    desk.page.unroute("**/api/sessions*")
    button.click()
    again(desk, GATE)
    expect(opening).to_have_count(0)


def resumes(desk: Desk) -> None:
    """A page that was only loaded does nothing by itself: she asks for it."""
    idle = desk.page.get_by_role("alert")
    expect(idle).to_contain_text("Rien n'est en cours dans cette page")
    idle.get_by_role("button", name="Reprendre").click()


@pytest.mark.long
def test_a_page_that_is_loaded_anew_goes_on_when_she_says_so(desk: Desk, shop: Shop) -> None:
    """While Relève works: the question that comes next is asked in the page that is there, and
    nothing is done twice.
    """
    resets = shop.scene.resets()
    at_the_gate(desk)
    shop.scene.faults.latency_ms = 500  # the portal still works when the page is back
    try:
        desk.confirm(DEMO_SIRET)
        desk.page.reload()
        resumes(desk)
        desk.panel(PROOF).wait_for()
    finally:
        shop.scene.faults.latency_ms = 0
    expect(desk.page.locator("body")).not_to_contain_text("not found")
    desk.press(PROOF, "factures arrivent")
    desk.ended()
    assert resets + 1 == shop.scene.resets()


@pytest.mark.long
def test_a_second_tab_takes_over_and_the_first_says_so(desk: Desk, shop: Shop) -> None:
    """The question is where she asked for it last, one click brings it back to the other, and a
    second click on a button does nothing.
    """
    at_the_gate(desk)
    second = Desk(desk.page.context.new_page(), shop.running)
    second.page.goto(desk.page.url)
    for here, other in ((second, desk), (desk, second)):
        resumes(here)
        here.panel(GATE).wait_for()
        expect(other.panel(GATE)).to_have_count(0)
    desk.confirm(DEMO_SIRET)
    desk.panel(PROOF).get_by_role("button", name="factures arrivent").dblclick()
    desk.ended()
    for each in (desk, second):
        expect(each.page.locator("body")).not_to_contain_text("not found")


@pytest.mark.long
def test_an_interrupt_is_told_in_french(desk: Desk, shop: Shop) -> None:
    """Before the reset and after it, with what is true of the password; « Reprendre » goes on."""
    resets = shop.scene.resets()
    at_the_gate(desk)
    for heading in (GATE, PROOF):
        desk.panel(heading).wait_for()
        os.kill(shop.running.kernel("rotation.ipynb"), signal.SIGINT)
        desk.printed("Ce qui s.est passé : Relève a été interrompu")
        expect(desk.page.locator(".jp-Notebook:visible")).not_to_contain_text("Traceback")
        desk.page.get_by_role("button", name="Reprendre").click()
        again(desk, heading)
        if heading == GATE:
            desk.confirm(DEMO_SIRET)
    desk.press(PROOF, "factures arrivent")
    desk.ended()
    assert resets + 1 == shop.scene.resets()


@pytest.mark.long
def test_another_s_renewal_is_adopted_only_by_a_yes(desk: Desk, shop: Shop) -> None:
    """She is asked on the home page whose it is; a no leaves every byte of the folder as it was;
    after a yes the target is confirmed anew.
    """
    adopt, resets = "reprendre à votre compte", shop.scene.resets()
    at_the_gate(desk)
    shop.running.end_kernels()
    (folder,) = unfinished(shop.scene.outputs)
    keys.forget_rotation_key(shop.scene.keystore, folder.run)

    def there() -> dict[str, bytes]:
        return {e.name: e.read_bytes() for e in folder.path.rglob("*") if e.is_file()}

    before = there()
    for answer in ("Le laisser tel quel", "Le reprendre à mon compte"):
        assert before == there()
        desk.open_home()
        desk.press("Mots de passe", "Reprendre")
        expect(desk.panel(adopt)).to_contain_text(platform.node())
        desk.press(adopt, answer)
    finish(desk)
    kinds = [each.event.kind for each in folder.entries()]
    assert "gate.given" in kinds[kinds.index("rotation.adopted") :]
    assert resets + 1 == shop.scene.resets()


@pytest.mark.long
def test_the_home_page_is_what_is_true_when_it_is_seen(desk: Desk, shop: Shop) -> None:
    """A renewal that changed nothing is cancelled there; a success shows by itself; a second one is
    asked about first.
    """
    at_the_gate(desk)
    home = desk.go_home()
    expect(home.get_by_role("button", name="Reprendre pour")).to_be_visible()
    home.get_by_role("button", name="Annuler ce renouvellement").click()
    desk.press("Annuler ce renouvellement", "^Annuler ce renouvellement$")
    expect(desk.panel("Mots de passe")).to_contain_text("annulé ou abandonné")
    assert "/rotation.ipynb" not in "".join(shop.running.sessions())
    at_the_gate(desk)
    finish(desk)
    resets = shop.scene.resets()
    home = desk.go_home()
    expect(home).to_contain_text("réussi, vérifié par vous")
    home.get_by_role("button", name="Commencer pour").click()
    desk.press("Déjà renouvelé aujourd'hui", "Non, revenir à l'accueil")
    expect(desk.panel("Mots de passe")).to_be_visible()
    assert resets == shop.scene.resets()
    outcomes = [
        entry.event.outcome if isinstance(entry.event, ev.RotationClosed) else "abandoned"
        for record in all_records(shop.scene.outputs)
        for entry in record.entries()
        if isinstance(entry.event, ev.RotationClosed | ev.RotationAbandoned)
    ]
    assert ["abandoned", "succeeded"] == outcomes[-2:]


@pytest.mark.long
def test_a_server_that_is_gone_says_so_and_its_return_goes_on(shop: Shop, page: Page) -> None:
    """No dialog of JupyterLab's; the page that was open goes on by « Reprendre » once Relève is
    there again.
    """
    shop.running.end_kernels()
    shop.clear()
    options = ("--settings", str(shop.scene.settings()), "--outputs", str(shop.scene.outputs))
    with lab(shop.scene.environment, *options) as first:
        desk = Desk(page, first)
        desk.open_home()
        at_the_gate(desk)
        first.process.send_signal(signal.SIGKILL)
        expect(page.get_by_role("alert")).to_contain_text("Relève ne répond plus")
        assert 0 == page.locator(".jp-Dialog:visible").count()
        with lab(shop.scene.environment, *options, again=first):
            page.get_by_role("alert").get_by_role("button", name="Reprendre").click()
            finish(desk)


@pytest.mark.long
def test_leaving_closes_everything(shop: Shop, page: Page) -> None:
    """« Quitter Relève » ends the program, and says that the tab may be closed."""
    with lab(shop.scene.environment, "--settings", str(shop.scene.settings())) as running:
        desk = Desk(page, running)
        desk.open_home()
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Quitter Relève").click()
        expect(page.get_by_role("heading", name="Relève est fermé")).to_be_visible()
        assert 0 == running.process.wait(20)
        assert running.log.startswith("Laissez cette fenêtre ouverte.\n")
        # the address, which this test asked for
        assert 2 == len(running.log.splitlines()), running.log


@pytest.mark.long
def test_the_date_of_the_last_change_is_asked_for_once(shop: Shop, page: Page) -> None:
    """An account of which nothing says when it was changed: she gives the day on the home page,
    and it stands in the settings; a day to come is told at its field.
    """
    scene, known = shop.scene, shop.scene.structure
    # one that the keyring knows nothing of either, whatever was done here before
    new = {"technical_account": "TECH_1_99999999@cpro.fr", "last_rotation": None}
    scene.structure = known | new
    try:
        settings, outputs = scene.settings(), scene.folder / "nothing was ever done here"
        options = ("--settings", str(settings), "--outputs", str(outputs))
        with lab(scene.environment, *options) as running:
            desk = Desk(page, running)
            desk.open_home()
            desk.press("Mots de passe", "Donner la date du dernier changement")
            asked = desk.panel("La date du dernier changement")
            field = asked.get_by_role("textbox")
            field.fill("31/12/2099")
            asked.get_by_role("button", name="Enregistrer").click()
            expect(field).to_have_attribute("aria-invalid", "true")
            field.fill("30/11/2025")
            asked.get_by_role("button", name="Enregistrer").click()
            home = desk.panel("Mots de passe")
            expect(home).to_contain_text("30/11/2026")
            expect(home.get_by_role("button", name="Donner la date")).to_have_count(0)
        assert "last_rotation = 2025-11-30" in settings.read_text(encoding="utf-8")
    finally:
        scene.structure = known
        scene.settings()
