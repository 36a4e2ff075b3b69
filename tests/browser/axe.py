"""axe-core: what of a page cannot be read by all."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

AXE = Path(__file__).resolve().parents[2] / "node_modules/axe-core/axe.min.js"
# Evaluated, not added: the page's policy refuses scripts that stand in it.
RULES = "axe.run().then(({ violations }) => violations.map(v => `${v.id}: ${v.nodes[0].html}`))"


def violations(page: Page) -> list[str]:
    """Each rule that is broken, with the first element that breaks it."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(RULES)
    return found
