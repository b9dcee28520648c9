"""The executed notebook as the kernel saw it: the model, with the sources that ran and the outputs
that went out.

The kernel sees every source and every output, whoever runs it. This copy needs no front end, and
holds nothing that was not scrubbed. A widget's view names its model and holds nothing else: it
stays while its cell waits, so that a page that is opened again shows the question again.
"""

from __future__ import annotations

import json
import secrets
from typing import Any

from releve.base.secret import scrub

_OUTPUTS = {
    "stream": ("name", "text"),
    "display_data": ("data", "metadata"),
    "error": ("ename", "evalue", "traceback"),
}
_OUTPUTS["execute_result"] = ("data", "metadata", "execution_count")


class Transcript:
    """The cells that ran, in their order; `sources` are those that ran before it began."""

    def __init__(self, sources: list[str]) -> None:
        self._ran = [_ran(source, number) for number, source in enumerate(sources, 1)]
        self._by_request: dict[str, dict[str, Any]] = {}

    def note(self, msg: dict[str, Any]) -> None:
        """Keep what a message, already scrubbed, adds to the notebook."""
        kind, content = msg["header"]["msg_type"], msg["content"]
        parent = msg.get("parent_header") or {}
        request = parent.get("msg_id", "")
        if kind == "execute_input":
            self._by_request[request] = cell = _ran(content["code"], content["execution_count"])
            self._ran.append(cell)
        elif kind in _OUTPUTS and parent.get("msg_type") == "execute_request":
            outputs, new = self._cell(request)["outputs"], _output(kind, content)
            if kind == "stream" and outputs and outputs[-1].get("name") == new["name"]:
                outputs[-1]["text"] += new["text"]
            else:
                outputs.append(new)
        elif kind == "clear_output" and request in self._by_request:
            self._by_request[request]["outputs"].clear()

    def _cell(self, request: str) -> dict[str, Any]:
        """The cell of that request; the one that was running when the transcript began is the last
        of its sources.
        """
        if not self._ran:
            self._ran.append(_ran("", None))
        return self._by_request.setdefault(request, self._ran[-1])

    def notebook(self, model: dict[str, Any]) -> bytes:
        """The model with what ran in its cells, in nbformat 4; a source that the model has not gets
        a cell of its own, scrubbed: it may have run before its secret was known.
        """
        cells = [json.loads(json.dumps(cell)) for cell in model["cells"]]
        place = 0
        for ran in self._ran:
            found = next((n for n, cell in enumerate(cells) if _same(cell, ran)), None)
            if found is None:
                own = {"id": secrets.token_hex(4), "source": scrub(ran["source"])}
                cells.insert(place, ran | own)
                place += 1
            else:
                cells[found] |= {key: ran[key] for key in ("outputs", "execution_count")}
                place = found + 1
        notebook = model | {"cells": cells}
        return json.dumps(notebook, ensure_ascii=False, indent=1).encode() + b"\n"


def _ran(source: str, count: int | None) -> dict[str, Any]:
    said: dict[str, Any] = {"execution_count": count, "source": source}
    return said | {"cell_type": "code", "metadata": {}, "outputs": []}


def _same(cell: dict[str, Any], ran: dict[str, Any]) -> bool:
    source: str = "".join(cell["source"])
    return cell["cell_type"] == "code" and source.strip() == str(ran["source"]).strip()


def _output(kind: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"output_type": kind} | {key: content[key] for key in _OUTPUTS[kind]}
