"""Whether this machine's clock can be right, by the portal's own: every time in a record is it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

from releve.base.errors import ReleveError
from releve.proof.network import client

WRONG_BY = timedelta(days=1)
PATIENCE_SECONDS = 5.0


class ClockWrong(ReleveError):
    """Nothing was begun, and nothing was recorded under a false date."""


def check_clock(url: str) -> None:
    """Raises `ClockWrong` when the portal's date is more than a day away. A portal that does not
    answer says nothing: the browser will say why.
    """
    try:
        with client(PATIENCE_SECONDS, verified=False) as web:
            told = parsedate_to_datetime(web.head(url).headers.get("Date", ""))
    except (httpx.HTTPError, ValueError, TypeError):
        return
    there = told if told.tzinfo else told.replace(tzinfo=UTC)
    here = datetime.now(UTC)
    if abs(here - there) > WRONG_BY:
        raise ClockWrong(here=f"{here:%d/%m/%Y}", there=f"{there:%d/%m/%Y}")
