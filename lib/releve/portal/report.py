"""What a town's first real day gives back: per screen, which of the document's places were found,
by which evidence, and the shapes of what reacts. No text of the page, no value, no name, no number:
only words of ours and of HTML go in.
"""

from __future__ import annotations

import re
from collections import Counter
from contextlib import suppress
from importlib.metadata import version

from playwright.async_api import Error as PlaywrightError

from releve.base.settings import Settings, Structure
from releve.base.words import Words
from releve.portal import errors as e
from releve.portal.case import Case, SecondFactor
from releve.portal.credentials import Credentials
from releve.portal.driver import Driver
from releve.portal.find import finder
from releve.portal.pool import Pool
from releve.portal.recognition import wanted_on
from releve.portal.screen import want
from releve.portal.screens.authentification import Authentification
from releve.portal.sight import Abstention, Want, key_of, named
from releve.portal.view import Thing, View
from releve.vault.keystore import Keystore

STEPS = ("authentification", "portail", "accueil", "structures", "structure", "demande")
_KINDS = {
    "login.identifier": "field",
    "login.password": "secret",
    "structures.search": "field",
    "form.type": "list",
    "form.structure": "list",
    "form.account": "list",
}
_TAG = re.compile(
    "a|button|input|select|textarea|summary|details|label|div|span|li|td|th|tr|i|em|strong|b|img"
    "|svg|p|dd|dt|section"
)
_ROLE = re.compile(
    "button|link|menuitem|menuitemradio|tab|switch|combobox|listbox|textbox|searchbox|checkbox"
    "|radio|option|treeitem|img|row|cell|gridcell"
)
_REGIONS = ("main", "nav", "header", "footer", "aside")


async def survey(
    settings: Settings, structure: Structure, keystore: Keystore, prompts: SecondFactor
) -> str:
    """Go as far as the reset's button, which is not pressed, and tell each screen; one that stops
    is told too. It only reads; raises what keeps it from beginning.
    """
    portal = settings.portal_of(structure)
    credentials = Credentials.of(keystore, settings, portal)
    if not credentials.herself or not prompts.interactive:
        credentials.password()
    pool = Pool()
    browser = await pool.browser(portal, interactive=prompts.interactive)
    lines = [f"Relève {version('releve')}, rapport d'un portail : aucun texte de ses pages."]
    try:
        case = Case(browser, structure.siret, structure.technical_account, credentials, prompts)
        driver = Driver(case, portal.route)
        for step in STEPS:
            async with browser.on(step):
                if step == STEPS[0]:
                    await Authentification(browser).open(case)
                view = await _settled(driver)
            lines += ["", *screen(view, browser.words, driver.name or "gestionnaire", step)]
            await (driver.find() if step == STEPS[-1] else driver.go(step))
        await driver.go("deconnexion")
    except e.PortalError as error:
        lines += ["", f"Arrêté : {type(error).__name__}.", *await _last(driver, error)]
    finally:
        await pool.close()
    return "\n".join(lines) + "\n"


async def _settled(driver: Driver) -> View:
    """The page in hand, once nothing changes."""
    find = finder(driver.browser)
    found = await find.settled(lambda view: Abstention("", 0, (), ()), 0.5, open_hidden=False)
    assert isinstance(found, Abstention)
    return await find.look()


async def _last(driver: Driver, error: e.PortalError) -> list[str]:
    """The page on which it stopped, by its shapes alone."""
    key = key_of(error.facts.get("wanted"))
    told = [f"  Cherché : {key}"] if key else []
    with suppress(PlaywrightError, e.PortalError):
        return [*told, *_shapes(await finder(driver.browser).look())]
    return told


def screen(view: View, words: Words, route: str, step: str) -> list[str]:
    """One screen: each place that the document names on it, then the shapes."""
    lines = [f"Écran {step}"]
    for key in wanted_on(route, step):
        lines.append(f"  {key} : {_place(view, words, key)}")
    return [*lines, *_shapes(view)]


def _place(view: View, words: Words, key: str) -> str:
    if key.endswith((".title", ".name")):
        fits = [t for t in view.texts if t.shown and words.find(key).search(t.text)]
        heads = [t for t in fits if t.head]
        return f"{_many(len(heads or fits))}, {'titre' if heads else 'texte'}" if fits else "absent"
    asked = want(words, key, _KINDS.get(key, "press"))
    found = named(view, asked)
    told = "; ".join(dict.fromkeys(f"{_shape(t)}, par {evidence(t, asked)}" for t in found))
    return f"{_many(len(found))}, {told}" if found else "absent"


def evidence(thing: Thing, asked: Want) -> str:
    """Which kind of evidence names it."""
    if asked.learned:
        return "ce qu'une personne a montré"
    for pattern, how in ((asked.exact, "exactement"), (asked.within, "en partie")):
        for where, texts in (("nom", thing.names), ("à côté", thing.near)):
            for kind, text in texts.items():
                if pattern and pattern.search(text):
                    return f"{where} ({kind}), {how}"
    return "sa place"


def _shapes(view: View) -> list[str]:
    """What reacts, by kind, tag, role and landmark."""
    every = Counter((_shape(t), _region(t)) for t in view.things if t.shown)
    hidden = Counter(_shape(t) for t in view.things if not t.shown)
    told = [f"  {_many(n)} : {shape} ({place})" for (shape, place), n in sorted(every.items())]
    return told + [f"  {_many(n)}, pas en vue : {shape}" for shape, n in sorted(hidden.items())]


def _shape(thing: Thing) -> str:
    tag = thing.tag if _TAG.fullmatch(thing.tag) else "autre"
    role = thing.role.split()[0] if thing.role else ""
    parts = [thing.kind, tag, role if _ROLE.fullmatch(role) else "rôle autre" if role else ""]
    parts += ["sans mot"] if thing.mute else []
    parts += ["sans rôle"] if thing.looks else []
    parts += ["inactif"] if not thing.enabled else []
    return " ".join(filter(None, parts))


def _region(thing: Thing) -> str:
    return thing.region if thing.region in _REGIONS else "hors repère"


def _many(count: int) -> str:
    """In words: a number in this file would be somebody's."""
    names = ("aucun", "un", "deux", "trois", "quatre", "cinq")
    return names[count] if count < len(names) else "plus de cinq"
