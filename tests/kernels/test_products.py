"""The int8 kernel's products, exact whatever the processor makes of the relaxed dot product."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.support.node import run_node

NAMES = {1: "unsigned", 2: "unsigned, 16-bit pairs", 3: "signed", 4: "signed"}
STEPS = """
import { readFileSync } from "node:fs";
import { Bench, check } from "./kernels/self_test.mjs";
const module = new WebAssembly.Module(readFileSync("kernels/tests/habit1.wasm"));
const bench = new Bench(module, 128);
bench.use(check(module));
"""


def node(body: str, given: Any = None) -> Any:
    return run_node(STEPS + body, given)


@pytest.mark.parametrize("habit", NAMES)
def test_every_product_is_exact(habit: int) -> None:
    """1 to 70 rows, odd sizes, all signs, zero points, sums, parts and fused operators."""
    command = ["node", "tests/kernels/products.mjs", json.dumps(habit)]
    found = json.loads(subprocess.check_output(command, cwd=ROOT, text=True))
    assert found == {"habit": NAMES[habit], "differ": []}


def test_a_processor_that_reads_otherwise_is_refused() -> None:
    program = """
    const { Instance } = WebAssembly;
    WebAssembly.Instance = function (...args) {
      const { exports } = new Instance(...args);
      return { exports: { ...exports, reads: () => 400 } };
    };
    try { check(module); console.log("null"); }
    catch (error) { console.log(JSON.stringify(error.message)); }
    """
    assert node(program) == "this processor reads bytes in an unknown way"


def test_a_kernel_that_computes_wrongly_is_refused() -> None:
    program = """
    const { Instance } = WebAssembly;
    WebAssembly.Instance = function (...args) {
      const { exports } = new Instance(...args);
      return { exports: { ...exports, gemm: () => {} } };
    };
    try { check(module); console.log("null"); }
    catch (error) { console.log(JSON.stringify(error.message)); }
    """
    assert node(program) == "the kernel computes wrongly on this processor"


def test_what_is_no_constant_is_left_to_the_shipped_kernel() -> None:
    program = """
    const shape = bench.allocate(16), data = bench.allocate(44);
    const [a, b] = [bench.put([1, 2]), bench.put([3, 4])];
    bench.words.set([1, 1, 2], shape / 4);
    bench.words.set([a, 2, 0, b, 1, b, 0, bench.allocate(4), 1, 0], data / 4);
    bench.exports.gemm(shape, data, 0, 1, 0, 1);
    bench.exports.know(123n);
    bench.exports.gemm(shape, data, 0, 1, 0, 1);
    bench.exports.gemm(shape, data, 0, 1, 0, 1);
    console.log(JSON.stringify([bench.left, bench.exports.kept()]));
    """
    assert node(program) == [3, 0]


def test_without_memory_the_shipped_kernel_computes() -> None:
    program = """
    const shape = bench.allocate(16), data = bench.allocate(44);
    const [a, b] = [bench.put([1, 2]), bench.put([3, 4])];
    bench.words.set([1, 1, 2], shape / 4);
    bench.words.set([a, 2, 0, b, 1, b, 0, bench.allocate(4), 1, 0], data / 4);
    bench.exports.know(bench.exports.digest(0n, b, 2));
    bench.allocate = () => 0;
    bench.exports.gemm(shape, data, 0, 1, 0, 1);
    console.log(JSON.stringify([bench.left, bench.exports.kept()]));
    """
    assert node(program) == [1, 0]


def test_a_forgotten_address_is_anybodys() -> None:
    """Other bytes where a constant was, once everything is forgotten: they are multiplied."""
    program = """
    const shape = bench.allocate(16), data = bench.allocate(44), c = bench.allocate(64);
    const [a, b] = [bench.put([1, 2]), bench.put([3, 4])];
    bench.words.set([1, 1, 2], shape / 4);
    bench.words.set([a, 2, 0, b, 1, bench.put([0]), 0, c, 1, 0], data / 4);
    const run = () => { bench.exports.gemm(shape, data, 0, 1, 0, 1); return bench.words[c / 4]; };
    const found = [];
    for (const bytes of [[3, 4], [5, 6]]) {
      bench.bytes.set(bytes, b);
      bench.exports.know(bench.exports.digest(0n, b, 2));
      found.push(run(), run());
      bench.exports.forget_all();
    }
    console.log(JSON.stringify([found, bench.left]));
    """
    assert node(program) == [[11, 11, 17, 17], 0]
