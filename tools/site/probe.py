"""Writes the graph that browser/probe.mjs times: int8 products in the form `intab convert` writes.

Its weights are made when it is loaded, of one number each, so that the file is small; their values
do not matter, but their bytes must be too many for a processor's nearest caches, as a model's are.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

WIDTH, WIDE, PAIRS = 576, 1536, 8  # 14 MB


def write(target: Path) -> None:
    """The graph: x [rows, 576] -> y [rows, 576]."""
    make = helper.make_tensor_value_info
    constants: dict[str, NDArray[Any]] = {
        "up": np.array([WIDTH, WIDE], np.int64),
        "down": np.array([WIDE, WIDTH], np.int64),
        "step": np.array([1e-4], np.float32),
    }
    graph = helper.make_graph(
        list(_nodes()),
        "probe",
        [make("x", TensorProto.FLOAT, ["rows", WIDTH])],
        [make("y", TensorProto.FLOAT, ["rows", WIDTH])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), target)


def _nodes() -> Iterator[NodeProto]:
    last = "x"
    for number in range(2 * PAIRS):
        name = f"{number}" if number < 2 * PAIRS - 1 else "y"
        yield from _product(number, "down" if number % 2 else "up", last, name)
        last = name


def _product(number: int, shape: str, given: str, name: str) -> Iterator[NodeProto]:
    make = helper.make_node
    # Equal weights would be merged into one.
    value = helper.make_tensor("value", TensorProto.INT8, [1], [number + 1])
    yield make("ConstantOfShape", [shape], [f"{name}.weight"], value=value)
    parts = [f"{name}.{part}" for part in ("values", "scale", "zero")]
    yield make("DynamicQuantizeLinear", [given], parts)
    values, scale, zero = parts
    inputs = [values, f"{name}.weight", scale, "step", zero]
    yield make("MatMulIntegerToFloat", inputs, [name], domain="com.microsoft")
