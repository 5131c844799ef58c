"""In CI nothing is skipped but what needs a GPU: any other skip fails the run and is named at its end.

A pytest plugin, loaded by the project's configuration. It acts only where CI=true.
"""

import os
from collections.abc import Generator

import pytest


class SkipsFail:
    """Collects the skips that CI must not have, and turns a green exit status red if there are any."""

    def __init__(self) -> None:
        self.found: list[str] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if report.skipped and not hasattr(report, "wasxfail") and item.get_closest_marker("gpu") is None:
            self.found.append(f"{item.nodeid}: {_reason(report)}")
        return report

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        # A module that skips itself as a whole (pytest.importorskip) has no item to report on.
        if report.skipped:
            self.found.append(f"{report.nodeid}: {_reason(report)}")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.found and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.found:
            terminalreporter.section(
                "skipped, which CI does not allow (mark it `gpu` or install what it needs)", red=True
            )
            for line in self.found:
                terminalreporter.line(line)


def pytest_configure(config: pytest.Config) -> None:
    if os.environ.get("CI", "").lower() == "true":
        config.pluginmanager.register(SkipsFail(), "skips-fail")


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    place = report.longrepr
    return str(place[2]) if isinstance(place, tuple) else str(place)
