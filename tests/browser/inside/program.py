"""What the page's worker runs: fetch pytest and the tests, run them, put one JSON on the page.

The JSON has every test's outcome by node id, the text of what went wrong, and pytest's exit code.
It knows no test; `stage.json` beside the page names the wheels and what to run.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import traceback
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import pyodide_js
from pyodide.ffi import to_js
from pyodide.http import pyfetch
from pyscript import document

if TYPE_CHECKING:
    import pytest

FOLDER = "/home/pyodide/checkout"


class Reporter:
    """A pytest plugin that remembers each test's outcome: passed, failed or skipped."""

    def __init__(self) -> None:
        self.outcomes: dict[str, str] = {}
        self.failures: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Set-up, call and tear-down each report; a test passed where all three did."""
        if self.outcomes.get(report.nodeid, "passed") == "passed":
            self.outcomes[report.nodeid] = report.outcome
        self._keep_failure(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be imported reports nothing but this."""
        self._keep_failure(report)

    def _keep_failure(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if not report.passed:
            self.failures[report.nodeid] = report.longreprtext


async def main() -> None:
    try:
        report = await run_tests()
    except Exception:  # noqa: BLE001 - whatever it is, the page must tell
        report = {"outcomes": {}, "failures": {"the page": traceback.format_exc()}, "exit": -1}
    document.querySelector("#report").textContent = json.dumps(report)


async def run_tests() -> dict[str, Any]:
    here = str(document.baseURI)
    stage = await (await pyfetch(urljoin(here, "stage.json"))).json()
    await pyodide_js.loadPackage(to_js([urljoin(here, wheel) for wheel in stage["wheels"]]))
    await pyodide_js.loadPackage("pillow")  # which a page fetches with its first picture
    await pyodide_js.loadPackage("llguidance")
    checkout = await pyfetch(urljoin(here, stage["checkout"]))
    await checkout.unpack_archive(extract_dir=FOLDER)
    os.chdir(FOLDER)
    importlib.invalidate_caches()
    return run_pytest(stage["tests"])


def run_pytest(tests: str) -> dict[str, Any]:
    import pytest

    reporter = Reporter()
    code = pytest.main([tests], plugins=[reporter])
    return {"outcomes": reporter.outcomes, "failures": reporter.failures, "exit": int(code)}


asyncio.ensure_future(main())  # noqa: RUF006 - the page lives as long as the worker
