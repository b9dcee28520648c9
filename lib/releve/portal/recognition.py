"""Which of the words of a screen stand on it, and in which wording: what a rehearsal tells."""

from __future__ import annotations

import re
from collections.abc import Mapping

from playwright.async_api import Page

from releve.base.words import Words

_TITLES = (
    "() => [...document.querySelectorAll('[title]')].filter(e => e.checkVisibility())"
    ".map(e => e.title)"
)
_LINE = re.compile(r" *- '?([a-z]+) \"((?:[^\"\\]|\\.)*)\"")
_LANDMARKS = ("navigation", "main", "banner", "contentinfo")

# The words by which an operator knows each screen and what is done on it, by route; the login is
# common to all.
_LOGIN: dict[str, tuple[str, ...]] = {
    "authentification": ("login.identifier", "login.password", "login.submit"),
    "portail": ("pigp.chorus",),
}
WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "gestionnaire": {
        "accueil": ("home.manager", "home.logout"),
        "structures": (
            "structures.title", "structures.search", "structures.edit", "structures.next",
        ),
        "structure": ("structure.title", "structure.users"),
        "demande": ("reset.button",),
    },
    "raccordements": {
        "accueil": ("domain.name", "domain.open", "home.logout"),
        "structures": ("domain.application",),
        "structure": ("form.type", "form.structure"),
        "demande": ("form.type", "form.structure", "form.account", "form.submit"),
    },
}  # fmt: skip


def wanted_on(route: str, step: str) -> tuple[str, ...]:
    """The words of that screen."""
    return (_LOGIN | WORDS.get(route, {})).get(step, ())


async def recognised(page: Page, words: Words, route: str, step: str) -> Mapping[str, str]:
    """By word, the wording that names something on the page; "" for none. Never asked where a
    password is shown.
    """
    tree = await page.locator("body").aria_snapshot()
    names = [
        (match[1], match[2].replace('\\"', '"'))
        for line in tree.splitlines()
        if (match := _LINE.match(line)) and match[1] not in _LANDMARKS
    ]
    names += [("button", title) for title in await page.evaluate(_TITLES)]
    return {word: _wording(words, word, names) for word in wanted_on(route, step)}


def _wording(words: Words, word: str, names: list[tuple[str, str]]) -> str:
    """The first of the word's variants that names something: a title for a title, anything else for
    anything else.
    """
    title = word.endswith((".title", ".name"))
    fits = [name for role, name in names if (role == "heading") == title or role == "region"]
    return next(
        (each for each in words.variants(word) if any(words.finds(each, name) for name in fits)), ""
    )
