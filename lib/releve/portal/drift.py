"""What matters of each screen, kept at each success, and compared the next time before anything is
changed.

A screen's outline is made from its accessible tree: headings, landmarks, buttons, links, fields,
columns, by their labels. What a page shows as data (rows, values, texts, whoever is logged in) is
left out: an outline holds no secret and no personal data.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path

from playwright.async_api import Page

from releve.base.disk import write_atomically
from releve.base.secret import scrub
from releve.base.settings import Settings, origin
from releve.base.words import Words

FOLDER, FORMAT = ".screens", 1

_ROLES = {
    "heading": "titre", "button": "bouton", "link": "lien", "textbox": "champ", "searchbox": "champ de recherche", "combobox": "liste",
    "checkbox": "case", "radio": "choix", "spinbutton": "champ", "tab": "onglet", "menuitem": "menu", "columnheader": "colonne",
    "table": "tableau", "dialog": "fenêtre", "alertdialog": "fenêtre", "navigation": "menu", "main": "partie principale",
    "search": "recherche", "form": "formulaire", "region": "partie", "banner": "bandeau", "contentinfo": "pied de page",
}  # fmt: skip
_LANDMARKS = ("navigation", "main", "banner", "contentinfo")
_LINE = re.compile(r"( *)- '?([a-z]+)(?: \"((?:[^\"\\]|\\.)*)\")?")
_TITLES = (
    "() => [...document.querySelectorAll('[title]')].filter(e => e.checkVisibility()).map(e =>"
    " e.title)"
)

# The words by which an operator knows each screen and what is done on it, by route; the login is
# common to all.
WORDS: dict[str, tuple[str, ...]] = {
    "login/authentification": ("login.identifier", "login.password", "login.submit"),
    "login/portail": ("pigp.chorus",),
    "gestionnaire/accueil": ("home.manager", "home.logout"),
    "gestionnaire/structures": (
        "structures.title",
        "structures.search",
        "structures.edit",
        "structures.next",
    ),
    "gestionnaire/structure": ("structure.title", "structure.users"),
    "gestionnaire/demande": ("reset.button",),
    "gestionnaire/confirmation": ("reset.confirm",),
    "raccordements/accueil": ("domain.name", "domain.open", "home.logout"),
    "raccordements/structures": ("domain.application",),
    "raccordements/structure": ("form.type", "form.structure"),
    "raccordements/demande": ("form.type", "form.structure", "form.account", "form.submit"),
}


@dataclass(frozen=True)
class Look:
    """One screen as it is now. `screen` is "route/step"; `found` gives, by word, the wording that
    stands on it, "" for none.
    """

    screen: str
    outline: tuple[str, ...]
    found: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Kept:
    """One screen as it was at the last success, with the record and the picture of that day ("" for
    none).
    """

    outline: tuple[str, ...]
    record: str
    picture: str
    day: str


async def look(page: Page, words: Words, screen: str) -> Look:
    """The screen on that page. Never called where a password is shown."""
    tree, titles = await asyncio.gather(
        page.locator("body").aria_snapshot(), page.evaluate(_TITLES)
    )
    nodes = list(_nodes(tree))
    names = [
        (role, name) for role, name, _, _ in nodes if role in _ROLES and role not in _LANDMARKS
    ]
    names += [("button", title) for title in titles]
    found = {word: _wording(words, word, names) for word in WORDS.get(screen, ())}
    return Look(screen, tuple(_outline(nodes, words)), found)


def _wording(words: Words, word: str, names: Iterable[tuple[str, str]]) -> str:
    """The first of the word's variants that names something: a title for a title, anything else for
    anything else.
    """
    title = word.endswith((".title", ".name"))
    candidates = [name for role, name in names if (role == "heading") == title or role == "region"]
    return next(
        (
            each
            for each in words.variants(word)
            if any(words.finds(each, name) for name in candidates)
        ),
        "",
    )


def _nodes(tree: str) -> Iterator[tuple[str, str, bool, bool]]:
    """Each element of an ARIA snapshot: its role, its name, whether it stands in the page's main
    part, whether in a row of data.
    """
    path: list[tuple[int, str]] = []
    for line in tree.splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        depth, role, name = len(match[1]), match[2], (match[3] or "").replace('\\"', '"')
        path = [(at, parent) for at, parent in path if at < depth]
        roles = {parent for _, parent in path} | {role}
        yield (
            role,
            name,
            bool(roles & {"main", "dialog", "alertdialog"}),
            bool(roles & {"row", "option", "listbox"}),
        )
        path.append((depth, role))


def _outline(nodes: Iterable[tuple[str, str, bool, bool]], words: Words) -> Iterator[str]:
    seen: set[str] = set()
    for role, name, main, row in nodes:
        if role not in _ROLES:
            continue
        if role in _LANDMARKS:
            yield _ROLES[role]
            continue
        data = (row and role != "columnheader") or not main
        label = words.known(name) if data else _label(name)
        line = f"{_ROLES[role]} « {label} »" + (" dans les lignes" if row and data else "")
        if label and not (
            data and line in seen
        ):  # as many rows as there are: the same button of each counts once
            seen.add(line)
            yield line


def _label(name: str) -> str:
    """A name without what varies: numbers, accounts, and the small signs that show whether a panel
    is unfolded.
    """
    plain = re.sub(r"\S*@\S*|\d[\d\s/.,:]*", "#", scrub(name)).strip()
    return re.sub(r"^[▸▾►▼▶◀+−\s]+(?=\w)", "", plain)


def difference(before: tuple[str, ...], after: tuple[str, ...]) -> tuple[str, ...]:
    """What changed between two outlines, in French clauses; none when nothing did."""
    if before == after:
        return ()
    gone, new = Counter(before) - Counter(after), Counter(after) - Counter(before)
    told = [f"n'y est plus : {', '.join(gone.elements())}"] if gone else []
    told += [f"est nouveau : {', '.join(new.elements())}"] if new else []
    return tuple(told) or ("l'ordre des éléments a changé",)


class Baseline:
    """The screens of the last success on this portal, for every operator of this folder of records.
    Losing it loses only a comparison.
    """

    def __init__(self, settings: Settings) -> None:
        self.outputs = settings.record.folder
        self.path = self.outputs / FOLDER / f"{_portal(settings)}.json"

    def read(self) -> dict[str, Kept]:
        """What is kept, by screen; nothing when the file is missing, damaged or of another format."""
        return load(self.path)

    def keep(self, screens: Mapping[str, Kept]) -> None:
        """Take these screens as the right ones, the others as they were. A disk that refuses stops
        nothing.
        """
        save(self.path, self.read() | dict(screens))


def kept(looks: Iterable[Look], record: Path, pictures: Mapping[str, str]) -> dict[str, Kept]:
    """What is to be kept of these looks; `pictures` gives the picture of each screen that has one."""
    return {
        each.screen: Kept(
            each.outline, record.name, pictures.get(each.screen, ""), date.today().isoformat()
        )
        for each in looks
    }


def save(path: Path, screens: Mapping[str, Kept]) -> None:
    """Write screens, all or nothing. A disk that refuses stops nothing: the next success keeps
    them.
    """
    text = json.dumps(
        {"format": FORMAT, "screens": {name: asdict(each) for name, each in screens.items()}},
        ensure_ascii=False,
        indent=1,
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text.encode())
    except OSError:
        return


def load(path: Path) -> dict[str, Kept]:
    """The screens of a file that `save` wrote; nothing when it is missing, damaged or of another
    format.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            return {}
        return {
            name: Kept(**each | {"outline": tuple(each["outline"])})
            for name, each in data["screens"].items()
        }
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _portal(settings: Settings) -> str:
    """One name for each portal; for the school, for each edition of its pages: a newer Relève is no
    reason to stop a demonstration.
    """
    if settings.school is None:
        return re.sub(r"\W+", "-", origin(settings.portal.url))
    pages = sorted((Path(__file__).parents[1] / "school").rglob("*.html")) + sorted(
        (Path(__file__).parents[1] / "school").rglob("*.js")
    )
    return "ecole-" + hashlib.sha256(b"".join(page.read_bytes() for page in pages)).hexdigest()[:12]
