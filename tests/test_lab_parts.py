"""The parts of `releve lab` that need no JupyterLab: what is saved, the dated copy, the first
settings, the shortcut.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import leaks
import pytest
from fixtures_keyring import ThrowawayKeyring
from fixtures_rotation import Scene
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager
from jupyter_client.session import Session
from releve.base import secret
from releve.base.secret import Secret
from releve.base.settings import load
from releve.decision.procedure import TARGET_STEPS
from releve.jupyter import first_start, home
from releve.jupyter.contents import Contents, scrubbed
from releve.jupyter.copy import dated_copy
from releve.jupyter.server import arguments
from releve.record.folder import NOTEBOOK
from releve.rotation.prompts import Entering, Unattended
from releve.school.people import DEMO_SIRET, siret
from releve.targets.corail import GuidedCorail
from sealed_records import PASSWORD, Office
from tornado.web import HTTPError

SECRET = "Canari\"<&'%\\mot"
FORM = {
    "name": "Commune d'Exemple",
    "siret": "219 900 016 00011",
    "account": "TECH_1_1@cpro.fr",
    "login": "xt1",
    "route": "auto",
    "corail": True,
}


def notebook(text: str) -> dict[str, object]:
    """A notebook that holds the text everywhere a notebook can."""
    output = {"output_type": "stream", "name": "stdout", "text": [text]}
    cell = {
        "cell_type": "code",
        "id": "a",
        "metadata": {"note": text},
        "source": [text],
        "outputs": [output],
        "execution_count": 1,
    }
    return {
        "cells": [cell],
        "metadata": {"widgets": {"state": {"value": text}}, "other": text},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def test_what_is_saved_holds_no_secret() -> None:
    """A save takes away widget state, and every registered secret from sources, outputs and
    metadata.
    """
    Secret(SECRET)
    saved = scrubbed(notebook(SECRET), is_model=False)
    assert "widgets" not in saved["metadata"]
    assert json.dumps(SECRET)[1:-1] not in json.dumps(saved)


async def test_a_save_knows_the_secrets_of_its_rotation_by_itself(
    tmp_path: Path, throwaway: ThrowawayKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's process was never told them: it takes them from the keyring. What is sealed is
    not written any more.
    """
    office = Office(tmp_path / "outputs", throwaway.keystore())
    folder = office.folder(ending=())
    monkeypatch.setenv("RELEVE_SETTINGS", str(office.settings.path))
    secret.forget([PASSWORD])
    contents = Contents(root_dir=str(tmp_path), records=str(office.outputs))  # type: ignore[no-untyped-call]
    path = f"outputs/{folder.path.name}/{NOTEBOOK}"
    await contents.save({"type": "notebook", "format": "json", "content": notebook(PASSWORD)}, path)
    kept = (folder.path / NOTEBOOK).read_bytes()
    assert secret.MASK.encode() in kept and not leaks.found(PASSWORD, kept)
    (folder.path / "record.json").write_text("{}")
    await contents.save(
        {"type": "notebook", "format": "json", "content": notebook("autre chose")}, path
    )
    assert kept == (folder.path / NOTEBOOK).read_bytes()


@pytest.mark.parametrize(
    "path",
    [
        *("Outputs/x/rotation.ipynb", "outputs./x/rotation.ipynb", "outputs /x/rotation.ipynb"),
        *("outputs/Z:/x", "outputs/x:stream", "outputs/nul.txt", "outputs/../x", "outputs/a\\b"),
        *("outputs/x/rotation.ipynb.", "NOTEBOOKS/home.ipynb", "notebooks/COM1"),
    ],
)
async def test_another_name_for_what_is_guarded_leads_nowhere(tmp_path: Path, path: str) -> None:
    """On Windows these name a sealed record, a model, another drive or a device."""
    contents = Contents(root_dir=str(tmp_path), records=str(tmp_path / "records"))  # type: ignore[no-untyped-call]
    with pytest.raises(HTTPError, match="names nothing here"):
        await contents.get(path)


