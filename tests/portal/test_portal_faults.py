"""The portal driver among the school's other faults: other words, other accounts, other addresses,
a slow or absent portal.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from fixtures_rotation import DEMO_ACCOUNT, Scene
from releve.base.secret import Secret
from releve.base.settings import load
from releve.decision import events as ev
from releve.portal import browsers
from releve.portal.browser import PortalBrowser
from releve.portal.errors import TechnicalError, UnexpectedPopup
from releve.school.ledger import Entry
from releve.school.people import DEMO_SIRET, siret
from releve.school.world import TechnicalAccount
from releve.targets.corail import SchoolCorail
from test_rotation_faults import expect

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("one_browser")]

RENAMED = {  # a word of the school's pages: the key that finds it, what it becomes
    "Connexion": ("login.submit", "Entrer"),
    "Chorus Pro</": ("pigp.chorus", "Factures</"),
    "Se connecter": ("connection.connect", "Poursuivre"),
    "Activités du gestionnaire": ("home.manager", "Gérer"),
    "Mes structures": ("structures.title", "Mes entités"),
    "Modifier la structure": ("structures.edit", "Ouvrir"),
    "Modification de la structure": ("structure.title", "Fiche de l'entité"),
    "Utilisateurs rattachés à la structure": ("structure.users", "Personnes"),
    "Réinitialiser le mot de passe (utilisateur technique)": ("reset.button", "Renouveler"),
    "Confirmer": ("reset.confirm", "J'accepte"),
    "Environnement": ("corail.environment", "Paramètres"),
    "Transfert": ("corail.transfer", "Échanges"),
}


@pytest.mark.long
async def test_renamed_labels_are_mended_by_the_settings(scene: Scene) -> None:
    """Every word of the procedure may change: [portal.labels] gives the new one, alone or among
    variants.
    """
    scene.faults.renamed_labels = {word: other for word, (_, other) in RENAMED.items()}
    scene.labels = {
        key: other.strip("</") if n % 2 else ["absent", other.strip("</")]
        for n, (key, other) in enumerate(RENAMED.values())
    }
    done = await scene.walk()
    assert ("", 0, 1) == (done.error, done.code, scene.resets()), done.text
    assert scene.three_places_agree()


@pytest.mark.one_in(4)
@pytest.mark.parametrize(
    ("word", "error", "code", "resets"),
    [
        ("Activités du gestionnaire", "ScreenNotRecognised", 5, 0),
        ("Réinitialiser le mot de passe (utilisateur technique)", "ScreenNotRecognised", 5, 0),
        ("Confirmer", "ScreenNotRecognised", 5, 0),
        ("Transfert", "ScreenNotRecognised", 6, 1),
    ],
)
async def test_a_renamed_label_is_named(
    scene: Scene, word: str, error: str, code: int, resets: int
) -> None:
    """The text says which words were looked for on which screen, so that the settings can be
    mended.
    """
    scene.portal["timeout_seconds"] = 2
    scene.faults.renamed_labels = {word: "Tout autre chose"}
    done = await scene.walk()
    expect(scene, done, error, code, resets, word)


async def test_a_summary_without_the_known_words_is_read_or_leaves_a_question(scene: Scene) -> None:
    """Never another value than the portal's, nothing clicked again."""
    scene.portal["timeout_seconds"] = 2

    def rename(entry: Entry) -> None:
        if entry.kind == "reset":
            scene.faults.renamed_labels = {"Mot de passe": "Sésame"}

    scene.world.ledger.listeners.append(rename)
    done = await scene.walk()
    assert 1 == scene.resets()
    assert scene.three_places_agree() if done.code == 0 else "ResetOutcomeUnknown" == done.error


@pytest.mark.long
async def test_corail_is_gone_through_again_after_a_failure(scene: Scene) -> None:
    """A second try in the same window does not look for the next screen's words on the page that
    says what failed.
    """
    settings = load(scene.settings(), scene.outputs)
    browser = PortalBrowser(settings.portal, browsers.find(), headed=False)
    await browser.start()

    async def window() -> PortalBrowser:
        return browser

    corail = SchoolCorail(settings.structure(DEMO_SIRET), f"{scene.school.urls.corail}/", window)
    await corail.show("corail-collectivites")
    scene.faults.renamed_labels = {"Fermer": "J'accepte"}  # nothing that closes the pop-up
    for fault, screen, error in (
        ("server_error_at", "corail-transfert", TechnicalError),
        ("popup_at", "corail-transfert", UnexpectedPopup),
        ("server_error_at", "corail-mot-de-passe", TechnicalError),
    ):
        setattr(scene.faults, fault, screen)
        with pytest.raises(error):
            await corail.show("corail-transfert")
    await corail.show("corail-transfert")
    await corail.enter(Secret("m9-mot-de-passe"))
    assert "m9-mot-de-passe" == scene.world.corail[DEMO_SIRET].password
    await browser.close()


@pytest.mark.long
async def test_latency_is_waited_for(scene: Scene) -> None:
    """A portal that takes its time is no fault."""
    scene.faults.latency_ms = 150
    done = await scene.walk()
    assert ("", 0, 1) == (done.error, done.code, scene.resets()), done.text


