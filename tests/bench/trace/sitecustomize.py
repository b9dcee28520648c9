"""For `bench_rotation`: each Python process of a rotation notes in the file BENCH_TRACE when it
began, when it first imported what tells how far it is, and what it started.
"""

import json
import os
import sys
import time

MARKS = {"papermill": "papermill", "releve.jupyter.runbook": "the notebook's first line"}
PATH = os.environ.get("BENCH_TRACE", "")


def note(what: str) -> None:
    """One line."""
    with open(PATH, "a", encoding="utf-8") as trace:
        trace.write(json.dumps([time.time(), what]) + "\n")


def hook(event: str, arguments: tuple[object, ...]) -> None:
    """An audit hook."""
    if event == "import" and (mark := MARKS.pop(str(arguments[0]), "")):
        note(mark)
    elif event == "subprocess.Popen":
        given = " ".join(map(str, arguments[1]))  # type: ignore[call-overload]
        for mark, program in (("kernel", "ipykernel_launcher"), ("driver", "node")):
            if program in given:
                note(mark)


if PATH:
    sys.addaudithook(hook)
