"""Cuts the rows whose logits nobody wants off before lm_head, in a graph that others exported."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

ROWS = "num_logits_to_keep"
_PRODUCTS = frozenset({"MatMul", "FusedMatMul", "MatMulNBits", "MatMulBnb4"})
_INTEGER = frozenset({"MatMulInteger", "MatMulIntegerToFloat"})
# What may stand between lm_head and the logits: it treats each row by itself.
_ROW_WISE = frozenset({"Add", "Cast", "Div", "Identity", "Mul", "Tanh"})


def keep_last_rows(model: ir.Model) -> bool:
    """Add the input num_logits_to_keep, and a Slice before lm_head; False where that stands
    already or lm_head is not found."""
    head = _lm_head(model.graph)
    asked = {value.name for value in model.graph.inputs}
    if head is None or asked & {ROWS, "logits_to_keep"}:
        return False
    hidden = head.inputs[0]
    rows = ir.Value(name=ROWS, shape=ir.Shape([]), type=ir.TensorType(ir.DataType.INT64))
    model.graph.inputs.append(rows)
    ends = [_constant(model.graph, f"{ROWS}.{n}", n) for n in (0, np.iinfo(np.int64).max, 1)]
    minus = ir.node("Neg", [rows])
    start = ir.node("Unsqueeze", [minus.outputs[0], ends[0]])
    cut = ir.node("Slice", [hidden, start.outputs[0], ends[1], ends[2]])
    model.graph.insert_before(head, [minus, start, cut])
    head.replace_input_with(0, cut.outputs[0])
    return True


def _lm_head(graph: ir.Graph) -> ir.Node | None:
    """The node that first reads lm_head's input, looked for from the logits back."""
    value = next((value for value in graph.outputs if value.name == "logits"), None)
    node = value.producer() if value is not None else None
    while node is not None and node.op_type in _ROW_WISE:
        found = node.inputs[0]
        node = found.producer() if found is not None else None
    if node is not None and node.op_type in _INTEGER:
        # The rows are cut before they are quantized.
        found = node.inputs[0]
        node = found.producer() if found is not None else None
        return node if node is not None and node.op_type == "DynamicQuantizeLinear" else None
    return node if node is not None and node.op_type in _PRODUCTS else None


def _constant(graph: ir.Graph, name: str, number: int) -> ir.Value:
    tensor = ir.tensor(np.array([number], np.int64), name=name)
    value = ir.Value(
        name=name, shape=ir.Shape([1]), type=ir.TensorType(tensor.dtype), const_value=tensor
    )
    graph.register_initializer(value)
    return value