async def test_a_portal_that_does_not_answer_in_time_is_too_slow(scene: Scene) -> None:
    """Not "another screen than the document's": nothing came at all."""
    scene.portal["timeout_seconds"] = 1
    scene.faults.latency_ms = 2500
    expect(scene, await scene.walk(), "PortalTooSlow", 5, 0, "1 seconde")


async def test_an_answer_that_comes_too_late_leaves_a_question(scene: Scene) -> None:
    """The confirmation went; the portal may still act on it after we stopped waiting."""
    scene.portal["timeout_seconds"] = 2

    def slow(entry: Entry) -> None:
        if entry.kind == "reset":
            scene.faults.latency_ms = 3500

    scene.world.ledger.listeners.append(slow)
    expect(scene, await scene.walk(), "ResetOutcomeUnknown", 6, 1, "n'a pas répondu en 2 secondes")


async def test_a_portal_that_is_not_there(scene: Scene) -> None:
    """Connection refused: told at once, with the address."""
    scene.portal |= {
        "url": "http://127.0.0.1:9/portail/",
        "origins": ["http://127.0.0.1:9", *scene.origins],
    }
    expect(scene, await scene.walk(), "PortalUnreachable", 5, 0, "http://127.0.0.1:9")


@contextmanager
def redirection(to: str) -> Iterator[str]:
    """A site that sends its visitors elsewhere."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", to)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_credentials_are_typed_on_allowed_origins_only(scene: Scene) -> None:
    """A login page at an address that the settings do not name, however it was reached, gets
    nothing.
    """
    urls = scene.school.urls
    with redirection(urls.portal) as elsewhere:
        scene.portal |= {
            "url": f"{elsewhere}/",
            "origins": [elsewhere, urls.chorus, urls.idp, urls.corail],
        }
        expect(scene, await scene.walk(), "OriginRefused", 5, 0, urls.pigp)
    assert 0 == scene.logins()


async def test_screens_of_another_origin_are_not_worked_on(scene: Scene) -> None:
    """Chorus Pro at an unknown address is not taken for Chorus Pro: nothing is reset there."""
    urls = scene.school.urls
    scene.portal["origins"] = [urls.pigp, urls.idp, urls.corail]
    expect(scene, await scene.walk(), "OriginRefused", 5, 0, urls.chorus)


@pytest.mark.long
async def test_a_structure_that_is_not_the_managers(scene: Scene) -> None:
    """The search and every page were looked at; the text names the SIRET and the login."""
    del scene.world.structures[DEMO_SIRET]
    expect(scene, await scene.walk(), "StructureNotFound", 5, 0, DEMO_SIRET)


def add_account(scene: Scene, name: str) -> None:
    """Give the demonstration's structure one more technical account, before its own."""
    clock = scene.world.clock()
    scene.world.accounts[name] = TechnicalAccount(name, "Mot2Passe-fictif", clock)
    scene.world.structures[DEMO_SIRET].accounts.insert(0, name)


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    "other",
    ["TECH_1_123456789@cpro.fr", "TECH_1_12345678@cpro.fr.test", "TECH_021990001600011@cpp2017.fr"],
)
@pytest.mark.long
async def test_the_right_one_of_several_accounts_is_reset(scene: Scene, other: str) -> None:
    """An account whose name begins like ours is another account."""
    add_account(scene, other)
    done = await scene.walk()
    assert ("", 0) == (done.error, done.code), done.text
    assert (1, 0) == (scene.world.resets(DEMO_ACCOUNT), scene.world.resets(other))


@pytest.mark.long
async def test_an_account_that_the_structure_does_not_have(scene: Scene) -> None:
    """The text names those that it has."""
    scene.structure["technical_account"] = "TECH_1_99999999@cpro.fr"
    expect(scene, await scene.walk(), "AccountNotFound", 5, 0, DEMO_ACCOUNT)


@pytest.mark.long
async def test_the_account_is_found_whatever_its_case(scene: Scene) -> None:
    """A page that writes the account in capitals shows the same account."""
    scene.structure["technical_account"] = DEMO_ACCOUNT.lower()
    done = await scene.walk()
    assert ("", 0, 1) == (done.error, done.code, scene.resets()), done.text


async def test_a_window_that_confirms_another_account_is_not_confirmed(scene: Scene) -> None:
    """The last look before the click: the window must not name somebody else's account."""
    words = "L'ancien mot de passe ne sera plus valable."
    scene.faults.renamed_labels = {words: f"{words} Voir aussi TECH_1_99999999@cpro.fr."}
    expect(scene, await scene.walk(), "WrongConfirmation", 5, 0, "TECH_1_99999999")


@pytest.mark.long
async def test_the_record_shows_every_screen_once(scene: Scene) -> None:
    """Each automated screen has its picture, the summary's included, and no step says that there
    was nothing to do.
    """
    done = await scene.walk()
    steps = [entry for entry in done.events if isinstance(entry.event, ev.StepDone)]
    assert {"automatic"} == {
        entry.event.mode for entry in steps if isinstance(entry.event, ev.StepDone)
    }
    pictures = {
        entry.step
        for entry in steps
        if isinstance(entry.event, ev.StepDone) and entry.event.capture
    }
    assert {"mot-de-passe", "structure", "corail-mot-de-passe"} <= pictures
    assert siret(1) == done.record.siret if done.record else False
