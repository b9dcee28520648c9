"""The one widget of the walkthrough: a small form that asks, waits and tells.

What it shows is a synced trait, and never holds a secret. What is typed comes by a message and is a
`Secret` at once; the password that goes out to the page's clipboard goes masked by a pad that the
page itself made up, so that nothing that passes the kernel's door, or could be saved, holds it.
"""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from releve.base.errors import ReleveError, UnforeseenError
from releve.base.secret import Secret
from releve.base.texts import table, text

View = dict[str, Any]
HERE = Path(__file__).parent
_WORDS = {name[6:]: words for name, words in table().items() if name.startswith("panel.")}


@dataclass(frozen=True)
class Answer:
    """Which button, what was typed in the plain fields, and the secrets that were typed in the
    hidden ones.
    """

    action: str
    values: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, Secret] = field(default_factory=dict)


class Panel(anywidget.AnyWidget):
    """Shows one `View` at a time. Make it inside the kernel's event loop; its callbacks come from
    another thread.
    """

    _esm = HERE / "panel.js"
    _css = HERE / "panel.css"
    view = traitlets.Dict().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)
    level = traitlets.Int(3).tag(sync=True)  # of its heading: a step's is under its title

    def __init__(
        self,
        hear: Callable[[Answer], Awaitable[None]] | None = None,
        check: Callable[[str, str], str] | None = None,
        level: int = 3,
    ) -> None:
        super().__init__(words=_WORDS, level=level)
        self._loop = asyncio.get_running_loop()
        self._turn = 0
        self._waiting: asyncio.Future[Answer] = self._loop.create_future()
        self._hear, self._tasks = hear, set[asyncio.Task[None]]()
        self._check = check  # what is wrong with one plain field, told as soon as it is left
        self.secret: Callable[[], Secret] | None = None  # what "copy" and "show" hand to the page
        self.on_msg(self._message)

    @property
    def waiting(self) -> asyncio.Future[Answer]:
        """The answer to what is shown now; never done if something else is shown first."""
        return self._waiting

    def show(self, view: View) -> None:
        """Show that, and drop whatever was being asked."""
        self._turn += 1
        self._waiting = self._loop.create_future()
        self.view = view | {"turn": self._turn}

    def renew(self, view: View) -> None:
        """Show the same with what is known by now: an answer on its way still counts."""
        self.view = view | {"turn": self._turn}

    async def ask(self, view: View) -> Answer:
        """Show that, and return once a person answers; for as long as it takes."""
        self.show(view)
        return await self._waiting

    def __repr__(self) -> str:
        """What an archive shows of a gate that nobody answered."""
        return "Une réponse est attendue ici, dans JupyterLab."

    def _message(self, widget: Any, content: dict[str, Any], buffers: Any) -> None:
        if content.get("pad") is not None:
            self._hand_over(content)
        elif "check" in content:
            wrong = self._check(content["check"], content["value"]) if self._check else ""
            self.send({"checked": content["check"], "wrong": wrong})
        else:
            secrets = {name: Secret(value) for name, value in content.get("secrets", {}).items()}
            answer = Answer(content["action"], content.get("values", {}), secrets)
            self._loop.call_soon_threadsafe(self._heard, content["turn"], answer)

    def _heard(self, turn: int, answer: Answer) -> None:
        if turn != self._turn:
            return  # a second click on what was already answered
        if self._hear is not None:
            task = self._loop.create_task(self._answered(answer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif not self._waiting.done():
            self._waiting.set_result(answer)

    async def _answered(self, answer: Answer) -> None:
        assert self._hear is not None
        try:
            await self._hear(answer)
        except Exception as error:  # nobody else would ever tell it: no cell is running
            unforeseen = UnforeseenError(kind=type(error).__name__)
            told = error if isinstance(error, ReleveError) else unforeseen
            body = paragraphs(*told.sentences[:2], told.here(text("home.again")))
            self.show(form(text("home.trouble"), body, tone="trouble"))

    def _hand_over(self, content: dict[str, Any]) -> None:
        if self.secret is None:
            return
        pad, value = base64.b64decode(content["pad"]), self.secret().reveal().encode()
        masked = bytes(a ^ b for a, b in zip(pad, value, strict=False))
        self.send({"secret": base64.b64encode(masked).decode(), "action": content["action"]})


def form(
    heading: str,
    body: str = "",
    *,
    fields: list[View] | None = None,
    buttons: list[View] | None = None,
    **more: Any,
) -> View:
    """A view. `body` is HTML: put through `html.escape` whatever comes from elsewhere.

    `tone`: plain, work, danger, trouble, done. `progress`: how many of the documented screens are
    done. `notice`: HTML above all. `hold`: one cannot stop here. `wrong`: what is wrong, by field.
    """
    view = {"heading": heading, "body": body, "fields": fields or [], "buttons": buttons or []}
    return view | more


def button(action: str, label: str, style: str = "plain", **more: Any) -> View:
    """`style`: "primary" (one a form), "plain", or "link" for what is seldom wanted. With `hand`,
    it hands the secret over, and the primary one comes after it.
    """
    return {"action": action, "label": label, "style": style} | more


def field_(name: str, label: str, kind: str = "text", **more: Any) -> View:
    """`kind`: text, password (its value becomes a `Secret`), check, several. With `check`, its
    panel's `check` is asked when it is left.
    """
    return {"name": name, "label": label, "kind": kind} | more


def say(name: str, /, **facts: object) -> str:
    """A text of the table, as HTML: paragraphs, lists, **bold**; the facts are escaped."""
    return rich(text(name, **facts))


def rich(source: str) -> str:
    """The few marks that the table and the procedure use, as HTML."""
    blocks = re.split(r"\n\s*\n", escape(source.strip(), quote=False))
    return re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", "".join(map(_block, blocks)))


def _block(lines: str) -> str:
    for mark, tag in ((r"- ", "ul"), (r"\d+\. ", "ol")):
        if re.match(mark, lines):
            items = re.split(rf"(?:^|\n){mark}", lines)[1:]
            return f"<{tag}>{''.join(f'<li>{item}</li>' for item in items)}</{tag}>"
    return f"<p>{lines}</p>"


def paragraphs(*texts: str) -> str:
    """Plain sentences as HTML, one paragraph each."""
    return "".join(f"<p>{escape(each, quote=False)}</p>" for each in texts if each)
