"""The school's sites as HTTP answers: each documented screen, each fault, and a ledger without any
password.
"""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

import httpx
import pytest
from releve.school import Faults, SchoolThread, World
from releve.school.people import DEMO_ACCOUNT, DEMO_SIRET
from school_client import Visitor, shown_password

DIFFICULT = "&<\"'\\{|[/;>`#%"
PORTAL_SCREENS = [
    "authentification",
    "portail",
    "connexion",
    "informations",
    "accueil",
    "structures",
    "structure",
    "recapitulatif",
]
CORAIL_SCREENS = ["corail-collectivites", "corail-transfert", "corail-mot-de-passe"]
SCREENS = [*PORTAL_SCREENS, "confirmation", *CORAIL_SCREENS]


class DifficultWorld(World):
    """A world whose generated passwords hold every character that is easily spoilt on the way."""

    def generate(self) -> str:
        """Always the same difficult password."""
        return DIFFICULT


@pytest.fixture
def school() -> Iterator[SchoolThread]:
    """A school that serves, and a world of its own."""
    with SchoolThread() as running:
        yield running


@pytest.fixture
def visitor(school: SchoolThread) -> Visitor:
    """Somebody who visits it."""
    return Visitor(school)


def test_each_site_has_an_origin_of_its_own(school: SchoolThread) -> None:
    """The seven sites are seven origins on the loopback, and the portal's three are those that
    settings must name.
    """
    assert 8 == len(set(astuple(school.urls)))
    assert all(url.startswith("http://127.0.0.1:") for url in astuple(school.urls))
    assert (school.urls.pigp, school.urls.chorus, school.urls.idp) == school.urls.origins


@pytest.mark.parametrize("screen", SCREENS)
def test_every_page_says_that_it_is_a_training_site(
    school: SchoolThread, visitor: Visitor, screen: str
) -> None:
    """No page can be taken for the real one, and none is kept by a cache."""
    school.faults.first_visit_form = screen == "informations"
    page = visitor.open(screen)
    assert 200 == page.status_code
    assert "Site d'entraînement</strong>" in page.text
    assert "no-store" == page.headers["Cache-Control"]


def test_chorus_asks_no_second_authentication_after_pigp(visitor: Visitor) -> None:
    """A new tab is disconnected; after "Se connecter" the PIGP session is enough."""
    visitor.login()
    assert "Vous n'êtes pas connecté" in visitor.open("connexion").text
    assert (
        "Historique de mes actions" in visitor.client.get(f"{visitor.urls.pigp}/portail/sso").text
    )


def test_without_a_session_the_hop_leads_through_the_login_page(visitor: Visitor) -> None:
    """Who clicks "Se connecter" without a PIGP session gets a login form, and pages of Chorus Pro
    lead back to "Se connecter".
    """
    assert (
        "Connexion à Chorus Pro</h1>" in visitor.client.get(f"{visitor.urls.idp}/autorisation").text
    )
    assert "Se connecter" in visitor.structure().text


def test_a_ticket_serves_once(visitor: Visitor) -> None:
    """A used ticket opens no session for somebody else."""
    visitor.login()
    to_idp = visitor.client.get(f"{visitor.urls.pigp}/portail/sso", follow_redirects=False).headers[
        "Location"
    ]
    to_chorus = visitor.client.get(to_idp, follow_redirects=False).headers["Location"]
    assert "Accueil</h1>" in visitor.client.get(to_chorus).text
    assert "Connexion à Chorus Pro</h1>" in httpx.get(to_idp, follow_redirects=True).text
    assert "Vous n'êtes pas connecté" in httpx.get(to_chorus, follow_redirects=True).text


def test_wrong_passwords_are_refused_then_lock(visitor: Visitor) -> None:
    """Two refusals say the password is wrong, the third says the account is locked, and the right
    one is then refused.
    """
    texts = [visitor.login(each).text for each in ("un", "deux", "trois")] + [visitor.login().text]
    assert [True, True, False, False] == [
        "Identifiant ou mot de passe incorrect" in text for text in texts
    ]
    assert [False, False, True, True] == ["Votre compte est verrouillé" in text for text in texts]


