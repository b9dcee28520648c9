"""A registered secret is masked in every form in which it usually travels, and a `Secret` never
shows itself.
"""

from __future__ import annotations

import base64
import copy
import html
import json
import pickle
import re
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import leaks
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from releve.base import secret as s
from releve.base.secret import (
    MASK,
    Secret,
    begun,
    clean,
    encodings,
    encodings_in_bytes,
    scrub,
    scrub_bytes,
)

VALUES = [*leaks.CANARIES, leaks.MANAGER, "motdepasse-é", leaks.WORD]
CARRIERS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "JSON": json.dumps,
    "JSON as UTF-8": lambda v: json.dumps(v, ensure_ascii=False),
    "HTML": html.escape,
    "HTML of JSON": lambda v: html.escape(json.dumps(v)),
    "URL": lambda v: quote(v, safe=""),
    "URL in lower case": lambda v: re.sub("%..", lambda found: found[0].lower(), quote(v, safe="")),
    "form": quote_plus,
    "repr": repr,
    "repr beside a quote": lambda v: repr(v + "'\""),
    "base64": lambda v: base64.b64encode(v.encode()).decode(),
    "base64 after one byte": lambda v: base64.b64encode(b"x" + v.encode() + b"yz").decode(),
    "base64 after a login": (
        lambda v: base64.b64encode(f"TECH_1_12345678@cpro.fr:{v}".encode()).decode()
    ),
    "base64 for URLs": lambda v: base64.urlsafe_b64encode(v.encode()).decode(),
    "base64 of UTF-16": lambda v: base64.b64encode(v.encode("utf-16-le")).decode(),
}


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test registers its own secrets."""
    monkeypatch.setattr(s, "_registered", {})
    monkeypatch.setattr(s, "_forms", ())


@pytest.mark.parametrize("carrier", CARRIERS)
def test_every_usual_form_is_masked(carrier: str) -> None:
    """What comes out gives the value to nobody who decodes it."""
    for value in VALUES:
        Secret(value)
        carried = CARRIERS[carrier](value)
        assert leaks.found(value, carried.encode()), f"the hunt does not see it as {carrier}"
        text = scrub(f"avant {carried} après")
        assert MASK in text
        assert not leaks.found(value, text.encode()), text


def test_another_case_is_masked_too() -> None:
    """A log that writes everything in capitals, or in small letters, gives nothing away."""
    Secret("m9<Rw83bK")
    assert [MASK] * 2 == [scrub("M9<RW83BK"), scrub("m9<rw83bk")]


@settings(max_examples=100, deadline=None)
@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=20),
    st.binary(max_size=5),
    st.binary(max_size=5),
)
def test_any_password_is_masked_at_any_place_of_a_base64_text(
    value: str, before: bytes, after: bytes
) -> None:
    """The three alignments are covered, for any password of the portal's kind."""
    assume(not s.is_plain(value))
    Secret(value)
    text = base64.b64encode(before + value.encode() + after).decode()
    assert not leaks.found(value, scrub(text).encode())


@pytest.mark.parametrize("wide", ["utf-8", "utf-16-le", "utf-16-be"])
def test_the_bytes_of_a_file_are_searched_in_each_width(wide: str) -> None:
    """A file in UTF-16 hides nothing, nor does a buffer of a widget."""
    for value in VALUES:
        Secret(value)
        content = (
            b"\1\2"
            + f'{{"password": {json.dumps(value, ensure_ascii=False)}}}'.encode(wide)
            + b"\3"
        )
        assert any(form in content for form in encodings_in_bytes(value))
        scrubbed = scrub_bytes(content)
        assert len(content) == len(scrubbed)
        assert not leaks.found(value, scrubbed)


def test_no_innocent_text_is_masked() -> None:
    """Forms are long enough to stay out of what the operator reads."""
    for value in VALUES:
        Secret(value)
        assert all(len(form) >= 5 for form in encodings(value))
    text = (
        "Étape 6 sur 12 · Écran « Modification de la structure » — TECH_1_12345678@cpro.fr, SIRET"
        " 21990001600011, /9j/4AAQSkZJRg=="
    )
    assert text == scrub(text)


def test_what_is_begun_is_known() -> None:
    """The end of a text that may be the beginning of a secret is measured, whole characters of its
    encodings included.
    """
    Secret("m9<Rw83bK")
    assert [3, 6, 0] == [begun(text) for text in ("le mot m9<", "le mot m9&lt;", "le mot\n")]


def test_a_structure_is_cleaned_in_every_corner() -> None:
    """Keys, lists in dictionaries, buffers."""
    Secret("m9<Rw83bK")
    dirty = {
        "m9<Rw83bK": [{"text/html": "<b>m9&lt;Rw83bK</b>"}, b"m9<Rw83bK", 3, None, ("m9<Rw83bK",)]
    }
    assert {MASK: [{"text/html": f"<b>{MASK}</b>"}, b"*" * 9, 3, None, [MASK]]} == clean(dirty)


def test_a_secret_never_shows_itself() -> None:
    """Not by printing, formatting, copying, pickling or JSON."""
    held = Secret("m9<Rw83bK")
    assert [MASK, f"Secret({MASK})", MASK, f"{MASK:>6}"] == [
        str(held),
        repr(held),
        f"{held:>20}",
        f"{held!s}",
    ]
    for serialise in (pickle.dumps, copy.copy, copy.deepcopy, json.dumps):
        with pytest.raises(TypeError):
            serialise(held)
    assert not hasattr(held, "__dict__")


def test_a_plain_word_is_masked_nowhere_and_known_to_the_search() -> None:
    """Masking « Bienvenue » would break texts of our own; the search before a seal finds it."""
    Secret("Bienvenue")
    assert "Bienvenue à Exemple" == scrub("Bienvenue à Exemple")
    assert "Bienvenue" in s.registered()
    assert b"Bienvenue" in encodings_in_bytes("Bienvenue")
    assert [True, True, False, False] == [
        s.is_plain(each) for each in ("Bienvenue", "20261129", "Bienvenue1", "JBSWYDPEHPKXPXPQ")
    ]
