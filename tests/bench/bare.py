"""The floor, of one rotation and of a fleet: a bare Playwright script, one login, the same clicks
for each structure, nothing else. Task as JSON on stdin.
"""

from __future__ import annotations

import json
import sys

from playwright.sync_api import Page, sync_playwright


def main() -> None:
    """Log in once; for each structure reset and type the password in Corail, in a tab beside; log
    out. A line on stderr for each.
    """
    task = json.load(sys.stdin)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=task["executable"], channel=task["channel"]
        )
        context = browser.new_context(locale="fr-FR", viewport={"width": 1280, "height": 800})
        page, corail = context.new_page(), context.new_page()
        page.goto(task["portal"])
        page.get_by_label("Identifiant").fill(task["login"])
        page.get_by_label("Mot de passe").fill(task["password"])
        page.get_by_role("button", name="Connexion").click()
        with context.expect_page() as tab:
            page.get_by_role("link", name="Chorus Pro").click()
        page = tab.value
        page.get_by_role("link", name="Se connecter").click()
        for siret, account in task["structures"]:
            enter(corail, task["corail"], siret, reset(page, siret, account))
            print(f"… {siret}", file=sys.stderr, flush=True)
        page.get_by_role("link", name="Se déconnecter").click()
        browser.close()


def reset(page: Page, siret: str, account: str) -> str:
    """The clicks on the portal, from any of its pages; the password that it shows."""
    page.get_by_role("link", name="Activités du gestionnaire").click()
    page.get_by_role("searchbox").fill(siret)
    page.get_by_role("searchbox").press("Enter")
    page.get_by_role("row", name=siret).get_by_role("link", name="Modifier la structure").click()
    page.get_by_role("button", name="Utilisateurs rattachés à la structure").click()
    page.get_by_role("row", name=account).get_by_role(
        "button", name="Réinitialiser le mot de passe"
    ).click()
    page.get_by_role("dialog").get_by_role("button", name="Confirmer").click()
    return page.get_by_label("Mot de passe").text_content() or ""


def enter(page: Page, url: str, siret: str, password: str) -> None:
    """The clicks in Corail."""
    page.goto(url)
    page.get_by_role("menuitem", name="Environnement").click()
    page.get_by_role("menuitem", name="Gestion des collectivités").click()
    page.get_by_role("row", name=siret).get_by_role("link").click()
    page.get_by_role("tab", name="Transfert").click()
    page.get_by_role("link", name="Facture dématérialisée").click()
    page.get_by_role("row").last.locator("input").last.fill(password)
    page.get_by_role("button", name="Valider").click()
    page.get_by_text("Modifications enregistrées").wait_for()


if __name__ == "__main__":
    main()
