"""Convolutions of a graph, made int8.

    count = with_int8_convolutions(model)      # how many were rewritten

Weights have a scale a channel. What they are multiplied with is rounded on the way, each picture by
its own largest element, so that it is the same alone and beside others. docs/convert.md has the
figures: in wasm ConvInteger takes little more than half of Conv's time. Left in float are those
that read a picture's own colours, for the numbers, and those with groups, which int8 makes slower.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from intab.convert.linear import rounded
from intab.convert.rewriting import Rewriter
from intab.convert.ungrouping import remove_unused

OLDEST_OPSET = 10
FEWEST = 8  # channels that a convolution reads
MIDDLE = 128  # of a weight's bytes: onnxruntime multiplies unsigned ones
_NEVER_NEGATIVE = ("Relu", "Sigmoid", "HardSigmoid", "Softmax", "Abs", "Exp")
_AS_NEGATIVE = ("MaxPool", "AveragePool", "GlobalAveragePool", "Identity", "Dropout", "Concat")


def with_int8_convolutions(model: ir.Model) -> int:
    """Rewrite every convolution that gains by it; how many there were."""
    if model.graph.opset_imports.get("", 0) < OLDEST_OPSET:
        return 0
    found = [node for node in model.graph if _fits(node)]
    writer = _Writer(model.graph)
    for node in found:
        writer.replace(node)
    remove_unused(model.graph)
    return len(found)


def _fits(node: ir.Node) -> bool:
    if node.op_type != "Conv" or node.attributes.get_int("group", 1) != 1:
        return False
    weight = node.inputs[1]
    if weight is None or weight.is_graph_input():  # an initializer that a caller may replace
        return False
    tensor = weight.const_value
    return (
        tensor is not None
        and tensor.dtype == ir.DataType.FLOAT
        and len(tensor.shape) == 4
        and tensor.shape.numpy()[1] >= FEWEST
    )


def never_negative(value: ir.Value | None) -> bool:
    """Whether no number of a value can be below 0, as far as the nodes before it tell."""
    node = value.producer() if value is not None else None
    if node is None:
        return False
    if node.op_type == "Clip":
        return _least(node) >= 0
    if node.op_type in _AS_NEGATIVE:
        return all(never_negative(each) for each in node.inputs[: _parts(node)])
    return node.op_type in _NEVER_NEGATIVE


def _least(node: ir.Node) -> float:
    """What a Clip cuts off below."""
    least = node.inputs[1] if len(node.inputs) > 1 else None
    if least is None:
        return node.attributes.get_float("min", -np.inf)
    return float(least.const_value.numpy().item()) if least.const_value is not None else -np.inf


def _parts(node: ir.Node) -> int:
    return len(node.inputs) if node.op_type == "Concat" else 1


@dataclass(frozen=True)
class _Pictures:
    """Pictures as bytes, of which `zero` is 0; `step`, [pictures, 1, 1, 1], is one of them."""

    values: ir.Value
    zero: ir.Value
    step: ir.Value


class _Writer(Rewriter):
    """What several convolutions read is quantized once."""

    def __init__(self, graph: ir.Graph) -> None:
        super().__init__(graph, "convolutions")
        self._pictures: dict[ir.Value, _Pictures] = {}

    def replace(self, node: ir.Node) -> None:
        """Rewrite one convolution in its place."""
        self.begin()
        x, weight, bias = (*node.inputs, None)[:3]
        assert x is not None
        assert weight is not None
        assert weight.const_value is not None
        floats = weight.const_value.numpy()
        integers, scale = rounded(floats.reshape(len(floats), -1).T)
        bytes_ = (integers.T.reshape(floats.shape).astype(np.int16) + MIDDLE).astype(np.uint8)
        if x not in self._pictures:
            self._pictures[x] = self._quantized(x)
        pictures = self._pictures[x]
        given = (pictures.values, self.constant(f"{weight.name}.weight", bytes_), pictures.zero)
        kept = {name: each.value for name, each in node.attributes.items()}
        found = self.op("ConvInteger", *given, self._byte(MIDDLE), **kept)
        steps = self.constant(f"{weight.name}.scale", scale[:, None, None])
        found = self.op("Mul", self.cast(found, self.dtype), self.op("Mul", pictures.step, steps))
        if bias is not None:
            found = self.op("Add", found, self.op("Reshape", bias, self.ints(-1, 1, 1)))
        self.instead(node, found)

    def _quantized(self, x: ir.Value) -> _Pictures:
        """Each picture by its own largest element; one of zeros becomes some bytes, times 0."""
        zero, steps = (0, 255) if never_negative(x) else (MIDDLE, MIDDLE - 1)
        size = x if zero == 0 else self.op("Abs", x)
        largest = self.op("ReduceMax", size, self.ints(1, 2, 3), keepdims=1)
        shares = self.op("Div", x, largest)
        zero_point = self._byte(zero)
        values = self.op("QuantizeLinear", shares, self.scalar(1 / steps), zero_point)
        step = self.op("Mul", largest, self.scalar(1 / steps))
        return _Pictures(values, zero_point, step)

    def _byte(self, number: int) -> ir.Value:
        return self.constant(f"byte.{number}", np.array(number, np.uint8))
