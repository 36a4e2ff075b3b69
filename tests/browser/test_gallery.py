"""Every program of the gallery in a real browser, on one page, with a picture of what it shows."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.axe import violations
from tests.browser.test_real_hub import GALLERY as HUB
from tests.browser.visitor import Visitor
from tests.browser.watching import Watch
from tests.conftest import ROOT

SHOTS = ROOT / "build" / "screenshots"
TITLES = re.findall(r'title: "([^"]+)"', (ROOT / "examples/gallery.mjs").read_text("utf-8"))
HERE = [title for title in TITLES if title not in HUB]
# What tells that each did what it is for: printed, or a form that it is shown in.
SAYS = {
    "Continue a story": "red balloon",
    "Sliders": "One day, the fox",
    "Write together": "Our story:",
    "Four endings": "4. Lily lost",
    "Prompts from a list": "tokens a second",
    "Temperatures": "--- temperature 1.2",
    "Chat": "Where did Mia go",
    "A chat that branches": "were computed before",
    "Happy or sad?": "%",
    "One of three words": "of 8 right",
    "Your own logits": "Tom and his friend",
}
SHOWS = {
    "What surprises it": "tokens",
    "A picture of its choices": "image",
    "A plot of its speed": "image",
    "Hear how sure it is": "audio",
    "Token probabilities": "tokens",
    "Tokenizer explorer": "table",
    "Beam search": "table",
    "Two models compared": "table",
}


@pytest.fixture(scope="module")
def opened(browser: Browser, served: str) -> Iterator[Visitor]:
    """One page for all; what it must never do is remembered."""
    page = browser.new_page(viewport={"width": 1100, "height": 700})
    watch = Watch(page)
    yield Visitor(page).open(served)
    watch.assert_clean(served)
    page.close()


def finish(visitor: Visitor) -> None:
    """Wait for the program's end; what it asks has one answer, and then none."""
    for line in ("They went home.", ""):
        asks = visitor.output.locator("form input")
        expect(
            asks.or_(visitor.page.locator('[data-testid="status"]:not([data-state="running"])'))
        ).to_be_visible()
        if asks.is_visible():
            asks.fill(line)
            asks.press("Enter")
    visitor.expect_state("ready", "error")


def test_each_program_has_something_to_show() -> None:
    assert sorted(SAYS.keys() | SHOWS.keys()) == sorted(HERE)
    assert len(TITLES) >= 15


@pytest.mark.parametrize("title", HERE)
def test_a_program_of_the_gallery_runs(opened: Visitor, title: str) -> None:
    opened.choose(title)
    expect(opened.button("open-gallery")).to_have_text(f"Program: {title}")
    opened.button("run").click()
    finish(opened)
    expect(opened.status).to_have_text("Ready")
    assert SAYS.get(title, "") in opened.printed()
    assert len(opened.printed()) > 60
    if title in SHOWS:
        expect(opened.output.locator(f"figure.shown.{SHOWS[title]}").first).to_be_visible()
    SHOTS.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"\W+", "-", title.lower()).strip("-")
    opened.page.locator(".result").screenshot(path=SHOTS / f"example-{name}.png")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1100, 360])
def test_the_gallery_can_be_read_by_all(opened: Visitor, scheme: str, width: int) -> None:
    page = opened.page
    page.set_viewport_size({"width": width, "height": 700})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    opened.button("open-gallery").click()
    assert violations(page) == []
    dialog = page.get_by_test_id("gallery")
    assert dialog.evaluate("dialog => dialog.scrollWidth - dialog.clientWidth") == 0
    page.screenshot(path=SHOTS / f"gallery-{width}-{scheme}.png")
    opened.button("close-gallery").click()
