"""Which of the words of a screen stand on it, and in which wording: what a rehearsal tells."""

from __future__ import annotations

from collections.abc import Mapping

from releve.base.words import Words
from releve.portal.view import View

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


def recognised(view: View, words: Words, route: str, step: str) -> Mapping[str, str]:
    """By word, the wording that names something in that look; "" for none."""
    texts = [each.text for each in view.texts if each.shown]
    shown = [each for each in view.things if each.shown]
    names = [name for each in shown for name in (*each.names.values(), *each.near.values())]

    def wording(word: str) -> str:
        """Of its variants the first: a title names a text, anything else what can be acted on."""
        told = texts if word.endswith((".title", ".name")) else names
        variants = words.variants(word)
        return next((v for v in variants if any(words.finds(v, each) for each in told)), "")

    return {word: wording(word) for word in wanted_on(route, step)}
