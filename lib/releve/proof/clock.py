"""Whether this machine's clock can be right, by the portal's own: every time in a record is it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx

from releve.base.errors import ReleveError
from releve.proof import network

WRONG_BY = timedelta(days=1)
PATIENCE_SECONDS = 5.0


class ClockWrong(ReleveError):
    """Nothing was begun, and nothing was recorded under a false date."""


def check_clock(url: str) -> None:
    """Raises `ClockWrong` when the portal's date is more than a day away. A portal that does not
    answer says nothing: the browser will say why.
    """
    try:
        with network.client(PATIENCE_SECONDS, verified=False) as web:
            ahead = network.ahead(web.head(url))
    except httpx.HTTPError:
        return
    if ahead is not None and abs(ahead) > WRONG_BY:
        here = datetime.now(UTC)
        raise ClockWrong(here=f"{here:%d/%m/%Y}", there=f"{here + ahead:%d/%m/%Y}")
