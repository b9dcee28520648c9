"""The number that names a structure: 14 digits, the first 9 of which (the SIREN) name the legal
entity.
"""

from __future__ import annotations

LA_POSTE = "356000000"


def luhn(digits: str) -> bool:
    """Whether the digits pass Luhn's checksum: every second one from the right is doubled, and the
    sum is a multiple of 10.
    """
    each = enumerate(reversed(digits))
    total = sum(sum(divmod(int(digit) * (1 + place % 2), 10)) for place, digit in each)
    return total % 10 == 0


def check(siret: str) -> str | None:
    """What is wrong with `siret`, in French, or None. La Poste's many SIRETs (INSEE's known
    exception) only sum to a multiple of 5.
    """
    if not (siret.isascii() and siret.isdigit() and len(siret) == 14):
        return "un SIRET a 14 chiffres, et rien d'autre"
    la_poste = siret.startswith(LA_POSTE) and sum(map(int, siret)) % 5 == 0
    if not (luhn(siret) or la_poste):
        return "sa clé de contrôle est fausse : un chiffre est sans doute mal recopié"
    return None
