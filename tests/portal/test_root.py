"""Root goes to no real portal: the school's is open to all."""

from __future__ import annotations

import os
from unittest.mock import AsyncMock, patch

import pytest
from releve.base.origins import ORIGINS, origin
from releve.base.settings import Portal
from releve.portal import pool
from releve.portal.browser import PortalBrowser
from releve.portal.pool import Pool, RootRefused

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(not hasattr(os, "geteuid"), reason="there is no root here"),
]


async def began(url: str, uid: int) -> bool:
    """Whether that user's browser was started for that portal; no browser is, whatever happens."""
    with (
        patch.object(pool.os, "geteuid", lambda: uid),
        patch.object(PortalBrowser, "start", AsyncMock()) as start,
    ):
        try:
            portal = Portal("xt012345", url, origins=(origin(url),))
            await Pool().browser(portal, interactive=False)
        finally:
            started = start.await_count
    return bool(started)


@pytest.mark.parametrize(
    "url",
    [Portal("xt012345").url, f"{ORIGINS[1]}/", "https://127.0.0.1.exemple.net/", "https://10.0.0.1/"],
)
async def test_root_is_refused_before_a_browser_starts(url: str) -> None:
    """Whatever is not this very machine."""
    with patch.object(pool.browsers, "find") as find, pytest.raises(RootRefused) as raised:
        await began(url, 0)
    assert 2 == raised.value.code
    assert not find.called


@pytest.mark.parametrize("url", ["http://127.0.0.1:8001/", "http://localhost:8001/"])
async def test_the_training_site_is_open_to_root(url: str) -> None:
    """As the demonstration in a container is."""
    assert await began(url, 0)


async def test_another_user_goes_to_the_portal() -> None:
    """It is root alone that is refused."""
    assert await began(Portal("xt012345").url, 1000)
