"""The skins: read from their templates, and given to the school.

The lines of comment at the head of a skin are its data: `{# what it was drawn from #}` first, then
`{# sees: what is special in it #}`, and, if need be, `{# faults: name=value … #}` and `{# routes:
raccordements #}`.
"""

from __future__ import annotations

import importlib.util
import mimetypes
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import jinja2
import tornado.web
from markupsafe import Markup
from releve.school import Faults, World
from releve.school.people import DEMO_ACCOUNT, DEMO_SIRET
from releve.school.web import TEMPLATES, Page, Skin
from releve.school.world import Routes

HERE = Path(__file__).parent
LIBRARIES = {
    "admin": ("flask_admin", "static"),  # Bootstrap 2, 3, 4; Select2 3.5.2; jQuery
    "dsfr": ("dsfr", "static/dsfr/dist"),
    "jquery": ("xstatic.pkg.jquery", "data"),
    "jquery-ui": ("xstatic.pkg.jquery_ui", "data"),
    "select2": ("xstatic.pkg.select2", "data"),
    "angular": ("xstatic.pkg.angular", "data"),
    "angular-material": ("xstatic.pkg.angular_material", "data"),
}
"""Name in the pages (`/lib/NAME/…`) -> the installed package that carries the library, and the
folder in it.
"""

SCREENS = {
    "pigp/login.html": "login",
    "pigp/tiles.html": "portal",
    "problem.html": "problem",
    "chorus/landing.html": "landing",
    "chorus/informations.html": "informations",
    "chorus/home.html": "home",
    "chorus/activities.html": "activities",
    "chorus/structure.html": "structure",
    "chorus/summary.html": "summary",
    "chorus/summary_gone.html": "summary_gone",
    "chorus/raccordements.html": "newer",
    "corail/desktop.html": "corail_desktop",
    "corail/collectivites.html": "corail_list",
    "corail/collectivite.html": "corail_one",
    "corail/invoices.html": "corail_grid",
}
"""The school's template of a screen -> the block that shows it in a skin. What is not here stays
the school's own.
"""

_DATA = re.compile(r"\{#\s*(.*?)\s*#\}\n")


@dataclass(frozen=True)
class ZooSkin:
    """One foreign portal. `drawn_from` is a public source that was read, or "made up"."""

    name: str
    drawn_from: str
    sees: str = ""
    faults: tuple[str, ...] = ()
    routes: Routes = "gestionnaire"
    overrides: frozenset[str] = field(default_factory=frozenset)

    @property
    def drives_corail(self) -> bool:
        """Whether the stand-in of the accounting program has foreign pages too."""
        return any(block.startswith("corail") for block in self.overrides)

    def world(self, password: str) -> World:
        """A world for one rotation on this skin."""
        return World(password=password, routes=self.routes, faults=Faults.parse(self.faults))

    def for_school(self, *, marked: bool, change: Callable[[str], str] = str) -> Skin:
        """The skin as the school takes it. `marked` tells the reference person what to click (a
        product never sees the marks); `change` is done to the source of every page.
        """
        templates = _environment(self.name, marked, self.drives_corail)

        class Changed(jinja2.Template):
            def render(self, *args: object, **facts: object) -> str:
                return change(super().render(*args, **facts))

        templates.template_class = Changed
        return Skin(templates, dict.fromkeys(("pigp", "chorus", "idp", "corail"), ROUTES))


def every() -> list[ZooSkin]:
    """All skins, by name."""
    return [_read(path) for path in sorted((HERE / "skins").glob("*.html"))]


def named(name: str) -> ZooSkin:
    """One skin. Raises FileNotFoundError for an unknown name."""
    return _read(HERE / "skins" / f"{name}.html")


def _read(path: Path) -> ZooSkin:
    text = path.read_text(encoding="utf-8")
    drawn_from, *rest = _DATA.findall(text[: text.index("{%")])
    data = dict(line.split(": ", 1) for line in rest)
    blocks = frozenset(re.findall(r"\{% block (\w+)", text))
    return ZooSkin(
        path.stem,
        drawn_from,
        data.get("sees", ""),
        tuple(data.get("faults", "").split()),
        "raccordements" if data.get("routes") == "raccordements" else "gestionnaire",
        blocks,
    )


def _environment(skin: str, marked: bool, corail: bool) -> jinja2.Environment:
    def load(name: str) -> str | None:
        """Every screen of the school is the skin, told which screen it is."""
        screen = f"page_{Path(name).stem}" if name.startswith("pages/") else SCREENS.get(name, "")
        if screen and (corail or not screen.startswith("corail")):
            return f"{{% set screen = {screen!r} %}}{{% extends 'skins/{skin}.html' %}}"
        path = HERE / name
        return path.read_text(encoding="utf-8") if path.is_file() else None

    assert TEMPLATES.loader is not None
    environment = TEMPLATES.overlay(
        loader=jinja2.ChoiceLoader([jinja2.FunctionLoader(load), TEMPLATES.loader])
    )
    environment.globals = dict(TEMPLATES.globals)
    environment.globals |= {
        "me": _marks if marked else _no_marks,
        "DEMO": DEMO_SIRET,
        "ACCOUNT": DEMO_ACCOUNT,
    }
    return environment


def _marks(number: int, action: str = "click", when: object = True) -> Markup:
    """The attribute that tells the reference person what to do here, and in which order."""
    return Markup(' data-person="{} {}"').format(number, action) if when else Markup("")


def _no_marks(number: int, action: str = "click", when: object = True) -> Markup:
    return Markup("")


class More(Page):
    """Any page that a skin has beside the documented screens; it is given what was asked."""

    site = "chorus"

    async def get(self, name: str) -> None:
        """Show `pages/NAME`, the skin's block `page_NAME`."""
        args = {key: self.get_argument(key, strip=False) for key in self.request.arguments}
        structure = self.world.structures.get(args.get("siret", ""))
        known = structure.accounts if structure else []
        facts = {
            "args": args,
            "structure": structure,
            "accounts": [self.world.accounts[each] for each in known],
            "found": self.world.search(args.get("recherche", "")),
            "principal": True,
            "error": "",
        }
        await self.show("", f"pages/{name}.html", facts)

    post = get


class Trap(Page):
    """What nobody asked for: a consent, a survey that is sent, something deleted. Counted as a
    wrong click.
    """

    def get(self, name: str) -> None:
        """Note it."""
        self.world.note("trap", detail=name)
        self.finish("<!doctype html><title>Merci</title><p>Votre choix a été enregistré.</p>")

    post = get


class Library(tornado.web.RequestHandler):
    """The front-end libraries, as the installed packages carry them."""

    def initialize(self, desk: object) -> None:
        """Nothing of the school's is needed."""

    def get(self, name: str, file: str) -> None:
        """Send one file; the browser keeps it: a library does not change."""
        package, folder = LIBRARIES[name]
        found = importlib.util.find_spec(package)
        assert found is not None and found.submodule_search_locations, (
            f"{package} is not installed (tests/requirements.txt)"
        )
        path = Path(next(iter(found.submodule_search_locations))) / folder / file
        if ".." in file or not path.is_file():
            self.send_error(404)
            return
        self.set_header("Content-Type", mimetypes.guess_type(file)[0] or "application/octet-stream")
        self.set_header("Cache-Control", "max-age=3600")
        self.finish(path.read_bytes())


ROUTES = [(r"/p/([\w-]+)", More), (r"/piege/([\w-]+)", Trap), (r"/lib/([\w-]+)/(.+)", Library)]
