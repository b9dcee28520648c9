"""The first start: a form writes the settings, so that nobody meets a configuration file before the
first rotation.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from releve.base import siret as sirets
from releve.base.disk import write_atomically
from releve.base.settings import SettingsError, load
from releve.jupyter.panel import View, button, field_, form, paragraphs

_ROUTES = [
    ("gestionnaire", "« Activités du gestionnaire » (celle du document)"),
    ("raccordements", "« Raccordements » (la plus récente)"),
    ("auto", "celle que le portail montrera"),
]
_OTHER_PROGRAM = (
    "Relève guide la saisie dans Corail ; pour un autre logiciel, écrivez les réglages vous-même («"
    " command », dans le README)."
)


class WrongField(Exception):
    """What is wrong with one field, in French; `field` is its name, "" when it is not known."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


def view(values: dict[str, Any] | None = None, wrong: WrongField | None = None) -> View:
    """The form, with what was typed before and what is wrong with it."""
    given = {"route": "gestionnaire", "corail": True} | (values or {})
    fields = [
        field_("name", "Nom de la structure", placeholder="Commune d'Exemple"),
        field_(
            "siret",
            "SIRET",
            digits=True,
            maxlength=20,
            size=20,
            help="14 chiffres, tels qu'ils figurent dans « Mes structures » sur Chorus Pro.",
        ),
        field_(
            "account",
            "Compte technique",
            placeholder="TECH_1_12345678@cpro.fr",
            help="Il figure sur la fiche de la structure, et dans le mail de Chorus Pro.",
        ),
        field_(
            "login",
            "Votre identifiant du Portail de la Gestion Publique",
            help="Le mot de passe sera demandé plus tard ; il n'est jamais écrit ici.",
        ),
        field_("route", "Chemin suivi sur le portail", "choice", options=_ROUTES),
        field_(
            "corail", "Le mot de passe est à entrer dans Corail, sur ce poste ou un autre", "check"
        ),
    ]
    fields = [
        each
        | {"value": given.get(each["name"]), "invalid": bool(wrong and wrong.field == each["name"])}
        for each in fields
    ]
    body = paragraphs(
        "Bienvenue. Quelques renseignements, une seule fois ; rien n'est encore touché sur le"
        " portail."
    )
    buttons = [
        button("write", "Enregistrer", "primary"),
        button("train", "S'entraîner d'abord, sans rien régler"),
    ]
    return form("Premier démarrage", body, fields=fields, buttons=buttons, error=str(wrong or ""))


def write(path: Path, values: dict[str, Any]) -> None:
    """Write the settings file. Raises `WrongField`; a file that does not load is not kept."""
    siret = re.sub(r"\s", "", values["siret"])
    if fault := sirets.check(siret):
        raise WrongField("siret", f"Ce SIRET ne convient pas : {fault}.")
    for name, label in (
        ("name", "le nom de la structure"),
        ("account", "le compte technique"),
        ("login", "votre identifiant"),
    ):
        if not values[name].strip():
            raise WrongField(name, f"Il manque {label}.")
    if not values["corail"]:
        raise WrongField("corail", _OTHER_PROGRAM)
    path.parent.mkdir(parents=True, exist_ok=True)
    trial = path.with_name(f".{path.name}.essai")
    try:
        write_atomically(trial, _toml(siret, values).encode())
        load(trial)
    except SettingsError as error:
        trial.unlink()
        raise WrongField("", error.sentences[0]) from None
    trial.replace(path)


def _toml(siret: str, values: dict[str, Any]) -> str:
    """JSON's texts and lists are TOML's too."""
    text = {
        name: json.dumps(str(values[name]).strip(), ensure_ascii=False)
        for name in ("name", "account", "login", "route")
    }
    return f"""\
# Réglages de Relève, écrits par la page d'accueil. Aucun mot de passe n'a sa place ici.
[portal]
login = {text["login"]}
route = {text["route"]}

[structures.{siret}]
name = {text["name"]}
technical_account = {text["account"]}
targets = ["corail"]
"""
