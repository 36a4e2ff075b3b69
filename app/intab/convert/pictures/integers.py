"""The weights of a graph as int8 with a scale a channel, made float again while it is loaded.

    weights [out, in, 3, 3] -> int8 [out, in, 3, 3], scales [out] -> DequantizeLinear -> Conv

That is the form q8f32: a quarter of the file, the speed of float32, given the session option that
`intab.load` sets for it (EXPANDING in engine/hub/manifest.py).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx_ir as ir
from onnx_ir.passes import common

from intab.convert.linear import rounded

SMALLEST = 1024  # weights: fewer are not worth two nodes


def with_int8_weights(model: ir.Model) -> int:
    """Rewrite the weights of convolutions, products and tables that are looked up; how many."""
    made: dict[tuple[ir.Value, int], ir.Value] = {}
    for node, place, axis in list(_weights(model.graph)):
        weight = node.inputs[place]
        assert weight is not None
        key = weight, axis
        if key not in made:
            made[key] = _dequantized(model.graph, weight, axis)
        node.replace_input_with(place, made[key])
    common.RemoveUnusedNodesPass()(model)
    common.TopologicalSortPass()(model)
    return len(made)


def _weights(graph: ir.Graph) -> Iterator[tuple[ir.Node, int, int]]:
    """Each node with a constant weight, the weight's place, and the axis of its channels."""
    for node in graph:
        place = 0 if node.op_type == "Gather" else 1
        weight = node.inputs[place] if place < len(node.inputs) else None
        axis = _axis(node)
        if axis is not None and weight is not None and _is_weight(weight, node.op_type):
            yield node, place, axis


def _is_weight(value: ir.Value, kind: str) -> bool:
    tensor = value.const_value
    return (
        value.is_initializer()
        and tensor is not None
        and tensor.dtype == ir.DataType.FLOAT
        and tensor.size >= SMALLEST
        and len(tensor.shape) > 1
        and (kind in ("Conv", "ConvTranspose") or len(tensor.shape) == 2)
    )


def _axis(node: ir.Node) -> int | None:
    """The axis along which a node's weight has its channels, None for other nodes."""
    flag = node.attributes.get_int
    match node.op_type:
        case "Conv":
            return 0
        case "ConvTranspose" | "MatMul":
            return 1
        case "Gemm":
            return 0 if flag("transB", 0) else 1
        case "Gather":
            return None if flag("axis", 0) else 0
    return None


def _dequantized(graph: ir.Graph, weight: ir.Value, axis: int) -> ir.Value:
    assert weight.const_value is not None
    floats = np.moveaxis(weight.const_value.numpy(), axis, -1)
    integers, scale = rounded(floats.reshape(-1, floats.shape[-1]))
    whole = np.moveaxis(integers.reshape(floats.shape), -1, axis)
    name = f"{weight.name}.axis{axis}"
    given = [
        _constant(graph, f"{name}.int8", np.ascontiguousarray(whole)),
        _constant(graph, f"{name}.scale", scale),
    ]
    node = ir.node("DequantizeLinear", given, {"axis": axis}, name=f"{name}.float")
    [made] = node.outputs
    made.name, made.dtype, made.shape = f"{name}.value", ir.DataType.FLOAT, weight.shape
    graph.insert_before(graph[0], node)
    return made


def _constant(graph: ir.Graph, name: str, value: np.ndarray) -> ir.Value:
    found = ir.val(name, const_value=ir.tensor(value, name=name))
    graph.register_initializer(found)
    return found
