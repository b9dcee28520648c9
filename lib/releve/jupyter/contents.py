"""What JupyterLab reads and writes: the models, the records wherever they are kept, and never a
secret or a widget's state.
"""

from __future__ import annotations

import asyncio
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import nbformat
from jupyter_server.services.contents.checkpoints import AsyncCheckpoints
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from tornado.web import HTTPError
from traitlets import Unicode

from releve.base.errors import ReleveError
from releve.base.secret import clean
from releve.base.settings import load
from releve.base.windows import is_plain
from releve.jupyter import MODELS, RECORDS
from releve.record.contents import STATEMENT
from releve.record.folder import RecordFolder, opened
from releve.record.search import learn
from releve.vault.keystore import open_keystore

KEYRING_SECONDS = 2.0  # a locked keyring asks a person, and a save does not wait for that


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

    async def rename_checkpoint(self, checkpoint_id: str, old_path: str, new_path: str) -> None:
        return None

    async def delete_checkpoint(self, checkpoint_id: str, path: str) -> None:
        return None

    async def rename_all_checkpoints(self, old_path: str, new_path: str) -> None:
        return None

    async def delete_all_checkpoints(self, path: str) -> None:
        return None


class Contents(AsyncLargeFileManager):
    """The project's folder, with the records' folder under the name "outputs", wherever it is
    (another drive, a share).
    """

    records = Unicode(config=True, help="the folder of the records")

    # Whether a file is hidden is asked of its place under the root, where records need not be; the
    # page hides dot files itself.
    allow_hidden = True

    def _checkpoints_class_default(self) -> type:
        return NoCheckpoints

    def _get_os_path(self, path: str) -> str:
        parts = [part for part in path.strip("/").split("/") if part]
        ours = (RECORDS, MODELS)
        other_case = bool(parts) and parts[0].casefold() in ours and parts[0] not in ours
        if other_case or not all(map(is_plain, parts)):  # another name for what is guarded
            raise HTTPError(404, f"{path} names nothing here")
        if not parts or parts[0] != RECORDS:
            found: str = super()._get_os_path(path)  # type: ignore[no-untyped-call]
            return found
        return str(Path(self.records).joinpath(*parts[1:]))

    async def save(self, model: dict[str, Any], path: str = "") -> dict[str, Any]:
        """Save, scrubbed. What is sealed stays as it is, whatever the page shows by now."""
        if model.get("type") == "notebook" and model.get("content"):
            with suppress(ReleveError, TimeoutError):
                await asyncio.wait_for(asyncio.to_thread(self._learn, path), KEYRING_SECONDS)
            is_model = path.strip("/").startswith(f"{MODELS}/")
            model = model | {"content": scrubbed(model["content"], is_model)}
            if is_model and self._only_ran(path, model["content"]):
                return await self.get(path, content=False)
        folder = self._record(path)
        with await asyncio.to_thread(folder.saving().acquire) if folder else nullcontext():
            if self._is_sealed(path):
                return await self.get(path, content=False)
            return await super().save(model, path)  # type: ignore[no-untyped-call, no-any-return]

    async def get(self, path: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Read; what is sealed cannot be written."""
        model: dict[str, Any] = await super().get(path, *args, **kwargs)  # type: ignore[no-untyped-call]
        return (
            model | {"writable": False}
            if model["type"] != "directory" and self._is_sealed(path)
            else model
        )

    def _is_sealed(self, path: str) -> bool:
        return (
            path.strip("/").startswith(f"{RECORDS}/")
            and (Path(self._get_os_path(path)).parent / STATEMENT).exists()
        )

    def _record(self, path: str) -> RecordFolder | None:
        return RecordFolder.at(Path(self._get_os_path(path)).parent)

    def _only_ran(self, path: str, content: dict[str, Any]) -> bool:
        """Whether nobody edited a model that is saved: it is not written then, however many
        JupyterLabs have it open.

        What a kernel says of itself, which differs from machine to machine, becomes the model's own
        words again.
        """
        with suppress(OSError, ValueError):
            known = nbformat.read(self._get_os_path(path), as_version=4)  # type: ignore[no-untyped-call]
            content["metadata"] |= {
                name: known.metadata[name]
                for name in ("kernelspec", "language_info")
                if name in known.metadata
            }
            return bool(content["cells"] == known.cells and content["metadata"] == known.metadata)
        return False

    def _learn(self, path: str) -> None:
        """Make the scrubber know the secrets of that notebook's rotation, as far as the keyring
        gives them without a question.
        """
        folder = self._record(path)
        start = opened(folder.entries(pass_over_damage=True)) if folder else None
        if folder and start:
            settings = load()
            learn(open_keystore(settings), settings, start.account)


def scrubbed(notebook: dict[str, Any], is_model: bool) -> dict[str, Any]:
    """The notebook as it may be kept: no widget state, no secret; a model keeps no outputs at all.

    A widget's view names its model and holds nothing else; it stays while its cell waits, so that a
    page that is opened again shows the gate again. What is done has been replaced by plain text by
    then.
    """
    cleaned: dict[str, Any] = clean(notebook)  # type: ignore[assignment]
    cleaned.get("metadata", {}).pop("widgets", None)
    for cell in cleaned.get("cells", []):
        if is_model and cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
            cell.get("metadata", {}).pop("trusted", None)
        cell.get("metadata", {}).pop("execution", None)
    return cleaned
