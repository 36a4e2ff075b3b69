"""From opening the page with a cold profile to the first token, against a bare PyScript worker.

Each visit is a browser of its own with an empty profile: nothing is cached, no code is compiled.
The bare page imports numpy in a PyScript worker and nothing else; both run on the same Pyodide.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page

from bench.report import Comparison

PAGES = Path(__file__).with_name("pages")
TARGET = 2.5
PROGRAM = """
import intab
model = await intab.load("default")
async for chunk in model.stream("Once upon a time", max_new_tokens=4, do_sample=False):
    print(chunk)
"""

# The time of the first text in an element, on the page's own clock (0 is the navigation).
FIRST_TEXT = """
(selector) => new Promise((resolve) => {
    const element = document.querySelector(selector);
    const look = () => element.textContent.trim() && resolve(performance.now());
    new MutationObserver(look).observe(element, { childList: true, subtree: true });
    look();
})
"""


def prepare(site: Path) -> None:
    """Put the bare page beside ours, with the same runtime and numpy alone."""
    shutil.copyfile(PAGES / "bare.html", site / "bare.html")
    config = (site / "pyscript.toml").read_text(encoding="utf-8")
    bare = config.replace('packages = ["intab"]', 'packages = ["numpy"]')
    bare = re.sub(r"\[js_modules.*", "", bare, flags=re.DOTALL)
    (site / "bare.toml").write_text(bare, encoding="utf-8")


def measure(launch: Callable[[], Browser], address: str, rounds: int) -> Comparison:
    """Visit both pages in turn; seconds from navigation to the first text."""
    samples: dict[str, list[float]] = {"bare": [], "intab": []}
    for _ in range(rounds):
        for name, visit in (("bare", _see_bare), ("intab", _see_first_token)):
            browser = launch()
            samples[name].append(visit(browser.new_page(), address) / 1000)
            browser.close()
    return Comparison("cold page to first token", "s", samples, ("intab", "bare"), TARGET)


def _see_bare(page: Page, address: str) -> float:
    page.goto(f"{address}bare.html", wait_until="commit")
    page.wait_for_selector("#output", state="attached")
    return float(page.evaluate(FIRST_TEXT, "#output"))


def _see_first_token(page: Page, address: str) -> float:
    page.goto(f"{address}#program", wait_until="commit")
    page.get_by_test_id("editor").get_by_role("textbox").fill(PROGRAM)
    page.get_by_test_id("run").click()
    return float(page.evaluate(FIRST_TEXT, "[data-testid=output]"))
