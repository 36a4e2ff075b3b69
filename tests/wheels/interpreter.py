"""Python in a real browser: a page with Pyodide, driven from here.

    tab.run("import tokenizers; tokenizers.__version__")   ->   "0.23.3"

The last expression comes back as JSON, so it must be plain data.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Playwright

ROOT = Path(__file__).resolve().parents[2]
SCRATCH = ROOT / "build" / "wheels-tests"
FOLDERS = {
    "/pyodide/": ROOT / "node_modules" / "pyodide",
    "/wheels/": ROOT / "wheels",
    "/tests/": ROOT / "tests" / "wheels",
    "/docs/": ROOT / "docs",
    "/scratch/": SCRATCH,
    "/models/": ROOT / "models",
}
RUN = """async ([code, values]) => {
    for (const [name, value] of Object.entries(values)) py.globals.set(name, value);
    py.globals.set("_code", code);
    return await py.runPythonAsync(`
import json as _json
from pyodide.code import eval_code_async as _run
_json.dumps(await _run(_code, globals()))
`);
}"""
FETCH = """async ([url, path]) => {
    const body = new Uint8Array(await (await fetch(url)).arrayBuffer());
    py.FS.mkdirTree(path.slice(0, path.lastIndexOf("/")) || "/");
    py.FS.writeFile(path, body);
}"""


@dataclass
class Interpreter:
    """One page with one Pyodide in it."""

    page: Page
    origin: str

    def run(self, code: str, **values: str | float) -> Any:
        """Run Python with these globals set; await is allowed; the last value comes back."""
        return json.loads(self.page.evaluate(RUN, [code, values]))

    def load(self, *wheels: str) -> None:
        """Install wheels of ours by file name."""
        for wheel in wheels:
            self.page.evaluate("url => py.loadPackage(url)", f"{self.origin}/wheels/{wheel}")

    def fetch(self, address: str, path: str) -> None:
        """Put a served file into the interpreter's file system."""
        self.page.evaluate(FETCH, [self.origin + address, path])


def launch(playwright: Playwright, program: Path) -> Browser:
    """Headless Chromium."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return playwright.chromium.launch(executable_path=program, args=sandbox)


@contextmanager
def start(browser: Browser, origin: str) -> Iterator[Interpreter]:
    """A fresh page with a fresh Pyodide."""
    page = browser.new_page()
    page.set_default_timeout(600_000)
    page.goto(f"{origin}/tests/pages/pyodide.html")
    page.wait_for_function("globalThis.py !== undefined")
    yield Interpreter(page, origin)
    page.close()


Opener = Callable[[], AbstractContextManager[Interpreter]]
