"""The int8 kernel against onnxruntime-web's own, and nothing else: `make bench ARGS=kernel`.

120 products of 576 x 1536 on one thread, the two in turn in one page, with weights of a bell shape
that fill all 8 bits, which a processor whose sums of two products have 16 bits takes worst.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from playwright.sync_api import Playwright

from bench.compute import ROOT
from bench.report import Comparison
from tests.browser.conftest import launch_args, serve_command
from tools.site import esbuild
from tools.site.sources import Sources

PRODUCTS, INPUTS, OUTPUTS = 120, 576, 1536
ROWS = (1, 2, 4, 8, 16, 64)
TARGETS = {1: 2.0, 64: 2.5}  # rows -> how many times as fast
COMPARE = "async (given) => (await import('/kernel.mjs')).compare(...given)"


def prepare(site: Path) -> None:
    """Put the products, the measuring module and a page without anything beside ours."""
    _write_products(site / "products.onnx")
    esbuild.run(Sources(ROOT), "bench/pages/kernel.mjs", f"--outfile={site / 'kernel.mjs'}")
    (site / "empty.html").write_text("<!doctype html><title>Kernel</title>", encoding="utf-8")


def _write_products(target: Path) -> None:
    """The sum of the products of one input with each matrix: int32."""
    random = np.random.default_rng(2026)
    constants, nodes, total = [], [], ""
    for number in range(PRODUCTS):
        values = random.normal(0, 41, (INPUTS, OUTPUTS)).round().clip(-128, 127).astype(np.int8)
        constants.append(numpy_helper.from_array(values, f"w{number}"))
        nodes.append(helper.make_node("MatMulInteger", ["x", f"w{number}"], [f"p{number}"]))
        if total:
            nodes.append(helper.make_node("Add", [total, f"p{number}"], [f"s{number}"]))
        total = f"s{number}" if total else f"p{number}"
    x = helper.make_tensor_value_info("x", TensorProto.UINT8, ["rows", INPUTS])
    y = helper.make_tensor_value_info(total, TensorProto.INT32, ["rows", OUTPUTS])
    graph = helper.make_graph(nodes, "products", [x], [y], constants)
    opsets = [helper.make_opsetid("", 21)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=10), target)


def measure(playwright: Playwright, site: Path, rounds: int) -> Iterator[Comparison]:
    """Runs a second, by the number of rows."""
    [runtime] = site.glob("runtime-*")
    given = [f"/{runtime.name}/", "/products.onnx", {"inputs": INPUTS, "rows": ROWS}]
    found = []
    with serve_command(site) as address:
        for _ in range(rounds):
            browser = playwright.chromium.launch(**launch_args())
            page = browser.new_page()
            page.set_default_timeout(300_000)
            page.goto(f"{address}empty.html")
            found.append(page.evaluate(COMPARE, given))
            browser.close()
    for rows in ROWS:
        pairs = [one[str(rows)] for one in found]
        samples = {
            "kernels/": [1000 / ours for ours, _ in pairs],
            "onnxruntime-web's own": [1000 / shipped for _, shipped in pairs],
        }
        pair, target = tuple(samples), TARGETS.get(rows, 1.0)
        name = f"kernel: {rows} rows"
        yield Comparison(name, "runs/s", samples, (pair[0], pair[1]), target, at_least=True)
