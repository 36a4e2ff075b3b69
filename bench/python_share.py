"""Python's own share of a decode step in the page: everything but onnxruntime's run.

    make bench ARGS=share

49,152 logits cross to Python, which applies repetition penalty, temperature, top_k and top_p, draws
and decodes the text; bench/pages/python_share.py does it over a network that answers at once.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser

from tests.browser.visitor import Visitor

PROGRAM = Path(__file__).with_name("pages") / "python_share.py"
TARGET = 1.5  # ms a token


@dataclass(frozen=True)
class Share:
    """Milliseconds a token, a sample a round; the sampled ones have the target."""

    samples: dict[str, list[float]]
    name: str = "Python's share of a decode step"

    def lines(self) -> list[str]:
        """What is printed."""
        rows = [
            f"  {kind:12} {median(found):8.2f} ms  ({min(found):.2f} to {max(found):.2f})"
            for kind, found in self.samples.items()
        ]
        return [self.name, *rows, f"  target: at most {TARGET} ms sampled"]

    def as_dict(self) -> dict[str, Any]:
        """What is kept."""
        rounded = {kind: [round(v, 3) for v in found] for kind, found in self.samples.items()}
        return {"unit": "ms", "samples": rounded, "target": TARGET}


def measure(browser: Browser, address: str) -> Share:
    """Rounds of greedy and sampled tokens in turn."""
    page = browser.new_page()
    share = Share(json.loads(Visitor(page).open(address).run(PROGRAM.read_text("utf-8"))))
    page.close()
    return share
