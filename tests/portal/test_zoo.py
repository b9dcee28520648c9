"""Foreign portals: a sample of the zoo, all of it with `--long` (or by `python tests/zoo`).

No run may click what is somebody else's, or reset twice, whatever the page; which skins are
completed is told, and the sample's must be.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from playwright.async_api import Browser
from zoo.mutations import MUTATIONS, Mutation
from zoo.run import completable, decoyed, rotation, table, taught
from zoo.skins import ZooSkin, every, named

SAMPLE = ("account-kebab", "cgi-whole")
"""Completed, and within a minute all together."""
SKINS = every()
SHOWN = ("confirm-reason", "list-bulk-actions", "menu-drupal-index-page", "structure-wizard")
"""A person has to show one thing, or to do that screen by hand."""


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


@pytest.mark.one_in(len(SKINS) // 2)
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.usefixtures("one_browser")
@pytest.mark.parametrize(
    ("skin", "mutation"), [*zip(SKINS, itertools.cycle(MUTATIONS))], ids=lambda each: each.name
)
async def test_a_foreign_portal_that_has_changed_is_not_clicked_wrong(
    skin: ZooSkin, mutation: Mutation
) -> None:
    """Another order, a neighbour's name, what is gone, renamed or greyed, a decoy next to it: the
    right click or none, and never a reset of what is not there.
    """
    result = await rotation(skin, mutation)
    assert not (result.wrong or result.needless), result.line()


@pytest.mark.long
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.usefixtures("one_browser")
@pytest.mark.parametrize("name", SHOWN)
async def test_who_shows_it_once_gets_to_the_end(name: str, chromium: Browser) -> None:
    """What Relève does not find, or cannot tell apart, a person points at."""
    (result,) = [each async for each in taught([named(name)], chromium)]
    assert result.completed and result.why.startswith("asked"), result.line()
    assert not (result.wrong or result.needless), result.line()


@pytest.mark.long
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.usefixtures("one_browser")
@pytest.mark.timeout(1800)
async def test_a_decoy_next_to_what_was_taught_is_not_clicked(
    chromium: Browser, record_property: Callable[[str, object], None]
) -> None:
    """One that has the document's words, and one that looks the same."""
    results = [each async for each in decoyed(SKINS[::4], chromium)]
    record_property("table", table(results))
    assert [] == [each.line() for each in results if each.wrong or each.needless]


def test_every_skin_says_where_it_comes_from() -> None:
    """At least half are drawn from something public, named in the first line."""
    assert all(skin.drawn_from and skin.sees for skin in SKINS)
    assert 2 * sum(not skin.drawn_from.startswith("made up") for skin in SKINS) >= len(SKINS)
