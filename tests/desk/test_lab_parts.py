"""The parts of `releve lab` that need no JupyterLab: what is saved, the dated copy, the first
settings, the shortcut.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fixtures_rotation import Scene
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager
from jupyter_client.session import Session
from releve.base import person
from releve.base.places import ENVIRONMENT
from releve.base.secret import Secret
from releve.base.settings import Settings, load
from releve.decision.procedure import TARGET_STEPS, target_name
from releve.headless.run import model
from releve.jupyter import OUTPUTS_ENVIRONMENT, corail, first_start, home_page
from releve.jupyter.contents import ProjectFiles, scrubbed
from releve.jupyter.copy import current, dated_copy, written
from releve.jupyter.home import Home
from releve.jupyter.panel import Answer
from releve.jupyter.server import _make_folder, arguments
from releve.planning.due import Due, Standing, agenda
from releve.record.folder import NOTEBOOK, RecordFolder
from releve.record.transcript import Transcript
from releve.rotation.prompts import Unattended
from releve.rotation.session import Parameters
from releve.school.people import DEMO_ACCOUNT, DEMO_NAME, DEMO_SIRET, siret
from releve.targets import identifier
from releve.targets.corail import GuidedCorail
from releve.targets.guide import Entering
from sealed_records import PASSWORD, SIRET, Office
from tornado.web import HTTPError
from traitlets.utils.importstring import import_item

SECRET = "Canari\"<&'%\\mot"
FORM = {
    "name": "Commune d'Exemple",
    "siret": "219 900 016 00011",
    "account": "TECH_1_1@cpro.fr",
    "login": "xt1",
    "programs": ["corail"],
}


@pytest.fixture(autouse=True)
def nobody_yet(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name that a form keeps goes to a folder of the test's own."""
    home = tmp_path_factory.mktemp("config")
    monkeypatch.setattr(person, "_path", lambda: home / person.FILE_NAME)


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
    saved = scrubbed(notebook(SECRET))
    assert "widgets" not in saved["metadata"]
    assert json.dumps(SECRET)[1:-1] not in json.dumps(saved)


async def test_a_page_never_writes_a_record_s_notebook(tmp_path: Path, office: Office) -> None:
    """Its kernel does: what a page sends is not kept, and what its kernel wrote meanwhile is no
    change that the page would ask about.
    """
    folder = dated_copy(office.settings, office.settings.structure(SIRET).siret)
    contents, path = ProjectFiles(root_dir=str(tmp_path)), f"outputs/{folder.path.name}/{NOTEBOOK}"  # type: ignore[no-untyped-call]
    opened, before = await contents.get(path), (folder.path / NOTEBOOK).read_bytes()
    page = a_copy(office.settings, folder, said=PASSWORD)
    told = await contents.save({"type": "notebook", "format": "json", "content": page}, path)
    assert before == (folder.path / NOTEBOOK).read_bytes()
    base, _ = current(folder, Parameters(SIRET, record=folder.path.name), office.settings)
    (folder.path / NOTEBOOK).write_bytes(Transcript(["1 + 1"]).notebook(base))
    again = await contents.get(path, require_hash=True)
    assert opened["last_modified"] == told["last_modified"] == again["last_modified"]
    assert folder.run == again["hash"]


async def test_what_the_kernel_wrote_is_shown_whole_and_a_stranger_s_is_not(
    tmp_path: Path, office: Office
) -> None:
    """The kernel vouches for its own writing; once somebody else wrote there, for nothing more."""
    folder = dated_copy(office.settings, office.settings.structure(SIRET).siret)
    contents, path = ProjectFiles(root_dir=str(tmp_path)), f"outputs/{folder.path.name}/{NOTEBOOK}"  # type: ignore[no-untyped-call]
    given = Parameters(SIRET, record=folder.path.name)

    async def trusted() -> bool:
        cells = (await contents.get(path))["content"]["cells"]
        return all(each["metadata"].get("trusted") for each in cells if each.get("outputs"))

    def write(html: str, signed: Callable[[bytes], None] | None) -> None:
        base, _ = current(folder, given, office.settings)
        cell = next(each for each in base["cells"] if each["metadata"].get("releve"))
        data = {"text/html": html}
        cell["outputs"] = [{"output_type": "display_data", "data": data, "metadata": {}}]
        content = json.dumps(base).encode()
        (folder.path / NOTEBOOK).write_bytes(content)
        if signed:
            signed(content)

    _, signed = current(folder, given, office.settings)
    assert signed is not None
    write("<b>vu</b>", signed)
    assert await trusted()
    write("<img src=x onerror=alert(1)>", None)
    assert not await trusted()
    assert current(folder, given, office.settings)[1] is None


