"""What the tests of each file cost: seconds of processor, which say the same beside other work as alone.

Those of the test's own process and of the children it has seen the end of. A server that a whole run shares is charged to
the run's end; waiting costs nothing. ``--durations N`` prints the dearest N.
"""

import os
from collections import defaultdict
from collections.abc import Generator

import pytest

COLLECTING, ENDING = "(collecting, in all processes)", "(servers of a whole run)"


class Costs:
    """Charges each phase of a test to its file; the sums are the controller's, to which xdist hands the reports."""

    def __init__(self) -> None:
        self._until = 0.0
        self._last = False
        self._due = defaultdict[str, float](float)
        self._sums = defaultdict[str, float](float)

    def pytest_collection_finish(self) -> None:
        self._due[COLLECTING] += self._since()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self, nextitem: pytest.Item | None) -> None:
        self._last = nextitem is None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report: pytest.TestReport = yield
        whose = ENDING if call.when == "teardown" and self._last else item.nodeid.partition("::")[0]
        self._due[whose] += self._since()
        report.__dict__["cpu_s"] = dict(self._due)  # a report takes all of it to the controller
        self._due.clear()
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for whose, cpu_s in getattr(report, "cpu_s", {}).items():
            self._sums[whose] += cpu_s

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not (most := terminalreporter.config.option.durations):
            return
        terminalreporter.section("seconds of processor")
        for whose, cpu_s in sorted(self._sums.items(), key=lambda each: -each[1])[:most]:
            terminalreporter.write_line(f"{cpu_s:8.1f}  {whose}")
        terminalreporter.write_line(f"{sum(self._sums.values()):8.1f}  in all")

    def _since(self) -> float:
        """What was spent since it was asked last."""
        before, self._until = self._until, sum(os.times()[:4])
        return self._until - before


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Costs())
