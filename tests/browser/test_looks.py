"""How the page looks: no sideways scrolling at 360 px, readable contrast, the README's picture."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.returning import Returning
from tests.browser.visitor import STARTED, Visitor, visits

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "build" / "screenshots"
Scheme = Literal["light", "dark"]

# WCAG 2.2, 1.4.3: the ratio of the relative luminances of text and ground.
CONTRAST = """
(selector) => {
    const channel = (value) =>
        (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    const luminance = (colour) => {
        const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map(channel);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const element = document.querySelector(selector);
    let ground = element;
    while (getComputedStyle(ground).backgroundColor === 'rgba(0, 0, 0, 0)')
        ground = ground.parentElement;
    const pair = [getComputedStyle(element).color, getComputedStyle(ground).backgroundColor];
    const [low, high] = pair.map(luminance).sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
}
"""


@pytest.fixture(scope="module")
def shown(returning: Returning, served: str) -> Iterator[Visitor]:
    """The page after its first example has run."""
    for visitor in visits(returning, served):
        visitor.button("run").click()
        visitor.expect_state("ready")
        yield visitor


@pytest.mark.parametrize(
    ("name", "width", "height", "scheme"),
    [
        ("light", 1280, 760, "light"),
        ("dark", 1280, 760, "dark"),
        ("narrow", 360, 740, "light"),
        ("narrow-dark", 360, 740, "dark"),
    ],
)
def test_it_fits_and_can_be_read(
    shown: Visitor, name: str, width: int, height: int, scheme: Scheme
) -> None:
    page = dressed(shown.page, {"width": width, "height": height}, scheme)
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png", full_page=width < 500)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for hook in ("output", "status", "metrics", "device", "run", "reset"):
        assert page.evaluate(CONTRAST, f"[data-testid={hook}]") >= 4.5, hook


@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (1280, "dark"), (360, "light"), (360, "dark")]
)
def test_the_licences_fit_and_can_be_read(
    page: Page, served: str, width: int, scheme: Scheme
) -> None:
    page = dressed(page, {"width": width, "height": 740}, scheme)
    page.goto(f"{served}licences.html")
    page.screenshot(path=SHOTS / f"licences-{scheme}-{width}.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for hook in ("main a", "main span", "header p", "h1 a"):
        assert page.evaluate(CONTRAST, hook) >= 4.5, hook


def test_a_visitor_gets_to_the_licences_and_back(shown: Visitor) -> None:
    page = dressed(shown.page, {"width": 1280, "height": 760}, "light")
    page.get_by_test_id("licences").click()
    expect(page.get_by_role("link", name="onnxruntime-web")).to_be_visible()
    page.get_by_role("link", name="tokenizers").click()
    expect(page.locator("body")).to_contain_text("Apache License")
    page.go_back()
    page.get_by_role("link", name="intab", exact=True).first.click()
    expect(page.get_by_test_id("run")).to_be_visible()


def test_the_readme_s_picture_is_of_this_page(shown: Visitor) -> None:
    """Made anew each time under build/; copied to docs/ where none is there yet."""
    page = dressed(shown.page, {"width": 1280, "height": 720})
    shown.expect_state("ready", timeout=STARTED)  # it may have been left since its example ran
    shown.button("run").click()
    shown.expect_state("ready")
    expect(shown.output).to_contain_text("fox")
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / "page.png")
    kept = ROOT / "docs" / "page.png"
    if not kept.exists():
        shutil.copyfile(SHOTS / "page.png", kept)
    assert kept.read_bytes().startswith(b"\x89PNG")


def dressed(page: Page, size: ViewportSize, scheme: Scheme = "light") -> Page:
    """The page in a window of that size, with those colours."""
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=scheme)
    return page


NARROW: ViewportSize = {"width": 360, "height": 740}
WIDE: ViewportSize = {"width": 1280, "height": 760}
LONG = "\n".join(f"print({n})" for n in range(80))


def in_sight(page: Page, *hooks: str) -> list[str]:
    """Those of the hooked elements that are wholly inside the window and covered by nothing."""
    return [
        hook
        for hook in hooks
        if page.get_by_test_id(hook).evaluate(
            """(element) => {
                const { left, right, top, bottom } = element.getBoundingClientRect();
                const inside =
                    left >= -1 && right <= innerWidth + 1 && top >= -1 && bottom <= innerHeight + 1;
                const seen = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
                return inside && element.contains(seen);
            }"""
        )
    ]


def test_on_a_narrow_screen_run_and_what_it_does_are_in_sight(shown: Visitor) -> None:
    page = dressed(shown.page, NARROW)
    assert in_sight(page, "run", "stop", "status") == ["run", "stop", "status"]
    shown.run(LONG)
    hooks = ("run", "stop", "status", "output")
    assert tuple(in_sight(page, *hooks)) == hooks
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    assert in_sight(page, "run", "status") == ["run", "status"]


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])
def test_a_long_program_scrolls_inside_the_editor(shown: Visitor, size: ViewportSize) -> None:
    page = dressed(shown.page, size)
    shown.write(LONG)
    height = page.get_by_test_id("editor").evaluate("editor => editor.offsetHeight")
    assert height <= 0.75 * size["height"]
    shown.editor.press("Control+End")
    expect(shown.editor.get_by_text("79")).to_be_in_viewport()
    if size == WIDE:
        assert page.evaluate("document.documentElement.scrollHeight") <= size["height"]
        everything = ("editor", "run", "status", "output")
        assert tuple(in_sight(page, *everything)) == everything