def test_a_model_keeps_no_outputs() -> None:
    """Opening the model never changes what is committed."""
    cell = scrubbed(notebook("texte"), is_model=True)["cells"][0]
    assert ([], None, ["texte"]) == (cell["outputs"], cell["execution_count"], cell["source"])


def test_the_copy_is_dated_and_used_again_while_nothing_is_begun(scene: Scene) -> None:
    """Each copy has the parameters of its own folder; copies that nobody ran do not pile up."""
    settings = load(scene.settings(), scene.outputs)
    first, second = dated_copy(settings, DEMO_SIRET), dated_copy(settings, DEMO_SIRET)
    assert [second.path.name] == [path.name for path in scene.outputs.iterdir()]
    assert first.run != second.run
    cells = json.loads((second.path / NOTEBOOK).read_text(encoding="utf-8"))["cells"]
    (given,) = [
        cell["source"] for cell in cells if cell["metadata"].get("tags") == ["injected-parameters"]
    ]
    assert f"record = {second.path.name!r}" in given


def test_the_first_settings_load(tmp_path: Path) -> None:
    """What the form writes is what `load` reads; spaces in the SIRET are forgiven, and quotes in a
    name survive.
    """
    path = tmp_path / "new" / "releve.toml"
    first_start.write(path, FORM | {"name": 'Commune "du Bac" \\ Lac'})
    settings = load(path)
    assert 'Commune "du Bac" \\ Lac' == settings.structure(DEMO_SIRET).name
    assert "auto" == settings.portal.route


class Guided(Unattended):
    """A person who does what is shown; `shown` is what."""

    def __init__(self) -> None:
        super().__init__(approve=False, reset_again=False)
        self.shown: list[str] = []

    async def guide(self, step: str, name: str) -> str:
        self.shown.append(step)
        return ""

    async def enter_by_hand(self, entering: Entering, secret: Secret) -> str:
        self.shown.append(entering.target)
        return ""


async def test_each_structure_of_an_account_is_guided_from_the_first_screen(tmp_path: Path) -> None:
    """The first by its own cells; the next ones before their password, for nobody guided them there
    yet.
    """
    first_start.write(tmp_path / "releve.toml", FORM)
    structure, person = load(tmp_path / "releve.toml").structure(DEMO_SIRET), Guided()
    first, second = (GuidedCorail(target, structure, person) for target in ("corail:1", "corail:2"))
    for step in TARGET_STEPS[:-1]:
        await first.show(step)
    for each in (first, second):
        await each.enter(Secret(SECRET))
    before = list(TARGET_STEPS[:-1])
    assert [*before, "corail:1", *before, "corail:2"] == person.shown


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("siret", "21990001600012"),
        ("siret", ""),
        ("name", " "),
        ("account", ""),
        ("login", ""),
        ("corail", False),
    ],
)
def test_a_slip_in_the_form_writes_nothing(tmp_path: Path, key: str, value: object) -> None:
    """What is missing or wrong is said, the field is marked, and no file is left."""
    with pytest.raises(first_start.WrongField, match=r"\.$") as wrong:
        first_start.write(tmp_path / "releve.toml", FORM | {key: value})
    assert [key] == [
        each["name"] for each in first_start.view(FORM, wrong.value)["fields"] if each["invalid"]
    ]
    assert [] == list(tmp_path.iterdir())


def test_the_server_is_for_this_machine_only(tmp_path: Path) -> None:
    """Loopback, the usual token, and kernel traffic that no other program can listen to."""
    given = arguments(tmp_path, browser=False, port=0)
    assert "--ServerApp.ip=127.0.0.1" in given
    assert not [each for each in given if "token=" in each or "password=" in each]
    assert ("--KernelManager.transport=ipc" in given) is (os.name != "nt")