def a_copy(settings: Settings, folder: RecordFolder, said: str = "") -> dict[str, Any]:
    """What « Commencer » writes for that folder; its first step has said that."""
    where = {"settings": str(settings.path.resolve()), "outputs": str(settings.record.folder)}
    given = Parameters(folder.siret, **where, record=folder.path.name)  # type: ignore[arg-type]
    made = written(given, settings)
    cell = next(each for each in made["cells"] if each["metadata"].get("releve"))
    cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": said}]
    return made


EVIL = "import os; os.system('touch /tmp/evil')"


def stranger_s(made: dict[str, Any], how: str) -> dict[str, Any]:
    """The copy, as who can write in the folder may have changed it."""
    first = next(each for each in made["cells"] if each["cell_type"] == "code")
    last = made["cells"][-1]
    if how == "a cell's code":
        last["source"] = EVIL
    elif how == "a cell more":
        made["cells"].append(last | {"id": "more", "source": EVIL})
    elif how == "a cell less":
        made["cells"].pop()
    elif how == "the parameters":
        first["source"] = f"{first['source']}\n{EVIL}"
    elif how == "other settings":
        given = next(e for e in made["cells"] if "injected-parameters" in str(e["metadata"]))
        given["source"] = given["source"].replace("releve.toml", "evil.toml")
    elif how == "a text":
        made["cells"][0]["source"] = "<img src=x onerror=alert(1)>"
    return made


@pytest.mark.parametrize(
    "how",
    [
        "a cell's code",
        "a cell more",
        "a cell less",
        "the parameters",
        "other settings",
        "a text",
        "no copy at all",
    ],
)
async def test_a_stranger_s_notebook_is_a_document(
    tmp_path: Path, office: Office, how: str
) -> None:
    """Whatever differs from what Relève itself would write is shown as text: nothing to run, and
    nothing of it is ever written back. « Reprendre » writes the copy anew.
    """
    folder = office.folder(ending=())
    contents, path = ProjectFiles(root_dir=str(tmp_path)), f"outputs/{folder.path.name}/{NOTEBOOK}"  # type: ignore[no-untyped-call]
    made = notebook(EVIL) if how == "no copy at all" else a_copy(office.settings, folder)
    (folder.path / NOTEBOOK).write_text(json.dumps(stranger_s(made, how)))
    before = (folder.path / NOTEBOOK).read_bytes()
    shown = await contents.get(path)
    assert {"markdown"} == {cell["cell_type"] for cell in shown["content"]["cells"]}
    assert not shown["writable"]
    await contents.save({"type": "notebook", "format": "json", "content": shown["content"]}, path)
    assert before == (folder.path / NOTEBOOK).read_bytes()
    again = dated_copy(office.settings, folder.siret)
    assert again == folder
    assert EVIL not in (folder.path / NOTEBOOK).read_text()
    assert "code" in {cell["cell_type"] for cell in (await contents.get(path))["content"]["cells"]}


async def test_of_a_copy_only_the_outputs_come_from_the_record(
    tmp_path: Path, office: Office
) -> None:
    """No widget's state, no JavaScript, no trust of its own saying; a link leads nowhere."""
    folder = office.folder(ending=())
    contents, path = ProjectFiles(root_dir=str(tmp_path)), f"outputs/{folder.path.name}/{NOTEBOOK}"  # type: ignore[no-untyped-call]
    made = a_copy(office.settings, folder, said="fait")
    cell = next(each for each in made["cells"] if each.get("outputs"))
    data = {"application/javascript": EVIL, "text/html": "<b>vu</b>"}
    cell["outputs"].append({"output_type": "display_data", "data": data, "metadata": {"a": EVIL}})
    cell["metadata"]["trusted"] = True
    made["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": {"a": EVIL}}
    (folder.path / NOTEBOOK).write_text(json.dumps(made))
    shown = (await contents.get(path))["content"]
    text = json.dumps(shown, ensure_ascii=False)
    assert "fait" in text and "<b>vu</b>" in text and EVIL not in text
    assert not any(each["metadata"].get("trusted") for each in shown["cells"])
    if os.name == "nt":  # there a link takes a right that operators have not
        return
    private = tmp_path / "private.ipynb"
    private.write_text(json.dumps(notebook("secret")))
    (folder.path / NOTEBOOK).unlink()
    (folder.path / NOTEBOOK).symlink_to(private)
    with pytest.raises(HTTPError, match="is a link"):
        await contents.get(path)


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
    contents = ProjectFiles(root_dir=str(tmp_path))  # type: ignore[no-untyped-call]
    with pytest.raises(HTTPError, match="names nothing here"):
        await contents.get(path)


async def test_a_model_is_never_written() -> None:
    """Whatever a page makes of it."""
    contents, before = ProjectFiles(root_dir=str(model().parents[1])), model().read_bytes()  # type: ignore[no-untyped-call]
    told = await contents.save(
        {"type": "notebook", "format": "json", "content": notebook("texte")},
        "notebooks/rotation.ipynb",
    )
    assert (False, before) == (told["writable"], model().read_bytes())


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


