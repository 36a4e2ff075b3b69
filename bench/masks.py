"""What holding an answer to a schema costs: `make bench ARGS=masks`, or `python -m bench.masks` for
CPython alone.

Masks over a JSON answer for vocabularies of 49,152 and 151,936 tokens, and what compiling takes;
bench/pages/masks.py does it, in the page and here.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from tests.browser.visitor import Visitor

PROGRAM = Path(__file__).with_name("pages") / "masks.py"
# Milliseconds at most.
TARGETS = {"mask, median": 0.1, "mask, 99th percentile": 1.0, "a schema of 50 properties": 50.0}


@dataclass(frozen=True)
class Masks:
    """Milliseconds by what was done, for each size of a vocabulary."""

    found: dict[str, dict[str, float]]
    name: str = "answers held to a schema"

    def lines(self) -> list[str]:
        """What is printed."""
        return [self.name, *(line for size in self.found for line in self._rows(size))]

    def _rows(self, size: str) -> list[str]:
        rows = [f"  {size} tokens"]
        for what, value in self.found[size].items():
            target = f"  (target: at most {TARGETS[what]})" if what in TARGETS else ""
            rows.append(
                f"  {value:10.3f} {'' if what.startswith('tokens') else 'ms '}{what}{target}"
            )
        return rows

    def as_dict(self) -> dict[str, Any]:
        """What is kept."""
        return {"unit": "ms", "found": self.found, "targets": TARGETS}


def measure(browser: Browser, address: str) -> Masks:
    """In the page."""
    page = browser.new_page()
    said = "\nprint(json.dumps(await all_sizes()))\n"
    found = Masks(json.loads(Visitor(page).open(address).run(PROGRAM.read_text("utf-8") + said)))
    page.close()
    return found


def main() -> None:
    """In CPython."""
    names: dict[str, Any] = {}
    exec(compile(PROGRAM.read_text("utf-8"), str(PROGRAM), "exec"), names)  # noqa: S102
    print("\n".join(Masks(asyncio.run(names["all_sizes"]())).lines()))


if __name__ == "__main__":
    main()
