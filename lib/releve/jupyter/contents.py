"""What JupyterLab reads and writes: the models, the records wherever they are kept, and never a
secret or a widget's state.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import nbformat
from jupyter_server.files.handlers import FilesHandler
from jupyter_server.services.contents.checkpoints import AsyncCheckpoints
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from tornado.web import HTTPError
from traitlets import default

from releve.base.errors import ReleveError
from releve.base.places import default_path
from releve.base.secret import clean
from releve.base.settings import Settings, load
from releve.base.windows import is_plain
from releve.jupyter import MODELS, RECORDS, TRAINING, is_training
from releve.jupyter.records import records
from releve.record.contents import STATEMENT
from releve.record.folder import NOTEBOOK, RecordFolder


class NoCheckpoints(AsyncCheckpoints):
    """None: a copy that nobody asked for would be one more file to keep clean of secrets, in a
    record that is evidence.
    """

    async def create_checkpoint(self, contents_mgr: Any, path: str) -> dict[str, Any]:
        model = await contents_mgr.get(path, content=False)
        return {"id": "none", "last_modified": model["last_modified"]}

    async def list_checkpoints(self, path: str) -> list[dict[str, Any]]:
        return []

    async def restore_checkpoint(self, contents_mgr: Any, checkpoint_id: str, path: str) -> None:
        raise HTTPError(404, "no checkpoint")


class ProjectFiles(AsyncLargeFileManager):
    """The project's folder, with the records' folder under the name "outputs", wherever it is
    (another drive, a share).
    """

    # Whether a file is hidden is asked of its place under the root, where records need not be; the
    # page hides dot files itself.
    allow_hidden = True

    def _checkpoints_class_default(self) -> type:
        return NoCheckpoints

    @default("files_handler_class")
    def _files_through_get(self) -> type:
        """The default one knows the root's files only; the records' pages are elsewhere."""
        return FilesHandler

    def _get_os_path(self, path: str) -> str:
        parts = [part for part in path.strip("/").split("/") if part]
        ours = (RECORDS, MODELS)
        other_case = bool(parts) and parts[0].casefold() in ours and parts[0] not in ours
        if other_case or not all(map(is_plain, parts)):  # another name for what is guarded
            raise HTTPError(404, f"{path} names nothing here")
        if not parts or parts[0] != RECORDS:
            found: str = super()._get_os_path(path)  # type: ignore[no-untyped-call]
            return found
        place = root = records()
        for part in parts[1:]:
            place /= part
            if place.is_symlink():
                raise HTTPError(404, f"{place.relative_to(root)} is a link")
        return str(place)

    async def get_kernel_path(self, path: str, model: Any = None) -> str:
        """A kernel never starts in a folder in which others can write."""
        return ""

    async def save(self, model: dict[str, Any], path: str = "") -> dict[str, Any]:
        """Save, without widgets' state. A model and a record's notebook are never written from the
        page: the one does not change, the other is its kernel's to write.
        """
        if _is_model(path) or self._record(path):  # whatever the page calls it
            return await self.get(path, content=False)
        if model.get("type") == "notebook" and model.get("content"):
            model = model | {"content": scrubbed(model["content"])}
        return await super().save(model, path)  # type: ignore[no-untyped-call, no-any-return]

    async def get(self, path: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Read. Below the records a copy is what the model makes of it, and any other notebook is a
        document.
        """
        model: dict[str, Any] = await super().get(path, *args, **kwargs)  # type: ignore[no-untyped-call]
        if model["type"] == "directory":
            return model
        content, folder = model.get("content"), self._record(path)
        if folder:  # what its kernel writes is no change made elsewhere
            model["last_modified"] = folder.began
            model |= {"hash": folder.run} if model.get("hash") else {}
        below = path.strip("/").startswith(f"{RECORDS}/")
        if below and model["type"] == "notebook" and content:
            from releve.jupyter.copy import again, as_document  # late: the page is on its way

            made = again(content, folder, _own_settings) if folder else {}
            model["content"] = nbformat.from_dict(made or as_document(content))  # type: ignore[no-untyped-call]
            if not made:
                return model | {"writable": False}
        return model | {"writable": False} if self._is_sealed(path) or _is_model(path) else model

    def _is_sealed(self, path: str) -> bool:
        below = path.strip("/").startswith(f"{RECORDS}/")
        return below and (Path(self._get_os_path(path)).parent / STATEMENT).exists()

    def _record(self, path: str) -> RecordFolder | None:
        """The record whose notebook that is."""
        place = Path(self._get_os_path(path))
        return RecordFolder.at(place.parent) if place.name == NOTEBOOK else None


def scrubbed(notebook: dict[str, Any]) -> dict[str, Any]:
    """The notebook as it may be kept: no widget state, no secret."""
    cleaned: dict[str, Any] = clean(notebook)  # type: ignore[assignment]
    cleaned.get("metadata", {}).pop("widgets", None)
    for cell in cleaned.get("cells", []):
        cell.get("metadata", {}).pop("execution", None)
    return cleaned


def _is_model(path: str) -> bool:
    return path.strip("/").startswith(f"{MODELS}/")


def _own_settings(path: str) -> Settings | None:
    """The settings in that file, when it is this operator's: the ones in use, or a training's."""
    if path != str(default_path().resolve()) and not is_training(path):
        return None
    with suppress(ReleveError):
        return load(path, records() / TRAINING if is_training(path) else records())
    return None
