"""A kernel that outlives its notebook."""

from __future__ import annotations

from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from releve.headless import own_kernel


class Kernel:
    """A kernel that outlives its notebook: its first line starts it, its owner shuts it down.

    With `stopping`, the rotation in hand ends where nothing is changed yet, or else is finished.
    `ahead` is the settings' file.
    """

    def __init__(self) -> None:
        self.manager: Any = None
        self.client: Any = None
        self.stopping = False

    @property
    def started(self) -> bool:
        return self.client is not None

    def tell(self, code: str) -> None:
        """Execute a line in it, outside every notebook; starts it if need be. Raises nbclient's
        errors.
        """
        self.manager = self.manager or own_kernel.started()
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
        config = own_kernel.configuration()
        client = NotebookClient(
            notebook,
            km=self.manager,
            kernel_name="python3",
            shutdown_kernel="immediate",
            config=config,
        )
        client.kc = self.client
        return client
