"""A visitor of the page: writes programs, presses Run, waits for what the page shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import dedent

from playwright.sync_api import Browser, Locator, Page, expect

STARTED = 240_000  # ms; seconds on an idle machine
DONE = 120_000

# Frames and blank pages may have no storage.
IN_PROGRAM = "try { localStorage.setItem('intab.view', 'program'); } catch {}"


class Visitor:
    """Acts on the page's test hooks, in the Program view, as one who was there before."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.add_init_script(IN_PROGRAM)
        self.editor = page.get_by_test_id("editor").get_by_role("textbox")
        self.output = page.get_by_test_id("output")
        self.status = page.get_by_test_id("status")
        self.metrics = page.get_by_test_id("metrics")
        self.device = page.get_by_test_id("device")
        self.examples = page.get_by_test_id("examples")

    def open(self, address: str, state: str = "ready") -> Visitor:
        """Open the page and wait until it is ready, or in another state."""
        self.page.goto(address)
        self.expect_state(state, timeout=STARTED)
        return self

    def button(self, name: str) -> Locator:
        return self.page.get_by_test_id(name)

    def expect_state(self, *states: str, timeout: float = DONE) -> None:
        wanted = re.compile(f"^({'|'.join(states)})$")
        expect(self.status).to_have_attribute("data-state", wanted, timeout=timeout)

    def choose(self, example: str) -> None:
        """Choose an example by its title."""
        self.button("view-program").click()
        self.button("open-gallery").click()
        name = re.compile(rf"^{re.escape(example)}( •)?$")  # the mark of an edited one
        self.examples.get_by_role("button", name=name).click()

    def write(self, program: str) -> None:
        if not self.editor.is_visible():  # of a page that was opened before this visitor came
            self.button("view-program").click()
        # CodeMirror may put its own selection back before the text is in: it is all, too.
        self.editor.press("ControlOrMeta+a")
        self.editor.fill(dedent(program).strip() + "\n")

    def start(self, program: str) -> None:
        """Write a program and press Run."""
        self.write(program)
        self.button("run").click()

    def run(self, program: str, state: str = "ready") -> str:
        """Run a program to its end; what it printed."""
        self.start(program)
        self.expect_state(state)
        return self.printed()

    def printed(self) -> str:
        return self.output.text_content() or ""

    def expect_text(self, text: str) -> None:
        """Wait until the editor has that text, a short one: it draws the lines in sight alone."""
        expect(self.editor.locator(".cm-line")).to_have_text(text.split("\n"))

    def text(self) -> str:
        """The editor's text: CodeMirror has an element for each line."""
        return "\n".join(self.editor.locator(".cm-line").all_text_contents())


# Milliseconds for a loop that takes 25 of them on a machine with nothing else to do.
A_LOOP = """() => {
  const began = performance.now();
  let sum = 0;
  for (let i = 0; i < 2e7; i++) sum = (sum * 31 + i) | 0;
  window.kept = sum;
  return performance.now() - began;
}"""


def slowness(page: Page) -> float:
    """How many times slower than an idle machine this one is now, at least 1."""
    return max(1.0, min(float(page.evaluate(A_LOOP)) for _ in range(4)) / 25)


def visits(browser: Browser, address: str) -> Iterator[Visitor]:
    """A fixture's visitor: in a page of its own, which is closed behind it."""
    page = browser.new_page()
    yield Visitor(page).open(address)
    page.close()
