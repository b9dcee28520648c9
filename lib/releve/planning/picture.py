"""The fleet as a picture: months as columns, structures as rows. Plain SVG, for the home notebook
and the manager's page.

Colour is never the only sign: each standing has its own mark and word, and each row its text for
screen readers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from html import escape

from releve.base.texts import NO_BREAK
from releve.planning.due import Due, Standing

WORDS = {
    Standing.STUCK: "bloquée",
    Standing.TO_PROVE: "à vérifier",
    Standing.OVERDUE: "en retard",
    Standing.UNKNOWN: "date inconnue",
    Standing.SOON: "à faire",
    Standing.FAR: "à jour",
}
_MANY = {Standing.STUCK: "bloquées", Standing.UNKNOWN: "dates inconnues"}
LOOK = {  # colour, mark
    Standing.STUCK: ("#8b1a1a", "■"),
    Standing.TO_PROVE: ("#8f5300", "◆"),
    Standing.OVERDUE: ("#c62828", "▲"),
    Standing.UNKNOWN: ("#6a4c93", "?"),
    Standing.SOON: ("#8f5300", "●"),
    Standing.FAR: ("#2e7d32", "✓"),
}
_MONTHS = (
    *("janv.", "févr.", "mars", "avr.", "mai", "juin"),
    *("juil.", "août", "sept.", "oct.", "nov.", "déc."),
)
_BEFORE, _COLUMNS = 2, 16  # months shown before this one, months in all: the portal's 14 months fit
_LEFT, _MONTH, _RIGHT, _ROW, _HEAD = 250, 44, 110, 18, 20  # pixels
_WIDTH = _LEFT + _COLUMNS * _MONTH + _RIGHT
_EVERY = 30  # rows after which the months are written again


def year(dues: Sequence[Due], today: date) -> str:
    """An SVG of about 18 pixels a structure, 1,064 wide; it scales to the page. An empty fleet
    gives the months alone.
    """
    start = _month(today, -_BEFORE)
    parts, y = [], 0
    for number, due in enumerate(dues):
        if number % _EVERY == 0:
            parts.append(_months(start, y))
            y += _HEAD
        parts.append(_row(due, start, y, today))
        y += _ROW
    if not dues:
        parts.append(_months(start, 0))
        y = _HEAD
    now = _x(today, start)
    line = (
        f'<line x1="{now}" x2="{now}" y1="{_HEAD}" y2="{y}" stroke="#1a237e" stroke-dasharray="3'
        " 2\"><title>aujourd'hui</title></line>"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y + 4}" width="{_WIDTH}"'
        ' style="max-width:100%;height:auto" role="img"'
        f' aria-label="{escape(summary(dues, today))}" font-family="system-ui, sans-serif"'
        f' font-size="12"><rect width="{_WIDTH}" height="{y + 4}"'
        f' fill="#fff"/>{"".join(parts)}{line}</svg>'
    )


def _counted(standing: Standing, number: int) -> str:
    """The word that goes with a number: "bloquées" with 2."""
    return _MANY.get(standing, WORDS[standing]) if number > 1 else WORDS[standing]


def summary(dues: Sequence[Due], today: date) -> str:
    """How many stand where, in one French sentence."""
    return f"Échéances au {today:%d/%m/%Y} : {counts(dues) or 'aucune structure'}."


def counts(dues: Sequence[Due]) -> str:
    """As "2 bloquées, 1 à faire"; "" of none."""
    return ", ".join(f"{number} {word}" for word, number in tally(dues) if number)


def tally(dues: Sequence[Due]) -> list[tuple[str, int]]:
    """How many stand where, with the word that goes with the number."""
    found = Counter(each.standing for each in dues)
    return [(_counted(standing, found[standing]), found[standing]) for standing in Standing]


def _month(day: date, offset: int) -> date:
    """The first day of the month that is `offset` months away."""
    months = day.year * 12 + day.month - 1 + offset
    return date(months // 12, months % 12 + 1, 1)


def _x(day: date, start: date) -> float:
    """Where a day stands, kept inside the picture."""
    first = day.replace(day=1)
    length = (_month(first, 1) - first).days
    months = (first.year - start.year) * 12 + first.month - start.month + (day.day - 1) / length
    return round(_LEFT + min(max(months, 0), _COLUMNS) * _MONTH, 1)


def _months(start: date, y: int) -> str:
    cells = []
    for number in range(_COLUMNS):
        month = _month(start, number)
        text = f"{_MONTHS[month.month - 1]}{f' {month.year % 100}' if month.month == 1 else ''}"
        cells.append(
            f'<text x="{_LEFT + number * _MONTH + 3}" y="{y + 14}" fill="#444"'
            f' font-size="10">{text}</text>'
        )
    return (
        f'<rect y="{y}" width="{_WIDTH}" height="{_HEAD}" fill="#eceff1"/>{"".join(cells)}'
    )


def _short(name: str) -> str:
    """What fits: the budgets of one commune begin with the same words, and differ at the end."""
    return name if len(name) <= 34 else f"{name[:16].rstrip()}…{name[-17:].lstrip()}"


def _row(due: Due, start: date, y: int, today: date) -> str:
    """The name, the bar from the last renewal to the day, the mark at the day, and the standing in
    words.
    """
    colour, mark = LOOK[due.standing]
    middle, name = y + 13, _short(due.name)
    last = f"dernier changement le {due.last:%d/%m/%Y}, " if due.last else ""
    # whatever its day, it is for now
    urgent = due.standing in (Standing.STUCK, Standing.TO_PROVE, Standing.UNKNOWN)
    at = _x(today if urgent or due.day is None else due.day, start)
    parts = [
        f"<g><title>{escape(f'{due.name} ({due.siret}) : {last}{due.why}')}</title>",
        f'<rect y="{y}" width="{_WIDTH}" height="{_ROW}" fill="#fff" stroke="#eceff1"/>',
        f'<text x="6" y="{middle}" fill="#212121">{escape(name)}</text>',
    ]
    if due.last and due.day:
        begin, at_day = _x(due.last, start), _x(due.day, start)
        parts.append(
            f'<rect x="{begin}" y="{y + 6}" width="{max(at_day - begin, 0):.1f}" height="6" rx="3"'
            ' fill="#c8e6c9"/>'
        )
        if due.day < today and not urgent:
            parts.append(
                f'<rect x="{at}" y="{y + 6}" width="{_x(today, start) - at:.1f}" height="6"'
                f' fill="{colour}"/>'
            )
    if due.limit and due.limit < start + timedelta(days=31 * _COLUMNS):
        limit = _x(due.limit, start)
        parts.append(
            f'<line x1="{limit}" x2="{limit}" y1="{y + 3}" y2="{y + 15}" stroke="#616161"'
            ' stroke-width="2"/>'
        )
    parts.append(
        f'<text x="{at}" y="{middle}" fill="{colour}" text-anchor="middle"'
        f' font-weight="bold">{mark}</text>'
    )
    day = "" if urgent or due.day is None else f" {due.day:%d/%m/%y}"
    parts.append(
        f'<text x="{_LEFT + _COLUMNS * _MONTH + 6}" y="{middle}" fill="{colour}"'
        f' font-size="11">{WORDS[due.standing]}{day}</text></g>'
    )
    return "".join(parts)


def legend() -> str:
    """The marks and their words, as one line of HTML."""
    marks = " · ".join(
        f'<span style="color:{colour}"><b>{mark}</b>{NO_BREAK}{WORDS[standing]}</span>'
        for standing, (colour, mark) in LOOK.items()
    )
    return f"{marks} · <b>│</b> limite du portail (424 jours) · <b>┊</b> aujourd'hui"
