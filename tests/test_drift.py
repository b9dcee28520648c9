"""The day when the portal's pages have changed: the right click or none, and the change is seen
before anything is done.

Each mutation is done in the page itself, in a real browser, on the school. Its ledger says which
account was reset: a wrong click is a reset, or a candidate, of any other account. `pytest
tests/test_drift.py -s` prints the table.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from fixtures_rotation import DEMO_ACCOUNT, DEMO_SIRET, LOGIN, PASSWORD, Scene
from playwright.async_api import Browser
from releve.base.errors import ReleveError
from releve.base.secret import Secret
from releve.base.settings import Portal, project_root
from releve.base.settings import load as load_settings
from releve.decision import events as ev
from releve.decision import journal as j
from releve.portal import browsers
from releve.portal.browser import PortalBrowser
from releve.portal.drift import Baseline, Look, difference, load
from releve.portal.login import Credentials, Login
from releve.portal.route import Route
from releve.record.folder import RecordFolder
from releve.rotation.prompts import ScreenChange, Unattended
from releve.rotation.session import ROUTES
from releve.rotation.watch import ScreenChanged, Watch, accept
from releve.school import Faults, SchoolThread, World
from releve.school.people import siret
from releve.vault.keystore import Keystore
from test_rehearse import rehearse, seen
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
    async def visit(self, route: str, mutation: Mutation | None = None) -> AsyncIterator[Route]:
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
            login = Login(
                browser, Credentials(self.keystore, LOGIN, self.outputs), Unattended(True, False)
            )
            yield ROUTES[route](login, DEMO_SIRET, DEMO_ACCOUNT)
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


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def known(portals: Portals, chromium: Browser) -> dict[str, tuple[str, ...]]:
    """The outlines of both routes' screens, as they are."""
    outlines: dict[str, tuple[str, ...]] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PortalBrowser, "_launch", _launcher(chromium))
        for name in ("gestionnaire", "raccordements"):
            async with portals.visit(name) as route:
                outlines |= (await course(route, until="confirmation"))[1]
    return outlines


def _launcher(chromium: Browser):  # type: ignore[no-untyped-def]
    async def launch(self: PortalBrowser) -> Browser:
        return chromium

    return launch


STEPS = ("authentification", "portail", "accueil", "structures", "structure", "demande")


async def course(route: Route, until: str = "") -> tuple[str, dict[str, tuple[str, ...]]]:
    """As a rotation goes, as far as the click; the error that stopped it ("" for none), and the
    outlines seen on the way.
    """
    outlines: dict[str, tuple[str, ...]] = {}
    try:
        for step in (*STEPS, "confirmation"):
            look = await route.look(step)
            outlines |= {look.screen: look.outline} if look else {}
            if step in STEPS:
                await route.go(step)
        if until:
            return "", outlines
        if route.sees_first:
            await route.offer()
            await route.read()
        await route.ready()
        await route.commit()
    except ReleveError as error:
        return type(error).__name__, outlines
    return "", outlines


TABLE: list[tuple[Mutation, str, bool]] = []


@pytest.mark.parametrize(
    "mutation", MUTATIONS, ids=lambda each: f"{each.route[:4]} {each.screen} {each.name}"
)
async def test_a_mutated_page_gets_the_right_click_or_none(
    mutation: Mutation, portals: Portals, known: dict[str, tuple[str, ...]]
) -> None:
    """Never a reset, nor a candidate, of any other account; the right click where the page still
    tells it apart.
    """
    ledger = portals.school.world.ledger
    start = len(ledger.entries)
    async with portals.visit(mutation.route, mutation) as route:
        error, outlines = await course(route)
    touched = [
        entry.account
        for entry in ledger.entries[start:]
        if entry.kind in ("reset", "candidate_shown")
    ]
    noticed = any(difference(known[name], outline) for name, outline in outlines.items())
    TABLE.append((mutation, error, noticed))
    assert "mutation" in portals.done, f"the page was mutated ({error})"
    assert {*touched} <= {DEMO_ACCOUNT}, "a wrong click"
    clicked = sum(entry.kind == "reset" for entry in ledger.entries[start:])
    assert (mutation.click, mutation.click) == (clicked == 1, error == ""), error


async def test_the_table_of_mutations(record_property: Callable[[str, object], None]) -> None:
    """At least thirty mutations, no wrong click; the table and its counts are printed."""
    if len(TABLE) < len(MUTATIONS):
        pytest.skip("the table needs every mutation to be tried")
    lines = [f"{'mutation':58} {'écran':17} {'voie':13} {'issue':34} vu d'avance"]
    for mutation, error, noticed in TABLE:
        told = f"abstention ({error})" if error else "bon clic"
        lines.append(
            f"{mutation.name:58} {mutation.screen:17} {mutation.route:13} {told:34}"
            f" {'oui' if noticed else 'non'}"
        )
    rights, seen_before = (
        sum(not error for _, error, _ in TABLE),
        sum(noticed for *_, noticed in TABLE),
    )
    counts = (
        f"{rights} bons clics, {len(TABLE) - rights} abstentions, 0 mauvais clic ; {seen_before}"
        " vues d'avance"
    )
    record_property("table", "\n".join([*lines, f"{len(TABLE)} mutations : {counts}"]))
    assert 30 <= len(TABLE)
    told = (
        f"Of {len(TABLE)} changes of the school's pages tried",
        f"{rights} right clicks, {len(TABLE) - rights} abstentions",
    )
    readme = " ".join((project_root() / "README.md").read_text(encoding="utf-8").split())
    assert [] == [each for each in told if each not in readme]


