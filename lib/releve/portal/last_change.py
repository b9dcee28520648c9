"""When an account's password was last changed, where the portal's own page says so.

Pure, and as strict as what names whose a button is: the day counts only beside those very words,
in the smallest block that holds this account and no other. Nobody has seen whether the real page
shows one.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date

from releve.base.settings import FIRST_DAY
from releve.base.words import Words
from releve.portal.view import View

_DAY = re.compile(r"\s*:?\s*(?:le\s+)?(\d{2})/(\d{2})/(\d{4})(?!\d)", re.IGNORECASE)
_BESIDE = ("above", "left", "before", "label", "aria")


def last_change(view: View, account: str, words: Words, today: date) -> date | None:
    """The day, or None: the page shows none, several, or one that cannot be. `view` is a look in
    `reading`.
    """
    exact, within = words.exact("structure.changed"), words.find("structure.changed")
    mine = {account.casefold()}
    tokens = [each for each in view.tokens if view.around(each, "account") == mine]
    texts = [each for each in view.texts if each.shown and view.around(each, "account") == mine]
    beside = (each for each in tokens if any(exact.search(each.near.get(s, "")) for s in _BESIDE))
    said = [each.raw for each in beside]
    said += [each.text[label.end() :] for each in texts if (label := within.search(each.text))]
    days = {day for each in said if (day := _day(each))}
    return days.pop() if len(days) == 1 and FIRST_DAY <= max(days) <= today else None


def _day(text: str) -> date | None:
    with suppress(ValueError):
        if found := _DAY.match(text):
            day, month, year = map(int, found.groups())
            return date(year, month, day)
    return None
