"""Made-up communes, managers and passwords: nothing here exists, and every SIRET starts with a
department that does not (99).
"""

from __future__ import annotations

import random
import string
from dataclasses import dataclass

DEMO_SIRET = "21990001600011"
DEMO_NAME = "Commune d'Exemple"
DEMO_ACCOUNT = "TECH_1_12345678@cpro.fr"

AWKWARD = "<b>&amp;\"'\\ "
"""What is spoilt on the way through a page: a tag, an entity, quotes, a backslash, a space within.
"""
PRINTABLE = string.ascii_letters + string.digits + string.punctuation
"""All printable ASCII without the space: no official alphabet is known, so none is spared."""

_STEMS = (
    "Abricourt", "Bellefont", "Champval", "Douzemont", "Esclavelle", "Fontrieu", "Grandrive",
    "Hautebois", "Issarmes", "Jonquevert", "Lormeval", "Montbrisac",
)
_ENDS = (
    "", "-sur-Vire", "-le-Vieux", "-les-Bains", "-en-Plaine", "-la-Forêt", "-sous-Bois",
    "-l'Abbaye",
)
_FIRST = [
    "Camille", "Dominique", "Claude", "Sacha", "Andréa", "Maxime", "Noa", "Lou", "Alix", "Charlie",
]
_LAST = [
    "Modèle", "Fictif", "Essai", "Maquette", "Gabarit", "Témoin", "Prototype", "Esquisse",
    "Ébauche", "Patron",
]


@dataclass(frozen=True)
class User:
    """A person attached to a structure."""

    name: str
    login: str
    role: str


def luhn_digit(digits: str) -> str:
    """The digit that makes `digits` plus itself pass the Luhn checksum."""
    total = 0
    for position, character in enumerate(reversed(digits)):
        value = int(character) * (1 if position % 2 else 2)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def siret(commune: int, establishment: int = 1) -> str:
    """A valid SIRET: `21` (communes), `99` (no such department), the commune's number, then its
    establishment's.
    """
    siren = f"2199{commune:04d}"
    siren += luhn_digit(siren)
    digits = f"{siren}{establishment:04d}"
    return digits + luhn_digit(digits)


def commune_name(number: int) -> str:
    """A commune's name, different for each of the first thousands of numbers."""
    stem, turn = _STEMS[number % len(_STEMS)], number // len(_STEMS)
    end, again = _ENDS[turn % len(_ENDS)], turn // len(_ENDS)
    article = "d'" if stem[0] in "AEIOU" else "de "
    return f"Commune {article}{stem}{end}" + (f" {again + 1}" if again else "")


def users(number: int, count: int) -> tuple[User, ...]:
    """The people attached to a structure, the same for the same number."""
    rng = random.Random(number)
    names = rng.sample([f"{last} {first}" for first in _FIRST for last in _LAST], count)
    roles = ("Gestionnaire secondaire", "Utilisateur", "Utilisateur", "Approbateur")
    return tuple(
        User(
            name,
            f"{name.split()[1].lower()}.{number}{index}@exemple.invalid",
            roles[index % len(roles)],
        )
        for index, name in enumerate(names)
    )


def new_password(rng: random.Random, *, slash: bool | None) -> str:
    """A password of 13 to 16 printable characters; `slash` asks for a "/", forbids it, or (None)
    leaves it to chance.
    """
    alphabet = PRINTABLE.replace("/", "") if slash is False else PRINTABLE
    characters = rng.choices(alphabet, k=rng.randint(13, 16))
    if slash and "/" not in characters:
        characters[rng.randrange(len(characters))] = "/"
    return "".join(characters)
