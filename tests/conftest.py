"""What every test may use: async tests without a plugin, the checkout, the assembled site.

Async tests run in CPython and inside Pyodide from the same files. Fast tests go first, so that
a plain mistake shows before a browser starts.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import signal
import sys
from collections import defaultdict
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[1]

# No test may fail for being slow: the machines that run them have other work too.
# Inside Pyodide, where all takes some eight times as long, a fifth of the examples are drawn.
settings.register_profile(
    "untimed",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=20 if sys.platform == "emscripten" else 100,
)
settings.load_profile("untimed")

# A shell that starts the tests in the background has them ignore Ctrl-C, which some tests press.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Seconds that a file of tests may take on a quiet machine, 10 where it is not named. The longest
# begin first, so that none is left alone at the end.
BUDGET: dict[str, int] = json.loads((ROOT / "tests" / "budget.json").read_text("utf-8"))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    wanted = inspect.signature(pyfuncitem.obj).parameters
    run_to_end(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in wanted}))
    return True


def run_to_end(test: Coroutine[Any, Any, T]) -> T:
    if sys.platform == "emscripten":
        from pyodide.ffi import run_sync

        found: T = run_sync(test)
        return found
    # Playwright's sync API keeps a loop running in this thread.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, test).result()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    _refuse_browsers_for_the_engine(items)
    items.sort(key=lambda item: (_is_in_a_browser(item), -BUDGET.get(_file(item), 0)))
    if os.environ.get("CI"):
        _give_browsers_a_second_try(items)


def _give_browsers_a_second_try(items: list[pytest.Item]) -> None:
    """As Playwright's own template has it on CI: one of hundreds of visits may go wrong on a busy
    machine. What failed at first is told at the end (`_tell_of_reruns`)."""
    for item in items:
        if _is_in_a_browser(item):
            item.add_marker(pytest.mark.flaky(reruns=1))


def _refuse_browsers_for_the_engine(items: list[pytest.Item]) -> None:
    """A parameter called `context` or `page` is Playwright's: inside Pyodide its id is another."""
    for item in items:
        if "engine" in item.path.parts and "browser_name" in getattr(item, "fixturenames", ()):
            raise pytest.UsageError(f"{item.nodeid}: a parameter is named as a browser's fixture")


def _is_in_a_browser(item: pytest.Item) -> bool:
    return not {"browser", "wheels"}.isdisjoint(item.path.parts)


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What passed at a second try alone, and what took longer than it should."""
    _tell_of_reruns(terminalreporter)
    _tell_of_slowness(terminalreporter)


def _tell_of_reruns(terminalreporter: pytest.TerminalReporter) -> None:
    """Each is a fault of the product or of the test, to be looked into: with all that it said."""
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.section(f"failed at first: {report.nodeid}", red=True)
        terminalreporter.write_line(report.longreprtext)
        for title, text in report.sections:
            terminalreporter.write_line(f"{title}: {text}")


def _tell_of_slowness(terminalreporter: pytest.TerminalReporter) -> None:
    """What took longer than tests/budget.json gives it; slowness fails nothing."""
    took: dict[str, float] = defaultdict(float)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                took[report.nodeid.partition("::")[0]] += report.duration
    over = {file: spent for file, spent in took.items() if spent > BUDGET.get(file, 10)}
    for file, spent in sorted(over.items(), key=lambda each: -each[1]):
        terminalreporter.write_line(f"{file} took {spent:.0f} s, planned {BUDGET.get(file, 10)} s")


@pytest.fixture(scope="session")
def site() -> Path:
    """The assembled site; quick where it is up to date, as after `make site`."""
    from tools.site.__main__ import bring_up_to_date
    from tools.site.sources import Sources

    folder = ROOT / "build" / "site"
    bring_up_to_date(Sources(ROOT), folder)
    return folder


@pytest.fixture(autouse=True)
def cache_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """No test keeps models in the user's cache, or finds another test's."""
    if sys.platform != "emscripten":
        monkeypatch.setenv("INTAB_CACHE", str(tmp_path_factory.mktemp("cache")))
