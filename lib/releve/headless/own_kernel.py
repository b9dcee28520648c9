"""The kernel that executes the notebook: this very Python, whatever kernels the user's Jupyter
knows, and lighter to start.

Without a history file: cells would be kept outside of the record.
"""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import sys
import tempfile
import threading
import time
from functools import cache
from pathlib import Path
from queue import Empty
from typing import Any

import zmq
import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync
from traitlets.config import Config

from releve.base.settings import KEEP_BROWSER

_COMMAND = [
    sys.executable, "-P", "-m", "ipykernel_launcher", "-f", "{connection_file}",
    "--HistoryManager.enabled=False",
]


class OwnKernelClient(AsyncKernelClient):
    """Ready as soon as the kernel has answered: jupyter_client's own then listens to silence for a
    fifth of a second.
    """

    def _context_default(self) -> zmq.asyncio.Context:
        context: zmq.asyncio.Context = super()._context_default()
        # milliseconds; the kernel's sockets come into being while it starts
        context.setsockopt(zmq.RECONNECT_IVL, 10)
        return context

    # jupyter_client's own signature
    async def wait_for_ready(self, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Return once the kernel has answered on both channels. Raises RuntimeError when it has
        died, or after `timeout` seconds.
        """
        end = time.monotonic() + (timeout or 60)
        while time.monotonic() < end:
            self.kernel_info()
            try:
                answer = await self.shell_channel.get_msg(timeout=1)
                await self.iopub_channel.get_msg(timeout=0.2)
            except Empty:
                if not await self.is_alive():
                    break
            else:
                self._handle_kernel_info_reply(answer)
                return
        raise RuntimeError("the kernel did not answer")


class OwnKernelManager(AsyncKernelManager):
    """Starts `_COMMAND`."""

    client_factory = OwnKernelClient

    @property
    def kernel_spec(self) -> KernelSpec:
        return KernelSpec(
            argv=_COMMAND,
            display_name="Python 3 (ipykernel)",
            language="python",
            metadata={"supported_encryption": "curve"},  # ipykernel's own spec says so since 7.2
        )


def configuration() -> Config:
    """Files instead of loopback sockets, which anyone on the machine can listen to. Windows has no
    such transport: there the sockets are encrypted (CurveZMQ), or the kernel does not start.

    The files are named after the connection file, which must be this kernel's alone: by default
    they would be "kernel-ipc-1" in the current folder, and two programs that start there at once
    would talk to each other's kernels.
    """
    config = Config(
        {"NotebookClient": {"kernel_manager_class": "releve.headless.own_kernel.OwnKernelManager"}}
    )
    if os.name == "nt":
        config.KernelManager.transport_encryption = "required"
    else:
        config.KernelManager.transport = "ipc"
        own = _private_folder() / f"{secrets.token_hex(4)}.json"
        config.KernelManager.connection_file = str(own)
    return config


@cache
def _private_folder() -> Path:
    """This process's own, and short: the name of such a file holds 107 characters at most, whatever
    TMPDIR is.
    """
    short = "/tmp" if len(tempfile.gettempdir()) > 60 else None
    folder = tempfile.mkdtemp(prefix="releve-", dir=short)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


class Kernel:
    """A kernel that begins to start at once (papermill is imported meanwhile), and that a fleet's
    worker keeps from one notebook to the next. Raises OSError, RuntimeError when it cannot.
    """

    def __init__(self, *, kept: bool = False) -> None:
        self.manager = OwnKernelManager(config=configuration())
        self.client: Any = None  # once a notebook was executed
        self.stopping = threading.Event()  # the rotation in hand ends where nothing is changed yet
        run_sync(self.manager.start_kernel)(env=os.environ | ({KEEP_BROWSER: "1"} if kept else {}))

    def end(self) -> None:
        """End it at once, whatever its state. Safe to repeat."""
        if self.client is not None:
            self.client.stop_channels()
        if self.manager.has_kernel:
            run_sync(self.manager.shutdown_kernel)(now=True)
