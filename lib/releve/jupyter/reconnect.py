"""A page that is closed and opened again while a gate waits finds its kernel, and its gate, again.

ipykernel 7.4 lets widgets talk while a cell awaits, but a page that connects asks for the kernel's
information first, and that would wait behind the cell: it passes. The cells that the former page
had queued would then ask where nobody sees it: they end at once, and a gate that the new page does
not show gives way as soon as that page runs a cell. `ipykernel.kernelbase.Kernel.shell_main` is
what this stands before.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from contextvars import copy_context
from typing import Any

_PASS = {"kernel_info_request", "comm_info_request"}


class Pages:
    """Which pages of this kernel were left, by the session of their messages; `given_up` is done
    when the gate must give way.
    """

    def __init__(self, kernel: Any) -> None:
        self.kernel = kernel
        self._left: set[str] = set()
        self._begun = False
        self.given_up = asyncio.Event()

    @property
    def here(self) -> str:
        """The page that asked for the cell in hand."""
        return str(self.kernel.get_parent("shell").get("header", {}).get("session", ""))

    @property
    def left(self) -> bool:
        """Whether nobody sees what the cell in hand shows."""
        return self.here in self._left

    def begin(self) -> None:
        """A step's cell begins: nothing is given up yet."""
        self._begun = True
        self.given_up.clear()

    def heard(self, kind: str, session: str) -> None:
        """A message came while a cell awaits.

        After a restart Jupyter's server asks for the kernel's information too, under a name of its
        own, and may be heard as late as in the opening cell: until a step has begun, only a page
        that runs a cell is another page.
        """
        if session == self.here or kind not in {"kernel_info_request", "execute_request"}:
            return
        if kind == "kernel_info_request" and not self._begun:
            return
        self._left.add(self.here)
        self._left.discard(session)
        if kind == "execute_request":
            self.given_up.set()


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
        awaits = subshell_id is None and kernel._main_asyncio_lock.locked()
        kind, session = _header(kernel, msg) if awaits else ("", "")
        pages.heard(kind, session)
        if kind not in _PASS:
            await kernel.shell_main(subshell_id, msg)
            return
        parent = kernel.get_parent("shell")
        ident = kernel._get_shell_context_var(kernel._shell_parent_ident)
        try:
            answer = kernel.dispatch_shell(msg, subshell_id=None, concurrent=True)
            await asyncio.create_task(answer, context=copy_context())
        finally:
            kernel.set_parent(ident, parent, channel="shell")

    manager.set_on_recv_callback(receive)
    return pages


def _header(kernel: Any, msg: Any) -> tuple[str, str]:
    try:
        _, frames = kernel.session.feed_identities(msg, copy=False)
        header = kernel.session.deserialize(frames, content=False, copy=False)["header"]
        return str(header["msg_type"]), str(header["session"])
    except Exception:  # not ours to judge: the kernel itself will say what is wrong with it
        return "", ""
