"""axe-core: what of a page cannot be read by all; and pictures of it for those who look."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from playwright.sync_api import Page, ViewportSize

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules/axe-core/axe.min.js"
SHOTS = ROOT / "build" / "screenshots"
# Evaluated, not added: the page's policy refuses scripts that stand in it.
RULES = "axe.run().then(({ violations }) => violations.map(v => `${v.id}: ${v.nodes[0].html}`))"
WIDE: ViewportSize = {"width": 1280, "height": 760}
NARROW: ViewportSize = {"width": 360, "height": 740}
LOOKS: tuple[tuple[str, ViewportSize, Literal["light", "dark"]], ...] = (
    ("dark", WIDE, "dark"),
    ("narrow", NARROW, "light"),
    ("light", WIDE, "light"),  # last, since the page stays so
)
SIDEWAYS = "document.documentElement.scrollWidth > innerWidth"


def violations(page: Page) -> list[str]:
    """Each rule that is broken, with the first element that breaks it."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(RULES)
    return found


def looked_at(page: Page, name: str) -> list[str]:
    """What is wrong with a view in light, dark and 360 px; pictures of it are in build/."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    found = []
    for look, size, scheme in LOOKS:
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)
        page.screenshot(path=SHOTS / f"{name}-{look}.png")
        found += [f"{look}: {broken}" for broken in violations(page)]
        if page.evaluate(SIDEWAYS):
            found.append(f"{look}: the page scrolls sideways")
    return found
