"""What tests of whole rotations share: a school, a throw-away keyring, settings and a folder of
records, and ways to run one.

`scene` is fresh for each test. `await scene.walk()` runs the notebook's cells in this process, as
its kernel would; `scene.headless()` runs the notebook itself; `scene.releve(…)` is the command
line, in a process of its own.
"""

from __future__ import annotations

import base64
import html
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from unittest.mock import patch
from urllib.parse import quote, quote_plus

import pytest
import pytest_asyncio
from ahocorasick_rs import BytesAhoCorasick
from fixtures_keyring import ThrowawayKeyring
from playwright.async_api import Browser, BrowserContext, async_playwright
from releve.base.errors import ReleveError
from releve.base.secret import Secret
from releve.base.settings import load
from releve.decision import events as ev
from releve.headless import run as headless
from releve.jupyter import runbook
from releve.portal import browsers
from releve.portal.browser import PortalBrowser
from releve.record.folder import RecordFolder, all_records
from releve.school import Faults, SchoolThread, World
from releve.school.people import DEMO_ACCOUNT, DEMO_NAME, DEMO_SIRET
from releve.school.web import Skin
from releve.vault.keystore import Keystore
from releve.vault.slots import Slot, Slots

LOGIN, PASSWORD = "xt012345", "Entrainement-2026&<é>"
PATIENCE = 600 if os.name == "nt" else 120  # seconds for a command; Windows' Python runs on Wine
LONG_AGO = date.today() - timedelta(days=400)
"""When somebody last changed the password, before Relève: it is due."""
CELLS: list[str] = [
    step
    for cell in json.loads(headless.model().read_text(encoding="utf-8"))["cells"]
    if (step := cell["metadata"].get("releve", {}).get("step")) and step != "ouverture"
]
"""The ids of the model notebook's step cells, in its order."""


def command_line(settings: Path, outputs: Path, *args: str) -> list[str]:
    """That of `releve`, with both before the command."""
    places = ("--settings", str(settings), "--outputs", str(outputs))
    return [sys.executable, "-m", "releve", *places, *args]


@dataclass
class Walk:
    """How a rotation ended: the error's class name ("" for none), the exit code, the error, and its
    record.
    """

    error: str
    code: int
    text: str
    record: RecordFolder | None

    @property
    def events(self) -> list[ev.Entry]:
        """The journal as it is on the disk."""
        return self.record.entries() if self.record else []

    def last(self, kind: type[ev.Event]) -> ev.Entry | None:
        """The last entry of that kind."""
        return next(
            (entry for entry in reversed(self.events) if isinstance(entry.event, kind)), None
        )

    def seconds_to_fail(self) -> float:
        """How long the step that failed took, by the journal."""
        times = [datetime.fromisoformat(entry.time) for entry in self.events]
        failed = max(
            n for n, entry in enumerate(self.events) if isinstance(entry.event, ev.StepFailed)
        )
        return (times[failed] - times[failed - 1]).total_seconds()


