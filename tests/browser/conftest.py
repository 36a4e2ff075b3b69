"""A real browser over the really served site.

`page` comes from pytest-playwright, with our Chromium; `served` is the site as `intab serve`
gives it, `served_unisolated` the same without COOP and COEP; `watch` remembers what a page must
never do. Nothing here sleeps: wait for what the page shows.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserType, Error, Page, expect

from tests.browser.copies import copy_site
from tests.browser.returning import Returning
from tests.browser.visitor import DONE, VISITORS, Visitor, visits
from tests.browser.watching import Watch
from tests.support.graphs import FORMS, write_model
from tools import browser as finder

# Everything here runs beside other work; a second of it may take many.
expect.set_options(timeout=60_000)

# Where a test puts a model.
Stock = Callable[[str], Path]
# Chromium's own errands: updates, safe browsing, field trials.
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
)
# WebGPU in software: slow, right, and enough to test that path.
SOFTWARE_WEBGPU = (
    "--enable-unsafe-webgpu",
    "--use-webgpu-adapter=swiftshader",
    "--enable-features=Vulkan",
)


def folder_of(form: str) -> str:
    return form.replace(" ", "-")


def launch_args(*extra: str) -> dict[str, Any]:
    as_root = ("--no-sandbox",) if os.geteuid() == 0 else ()
    return {"executable_path": str(finder.find()), "args": [*QUIET, *as_root, *extra]}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Beside what failed, what the pages show."""
    report = yield
    if report.failed:
        for visitor in VISITORS:
            if not visitor.page.is_closed():
                report.sections.append((f"the page {visitor.page.url}", seen(visitor)))
    return report


def seen(visitor: Visitor) -> str:
    try:
        return visitor.seen()
    except Error as error:  # no page of ours, or one that hangs
        return f"nothing can be seen: {error}"


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return launch_args()


@pytest.fixture(scope="session")
def webgpu_browser(browser_type: BrowserType) -> Iterator[Browser]:
    browser = browser_type.launch(**launch_args(*SOFTWARE_WEBGPU))
    yield browser
    browser.close()


@pytest.fixture
def webgpu_page(webgpu_browser: Browser) -> Iterator[Page]:
    page = webgpu_browser.new_page()
    yield page
    page.close()


@pytest.fixture(scope="session")
def returning(browser: Browser, served: str) -> Iterator[Returning]:
    """For what is not about a first visit."""
    visitor = Returning(browser, served)
    yield visitor
    visitor.close()


@pytest.fixture(scope="session")
def returning_with_gpu(webgpu_browser: Browser, served: str) -> Iterator[Returning]:
    visitor = Returning(webgpu_browser, served)
    yield visitor
    visitor.close()


@pytest.fixture(scope="module")
def on_wasm(returning: Returning, address: str) -> Iterator[Visitor]:
    """Who runs on wasm, at the `address` that a file of tests has."""
    yield from visits(returning, address)


@pytest.fixture(scope="module")
def on_webgpu(returning_with_gpu: Returning, address: str) -> Iterator[Visitor]:
    """The same on WebGPU."""
    yield from visits(returning_with_gpu, address)


@pytest.fixture
def page(page: Page) -> Page:
    """With patience for a busy machine."""
    page.set_default_timeout(DONE)
    return page


@pytest.fixture
def later(returning: Returning) -> Iterator[Page]:
    """A page of one who was here before."""
    page = returning.new_page()
    yield page
    page.close()


@pytest.fixture
def watch(page: Page) -> Watch:
    return Watch(page)


@pytest.fixture(scope="session")
def stocked(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site that `served` serves: tests put their models into its `models/`."""
    return copy_site(site, tmp_path_factory.mktemp("stocked") / "site")


@pytest.fixture(scope="session")
def stock(stocked: Path) -> Stock:
    """Where a test puts a model, by a name that no other has."""

    def place(name: str) -> Path:
        folder = stocked / "models" / name
        assert not folder.exists(), f"another test has a model called {name}"
        return folder

    return place


@pytest.fixture(scope="session")
def forms(stock: Stock) -> list[str]:
    """The names of models there, one of each form of graph."""
    return [write_model(stock(folder_of(name)), form).name for name, form in FORMS.items()]


@pytest.fixture(scope="session")
def served(stocked: Path) -> Iterator[str]:
    with serve_command(stocked) as address:
        yield address


@pytest.fixture(scope="session")
def served_unisolated(site: Path) -> Iterator[str]:
    with serve_command(site, "--no-isolation") as address:
        yield address


@contextmanager
def serve_command(folder: Path, *options: str) -> Iterator[str]:
    """`intab serve` as a user runs it; the address it prints."""
    with server(folder, *options) as (_, address):
        yield address


@contextmanager
def server(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The same, with its process."""
    command = [sys.executable, "-m", "intab.cli.main", "serve", str(folder), "--port", "0"]
    process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True)
    with process:
        try:
            yield process, printed_address(process)
        finally:
            process.terminate()


def printed_address(process: subprocess.Popen[str]) -> str:
    for line in process.stdout or ():
        if line.startswith("The page is at "):
            return line.split()[4]
    raise RuntimeError("intab serve ended before it printed an address")
