"""The memory that a graph's weights take once they are loaded, for intab.json."""

from __future__ import annotations

import onnx_ir as ir

FLOAT = 4


def weights_loaded(graph: ir.Graph) -> int:
    """The bytes of all weights. What is dequantized counts as the float it becomes; what is both
    gathered from and multiplied counts twice, since a product packs what it multiplies."""
    branches = [graph, *graph.subgraphs()]
    return sum(_loaded(value) for one in branches for value in one.initializers.values())


def _loaded(value: ir.Value) -> int:
    tensor = value.const_value
    if tensor is None:
        return 0
    expanded = any(
        node.op_type == "DequantizeLinear" and place == 0 for node, place in value.uses()
    )
    copies = 2 if _readers(value) >= {"Gather", "MatMul"} else 1
    return copies * (tensor.size * FLOAT if expanded else tensor.nbytes)


def _readers(value: ir.Value) -> set[str]:
    """The operators that read a weight, turned, reshaped or dequantized; gathers and products by
    one name each."""
    found = set()
    for node, _ in value.uses():
        if node.op_type in ("DequantizeLinear", "Reshape", "Transpose"):
            found |= _readers(node.outputs[0])
        else:
            kinds = [kind for kind in ("Gather", "MatMul") if kind in node.op_type]
            found.update(kinds or [node.op_type])
    return found