@pytest.mark.skipif(os.name == "nt", reason="a .lnk there")
def test_the_shortcut_opens_the_walkthrough(tmp_path: Path) -> None:
    """A desktop file that the specification's own checker accepts, if it is there, and that
    survives odd paths.
    """
    desktop, settings = tmp_path / "Bureau", tmp_path / 'un "drôle" de $nom %.toml'
    environment = os.environ | {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "c")}
    (tmp_path / "c").mkdir()
    (tmp_path / "c/user-dirs.dirs").write_text('XDG_DESKTOP_DIR="$HOME/Bureau"\n')
    command = [sys.executable, "-m", "releve", "--settings", str(settings), "lab", "--shortcut"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr)
    text = (desktop / "releve.desktop").read_text(encoding="utf-8")
    assert 'un \\\\"drôle\\\\" de \\\\$nom %%.toml" "lab"' in text
    if checker := shutil.which("desktop-file-validate"):
        assert (
            ""
            == subprocess.run(
                [checker, desktop / "releve.desktop"], capture_output=True, text=True, check=False
            ).stdout
        )


def test_a_long_list_begins_with_its_counts(scene: Scene) -> None:
    """Ten structures are shown; the others stand behind one line, and a sentence tells at once how
    many are due.
    """
    others = [siret(number) for number in range(2, 13)]
    scene.more = "".join(
        f'[structures.{each}]\nname = "Commune {each}"\ntechnical_account = "T{each}@cpro.fr"\n'
        for each in others
    )
    told = str(home._page(load(scene.settings(), scene.outputs), "")["body"])
    assert "12 dates inconnues" in told and "2 de plus, les plus urgentes d'abord" in told
    assert 12 == told.count('data-answer="start:')


OPENING = """
import asyncio, pathlib, time
asked, answered = pathlib.Path({asked!r}), pathlib.Path({answered!r})
print("opening", flush=True)
while not asked.exists():
    time.sleep(0.01)  # as the opening cell's imports: what comes meanwhile is not heard yet
from releve.jupyter.reconnect import watch_pages
pages = watch_pages(get_ipython().kernel)
while not answered.exists():
    await asyncio.sleep(0.01)
assert not pages.left
"""
STEP = "pages.begin()\nprint('begun')\nwhile not pages.left: await asyncio.sleep(0.01)"


def test_the_server_s_own_question_after_a_restart_is_no_page_come_back(tmp_path: Path) -> None:
    """It is asked under another name, and heard during the opening cell, which goes on; asked
    during a step, it is another page.
    """
    asked, answered = tmp_path / "asked", tmp_path / "answered"
    manager = KernelManager()
    manager.start_kernel()
    page, other = manager.client(), manager.client(session=Session(key=manager.session.key))
    try:
        for client in (page, other):
            client.start_channels()
            client.wait_for_ready(timeout=60)
        opening = page.execute(OPENING.format(asked=str(asked), answered=str(answered)))
        _hear(page, "opening")
        question = other.kernel_info()
        asked.touch()
        _reply(other, question)
        answered.touch()
        assert "ok" == _reply(page, opening)["status"]
        step = page.execute(STEP)
        _hear(page, "begun")
        other.kernel_info()
        assert "ok" == _reply(page, step)["status"]
    finally:
        for client in (page, other):
            client.stop_channels()
        manager.shutdown_kernel(now=True)


def _hear(client: BlockingKernelClient, text: str) -> None:
    """Wait until a cell has printed that."""
    while (said := client.get_iopub_msg(timeout=60)["content"]).get("text", "").strip() != text:
        assert said.get("execution_state") != "dead"


def _reply(client: BlockingKernelClient, message: str) -> dict[str, object]:
    """The content of the answer to that message."""
    while (answer := client.get_shell_msg(timeout=60))["parent_header"]["msg_id"] != message:
        assert answer
    content: dict[str, object] = answer["content"]
    return content
