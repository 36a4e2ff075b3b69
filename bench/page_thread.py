"""The longest task on the page's thread while 200 tokens of Markdown stream into it, one a frame,
and the worker writes an answer of its own: `make bench ARGS=page`.

From Chromium's trace of that thread: milliseconds by the clock, where another program may have had
the processor meanwhile, and of the processor.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, expect

from tests.browser.test_chat_view import STARTED, STARTER, streamed

TARGET = 50.0  # ms
CATEGORIES = ["__metadata", "devtools.timeline", "disabled-by-default-devtools.timeline"]
# An answer as chat models write them: some blocks of each kind, and one long block that is made
# again at each token.
PARTS = (
    "## What a fox eats",
    "A fox eats *small* animals, **fruit** and `insects`, as [others](https://example.org) tell.",
    "- mice, of which there are many\n- berries\n  - blue ones\n  - black ones\n",
    "| food | share |\n|---|---|\n" + "| mice | 40 % |\n" * 12,
    "```python\n" + "print('a line of code')\n" * 25 + "```",
    "A sentence that goes on and on. " * 40,
)
TEXT = "\n\n".join(PARTS)


@dataclass(frozen=True)
class Longest:
    """The longest task of each round in milliseconds: by the clock, and of the processor."""

    clock: list[float]
    processor: list[float]
    name: str = "longest task on the page's thread, 200 tokens of Markdown"

    def lines(self) -> list[str]:
        """What is printed."""
        rows = {"by the clock": self.clock, "of the processor": self.processor}
        return [
            f"{self.name}, {len(self.clock)} rounds (target: at most {TARGET:.0f} ms)",
            *(f"  {what:18} {max(found):6.1f} ms at most" for what, found in rows.items()),
        ]

    def as_dict(self) -> dict[str, Any]:
        """What is kept."""
        samples = {"clock": self.clock, "processor": self.processor}
        rounded = {name: [round(value, 1) for value in found] for name, found in samples.items()}
        return {"unit": "ms", "samples": rounded, "target": TARGET}


def measure(browser: Browser, address: str, site: Path, rounds: int) -> Longest:
    """After one answer that brings what formats."""
    page = browser.new_page()
    page.goto(address)
    stop = page.get_by_test_id("chat-stop")
    found = []
    for _ in range(rounds + 1):
        page.get_by_test_id("said").fill(STARTER)
        page.get_by_test_id("said").press("Enter")
        expect(page.locator(".assistant .body").last).not_to_be_empty(timeout=STARTED)
        browser.start_tracing(page=page, categories=CATEGORIES)
        streamed(page, site, TEXT)
        found.append(longest(json.loads(browser.stop_tracing())))
        expect(stop).to_be_disabled(timeout=STARTED)
    page.close()
    clock, processor = zip(*found[1:], strict=True)
    return Longest(list(clock), list(processor))


def longest(trace: dict[str, Any]) -> tuple[float, float]:
    """Milliseconds of the longest task, by the clock and of the processor, on the busiest of the
    threads that are called a page's."""
    events = trace["traceEvents"]
    mains = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    tasks: dict[tuple[int, int], list[tuple[float, float]]] = {thread: [] for thread in mains}
    for event in events:
        thread = event["pid"], event["tid"]
        if event["name"] == "RunTask" and "dur" in event and thread in mains:
            tasks[thread].append((event["dur"] / 1000, event.get("tdur", 0) / 1000))
    busiest = max(tasks.values(), key=len)
    return max(clock for clock, _ in busiest), max(processor for _, processor in busiest)
