"""The manager's page: who is due, what is stuck, what is unproven, and how much of people's time it
took. One HTML file, no network.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from releve.base.texts import typographic
from releve.planning.due import Due
from releve.planning.picture import legend, tally, year
from releve.record.folder import PAGE
from releve.record.history import Past

YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Numbers:
    """The last twelve months. `minutes` is people's time for each success, None without any."""

    succeeded: int
    failed: int
    left: int
    minutes: float | None
    minutes_in_all: float


def numbers(past: Sequence[Past], now: datetime) -> Numbers:
    """Counts of rotations begun within a year."""
    recent = [each for each in past if each.began and now - each.began < YEAR]
    done = [each for each in recent if each.outcome == "succeeded"]
    seconds = sum(each.human_seconds for each in recent)
    return Numbers(
        succeeded=len(done),
        failed=sum(each.outcome == "failed" for each in recent),
        left=sum(each.outcome in ("", "abandoned", "damaged") for each in recent),
        minutes=round(seconds / 60 / len(done), 1) if done else None,
        minutes_in_all=round(seconds / 60, 1),
    )


def page(
    dues: Sequence[Due],
    past: Sequence[Past],
    folder: Path,
    now: datetime | None = None,
    said: str = "",
) -> str:
    """The whole page; `folder` is where it will stand, for links to the records; `said` is said
    aloud at its head.
    """
    now = now or datetime.now(UTC)
    today = now.astimezone().date()
    # the oldest first: the last one stays
    latest = {each.account: each for each in past if each.outcome == "succeeded"}
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["day"] = lambda value: (
        f"{value:%d/%m/%Y}" if isinstance(value, date) else "inconnue"
    )
    environment.filters["link"] = lambda record: _link(Path(record) / PAGE, folder)
    html = environment.get_template("report.html.j2").render(
        now=now.astimezone(),
        said=said,
        counts=tally(dues),
        total=len(dues),
        today=[each for each in dues if each.today],
        stuck=[e for e in past if e.outcome in ("", "damaged") and _still_left(e, past)],
        unproven=[each for each in dues if each.proof == "none" and each.account in latest],
        latest=latest,
        numbers=numbers(past, now),
        picture=Markup(year(dues, today)),
        legend=Markup(legend()),
    )
    return typographic(html)


def _link(page: Path, folder: Path) -> str:
    """From a page in `folder`: by the way between the two, or whole from another drive of Windows.
    """
    try:
        return quote(Path(os.path.relpath(page, folder)).as_posix())
    except ValueError:
        return page.absolute().as_uri()


def _still_left(each: Past, past: Sequence[Past]) -> bool:
    """A damaged record matters until a later success of the same structure."""
    return each.open or not any(
        later.structure == each.structure and later.outcome == "succeeded"
        for later in past[past.index(each) :]
    )
