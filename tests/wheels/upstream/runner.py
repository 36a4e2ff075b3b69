"""Runs inside Pyodide: pytest over upstream's tests, one outcome a test as plain data."""

from __future__ import annotations

import inspect
import os
import sys

import pytest
from pyodide.ffi import run_sync


class Outcomes:
    """A pytest plugin that leaves out what is listed and notes how the rest ends."""

    def __init__(self, excluded: list[str]) -> None:
        self.excluded = set(excluded)
        self.found: list[str] = []
        self.outcomes: dict[str, str] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self.found = [item.nodeid for item in items]
        items[:] = [item for item in items if item.nodeid not in self.excluded]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.outcomes[report.nodeid] = f"failed {report.longrepr}"[:1500]

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        """Async tests, without pytest-asyncio: the page's own event loop runs them."""
        if not inspect.iscoroutinefunction(pyfuncitem.obj):
            return None
        run_sync(pyfuncitem.obj())
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or not report.passed:
            note = report.longreprtext[-1500:] if report.failed else ""
            self.outcomes[report.nodeid] = f"{report.outcome} {note}".strip()


def run(excluded: list[str]) -> dict[str, object]:
    """Run the suite in its own folder, as upstream does."""
    os.makedirs("/upstream/python/data", exist_ok=True)  # noqa: PTH103 - a test writes there
    os.chdir("/upstream/python")
    sys.path.insert(0, "/upstream")
    plugin = Outcomes(excluded)
    code = pytest.main(["-q", "-p", "no:cacheprovider", "-W", "ignore", "tests"], plugins=[plugin])
    return {"code": int(code), "found": plugin.found, "outcomes": plugin.outcomes}
