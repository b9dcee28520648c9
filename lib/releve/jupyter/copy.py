"""The dated copy: the model notebook is never the evidence, and what stands in a record never runs.

A copy is written anew from the model each time it is opened; of the file in the record nothing
stays but the outputs of the cells that are the model's own.
"""

from __future__ import annotations

import ast
import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import nbformat
from nbformat.sign import NotebookNotary

from releve.base import disk
from releve.base.disk import make_folder, write_atomically
from releve.base.errors import UsageError
from releve.base.settings import Settings
from releve.decision import procedure
from releve.jupyter import RECORDS
from releve.jupyter.records import records
from releve.record.folder import NOTEBOOK, RecordFolder, unfinished
from releve.rotation.session import Parameters

Notebook = dict[str, Any]
_GIVEN = "injected-parameters"  # papermill's own name for the cell
_SHOWN = {"text/plain", "text/html", "image/png"}


def dated_copy(
    settings: Settings, siret: str, by_hand: bool = False, rehearse: bool = False
) -> RecordFolder:
    """The notebook of the rotation to finish, else of a new one, ready to be opened. Nothing is
    begun: a copy has no effect. One that was begun by hand goes on by hand. A rehearsal is always
    a new one.
    """
    structure = settings.structure(siret)
    outputs = settings.record.folder
    left = [] if rehearse else unfinished(outputs, structure.technical_account)
    if not left:
        _forget_unused(outputs, structure.siret)
    folder = left[-1] if left else RecordFolder.new(outputs, structure.siret)
    earlier = _read(folder.path / NOTEBOOK)
    if earlier and not earlier["metadata"].get("releve"):  # an unattended run's: evidence too
        folder.keep_earlier_notebook()
        earlier = {}
    ours, given = not earlier or _is_signed(earlier), _parameters(earlier)
    by_hand = by_hand or bool(given and given.by_hand)
    where = {
        "settings": str(settings.path.resolve()),
        "outputs": str(outputs),
        "record": folder.path.name,
    }
    parameters = Parameters(structure.siret, **where, by_hand=by_hand, rehearse=rehearse)  # type: ignore[arg-type]
    made = written(parameters, settings)
    make_folder(folder.path)
    content = json.dumps(_with_outputs(made, earlier), ensure_ascii=False, indent=1).encode()
    write_atomically(folder.path / NOTEBOOK, content + b"\n")
    if ours:
        _sign(content)
    return folder


def again(
    found: Notebook, folder: RecordFolder, known: Callable[[str], Settings | None]
) -> Notebook:
    """The copy in that folder, written anew; {} when it is not one that was made here. `known`
    gives the settings of a path, when they are this operator's own.
    """
    given = _parameters(found)
    settings = known(given.settings) if given else None
    if given is None or settings is None:
        return {}
    ours = (folder.path.name, folder.siret, str(settings.record.folder))
    if (given.record, given.structure, given.outputs) != ours:
        return {}
    made = written(given, settings)
    same = [_words(cell) for cell in made["cells"]] == [_words(cell) for cell in found["cells"]]
    return _with_outputs(made, found) if same else {}


def current(
    folder: RecordFolder, parameters: Parameters, settings: Settings
) -> tuple[Notebook, Callable[[bytes], None] | None]:
    """The copy in that folder as the page has it, to be written by its kernel; and what vouches for
    each writing, as JupyterLab's server does for what it saves, unless a stranger wrote the last.
    """
    found = _read(folder.path / NOTEBOOK)
    base = again(found, folder, lambda path: settings) or written(parameters, settings)
    return base, _sign if _is_signed(found) else None


def _sign(content: bytes) -> None:
    NotebookNotary().sign(nbformat.reads(content.decode(), as_version=4))  # type: ignore[no-untyped-call]


def _is_signed(found: Notebook) -> bool:
    """Whether this user's JupyterLab vouches for those outputs."""
    made = nbformat.from_dict(found)  # type: ignore[no-untyped-call]
    return bool(found and NotebookNotary().check_signature(made))  # type: ignore[no-untyped-call]


