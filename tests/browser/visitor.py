"""A visitor of the page: writes programs, presses Run, waits for what the page shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import dedent
from typing import Protocol
from weakref import WeakSet

from playwright.sync_api import Locator, Page, expect

STARTED = 240_000  # ms; seconds on an idle machine
DONE = 120_000

# Frames and blank pages may have no storage.
IN_PROGRAM = "try { localStorage.setItem('intab.view', 'program'); } catch {}"


TRIES = 5  # of a text that went beside what was selected, as a busy machine has it
WHOLE_TEXT = "content => content.cmTile.view.state.doc.toString()"  # it draws what is in sight

# What a test that fails can be told by: those whose page is open.
VISITORS: WeakSet[Visitor] = WeakSet()


class Visitor:
    """Acts on the page's test hooks, in the Program view, as one who was there before."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.set_default_timeout(DONE)
        VISITORS.add(self)
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
        text = dedent(program).strip() + "\n"
        for _ in range(TRIES):
            # CodeMirror may put its own selection back before the text is in: it is all, too.
            self.editor.press("ControlOrMeta+a")
            self.editor.fill(text)
            if self.editor.evaluate(WHOLE_TEXT) == text:
                return
        raise AssertionError(f"the editor does not take {text!r}")

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

    def seen(self) -> str:
        """What the page shows, for one who reads why a test failed."""
        parts = {"status": self.status, "output": self.output, "editor": self.editor}
        told = {name: part.text_content(timeout=1000) or "" for name, part in parts.items()}
        return "\n".join(f"{name}: {text[-2000:]!r}" for name, text in told.items())

    def text(self) -> str:
        """The editor's text: CodeMirror has an element for each line."""
        return "\n".join(self.editor.locator(".cm-line").all_text_contents())


def expect_kept(page: Page, answer: str = "kept") -> None:
    """Wait until the service worker has kept the site."""
    expect(page.locator("body")).to_have_attribute("data-offline", answer, timeout=STARTED)


class Pages(Protocol):
    """A browser, a context of it, or a visitor who comes back."""

    def new_page(self) -> Page: ...


def visits(browser: Pages, address: str) -> Iterator[Visitor]:
    """A fixture's visitor: in a page of its own, which is closed behind it."""
    page = browser.new_page()
    yield Visitor(page).open(address)
    page.close()
