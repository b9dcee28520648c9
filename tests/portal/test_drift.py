"""The day when the portal's pages have changed: the right click or none.

Each mutation is done in the page itself, in a real browser, on the school. Its ledger says which
account was reset: a wrong click is a reset, or a candidate, of any other account. `pytest
tests/portal/test_drift.py -s` prints the table.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fixtures_rotation import DEMO_ACCOUNT, DEMO_SIRET, LOGIN, PASSWORD
from releve.base.errors import ReleveError
from releve.base.places import project_root
from releve.base.secret import Secret
from releve.base.settings import Portal
from releve.portal import browsers
from releve.portal.browser import PortalBrowser
from releve.portal.case import Case
from releve.portal.credentials import Credentials
from releve.portal.driver import Driver
from releve.rotation.prompts import Unattended
from releve.school import Faults, SchoolThread, World
from releve.vault.keystore import Keystore
from twin import MemoryKeyring

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("one_browser")]

OTHER = "TECH_1_99999999@cpro.fr"
RESET = "Réinitialiser le mot de passe (utilisateur technique)"
PATIENCE = 1.5

# In the page: what the mutations are written with.
TOOLS = f"""
const ours = '{DEMO_ACCOUNT}', siret = '{DEMO_SIRET}', reset = '{RESET}';
const all = (css, text) => [...document.querySelectorAll(css)].filter(e => !text || e.textContent.trim() === text);
const one = (css, text) => all(css, text)[0];
const row = text => all('tbody tr').find(e => e.textContent.includes(text));
const name = (e, text) => {{ e.textContent = text; e.removeAttribute('aria-label'); e.removeAttribute('title'); return true; }};
const twice = e => {{ e.after(e.cloneNode(true)); return true; }};
const reverse = e => {{ [...e.children].reverse().forEach(each => e.append(each)); return true; }};
const button = () => row(ours) && row(ours).querySelector('button');
const label = text => all('.label, label, strong', text)[0];
"""


@dataclass(frozen=True)
class Mutation:
    """One change of the pages. `js` does it as soon as its place is there (it is false until then);
    `click`: the right one still comes.
    """

    name: str
    screen: str
    js: str
    click: bool = False
    route: str = "gestionnaire"


M = Mutation
R = "raccordements"
MUTATIONS = [
    M("champ « Identifiant » renommé", "authentification", "one('label') && name(one('label'), 'Login')"),
    M("second champ « Mot de passe »", "authentification", "one('[type=password]') && twice(one('[type=password]'))"),
    M("bouton « Connexion » traduit", "authentification", "one('button', 'Connexion') && name(one('button', 'Connexion'), 'Sign in')"),
    M("tuile « Chorus Pro » en double", "portail", "one('a', 'Chorus Pro') && twice(one('a', 'Chorus Pro').parentElement)"),
    M("tuile « Chorus Pro » traduite", "portail", "one('a', 'Chorus Pro') && name(one('a', 'Chorus Pro'), 'Invoicing')"),
    M("lien du gestionnaire renommé", "accueil",
      "one('nav a[href*=gestionnaire]') && name(one('nav a[href*=gestionnaire]'), 'Mon espace')"),
    M("lien du gestionnaire en double", "accueil", "one('nav a[href*=gestionnaire]') && twice(one('nav a[href*=gestionnaire]'))"),
    M("lien du gestionnaire déplacé", "accueil",
      "one('nav a[href*=gestionnaire]') && (one('main').append(one('nav a[href*=gestionnaire]')), true)", True),
    M("structures dans l'autre ordre", "structures", "row(siret) && reverse(one('tbody'))", True),
    M("autre structure du même nom", "structures",
      "row(siret) && (all('tbody tr').forEach(e => e.children[1].textContent = \"Commune d'Exemple\"), true)", True),
    M("autre structure du même nom, la nôtre absente", "structures",
      "row(siret) && (row(siret).children[0].textContent = '21990002400015', true)"),
    M("SIRET écrit par groupes", "structures", "row(siret) && (row(siret).children[0].textContent = '219 900 016 00011', true)", True),
    M("colonnes déplacées", "structures", "row(siret) && (all('tr').forEach(e => reverse(e)), true)", True),
    M("stylo renommé", "structures", "row(siret) && name(row(siret).querySelector('a'), 'Consulter')"),
    M("stylo caché", "structures", "row(siret) && (row(siret).querySelector('a').hidden = true)"),
    M("ligne en double", "structures", "row(siret) && twice(row(siret))"),
    M("stylo qui mène à une autre structure", "structures",
      "row(siret) && (row(siret).querySelector('a').href = '/cpp/structure/21990002400015', true)"),
    M("recherche cachée", "structures", "one('form[role=search]') && (one('form[role=search]').remove(), true)", True),
    M("page suivante cachée, recherche aussi", "structures",
      "one('.pages') && (one('.pages').remove(), one('form[role=search]').remove(), true)"),
    M("panneaux dans l'autre ordre", "structure",
      "one('.panel') && (all('.panel').reverse().forEach(e => one('main').append(e)), true)", True),
    M("panneau des utilisateurs renommé", "structure",
      "one('#GES_Structure_Utilisateurs_Titre') && name(one('#GES_Structure_Utilisateurs_Titre'), 'Personnes')"),
    M("SIRET absent de la fiche", "structure",
      "one('.lead') && (one('.lead').remove(), all('dd', siret).forEach(e => e.remove()), true)"),
    M("bouton renommé", "demande", "button() && name(button(), 'Réinitialiser')"),
    M("bouton traduit", "demande", "button() && name(button(), 'Reset password (technical user)')"),
    M("bouton qui dit davantage", "demande", "button() && name(button(), 'Supprimer le compte et ' + reset.toLowerCase())"),
    M("bouton précédé d'un pictogramme", "demande", "button() && name(button(), '\uf084 ' + reset)", True),
    M("bouton d'un autre sens", "demande", "button() && name(button(), 'Supprimer le compte (utilisateur technique)')"),
    M("bouton caché", "demande", "button() && (button().hidden = true)"),
    M("bouton grisé", "demande", "button() && (button().disabled = true)"),
    M("bouton en double dans la ligne", "demande", "button() && twice(button())"),
    M("notre bouton absent, celui d'un autre compte présent", "demande", "button() && (button().remove(), true)"),
    M("boutons hors des lignes", "demande",
      "button() && (all('button', reset).forEach(e => one('#GES_Structure_Utilisateurs_Contenu').append(e)), true)"),
    M("comptes dans l'autre ordre", "demande", "button() && reverse(row(ours).parentElement)", True),
    M("second bouton, pour une personne", "demande",
      "button() && (one('#GES_Structure_Utilisateurs_Tableau tbody tr').lastElementChild.append(button().cloneNode(true)), true)", True),
    M("compte au nom voisin", "demande",
      "button() && (row(ours).after(row(ours).cloneNode(true)), "
      f"row(ours).nextElementSibling.firstElementChild.textContent = '{DEMO_ACCOUNT[:-8]}9@cpro.fr', true)", True),
    M("notre ligne ouvre la fenêtre d'un autre compte", "demande",
      "button() && (button().dataset.confirms = all('[data-confirms]').find(e => e !== button()).dataset.confirms, true)"),
    M("« Confirmer » renommé", "confirmation", "one('.dialog [type=submit]') && name(one('.dialog [type=submit]'), 'Poursuivre')"),
    M("« Confirmer » qui dit davantage", "confirmation",
      "one('.dialog [type=submit]') && name(one('.dialog [type=submit]'), 'Confirmer et supprimer')"),
    M("« Confirmer » en double", "confirmation", "one('.dialog [type=submit]') && twice(one('.dialog [type=submit]'))"),
    M("« Annuler » et « Confirmer » échangés", "confirmation", "one('.dialog form') && reverse(one('.dialog form'))", True),
    M("fenêtre qui nomme un autre compte", "confirmation",
      "one('.dialog [data-account]') && one('.dialog [data-account]').textContent === ours && "
      f"name(one('.dialog [data-account]'), '{OTHER}')"),
    M("domaines dans l'autre ordre", "accueil", "one('.tiles') && reverse(one('.tiles'))", True, R),
    M("domaine renommé", "accueil", "one('h2', 'Raccordements') && name(one('h2', 'Raccordements'), 'Branchements')", False, R),
    M("domaine en double", "accueil", "one('h2', 'Raccordements') && twice(one('h2', 'Raccordements').parentElement)", False, R),
    M("bouton du domaine caché", "accueil",
      "one('h2', 'Raccordements') && (one('h2', 'Raccordements').parentElement.querySelector('button').hidden = true)", False, R),
    M("lien « Compte technique » en double", "structures",
      "one('#vue a', 'Compte technique') && twice(one('#vue a', 'Compte technique'))", False, R),
    M("demandes dans l'autre ordre", "structures", "one('#liste-type li') && reverse(one('#liste-type'))", True, R),
    M("demande renommée", "structures", "all('#liste-type li')[1] && name(all('#liste-type li')[1], 'Mot de passe')", False, R),
    M("liste des structures renommée", "structure",
      "label('Choisir la structure') && name(label('Choisir la structure'), 'Organisme')", False, R),
    M("autre structure du même nom dans la liste", "structure",
      "all('#liste-structure li').length === 1 && (all('#liste-structure li')[0].before(Object.assign(document.createElement('li'), "
      "{textContent: \"21990002400015 - Commune d'Exemple\", role: 'option'})), true)", True, R),
    M("structure en double dans la liste", "structure",
      "all('#liste-structure li').length === 1 && twice(all('#liste-structure li')[0])", False, R),
    M("comptes de la liste dans l'autre ordre", "confirmation", "one('#liste-compte li') && reverse(one('#liste-compte'))", True, R),
    M("notre compte absent de la liste", "structure",
      "one('#liste-compte li', ours) && (one('#liste-compte li', ours).remove(), true)", False, R),
    M("« Soumettre » renommé", "demande",
      "one('[type=submit]', 'Soumettre') && name(one('[type=submit]', 'Soumettre'), 'Envoyer')", False, R),
    M("« Soumettre » en double", "demande", "one('[type=submit]', 'Soumettre') && twice(one('[type=submit]', 'Soumettre'))", False, R),
]  # fmt: skip


@dataclass
class Portals:
    """The school of all mutations."""

    school: SchoolThread
    keystore: Keystore
    outputs: Path
    done: list[str] = field(default_factory=list)
    """One word for each page that was mutated."""

    @asynccontextmanager
    async def visit(
        self, route: str, mutation: Mutation | None = None
    ) -> AsyncIterator[Driver]:
        """A route in a window of its own, whose pages are mutated."""
        urls = self.school.urls
        settings = Portal(
            login=LOGIN, url=urls.portal, origins=urls.origins, timeout_seconds=PATIENCE
        )
        browser = PortalBrowser(settings, browsers.find(), headed=False)
        self.done.clear()
        await browser.start()
        try:
            if mutation:
                await browser.context.add_init_script(_script(mutation.js))
                browser.context.on("console", lambda message: self.done.append(message.text))
            credentials = Credentials(self.keystore, LOGIN, self.outputs)
            case = Case(browser, DEMO_SIRET, DEMO_ACCOUNT, credentials, Unattended(True, False))
            yield Driver(case, route)
        finally:
            await browser.close()


def _script(js: str) -> str:
    """Does the mutation once in each page, as soon as its place is drawn."""
    return f"""(() => {{ {TOOLS}
  let done = false;
  const act = () => {{ if (!done && document.body && (done = Boolean({js}))) console.info('mutation'); }};
  const changes = {{ childList: true, subtree: true, characterData: true }};
  const watch = () => {{ act(); new MutationObserver(act).observe(document.body, changes); }};
  document.readyState === 'loading' ? document.addEventListener('DOMContentLoaded', watch) : watch();
}})()"""


@pytest.fixture(scope="module")
def portals(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portals]:
    """One school for every mutation; its ledger is read as it grows."""
    keystore = Keystore(MemoryKeyring())
    keystore.portal_password(LOGIN).set(Secret(PASSWORD))
    with SchoolThread(
        World(password=PASSWORD, login=LOGIN, routes="both"), Faults(render_ms=10)
    ) as school:
        yield Portals(school, keystore, tmp_path_factory.mktemp("outputs"))


STEPS = ("authentification", "portail", "accueil", "structures", "structure", "demande")


async def course(driver: Driver) -> str:
    """As a rotation goes, to the click; the error that stopped it, "" for none."""
    try:
        for step in STEPS:
            await driver.go(step)
        if driver.sees_first:
            await driver.offer()
            await driver.read()
        await driver.ready()
        await driver.commit()
    except ReleveError as error:
        return type(error).__name__
    return ""


TABLE: list[tuple[Mutation, str]] = []


@pytest.mark.one_in(12)
@pytest.mark.parametrize(
    "mutation", MUTATIONS, ids=lambda each: f"{each.route[:4]} {each.screen} {each.name}"
)
async def test_a_mutated_page_gets_the_right_click_or_none(
    mutation: Mutation, portals: Portals
) -> None:
    """Never a reset, nor a candidate, of any other account; the right click where the page's words
    still tell it apart, and elsewhere that click or none.
    """
    ledger = portals.school.world.ledger
    start = len(ledger.entries)
    async with portals.visit(mutation.route, mutation) as driver:
        error = await course(driver)
    touched = [
        entry.account
        for entry in ledger.entries[start:]
        if entry.kind in ("reset", "candidate_shown")
    ]
    TABLE.append((mutation, error))
    assert "mutation" in portals.done, f"the page was mutated ({error})"
    assert {*touched} <= {DEMO_ACCOUNT}, "a wrong click"
    clicked = sum(entry.kind == "reset" for entry in ledger.entries[start:])
    assert (clicked == 1) == (error == ""), error
    assert clicked or not mutation.click, error


@pytest.mark.long
async def test_the_table_of_mutations(record_property: Callable[[str, object], None]) -> None:
    """At least thirty mutations, no wrong click; the table and its counts are printed."""
    if len(TABLE) < len(MUTATIONS):
        pytest.skip("the table needs every mutation to be tried")
    lines = [f"{'mutation':58} {'écran':17} {'voie':13} {'issue':34}"]
    for mutation, error in TABLE:
        told = f"abstention ({error})" if error else "bon clic"
        lines.append(f"{mutation.name:58} {mutation.screen:17} {mutation.route:13} {told:34}")
    rights = sum(not error for _, error in TABLE)
    counts = f"{rights} bons clics, {len(TABLE) - rights} abstentions, 0 mauvais clic"
    record_property("table", "\n".join([*lines, f"{len(TABLE)} mutations : {counts}"]))
    assert 30 <= len(TABLE)
    readme = " ".join((project_root() / "notebooks/reference.md").read_text(encoding="utf-8").split())
    assert f"Of {len(TABLE)} changes of the school's pages tried" in readme
    # one that takes long may be abstained from on a busy machine
    least = re.search(r"at least (\d+) right clicks, the others abstentions", readme)
    assert least and rights >= int(least[1])
