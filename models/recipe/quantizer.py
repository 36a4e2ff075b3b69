"""Stores the weights as int8 with a scale a column; they are float32 again once loaded.

Each matrix becomes an int8 initializer and a DequantizeLinear in front of the same float MatMul.
With the session option `session.disable_quant_qdq` onnxruntime folds the pair at load, so a
decode step costs what the float file costs, greedy ids do not depend on a machine's int8
instructions, and the download is a quarter. The embedding is stored once, for Gather and lm_head.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

SESSION_OPTIONS = {"session.disable_quant_qdq": "1"}
EMBEDDING = "model.embed_tokens.weight"
LM_HEAD = "lm_head.MatMul.weight"


def quantize(model: ir.Model) -> None:
    graph = model.graph
    embedding = _dequantized(graph, EMBEDDING, axis=0)
    for name in [name for name, value in graph.initializers.items() if _is_matrix(value)]:
        if name not in (EMBEDDING, LM_HEAD):
            _replace(graph, name, _dequantized(graph, name, axis=1))
    _replace(graph, EMBEDDING, embedding)
    _replace(graph, LM_HEAD, _transposed(graph, embedding))


def save(model: ir.Model, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    model.doc_string = None
    for node in model.graph:
        node.doc_string = None
    ir.save(model, path)


def rounded(weight: NDArray[np.float32], axis: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """
    >>> rounded(np.float32([[127, -2], [0, 4]]), axis=0)[1]
    array([1.        , 0.03149606], dtype=float32)
    """
    largest = np.abs(weight).max(axis=1 - axis, keepdims=True)
    scale = (np.maximum(largest, 1e-12) / 127).astype(np.float32)
    return np.rint(weight / scale).astype(np.int8), scale.ravel()


def _is_matrix(value: ir.Value) -> bool:
    """A weight of a MatMul; the rotary tables and the norms stay as they are."""
    return any(node.op_type == "MatMul" for node, _ in value.uses())


def _dequantized(graph: ir.Graph, name: str, axis: int) -> ir.Value:
    weight = graph.initializers[name].const_value
    if weight is None:
        raise ValueError(f"{name} has no weights: export the checkpoint again")
    integers, scale = rounded(weight.numpy(), axis)
    inputs = [_constant(graph, f"{name}.int8", integers), _constant(graph, f"{name}.scale", scale)]
    node = ir.node("DequantizeLinear", inputs, {"axis": axis}, name=f"{name}.dequantize")
    return _prepended(graph, node)


def _transposed(graph: ir.Graph, value: ir.Value) -> ir.Value:
    node = ir.node("Transpose", [value], {"perm": [1, 0]}, name="lm_head.transpose")
    producer = value.producer()
    if producer is None:
        raise ValueError("the embedding must be dequantized before it is transposed")
    graph.insert_after(producer, node)
    return node.outputs[0]


def _prepended(graph: ir.Graph, node: ir.Node) -> ir.Value:
    graph.insert_before(graph[0], node)
    return node.outputs[0]


def _constant(graph: ir.Graph, name: str, array: NDArray[np.generic]) -> ir.Value:
    tensor = ir.tensor(array, name=name)
    value = ir.Value(name=name, shape=ir.Shape(array.shape), const_value=tensor)
    value.type = ir.TensorType(tensor.dtype)
    graph.register_initializer(value)
    return value


def _replace(graph: ir.Graph, name: str, value: ir.Value) -> None:
    graph.initializers[name].replace_all_uses_with(value)
    del graph.initializers[name]