@dataclass
class Scene:
    """Everything that a rotation needs, made up and thrown away."""

    school: SchoolThread
    keyring: ThrowawayKeyring
    folder: Path
    portal: dict[str, object] = field(default_factory=lambda: {"timeout_seconds": PATIENCE / 12})
    policy: dict[str, object] = field(default_factory=lambda: {"unproven": True})
    labels: dict[str, object] = field(default_factory=dict)
    structure: dict[str, object] = field(
        default_factory=lambda: {"technical_account": DEMO_ACCOUNT, "targets": ["school"]}
    )
    more: str = ""
    """Lines of TOML to add at the end."""

    @property
    def world(self) -> World:
        """The school's world, live."""
        return self.school.world

    @property
    def faults(self) -> Faults:
        """The school's switches, live."""
        return self.school.faults

    @property
    def outputs(self) -> Path:
        """The folder of records."""
        return self.folder / "outputs"

    @property
    def keystore(self) -> Keystore:
        """The keyring, as the library sees it."""
        return self.keyring.keystore()

    @property
    def slots(self) -> Slots:
        """The three slots of the demonstration's account."""
        return self.keystore.slots(DEMO_ACCOUNT)

    @property
    def origins(self) -> list[str]:
        """The origins that the settings allow, unless `portal["origins"]` says otherwise."""
        return [*self.school.urls.origins, self.school.urls.corail]

    def settings(self) -> Path:
        """Write the settings file anew; returns its path."""
        portal = {
            "url": self.school.urls.portal,
            "login": LOGIN,
            "origins": self.origins,
        } | self.portal
        tables: dict[str, dict[str, object]] = {
            "portal": portal,
            "portal.labels": self.labels,
            "policy": self.policy,
            "school": {
                "corail_url": f"{self.school.urls.corail}/",
                "control_url": self.school.urls.control,
            },
            f"structures.{DEMO_SIRET}": {"name": DEMO_NAME, "last_rotation": LONG_AGO}
            | self.structure,
        }
        text = "\n".join(
            f"[{name}]\n"
            + "".join(
                f"{_key(key)} = {_toml(value)}\n"
                for key, value in each.items()
                if value is not None
            )
            for name, each in tables.items()
        )
        path = self.folder / "releve.toml"
        path.write_text(f"{text}\n{self.more}", encoding="utf-8")
        path.chmod(0o600)
        return path

    async def walk(
        self,
        *,
        approve: bool = True,
        reset_again: bool = False,
        again: bool = False,
        until: str = "",
    ) -> Walk:
        """Run the notebook's cells in this process, until one fails or `until` is done; a process
        of its own would do the same.
        """
        runbook._session = None
        given = {"structure": DEMO_SIRET, "approve": approve, "reset_again": reset_again}
        given |= {"again": again}
        given |= {"settings": str(self.settings()), "outputs": str(self.outputs)}
        error: ReleveError | None = None
        try:
            await runbook.open(**given)
            for step in CELLS:
                await runbook.step(step)
                if step == until:
                    break
        except ReleveError as raised:
            error = raised
        finally:
            if runbook._session is not None:
                await runbook._session.close()
        return self._walked(error)

    def _walked(self, error: ReleveError | None) -> Walk:
        session = runbook._session
        record = (
            session.rotation.context.folder
            if session
            else next(reversed(list(all_records(self.outputs))), None)
        )
        name, text = (type(error).__name__, error.text) if error else ("", "")
        stopped = (
            next(
                (e.event for e in reversed(record.entries()) if isinstance(e.event, ev.RunStopped)),
                None,
            )
            if record
            else None
        )
        return Walk(
            name, stopped.code if error and stopped else error.code if error else 0, text, record
        )

    def headless(self, *, approve: bool = True, reset_again: bool = False) -> headless.Outcome:
        """Execute the notebook itself, by papermill with the engine `releve`, in a kernel of its
        own.
        """
        return headless.run(
            load(self.settings(), self.outputs),
            DEMO_SIRET,
            approve=approve,
            reset_again=reset_again,
        )

    def releve(
        self, *args: str, stdin: str | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run `releve` with these arguments, `--settings` and `--outputs`, in a process of its own,
        without a terminal.
        """
        return subprocess.run(
            self.command(*args),
            env=self.environment | environment,
            input=stdin or "",
            capture_output=True,
            text=True,
            encoding="utf-8" if "--json" in args else None,
            timeout=PATIENCE,
        )

    def command(self, *args: str) -> list[str]:
        """The command line of `releve`, with the settings and the folder of records before the
        command.
        """
        return command_line(self.settings(), self.outputs, *args)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a child process."""
        return dict(os.environ)

    def expect_done(self, done: Walk) -> None:
        """All is done by one reset, and the portal, the keyring and the target agree."""
        found = (done.error, done.code, self.resets(), self.three_places_agree())
        assert ("", 0, 1, True) == found, done.text

    def resets(self) -> int:
        """How many resets the portal counted."""
        return self.world.resets()

    def logins(self) -> int:
        """How many times the portal was given a login and a password."""
        return self.world.ledger.count("login") + self.world.ledger.count("login_refused")

    def three_places_agree(self) -> bool:
        """Whether portal, keyring (`current`) and Corail hold one and the same password."""
        held = self.slots.read(Slot.CURRENT)
        here = self.world.accounts[DEMO_ACCOUNT].password
        return (
            held is not None
            and held.password.reveal() == here
            and self.world.corail_matches(DEMO_SIRET)
        )

    def secrets(self) -> list[str]:
        """Every secret there ever was: the manager's password, and all that the technical accounts
        have or had.
        """
        accounts = self.world.accounts.values()
        fixed = [self.world.manager.password, self.world.piste.client_secret]
        return fixed + [
            each for account in accounts for each in (account.password, *account.history)
        ]

    def leaks(self, folder: Path | None = None) -> list[str]:
        """Which files under the folder (of all records by default) hold a secret in any of its
        usual encodings: none should.
        """
        forms = list({form for secret in self.secrets() for form in encoded(secret)})
        finder, files = (
            BytesAhoCorasick(forms),
            [path for path in sorted((folder or self.outputs).rglob("*")) if path.is_file()],
        )
        return [
            f"{path.name}: {forms[each]!r}"
            for path in files
            for each, _, _ in finder.find_matches_as_indexes(path.read_bytes())
        ]


@contextmanager
def umask(mask: int) -> Iterator[None]:
    """This process's, and that of what it starts within."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def other_modes(outputs: Path, *, shared: bool = False) -> list[str]:
    """What, of that folder and all below it, is not 0600 and 0700, or 0660 and 2770 if `shared`."""
    folder, file = (0o2770, 0o660) if shared else (0o700, 0o600)
    found = [(each, each.lstat().st_mode & 0o7777) for each in (outputs, *outputs.rglob("*"))]
    assert len(found) > 10
    return [f"{p}: {m:o}" for p, m in found if m != (folder if p.is_dir() else file)]


def encoded(secret: str) -> set[bytes]:
    """A secret as files may hold it: raw, JSON, HTML, URL, base64 (alone or after its login),
    UTF-16.
    """
    texts = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    texts |= {
        html.escape(secret),
        html.escape(secret, quote=False),
        html.escape(secret).replace("&#x27;", "&#39;"),
    }
    texts |= {quote(secret, safe=""), quote_plus(secret), quote(secret), repr(secret)[1:-1]}
    raw = {text.encode() for text in texts} | {
        secret.encode("utf-16-le"),
        secret.encode("utf-16-be"),
    }
    return raw | {
        base64.b64encode(secret.encode()).rstrip(b"="),
        base64.b64encode(f"{DEMO_ACCOUNT}:{secret}".encode()).rstrip(b"="),
    }


def _key(key: str) -> str:
    return key if key.replace("_", "").isalnum() else json.dumps(key)


def _toml(value: object) -> str:
    """JSON's texts, numbers, lists and truths are TOML's too; a day is not between quotes."""
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False)


@contextmanager
def open_scene(folder: Path, world: World, skin: Skin | None = None) -> Iterator[Scene]:
    """The school of that world, a keyring that holds the manager's password, and an empty folder of
    records.
    """
    with SchoolThread(world, world.faults, skin=skin) as school, patch.dict(os.environ):
        os.environ.pop("RELEVE_SETTINGS", None)
        keyring = ThrowawayKeyring(school)
        keyring.keystore().portal_password(LOGIN).set(Secret(PASSWORD))
        yield Scene(school, keyring, folder)
    runbook._session = None


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A scene without faults."""
    world = World(password=PASSWORD, login=LOGIN, demo_account=DEMO_ACCOUNT)
    with open_scene(tmp_path, world) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    """One browser for a module's tests, which must share its loop: `pytestmark =
    pytest.mark.asyncio(loop_scope="module")`.
    """
    choice = browsers.find()
    async with async_playwright() as playwright:
        yield await playwright.chromium.launch(
            channel=choice.channel, executable_path=choice.executable
        )


@pytest_asyncio.fixture(loop_scope="module")
async def window(chromium: Browser) -> AsyncIterator[BrowserContext]:
    """A window of the module's browser, for a person who walks through the school."""
    context = await chromium.new_context()
    context.set_default_timeout(10_000)
    yield context
    await context.close()


@contextmanager
def windows_of(browser: Browser) -> Iterator[None]:
    """Each rotation opens a window of its own, without anything of the others', in that browser."""

    async def launch(self: PortalBrowser) -> Browser:
        return browser

    with patch.object(PortalBrowser, "_launch", launch):
        yield


@contextmanager
def a_desk(config: Path) -> Iterator[None]:
    """Who is there has a window (that nobody sees), and a configuration folder of her own."""
    find = browsers.find
    with (
        patch("releve.portal.pool.with_window", lambda _, *, interactive: interactive),
        patch.object(browsers, "find", lambda wanted="auto", headed=False: find(wanted)),
        patch("releve.portal.find.STUCK", 1.0),
        patch.dict(os.environ, XDG_CONFIG_HOME=str(config)),
    ):
        yield


@pytest.fixture
def one_browser(chromium: Browser) -> Iterator[None]:
    """All rotations of a module share its browser."""
    with windows_of(chromium):
        yield
