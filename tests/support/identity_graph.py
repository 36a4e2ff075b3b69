"""The graph that tests/engine/support/network_contract.py is about, as ONNX."""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import TensorProto, helper

from intab.engine.runtime.network import DTYPES

_KINDS = {
    "float32": TensorProto.FLOAT,
    "float16": TensorProto.FLOAT16,
    "int64": TensorProto.INT64,
    "int32": TensorProto.INT32,
    "bool": TensorProto.BOOL,
    "uint8": TensorProto.UINT8,
    "int8": TensorProto.INT8,
}


def identity_graph() -> onnx.ModelProto:
    """It gives back what it takes."""
    inputs: list[onnx.ValueInfoProto] = []
    outputs: list[onnx.ValueInfoProto] = []
    nodes: list[onnx.NodeProto] = []
    for dtype in DTYPES:
        for name, infos in ((f"x_{dtype}", inputs), (f"y_{dtype}", outputs)):
            infos.append(helper.make_tensor_value_info(name, _KINDS[dtype], ["rows", 3]))
        nodes.append(helper.make_node("Identity", [f"x_{dtype}"], [f"y_{dtype}"]))
    inputs.append(helper.make_tensor_value_info("scalar", TensorProto.FLOAT, []))
    outputs.append(helper.make_tensor_value_info("scalar_out", TensorProto.FLOAT, []))
    nodes.append(helper.make_node("Identity", ["scalar"], ["scalar_out"]))
    graph = helper.make_graph(nodes, "identity", inputs, outputs)
    opset = [helper.make_opsetid("", 21)]
    return helper.make_model(graph, opset_imports=opset, ir_version=10)


def write_identity(path: Path) -> Path:
    """The graph in a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(identity_graph(), path)
    return path
