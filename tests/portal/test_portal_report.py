"""The report of a portal tells a maintainer what was found and how, and holds nobody's data."""

from __future__ import annotations

import asyncio
import json
import re

import pytest
from fixtures_rotation import LOGIN, PASSWORD, Scene
from releve.base.words import Words
from releve.portal.report import screen
from releve.portal.view import Text, Thing, View
from test_json import valid

CANARY = "Canari"


def told(scene: Scene, *args: str) -> tuple[dict[str, object], str]:
    """`releve doctor --portal-report` as a program runs it: its document, and the file."""
    file = scene.folder / "rapport.txt"
    ended = scene.releve("--json", "doctor", "--portal-report", str(file), *args)
    document = json.loads(ended.stdout)
    valid("doctor", document)
    assert ended.returncode == document["code"], ended
    return document, file.read_text(encoding="utf-8") if file.exists() else ""


@pytest.mark.one_in(2)
@pytest.mark.parametrize("route", ["gestionnaire", "raccordements"])
async def test_a_whole_portal_without_a_word_of_it(scene: Scene, route: str) -> None:
    """Each screen, what was found by what; no name, number, address or value of anybody."""
    scene.portal["route"], scene.world.routes = route, "both"
    document, text = await asyncio.to_thread(told, scene, "--yes")
    assert 0 == document["code"] and "Arrêté" not in text
    assert "login.password : un, secret input, par nom (label), exactement" in text
    assert re.search(r"Écran demande\n  (reset.button|form.type) : (un|deux),", text)
    assert (0, 1) == (scene.resets(), scene.logins())
    people = [scene.world.manager.email, LOGIN, PASSWORD, "127.0.0.1", "http", "TECH_", "@"]
    names = [each.name for each in scene.world.structures.values()]
    for canary in (*people, *names, *scene.world.structures, *scene.secrets()):
        assert canary not in text, canary
    rest = text.partition("\n")[2]  # after our own version
    assert not re.search(r"\d", rest), rest


@pytest.mark.long
async def test_where_it_stopped_is_told_too(scene: Scene) -> None:
    """The town's portal that nobody has seen: the key that was not found, and the shapes there."""
    scene.faults.renamed_labels = {"Activités du gestionnaire": CANARY}
    scene.portal["timeout_seconds"] = 10
    document, text = await asyncio.to_thread(told, scene, "--yes")
    assert 0 == document["code"] and CANARY not in text
    assert "Arrêté : ScreenNotRecognised.\n  Cherché : home.manager" in text


async def test_nobody_agreed_and_nothing_was_opened(scene: Scene) -> None:
    """Without a terminal and without --yes: code 4, no login, no file."""
    document, text = await asyncio.to_thread(told, scene)
    assert (4, "", 0) == (document["code"], text, scene.logins())


def test_no_canary_gets_in() -> None:
    """Whatever stands in a page, in its names, roles, tags and values."""
    thing = Thing(
        1,
        "press",
        names={"text": f"{CANARY} Chorus Pro", "aria": CANARY},
        near={"before": CANARY},
        selected=CANARY,
        href=f"https://{CANARY}",
        region=CANARY,
        tag=f"x-{CANARY}",
        role=f"{CANARY} button",
        inside=CANARY,
    )
    view = View((thing,), (Text(2, f"Mes structures {CANARY}", head=True),))
    for step in ("authentification", "portail", "accueil", "structures"):
        lines = screen(view, Words(), "gestionnaire", step)
        assert CANARY.lower() not in "\n".join(lines).lower()
    found = screen(view, Words(), "gestionnaire", "portail")[1]
    assert "pigp.chorus : un, press autre rôle autre, par nom (text), en partie" in found
