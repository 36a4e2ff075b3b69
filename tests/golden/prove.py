"""Compares CPython and a browser with the answers that make_generation.py recorded in a folder.

    python -m tests.golden.prove FOLDER        # after `make site`

For models too large for the repository; docs/generation.md has what it said.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

import intab
from tests.browser.conftest import launch_args, serve_command
from tests.browser.copies import copy_site
from tests.browser.test_reference import COMPARING
from tests.browser.visitor import Visitor
from tests.conftest import ROOT
from tests.engine.support.reference import differences

NAME = "large"
PATIENCE = 7_200_000  # ms


async def in_cpython(folder: Path, recorded: dict[str, Any]) -> list[str]:
    """The differences in this process."""
    return await differences(await intab.load(str(folder / "model")), recorded)


def in_a_browser(folder: Path) -> list[str]:
    """The differences in a page, over a copy of the site."""
    program = (ROOT / "tests/engine/support/reference.py").read_text("utf-8")
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        site = copy_site(ROOT / "build/site", Path(scratch) / "site")
        copy_site(folder / "model", site / "models" / NAME)
        (site / "models/generation.json").write_bytes((folder / "generation.json").read_bytes())
        with serve_command(site) as address:
            browser = playwright.chromium.launch(**launch_args())
            visitor = Visitor(browser.new_page()).open(address)
            visitor.start(program + COMPARING.format(name=NAME))
            visitor.expect_state("ready", "error", timeout=PATIENCE)
            found: list[str] = json.loads(visitor.printed())
            browser.close()
            return found


def main() -> None:
    folder = Path(sys.argv[1]).resolve()
    recorded = json.loads((folder / "generation.json").read_text("utf-8"))["models"][NAME]
    cases = len(recorded["batch"]["ids"]), len(recorded["beams"]), len(recorded["sampled"])
    print("greedy and batched answers, beam searches, sampled answers:", cases)
    print("CPython:", asyncio.run(in_cpython(folder, recorded)) or "all equal", flush=True)
    print("browser:", in_a_browser(folder) or "all equal")


if __name__ == "__main__":
    main()
