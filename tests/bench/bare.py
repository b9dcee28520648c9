"""The floor: a bare Playwright script with the same clicks on the same pages, and nothing else.
Reads its task as JSON on stdin.
"""

from __future__ import annotations

import json
import sys

from playwright.sync_api import sync_playwright


def main() -> None:
    """One rotation: log in, reset, log out, type the password in Corail."""
    task = json.load(sys.stdin)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=task["executable"], channel=task["channel"]
        )
        context = browser.new_context(locale="fr-FR", viewport={"width": 1280, "height": 800})
        page = context.new_page()
        page.goto(task["portal"])
        page.get_by_label("Identifiant").fill(task["login"])
        page.get_by_label("Mot de passe").fill(task["password"])
        page.get_by_role("button", name="Connexion").click()
        with context.expect_page() as tab:
            page.get_by_role("link", name="Chorus Pro").click()
        page = tab.value
        page.get_by_role("link", name="Se connecter").click()
        page.get_by_role("link", name="Activités du gestionnaire").click()
        page.get_by_role("searchbox").fill(task["siret"])
        page.get_by_role("searchbox").press("Enter")
        page.get_by_role("row", name=task["siret"]).get_by_role(
            "link", name="Modifier la structure"
        ).click()
        page.get_by_role("button", name="Utilisateurs rattachés à la structure").click()
        page.get_by_role("row", name=task["account"]).get_by_role(
            "button", name="Réinitialiser le mot de passe"
        ).click()
        page.get_by_role("dialog").get_by_role("button", name="Confirmer").click()
        password = page.get_by_label("Mot de passe").text_content() or ""
        page.get_by_role("link", name="Se déconnecter").click()
        page.goto(task["corail"])
        page.get_by_role("menuitem", name="Environnement").click()
        page.get_by_role("menuitem", name="Gestion des collectivités").click()
        page.get_by_role("row", name=task["siret"]).get_by_role("link").click()
        page.get_by_role("tab", name="Transfert").click()
        page.get_by_role("link", name="Facture dématérialisée").click()
        page.get_by_role("row").last.locator("input").last.fill(password)
        page.get_by_role("button", name="Valider").click()
        page.get_by_text("Modifications enregistrées").wait_for()
        browser.close()


if __name__ == "__main__":
    main()
