"""What the records tell of every rotation there was: read fast, from the journals, a line's worth
of each.

Only the lines that matter are parsed (a journal has some thirty, five of them matter), and a
journal that has not changed is not read again by the same process: a fleet asks at every structure.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from releve.base.errors import ReleveError
from releve.decision import journal as j
from releve.record.folder import RecordFolder

SAME_DAY = timedelta(hours=24)
PATIENCE_SECONDS = 15 * 60  # a person who answers later than that was elsewhere in the meantime
_MATTERS = re.compile(
    rb'"event": "(?:rotation\.|run\.|reset\.|gate\.|proof\.|step\.failed|target\.)|"mode": "manual"'
)
_BY_HAND = {"widget", "terminal"}


class JustDone(ReleveError):
    """A scheduler that fires twice must not reset twice."""

    code = 3
    happened = "Le mot de passe de {account} a déjà été renouvelé le {when}."
    safe = "Rien n'a été fait : une seconde réinitialisation annulerait la première."
    todo = "S'il faut vraiment recommencer tout de suite, ajoutez --again."


@dataclass(frozen=True)
class Past:
    """One rotation. `outcome` is "" while it is open, "damaged" when its journal cannot be read;
    times are UTC.
    """

    record: Path
    run: str
    structure: str
    account: str = ""
    name: str = ""
    school: bool = False
    began: datetime | None = None
    ended: datetime | None = None  # of the last event that matters
    closed: datetime | None = None
    outcome: str = ""
    proof: str = ""
    touched: bool = False  # a reset was announced, and the portal did not deny it
    code: int = 0  # of the last process that put it down
    error: str = ""
    text: str = ""
    human_seconds: float = 0.0  # spent by a person at gates and at steps done by hand

    @property
    def open(self) -> bool:
        """Neither closed nor abandoned."""
        return self.outcome == ""


def history(outputs: Path) -> list[Past]:
    """Every rotation of the folder, the oldest first; rehearsals are left out. Never raises for a
    damaged journal.
    """
    found = []
    for entry in sorted(_folders(outputs), key=lambda each: each.name):
        folder = RecordFolder.at(Path(entry.path))
        past = _past(folder) if folder else None
        if past is not None and past.outcome != "rehearsed":
            found.append(past)
    return found


def _folders(outputs: Path) -> list[os.DirEntry[str]]:
    try:
        return [entry for entry in os.scandir(outputs) if entry.name[:1].isdigit()]
    except FileNotFoundError:
        return []


def _past(folder: RecordFolder) -> Past | None:
    """None for a folder without a journal that tells of a rotation, and for a rehearsal that is
    still open.
    """
    try:
        stat = (folder.path / j.FILE_NAME).stat()
    except OSError:
        return None
    return _read(folder, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=50_000)
def _read(folder: RecordFolder, size: int, changed: int) -> Past | None:
    """Cached by size and time of change: a journal only grows."""
    try:
        lines = (folder.path / j.FILE_NAME).read_bytes().split(b"\n")[:-1]
        events = [
            json.loads(line) | {"before": lines[at - 1]}
            for at, line in enumerate(lines)
            if _MATTERS.search(line)
        ]
        return _tell(folder, events)
    except (OSError, ValueError, KeyError, TypeError):
        return Past(
            folder.path, folder.run, folder.siret, outcome="damaged", touched=True
        )  # who knows


def _tell(folder: RecordFolder, events: list[dict[str, Any]]) -> Past | None:
    """The rotation from its events, as JSON gives them."""
    first = next((each for each in events if each["event"] == "rotation.opened"), None)
    if first is None or first.get("rehearsal"):
        return None
    last: dict[str, dict[str, Any]] = {each["event"]: each for each in events}
    end = last.get("rotation.closed") or last.get("rotation.abandoned")
    stop = _last_stop(events)
    return Past(
        folder.path,
        folder.run,
        first["structure"],
        account=first["account"],
        name=first["name"],
        school=bool(first.get("school")),
        began=_time(first),
        ended=_time(events[-1]),
        closed=_time(end) if end else None,
        outcome=end.get("outcome", "abandoned") if end else "",
        proof=last.get("proof.given", {}).get("proof", ""),
        touched=_touched(events),
        code=stop.get("code", 0),
        error=stop.get("error", ""),
        text=stop.get("text", ""),
        human_seconds=_human_seconds(events),
    )


def _last_stop(events: list[dict[str, Any]]) -> dict[str, Any]:
    """How the last process put the rotation down, or the step that stopped it in front of a person;
    empty when neither was said.
    """
    said = [
        each for each in events if each["event"] not in ("rotation.closed", "rotation.abandoned")
    ]
    return said[-1] if said and said[-1]["event"] in ("run.stopped", "step.failed") else {}


def _touched(events: list[dict[str, Any]]) -> bool:
    denied = {each["attempt"] for each in events if each["event"] == "reset.not_done"}
    return any(
        each["event"] == "reset.intended" and each["attempt"] not in denied for each in events
    )


def _human_seconds(events: list[dict[str, Any]]) -> float:
    """The time before each answer of a person, since the line before it; longer than
    `PATIENCE_SECONDS` counts as that.
    """
    total = 0.0
    for each in events:
        person = (
            each.get("how") in _BY_HAND
            or each.get("mode") == "manual"
            or each.get("proof") == "attested"
        )
        if person and each["event"] != "rotation.closed":
            waited = _time(each) - _time(json.loads(each["before"]))
            total += min(max(waited.total_seconds(), 0.0), PATIENCE_SECONDS)
    return total


def _time(event: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(event["time"])


def refuse_twice(outputs: Path, account: str, kept: datetime | None = None) -> None:
    """Raises `JustDone` when the account was renewed within a day and nothing of it is left open.
    Under its lock, this is sure. `kept`: when, by the keyring, which outlives a lost folder.
    """
    past = [each for each in history(outputs) if each.account == account]
    closed = [each.closed for each in past if each.outcome == "succeeded" and each.closed]
    if kept and not any(each.ended and each.ended >= kept for each in past):
        closed.append(kept)
    done = max(closed, default=None)
    if done and not any(each.open for each in past) and datetime.now(UTC) - done < SAME_DAY:
        raise JustDone(account=account, when=f"{done.astimezone():%d/%m/%Y à %H:%M}")
