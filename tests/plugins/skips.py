"""In CI a skipped test is a failed one, unless what it needs can't exist there and it says so.

A reason may begin with ``cannot exist here:`` and then names what; every other skip, and every expected failure, ends
the run with exit code 1 when the variable ``CI`` is ``true``.
"""

import os

import pytest

ALLOWED = "cannot exist here:"


class SkipsFail:
    """Collects skipped tests and fails the run for them."""

    def __init__(self) -> None:
        self.unexplained: list[str] = []

    def _note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if not report.skipped:
            return
        reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reason = getattr(report, "wasxfail", reason).removeprefix("Skipped: ")
        if not reason.startswith(ALLOWED):
            self.unexplained.append(f"{report.nodeid}: {reason}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._note(report)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.unexplained and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.unexplained:
            terminalreporter.section("skipped tests fail CI")
            for line in self.unexplained:
                terminalreporter.line(line)


def pytest_configure(config: pytest.Config) -> None:
    """Switched on by ``CI=true``, in the process that reports (never in a worker of xdist)."""
    if os.environ.get("CI") == "true" and not hasattr(config, "workerinput"):
        config.pluginmanager.register(SkipsFail(), "skips-fail")