def test_structures_come_by_pages_of_ten_and_can_be_searched(visitor: Visitor) -> None:
    """The next-page button is disabled on the last page only; a search ignores case and finds a
    SIRET or a name.
    """
    visitor.connect()
    address = f"{visitor.urls.chorus}/cpp/activites-gestionnaire"
    pages = [visitor.client.get(address, params={"page": number}).text for number in range(1, 5)]
    assert [10, 10, 10, 5] == [page.count("Modifier la structure ") // 2 for page in pages]
    assert [False, False, False, True] == [
        'suivante du tableau" disabled' in page for page in pages
    ]
    assert [False, False, True, False] == [DEMO_SIRET in page for page in pages]
    for words in (DEMO_SIRET, "commune d'EXEMPLE"):
        assert DEMO_SIRET in visitor.client.get(address, params={"recherche": words}).text
    assert (
        "Aucune structure ne correspond"
        in visitor.client.get(address, params={"recherche": "introuvable"}).text
    )


def test_the_password_is_shown_once_and_exported_as_long_as_it_is_shown() -> None:
    """The summary shows the effective password to the byte, the PDF holds it, and a reload shows it
    no more.
    """
    with SchoolThread(DifficultWorld()) as school:
        visitor = Visitor(school)
        visitor.connect()
        assert (
            DIFFICULT
            == shown_password(visitor.confirm())
            == school.world.accounts[DEMO_ACCOUNT].password
        )
        pdf = visitor.client.post(f"{school.urls.chorus}/cpp/recapitulatif/export")
        assert "application/pdf" == pdf.headers["Content-Type"]
        assert (
            pdf.content.startswith(b"%PDF-1.4")
            and DIFFICULT.replace("\\", "\\\\").encode() in pdf.content
        )
        assert (
            "qu'une seule fois"
            in visitor.client.get(f"{school.urls.chorus}/cpp/recapitulatif").text
        )
        assert (
            "qu'une seule fois"
            in visitor.client.post(f"{school.urls.chorus}/cpp/recapitulatif/export").text
        )
        assert ["login", "reset", "summary_shown", "pdf_exported"] == [
            entry.kind for entry in school.world.ledger.entries
        ]


def test_a_reset_concerns_one_account_only(school: SchoolThread, visitor: Visitor) -> None:
    """Resetting the first account leaves the second, which serves another budget too, as it was."""
    second = school.world.structures[DEMO_SIRET].accounts[1]
    before = school.world.accounts[second].password
    visitor.connect()
    visitor.confirm()
    assert (1, 0) == (school.world.resets(DEMO_ACCOUNT), school.world.resets(second))
    assert before == school.world.accounts[second].password


def test_resets_are_seen_in_the_mailbox_and_in_the_history(
    school: SchoolThread, visitor: Visitor
) -> None:
    """Each reset leaves a mail and a line in the manager's history, naming the account and never
    the password.
    """
    visitor.connect()
    password = shown_password(visitor.confirm())
    for address in (school.urls.mailbox, f"{school.urls.chorus}/cpp/accueil"):
        page = visitor.client.get(address).text
        assert DEMO_ACCOUNT in page
        assert password not in page


def test_corail_holds_what_is_typed_to_the_byte(visitor: Visitor, school: SchoolThread) -> None:
    """Corail saves the value unchanged and says so; an empty one is refused; the ledger then says
    that both sides match.
    """
    school.world.accounts[DEMO_ACCOUNT].password = DIFFICULT
    address = f"{school.urls.corail}/collectivites/{DEMO_SIRET}/facture"
    assert (
        "Le mot de passe est vide" in visitor.client.post(address, data={"mot_de_passe": ""}).text
    )
    assert not school.world.corail_matches(DEMO_SIRET)
    assert (
        "Modifications enregistrées"
        in visitor.client.post(address, data={"mot_de_passe": DIFFICULT}).text
    )
    assert DIFFICULT == school.world.corail[DEMO_SIRET].password
    assert visitor.client.get(f"{school.urls.control}/ledger").json()["structures"][DEMO_SIRET][
        "matches"
    ]


def test_the_control_origin_tells_everything_but_passwords(
    visitor: Visitor, school: SchoolThread
) -> None:
    """The ledger's JSON counts resets and compares fingerprints; no live password is in it."""
    visitor.connect()
    visitor.confirm()
    answer = visitor.client.get(f"{school.urls.control}/ledger")
    assert {DEMO_ACCOUNT: 1} == answer.json()["resets"]
    assert not answer.json()["structures"][DEMO_SIRET]["matches"]
    for account in school.world.accounts.values():
        assert not any(each in answer.text for each in (account.password, *account.history))


def test_faults_can_be_set_by_another_process(visitor: Visitor, school: SchoolThread) -> None:
    """POST /faults sets switches, general or of one structure; a wrong one is refused with a text.
    """
    address = f"{school.urls.control}/faults"
    names = {
        "latency_ms": 1,
        "missing_button": True,
        f"{DEMO_SIRET}/no_technical_account": True,
        "renamed_labels": {"A": "B"},
    }
    assert 1 == visitor.client.post(address, json=names).json()["latency_ms"]
    assert (True, {"A": "B"}) == (school.faults.missing_button, school.faults.renamed_labels)
    assert school.faults.of(DEMO_SIRET).no_technical_account
    assert "Panne inconnue" in visitor.client.post(address, json={"nulle": 1}).json()["error"]


CONTROL = ["health", "ledger", "faults", "propagate", "keyring"]


@pytest.mark.parametrize("page", CONTROL)
def test_the_control_answers_nobody_who_lacks_its_token(
    visitor: Visitor, school: SchoolThread, page: str
) -> None:
    """Whoever knows the port only finds no page, whatever the method."""
    bare = school.urls.control.rsplit("/", 1)[0]
    for address in (f"{bare}/{page}", f"{bare}/un-autre-jeton/{page}"):
        asked = visitor.client.get(address), visitor.client.post(address, json={})
        assert [404, 404] == [each.status_code for each in asked], address


@pytest.mark.parametrize("page", CONTROL)
def test_the_control_answers_no_other_host(
    visitor: Visitor, school: SchoolThread, page: str
) -> None:
    """A page elsewhere whose name was made to lead to this machine carries that name."""
    port, address = school.urls.control.split(":")[2], f"{school.urls.control}/{page}"
    for host in ("exemple.net", "localhost", f"exemple.net:{port.partition('/')[0]}"):
        given = {"Host": host}
        asked = visitor.client.get(address, headers=given)
        posted = visitor.client.post(address, headers=given, json={"latency_ms": 7})
        assert [403, 403] == [each.status_code for each in (asked, posted)], host
    assert 0 == school.faults.latency_ms


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "text/json"]
)
def test_the_control_takes_json_only(visitor: Visitor, school: SchoolThread, kind: str) -> None:
    """A form, which any page may post without asking, changes nothing."""
    given = {"Content-Type": kind} if kind else {}
    for page in ("faults", "keyring", "propagate"):
        posted = visitor.client.post(
            f"{school.urls.control}/{page}", content=b'{"latency_ms": 7}', headers=given
        )
        assert 403 == posted.status_code, page
    assert 0 == school.faults.latency_ms


