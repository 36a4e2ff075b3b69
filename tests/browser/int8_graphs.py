"""Graphs of int8 products in the forms that exports have, and what to feed them: for test_int8."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

ROWS = (1, 2, 3, 5, 8, 33, 70)
FLOAT, INT32 = TensorProto.FLOAT, TensorProto.INT32
UINT8, INT8 = TensorProto.UINT8, TensorProto.INT8
MICROSOFT = "com.microsoft"
Inputs = dict[str, tuple[str, list[int]]]
Made = dict[str, Any]
_RANDOM = np.random.default_rng(2026)


def weights(k: int, n: int, kind: type[np.generic]) -> NDArray[Any]:
    """Of a bell shape that fills all 8 bits, a few of them at both ends."""
    values = _RANDOM.normal(0, 41, (k, n)).round().clip(-128, 127)
    return (values + (128 if kind is np.uint8 else 0)).astype(kind)


def write_graphs(folder: Path) -> dict[str, dict[str, Any]]:
    """Write them all: name -> what it takes, for int8_page.mjs."""
    folder.mkdir()
    graphs: dict[str, dict[str, Any]] = {}
    for signed_a in (False, True):
        for kind in (np.int8, np.uint8):
            for per_column in (False, True):
                name = f"integer_{signed_a:d}{np.dtype(kind).name}{per_column:d}"
                graphs[name] = _integer(folder / f"{name}.onnx", signed_a, kind, per_column)
    graphs["dynamic"] = _dynamic(folder / "dynamic.onnx")
    graphs["to_float"] = _to_float(folder / "to_float.onnx")
    graphs["linear"] = _linear(folder / "linear.onnx")
    graphs["convolution"] = _convolution(folder / "convolution.onnx")
    graphs["no_constant"] = _no_constant(folder / "no_constant.onnx")
    return graphs


def _save(
    target: Path, nodes: list[NodeProto], inputs: Inputs, out: int, constants: dict[str, Any]
) -> Made:
    kinds = {"float32": FLOAT, "uint8": UINT8, "int8": INT8}
    taken = [
        helper.make_tensor_value_info(
            name, kinds[kind], ["rows" if size < 0 else size for size in shape]
        )
        for name, (kind, shape) in inputs.items()
    ]
    graph = helper.make_graph(
        nodes,
        "products",
        taken,
        [helper.make_tensor_value_info("y", out, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(MICROSOFT, 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), target)
    return {"inputs": {name: list(made) for name, made in inputs.items()}, "rows": list(ROWS)}


def _integer(target: Path, signed: bool, kind: type[np.generic], per_column: bool) -> Made:
    k, n = 131, 149
    middle = 128 if kind is np.uint8 else 0
    zero = _RANDOM.integers(-9, 9, n if per_column else ()) + middle
    constants = {"b": weights(k, n, kind), "zb": zero.astype(kind)}
    constants["za"] = np.array(-7, np.int8) if signed else np.array(119, np.uint8)
    node = helper.make_node("MatMulInteger", ["x", "b", "za", "zb"], ["y"])
    return _save(target, [node], {"x": ("int8" if signed else "uint8", [-1, k])}, INT32, constants)


def _dynamic(target: Path) -> Made:
    """DynamicQuantizeMatMul, as onnxruntime makes it of an export's three nodes, twice in a row."""
    first, second = weights(96, 200, np.int8), weights(200, 48, np.uint8)
    constants = {
        "b1": first,
        "s1": np.linspace(0.001, 0.01, 200, dtype=np.float32),
        "bias": np.linspace(-1, 1, 200, dtype=np.float32),
        "b2": second,
        "s2": np.array(0.003, np.float32),
        "z2": np.array(128, np.uint8),
    }
    product = partial(helper.make_node, "DynamicQuantizeMatMul", domain=MICROSOFT)
    nodes = [
        product(["x", "b1", "s1", "", "bias"], ["m"]),
        product(["m", "b2", "s2", "z2"], ["y"]),
    ]
    return _save(target, nodes, {"x": ("float32", [-1, 96])}, FLOAT, constants)


def _to_float(target: Path) -> Made:
    constants = {
        "b": weights(75, 80, np.int8),
        "sa": np.array(0.02, np.float32),
        "sb": np.linspace(0.001, 0.01, 80, dtype=np.float32),
        "za": np.array(100, np.uint8),
        "zb": _RANDOM.integers(-5, 5, 80).astype(np.int8),
    }
    inputs = ["x", "b", "sa", "sb", "za", "zb"]
    node = helper.make_node("MatMulIntegerToFloat", inputs, ["y"], domain=MICROSOFT)
    return _save(target, [node], {"x": ("uint8", [-1, 75])}, FLOAT, constants)


def _linear(target: Path) -> Made:
    scale, zero = np.array(0.02, np.float32), np.array(120, np.uint8)
    constants = {
        "sa": scale, "za": zero, "b": weights(64, 100, np.int8), "sb": scale,
        "zb": np.array(0, np.int8), "sy": np.array(0.5, np.float32), "zy": zero,
    }  # fmt: skip
    inputs = ["x", "sa", "za", "b", "sb", "zb", "sy", "zy"]
    node = helper.make_node("QLinearMatMul", inputs, ["y"])
    return _save(target, [node], {"x": ("uint8", [-1, 64])}, UINT8, constants)


def _convolution(target: Path) -> Made:
    """Its products have an operand that is new each time: the shipped kernel's."""
    constants = {"w": weights(12, 27, np.uint8).reshape(12, 3, 3, 3), "zx": np.array(120, np.uint8)}
    node = helper.make_node("ConvInteger", ["x", "w", "zx"], ["y"], pads=[1, 1, 1, 1])
    return _save(target, [node], {"x": ("uint8", [-1, 3, 9, 9])}, INT32, constants)


def _no_constant(target: Path) -> Made:
    node = helper.make_node("MatMulInteger", ["x", "b"], ["y"])
    inputs: Inputs = {"x": ("uint8", [-1, 64]), "b": ("int8", [64, 64])}
    return _save(target, [node], inputs, INT32, {})
