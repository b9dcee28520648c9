"""The page that last ran a cell has the renewal: one that is opened again, or in a second tab, runs
all of its cells, and gets the question.

A widget talks while a cell awaits, and a page that connects asks for the kernel's information: both
pass (ipykernel 7.4 lets the first pass only, and may then take what the next cell shows for the
last one's). The cells that the former page had queued would ask where nobody sees it: they end at
once, as does the gate that waits there. `ipykernel.kernelbase.Kernel.shell_main` is what this
stands before.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from contextvars import copy_context
from typing import Any

_PASS = {"kernel_info_request", "comm_info_request", "comm_open", "comm_msg", "comm_close"}


class Pages:
    """Which page of this kernel ran a cell last, by the session of its messages; `given_up` is done
    when the gate in hand must give way to it.
    """

    def __init__(self, kernel: Any) -> None:
        self.kernel = kernel
        self._last = ""
        self.given_up = asyncio.Event()

    @property
    def left(self) -> bool:
        """Whether nobody sees what the cell in hand shows: another page has asked for more."""
        here = str(self.kernel.get_parent("shell").get("header", {}).get("session", ""))
        return self._last not in {"", here}

    def begin(self) -> None:
        """A step's cell begins: nothing is given up yet."""
        self.given_up.clear()

    def runs(self, session: str) -> None:
        """That page asks for a cell to be run. To connect is not enough: Jupyter's server does it
        too, under a name of its own.
        """
        self._last = session
        if self.left:
            self.given_up.set()
        else:
            self.given_up.clear()


def watch_pages(kernel: Any) -> Pages | None:
    """Stand in the kernel. Safe to repeat; None without subshells, where a page cannot come back
    either.
    """
    manager = getattr(getattr(kernel, "shell_channel_thread", None), "manager", None)
    known: Pages | None = getattr(kernel, "_releve_pages", None)
    if manager is None or known is not None:
        return known
    pages = kernel._releve_pages = Pages(kernel)
    # An interrupt is heard at once: any handler of its own makes the loop wake for every signal,
    # which ipykernel's, set beside it, does not. Windows interrupts in another way.
    if sys.platform != "win32":
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, lambda: None)

    async def receive(subshell_id: str | None, msg: Any) -> None:
        header = _header(kernel, msg) if subshell_id is None else {}
        if header.get("msg_type") == "execute_request":
            pages.runs(header["session"])
        if header.get("msg_type") not in _PASS or not kernel._main_asyncio_lock.locked():
            await kernel.shell_main(subshell_id, msg)
            return
        try:
            answer = kernel.dispatch_shell(msg, subshell_id=None, concurrent=True)
            await asyncio.create_task(answer, context=copy_context())
        finally:  # to the cell in hand by now: ipykernel's own way goes back to the one before
            cell = kernel.get_parent("shell")
            ident = kernel._get_shell_context_var(kernel._shell_parent_ident)
            kernel.set_parent(ident, cell, channel="shell")
        # a page takes an answer for given once the kernel is idle after it
        kernel._publish_status("idle", "shell", header)
        if kernel._main_asyncio_lock.locked():
            kernel._publish_status("busy", "shell", cell)

    manager.set_on_recv_callback(receive)
    return pages


def _header(kernel: Any, msg: Any) -> dict[str, Any]:
    try:
        _, frames = kernel.session.feed_identities(msg, copy=False)
        return dict(kernel.session.deserialize(frames, content=False, copy=False)["header"])
    except Exception:  # not ours to judge: the kernel itself will say what is wrong with it
        return {}
