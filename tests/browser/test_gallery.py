"""Every program of the gallery in a real browser, on one page, with a picture of what it shows."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Literal

import pytest
from PIL import Image
from playwright.sync_api import FloatRect, Locator, expect

from tests.browser.axe import violations
from tests.browser.returning import Returning
from tests.browser.test_real_hub import GALLERY as HUB
from tests.browser.visitor import Visitor
from tests.browser.watching import Watch
from tests.conftest import ROOT

SCHEMES: dict[Literal["dark", "light"], str] = {"dark": "-dark", "light": ""}
SHOTS = ROOT / "build" / "screenshots"
ENTRY = re.compile(r'id: "(\w+)", title: "([^"]+)"')
IDS = {
    title: name for name, title in ENTRY.findall((ROOT / "examples/gallery.mjs").read_text("utf-8"))
}
TITLES = list(IDS)
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
    "A digit drawn by hand": "7  9",
}
SHOWS = {
    "What surprises it": "tokens",
    "Draw an emoji": "image",
    "A picture of its choices": "image",
    "A plot of its speed": "image",
    "Hear how sure it is": "audio",
    "Token probabilities": "tokens",
    "Tokenizer explorer": "table",
    "Beam search": "table",
    "Two models compared": "table",
}


@pytest.fixture(scope="module")
def opened(returning: Returning, served: str) -> Iterator[Visitor]:
    """One page for all; what it must never do is remembered."""
    page = returning.new_page()
    page.set_viewport_size({"width": 944, "height": 700})
    watch = Watch(page)
    yield Visitor(page).open(served)
    watch.assert_clean(served)
    page.close()


ASKS = "form input, .drawing button:enabled:not(.quiet)"
STOPPED = '[data-testid="status"]:not([data-state="running"])'


def finish(visitor: Visitor) -> None:
    """Wait for the program's end; what it asks has one answer, and then none."""
    for line in ("They went home.", ""):
        asks = visitor.output.locator(ASKS)
        expect(asks.or_(visitor.page.locator(STOPPED))).to_be_visible()
        if not asks.is_visible():
            break
        if visitor.output.locator(".drawing").count():
            draw_seven(visitor, bool(line))
            asks.click()
        else:
            asks.fill(line)
            asks.press("Enter")
    visitor.expect_state("ready", "error")


def draw_seven(visitor: Visitor, is_drawn: bool) -> None:
    box = box_of(visitor.output.locator(".drawing canvas").last)
    mouse = visitor.page.mouse
    mouse.move(box["x"] + 60, box["y"] + 35)
    if is_drawn:
        mouse.down()
        mouse.move(box["x"] + 180, box["y"] + 35, steps=4)
        mouse.move(box["x"] + 110, box["y"] + 210, steps=4)
        mouse.up()


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
    take_pictures(opened, IDS[title])


def take_pictures(visitor: Visitor, name: str) -> None:
    """What the gallery shows of a program, in both themes; `make gallery` takes them over."""
    (SHOTS / "gallery").mkdir(parents=True, exist_ok=True)
    clip = framed(visitor)
    for scheme, ending in SCHEMES.items():
        visitor.page.emulate_media(color_scheme=scheme)
        shot = visitor.page.screenshot(clip=clip)
        picture = Image.open(io.BytesIO(shot)).convert("RGB")
        picture = picture.resize((256, 144), Image.Resampling.LANCZOS)
        picture.save(SHOTS / "gallery" / f"{name}{ending}.webp", quality=45, method=6)


def framed(visitor: Visitor) -> FloatRect:
    """The beginning of the program's controls, of the first form that it shows, or of its text."""
    visitor.output.evaluate("output => output.scrollTo(0, 0)")
    drawn = visitor.page.get_by_test_id("drawn")
    figure = visitor.output.locator("figure.shown").first
    if figure.count():
        figure.evaluate("figure => figure.scrollIntoView({block: 'start'})")
    output = box_of(visitor.output)
    left, top = output["x"] + 1, output["y"] + 1
    if drawn.is_visible():
        left, top = left - 7, box_of(drawn)["y"] - 4
    elif figure.count():
        lowest = top + output["height"] - 236
        top = min(max(box_of(figure)["y"] - 8, top), lowest)
    return {"x": left, "y": top, "width": 416, "height": 234}


def box_of(place: Locator) -> FloatRect:
    box = place.bounding_box()
    assert box
    return box


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
