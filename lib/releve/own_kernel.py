"""The kernel that executes the notebook: this very Python, whatever kernels the user's Jupyter knows, and lighter to start.

Without the debugger that nobody attaches (it costs a fifth of the start) and without a history file (cells would be kept outside
of the record).
"""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from traitlets.config import Config

_COMMAND = [sys.executable, "-P", "-m", "releve.own_kernel", "-f", "{connection_file}", "--HistoryManager.enabled=False"]


class OwnKernelManager(AsyncKernelManager):
    """Starts `_COMMAND`."""

    @property
    def kernel_spec(self) -> KernelSpec:
        return KernelSpec(argv=_COMMAND, display_name="Python 3 (ipykernel)", language="python")


def configuration() -> Config:
    """Files instead of loopback sockets, which anyone on the machine can listen to; Windows has no such transport.

    The files are named after the connection file, which must be this kernel's alone: by default they would be "kernel-ipc-1" in
    the current folder, and two programs that start there at once would talk to each other's kernels.
    """
    config = Config({"NotebookClient": {"kernel_manager_class": "releve.own_kernel.OwnKernelManager"}})
    if os.name != "nt":
        config.KernelManager.transport = "ipc"
        config.KernelManager.connection_file = str(_private_folder() / f"{secrets.token_hex(4)}.json")
    return config


@cache
def _private_folder() -> Path:
    """This process's own, and short: the name of such a file holds 107 characters at most."""
    folder = tempfile.mkdtemp(prefix="releve-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def started() -> Any:
    """A kernel that has begun to start: papermill is imported meanwhile. Its client must end it."""
    from jupyter_core.utils import run_sync

    manager = OwnKernelManager(config=configuration())
    run_sync(manager.start_kernel)()
    return manager


def ended(manager: Any) -> None:
    """Make sure that a kernel which was `started` is gone, whoever should have ended it."""
    from jupyter_core.utils import run_sync

    if manager is not None and manager.has_kernel:
        run_sync(manager.shutdown_kernel)(now=True)


if __name__ == "__main__":
    sys.modules["debugpy"] = None  # type: ignore[assignment]
    from ipykernel.kernelapp import launch_new_instance

    launch_new_instance()
