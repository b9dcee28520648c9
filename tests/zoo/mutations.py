"""The day when a foreign portal has changed too: one change on top of a skin, the right click or
none.

A mutation changes the made-up world, words of every page, or, by its mark (`person.py`), the very
control that is the right one: it is renamed, hidden, greyed, or has a decoy next to it. Whether the
rotation then completes is not asked; that nothing of anybody else's is clicked is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from releve.school import World
from releve.school.people import DEMO_ACCOUNT, DEMO_SIRET
from releve.school.world import TechnicalAccount

OTHER_SIRET = "21990002400015"
RESET = "Réinitialiser le mot de passe (utilisateur technique)"
NEIGHBOUR = DEMO_ACCOUNT.replace("@", "9@")


def _nothing(world: World) -> None:
    """No change of the data."""


def _neighbour(world: World) -> None:
    """An account whose name begins as ours does, before it."""
    known = world.accounts[DEMO_ACCOUNT]
    world.accounts[NEIGHBOUR] = TechnicalAccount(NEIGHBOUR, "Un-autre-2026", known.changed)
    world.structures[DEMO_SIRET].accounts.insert(0, NEIGHBOUR)


def _same_names(world: World) -> None:
    for structure in world.structures.values():
        structure.name = world.structures[DEMO_SIRET].name


def _without_structure(world: World) -> None:
    del world.structures[DEMO_SIRET]


def _without_account(world: World) -> None:
    world.structures[DEMO_SIRET].accounts.remove(DEMO_ACCOUNT)


@dataclass(frozen=True)
class Mutation:
    """One change: of the data, and of words as they stand in the pages' source."""

    name: str
    data: Callable[[World], None] = _nothing
    """Done to the world before its school opens."""
    words: dict[str, str] = field(default_factory=dict)
    where: str = ""
    """Only on pages that have these words."""
    marked: int = 0
    """The mark of the control that is changed."""
    done: tuple[str, ...] = ()
    """What is done to it, each a function of `changes.js`."""

    def change(self, page: str) -> str:
        """The page's source, changed."""
        for word, other in self.words.items() if self.where in page else ():
            page = page.replace(word, other)
        if self.marked and "<html" in page:
            page += f"<script>({CHANGES})({self.marked}, {list(self.done)})</script>"
        return page


UNCHANGED = Mutation("")
CHANGES = Path(__file__).with_name("changes.js").read_text(encoding="utf-8")
CONTROLS = {
    3: "what sends the login",
    10: "the tile",
    20: "the menu",
    30: "the pen",
    40: "the reset button",
    41: "the confirmation",
}
"""By its mark."""
TAUGHT = (10, 20, 30, 40, 41)
"""Those that a person shows when their words are others."""


def next_to(mark: int, *done: str) -> Mutation:
    """Something done to, or next to, the right control."""
    return Mutation(f"{CONTROLS[mark]}: {', '.join(done)}", marked=mark, done=done)


def _decoy(words: str) -> Mutation:
    trap = f'<p><a href="/piege/leurre">{words}</a></p>'
    return Mutation(f"a decoy « {words[:24]}… »", words={"</body>": f"{trap}</body>"}, where=words)


MUTATIONS = (
    Mutation("accounts in the other order", lambda w: w.structures[DEMO_SIRET].accounts.reverse()),
    Mutation("an account whose name begins as ours does", _neighbour),
    Mutation("all structures have one name", _same_names),
    Mutation("our structure is not there", _without_structure),
    Mutation("our account is not there", _without_account),
    Mutation("the pen leads to another structure", words={f"/{DEMO_SIRET}": f"/{OTHER_SIRET}"}),
    Mutation("the button means something else", words={RESET: f"Supprimer, puis {RESET.lower()}"}),
    Mutation("the confirmation deletes", words={"Confirmer": "Supprimer", "Oui": "Supprimer"}),
    _decoy(RESET),
    _decoy("Modifier"),
    _decoy("Activités du gestionnaire"),
    _decoy("Chorus Pro"),
    _decoy("Confirmer"),
    *(
        next_to(mark, *done)
        for done in (["twin"], ["more"], ["more", "hide"], ["hide"], ["grey"], ["rename"])
        for mark in CONTROLS
    ),
)
