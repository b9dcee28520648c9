"""What stands between the notebook's kernel and everything that is kept: no secret and no traceback goes out.

Every message of the kernel (stdout, stderr, display, result, error, widget, reply) passes `Session.send`: scrubbing there
covers them all. A secret split over two writes to a stream is held back until it is whole.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

from .errors import ReleveError
from .secret import MASK, encodings, registered, scrub


class UnforeseenError(ReleveError):
    """Anything that no one foresaw; its traceback, scrubbed, goes to the record for the maintainers."""

    happened = "Une erreur imprévue s'est produite : {kind}."
    safe = "Ce qui était fait est noté dans le journal ; rien ne sera fait deux fois."
    todo = "Relancez avec « releve resume ». Si cela se répète, transmettez le fichier « incident.txt » du dossier à votre support."


def clean(value: Any) -> Any:
    """The same message, every text in it scrubbed. Keys too."""
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, dict):
        return {clean(key): clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(clean(item) for item in value)
    if isinstance(value, bytes):
        return scrub(value.decode("latin-1")).encode("latin-1", "replace")
    return value


class _Streams:
    """Holds back the end of a stream's text while it may be the beginning of a secret."""

    def __init__(self) -> None:
        self._held: dict[str, str] = {}

    def pass_on(self, name: str, text: str) -> str:
        text = scrub(self._held.pop(name, "") + text)
        kept = max((n for form in _forms() for n in range(1, len(form)) if text.endswith(form[:n])), default=0)
        if kept >= 4 and not text.endswith("\n"):
            self._held[name], text = text[-kept:], text[:-kept]
        return text

    def rest(self) -> list[tuple[str, str]]:
        """What is still held back, when the cell ends: a part of a secret is masked, whatever it is."""
        held, self._held = self._held, {}
        return [(name, MASK) for name in held]


def _forms() -> list[str]:
    return [form for value in registered() for form in encodings(value)]


def guard(shell: Any, on_unforeseen: Callable[[str], None]) -> None:
    """Stand in the kernel: scrub every message, and show French texts instead of tracebacks. Safe to repeat."""
    session = getattr(getattr(shell, "kernel", None), "session", None)
    if session is None or getattr(session, "_releve_guarded", False):
        return
    send, streams = session.send, _Streams()

    def scrubbed(stream: Any, kind: Any, content: Any = None, *args: Any, **kwargs: Any) -> Any:
        if kind == "stream" and content:
            content = content | {"text": streams.pass_on(content["name"], content["text"])}
            if not content["text"]:
                return None
        elif kind == "status" and content and content.get("execution_state") == "idle":
            for name, text in streams.rest():
                send(stream, "stream", {"name": name, "text": text}, *args, **kwargs)
        if isinstance(kind, dict):
            kind = kind | {"content": clean(kind.get("content"))}
        if kwargs.get("buffers"):
            kwargs["buffers"] = [clean(bytes(each)) for each in kwargs["buffers"]]
        return send(stream, kind, clean(content), *args, **kwargs)

    session.send = scrubbed
    session._releve_guarded = True

    def unforeseen(self: Any, kind: type[BaseException], value: BaseException, tb: Any, tb_offset: Any = None) -> list[str]:
        if isinstance(value, ReleveError):
            text = value._render_traceback_()
        else:
            on_unforeseen(scrub("".join(traceback.format_exception(kind, value, tb))))
            text = UnforeseenError(kind=kind.__name__)._render_traceback_()
        shell._showtraceback(kind, scrub(str(value)), text)
        return text

    shell.set_custom_exc((Exception,), unforeseen)
