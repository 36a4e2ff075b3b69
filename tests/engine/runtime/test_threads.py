"""The number of threads: what is measured, what is made of it."""

from __future__ import annotations

import pytest

from intab.engine.hub.locate import locate
from intab.engine.hub.manifest import EXPANDING, Manifest
from intab.engine.loading.load import load_model
from intab.engine.runtime.threads import Start, best, candidates, starts
from tests.engine.conftest import FakeRuntime, model_files


@pytest.mark.parametrize(
    ("cores", "wanted"),
    [(1, []), (2, [1, 2]), (3, [1, 2, 3]), (4, [1, 2, 4]), (6, [1, 2, 4, 6]), (64, [1, 2, 4, 8])],
)
def test_candidates_are_no_more_than_the_processor_has(cores: int, wanted: list[int]) -> None:
    assert candidates(cores) == wanted


@pytest.mark.parametrize(
    ("seconds", "threads"),
    [
        ({1: 4.0, 2: 2.0, 4: 1.0}, 4),
        ({1: 4.0, 2: 1.04, 4: 1.0}, 2),
        ({1: 1.0, 2: 1.2}, 1),
        ({1: 3.0, 2: 2.0, 4: 2.5, 8: 9.0}, 2),
    ],
)
def test_the_fewest_that_are_about_as_fast_as_any(seconds: dict[int, float], threads: int) -> None:
    assert best(seconds) == threads


def test_before_a_measurement_the_processor_decides() -> None:
    assert starts(1, {}) == [Start(1)]
    assert starts(2, {}) == [Start(2), Start(1)]
    assert starts(64, {}) == [Start(4), Start(1)]
    assert starts(4, {2: 0.2, 4: 0.1}) == starts(4, {})  # one thread took too long


def test_what_was_measured_is_tried_first_and_one_thread_last() -> None:
    faster = Start(2, "2 threads are 1.9 times as fast as 1 here")
    assert starts(8, {1: 0.4, 2: 0.21, 4: 0.2, 8: 0.3}) == [faster, Start(1)]
    assert starts(2, {1: 1.0, 2: 1.0}) == [Start(1, "more threads than 1 are no faster here")]
    assert starts(2, {1: 1.0}) == [Start(1, "more threads than 1 did not start here")]


async def test_the_model_tells_what_its_runtime_remarks() -> None:
    runtime = FakeRuntime(model_files())
    runtime.remarks["wasm"] = "2 threads did not start (no room)"
    model = await load_model(locate("tiny", "models"), runtime)
    assert model.reason == "the model's only dtype; 2 threads did not start (no room)"


@pytest.mark.parametrize(("graph", "told"), [("model_quantized", True), ("model_q4", False)])
async def test_int8_products_are_spoken_of_if_there_are_any(graph: str, told: bool) -> None:
    files = {"onnx/model_quantized.onnx": None, f"onnx/{graph}.onnx": b"graph"}
    runtime = FakeRuntime(model_files(**files))
    runtime.remarks["int8"] = "int8 products by hand"
    model = await load_model(locate("tiny", "models"), runtime)
    assert model.reason == "the model's only dtype" + "; int8 products by hand" * told


@pytest.mark.parametrize(
    ("dtype", "options", "has"),
    [
        ("q8", {}, True),
        ("int8", {}, True),
        ("uint8", {}, True),
        ("q8", EXPANDING, False),
        ("q8f32", {}, False),
        ("fp32", {}, False),
        ("q4", {}, False),
        ("q4f16", {}, False),
    ],
)
def test_which_dtypes_have_int8_products(dtype: str, options: dict[str, str], has: bool) -> None:
    assert Manifest({}, {"model": {dtype: ("model.onnx",)}}, options).multiplies_int8(dtype) is has
