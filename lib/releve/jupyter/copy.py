"""The dated copy: the model notebook is never the evidence."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path

from IPython.display import display

from releve.base.disk import make_folder, write_atomically
from releve.base.errors import UsageError
from releve.base.settings import Settings, load
from releve.decision import journal as j
from releve.headless import run as headless
from releve.jupyter import OUTPUTS_ENVIRONMENT, RECORDS
from releve.jupyter.panel import Answer, Panel, button, form, paragraphs
from releve.record.folder import NOTEBOOK, RecordFolder, unfinished
from releve.rotation.session import Parameters


class ModelOpened(UsageError):
    happened = "Ce carnet est le modèle : il n'est jamais la preuve d'une rotation."
    todo = (
        "Utilisez le bouton « Commencer » ci-dessus (ou la page d'accueil) : il ouvre une copie"
        " datée."
    )


def dated_copy(settings: Settings, siret: str, by_hand: bool = False) -> RecordFolder:
    """The notebook of the rotation to finish, else of a new one, ready to be opened. Nothing is
    begun: a copy has no effect.
    """
    structure = settings.structure(siret)
    outputs = settings.record.folder
    left = unfinished(outputs, structure.technical_account)
    if not left:
        _forget_unused(outputs, structure.siret)
    folder = left[-1] if left else RecordFolder.new(outputs, structure.siret)
    notebook = folder.path / NOTEBOOK
    if notebook.exists() and not _made_here(notebook):  # an unattended run's: evidence too
        folder.keep_earlier_notebook()
    if not notebook.exists() or by_hand:
        make_folder(folder.path)
        where = {
            "settings": str(settings.path.resolve()),
            "outputs": str(outputs),
            "record": folder.path.name,
        }
        parameters = Parameters(structure.siret, **where, by_hand=by_hand)  # type: ignore[arg-type]
        write_atomically(
            notebook, json.dumps(_filled(parameters), ensure_ascii=False, indent=1).encode() + b"\n"
        )
    return folder


def folder_url(folder: RecordFolder) -> str:
    """The folder's path as JupyterLab calls it."""
    root = Path(os.environ.get(OUTPUTS_ENVIRONMENT, folder.path.parent))
    return f"{RECORDS}/{folder.path.relative_to(root).as_posix()}"


def url(folder: RecordFolder) -> str:
    """The notebook's path as JupyterLab calls it."""
    return f"{folder_url(folder)}/{NOTEBOOK}"


def _filled(parameters: Parameters) -> dict[str, object]:
    """The model with these parameters in a cell of their own, as papermill does it."""
    model: dict[str, object] = json.loads(headless.model().read_text(encoding="utf-8"))
    cells: list[dict[str, object]] = model["cells"]  # type: ignore[assignment]
    at = next(n for n, cell in enumerate(cells) if "parameters" in cell["metadata"].get("tags", []))  # type: ignore[attr-defined]
    source = "".join(f"{key} = {value!r}\n" for key, value in asdict(parameters).items()).rstrip(
        "\n"
    )
    metadata = {"tags": ["injected-parameters"], "jupyter": {"source_hidden": True}}
    made: dict[str, object] = {
        "cell_type": "code",
        "id": "valeurs",
        "metadata": metadata,
        "execution_count": None,
        "outputs": [],
    }
    cells.insert(at + 1, made | {"source": source})
    for (
        cell
    ) in cells:  # a slip of the keyboard in JupyterLab neither opens a text nor takes a step away
        cell["metadata"] = cell["metadata"] | {"editable": False, "deletable": False}  # type: ignore[operator]
    model["metadata"] = model["metadata"] | {"releve": {"notebook": "rotation"}}  # type: ignore[operator]
    return model


def _made_here(notebook: Path) -> bool:
    return bool(json.loads(notebook.read_text(encoding="utf-8"))["metadata"].get("releve"))


def _forget_unused(outputs: Path, siret: str) -> None:
    """Copies in which nothing was ever run are no records, and only get in the way."""
    for path in outputs.glob(f"*_{siret}_*"):
        if (
            RecordFolder.at(path)
            and not (path / j.FILE_NAME).exists()
            and [each.name for each in path.iterdir()] == [NOTEBOOK]
        ):
            shutil.rmtree(path)


def offer_copy(parameters: Parameters) -> None:
    """Under the model's first cell: say so kindly, and offer the dated copy."""
    settings = load(
        parameters.settings or None, parameters.outputs or os.environ.get(OUTPUTS_ENVIRONMENT)
    )

    async def hear(answer: Answer) -> None:
        folder = dated_copy(settings, answer.action)
        panel.show(
            form(
                "Votre copie datée est ouverte",
                paragraphs("Vous pouvez fermer ce carnet."),
                go={"open": url(folder), "run": True},
            )
        )

    panel = Panel(hear)
    body = paragraphs(
        "Ceci est le modèle. Chaque rotation se fait dans une copie datée, gardée dans son dossier."
    )
    buttons = [
        button(s.siret, f"Commencer pour {s.name}", "primary" if n == 0 else "plain")
        for n, s in enumerate(settings.structures.values())
    ]
    panel.show(form("Commencer une rotation", body, buttons=buttons[:8]))
    display(panel)  # type: ignore[no-untyped-call]
