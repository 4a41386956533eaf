"""Runs the tests from the quick to the costly, under a heading each: ``pytest -p tests.sections``.

Unit, property (those with hypothesis), integration (a real API server), end to end (containers or simulated nodes). Within a
section the order stays pytest's own. The closing summary names how many tests each section had and how long it took.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

TITLES = {
    "unit": "Unit",
    "property": "Properties",
    "integration": "Integration: a real API server",
    "e2e": "End to end: containers and nodes",
}
ORDER = {name: number for number, name in enumerate(TITLES)}


def section_of(item: pytest.Item) -> str:
    """The section that a test belongs to: that of its costliest mark."""
    for mark, section in (("e2e", "e2e"), ("integration", "integration"), ("hypothesis", "property")):
        if item.get_closest_marker(mark):
            return section
    return "unit"


@dataclass(slots=True, eq=False)  # pluggy keeps plugins in sets
class Sections:
    """Which test is in which section, and what has been spent on each."""

    reporter: TerminalReporter
    of_test: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    current: str = ""
    since: float = 0.0

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: ORDER[section_of(item)])

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.of_test = {item.nodeid: section_of(item) for item in session.items}
        for section in self.of_test.values():
            self.counts[section] = self.counts.get(section, 0) + 1

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        section = self.of_test.get(nodeid, "unit")
        if section != self.current:
            self._close()
            self.current, self.since = section, time.monotonic()
            self.reporter.ensure_newline()
            self.reporter.write_sep("─", f"{TITLES[section]} ({self.counts.get(section, 0)} tests)", bold=True)

    def pytest_sessionfinish(self) -> None:
        self._close()

    def pytest_terminal_summary(self) -> None:
        if self.seconds:
            self.reporter.write_sep("─", "sections", bold=True)
        for section, seconds in self.seconds.items():
            self.reporter.write_line(f"{TITLES[section]:36} {self.counts[section]:6} tests {seconds:9.1f} s")

    def _close(self) -> None:
        if self.current:
            self.seconds[self.current] = self.seconds.get(self.current, 0.0) + time.monotonic() - self.since
            self.current = ""


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        config.pluginmanager.register(Sections(reporter), "taskdist-sections")
