"""Her particulars: a form writes the settings, so that nobody meets a configuration file before the
first renewal; and corrects them later.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Any

import tomlkit

from releve.base import person
from releve.base import siret as sirets
from releve.base.disk import write_atomically
from releve.base.programs import programs
from releve.base.settings import FIRST_DAY, Settings, SettingsError, load
from releve.base.texts import text
from releve.jupyter.panel import View, button, field_, form, say
from releve.jupyter.records import at_home

_ACCOUNT = re.compile(r"TECH_(1_\d+@cpro|0\d{14}@cpp2017)\.fr", re.IGNORECASE)
_HEAD = "Réglages de Relève, écrits par la page d'accueil. Aucun mot de passe n'a sa place ici."


class WrongField(Exception):
    """What is wrong, in French, by field; "" for what no field has."""

    def __init__(self, wrong: dict[str, str]) -> None:
        super().__init__(" ".join(wrong.values()))
        self.wrong = wrong


def view(
    values: dict[str, Any] | None = None, wrong: WrongField | None = None, change: str = ""
) -> View:
    """The form, with what was typed before and what is wrong with it. `change`: the SIRET whose
    particulars are corrected; "" at the first start.
    """
    given = {"programs": ["corail"], "person": person.given_name()} | (values or {})
    options = [[name, each.name] for name, each in programs().items()]
    fields = [
        field_("name", text("settings.name")),
        field_("siret", text("settings.siret"), digits=True, maxlength=20, size=20),
        field_("account", text("settings.account")),
        field_("login", text("settings.login")),
        field_("herself", text("settings.herself"), "check"),
        field_("last", text("settings.last"), size=12),
        field_("programs", text("settings.programs"), "several", options=options),
        field_("person", text("settings.person")),
        field_("contact", text("settings.contact")),
    ]
    helped = ("siret", "account", "login", "last", "person", "contact")
    for each in fields:
        name = each["name"]
        each |= {"value": given.get(name), "check": name in CHECKS}
        each |= {"help": text(f"settings.{name}-help")} if name in helped else {}
    buttons = [button(f"write:{change}" if change else "write", text("settings.ok"), "primary")]
    other = ("refresh", "settings.cancel") if change else ("train", "settings.train")
    buttons.append(button(other[0], text(other[1])))
    return form(
        text("settings.heading-change" if change else "settings.heading"),
        "" if change else say("settings.body"),
        fields=fields,
        buttons=buttons,
        wrong=wrong.wrong if wrong else {},
        error=wrong.wrong.get("", "") if wrong else "",
    )


def _filled(value: str) -> str:
    return "" if value.strip() else text("settings.wrong.empty")


def _siret(value: str) -> str:
    fault = sirets.check(re.sub(r"\s", "", value))
    return _filled(value) or (text("settings.wrong.siret", why=fault) if fault else "")


def _account(value: str) -> str:
    good = _ACCOUNT.fullmatch(value.strip())
    return _filled(value) or ("" if good else text("settings.wrong.account"))


def _last(value: str) -> str:
    return wrong_day(value) if value.strip() else ""


def wrong_day(value: str) -> str:
    """What is wrong with the day of a last change as she wrote it, in French; "" when nothing is.
    """
    found = day(value)
    if found is None:
        return text("settings.wrong.date")
    if found < FIRST_DAY:
        return text("settings.wrong.early")
    return text("settings.wrong.future") if found > date.today() else ""


def _person(value: str) -> str:
    try:
        person.checked(value)
    except person.NameUnusable as error:
        return error.sentences[0]
    return ""


CHECKS: dict[str, Callable[[str], str]] = {
    "name": _filled,
    "siret": _siret,
    "account": _account,
    "login": _filled,
    "last": _last,
    "person": _person,
}


def check(name: str, value: str) -> str:
    """What is wrong with one field, in French; "" when nothing is."""
    return CHECKS[name](value) if name in CHECKS else ""


def day(written: str) -> date | None:
    """A day as she writes it, or as the settings do; None for anything else."""
    for form_ in ("%d/%m/%Y", "%Y-%m-%d"):
        with suppress(ValueError):
            return datetime.strptime(written.strip(), form_).date()
    return None


def values_of(settings: Settings, siret: str) -> dict[str, Any]:
    """What the form shows of a structure's settings, and of who is at work."""
    structure = settings.structure(siret)
    last = structure.last_rotation
    return {
        "name": structure.name,
        "siret": structure.siret,
        "account": structure.technical_account,
        "login": settings.portal.login,
        "herself": settings.portal.sign_in == "person",
        "last": f"{last:%d/%m/%Y}" if last else "",
        "programs": [each for each in structure.targets if each in programs()],
        "person": person.given_name(),
        "contact": settings.contact,
    }


def write(path: Path, values: dict[str, Any], change: str = "") -> None:
    """Write the settings file, or correct in it what the form asks for; everything else in it
    stays. Raises `WrongField`, all that is wrong at once; a file that does not load is not kept.
    """
    wrong = {name: fault for name in CHECKS if (fault := check(name, str(values.get(name) or "")))}
    if not values.get("programs"):
        wrong["programs"] = text("settings.wrong.programs")
    if wrong:
        raise WrongField(wrong)
    document = tomlkit.parse(path.read_text(encoding="utf-8")) if change else _new()
    _fill(document, values, change)
    path.parent.mkdir(parents=True, exist_ok=True)
    trial = path.with_name(f".{path.name}.essai")
    try:
        write_atomically(trial, tomlkit.dumps(document).encode())
        load(trial)
    except SettingsError as error:
        trial.unlink()
        raise WrongField({"": error.sentences[0]}) from None
    trial.replace(path)
    person.keep_name(values.get("person") or "")


def _new() -> tomlkit.TOMLDocument:
    """Nobody can say which way the portal will show: it is looked at there. The records go to the
    person's documents: a copy of the program that is thrown away takes no evidence with it.
    """
    document = tomlkit.document()
    document.add(tomlkit.comment(_HEAD))
    document["contact"] = ""
    document["portal"] = {"route": "auto"}
    document["record"] = {"folder": str(at_home())}
    document["structures"] = tomlkit.table(is_super_table=True)
    return document


def _fill(document: tomlkit.TOMLDocument, values: dict[str, Any], change: str) -> None:
    siret = re.sub(r"\s", "", values["siret"])
    structures: Any = document["structures"]
    table = structures.pop(change) if change else tomlkit.table()
    table["name"] = values["name"].strip()
    table["technical_account"] = values["account"].strip()
    others = [each for each in table.get("targets", []) if each not in programs()]
    table["targets"] = [*values["programs"], *others]
    if last := day(values.get("last") or ""):
        table["last_rotation"] = last
    elif change:
        table.pop("last_rotation", None)
    structures[siret] = table
    portal: Any = document["portal"]
    portal["login"] = values["login"].strip()
    if values.get("herself"):
        portal["sign_in"] = "person"
    else:
        portal.pop("sign_in", None)
    document["contact"] = (values.get("contact") or "").strip()
