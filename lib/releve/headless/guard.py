"""What stands between the notebook's kernel and everything that is kept: no secret and no traceback
goes out.

Every message of the kernel (stdout, stderr, display, result, error, widget, reply) passes
`Session.send`: scrubbing there covers them all, the output of child processes too, which the kernel
reads from a pipe. A secret split over several writes to a stream is held back until it is whole.
What went out is also the executed notebook, which the kernel writes.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

from releve.base.errors import OUTCOME, Paused, ReleveError, UnforeseenError
from releve.base.secret import MASK, SHORTEST, begun, clean, scrub
from releve.record.transcript import Transcript

_VIEW = "application/vnd.jupyter.widget-view+json"  # a question is shown, and its cell waits


class CellInterrupted(ReleveError):
    """A person, or a signal, stopped the cell in hand."""


class _Streams:
    """Holds back the end of a stream's text while it may be the beginning of a secret."""

    def __init__(self) -> None:
        self._held: dict[str, str] = {}

    def pass_on(self, name: str, text: str) -> str:
        text = scrub(self._held.pop(name, "") + text)
        if kept := begun(text):
            self._held[name], text = text[-kept:], text[:-kept]
        return text

    def rest(self) -> list[tuple[str, str]]:
        """What is still held back, when the cell ends; a part of a secret that is long enough to
        tell something is masked.
        """
        held, self._held = self._held, {}
        return [(name, text if len(text) < SHORTEST else MASK) for name, text in held.items()]


class OutputGuard:
    """In the place of one `Session.send`. `transcript` keeps what went out. `on_change` is called
    with True when a cell has ended, with False when it begins to wait for a person; it returns what
    could not be kept. With `renew`, the next cell begins another notebook.
    """

    def __init__(self, session: Any, sources: list[str]) -> None:
        self._session, self._send = session, session.send
        self._streams, self._lock = _Streams(), threading.RLock()
        self.transcript, self.renew = Transcript(sources), False
        self.on_change: Callable[[bool], ReleveError | None] = _nothing
        session.send = self.send

    def send(
        self, stream: Any, kind: Any, content: Any = None, parent: Any = None, ident: Any = None,
        buffers: Any = None, track: bool = False, header: Any = None, metadata: Any = None,
    ) -> Any:  # fmt: skip
        """As `jupyter_client.session.Session.send`; every message is scrubbed, whichever way it is
        given.
        """
        if isinstance(kind, dict):
            msg, buffers = dict(kind), buffers or kind.get("buffers")
        else:
            msg = self._session.msg(
                kind, content=content, parent=parent, header=header, metadata=metadata
            )
        with self._lock:  # the streams have a thread of their own
            if _is_idle(msg):
                self._end_cell(stream, msg, ident)
            msg["content"] = self._cleaned(msg)
            if msg["content"] is None:
                return None
            msg["metadata"] = clean(msg.get("metadata"))
            msg["buffers"] = [clean(each) for each in buffers or ()]
            self.transcript.note(msg)
            if _VIEW in (msg["content"] or {}).get("data", {}):
                self.on_change(False)
            return self._send(stream, msg, ident=ident, buffers=msg["buffers"], track=track)

    def _cleaned(self, msg: dict[str, Any]) -> Any:
        content = msg["content"]
        if msg["header"]["msg_type"] != "stream":
            return clean(content)
        text = self._streams.pass_on(content["name"], content["text"])
        return content | {"text": text} if text else None

    def _end_cell(self, stream: Any, msg: dict[str, Any], ident: Any) -> None:
        """Before the kernel says that it is idle: what was held back goes out, and whoever waits
        for the end of a cell is told.
        """
        late = []
        for name, text in self._streams.rest():
            said = {"name": name, "text": text}
            late.append(self._session.msg("stream", said, parent=msg["parent_header"]))
            self.transcript.note(late[-1])
        if (error := self.on_change(True)) is not None:
            content = {"data": outcome(error.code, error), "metadata": {}, "transient": {}}
            late.append(self._session.msg("display_data", content, parent=msg["parent_header"]))
        for each in late:
            self._send(stream, each, ident=ident)
        if self.renew:
            self.transcript, self.on_change, self.renew = Transcript([]), _nothing, False


def _nothing(ended: bool) -> None:
    """Nothing is kept yet."""


def outcome(code: int, error: BaseException) -> dict[str, Any]:
    """What tells the exit code of a run to whoever runs the kernel, and to who reads it."""
    text = scrub(error.text) if isinstance(error, ReleveError) else ""
    told = {"code": code, "error": type(error).__name__, "text": text}
    return {OUTCOME: told, "text/plain": f"{text}\nCode de sortie : {code}".strip()}


def _is_idle(msg: dict[str, Any]) -> bool:
    asked = (msg.get("parent_header") or {}).get("msg_type") == "execute_request"
    status = asked and msg["header"]["msg_type"] == "status"
    return status and msg["content"].get("execution_state") == "idle"


def guard(shell: Any, on_error: Callable[[BaseException, str], int | None]) -> OutputGuard | None:
    """Stand in the kernel: scrub every message, show French texts instead of tracebacks, keep no
    history. Safe to repeat.

    `on_error` is told each error and, when no one foresaw it, its scrubbed traceback; it returns
    the exit code if the run ends there.
    """
    session = getattr(getattr(shell, "kernel", None), "session", None)
    if session is None:
        return None
    known = getattr(session, "_releve_guard", None)
    if isinstance(known, OutputGuard):
        return known
    session._releve_guard = placed = OutputGuard(session, list(shell.user_ns.get("In", [""]))[1:])
    shell.history_manager.enabled = False  # what is typed in a cell would stay in history.sqlite
    _silence_children()

    def tell(
        self: Any, kind: type[BaseException], value: BaseException, tb: Any, tb_offset: Any = None
    ) -> list[str]:
        stopped = isinstance(value, KeyboardInterrupt | asyncio.CancelledError)
        shown = CellInterrupted() if stopped else value
        foreseen = isinstance(shown, ReleveError)
        trace = "" if foreseen else "".join(traceback.format_exception(kind, value, tb))
        code = on_error(shown, scrub(trace))
        if not isinstance(shown, ReleveError):
            shown = UnforeseenError(kind=kind.__name__)
        if code is not None:
            told = {"code": code, "error": kind.__name__}
            shell.display_pub.publish({OUTCOME: told, "text/plain": f"Code de sortie : {code}"})
        text = shown._render_traceback_()
        named = Paused if isinstance(shown, Paused) else kind  # the page shows it as no trouble
        shell._showtraceback(named, scrub(str(value)), text)
        return text

    shell.set_custom_exc((Exception, KeyboardInterrupt, asyncio.CancelledError), tell)
    return placed


def _silence_children() -> None:
    """What a child process prints passes the scrubber on Linux and macOS, where the kernel reads
    its own descriptors. On Windows it would go to the console, past the scrubber: it goes nowhere.
    """
    if sys.platform == "win32":
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (1, 2):
            os.dup2(nowhere, descriptor)
        os.close(nowhere)
