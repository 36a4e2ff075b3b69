"""Our int8 graph against the plain export's, on onnxruntime-web's public API and nothing else.

Both hold the same weights in the shape of SmolLM2-135M (small_model.py). The plain one has
GroupQueryAttention and gives the logits of every row. Rounds interleave the two.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Playwright

from bench import compute
from bench.report import Comparison
from tests.browser.conftest import launch_args, serve_command

PROMPT, CONTEXT, TOKENS = 512, 64, 24
GRAPHS = {"intab": "converted", "plain export": "export"}
PAIR = ("intab", "plain export")
MEASURE = """
async (given) => (await import("/graphs.mjs")).measure(...given)
"""


def prepare(site: Path) -> None:
    """Put the weights, the measuring module and a page without anything beside ours."""
    compute.prepare(site)
    shutil.copyfile(compute.PAGES / "graphs.mjs", site / "graphs.mjs")
    (site / "empty.html").write_text("<!doctype html><title>Graphs</title>", encoding="utf-8")


def measure(playwright: Playwright, site: Path, rounds: int) -> Iterator[Comparison]:
    """Tokens a second in a prompt and after one."""
    prefill: dict[str, list[float]] = {name: [] for name in GRAPHS}
    decode: dict[str, list[float]] = {name: [] for name in GRAPHS}
    with serve_command(site) as address:
        for _ in range(rounds):
            for name, folder in GRAPHS.items():
                found = _visit(playwright, address, _runtime(site), folder)
                prefill[name].append(PROMPT / found["prefill"])
                decode[name].append(1 / median(found["decode"]))
    yield Comparison(f"graphs: prefill at {PROMPT}", "tok/s", prefill, PAIR, 3.0, at_least=True)
    yield Comparison(f"graphs: decode at {CONTEXT}", "tok/s", decode, PAIR, 1.2, at_least=True)


def _runtime(site: Path) -> str:
    [folder] = site.glob("runtime-*/ort")
    return f"/{folder.relative_to(site)}/"


def _visit(playwright: Playwright, address: str, runtime: str, folder: str) -> Any:
    browser = playwright.chromium.launch(**launch_args())
    try:
        page = browser.new_page()
        page.goto(f"{address}empty.html")
        model = f"/models/{folder}/onnx/model_quantized.onnx"
        return page.evaluate(MEASURE, [runtime, model, PROMPT, CONTEXT, TOKENS])
    finally:
        browser.close()
