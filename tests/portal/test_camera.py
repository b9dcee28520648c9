"""Pictures of the screen that shows the password: none is kept unless its whole region is covered."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path

import pytest
from fixtures_pages import Pages
from PIL import Image, PngImagePlugin
from releve.portal.browser import PortalBrowser
from releve.portal.camera import capture
from releve.record import picture

pytestmark = pytest.mark.asyncio(loop_scope="module")
WORD = "aB3{&|+<;\"x'\\-"
DRAW = "const c = document.querySelector('canvas').getContext('2d'); c.font = '20px sans-serif';"


@pytest.fixture(scope="module")
def window(pages_window: PortalBrowser) -> PortalBrowser:
    """A picture that comes late is not one that was refused."""
    pages_window.timeout = 60
    return pages_window


# Each draws the password in red; the picture must not hold one red pixel.
LETTERS = "".join(f"<span>{escape(each)}</span>" for each in WORD)
DRAWN = {
    "text": f"<dl><dt>Mot de passe</dt><dd>{escape(WORD)}</dd></dl>",
    "a span a letter": f"<dl><dt>Mot de passe</dt><dd>{LETTERS}</dd></dl>",
    "a block a letter": "<p>Mot de passe</p><div style='display:flex'>"
    + "".join(f"<div>{escape(each)}</div>" for each in WORD)
    + "</div>",
    "field": f'<label>Mot de passe <input style="color:red" value="{escape(WORD)}"></label>',
    "canvas": "<p style='color:#000'>Mot de passe</p><canvas></canvas>"
    f"<script>{DRAW} c.fillStyle='red'; c.fillText('aB3xyz12', 5, 30)</script>",
    "drawing": "<p>Mot de passe</p><svg width=300 height=40><text x=5 y=30 fill=red>aB3xyz12</text></svg>",
    "open shadow root": "<p>Mot de passe</p><x-a><template shadowrootmode=open>"
    f"<b>{escape(WORD)}</b></template></x-a>",
    "closed shadow root": "<p>Mot de passe</p><x-a><template shadowrootmode=closed>"
    f"<b>{escape(WORD)}</b></template></x-a>",
    "closed root of a plain element": "<p>Mot de passe</p><div><template shadowrootmode=closed>"
    f"<b>{escape(WORD)}</b></template></div>",
    "generated": "<style>.v::after{content:'aB3xyz12'}</style><p>Mot de passe <b class=v></b></p>",
    "behind a getter": f'<label>Mot de passe <input style="color:red" value="{escape(WORD)}"></label>'
    "<script>Object.defineProperty(document.querySelector('input'), 'value',"
    " { get: () => '', set() {} })</script>",
    "background": "<p>Mot de passe</p><div style=\"height:40px;background:url('data:image/svg+xml,"
    "%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 width=%22200%22 height=%2240%22%3E%3Ctext y=%2230%22"
    " fill=%22red%22%3EaB3xyz12%3C/text%3E%3C/svg%3E')\"></div>",
    "in a window": f"<div role=dialog>Mot de passe : <b>{escape(WORD)}</b></div>",
}


@pytest.mark.parametrize("main", [True, False], ids=["main", "no main"])
@pytest.mark.parametrize("name", DRAWN)
async def test_no_pixel_of_it_is_kept(
    window: PortalBrowser, pages: Pages, tmp_path: Path, name: str, main: bool
) -> None:
    """However it is drawn: covered, or no picture."""
    css = "<style>dd,b,input,p+div{color:red} .v::after{color:red}</style>"  # not its label
    body = f"{css}<h1>Récapitulatif</h1>{DRAWN[name]}"
    body = f"<main>{body}</main>" if main else body
    pages.at["/"] = f"<!doctype html><meta charset=utf-8><body>{body}"
    await window.goto(f"{pages.origin}/")
    await window.page.wait_for_load_state("load")
    window.password_in_sight = True
    try:
        kept = await capture(window, tmp_path / "a.png")
    finally:
        window.password_in_sight = False
    if not kept:
        assert not (tmp_path / "a.png").exists()
        return
    with Image.open(tmp_path / "a.png") as taken:
        assert isinstance(taken, PngImagePlugin.PngImageFile)
        boxes, shown = json.loads(taken.text["releve:blanked"]), taken.text["releve:text"]
        pixels = taken.convert("RGB").getcolors(1 << 24) or []
    red = sum(n for n, (r, g, b) in pixels if r > 150 and g < 110 and b < 110)
    assert 0 == red, name
    assert boxes and [] == picture.uneven((tmp_path / "a.png").read_bytes())
    assert WORD not in shown and "aB3" not in shown


async def test_the_plain_summary_has_its_picture(
    window: PortalBrowser, pages: Pages, tmp_path: Path
) -> None:
    """Not by leaving every picture out: its title is seen, and the box tells no length."""
    widths = set()
    for value in ("aB3{&|+x", WORD * 2):
        body = f"<main><h1>Récapitulatif</h1><p>Mot de passe : <b>{escape(value)}</b></p></main>"
        pages.at["/"] = f"<!doctype html><meta charset=utf-8><body>{body}"
        await window.goto(f"{pages.origin}/")
        window.password_in_sight = True
        assert await capture(window, tmp_path / "a.png")
        window.password_in_sight = False
        with Image.open(tmp_path / "a.png") as taken:
            assert isinstance(taken, PngImagePlugin.PngImageFile)
            assert "Récapitulatif" in taken.text["releve:text"]
            widths |= {
                right - left for left, _, right, _ in json.loads(taken.text["releve:blanked"])
            }
    assert all(width % 320 == 0 for width in widths)
