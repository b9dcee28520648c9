"""The hunt: whole rotations with canaries for passwords, and every place where one could be found
afterwards, or meanwhile.
"""

from __future__ import annotations

import base64
import gzip
import html
import io
import json
import os
import re
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import leaks
import nbformat
import pytest
from fixtures_lab import Desk, lab
from fixtures_rotation import DEMO_SIRET, LOGIN, Scene
from jupyter_client.manager import KernelManager
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import expect, sync_playwright
from releve.base.places import project_root
from releve.base.secret import Secret
from releve.decision import events as ev
from releve.portal import browsers
from releve.record.folder import all_records
from releve.school import Faults
from releve.school.ledger import Entry
from tornado.web import Application
from tornado.websocket import WebSocketHandler, websocket_connect

VALUES = [leaks.WORD, leaks.MANAGER, *leaks.CANARIES]
CANARY = leaks.CANARIES[1]
AS_ROOT = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0,
    reason="the kernel tells of processes, files and packets to root alone",
)
VERBOSE = "c.InteractiveShell.xmode = 'Verbose'\n"


@dataclass
class Run:
    """What one run left: everything under `folder` (records, home, standard streams), and what was
    seen while it ran.
    """

    folder: Path
    watch: leaks.Watch
    code: int = -1
    record: Path = field(default_factory=Path)

    def leaks(self, pictures: bool = False) -> list[str]:
        """Every place that gives a canary away; none should."""
        return leaks.in_folder(VALUES, self.folder, pictures) + self.watch.leaks(VALUES)


def canaries(scene: Scene, manager: str = leaks.WORD) -> None:
    """The manager's password is a canary, and so are the portal's next ones, the first of which is
    rejected.
    """
    good = (f"{each}{n or ''}" for n in range(99) for each in leaks.CANARIES[1:])
    scene.faults.slash_in_first = 1
    scene.world.manager.password = manager
    scene.world.generate = lambda: (
        leaks.CANARIES[0] if scene.faults.spends("slash_in_first") else next(good)
    )  # type: ignore[method-assign]
    scene.keystore.portal_password(LOGIN).set(Secret(manager))