class Guided(Unattended):
    """A person who does what is shown; `shown` is what."""

    def __init__(self) -> None:
        super().__init__(approve=False, reset_again=False)
        self.shown: list[str] = []

    async def guide(self, step: str, entering: Entering) -> str:
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


SLIPS: list[tuple[str, object]] = [
    ("siret", "21990001600012"),
    ("siret", ""),
    ("name", " "),
    ("account", ""),
    ("account", "TECH_1_12345678@cpp2017.fr"),
    ("account", "xt012345"),
    ("login", ""),
    ("last", "31/02/2026"),
    ("last", "30/11/2999"),
    ("person", "A" * 100),
    ("programs", []),
]


@pytest.mark.parametrize(("key", "value"), SLIPS)
def test_a_slip_in_the_form_writes_nothing(tmp_path: Path, key: str, value: object) -> None:
    """What is missing or wrong is said at its field, and no file is left."""
    with pytest.raises(first_start.WrongField, match=r"\.$") as wrong:
        first_start.write(tmp_path / "releve.toml", FORM | {key: value})
    assert [key] == list(first_start.view(FORM, wrong.value)["wrong"])
    assert [] == list(tmp_path.iterdir())


def test_all_slips_are_told_at_once(tmp_path: Path) -> None:
    """Nobody mends a form one line a try; and a field that is checked alone says the same."""
    slips = {"siret": "1", "account": "x", "login": "", "last": "hier", "name": "", "programs": []}
    with pytest.raises(first_start.WrongField) as wrong:
        first_start.write(tmp_path / "releve.toml", slips)
    assert set(slips) == set(wrong.value.wrong)
    alone = {name: first_start.check(name, str(given)) for name, given in slips.items()}
    assert {**alone, "programs": wrong.value.wrong["programs"]} == wrong.value.wrong


@pytest.mark.parametrize(
    "account", ["TECH_1_12345678@cpro.fr", "TECH_021990001600011@cpp2017.fr", " tech_1_5@CPRO.fr "]
)
def test_both_forms_of_an_account_pass(account: str) -> None:
    """The current one, and the older one that is still in use."""
    assert "" == first_start.check("account", account)


def test_the_first_settings_choose_nothing_that_nobody_could_know(tmp_path: Path) -> None:
    """The way is looked at on the portal; the records go to the person's documents."""
    path = tmp_path / "releve.toml"
    first_start.write(path, FORM | {"last": "30/11/2025", "contact": "Mme Durand, 05 00 00 00 00"})
    settings = load(path)
    structure = settings.structure(DEMO_SIRET)
    assert ("auto", "Relève") == (settings.portal.route, settings.record.folder.name)
    assert date(2025, 11, 30) == structure.last_rotation
    assert "Mme Durand, 05 00 00 00 00" == settings.contact


def test_a_name_is_asked_for_once(tmp_path: Path) -> None:
    """It is this person's, and no settings': the form shows it the next time, for any structure."""
    path = tmp_path / "releve.toml"
    first_start.write(path, FORM | {"person": "Anne Exemple"})
    assert "Anne Exemple" == person.given_name()
    assert "Anne Exemple" not in path.read_text(encoding="utf-8")
    assert "Anne Exemple" == first_start.values_of(load(path), DEMO_SIRET)["person"]
    names = [each["value"] for each in first_start.view()["fields"] if each["name"] == "person"]
    assert ["Anne Exemple"] == names


def test_particulars_are_corrected_and_the_rest_stays(tmp_path: Path) -> None:
    """What the form does not ask for is another's: comments, other structures, other tables."""
    path = tmp_path / "releve.toml"
    first_start.write(path, FORM)
    kept = (
        "\n# à garder\n[policy]\nwarn_days = 20\n\n"
        f'[structures.{siret(7)}]\nname = "Autre"\ntechnical_account = "TECH_1_7@cpro.fr"\n'
    )
    path.write_text(path.read_text(encoding="utf-8") + kept, encoding="utf-8")
    shown = first_start.values_of(load(path), DEMO_SIRET)
    assert FORM["name"] == shown["name"]
    assert "write:21990001600011" in str(first_start.view(shown, change=DEMO_SIRET)["buttons"])
    first_start.write(path, shown | {"name": "Commune nouvelle", "contact": "M. B"}, DEMO_SIRET)
    settings = load(path)
    assert ("Commune nouvelle", "Autre") == (
        settings.structure(DEMO_SIRET).name,
        settings.structure(siret(7)).name,
    )
    assert (20, "M. B") == (settings.policy.warn_days, settings.contact)
    assert "# à garder" in path.read_text(encoding="utf-8")
    with pytest.raises(first_start.WrongField):
        first_start.write(path, shown | {"account": "faux"}, DEMO_SIRET)
    assert settings == load(path)


