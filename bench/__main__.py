"""`make bench`: run every measurement, print it, keep it in bench/results.json."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from bench import cold, python_share
from bench.report import keep
from tests.browser.conftest import launch_args, serve_command

SITE = Path(__file__).resolve().parents[1] / "build" / "site"


def main() -> None:
    """Measure over a copy of the site, which the bench adds its own pages to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        site = Path(shutil.copytree(SITE, Path(scratch) / "site"))
        cold.prepare(site)
        with serve_command(site) as address:
            comparison = cold.measure(
                lambda: playwright.chromium.launch(**launch_args()), address, rounds
            )
            browser = playwright.chromium.launch(**launch_args())
            share = python_share.measure(browser, address)
        for measured in (comparison, share):
            keep(measured, f"Chromium {browser.version}")
        browser.close()
    print("\n".join([*comparison.lines(), *share.lines()]))


if __name__ == "__main__":
    main()
