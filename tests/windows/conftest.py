"""These tests are about Windows: `python3 lib test --windows WORK` runs them, nothing else does."""

import sys

import pytest

collect_ignore_glob = [] if sys.platform == "win32" else ["*"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Wine takes its time: what a module says of its own is for Linux."""
    for item in items if sys.platform == "win32" else ():
        item.add_marker(pytest.mark.timeout(900), append=False)