async def test_another_program_is_guided_in_its_own_words(tmp_path: Path) -> None:
    """A small file describes it: its screens, where to paste, what its button says, what proves."""
    first_start.write(tmp_path / "releve.toml", FORM | {"programs": ["agedi"]})
    structure = load(tmp_path / "releve.toml").structure(DEMO_SIRET)
    assert ("agedi",) == structure.targets
    target = identifier("agedi", structure)
    assert "AGEDI, structure 21990001600011" == target_name(target)
    pages = [corail.page(step, structure.name, target) for step in TARGET_STEPS[:-1]]
    assert "Branchez la clé USB" in pages[0]["body"] and "svg" not in pages[0]["body"]
    last = corail.entry(Entering(target, structure.name, structure.technical_account))
    assert "Mettre à jour" in last["body"] and "C'est validé dans AGEDI" in str(last["buttons"])
    assert "Dans AGEDI" in corail.proof((target,), refused=False, at_hand=True)["body"]


def test_the_server_is_for_this_machine_only() -> None:
    """Loopback, the usual token, and kernel traffic that no other program can listen to."""
    given = arguments(browser=False, port=0)
    assert "--ServerApp.ip=127.0.0.1" in given
    assert not [each for each in given if "token=" in each or "password=" in each]
    private = "transport_encryption=required" if os.name == "nt" else "transport=ipc"
    assert f"--KernelManager.{private}" in given
    names = [each.partition("contents_manager_class=")[2] for each in given]
    assert import_item(next(filter(None, names))) is ProjectFiles


@pytest.mark.skipif(os.name == "nt", reason="a link takes a right there")
@pytest.mark.parametrize("there", [False, True])
def test_the_records_folder_may_be_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    """The operator's own, to another disk: it is followed, and made there."""
    (tmp_path / "outputs").symlink_to(tmp_path / "disk", target_is_directory=True)
    if there:
        (tmp_path / "disk").mkdir()
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "releve.toml"))
    monkeypatch.setenv(OUTPUTS_ENVIRONMENT, str(tmp_path / "outputs"))
    _make_folder()
    assert (tmp_path / "disk").is_dir()


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


@pytest.mark.parametrize("verb", ["start", "by-hand"])
async def test_a_second_renewal_goes_on_as_it_was_begun(
    verb: str, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """« Recommencer quand même » after « Tout faire à la main » is by hand."""
    home, asked, today = Home(), list[object](), date.today()
    due = Due(DEMO_SIRET, DEMO_NAME, DEMO_ACCOUNT, Standing.FAR, False, "", today, today)
    monkeypatch.setattr(home, "_due", lambda _: due)
    monkeypatch.setattr("releve.jupyter.home.dated_copy", lambda *given: asked.append(given[2:]))
    monkeypatch.setattr(home, "_open", lambda _, anew: asked.append(anew))
    await home._hear(Answer(f"{verb}:{DEMO_SIRET}"))
    assert [] == asked
    await home._hear(Answer(home.panel.view["buttons"][1]["action"]))
    assert [(verb == "by-hand",), verb == "by-hand"] == asked


def test_a_long_list_begins_with_its_counts(scene: Scene) -> None:
    """Ten structures are shown; the others stand behind one line, and a sentence tells at once how
    many are due.
    """
    others = [siret(number) for number in range(2, 13)]
    scene.more = "".join(
        f'[structures.{each}]\nname = "Commune {each}"\ntechnical_account = "T{each}@cpro.fr"\n'
        for each in others
    )
    settings, today = load(scene.settings(), scene.outputs), date.today()
    dues = agenda(settings.structures.values(), settings.policy, [], today)
    told = json.dumps(home_page.page(dues, [], today, []), ensure_ascii=False)
    assert "1 en retard, 11 dates inconnues" in told
    assert "2 de plus, les plus urgentes d'abord" in told
    assert 12 == told.count('"data-answer": "start:')


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
STEP = """
pages.begin()
print("begun")
while not pages.left:
    await asyncio.sleep(0.01)
assert pathlib.Path({ran!r}).exists()
"""


def test_the_page_that_last_ran_a_cell_has_the_renewal(tmp_path: Path) -> None:
    """To connect and to ask for the kernel's information, as the server does too under a name of
    its own, takes nothing over; a cell that another page runs does.
    """
    asked, answered, ran = (tmp_path / name for name in ("asked", "answered", "ran"))
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
        step = page.execute(STEP.format(ran=str(ran)))
        _hear(page, "begun")
        _reply(other, other.kernel_info())
        ran.touch()
        other.execute("pass")
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
