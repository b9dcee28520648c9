"""A real kernel under guard: whatever a cell does with a secret, no message of the kernel gives it
away.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import leaks
import pytest
from jupyter_client.manager import KernelManager
from releve.base.secret import MASK, Secret
from releve.record.transcript import Transcript

SECRET = leaks.MANAGER
GUARD = """
from pathlib import Path
from releve.headless import guard as kernel
from releve.base.secret import Secret
guard = kernel.guard(get_ipython(), lambda error, traceback: notes.append(traceback) or 5)
notes, value = [], Secret(Path({path!r}).read_text(encoding="utf-8")).reveal()
"""
CHANNELS: dict[str, str] = {
    "stdout": "print(value)",
    "stderr": "import sys; print(value, file=sys.stderr)",
    "two writes": (
        "import sys\nfor part in (value[:7], value[7:]):\n    sys.stdout.write(part);"
        " sys.stdout.flush()"
    ),
    "one character a write": (
        "import sys, time\nfor char in value:\n    print(char, end='', flush=True)"
    ),
    "an encoding in two writes": (
        "import base64, sys\nt = base64.b64encode(b'login:' + value.encode()).decode()\n"
        "for part in (t[:17], t[17:]):\n    print(part, end='', flush=True)"
    ),
    "the real file descriptor": "import os; os.write(1, value.encode() + b'\\n')",
    "sys.__stdout__": "import sys; print(value, file=sys.__stdout__, flush=True)",
    "a child process": "import subprocess; subprocess.run(['cat'], input=value.encode())",
    "a child process in pieces": (
        "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import sys, time\\nfor c in"
        " sys.stdin.read():\\n sys.stdout.write(c); sys.stdout.flush()\\n time.sleep(.02)'],"
        " input=value.encode())"
    ),
    "a shell command": "!printf '%s' {value!r}",
    "a thread": (
        "import threading; t = threading.Thread(target=print, args=(value,)); t.start(); t.join()"
    ),
    "execute_result": "value",
    "repr": "{'a': [value]}",
    "JSON": "import json; print(json.dumps({'p': value}))",
    "URL": "from urllib.parse import quote; print(quote(value))",
    "base64": "import base64; print(base64.b64encode(b'TECH:' + value.encode()).decode())",
    "HTML": (
        "from IPython.display import HTML; import html; HTML('<b>' + html.escape(value) + '</b>')"
    ),
    "any MIME type": (
        "from IPython.display import display; display({'application/x+json': {value: [value]},"
        " 'text/plain': ''}, raw=True)"
    ),
    "metadata of a display": (
        "from IPython.display import display; display({'text/plain': ''}, raw=True, metadata={'a':"
        " value})"
    ),
    "update_display": (
        "from IPython.display import display; h = display('', display_id=True); h.update(value)"
    ),
    "an image's bytes": (
        "from IPython.display import Image; Image(data=b'\\x89PNG\\r\\n\\x1a\\n' + value.encode())"
    ),
    "an error": "raise ValueError(value)",
    "a chained error": (
        "try:\n    raise KeyError(value)\nexcept KeyError as e:\n    raise RuntimeError('outer')"
        " from e"
    ),
    "an implicit chain": "try:\n    {}[value]\nexcept KeyError:\n    1 / 0",
    "a note on an error": "e = ValueError('x'); e.add_note(value); raise e",
    "a group of errors": "raise ExceptionGroup('all', [ValueError(value)])",
    "%xmode Verbose": (
        "get_ipython().run_line_magic('xmode', 'Verbose')\ndef f(password):\n    return 1 /"
        " 0\nf(value)"
    ),
    "an interrupt": "raise KeyboardInterrupt(value)",
    "an exit": "raise SystemExit(value)",
    "a syntax error": "get_ipython().run_cell('x = = ' + repr(value))",
    "traceback.print_exc": (
        "import traceback\ntry:\n    raise OSError(value)\nexcept OSError:\n   "
        " traceback.print_exc()"
    ),
    "a log record": (
        "import logging; logging.basicConfig(); logging.getLogger('x').error('%s', value)"
    ),
    "a warning": "import warnings; warnings.warn(value)",
    "a lost task": (
        "import asyncio, gc\nasync def f():\n    raise ValueError(value)\n"
        "t = asyncio.ensure_future(f())\nawait asyncio.sleep(0.05)\ndel t\ngc.collect()"
    ),
    "an unraisable error": (
        "class A:\n    def __del__(self):\n        raise ValueError(value)\na = A()\ndel a"
    ),
    "a widget": "import ipywidgets; ipywidgets.Text(value=value)",
    "a password widget": "import ipywidgets; p = ipywidgets.Password(); p.value = value; p",
    "an output widget": "import ipywidgets\no = ipywidgets.Output()\nwith o:\n    print(value)\no",
    "a custom message": (
        "import ipywidgets; w = ipywidgets.Button(); w.send({'copy': value},"
        " buffers=[value.encode()])"
    ),
    "a pager": (
        "get_ipython().payload_manager.write_payload({'source': 'page', 'data': {'text/plain':"
        " value}, 'start': 0})"
    ),
    "the next input": "get_ipython().set_next_input(value)",
    "history": "%history",
    "a Playwright error": (
        "from playwright.async_api import Error\nraise Error('Locator.fill: Timeout\\nCall log:\\n "
        " - fill(' + value + ')\\n  - value=' + repr(value))"
    ),
}


@dataclass
class Sent:
    """The messages of a cell."""

    messages: list[dict[str, Any]]

    @property
    def raw(self) -> bytes:
        """Their contents, metadata and buffers."""
        shown = [
            {key: message[key] for key in ("content", "metadata")} for message in self.messages
        ]
        buffers = [bytes(buffer) for message in self.messages for buffer in message["buffers"]]
        return b"\0".join([json.dumps(shown, ensure_ascii=False).encode(), *buffers])

    @property
    def text(self) -> str:
        """All stream texts, one behind the other, as a notebook shows them."""
        return "".join(
            message["content"]["text"]
            for message in self.messages
            if message["msg_type"] == "stream"
        )

    def tells(self, value: str) -> bool:
        """Whether the value can be had from them."""
        return leaks.found(value, self.raw) or leaks.found(value, self.text.encode())


class Kernel:
    """A kernel under guard; `run` gives every message that it sent for a cell, as raw JSON and
    buffers.
    """

    def __init__(self, folder: Path, **streams: Any) -> None:
        (folder / "secret.txt").write_text(SECRET, encoding="utf-8")
        self.history = folder / "ipython"
        files = {"transport": "ipc", "ip": str(folder / "k")}
        encrypted = {"transport_encryption": "required"}  # Windows has no such files
        self.manager = KernelManager(**(encrypted if os.name == "nt" else files))
        environment = os.environ | {"IPYTHONDIR": str(self.history)}
        environment.pop(
            "PYTEST_CURRENT_TEST", None
        )  # under it ipykernel does not read what child processes write
        self.manager.start_kernel(env=environment, **streams)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        self.run(GUARD.format(path=str(folder / "secret.txt")))

    def run(self, code: str, child: bool = False) -> Sent:
        """Everything sent until the cell is idle; then what a child process wrote, which the kernel
        reads in a thread of its own.
        """
        request, messages = self.client.execute(code, store_history=True), list[dict[str, Any]]()
        while not (messages and _ended(messages[-1], request)):
            messages.append(self.client.get_iopub_msg(timeout=60))
        child = child and os.name != "nt"  # there it goes nowhere: tests/windows/test_kernel.py
        while child and not any(message["msg_type"] == "stream" for message in messages):
            messages.append(self.client.get_iopub_msg(timeout=60))
        while self.client.iopub_channel.msg_ready():
            messages.append(self.client.get_iopub_msg(timeout=1))
        return Sent([*messages, self.client.get_shell_msg(timeout=60)])

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def _ended(message: dict[str, Any], request: str) -> bool:
    ours = message["parent_header"].get("msg_id") == request
    return bool(
        ours and message["msg_type"] == "status" and message["content"]["execution_state"] == "idle"
    )


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """One kernel for all channels: each cell is told apart by its messages."""
    started = Kernel(tmp_path_factory.mktemp("kernel"))
    yield started
    started.close()


@pytest.mark.parametrize("channel", CHANNELS)
def test_nothing_gives_the_secret_away(kernel: Kernel, channel: str) -> None:
    """The messages of the cell, decoded in every usual way, do not hold the secret, whole or in
    pieces.
    """
    assert not kernel.run(CHANNELS[channel], child="child" in channel).tells(SECRET)
    kernel.run("get_ipython().run_line_magic('xmode', 'Context')")


@pytest.mark.parametrize(
    "channel",
    [
        "stdout",
        "one character a write",
        "metadata of a display",
        "a widget",
        "a child process",
        "HTML",
    ],
)
def test_the_hunt_would_see_it(kernel: Kernel, channel: str) -> None:
    """The same cells, with a value that is not registered: it is found, so an empty hunt means
    something.
    """
    if os.name == "nt" and "child" in channel:
        pytest.skip("Windows: what a child writes goes nowhere (tests/windows/test_kernel.py)")
    kernel.run("held, value = value, 'Zq\"<8&41 pas un secret'")
    try:
        assert kernel.run(CHANNELS[channel], child="child" in channel).tells(
            'Zq"<8&41 pas un secret'
        )
    finally:
        kernel.run("value = held")


def test_text_that_is_no_secret_arrives_whole(kernel: Kernel) -> None:
    """What is held back because it might begin a secret comes out, in its order, by the end of the
    cell.
    """
    text = "Étape 6 — m\nm9\nle mot m"
    sent = kernel.run(
        f"import sys\nfor char in {text!r}:\n    sys.stdout.write(char); sys.stdout.flush()"
    )
    assert text == sent.text


def test_no_traceback_reaches_the_operator(kernel: Kernel) -> None:
    """An unforeseen error is three French lines, and its traceback, scrubbed, goes to whoever keeps
    it.
    """
    sent = kernel.run("notes.clear()\n" + CHANNELS["a chained error"]).raw.decode()
    assert "Traceback" not in sent and "erreur imprévue" in sent
    noted = kernel.run("print(notes[-1])")
    assert "Traceback" in noted.text and not noted.tells(SECRET)


def test_nothing_is_kept_in_the_history(kernel: Kernel) -> None:
    """A secret typed in a cell is not in `history.sqlite`."""
    kernel.run(f"typed = {SECRET!r}")
    kernel.run("get_ipython().history_manager.writeout_cache()")
    assert [] == leaks.in_folder([SECRET], kernel.history)


IMPORTED = "--IPKernelApp.exec_lines=['from releve.jupyter import runbook']"
ENTRIES = {
    "command": ["-m", "releve", "school"],
    "worker": ["-m", "releve.headless.worker"],
    "papermill's engine": ["-c", "import releve.headless.engine; input()"],
    "notebook": ["-m", "ipykernel_launcher", "-f", "kernel.json", IMPORTED],
    "none of ours": ["-c", "input()"],
}


def core_files(process: int) -> str:
    """How large one may be."""
    limits = Path(f"/proc/{process}/limits").read_text().splitlines()
    return next(line for line in limits if "core file" in line).split()[-3]


@pytest.mark.skipif(os.name == "nt", reason="Windows leaves none")
@pytest.mark.parametrize("entry", ENTRIES)
def test_no_core_file_from_the_first_import(entry: str, tmp_path: Path) -> None:
    """Nor by a child, which inherits it: started by who may leave one of any size."""
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    if most == 0:
        pytest.skip("this system allows no core files")
    with subprocess.Popen(
        [sys.executable, *ENTRIES[entry]],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (most, most)),
    ) as process:
        try:
            if entry == "none of ours":
                assert "0" != core_files(process.pid)
                return
            while core_files(process.pid) != "0":
                assert process.poll() is None
        finally:
            process.kill()


def test_the_kernel_keeps_a_sound_copy_of_the_notebook(kernel: Kernel) -> None:
    """The transcript is a valid notebook that holds what went out, and no secret."""
    import nbformat

    kernel.run("print('avant', value, 'après')")
    model = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    sent = kernel.run(f"print(guard.transcript.notebook({model!r}).decode())")
    notebook = nbformat.reads(sent.text, 4)
    nbformat.validate(notebook)
    texts = [
        output.text
        for cell in notebook.cells
        for output in cell.outputs
        if output.output_type == "stream"
    ]
    assert "avant •••••• après\n" in texts
    assert not sent.tells(SECRET)


def test_a_source_that_ran_before_its_secret_was_known_is_kept_without_it() -> None:
    """A parameter that somebody gave to papermill, say: by the time the copy is written, the secret
    is known.
    """
    ran = Transcript([f"secret = {SECRET!r}"])
    Secret(SECRET)
    written = ran.notebook({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    assert MASK in written.decode() and not leaks.found(SECRET, written)
