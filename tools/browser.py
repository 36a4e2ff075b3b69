"""Finds a Chromium for the tests: `python -m tools.browser` prints its path.

In this order: INTAB_CHROMIUM; Playwright's own, downloaded where that works; one that the machine
has; one from apt, as root. Each must start before it is taken, and what was found is remembered
in build/. It knows nothing of pages and drives nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REMEMBERED = ROOT / "build" / "browser.path"
USUAL = (
    "/usr/lib/chromium/chromium",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/snap/bin/chromium",
)
# A download of 150 MB on a slow line; without a network it fails in seconds.
DOWNLOAD_SECONDS = 300
CONNECTION_MILLISECONDS = "5000"


class BrowserError(Exception):
    """There is no such browser and none could be had; the message says how to name one."""


def find() -> Path:
    """A Chromium that starts."""
    if named := os.environ.get("INTAB_CHROMIUM"):
        return _named(Path(named))
    if REMEMBERED.exists() and (known := Path(REMEMBERED.read_text())).exists():
        return known
    for candidate in candidates():
        if starts(candidate):
            REMEMBERED.parent.mkdir(exist_ok=True)
            REMEMBERED.write_text(str(candidate))
            return candidate
    raise BrowserError(
        "No Chromium found, none could be downloaded or installed; install one "
        "(Debian: apt-get install chromium) or name it: INTAB_CHROMIUM=/path/to/chromium"
    )


def _named(path: Path) -> Path:
    if not starts(path):
        raise BrowserError(f"INTAB_CHROMIUM names {path}, which does not start.")
    return path


def candidates() -> Iterator[Path]:
    """Lazily: nothing is downloaded or installed once an earlier candidate starts."""
    for source in SOURCES:
        yield from source()


def playwrights_own() -> Iterator[Path]:
    path = _playwrights_path()
    if not path.exists():
        _quietly(
            [sys.executable, "-m", "playwright", "install", "chromium"],
            seconds=DOWNLOAD_SECONDS,
            PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT=CONNECTION_MILLISECONDS,
        )
    yield path


def _playwrights_path() -> Path:
    # Imported here: a remembered browser must not wait for Playwright's driver.
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path)


def the_machines() -> Iterator[Path]:
    for name in USUAL:
        if found := shutil.which(name):
            yield Path(found)


def from_apt() -> Iterator[Path]:
    if install("chromium"):
        yield from the_machines()


def install(package: str) -> bool:
    """Whether that package of Debian's could be installed: by root alone."""
    if os.geteuid() or not shutil.which("apt-get"):
        return False
    _quietly(["apt-get", "update"], seconds=120)
    return _quietly(["apt-get", "install", "--yes", package], seconds=600)


SOURCES: tuple[Callable[[], Iterator[Path]], ...] = (playwrights_own, the_machines, from_apt)


def starts(path: Path) -> bool:
    """Being there is not enough: a downloaded browser may lack the system's libraries."""
    return path.exists() and _quietly([str(path), "--version", "--no-sandbox"], seconds=60)


def _quietly(command: list[str], *, seconds: float, **environment: str) -> bool:
    variables = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", **environment}
    try:
        done = subprocess.run(
            command, capture_output=True, check=False, timeout=seconds, env=variables
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def main() -> int:
    try:
        print(f"Browser: {find()}")
    except BrowserError as error:
        print(f"intab: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
