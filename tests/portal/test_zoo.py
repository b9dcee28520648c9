"""Foreign portals: a sample of the zoo, all of it with `--long` (or by `python tests/zoo`).

No run may click what is somebody else's, or reset twice, whatever the page; which skins are
completed is told, and the sample's must be.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.async_api import Browser
from zoo.run import changed, completable, rotation, table
from zoo.skins import ZooSkin, every, named

SAMPLE = ("account-kebab", "cgi-whole")
"""Completed, and within a minute all together."""
SKINS = every()


@pytest.fixture
def skins(pytestconfig: pytest.Config) -> list[ZooSkin]:
    """The sample, or everything."""
    return SKINS if pytestconfig.getoption("--long") else [named(name) for name in SAMPLE]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.usefixtures("one_browser")
@pytest.mark.timeout(3600)
async def test_no_foreign_portal_is_clicked_wrong(
    skins: list[ZooSkin], chromium: Browser, record_property: Callable[[str, object], None]
) -> None:
    """Each skin can be completed by a person; Relève completes the sample, and harms none."""
    assert {} == {s.name: why for s in skins if (why := await completable(s, chromium))}
    results = [await rotation(skin) for skin in skins]
    record_property("table", table(results))
    assert [] == [each.line() for each in results if each.wrong or each.needless]
    assert [] == [
        each.line() for each in results if each.skin.name in SAMPLE and not each.completed
    ]


@pytest.mark.long
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.usefixtures("one_browser")
@pytest.mark.timeout(3600)
async def test_a_foreign_portal_that_has_changed_is_not_clicked_wrong(
    skins: list[ZooSkin], record_property: Callable[[str, object], None]
) -> None:
    """Another order, a neighbour's name, what is gone, a decoy on every page: the right click or
    none, and never a reset of what is not there.
    """
    results = [each async for each in changed(skins, 1)]
    record_property("table", table(results))
    assert [] == [each.line() for each in results if each.wrong or each.needless]


def test_every_skin_says_where_it_comes_from() -> None:
    """At least half are drawn from something public, named in the first line."""
    assert all(skin.drawn_from and skin.sees for skin in SKINS)
    assert 2 * sum(not skin.drawn_from.startswith("made up") for skin in SKINS) >= len(SKINS)
