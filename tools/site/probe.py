"""Writes the graph that browser/js/ort/probe.mjs times: int8 products.

The weights are made when it is loaded, of one number each, so that its file is small; their values
do not matter, but their bytes do: too many for a processor's nearest caches, as a model's are.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

WIDTH, WIDE = 576, 1536
PAIRS = 8  # of matrices: 14 MB


def write(folder: Path) -> None:
    """probe.onnx: x [rows, 576] -> y [rows, 576]."""
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
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), folder / "probe.onnx")


def _nodes() -> Iterator[NodeProto]:
    last = "x"
    for number in range(2 * PAIRS):
        name = f"{number}" if number < 2 * PAIRS - 1 else "y"
        # Equal weights would be merged into one.
        value = helper.make_tensor("value", TensorProto.INT8, [1], [number + 1])
        shape = "down" if number % 2 else "up"
        yield helper.make_node("ConstantOfShape", [shape], [f"{name}.weight"], value=value)
        yield from _product(last, name)
        last = name


def _product(given: str, name: str) -> Iterator[NodeProto]:
    make = helper.make_node
    parts = [f"{name}.{part}" for part in ("values", "scale", "zero")]
    yield make("DynamicQuantizeLinear", [given], parts)
    values, scale, zero = parts
    inputs = [values, f"{name}.weight", scale, "step", zero]
    yield make("MatMulIntegerToFloat", inputs, [name], domain="com.microsoft")
