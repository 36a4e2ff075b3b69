"""Writes the graphs that browser/js/ort/probe.mjs times: products in two forms of `intab convert`,
int8, and int8 that is made float while it is loaded.

The weights are made when a graph is loaded, of one number each, so that its file is small; their
values do not matter, but their bytes do: for threads too many for a processor's nearest caches, and
where the two forms are compared for all of them, as a model's are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

WIDTH, WIDE = 576, 1536
PAIRS, MANY = 8, 36  # of matrices: 14 MB; 64 MB, and 255 MB as floats
Form = Callable[[str, str], Iterator[NodeProto]]  # the nodes of a product, given input and name


def write(folder: Path) -> None:
    """probe.onnx, and to be compared probe_int8.onnx and probe_float.onnx."""
    _write(folder / "probe.onnx", PAIRS, _int8)
    _write(folder / "probe_int8.onnx", MANY, _int8)
    _write(folder / "probe_float.onnx", MANY, _expanded)


def _write(target: Path, pairs: int, form: Form) -> None:
    """A graph: x [rows, 576] -> y [rows, 576]."""
    make = helper.make_tensor_value_info
    constants: dict[str, NDArray[Any]] = {
        "up": np.array([WIDTH, WIDE], np.int64),
        "down": np.array([WIDE, WIDTH], np.int64),
        "step": np.array([1e-4], np.float32),
    }
    graph = helper.make_graph(
        list(_nodes(pairs, form)),
        "probe",
        [make("x", TensorProto.FLOAT, ["rows", WIDTH])],
        [make("y", TensorProto.FLOAT, ["rows", WIDTH])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), target)


def _nodes(pairs: int, form: Form) -> Iterator[NodeProto]:
    last = "x"
    for number in range(2 * pairs):
        name = f"{number}" if number < 2 * pairs - 1 else "y"
        # Equal weights would be merged into one.
        value = helper.make_tensor("value", TensorProto.INT8, [1], [number + 1])
        shape = "down" if number % 2 else "up"
        yield helper.make_node("ConstantOfShape", [shape], [f"{name}.weight"], value=value)
        yield from form(last, name)
        last = name


def _int8(given: str, name: str) -> Iterator[NodeProto]:
    make = helper.make_node
    parts = [f"{name}.{part}" for part in ("values", "scale", "zero")]
    yield make("DynamicQuantizeLinear", [given], parts)
    values, scale, zero = parts
    inputs = [values, f"{name}.weight", scale, "step", zero]
    yield make("MatMulIntegerToFloat", inputs, [name], domain="com.microsoft")


def _expanded(given: str, name: str) -> Iterator[NodeProto]:
    weight = f"{name}.weight"
    yield helper.make_node("DequantizeLinear", [weight, "step"], [f"{weight}.float"])
    yield helper.make_node("MatMul", [given, f"{weight}.float"], [name])
