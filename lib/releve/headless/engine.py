"""Papermill's engine for a rotation: tells the progress, ends with our exit codes, and keeps kernel
traffic off the network. The kernel itself writes the record's notebook.

Registered as `releve` (entry point `papermill.engine`). `releve rotate` uses it; plain papermill
works without it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from click import ClickException
from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine
from papermill.log import logger

from releve.base.errors import OUTCOME
from releve.base.secret import scrub
from releve.headless.own_kernel import Kernel, configuration

Progress = Callable[[str, str], None]
"""Told ("step", the step's id) when its cell starts, and ("text", a text) for what a cell prints.
"""


class RunEnded(ClickException):
    """A run that stopped, for papermill's own command line: it prints the text, and exits with our
    code instead of 1. `error` is the name of what stopped it.
    """

    def __init__(self, code: int, error: str, text: str) -> None:
        super().__init__(text)
        self.exit_code = code  # type: ignore[misc]  # click reads it from the error in hand
        self.error = error


class _Client(PapermillNotebookClient):  # type: ignore[misc]  # papermill is untyped
    progress: Progress
    kernel: Kernel | None

    def execute_cell(self, cell: NotebookNode, cell_index: int, **kwargs: Any) -> Any:
        if self.kernel and self.kernel.stopping.is_set():  # messages are served in their order
            said = "from releve.jupyter import runbook; runbook.stop_soon()"
            self.kc.execute(said, silent=True, store_history=False)
        step = cell.metadata.get("releve", {}).get("step")
        if step:
            self.progress("step", step)
        return super().execute_cell(cell, cell_index, **kwargs)

    def process_message(self, msg: Any, cell: NotebookNode, cell_index: int) -> Any:
        if msg["msg_type"] == "stream":
            self.progress("text", scrub(msg["content"]["text"]))
        return super().process_message(msg, cell, cell_index)


class ReleveEngine(Engine):  # type: ignore[misc]
    """Executes one notebook in a kernel of its own. Widget state is not kept: it may hold what was
    typed.
    """

    @classmethod
    def execute_notebook(
        cls, nb: NotebookNode, kernel_name: str, output_path: str | None = None, **kwargs: Any
    ) -> NotebookNode:
        """As papermill's. For `releve rotate`: `progress` is told what happens, `kernel` is the one
        to execute it in. A run that stopped raises `RunEnded`.
        """
        kwargs |= {"progress_bar": False}
        executed: NotebookNode = super().execute_notebook(nb, kernel_name, output_path, **kwargs)
        _raise_for_outcome(executed)
        return executed

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **kwargs: Any) -> None:
        client = _Client(
            nb_man,
            kernel_name=kernel_name,
            startup_timeout=kwargs.get("start_timeout", 60),
            timeout=kwargs.get("execution_timeout"),
            store_widget_state=False,
            coalesce_streams=True,
            shutdown_kernel="immediate",
            log=logger,
            config=configuration(),
        )
        client.progress = kwargs.get("progress") or (lambda kind, text: None)
        client.kernel = kernel = kwargs.get("kernel")
        if kernel is None:
            client.execute(cleanup_kc=True)
            return
        client.km, client.kc = kernel.manager, kernel.client
        client.execute(cleanup_kc=False)
        kernel.client = client.kc


def _raise_for_outcome(nb: NotebookNode) -> None:
    """Raises `RunEnded` when the kernel said with which exit code the run ended."""
    outputs = [output for cell in nb.cells if cell.cell_type == "code" for output in cell.outputs]
    told = [output.data[OUTCOME] for output in outputs if OUTCOME in output.get("data", {})]
    if told:
        text = "\n".join(line for output in outputs for line in output.get("traceback", ()))
        text = text or told[-1].get("text", "")
        raise RunEnded(told[-1]["code"], told[-1].get("error", ""), text)