@pytest.mark.parametrize(
    ("switch", "status", "words"),
    [
        ("server_error_at", 500, "Erreur technique"),
        ("maintenance_at", 503, "Service en maintenance"),
        ("session_expired_at", 200, "Votre session a expiré, veuillez vous reconnecter"),
    ],
)
@pytest.mark.parametrize("screen", SCREENS)
def test_a_fault_stands_once_in_place_of_its_screen(
    school: SchoolThread, visitor: Visitor, screen: str, switch: str, status: int, words: str
) -> None:
    """The screen that the switch names is replaced once, with the right status and words; the next
    visit shows it.
    """
    school.faults.first_visit_form = screen == "informations"
    setattr(school.faults, switch, screen)
    first, second = visitor.open(screen), Visitor(school).open(screen)
    assert (status, True) == (first.status_code, words in first.text)
    assert (200, False) == (second.status_code, words in second.text)


@pytest.mark.parametrize("screen", [*PORTAL_SCREENS, *CORAIL_SCREENS])
def test_an_unexpected_popup_lies_over_its_screen(
    school: SchoolThread, visitor: Visitor, screen: str
) -> None:
    """The pop-up comes with the screen, once."""
    school.faults.first_visit_form = screen == "informations"
    school.faults.popup_at = screen
    assert [True, False] == [
        "Information importante" in Visitor(school).open(screen).text for _ in range(2)
    ]


def test_a_failed_confirmation_resets_nothing(school: SchoolThread, visitor: Visitor) -> None:
    """A refusal, an error, a maintenance or an expired session at the confirmation leave the
    password as it was.
    """
    visitor.connect()
    school.faults.reset_refused = 1
    assert "Le mot de passe actuel reste valable" in visitor.confirm().text
    for switch in ("server_error_at", "maintenance_at", "session_expired_at"):
        setattr(school.faults, switch, "confirmation")
        visitor.confirm()
    assert 0 == school.world.resets()


def test_a_summary_that_fails_is_lost(school: SchoolThread, visitor: Visitor) -> None:
    """An error in place of the summary comes after the reset, and no reload brings the password
    back.
    """
    visitor.connect()
    school.faults.server_error_at = "recapitulatif"
    assert 500 == visitor.confirm().status_code
    assert "qu'une seule fois" in visitor.client.get(f"{school.urls.chorus}/cpp/recapitulatif").text
    assert (1, 0) == (school.world.resets(), school.world.ledger.count("summary_shown"))


