"""Words are found as an eye finds them: case, accents, spaces and apostrophes apart, and never a
part of another word.
"""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from releve.base.words import Words, digits, tolerant, whole

WORDS = Words()
KEYS = sorted(WORDS._variants)


def disguised(text: str, how: int) -> str:
    """The same words as other pages write them."""
    bare = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return (text.upper(), bare.lower(), text.replace(" ", "\u00a0 \n"), text.replace("'", "’"))[how]


@pytest.mark.parametrize("how", range(4))
@pytest.mark.parametrize("key", KEYS)
def test_every_documented_word_is_found_in_disguise(key: str, how: int) -> None:
    """By the search and by the exact match, alone, starred as an obligation, or in a sentence."""
    shown = disguised(WORDS.first(key), how)
    assert WORDS.exact(key).search(f" {shown} * :")
    assert WORDS.exact(key).search(f"\uf084 {shown} →"), "an icon is no word"
    assert WORDS.find(key).search(f"Bonjour, {shown}.")


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("login.password", "Mot de passe oublié ?"),
        ("summary.password", "Conservez ce mot de passe dès maintenant"),
        ("reset.confirm", "Confirmer plus tard"),
        ("login.submit", "Se déconnecter"),
        ("reset.button", "Ne pas réinitialiser le mot de passe (utilisateur technique)"),
    ],
)
def test_an_exact_word_is_the_whole_text(key: str, shown: str) -> None:
    """A longer text that holds the word is something else."""
    assert not WORDS.exact(key).search(shown)


@pytest.mark.parametrize("shown", ["déconnexion réussie ici", "reconnexion", "Connexions"])
def test_a_word_within_another_is_not_found(shown: str) -> None:
    """« connexion » is in neither « déconnexion » nor « connexions »."""
    assert not Words({"login.submit": "connexion"}).find("login.submit").search(shown)


@given(
    st.text(st.characters(min_codepoint=32, max_codepoint=255), min_size=1, max_size=30).filter(
        str.strip
    )
)
def test_any_label_of_the_settings_finds_itself(label: str) -> None:
    """Whatever its characters, brackets and stars included, it is words and not a pattern."""
    import re

    assert re.search(tolerant(label.strip()), " ".join(label.split()), re.IGNORECASE)


@pytest.mark.parametrize(
    ("text", "is_there"),
    [
        ("TECH_1_123@cpro.fr", True),
        ("Compte tech_1_123@CPRO.fr.", True),
        ("« TECH_1_123@cpro.fr », actif", True),
        ("TECH_1_123@cpro.fr.test", False),
        ("TECH_1_1234@cpro.fr", False),
        ("OLD.TECH_1_123@cpro.fr", False),
        ("TECH_1_123@cpro.fr-2", False),
    ],
)
def test_an_account_is_not_a_part_of_another(text: str, is_there: bool) -> None:
    """The neighbour whose name begins or ends alike is somebody else."""
    assert is_there is bool(whole("TECH_1_123@cpro.fr").search(text))


@pytest.mark.parametrize(
    "shown",
    [
        "21990001600011",
        "219 900 016 00011",
        "219\u00a0900\u00a0016\u00a000011",
        "219\u202f900 016 000 11",
    ],
)
def test_a_siret_is_found_in_groups(shown: str) -> None:
    """However it is written."""
    import re

    assert re.search(digits("21990001600011"), f"SIRET : {shown}")
