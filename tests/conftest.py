"""Fixtures that several test modules share."""

import pytest

pytest_plugins = ["fixtures_keyring", "fixtures_rotation"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """How many random schedules; where to write the crash matrix as a page, on request."""
    parser.addoption("--schedules", type=int, default=1000, help="how many random schedules to try")
    parser.addoption("--matrix", default="", help="write the crash matrix there, as a page")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The tables that tests record (`record_property("table", text)`) are printed once, at the end, whatever process made them."""
    for report in terminalreporter.stats.get("passed", []):
        for name, text in report.user_properties:
            if name == "table" and report.when == "call":
                terminalreporter.write_line(str(text))