@pytest.fixture
def place() -> Iterator[Path]:
    """A short path: a Unix socket's name has a hundred characters at most."""
    folder = Path(tempfile.mkdtemp(prefix="hunt"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def rotate(scene: Scene, place: Path, manager: str) -> Run:
    """`releve rotate` in a process with a home, temporary folders and an IPython of its own,
    watched while it runs.
    """
    canaries(scene, manager)
    places = {
        "HOME": "home",
        "TMPDIR": "tmp",
        "IPYTHONDIR": "ipython",
        "JUPYTER_RUNTIME_DIR": "run",
        "XDG_CONFIG_HOME": "home/.config",
    }
    for name in places.values():
        (place / name).mkdir(parents=True)
    (place / "ipython" / "profile_default").mkdir()
    (place / "ipython" / "profile_default" / "ipython_config.py").write_text(VERBOSE)
    environment = {name: str(place / each) for name, each in places.items()} | {"DEBUG": "pw:api"}
    with leaks.Watch() as watch:
        environment = scene.environment | environment
        environment.pop(
            "PYTEST_CURRENT_TEST", None
        )  # under it ipykernel does not read what child processes write
        command = scene.command("rotate", DEMO_SIRET, "--yes")
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert not watch.missed, "programs were gone before anybody saw them"
    (place / "stdout.txt").write_text(done.stdout)
    (place / "stderr.txt").write_text(done.stderr)
    shutil.copytree(scene.outputs, place / "outputs")
    record = next((path for path in (place / "outputs").glob("2*")), place)
    return Run(place, watch, done.returncode, record)


@AS_ROOT
@pytest.mark.skipif(
    not leaks.can_read_pictures(), reason="tesseract or poppler-utils is not installed"
)
def test_a_rotation_gives_nothing_away(scene: Scene, place: Path) -> None:
    """Headless, with a rejected password: no canary in any file, picture, stream, process, port or
    temporary folder.
    """
    run = rotate(scene, place, leaks.MANAGER)
    assert 0 == run.code, (place / "stderr.txt").read_text()
    assert 2 == scene.resets()
    assert [] == run.leaks(pictures=True)
    assert [] == sorted(run.watch.heard), (
        "the kernel speaks on a port that anyone here can listen to"
    )
    assert [] == sorted(run.watch.dumps)
    assert run.watch.kernels and run.watch.browsers and run.watch.files
    kept = {"rotation.ipynb", "journal.jsonl", "record.html", "record.json", "captures"}
    kept |= {"signer.pem", ".gitattributes", "LISEZ-MOI.txt"}
    assert kept == {path.name for path in run.record.iterdir()}


@dataclass
class Case:
    """One headless run: its route, its fault, its exit code."""

    route: str
    fault: dict[str, object]
    code: int


CASES = {
    "a success by the newer route": Case("raccordements", {}, 0),
    "the newer route, the answer lost": Case("raccordements", {"cut_after_confirmation": -1}, 6),
    "the summary is never shown": Case("gestionnaire", {"server_error_at": "recapitulatif"}, 6),
    "the account is locked": Case("gestionnaire", {"locked": True}, 5),
}


@pytest.mark.long
@AS_ROOT
@pytest.mark.parametrize("case", CASES)
def test_no_run_gives_anything_away(scene: Scene, place: Path, case: str) -> None:
    """Both routes, headless, with what fails before, at and after the click: files, streams,
    processes, ports, temporary folders.
    """
    told = CASES[case]
    scene.portal["route"], scene.world.routes = told.route, "both"
    for name, value in told.fault.items():
        assert hasattr(scene.faults, name)
        setattr(scene.faults, name, value)
    run = rotate(scene, place, leaks.MANAGER)
    assert told.code == run.code, (place / "stdout.txt").read_text() + (
        place / "stderr.txt"
    ).read_text()
    assert ([], [], []) == (run.leaks(), sorted(run.watch.heard), sorted(run.watch.dumps))
    assert run.watch.kernels and run.watch.browsers and run.watch.files


@dataclass(frozen=True)
class Trouble:
    """A failure: the school's switches, at once and `later` (after the next reset), its error, the
    form's words, the button to go on.
    """

    faults: dict[str, object]
    error: str
    words: str
    form: str = "s'est arrêtée"
    button: str = "Réessayer"
    later: dict[str, object] = field(default_factory=dict)


ON_SCREEN = {
    "server_error_at": ("TechnicalError", "erreur technique"),
    "maintenance_at": ("Maintenance", "est en maintenance"),
    "session_expired_at": ("SessionExpired", "a expiré"),
    "security_at": ("PageForbidden", "contraintes de sécurité"),
}
UNDECIDED = "Que montre le portail"
AGAIN, NOT_DONE = "Demander un autre mot de passe", "n'a pas eu lieu"
IN_CORAIL = [
    (screen, fault)
    for screen in ("collectivites", "transfert", "mot-de-passe")
    for fault in ("server_error_at", "security_at")
]
MAX_ATTEMPTS = 3

LOCKED = Trouble({"locked": True}, "AccountLocked", "est verrouillé")
BEFORE_THE_RESET = [
    *(
        Trouble({fault: screen}, *ON_SCREEN[fault])
        for screen in (
            "authentification",
            "portail",
            "connexion",
            "informations",
            "accueil",
            "structures",
            "structure",
        )
        for fault in ON_SCREEN
        if fault != "maintenance_at" or screen in ("authentification", "accueil")
    ),
    Trouble({"missing_button": True}, "NotPrincipalManager", "pas gestionnaire principal"),
    Trouble({"no_technical_account": True}, "NoTechnicalAccount", "sans y voir de compte"),
    Trouble(
        {"renamed_labels": {"Réinitialiser le mot": "Changer le mot"}},
        "ResetButtonMissing",
        "Réinitialiser le mot de passe",
    ),
]
FROM_THE_RESET_ON = [
    Trouble({"reset_refused": 1}, "ResetRefused", "a refusé la réinitialisation"),
    *(
        Trouble({fault: screen}, "ResetOutcomeUnknown", words, UNDECIDED, button)
        for screen, button in (("confirmation", NOT_DONE), ("recapitulatif", AGAIN))
        for fault, (_, words) in list(ON_SCREEN.items())[:3]
    ),
    Trouble(
        {"cut_after_confirmation": -1}, "ResetOutcomeUnknown", "ne répond pas", UNDECIDED, AGAIN
    ),
    Trouble(
        {"slash_in_first": 1},
        "ResetRefused",
        "il faut lui en demander un autre",
        later={"reset_refused": 1},
    ),
    Trouble(
        {"slash_in_first": 1},
        "TechnicalError",
        "erreur technique",
        later={"server_error_at": "structure"},
    ),
    Trouble(
        {"slash_in_first": MAX_ATTEMPTS},
        "DecisionNeeded",
        "un caractère interdit",
        UNDECIDED,
        AGAIN,
    ),
    # A window laid over the password keeps nobody from it: the next failure is in Corail.
    Trouble(
        {"popup_at": "recapitulatif", "server_error_at": "corail-collectivites"},
        *ON_SCREEN["server_error_at"],
    ),
    *(Trouble({fault: f"corail-{screen}"}, *ON_SCREEN[fault]) for screen, fault in IN_CORAIL[1:]),
]


@dataclass
class Walkthrough:
    """A person before JupyterLab, and the school in which one thing after the other goes wrong."""

    scene: Scene
    desk: Desk
    errors: list[str] = field(default_factory=list)
    later: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.scene.world.ledger.listeners.append(self._after)

    def _after(self, entry: Entry) -> None:
        while entry.kind == "reset" and self.later:
            setattr(self.scene.faults, *self.later.popitem())

    def sign_in(self, password: str, button: str = "Se connecter") -> None:
        """Type the portal's password."""
        self.desk.panel("Votre mot de passe du portail").get_by_label(
            re.compile("^Mot de passe")
        ).fill(password)
        self.desk.press("Votre mot de passe du portail", button)

    def go_through(self, troubles: list[Trouble], begin: Callable[[], object]) -> None:
        """Each is told in its own words, and the button that the form offers leads to the next; the
        last button to what goes well.
        """
        go_on = begin
        for trouble in troubles:
            self.scene.school.faults = Faults(first_visit_form=True, **trouble.faults)  # type: ignore[arg-type]
            self.scene.world.manager.informations_checked = (
                "informations" not in trouble.faults.values()
            )
            self.later |= trouble.later
            go_on()
            form = self.desk.panel(trouble.form)
            expect(form).to_contain_text(trouble.words)
            assert not leaks.which(VALUES, form.inner_html().encode())
            self.errors.append(trouble.error)
            go_on = partial(self.desk.press, trouble.form, trouble.button)
        self.scene.school.faults = Faults()
        go_on()

    def confirm(self) -> None:
        """Give the gate: one line for each program that needs the password."""
        gate = self.desk.panel("Point de non-retour")
        gate.wait_for()
        for box in gate.get_by_role("checkbox").all():
            box.check()
        gate.get_by_role("button", name="Réinitialiser").click()


@pytest.mark.long
@pytest.mark.timeout(1200)
@AS_ROOT
def test_the_walkthrough_gives_nothing_away(scene: Scene, place: Path) -> None:
    """In a real JupyterLab, one rotation through every failure of the school's, each seen on its
    form and in the journal.

    The portal's password is typed, the new one goes by the clipboard, which is empty after its
    delay. No file, process or packet has one. The sealed notebook opens again with its outputs.
    """
    canaries(scene)
    scene.keystore.portal_password(LOGIN).delete()
    scene.structure |= {"targets": ["school", "corail"]}
    scene.policy["max_attempts"] = MAX_ATTEMPTS
    (place / "tmp").mkdir()
    school = {urlsplit(each).port or 0 for each in scene.origins} | {
        urlsplit(scene.school.urls.portal).port or 0
    }
    choice = browsers.find("auto")
    with (
        leaks.Loopback(school) as loopback,
        leaks.Watch() as watch,
        lab(
            scene.environment | {"TMPDIR": str(place / "tmp")},
            "--settings",
            str(scene.settings()),
            "--outputs",
            str(scene.outputs),
        ) as running,
        sync_playwright() as playwright,
        # the person's own, which keeps its shared memory where any browser does
        playwright.chromium.launch(
            channel=choice.channel,
            executable_path=choice.executable,
            ignore_default_args=browsers.unwanted_defaults(),
        ) as browser,
    ):
        context = browser.new_context(
            locale="fr-FR",
            reduced_motion="reduce",
            permissions=["clipboard-read", "clipboard-write"],
        )
        page = context.new_page()
        desk = Desk(page, running)
        walk = Walkthrough(scene, desk)
        desk.open_home()
        desk.press("Mots de passe", "Commencer pour")
        desk.press("Avant de commencer", "Tout est prêt")
        walk.sign_in(leaks.MANAGER)
        expect(desk.panel("Votre mot de passe du portail")).to_contain_text("a déjà refusé")
        walk.errors.append("PasswordRefused")
        walk.go_through([LOCKED], partial(walk.sign_in, leaks.WORD))
        walk.sign_in(leaks.WORD)
        expect(desk.panel("Votre mot de passe du portail")).to_contain_text(
            "a déjà refusé"
        )  # the account is open again, as it was
        assert 2 == scene.logins()
        walk.go_through(
            BEFORE_THE_RESET, partial(walk.sign_in, leaks.WORD, "vérifié sur le portail")
        )
        walk.go_through(FROM_THE_RESET_ON, walk.confirm)
        desk.press("Corail : Ouvrir les", "C'est fait")
        desk.press("Corail : Ouvrir la", "C'est fait")
        form = desk.panel("Corail : Entrer")
        page.clock.install()
        form.get_by_role("button", name="Copier le mot de passe").click()
        expect(form.get_by_role("status")).to_contain_text("Copié")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.startswith(tuple(leaks.CANARIES))
        scene.world.corail_save(DEMO_SIRET, copied)
        form.get_by_role("button", name="C'est validé dans Corail").click()
        desk.panel("fonctionne-t-il").wait_for()  # one goes on before the delay is over
        page.clock.fast_forward(46_000)
        expect(desk.panel("fonctionne-t-il").get_by_role("status")).to_contain_text("vidé")
        assert "" == page.evaluate("navigator.clipboard.readText()")
        desk.press("fonctionne-t-il", "factures arrivent")
        desk.ended()
        (record,) = all_records(scene.outputs)
        again = context.new_page()
        again.goto(
            f"{running.url}doc/tree/outputs/{record.path.name}/rotation.ipynb?token={running.token}"
        )
        expect(again.get_by_text("rotation réussie").first).to_be_visible()
        assert [] == leaks.in_folder(VALUES, running.home)
    page = (project_root() / "notebooks/reference.md").read_text(encoding="utf-8")
    assert f"through {len(walk.errors)} failures" in page
    assert walk.errors == [
        entry.event.error for entry in record.entries() if isinstance(entry.event, ev.StepFailed)
    ]
    assert scene.three_places_agree()
    assert [] == leaks.in_folder(VALUES, scene.outputs) + leaks.in_folder(VALUES, place)
    assert ([], []) == (watch.leaks(VALUES), sorted(watch.heard))
    assert watch.kernels and not watch.missed
    # what a page sends can be read on the loopback, as the README says: what was typed, no more
    assert [] == loopback.leaks(VALUES) and len(loopback.masked) > 100
    assert {leaks.MANAGER, leaks.WORD} == loopback.typed(VALUES)
    nbformat.validate(nbformat.read(record.path / "rotation.ipynb", 4))


@pytest.mark.long
@AS_ROOT
def test_the_executed_notebook_is_sound(scene: Scene, place: Path) -> None:
    """A failure before anything changed: nbformat accepts its notebook, nbconvert converts it, and
    nothing is given away.
    """
    scene.faults.server_error_at = "structures:0"
    run = rotate(scene, place, leaks.WORD)
    assert 5 == run.code
    assert [] == run.leaks()
    notebook = run.record / "rotation.ipynb"
    nbformat.validate(nbformat.read(notebook, 4))
    command = [
        sys.executable,
        "-m",
        "jupyter",
        "nbconvert",
        "--to",
        "html",
        "--stdout",
        str(notebook),
    ]
    converted = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert 0 == converted.returncode and "Étape 1 sur 12" in converted.stdout


FAULTS = {
    "the answer to the confirmation is lost": Faults(cut_after_confirmation=-1),
    "the summary is never shown": Faults(server_error_at="recapitulatif"),
    "the session expires in Corail": Faults(server_error_at="corail-mot-de-passe"),
    "the reset is refused": Faults(reset_refused=-1),
}


@pytest.mark.one_in(6)
@pytest.mark.parametrize("fault", FAULTS)
async def test_no_failure_gives_anything_away(
    scene: Scene, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    """Whatever goes wrong: not in the record, the standard streams, the log, nor in the error
    itself.
    """
    scene.school.faults = FAULTS[fault]
    canaries(scene)
    with caplog.at_level("DEBUG"):
        done = await scene.walk()
    assert done.error
    streams = capfd.readouterr()
    for value in VALUES:
        for text in (streams.out, streams.err, caplog.text, done.text):
            assert not leaks.found(value, text.encode())
    assert [] == leaks.in_folder(VALUES, scene.outputs)


# -- a hunt that cannot fail is none: a canary planted in each place is found


def _notebook(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def plant(folder: Path) -> None:
        cell = {
            "cell_type": "code",
            "id": "a",
            "source": "",
            "metadata": {},
            "outputs": [],
            "execution_count": 1,
        }
        book: dict[str, Any] = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        change(book)
        (folder / "rotation.ipynb").write_text(json.dumps(book))

    return plant


def _text(name: str, text: str = CANARY) -> Callable[[Path], None]:
    def plant(folder: Path) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"avant {text} après", encoding="utf-8")

    return plant


def _cell(book: dict[str, Any]) -> dict[str, Any]:
    cell: dict[str, Any] = book["cells"][0]
    return cell


def _history(folder: Path) -> None:
    with sqlite3.connect(folder / "history.sqlite") as database:
        database.execute("create table history (source text)")
        database.execute("insert into history values (?)", (f"p = {CANARY!r}",))
    database.close()


def _picture(folder: Path) -> None:
    drawn = Image.new("RGB", (900, 200), "white")
    font = ImageFont.load_default(size=34)
    ImageDraw.Draw(drawn).text((30, 70), f"Mot de passe   {CANARY}", fill="black", font=font)
    drawn.save(folder / "08-mot-de-passe.png")


def _pdf(folder: Path) -> None:
    choice = browsers.find("auto")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            channel=choice.channel, executable_path=choice.executable
        )
        page = browser.new_page()
        page.set_content(f"<p>{html.escape(CANARY)}</p>")
        page.pdf(path=folder / "record.pdf")
        browser.close()


PLANTS: dict[str, Callable[[Path], None]] = {
    "notebook source": _notebook(lambda book: _cell(book).update(source=f"p = {CANARY!r}")),
    "notebook outputs": _notebook(
        lambda book: _cell(book).update(
            outputs=[{"output_type": "stream", "name": "stdout", "text": [CANARY]}]
        )
    ),
    "notebook metadata": _notebook(
        lambda book: book.update(metadata={"papermill": {"parameters": {"p": CANARY}}})
    ),
    "widget state": _notebook(
        lambda book: book.update(metadata={"widgets": {"state": {"x": {"value": CANARY}}}})
    ),
    "checkpoint": _text(".ipynb_checkpoints/rotation-checkpoint.ipynb", json.dumps(CANARY)),
    "journal": _text("journal.jsonl", json.dumps({"text": CANARY})),
    "register": _text("register.jsonl", json.dumps({"record": CANARY})),
    "statement": _text("record.json", json.dumps(CANARY)),
    "page": _text("record.html", html.escape(CANARY)),
    "printed page": _pdf,
    "picture": _picture,
    "standard output": _text("stdout.txt"),
    "standard error": _text("stderr.txt"),
    "log": _text("x.log", f"fill({CANARY!r})"),
    "traceback": _text("incident.txt", f"ValueError: {CANARY}"),
    "IPython history": _history,
    "temporary folder": _text("tmp/x"),
    "browser profile": lambda folder: (
        (folder / "Web Data").write_bytes(b"\0\1" + CANARY.encode("utf-16-le")) and None
    ),
    "kernel connection file": _text("run/kernel.json", json.dumps({"key": CANARY})),
    "file name": lambda folder: (folder / CANARY.replace("/", "")).write_text("") and None,
}


@pytest.mark.parametrize("channel", PLANTS)
def test_a_planted_canary_is_found(tmp_path: Path, channel: str) -> None:
    """In each kind of file."""
    if channel in ("picture", "printed page") and not leaks.can_read_pictures():
        pytest.skip("tesseract or poppler-utils is not installed")
    assert [] == leaks.in_folder(VALUES, tmp_path, pictures=True)
    PLANTS[channel](tmp_path)
    assert leaks.in_folder([CANARY], tmp_path, pictures=True)


WAYS: dict[str, Callable[[bytes], bytes]] = {
    "raw": bytes,
    "JSON": lambda value: json.dumps({"p": f"é{value.decode()}"}).encode(),
    "base64": lambda value: base64.b64encode(b"ab" + value),
    "gzip": gzip.compress,
    "gzip in base64": lambda value: base64.b64encode(gzip.compress(value)),
    "zip": lambda value: _zipped(value),
}
SHORT = """case $1 in "command line") exec sleep 0.02;; environment) X="$2" exec sleep 0.02;;
    file) cp "$2" "$3"; sleep 0.02; rm "$3";; esac"""


def _zipped(value: bytes) -> bytes:
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("x.txt", value)
        return file.getvalue()


@AS_ROOT
def test_what_lives_for_twenty_milliseconds_is_found(tmp_path: Path) -> None:
    """A command line, an environment and a file, each gone before anybody can look twice; whichever
    way the canary is written in it.
    """
    for way, write in WAYS.items():
        (tmp_path / "planted").write_bytes(written := write(CANARY.encode()))
        text = written.replace(b"\0", b"").decode("latin-1")
        for where in ("command line", "environment", "file"):
            if way in ("gzip", "zip") and where != "file":
                continue  # no text: a process cannot be given it
            short = ["sh", "-c", SHORT, "sh", where, text]
            if where == "file":
                short = ["sh", "-c", SHORT, "sh", where, str(tmp_path / "planted")]
            with leaks.Watch() as watch:
                subprocess.run([*short, str(tmp_path / "short")], check=True)
            assert not (tmp_path / "short").exists()
            found = watch.leaks([CANARY])
            assert any(each.startswith((where, str(tmp_path))) for each in found), (way, where)


@AS_ROOT
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_blind_watch_fails(monkeypatch: pytest.MonkeyPatch, how: signal.Signals) -> None:
    """Its eye is gone, or does not look any more: nothing was seen, and that is no success."""
    monkeypatch.setattr(leaks, "PATIENCE", 2)
    watch = leaks.Watch()
    with pytest.raises(AssertionError, match="blind"), watch:
        watch.eye.send_signal(how)
    assert watch.eye.poll() is not None


@AS_ROOT
async def test_a_canary_that_a_page_sends_is_found() -> None:
    """In a masked websocket frame, by a real client and a real server, and in the answer."""

    class Echo(WebSocketHandler):
        def on_message(self, message: str | bytes) -> None:
            self.write_message(message)

    with leaks.Loopback() as loopback:
        server = Application([("/", Echo)]).listen(0, "127.0.0.1")
        port = next(iter(server._sockets.values())).getsockname()[1]
        client = await websocket_connect(f"ws://127.0.0.1:{port}/")
        await client.write_message(json.dumps({"password": CANARY, "more": "x" * 70_000}))
        assert await client.read_message()
        client.close()
        server.stop()
    assert loopback.typed(VALUES) == {CANARY} and loopback.leaks(VALUES)


@AS_ROOT
def test_a_canary_on_the_loopback_is_found() -> None:
    """In what any two programs say to each other there, even in two pieces; not on the ports that
    are left out.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with (
            leaks.Loopback() as loopback,
            leaks.Loopback({port}) as deaf,
            socket.create_connection(("127.0.0.1", port)) as client,
        ):
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.sendall(CANARY[:5].encode())
            client.sendall(CANARY[5:].encode())
            while not loopback.leaks([CANARY]):
                assert server.fileno() >= 0
        assert [] == deaf.leaks([CANARY])


@pytest.fixture
def core_files() -> Iterator[None]:
    """They are allowed, as before anything of ours was imported."""
    ours, most = resource.getrlimit(resource.RLIMIT_CORE)
    if most == 0:
        pytest.skip("this system allows no core files")
    resource.setrlimit(resource.RLIMIT_CORE, (most, most))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, (ours, most))


@AS_ROOT
@pytest.mark.usefixtures("core_files")
def test_a_browser_that_may_leave_a_core_file_is_found() -> None:
    """Started by a program that does not forbid it."""
    choice = browsers.find("auto")
    with leaks.Watch() as watch, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            channel=choice.channel, executable_path=choice.executable
        )
        while not watch.dumps:
            assert browser.is_connected()
            browser.contexts  # noqa: B018  # lets Playwright hear of its end
        browser.close()


@AS_ROOT
def test_a_kernel_on_the_loopback_is_found() -> None:
    """Jupyter's default transport listens on ports where anyone on the machine reads along."""
    manager = KernelManager()
    with leaks.Watch() as watch:
        manager.start_kernel()
        client = manager.client()
        client.start_channels()
        client.wait_for_ready(timeout=60)
        while not watch.heard:
            assert manager.is_alive()
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert watch.heard