def test_a_cut_comes_after_the_reset(school: SchoolThread, visitor: Visitor) -> None:
    """The connection is closed without an answer, each time after the reset was applied, and no
    more often than asked.
    """
    visitor.connect()
    school.faults.cut_after_confirmation = 2
    for _ in range(2):
        with pytest.raises(httpx.RemoteProtocolError):
            visitor.confirm()
    assert shown_password(visitor.confirm()) == school.world.accounts[DEMO_ACCOUNT].password
    assert 3 == school.world.resets(DEMO_ACCOUNT)


def test_who_is_not_principal_manager_has_no_button(school: SchoolThread, visitor: Visitor) -> None:
    """The page says why there is no button, and the confirmation is refused to who posts it all the
    same.
    """
    school.faults.per_structure[DEMO_SIRET] = Faults(missing_button=True)
    visitor.connect()
    page = visitor.structure().text
    assert "Vous êtes gestionnaire secondaire" in page
    assert DEMO_ACCOUNT in page
    assert "Réinitialiser le mot de passe (utilisateur technique)" not in page
    assert (404, 0) == (visitor.confirm().status_code, school.world.resets())


def test_a_structure_may_have_no_technical_account(school: SchoolThread, visitor: Visitor) -> None:
    """The page says that there is none."""
    school.faults.no_technical_account = True
    visitor.connect()
    assert "Aucun compte technique n'est rattaché" in visitor.structure().text


def test_words_can_be_renamed_everywhere(school: SchoolThread, visitor: Visitor) -> None:
    """A renamed word is on no page, the other one is, escaped."""
    school.faults.renamed_labels = {"Activités du gestionnaire": "Espace <gestion>"}
    page = visitor.connect().text
    assert "Activités du gestionnaire" not in page
    assert "Espace &lt;gestion&gt;" in page


def test_latency_is_added_to_each_page(school: SchoolThread, visitor: Visitor) -> None:
    """A page takes at least the latency."""
    school.faults.latency_ms = 120
    assert visitor.open("authentification").elapsed.total_seconds() >= 0.12


def test_what_does_not_exist_is_said_on_a_page(visitor: Visitor) -> None:
    """An unknown structure and an unknown account answer 404, and nothing is reset."""
    visitor.connect()
    assert (
        404 == visitor.client.get(f"{visitor.urls.chorus}/cpp/structure/12345678901234").status_code
    )
    assert 404 == visitor.confirm("TECH_1_00000000@cpro.fr").status_code
    assert (
        "Page introuvable"
        in visitor.client.get(f"{visitor.urls.corail}/collectivites/12345678901234/facture").text
    )


def test_logging_out_ends_the_session(school: SchoolThread, visitor: Visitor) -> None:
    """After logging out of both sites neither opens without the password."""
    visitor.connect()
    assert "Vous êtes déconnecté" in visitor.client.get(f"{school.urls.chorus}/deconnexion").text
    assert (
        "Vous êtes déconnecté" in visitor.client.get(f"{school.urls.pigp}/portail/deconnexion").text
    )
    assert (
        "Connexion à Chorus Pro</h1>" in visitor.client.get(f"{school.urls.idp}/autorisation").text
    )
    assert 2 == school.world.ledger.count("logout")


def test_the_command_serves_until_it_is_stopped(tmp_path: Path) -> None:
    """`releve school` prints its addresses in French, keeps the ledger in a file, refuses an
    unknown fault, and ends well at Ctrl-C.
    """
    ledger = tmp_path / "registre.json"
    start = [sys.executable, "-m", "releve", "school"]
    with subprocess.Popen(
        [*start, "--ledger", str(ledger), "--structures", "3"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(10)]
        with contextlib.closing(httpx.Client()) as client:
            client.post(
                f"{lines[1].split()[-1]}accueilIAM.pl",
                data={"identifiant": "xt012345", "secret": "non"},
            )
        assert '"login_refused"' in ledger.read_text()
        process.send_signal(signal.SIGINT)
        assert 0 == process.wait(10)
    with subprocess.Popen([*start, "--json"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert 200 == httpx.get(told["urls"]["portal"]).status_code
        process.send_signal(signal.SIGINT)
        assert 0 == process.wait(10)
    refused = subprocess.run(
        [*start, "--fault", "nulle=1"], capture_output=True, text=True, check=False
    )
    assert (2, True) == (refused.returncode, "Panne inconnue" in refused.stderr)
