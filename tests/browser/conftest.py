"""A real browser over the really served site.

`page` comes from pytest-playwright, with our Chromium; `served` is the site as `intab serve`
gives it, `served_unisolated` the same without COOP and COEP; `watch` remembers what a page must
never do. Nothing here sleeps: wait for what the page shows.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserType, Page, expect

from tests.browser.watching import Watch
from tools import browser as finder

# Everything here runs beside other work; a second of it may take many.
expect.set_options(timeout=60_000)

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


def launch_args(*extra: str) -> dict[str, Any]:
    as_root = ("--no-sandbox",) if os.geteuid() == 0 else ()
    return {"executable_path": str(finder.find()), "args": [*QUIET, *as_root, *extra]}


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


@pytest.fixture
def watch(page: Page) -> Watch:
    return Watch(page)


@pytest.fixture(scope="session")
def served(site: Path) -> Iterator[str]:
    with serve_command(site) as address:
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
