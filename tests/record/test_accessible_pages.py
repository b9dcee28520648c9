"""What a machine can find of accessibility, on every page that we write: nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page
from releve.base.settings import Policy, Structure
from releve.planning import report
from releve.planning.due import agenda
from releve.record.history import Past
from releve.record.page import check_page
from releve.school import SchoolThread, World
from releve.school.people import DEMO_ACCOUNT, DEMO_NAME, DEMO_SIRET
from test_record_page import JOURNALS, page
from test_school_browser import at_the_popup

pytestmark = pytest.mark.asyncio(loop_scope="module")
STRUCTURE = Structure(DEMO_SIRET, DEMO_NAME, DEMO_ACCOUNT)


async def violations(tab: Page) -> list[str]:
    """The rule and the element of each, as axe-core's own rules have it."""
    found: dict[str, Any] = (await Axe().run(tab)).response
    return [
        f"{each['id']}: {node['html'][:120]}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


@pytest.mark.parametrize("name", JOURNALS)
async def test_record(chromium: Browser, tmp_path: Path, name: str) -> None:
    """In every way in which a rotation can end; and no sideways scrolling at 400 %."""
    (tmp_path / "record.html").write_text(page(name), "utf-8")
    tab = await chromium.new_page(viewport={"width": 341, "height": 192})
    await tab.goto((tmp_path / "record.html").as_uri())
    assert 341 >= await tab.evaluate("document.documentElement.scrollWidth")
    await tab.set_viewport_size({"width": 1366, "height": 768})
    assert [] == await violations(tab)
    await tab.close()


async def test_check_page_and_report(chromium: Browser, tmp_path: Path) -> None:
    """The page that checks, and the manager's, with a success, a stuck and a damaged rotation."""
    now = datetime(2026, 11, 29, 12, tzinfo=UTC)
    past = [
        Past(tmp_path / "x", "r", DEMO_SIRET, DEMO_ACCOUNT, DEMO_NAME, began=now, ended=now,
             closed=now if outcome else None, outcome=outcome, proof="none", touched=True)
        for outcome in ("succeeded", "", "damaged")
    ]  # fmt: skip
    dues = agenda([STRUCTURE], Policy(), past, now.date())
    (tmp_path / "verification.html").write_text(check_page(), "utf-8")
    (tmp_path / "rapport.html").write_text(report.page(dues, past, tmp_path, now), "utf-8")
    tab = await chromium.new_page(viewport={"width": 1366, "height": 768})
    for name in ("verification.html", "rapport.html"):
        await tab.goto((tmp_path / name).as_uri())
        assert [] == await violations(tab), name
        await tab.set_viewport_size({"width": 341, "height": 192})
        assert 341 >= await tab.evaluate("document.documentElement.scrollWidth"), name
        await tab.set_viewport_size({"width": 1366, "height": 768})
    await tab.close()


async def test_school(window: BrowserContext) -> None:
    """Every page on the way of the documented procedure, then the newer route's, Corail's, the
    mailbox.
    """
    with SchoolThread(World()) as school:
        tab = await at_the_popup(school, window)
        seen = {"confirmation": await violations(tab)}
        await tab.get_by_role("dialog").get_by_role("button", name="Confirmer").click()
        await tab.get_by_role("heading", name="Récapitulatif").wait_for()
        seen["récapitulatif"] = await violations(tab)
        for page_ in window.pages:
            if page_ is not tab:
                seen[page_.url] = await violations(page_)
        for name in ("Accueil", "Activités du gestionnaire"):
            await tab.get_by_role("link", name=name, exact=True).first.click()
            await tab.wait_for_load_state()
            seen[name] = await violations(tab)
        corail, mailbox = school.urls.corail, school.urls.mailbox
        card = f"{corail}/collectivites/{DEMO_SIRET}"
        for url in (school.urls.portal, corail, f"{corail}/collectivites", card, mailbox):
            await tab.goto(url)
            seen[url] = await violations(tab)
    assert {} == {name: found for name, found in seen.items() if found}
