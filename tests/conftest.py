"""Fixtures that several test modules share."""

import os
import sys
import tempfile
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

if sys.platform != "win32":  # for good, in this process: nobody could try its children any more
    with patch("resource.setrlimit"):
        import releve  # noqa: F401

import pytest
from playwright.sync_api import Error, Page
from releve.base import secret
from xdist.scheduler import LoadScopeScheduling

pytest_plugins = [
    *("fixtures_keyring", "fixtures_pages", "fixtures_rotation"),
    *("fixtures_shell", "fixtures_screen"),
]


@pytest.fixture(autouse=True, scope="module")
def module_secrets() -> Iterator[None]:
    """What a module's shared fixtures made up is unknown to the next module (a secret is known for
    the life of a process).
    """
    yield from _forgotten()


@pytest.fixture(autouse=True)
def test_secrets(module_secrets: None) -> Iterator[None]:
    """A secret made up by one test is neither masked nor searched for in the next one's records."""
    yield from _forgotten()


@pytest.fixture
def shm() -> Iterator[Path]:
    """A folder in memory where there is one: thousands of journals are fsynced."""
    with tempfile.TemporaryDirectory(
        dir="/dev/shm" if Path("/dev/shm").is_dir() else None
    ) as folder:
        yield Path(folder)


def _forgotten() -> Iterator[None]:
    before = set(secret.registered())
    yield
    secret.forget(set(secret.registered()) - before)


# Long modules begin first, so that all workers stay busy to the end. The tests of a module that
# shares nothing go to whichever worker is free; every other module is one worker's from its first
# test to its last. Those of the portal mostly wait for a page to be still: they are spread among
# the others, which keep the machine busy, and there are twice as many workers as it has cores.
SPREAD = ("test_fleet", "test_lab", "test_route_contract", "test_once", "test_cli")
LONG = (
    *SPREAD,
    *("test_lab_reopened", "test_lab_shell"),
    *("test_crash", "test_leaks", "test_schedules", "test_bootstrap", "test_json"),
    *("test_find", "test_wrong_clicks", "test_login_codes"),
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long modules first. Without `--long`, what is marked so is left out, as a test or as most of
    its cases.
    """
    if not config.getoption("--long"):
        left = [item for item in items if item.get_closest_marker("long")]
        left += _cases_left(items)
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]
    items.sort(key=lambda item: LONG.index(item.path.stem) if item.path.stem in LONG else len(LONG))
    modules = dict.fromkeys(item.path for item in items)
    portal = [path for path in modules if path.parent.name == "portal"]
    others = [path for path in modules if path not in portal]
    place = {path: at / len(same) for same in (portal, others) for at, path in enumerate(same)}
    items.sort(key=lambda item: place[item.path])


def _cases_left(items: list[pytest.Item]) -> Iterator[pytest.Item]:
    tried = Counter[str]()
    for item in items:
        if mark := item.get_closest_marker("one_in"):
            test = item.nodeid.partition("[")[0]
            if tried[test] % mark.args[0]:
                yield item
            tried[test] += 1


class ByModule(LoadScopeScheduling):
    """Which tests stay together (xdist's own groups are lost under pytest 9.2, whose test ids
    cannot be given a suffix).
    """

    def _split_scope(self, nodeid: str) -> str:
        module = Path(nodeid.partition("::")[0]).stem
        return nodeid if module in SPREAD else module


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByModule:
    """Asked by xdist."""
    return ByModule(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that fails in JupyterLab tells what the person saw: a time-out alone says only what
    was not there.
    """
    report = yield
    given = getattr(item, "funcargs", {})
    window = given["counter"].desk.page if "counter" in given else given.get("page")
    if report.failed and isinstance(window, Page):
        for tab in window.context.pages:
            with suppress(
                Error
            ):  # a page that is gone shows nothing, and the failure is told all the same
                report.sections.append(
                    (f"seen at {tab.url}", tab.locator("body").inner_text(timeout=5000))
                )
    return report


def pytest_addoption(parser: pytest.Parser) -> None:
    """How many random schedules, how large a fleet, how many foreign portals; where to write the
    crash matrix as a page, on request.
    """
    parser.addoption("--schedules", type=int, default=1000, help="how many random schedules to try")
    parser.addoption(
        "--fleet",
        type=int,
        default=20,
        help="how many structures in the fleet with ten faults: a multiple of ten",
    )
    parser.addoption(
        "--long",
        action="store_true",
        help="every foreign portal of the zoo, every question lost in every way, a hundred monkeys",
    )
    parser.addoption("--seed", type=int, default=0, help="the one monkey to try")
    parser.addoption("--matrix", default="", help="write the crash matrix there, as a page")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where CI runs, a skipped test is a failed run: nothing that it needs is missing there."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if "CI" in os.environ and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The tables that tests record (`record_property("table", text)`) are printed once, at the end,
    whatever process made them.
    """
    for report in terminalreporter.stats.get("passed", []):
        for name, text in report.user_properties:
            if name == "table" and report.when == "call":
                terminalreporter.write_line(str(text))