def as_document(found: Notebook) -> Notebook:
    """A stranger's notebook, to be read: its code and its texts as text, and nothing that runs."""
    cells = []
    for number, cell in enumerate(found.get("cells", [])):
        fence, source = "````````", "".join(cell.get("source", ""))
        text = f"{fence}\n{source.replace('`' * 8, '')}\n{fence}"
        cells.append({"cell_type": "markdown", "id": f"c{number}", "metadata": {}, "source": text})
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def folder_url(folder: RecordFolder) -> str:
    """The folder's path as JupyterLab calls it."""
    return f"{RECORDS}/{folder.path.relative_to(records()).as_posix()}"


def url(folder: RecordFolder) -> str:
    """The notebook's path as JupyterLab calls it."""
    return f"{folder_url(folder)}/{NOTEBOOK}"


def written(parameters: Parameters, settings: Settings) -> Notebook:
    """The model with these parameters in a cell of their own, as papermill does it."""
    model: Notebook = json.loads(procedure.model().read_text(encoding="utf-8"))
    cells: list[Notebook] = model["cells"]
    at = next(n for n, cell in enumerate(cells) if "parameters" in cell["metadata"].get("tags", []))
    source = "\n".join(f"{key} = {value!r}" for key, value in asdict(parameters).items())
    made: Notebook = {"cell_type": "code", "id": "valeurs", "execution_count": None, "outputs": []}
    metadata = {"tags": [_GIVEN], "jupyter": {"source_hidden": True}}
    cells.insert(at + 1, made | {"metadata": metadata, "source": source})
    for cell in cells:  # a slip of the keyboard neither opens a text nor takes a step away
        cell["metadata"] |= {"editable": False, "deletable": False}
    model["metadata"]["releve"] = {
        "notebook": "rotation",
        "name": settings.structure(parameters.structure).name,
        "training": settings.school is not None,
        "corail": settings.school.corail_url if settings.school else "",  # to practise on
    }
    return model


def _read(path: Path) -> Notebook:
    """What stands there; {} for nothing, or for what is no notebook."""
    with suppress(OSError, ValueError):
        found = json.loads(disk.read(path))
        if isinstance(found.get("metadata"), dict) and isinstance(found.get("cells"), list):
            return dict(found)
    return {}


def _parameters(notebook: Notebook) -> Parameters | None:
    """The parameters that a copy was made with: literals under known names, or None."""
    with suppress(ValueError, TypeError, AttributeError, KeyError, SyntaxError, UsageError):
        cells = notebook.get("cells", [])
        (cell,) = [each for each in cells if _GIVEN in each["metadata"].get("tags", [])]
        lines = [line.partition(" = ") for line in "".join(cell["source"]).splitlines()]
        return Parameters.checked({name: ast.literal_eval(value) for name, _, value in lines})
    return None


def _words(cell: Notebook) -> tuple[object, ...]:
    return cell.get("cell_type"), cell.get("id"), "".join(cell.get("source", ""))


def _with_outputs(made: Notebook, found: Notebook) -> Notebook:
    """With the outputs of the cells that have the same words, of the kinds that a step leaves: a
    widget's model is its kernel's, and asked anew by the page that goes on.

    Whether an output is trusted is JupyterLab's own to say: by its signatures, in the user's
    folder.
    """
    known = {_words(cell): cell for cell in found.get("cells", [])}
    for cell in made["cells"]:
        old = known.get(_words(cell))
        if old is None or cell["cell_type"] != "code":
            continue
        cell["outputs"] = [each for each in map(_output, old.get("outputs", [])) if each]
        cell["execution_count"] = old.get("execution_count")
        if old["metadata"].get("trusted") is True:
            cell["metadata"]["trusted"] = True
    return made


def _output(output: Notebook) -> Notebook | None:
    if "data" not in output:
        return output
    data = {kind: value for kind, value in output["data"].items() if kind in _SHOWN}
    return output | {"data": data, "metadata": {}} if data else None


def _forget_unused(outputs: Path, siret: str) -> None:
    """Copies in which nothing was ever run are no records, and only get in the way."""
    for path in outputs.glob(f"*_{siret}_*"):
        if RecordFolder.at(path) and [each.name for each in path.iterdir()] == [NOTEBOOK]:
            shutil.rmtree(path)
