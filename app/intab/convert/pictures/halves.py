"""A float32 graph in float16, by onnxruntime's own converter; inputs and outputs stay float32.

What tells a UNet the time stays float32 inside too: the sine of 999 in halves is that of a number
which is wrong by up to a quarter.
"""

from __future__ import annotations

from collections.abc import Iterator

import onnx_ir as ir
from onnx_ir.passes import common
from onnxruntime.transformers.float16 import DEFAULT_OP_BLOCK_LIST, convert_float_to_float16

LARGEST = 65504.0
_WAVES = ("Sin", "Cos")


def in_halves(model: ir.Model) -> ir.Model:
    """The graph in float16. It must have names for all nodes, and its weights in memory."""
    common.ShapeInferencePass()(model)
    kept = [node.name for node in _of_waves(model)]
    proto = convert_float_to_float16(
        ir.to_proto(model),
        keep_io_types=True,
        disable_shape_infer=True,  # done, and without onnx's limit of 2 GB
        op_block_list=DEFAULT_OP_BLOCK_LIST,
        node_block_list=kept,
    )
    found: ir.Model = ir.from_proto(proto)
    _join(found)
    common.TopologicalSortPass()(found)
    return found


def _of_waves(model: ir.Model) -> Iterator[ir.Node]:
    """Sines, cosines, and all that they are made of."""
    waiting = [node for node in model.graph if node.op_type in _WAVES]
    known = set(waiting)
    while waiting:
        node = waiting.pop()
        yield node
        makers = {value.producer() for value in node.inputs if value is not None}
        fresh = [maker for maker in makers if maker is not None and maker not in known]
        known.update(fresh)
        waiting += fresh


def _join(model: ir.Model) -> None:
    """Take away the way through halves that the converter leaves between two nodes that stay
    float32: a number that is cast and cast back."""
    for node in list(model.graph):
        before = _cast_from(node, ir.DataType.FLOAT)
        first = None if before is None else before.producer()
        whole = None if first is None else _cast_from(first, ir.DataType.FLOAT16)
        if whole is not None and whole.dtype == ir.DataType.FLOAT:
            node.outputs[0].replace_all_uses_with(whole)
    common.RemoveUnusedNodesPass()(model)


def _cast_from(node: ir.Node, dtype: ir.DataType) -> ir.Value | None:
    """What a cast to that dtype casts, None for another node."""
    is_cast = node.op_type == "Cast" and node.attributes.get_int("to") == dtype
    return node.inputs[0] if is_cast else None


def with_peaks(model: ir.Model) -> list[str]:
    """Give a graph an output for the largest magnitude of each float that a node makes; the names
    of these outputs."""
    common.ShapeInferencePass()(model)
    made = [value for node in model.graph for value in node.outputs]
    return [_add_peak(model.graph, value) for value in made if value.dtype == ir.DataType.FLOAT]


def _add_peak(graph: ir.Graph, value: ir.Value) -> str:
    size = ir.node("Abs", [value])
    peak = ir.node("ReduceMax", [size.outputs[0]], {"keepdims": 0})
    graph.extend([size, peak])
    [output] = peak.outputs
    output.name, output.dtype, output.shape = f"peak.{value.name}", ir.DataType.FLOAT, ir.Shape([])
    size.outputs[0].name = f"size.{value.name}"
    graph.outputs.append(output)
    return output.name
