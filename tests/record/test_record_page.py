"""The page of a record says what its journal says, to anybody, without network or script, on screen
and on paper.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import itertools
import json
import re
import shutil
import struct
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import fields as dataclass_fields
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fixtures_keyring import ThrowawayKeyring
from playwright.async_api import Browser, Page
from releve.base.origins import ORIGINS
from releve.base.secret import Secret
from releve.decision import events as ev
from releve.decision import journal as j
from releve.decision import state
from releve.decision.procedure import STEPS
from releve.record import page as page_module
from releve.record.contents import contents
from releve.record.folder import PAGE
from releve.record.page import (
    KEEP_BYTES,
    READ_ME,
    PageUnwritable,
    render,
    write_page,
)
from releve.record.view import view
from sealed_records import Office

in_the_module = pytest.mark.asyncio(loop_scope="module")  # as the browser that its tests share

PARIS = timezone(timedelta(hours=1))
START = datetime(2026, 11, 30, 9, 12, 5, 250_000, UTC)
SCHOOL = "Entraînement : ce dossier vient du site d'entraînement, pas du vrai portail"
VOID = {"meta", "link", "img", "br", "input"}
Moment = tuple[str, ev.Event]


def png(width: int = 640, height: int = 360) -> bytes:
    """A picture of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = (b"\0" + b"\x88\x99\xaa" * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def entries(*moments: Moment) -> list[ev.Entry]:
    """The moments as a journal's entries, twelve seconds apart."""
    times = (
        (START + timedelta(seconds=12 * n)).isoformat(timespec="milliseconds")
        for n in range(len(moments))
    )
    return [
        ev.Entry(time, "7f3a9c", step, "m.durand", event)
        for time, (step, event) in zip(times, moments, strict=True)
    ]


def opened(
    school: bool = False, rehearsal: bool = False, route: str = "gestionnaire"
) -> Iterator[Moment]:
    versions = {"releve": "0.1.0", "chromium": "156.0.8078.79", "python": "3.11.2"}
    account = "TECH_1_12345678@cpro.fr"
    yield (
        "",
        ev.RotationOpened(
            "21990001600011",
            "Commune d'Exemple",
            account,
            route,
            ("corail",),
            school,
            rehearsal,
            "ab" * 32,
            versions,
        ),
    )
    yield "", ev.RunStarted("poste-mairie", 4242, True)


def steps(first: int, last: int, mode: str = "automatic") -> Iterator[Moment]:
    for step in STEPS[first - 1 : last]:
        yield (
            step.id,
            ev.StepDone(mode, f"« {step.title} » : vu.", f"{step.number:02}-{step.id}.png", 1.25),
        )


def asked() -> Iterator[Moment]:
    yield from steps(1, 6)
    yield "cible", ev.GateGiven("cible", "widget")


def rejected(attempt: int) -> Iterator[Moment]:
    yield "confirmation", ev.ResetIntended(attempt)
    yield "mot-de-passe", ev.CandidateRejected(attempt, "caractère interdit « / »")


def success(school: bool = False) -> list[ev.Entry]:
    """A rotation on the documented route, with two rejected passwords."""
    return entries(
        *opened(school),
        *asked(),
        *rejected(1),
        *rejected(2),
        ("confirmation", ev.ResetIntended(3)),
        ("mot-de-passe", ev.PendingStored(3, compared="equal")),
        *steps(7, 9),
        ("corail-collectivites", ev.StepDone("manual", "Fait par l'opérateur.")),
        ("corail-transfert", ev.StepDone("skipped", "L'écran précédent y mène déjà.")),
        ("corail-mot-de-passe", ev.TargetIntended("corail")),
        ("corail-mot-de-passe", ev.TargetEntered("corail", "manual", "equal")),
        *steps(12, 12, "manual"),
        ("preuve", ev.ProofGiven("attested", "3 factures récupérées dans Corail")),
        ("cloture", ev.PromotionIntended()),
        ("cloture", ev.PromotionDone()),
        ("cloture", ev.RotationClosed("succeeded", "attested", "2027-12-01")),
    )


WHY = (
    "Ce qui s'est passé : la page de maintenance est apparue.\nCe qui est sûr : rien n'est"
    " perdu.\nCe qu'il faut faire : attendre."
)


def interrupted() -> list[ev.Entry]:
    """The password is stored; the portal then shows its maintenance page."""
    stop = (
        ("deconnexion", ev.StepFailed("Maintenance", WHY)),
        ("", ev.RunStopped(4, "Maintenance", WHY)),
    )
    reset = (("confirmation", ev.ResetIntended(1)), ("mot-de-passe", ev.PendingStored(1)))
    return entries(*opened(), *asked(), *reset, *steps(7, 8), *stop)


def uncertain() -> list[ev.Entry]:
    """The connection was cut after the click."""
    unknown = ev.ResetUnknown(1, "La connexion a été coupée après la confirmation.")
    return entries(
        *opened(),
        *asked(),
        ("confirmation", ev.ResetIntended(1)),
        ("confirmation", unknown),
        ("", ev.RunStopped(6)),
    )


def abandoned() -> list[ev.Entry]:
    moment = ev.RotationAbandoned(
        "Le portail reste fermé.",
        "État vérifié par téléphone.",
        "Trousseau : inchangé.",
        "Corail : inchangé.",
    )
    return [*uncertain(), *entries(*opened(), ("", moment))[2:]]


def rehearsal() -> list[ev.Entry]:
    return entries(
        *opened(rehearsal=True), *steps(1, 6), ("cloture", ev.RotationClosed("rehearsed"))
    )


JOURNALS = {
    "success": success(),
    "school": success(school=True),
    "interrupted": interrupted(),
    "uncertain": uncertain(),
    "abandoned": abandoned(),
    "rehearsal": rehearsal(),
    "empty": [],
}
CAPTURES = {f"{step.number:02}-{step.id}.png": png() for step in STEPS}


def page(name: str) -> str:
    return render(view(JOURNALS[name], CAPTURES, PARIS))


class Strict(HTMLParser):
    """Fails on wrong nesting, a repeated id, an attribute given twice; keeps the text, the ids and
    the tags with their attributes.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.parts: list[str] = []
        self.feed(text)
        self.close()
        assert [] == self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), tag
        if tag in {"p", "div", "ol", "dl", "table", "section", "figure"}:
            assert "p" not in self.open, f"{tag} in a p"
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.open.pop()

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.parts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.parts).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.mark.parametrize("name", JOURNALS)
def test_page_is_valid_and_accessible(name: str) -> None:
    """Every page is well nested, in French, with one h1, ordered headings, captions, alternative
    texts and targets for its links.
    """
    html = Strict(page(name))
    ids = [attributes["id"] for _, attributes in html.tags if "id" in attributes]
    levels = [int(tag[1]) for tag, _ in html.tags if tag in {"h1", "h2", "h3"}]
    assert "fr" == html.all("html")[0]["lang"]
    assert len(set(ids)) == len(ids)
    assert 1 == levels.count(1) and all(b - a <= 1 for a, b in itertools.pairwise(levels))
    assert len(html.all("table")) == len(html.all("caption"))
    assert all(image["alt"] for image in html.all("img"))
    assert all((link["href"] or "")[1:] in ids for link in html.all("a"))
    assert all(attributes["aria-labelledby"] in ids for attributes in html.all("section"))
    assert all(
        re.fullmatch(r"[\dT:+-]+\.\d{3}[\d:+-]+", moment["datetime"] or "")
        for moment in html.all("time")
    ), "three digits at most"


@pytest.mark.parametrize(
    ("name", "badge", "truths"),
    [
        ("success", "Réussie", [state.NEW, state.TURNED, "Corail : saisi"]),
        ("interrupted", "Interrompue", [state.NEW, state.KEPT, "pas encore saisi"]),
        ("uncertain", "Interrompue", [state.PERHAPS, "1 d'issue inconnue"]),
        (
            "abandoned",
            "Abandonnée",
            ["Le portail reste fermé.", "État vérifié par téléphone.", "Trousseau : inchangé."],
        ),
        (
            "rehearsal",
            "Répétition",
            [state.OLD, state.UNTOUCHED, "il n'y a pas de nouveau mot de passe"],
        ),
    ],
)
def test_page_says_the_outcome_and_what_is_true(name: str, badge: str, truths: list[str]) -> None:
    """The outcome, the portal, the keyring and the targets are said in words, for each way in which
    a rotation can end.
    """
    text = Strict(page(name)).text
    assert [badge, *truths] == [words for words in [badge, *truths] if words in text]


def test_top_block_says_who_what_when_and_by_which_proof() -> None:
    """Structure, account, person, both times, proof with its meaning, next due date, resets and
    rejected passwords stand on the page.
    """
    text = Strict(page("success")).text
    facts = [
        "Commune d'Exemple",
        "219 900 016 00011",
        "TECH_1_12345678@cpro.fr",
        "m.durand",
        "« Activités du gestionnaire »",
        "30 novembre 2026 à 10:12:05 (UTC+01:00 ; 2026-11-30 09:12:05 UTC)",
        "Attesté par une personne",
        "Relève ne l'a pas constaté lui-même",
        "1er décembre 2027",
        "3 effectuées",
        "2 : caractère interdit « / » (2 fois)",
        "les quatre derniers chiffres du SIRET, tapés",
    ]
    assert facts == [fact for fact in facts if fact in text]


LOOK_ALIKE = "https://portail.dgfip.finances.gouv.fr.exemple.net"


def met(*origins: str) -> list[ev.Entry]:
    """A success during which something was typed or read there."""
    moments = [("portail", ev.OriginMet(each, "ab" * 32, "Autorité")) for each in origins]
    return [*success()[:2], *entries(*opened(), *moments)[2:], *success()[2:]]


def test_the_portal_is_named_with_its_certificate() -> None:
    """Each origin once, what it is by its name, the fingerprint and who signed it; no band."""
    told = view(met(*ORIGINS, *ORIGINS), {})
    html = Strict(render(told))
    assert ORIGINS == tuple(each.origin for each in told.origins) and not told.training
    assert "le vrai portail, par son nom" in html.text and f"{'ab' * 32} , signé par Autorité" in (
        html.text.replace("\N{NO-BREAK SPACE}", " ")
    )
    assert [] == [each for each in html.all("p") if "band" in (each.get("class") or "")]


PISTE = ("https://oauth.piste.gouv.fr", "https://api.piste.gouv.fr")
SIMILAR = tuple(f"{LOOK_ALIKE}:1234{n}" for n in range(4))


@in_the_module
@pytest.mark.parametrize("origins", [(*ORIGINS, *PISTE), SIMILAR])
async def test_the_first_screen_tells_which_portal_and_its_certificates(
    chromium: Browser, tmp_path: Path, origins: tuple[str, ...]
) -> None:
    """Without scrolling, on a small laptop: each origin, the whole fingerprint, who signed it."""
    (tmp_path / PAGE).write_text(render(view(met(*origins), {})), "utf-8")
    tab = await chromium.new_page(viewport={"width": 1366, "height": 768})
    await tab.goto((tmp_path / PAGE).as_uri())
    seen = await tab.evaluate(
        "[...document.querySelectorAll('li, td')].filter(e => e.getBoundingClientRect().bottom"
        " <= innerHeight).map(e => e.innerText)"
    )
    for origin in origins:
        (told,) = [each for each in seen if origin in each]
        assert "ab" * 32 in told and "signé par Autorité" in told
    await tab.close()


def test_a_look_alike_is_never_taken_for_the_real_portal() -> None:
    """Whatever the settings called it: on every page, in the title, and as training."""
    told = view(met(*ORIGINS, LOOK_ALIKE), {})
    html = render(told)
    assert told.training and not told.opened.school
    assert LOOK_ALIKE in html.split('class="band other">')[1].split("</p>")[0]
    assert "Hors du vrai portail" in html.split("<title>")[1].split("</title>")[0]


def test_training_follows_from_the_origins() -> None:
    """A journal that calls itself the school's, on the real portal, is not training; one that met
    nothing is taken at its word.
    """
    school = [replace(e, event=replace(e.event, school=True)) if n == 0 else e  # type: ignore[call-arg]
              for n, e in enumerate(met(*ORIGINS))]  # fmt: skip
    assert not view(school, {}).training
    assert view(success(school=True), {}).training and not view(success(), {}).training


@pytest.mark.parametrize(
    ("proof", "badge", "tone"),
    [
        ("api", "Réussie, prouvée par l'API", "good"),
        ("attested", "Réussie, attestée par une personne", "good"),
        ("none", "Terminée, sans preuve", "warn"),
    ],
)
def test_outcome_and_proof_cannot_contradict_each_other(proof: str, badge: str, tone: str) -> None:
    """One badge says both; without a proof it is never green."""
    told = [
        replace(e, event=replace(e.event, proof=proof)) if isinstance(e.event, ev.ProofGiven) else e
        for e in success()
    ]
    html = unescape(render(view(told, {})))
    assert f'<p class="badge {tone}">{badge}</p>' in html
    assert "API</strong>, par" not in html, "the API proves, nobody else"


def test_who_is_called_what_it_is() -> None:
    """The name that a person gave, the account that the system told, and what that proves; at a
    gate, who was asked and how they answered.
    """
    named = [
        replace(e, event=replace(e.event, operator="Marie Durand"))
        if isinstance(e.event, ev.RunStarted)
        else e
        for e in success()
    ]
    text = Strict(render(view(named, {}))).text.replace("\N{NO-BREAK SPACE}", " ")
    for words in ("Marie Durand (nom donné)", "m.durand (session de l'ordinateur", "non qui se"):
        assert words in text
    assert "Marie Durand (m.durand)" in text.split("Confirmations")[1]
    assert "les quatre derniers chiffres du SIRET, tapés" in text.split("Confirmations")[1]
    assert "aucun nom n'a été donné" in Strict(page("success")).text


def test_a_click_has_its_picture_under_its_step() -> None:
    """The screen before each irreversible click stands under the confirmation, also when the step
    was never ended; the ones of a resume stand beside the first.
    """
    told = [
        *entries(
            *opened(), *asked(), ("confirmation", ev.ResetIntended(1, "07-confirmation-1.png"))
        ),
        *entries(*opened(), *steps(1, 1))[2:],
    ]
    captures = CAPTURES | {"07-confirmation-1.png": png()}
    shown = view(told, captures)
    assert [("click", 1)] == [(each.kind, each.attempt) for each in shown.steps[6].pictures]
    assert 2 == len(shown.steps[0].pictures)
    assert "juste avant le clic irréversible" in Strict(render(shown)).text


def test_nothing_was_done_is_said_so() -> None:
    """Not « 0 effectuée »."""
    text = Strict(page("rehearsal")).text
    assert "Réinitialisations aucune" in text and "0 effectu" not in text


def test_the_whole_journal_is_in_french() -> None:
    """What happened, each field and each code that Relève writes; the event's own name stands in
    small, for who reads journal.jsonl.
    """
    words = page_module._templates.get_template("words.j2").module
    assert set(ev.KINDS) == set(words.events)  # type: ignore[attr-defined]
    fields = {each.name for kind in ev.KINDS.values() for each in dataclass_fields(kind)}
    assert fields == set(words.fields)  # type: ignore[attr-defined]
    answered = ev.ApiAnswered(1, "accepted", "refused", True)
    shown = [*opened(), ("confirmation", ev.PendingStored(1, compared="equal"))]
    shown += [("preuve", answered), ("", ev.Unknown("later.fact", {"colour": "bleu"}))]
    page = render(view(entries(*shown), {}, PARIS))
    table = unescape(re.sub("<[^>]+>", " ", page.split("Journal complet")[1].split("</table>")[0]))
    text = " ".join(table.split())
    for said in (
        "mot de passe rangé au trousseau pending.stored",
        "façon automatique comparaison identique",
        "réponse de l'API api.answered",
        "mot de passe en attente accepté mot de passe en service refusé",
        "later.fact colour bleu",
    ):
        assert said in text, text
    assert not re.search(r"\b(accepted|refused|attempt|compared|automatic|equal)\b", text)


HOW = ("widget", "terminal", "--yes", "approve", "--reset-again", "")
PLAIN = {"str": "x", "Free": "x", "bool": True, "int": 1, "float": 1.0, "dict[str, str]": {"a": ""}}


@pytest.mark.parametrize("kind", sorted(ev.KINDS))
def test_no_event_is_without_its_page(kind: str) -> None:
    """Each kind of event, however it was confirmed: a second reset that a person decided by the
    button once left the record without its page.
    """
    cls = ev.KINDS[kind]
    shape = {each.name: PLAIN.get(str(each.type), ("x",)) for each in dataclass_fields(cls)}
    for how in HOW:
        more = {"how": how} if "how" in shape else {}
        if cls is ev.ApiAnswered:
            more = {"pending": "refused", "current": "accepted"}
        event = cls(**shape | more)
        told = entries(*opened(), *asked(), ("confirmation", ev.ResetIntended(1)), ("", event))
        assert "Journal complet" in render(view(told, {}))


def test_every_step_shows_its_state_and_its_picture() -> None:
    """Each documented step is there with its number and mode; its picture is in the page, byte for
    byte.
    """
    html = Strict(page("success"))
    modes = [(attributes["class"] or "").split()[1] for attributes in html.all("li")]
    assert {png()} == {
        base64.b64decode((image["src"] or "").removeprefix("data:image/png;base64,"))
        for image in html.all("img")
    }
    assert [*["automatic"] * 9, "manual", "skipped", "manual"] == modes
    assert "Étape 6 sur 12" in html.text and "1,2 s" in html.text
    assert 10 == len(html.all("img"))


def test_missing_or_false_picture_is_said() -> None:
    """A picture that the journal names and the folder lacks, or that is no PNG, is said to be
    absent.
    """
    html = Strict(
        render(view(success(), {"01-authentification.png": b"<svg onload=alert(1)>"}, PARIS))
    )
    assert [] == html.all("img")
    assert "Image absente du dossier : 01-authentification.png" in html.text


def test_steps_run_again_and_errors_are_all_told() -> None:
    """A step that failed and was done later shows both; the reason of the step and of its run is
    told once.
    """
    html = Strict(
        render(view([*interrupted(), *entries(*opened(), *steps(9, 9))[2:]], CAPTURES, PARIS))
    )
    assert "step automatic" == html.all("li")[8]["class"]
    assert 1 == [attributes.get("class") for attributes in html.all("span")].count("mode failed")
    assert (
        1 == len(html.all("article"))
        and "Ce qui est sûr : rien n'est perdu." in html.text.split("Partie technique")[0]
    )


def test_resets_count_by_what_the_portal_concluded() -> None:
    """On the newer route a candidate refused before any click is no reset; one that the portal
    denied is not counted as done.
    """
    told = entries(
        *opened(route="raccordements"),
        ("", ev.RouteChosen("raccordements", True)),
        ("mot-de-passe", ev.CandidateRejected(1, "caractère interdit")),
        ("mot-de-passe", ev.PendingStored(2)),
        ("confirmation", ev.ResetIntended(2)),
        ("confirmation", ev.ResetNotDone(2, "Refusé.")),
        ("mot-de-passe", ev.PendingStored(3)),
        ("confirmation", ev.ResetIntended(3)),
        ("confirmation", ev.ResetDone(3)),
    )
    record = view(told, {})
    assert ((2, "not_done"), (3, "done")) == record.resets
    assert (state.NEW, 1) == (record.situation.portal, len(record.rejected))
    before = view(told[:-3], {})
    assert (False, ((2, "not_done"),)) == (before.situation.facts.touched, before.resets)


def test_unusable_password_on_the_portal_is_said() -> None:
    """After a rejected password, the portal's is neither the old one nor a usable one."""
    record = view(entries(*opened(), *asked(), *rejected(1)), {})
    assert "rejected" == record.situation.phase
    assert " ".join(state.UNUSABLE.split()) in Strict(render(record)).text


def test_target_counts_only_for_the_last_stored_password() -> None:
    """A target that was given a password which another one has since replaced is not said to be
    served.
    """
    first = [
        ("", ev.ResetIntended(1)),
        ("", ev.PendingStored(1)),
        ("", ev.TargetIntended("corail")),
        ("", ev.TargetEntered("corail", "manual")),
    ]
    assert "entered" == view(entries(*opened(), *first), {}).targets[0].state
    assert (
        "none" == view(entries(*opened(), *first, ("", ev.ResetIntended(2))), {}).targets[0].state
    )
    assert "begun" == view(entries(*opened(), *first[:3]), {}).targets[0].state


@pytest.mark.parametrize(
    ("entered", "said"),
    [
        ("equal", "Oui, à chaque endroit"),
        ("different", "Non : ces endroits"),
        ("", "ne peut pas être"),
    ],
)
def test_page_says_whether_it_was_one_password_everywhere(entered: str, said: str) -> None:
    """By the comparisons, and names the places; a record without a password says nothing of it."""
    kept = [
        ("", ev.PendingStored(1, compared="equal")),
        ("", ev.TargetEntered("corail", "manual", entered)),
    ]
    text = Strict(render(view(entries(*opened(), *kept), {}))).text
    assert said in text and "Chorus Pro, le trousseau, Corail" in text
    assert "Même mot de passe partout" not in Strict(page("rehearsal")).text


def test_page_names_the_browser_among_the_versions() -> None:
    """With the other tools, as the route says that it was driven."""
    told = view(
        entries(*opened(), ("", ev.RouteChosen("gestionnaire", False, "chromium 156.0"))), {}
    )
    assert (
        "browser chromium 156.0" in Strict(render(told)).text
        and "chromium 156.0" == told.versions["browser"]
    )


def test_markup_and_secrets_never_reach_the_page() -> None:
    """What a journal carries is text, never markup, and a registered secret is masked in the form
    that the page gives it.
    """
    secret = Secret("k<9\"&'Qz{ ;w4")
    told = entries(
        *opened(),
        ("portail", ev.StepDone("automatic", f"<script>alert(1)</script> {secret.reveal()}")),
    )
    text = render(view(told, {}))
    assert "<script>alert" not in text and "&lt;script&gt;" in text
    assert "Qz{" not in text and "••••••" in text


def test_page_is_written_whole_from_the_folder(tmp_path: Path) -> None:
    """The page comes from the folder's own journal and captures, replaces the last one, and leaves
    nothing else behind.
    """
    (tmp_path / "captures").mkdir()
    (tmp_path / "captures" / "01-authentification.png").write_bytes(png())
    journal = j.Journal(tmp_path, "7f3a9c", "m.durand")
    for step, event in (*opened(), *steps(1, 1)):
        journal.append(event, step)
    (tmp_path / PAGE).write_text("old")
    assert tmp_path / PAGE == write_page(tmp_path)
    assert base64.b64encode(png()).decode() in (tmp_path / PAGE).read_text("utf-8")
    beside = {"captures", j.FILE_NAME, PAGE, READ_ME, KEEP_BYTES}
    assert beside == {path.name for path in tmp_path.iterdir()}


def test_refused_page_keeps_the_last_one(tmp_path: Path) -> None:
    """When the page cannot be put in its place, the error says what is safe and no half page is
    left.
    """
    (tmp_path / PAGE).mkdir()
    with pytest.raises(PageUnwritable) as stopped:
        write_page(tmp_path)
    assert "intacts" in stopped.value.text
    assert [tmp_path / PAGE] == list(tmp_path.iterdir())


@in_the_module
async def test_page_is_read_without_network_script_or_overflow(
    chromium: Browser, tmp_path: Path
) -> None:
    """In a real browser with scripts off, every page asks the network for nothing and fits the
    width of a small laptop and of a phone.
    """
    context = await chromium.new_context(java_script_enabled=False)
    tab = await context.new_page()
    asked_for: list[str] = []
    tab.on("request", lambda request: asked_for.append(request.url))
    for name in JOURNALS:
        path = tmp_path / f"{name}.html"
        path.write_text(page(name), "utf-8")
        for width in (1366, 390):
            await tab.set_viewport_size({"width": width, "height": 768})
            await tab.goto(path.as_uri())
            assert width >= await tab.evaluate("document.documentElement.scrollWidth"), name
            assert await tab.get_by_role("heading", level=1).is_visible()
    assert {(tmp_path / f"{name}.html").as_uri() for name in JOURNALS} == {
        url for url in asked_for if not url.startswith("data:")
    }


@in_the_module
@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is not installed")
@pytest.mark.parametrize(
    ("name", "band"),
    [("school", SCHOOL), ("rehearsal", "Répétition : ce dossier"), ("success", "")],
)
async def test_print_says_its_nature_on_every_page(
    chromium: Browser, tmp_path: Path, name: str, band: str
) -> None:
    """Printed, a record of the school or of a rehearsal says so on each page, once; a true one
    never does.
    """
    tab = await chromium.new_page()
    await tab.set_content(page(name))
    await tab.pdf(path=tmp_path / "record.pdf", prefer_css_page_size=True, print_background=False)
    process = await asyncio.create_subprocess_exec(
        "pdftotext", tmp_path / "record.pdf", "-", stdout=asyncio.subprocess.PIPE
    )
    pages = (await process.communicate())[0].decode().split("\f")[:-1]
    assert len(pages) >= 2
    assert [1 if band else 0] * len(pages) == [
        " ".join(text.split()).count(band or SCHOOL) for text in pages
    ]


@pytest.fixture
def sealed(tmp_path: Path, throwaway: ThrowawayKeyring) -> Path:
    """A sealed record, and another beside it."""
    office = Office(tmp_path / "outputs", throwaway.keystore())
    office.record(2)
    return office.record(1).path


@asynccontextmanager
async def opened_page(chromium: Browser, page: Path) -> AsyncIterator[Page]:
    """A record's page, opened from the disk without network; it must raise no error."""
    context = await chromium.new_context(offline=True)
    tab = await context.new_page()
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on(
        "console", lambda message: errors.append(message.text) if message.type == "error" else None
    )
    await tab.goto(page.as_uri())
    yield tab
    assert [] == errors
    await context.close()


async def give(tab: Page, place: str, files: Path | list[Path]) -> str:
    """What the page says when these files are chosen."""
    result = tab.locator("#controle-resultat")
    await tab.evaluate("document.getElementById('controle-resultat').replaceChildren()")
    await tab.set_input_files(place, files)
    await result.locator("strong").wait_for()
    return await result.inner_text()


async def drop(tab: Page, *places: Path) -> str:
    """What the page says when these are dropped on it from the desktop, by the browser's own
    protocol.
    """
    zone = tab.locator("#controle-zone")
    await zone.scroll_into_view_if_needed()
    box = await zone.bounding_box()
    assert box
    session = await tab.context.new_cdp_session(tab)
    data = {"items": [], "files": [str(place) for place in places], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        await session.send(
            "Input.dispatchDragEvent",
            {"type": kind, "x": box["x"] + 9, "y": box["y"] + 9, "data": data},
        )
    await tab.locator("#controle-resultat strong").wait_for()
    return await tab.locator("#controle-resultat").inner_text()


async def chosen(
    chromium: Browser, record: Path, *, register: bool = True, page: Path | None = None
) -> str:
    """What the record's page says when its folder, and then the register, are chosen."""
    async with opened_page(chromium, page or record / "record.html") as tab:
        text = await give(tab, "#controle-dossier", record)
        return (
            await give(tab, "#controle-fichiers", [record.parent / "register.jsonl"])
            if register
            else text
        )


@in_the_module
async def test_page_checks_its_own_folder(chromium: Browser, sealed: Path) -> None:
    """Offline, without Python: intact says intact, with the fingerprint to compare; each harm is
    named.
    """
    text = await chosen(chromium, sealed)
    assert (
        "Ce dossier est intact" in text
        and hashlib.sha256((sealed / "record.json").read_bytes()).hexdigest() in text
    )
    assert "Signé par la clé" in text
    alone = await chosen(chromium, sealed, register=False)
    assert "n'a pas été donné" in alone and "est intact" not in alone
    async with opened_page(chromium, sealed / "record.html") as tab:
        files = [sealed / name for name in contents(sealed).files] + [
            sealed / "record.json",
            sealed.parent / "register.jsonl",
        ]
        assert "Il manque record.json" in await give(tab, "#controle-fichiers", files[-1:])
        assert "Ce dossier est intact" in await give(tab, "#controle-fichiers", files), (
            "without their folders"
        )
        assert "Ce dossier est intact" in await give(tab, "#controle-dossier", sealed.parent), (
            "among others"
        )


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def _forge(record: Path) -> None:
    """Another statement under the same signature."""
    path = record / "record.json"
    sealed = json.loads(path.read_text())
    said = base64.b64decode(sealed["payload"]).replace(b"mairie", b"palais")
    path.write_text(json.dumps(sealed | {"payload": base64.b64encode(said).decode()}))


HARMS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a byte of the notebook": (lambda r: _flip(r / "rotation.ipynb"), "rotation.ipynb : modifié"),
    "a byte of a picture": (
        lambda r: _flip(r / "captures" / "01-authentification.png"),
        "01-authentification.png : modifié",
    ),
    "a byte of the statement": (lambda r: _flip(r / "record.json"), "record.json"),
    "a forged statement": (_forge, "sa signature est fausse"),
    "a file added": (lambda r: (r / "note.txt").write_text("x"), "note.txt : ajouté"),
    "a file taken away": (lambda r: (r / "journal.jsonl").unlink(), "journal.jsonl : manque"),
    "a file renamed": (
        lambda r: (r / "journal.jsonl").rename(r / "journal.txt"),
        "journal.jsonl : manque",
    ),
    "a file moved": (
        lambda r: (r / "captures" / "01-authentification.png").rename(
            r / "01-authentification.png"
        ),
        "captures/01-authentification.png : manque",
    ),
    "the register's tail torn": (lambda r: _cut(r.parent / "register.jsonl"), "coupée"),
    "a byte of the register": (lambda r: _flip(r.parent / "register.jsonl"), "registre"),
}


@in_the_module
@pytest.mark.parametrize("harm", HARMS)
async def test_page_sees_what_was_changed(
    chromium: Browser, sealed: Path, tmp_path: Path, harm: str
) -> None:
    """Every harm that the dropped files can show is named."""
    page = tmp_path / "page.html"
    shutil.copy(sealed / "record.html", page)
    HARMS[harm][0](sealed)
    text = await chosen(chromium, sealed, page=page)
    assert "n'est pas intact" in text and HARMS[harm][1] in text, text


@in_the_module
async def test_page_takes_what_is_dropped_on_it(chromium: Browser, sealed: Path) -> None:
    """A folder and the register, from the desktop; a harm in a folder below is named."""
    async with opened_page(chromium, sealed / "record.html") as tab:
        assert "Ce dossier est intact" in await drop(tab, sealed, sealed.parent / "register.jsonl")
    _flip(sealed / "captures" / "01-authentification.png")
    async with opened_page(chromium, sealed / "record.html") as tab:
        assert "captures/01-authentification.png : modifié" in await drop(tab, sealed)


@in_the_module
async def test_page_sees_a_folder_under_another_name(chromium: Browser, sealed: Path) -> None:
    """What `releve verify` calls renamed."""
    other = sealed.with_name(sealed.name.replace("2026", "2025"))
    shutil.move(sealed, other)
    assert f"{other.name} : ce dossier a été scellé sous le nom {sealed.name}" in await chosen(
        chromium, other
    )


@in_the_module
async def test_page_sees_another_records_files(
    chromium: Browser, sealed: Path, tmp_path: Path
) -> None:
    """Two records swapped: the page knows which rotation it tells."""
    other = next(path for path in sealed.parent.glob("2*") if path != sealed)
    text = await chosen(chromium, other, register=False, page=sealed / "record.html")
    assert "il décrit une autre rotation" in text
