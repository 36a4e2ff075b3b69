"""A plain page over the modules that the worker is bundled of, for what they ask of the GPU."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import onnxruntime as ort
from playwright.sync_api import Browser, BrowserContext

from intab.engine.runtime.decoder_plan import plan_graph
from intab.native.onnx import signature
from tests.browser.visitor import Pages
from tests.conftest import ROOT
from tests.support.serving import serving

RUN = "async ([name, given]) => (await import('/gpu_page.mjs'))[name](given)"
PATIENCE = 240_000  # ms; seconds on an idle machine


def lay_out(folder: Path) -> Path:
    """The page, the modules where they stand in the checkout, and onnxruntime-web beside them."""
    ours = folder / "app/intab/browser/js"
    shutil.copytree(ROOT / "app/intab/browser/js", ours)
    shutil.copytree(ROOT / "kernels", folder / "kernels", ignore=lambda *_: ["__pycache__"])
    for path in (ROOT / "node_modules/onnxruntime-web/dist").glob("ort*.*m*"):
        if path.suffix in (".mjs", ".wasm") and not (ours / "ort" / path.name).exists():
            shutil.copy2(path, ours / "ort" / path.name)
    shutil.copy2(ROOT / "tests/browser/gpu_page.mjs", folder / "gpu_page.mjs")
    (folder / "plain.html").write_text("<!doctype html><title>plain</title>")
    return folder


@contextmanager
def served_modules(folder: Path) -> Iterator[str]:
    """The address of such a folder, with headers as `intab serve` sends them."""
    with serving(lay_out(folder)) as served:
        yield f"{served.address}/"


@contextmanager
def warm(browser: Browser, light: str) -> Iterator[BrowserContext]:
    """For pages that compile the same: one process for all, kept by a light page that stays."""
    context = browser.new_context()
    context.new_page().goto(light)
    yield context
    context.close()


def plan_of(model: Path, dtype: str = "q4") -> dict[str, Any]:
    """What network.mjs is told of a model's graph."""
    config = json.loads((model / "config.json").read_text("utf-8"))
    graph = ort.InferenceSession(model / f"onnx/model_{dtype}.onnx")
    plan = plan_graph(*signature(graph), config)
    return {**asdict(plan), "roomy": plan.roomy, "position_rows": plan.position_rows}


def ask(pages: Pages, address: str, name: str, given: Any) -> Any:
    """What a function of gpu_page.mjs gives, in a page of its own."""
    page = pages.new_page()
    page.set_default_timeout(PATIENCE)
    try:
        page.goto(f"{address}plain.html")
        return page.evaluate(RUN, [name, given])
    finally:
        page.close()
