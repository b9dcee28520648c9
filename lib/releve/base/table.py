"""A TOML table read into a frozen dataclass whose fields are its keys: what breaks a rule is named
by its key, never by its value, which might be a secret.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
from dataclasses import MISSING
from datetime import date
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from releve.base.texts import flat

_SECRET_KEY = re.compile(
    r"pass|secret|seed|graine|mdp|pwd|otp|token|jeton|credential|private", re.IGNORECASE
)
_TEXT, _LIST = "un texte entre guillemets", 'une liste de textes, ["…"]'
_KINDS: dict[Any, str] = {
    str: _TEXT,
    Path: _TEXT,
    int: "un nombre entier",
    float: "un nombre",
    bool: "true ou false",
    date: "une date sans guillemets (2025-11-30)",
    list: _LIST,
    tuple: _LIST,
    dict: "une table",
}


class Fault(ValueError):
    """A value that breaks a rule: the key, what is wrong and the mend. `load` turns it into a
    `SettingsError`.
    """

    def __init__(self, key: str, why: str, mend: str) -> None:
        super().__init__(f"{key}: {why}")
        self.key, self.why, self.mend = key, why, mend


def require(good: bool, key: str, why: str, mend: str) -> None:
    """Raise the `Fault` of that key unless the value is `good`."""
    if not good:
        raise Fault(key, why, mend)


_hints = cache(get_type_hints)  # five thousand structures are of one class


def build(cls: Any, table: Any, where: str, **given: Any) -> Any:
    """An instance of the dataclass `cls` from a TOML table found at the key `where`; `given` fields
    are no keys of the file; `keyed_by` of a dataclass names the field that its table's name gives.
    """
    hints = _hints(cls)
    keys = {each.name: each for each in dataclasses.fields(cls) if each.name not in given}
    for key in table:
        if key not in keys:
            refuse(join(where, key), key, list(keys))
    for key, each in keys.items():
        if key not in table and each.default is MISSING and each.default_factory is MISSING:
            mend = f"Ajoutez-la dans la table [{where}]."
            good = dataclasses.is_dataclass(hints[key])
            require(good, join(where, key), "elle manque", mend)
            table = table | {key: {}}  # so that what is missing is named inside it
    values = {key: _value(hints[key], raw, join(where, key)) for key, raw in table.items()}
    try:
        return cls(**given, **values)
    except Fault as fault:
        raise Fault(join(where, fault.key), fault.why, fault.mend) from None


def join(where: str, key: str) -> str:
    """The dotted key inside the table `where`."""
    return ".".join(part for part in (where, key) if part)


def refuse(path: str, key: str, keys: list[str]) -> None:
    """Raise the `Fault` of an unknown key: a slip of the pen, or a secret in the wrong place."""
    if _SECRET_KEY.search(key) and not difflib.get_close_matches(key, keys, 1, 0.85):
        mend = (
            "Effacez-la, changez ce secret si le fichier a été partagé, et confiez-le au trousseau"
            " : « releve credentials store »."
        )
        raise Fault(path, "elle semble contenir un secret, et aucun secret n'a sa place ici", mend)
    close = difflib.get_close_matches(key, keys, 1)
    possible = f"Clés possibles : {', '.join(keys)}."
    mend = f"Vouliez-vous dire « {close[0]} » ?" if close else possible
    raise Fault(path, "clé inconnue", mend)


def _value(hint: Any, raw: Any, where: str) -> Any:
    """`raw` checked against a field's type and made into it. Raises `Fault`, which never repeats
    `raw`.
    """
    shape, options = get_origin(hint), get_args(hint)
    if shape is UnionType:
        kinds = [each for each in options if each is not NoneType]
        fits = (each for each in kinds if isinstance(raw, get_origin(each) or each))
        return _value(next(fits, kinds[0]), raw, where)
    if shape is Literal:
        known = any(raw == each and type(raw) is type(each) for each in options)
        mend = f"Valeurs possibles : {', '.join(str(each).lower() for each in options)}."
        require(known, where, "cette valeur est inconnue", mend)
        return raw
    kind = dict if dataclasses.is_dataclass(hint) else shape or hint
    accepted = {tuple: (list,), Path: (str,), float: (float, int)}.get(kind, (kind,))
    wrong = "ce n'est pas le bon type de valeur"
    require(type(raw) in accepted, where, wrong, f"Il faut {_KINDS[kind]}.")
    if dataclasses.is_dataclass(hint):
        key = getattr(hint, "keyed_by", "")
        return build(hint, raw, where, **({key: where.rpartition(".")[2]} if key else {}))
    if kind is dict:
        # `reset.button = "…"` and `[portal.labels.reset]` mean the same as "reset.button"
        raw = flat(raw) if where == "portal.labels" else raw
        return {key: _value(options[1], each, join(where, key)) for key, each in raw.items()}
    if kind is str or kind is Path:
        wrong = "elle contient un caractère invisible"
        require(raw.isprintable(), where, wrong, "Retapez cette valeur.")
    if kind in (list, tuple):
        return kind(_value(options[0], each, where) for each in raw)
    return Path(raw) if kind is Path else raw
