"""Where a decode step's time goes, node by node: `make bench ARGS=step`.

onnxruntime-web's own profile of our int8 graph in the shape of SmolLM2-135M, in Chromium, with the
int8 kernel and without it. Each node's time is its least of twenty steps; profiling itself takes a
few microseconds a node.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import ConsoleMessage, Playwright

from bench import compute
from tests.browser.conftest import launch_args, serve_command
from tools.site import esbuild
from tools.site.sources import Sources

CASES = [
    {"kernel": kernel, "threads": threads, "context": context}
    for context in (64, 1024)
    for threads in (1, 2)
    for kernel in (True, False)
]
PROFILE = "async (given) => (await import('/step.mjs')).profile(...given)"
EVENT = re.compile(r'"dur" :(\d+).*"name" :"(\S+)_kernel_time".*"op_name" : "(\w+)"')
SHOWN = 8  # operators of a table, those that take the longest


@dataclass(frozen=True)
class Steps:
    """By case the fastest step, and milliseconds by operator with how many nodes each has."""

    fastest: dict[str, float]
    found: dict[str, dict[str, tuple[float, int]]]
    name: str = "a decode step, node by node"

    def lines(self) -> list[str]:
        """What is printed."""
        cases = (
            (f"{case}: {self.fastest[case]:.1f} ms", parts) for case, parts in self.found.items()
        )
        return [line for case, parts in cases for line in (case, *_rows(parts))]

    def as_dict(self) -> dict[str, Any]:
        """What is kept."""
        return {"fastest": self.fastest, "found": self.found}


def _rows(parts: dict[str, tuple[float, int]]) -> list[str]:
    ordered = sorted(parts.items(), key=lambda part: -part[1][0])
    shown, rest = ordered[:SHOWN], ordered[SHOWN:]
    other = (sum(time for _, (time, _) in rest), sum(count for _, (_, count) in rest))
    return [
        f"  {time:7.2f} ms {count:5} {name}" for name, (time, count) in [*shown, ("others", other)]
    ]


def prepare(site: Path) -> None:
    """Put the weights, the measuring module and a page without anything beside ours."""
    compute.prepare(site)
    esbuild.run(Sources(compute.ROOT), "bench/pages/step.mjs", f"--outfile={site / 'step.mjs'}")
    (site / "empty.html").write_text("<!doctype html><title>Step</title>", encoding="utf-8")


def measure(playwright: Playwright, site: Path) -> Steps:
    """Every case once, each in a browser of its own."""
    fastest, found = {}, {}
    [runtime] = site.glob("runtime-*")
    with serve_command(site) as address:
        for case in CASES:
            given = [f"/{runtime.name}/", "/models/converted/onnx/model_quantized.onnx", case]
            name = json.dumps(case)
            fastest[name], found[name] = _visit(playwright, address, given)
    return Steps(fastest, found)


def _visit(
    playwright: Playwright, address: str, given: list[Any]
) -> tuple[float, dict[str, tuple[float, int]]]:
    browser = playwright.chromium.launch(**launch_args())
    try:
        page = browser.new_page()
        page.set_default_timeout(300_000)
        said: list[ConsoleMessage] = []
        page.on("console", lambda message: said.append(message))  # it marks what it is given
        page.goto(f"{address}empty.html")
        fastest = float(page.evaluate(PROFILE, given))
        return fastest, _by_operator(message.text for message in said)
    finally:
        browser.close()


def _by_operator(lines: Iterable[str]) -> dict[str, tuple[float, int]]:
    """Of each node the least; the first run, of the context, is longer."""
    least: dict[tuple[str, str], int] = {}
    for line in lines:
        if event := EVENT.search(line):
            node = (event[3], event[2])
            least[node] = min(int(event[1]), least.get(node, 1 << 40))
    times, counts = Counter[str](), Counter[str]()
    for (operator, _), time in least.items():
        times[operator] += time
        counts[operator] += 1
    return {operator: (time / 1000, counts[operator]) for operator, time in times.items()}