# -- what a rotation does of it


async def test_a_changed_screen_stops_an_unattended_run_before_the_click(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Code 4, a readable difference, both pictures in the record, nothing reset; the same page as
    at the last success goes on.
    """
    assert 0 == (await scene.walk()).code
    kept = scene.outputs / ".screens"
    pages = [*kept.glob("*.json")]
    assert 1 == len(pages)
    monkeypatch.setattr("releve.history.SAME_DAY", timedelta(0))  # a year passes
    scene.faults.renamed_labels = {"Paramètres de facturation": "Facturation et paiement"}
    stopped = await scene.walk()
    assert ("ScreenChanged", 4, 1) == (stopped.error, stopped.code, scene.resets()), stopped.text
    assert "n'y est plus : titre « Paramètres de facturation »" in stopped.text
    assert "est nouveau : titre « Facturation et paiement »" in stopped.text
    assert stopped.record is not None
    pictures = sorted(path.name for path in (stopped.record.path / "captures").glob("05-*"))
    assert ["05-structure-apres.png", "05-structure-avant.png"] == pictures
    assert [] == scene.leaks(kept)
    scene.faults.renamed_labels = {}
    done = await scene.walk()
    assert ("", 0, 2, True) == (
        done.error,
        done.code,
        scene.resets(),
        scene.three_places_agree(),
    ), done.text


async def test_a_person_is_asked_and_what_is_accepted_becomes_the_rule(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a walkthrough the change is shown with its pictures; accepted, it is journalled, and the
    next unattended run does not stop.
    """
    assert 0 == (await scene.walk()).code
    monkeypatch.setattr("releve.history.SAME_DAY", timedelta(0))  # a year passes
    scene.faults.renamed_labels = {"Adresse postale": "Adresse"}
    asked: list[ScreenChange] = []

    async def accepts(self: Unattended, changed: ScreenChange) -> str | None:
        asked.append(changed)
        return "widget"

    with monkeypatch.context() as patch:
        patch.setattr(Unattended, "accept_screen", accepts)
        accepted = await scene.walk()
    assert (0, 2) == (accepted.code, scene.resets()), accepted.text
    assert ["05-structure-avant.png", "05-structure-apres.png"] == [
        path.name for path in asked[0].pictures
    ]
    assert {"ecran"} <= {
        entry.event.gate for entry in accepted.events if isinstance(entry.event, ev.GateGiven)
    }
    assert 0 == (await scene.walk()).code


class Card:
    """A route whose screens carry the structure's name in their headings."""

    name = "gestionnaire"

    def __init__(self, title: str) -> None:
        self.title = title

    async def capture(self, path: Path) -> bool:
        return False

    async def look(self, step: str) -> Look:
        return Look("gestionnaire/structure", (f"titre « {self.title} »", "bouton « Modifier »"))


async def test_the_name_of_a_structure_is_no_change_of_a_screen(scene: Scene) -> None:
    """One structure's screens are compared with another's: what differs by the name alone, however
    it is written, is the same screen.
    """
    neighbour = siret(5)
    scene.more = (
        f'[structures.{neighbour}]\nname = "Commune de l\'Étang"\ntechnical_account = "{OTHER}"\n'
    )
    settings = load_settings(scene.settings(), scene.outputs)

    async def compare(code: str, title: str) -> None:
        folder = RecordFolder.new(scene.outputs, code)
        folder.make()
        watch = Watch(
            folder, j.Journal(folder.path, folder.run, "moi"), settings, Unattended(True, False)
        )
        await watch.compare(Card(title), "structure")  # type: ignore[arg-type]
        watch.keep()

    await compare(DEMO_SIRET, "Fiche de Commune d'Exemple")
    await compare(neighbour, "Fiche de COMMUNE DE L’ETANG")
    with pytest.raises(ScreenChanged):
        await compare(neighbour, "Fiche de la Région")


async def test_a_rehearsal_says_what_changed_and_may_accept_it(scene: Scene) -> None:
    """A rehearsal goes to its end, names each changed screen, and is not ready; once its screens
    are accepted, the next one is.
    """
    first, *_ = await rehearse(scene)
    scene.faults.renamed_labels = {"Adresse postale": "Adresse"}
    changed, folder, entries = await rehearse(scene)
    assert (None, "NotReady") == (first, type(changed).__name__)
    assert "« Adresse postale »" in seen(entries)["gestionnaire/structure"].change
    settings = load_settings(scene.settings(), scene.outputs)
    assert 0 < accept(settings, folder.path)
    assert None is (await rehearse(scene))[0]


async def test_what_is_kept_of_the_screens_is_no_data(scene: Scene) -> None:
    """Labels only: no secret, no person's name or address, no account, no SIRET, no structure."""
    await scene.walk()
    path: Path = Baseline(load_settings(scene.settings(), scene.outputs)).path
    text = path.read_text(encoding="utf-8")  # noqa: ASYNC240
    outlines = " ".join(line for each in load(path).values() for line in each.outline)
    assert "Modification de la structure" in outlines and RESET in outlines
    world = scene.world
    people = [
        world.manager.name,
        world.manager.email,
        *(user.name for each in world.structures.values() for user in each.users),
    ]
    data = [
        *people,
        *world.accounts,
        *world.structures,
        *(each.name for each in world.structures.values()),
    ]
    assert [] == [each for each in data if each in outlines]
    assert [] == [secret for secret in scene.secrets() if secret in text]
