"""A kernel that outlives its notebook, and how the engine talks to any kernel."""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from traitlets.config import Config


def transport() -> Config:
    """Files instead of loopback sockets, which anyone on the machine can listen to; Windows has no such transport.

    The files are named after the connection file, which must be this kernel's alone: by default they would be "kernel-ipc-1" in
    the current folder, and two programs that start there at once would talk to each other's kernels.
    """
    if os.name == "nt":
        return Config()
    return Config({"KernelManager": {"transport": "ipc", "connection_file": str(_private_folder() / f"{secrets.token_hex(4)}.json")}})


@cache
def _private_folder() -> Path:
    """This process's own, and short: the name of such a file holds 107 characters at most."""
    folder = tempfile.mkdtemp(prefix="releve-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


class Kernel:
    """A kernel that outlives its notebook: the engine starts it at the first one, its owner shuts it down.

    With `stopping`, the rotation in hand ends where nothing is changed yet, or else is finished.
    """

    def __init__(self) -> None:
        self.manager: Any = None
        self.client: Any = None
        self.stopping = False

    @property
    def started(self) -> bool:
        return self.client is not None

    def tell(self, code: str) -> None:
        """Execute a line in it, outside every notebook; starts it if need be. Raises nbclient's errors."""
        cell = nbformat.v4.new_code_cell(code)  # type: ignore[no-untyped-call]
        client = self._client([cell])
        with client.setup_kernel(cleanup_kc=False):
            self.manager, self.client = client.km, client.kc
            client.execute_cell(cell, 0, store_history=False)

    def shut_down(self) -> None:
        """End it at once, whatever its state. Safe to repeat."""
        if self.manager is not None:
            self._client([])._cleanup_kernel()
        self.manager = self.client = None

    def _client(self, cells: list[NotebookNode]) -> NotebookClient:
        notebook = nbformat.v4.new_notebook(cells=cells)  # type: ignore[no-untyped-call]
        client = NotebookClient(notebook, km=self.manager, kernel_name="python3", shutdown_kernel="immediate", config=transport())
        client.kc = self.client
        return client
