"""Convolutions made int8: near the float ones, alone or beside others, with the padding's zeros."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import pytest
from onnx import helper, numpy_helper

from intab.convert.convolutions import with_int8_convolutions

CHANNELS = 8
FLOAT = onnx.TensorProto.FLOAT


def network(
    before: list[tuple[str, dict[str, Any]]], *, opset: int = 13, given: bool = False, **conv: Any
) -> ir.Model:
    """A convolution behind nodes of one input, and a bias; `given`: its weight is an input too."""
    groups = conv.get("group", 1)
    rng = np.random.default_rng(3)
    weight = rng.standard_normal((6, CHANNELS // groups, 3, 3)).astype(np.float32)
    nodes, x = [], "x"
    for kind, attributes in before:
        nodes.append(helper.make_node(kind, [x], [f"{x}y"], **attributes))
        x = f"{x}y"
    kept = {"strides": [2, 2], "pads": [2, 2, 2, 2], "dilations": [2, 2], **conv}
    nodes.append(helper.make_node("Conv", [x, "w", "b"], ["y"], **kept))
    bias = (np.arange(6) / 4).astype(np.float32)
    info = helper.make_tensor_value_info
    inputs = [info("x", FLOAT, ["n", CHANNELS, "h", "k"])]
    graph = helper.make_graph(
        nodes,
        "network",
        inputs + ([info("w", FLOAT, weight.shape)] if given else []),
        [info("y", FLOAT, ["n", 6, "a", "c"])],
        [numpy_helper.from_array(weight, "w"), numpy_helper.from_array(bias, "b")],
    )
    opsets = [helper.make_opsetid("", opset)]
    return ir.from_proto(helper.make_model(graph, opset_imports=opsets, ir_version=8))


def run(model: ir.Model, x: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(ir.to_proto(model).SerializeToString())
    [y] = session.run(None, {"x": x})
    return np.asarray(y)


def pictures(count: int) -> np.ndarray:
    return np.random.default_rng(1).standard_normal((count, CHANNELS, 9, 7)).astype(np.float32)


@pytest.mark.parametrize(
    ("opset", "before", "near"),
    [
        (13, [("Relu", {})], 0.012),
        (18, [("Relu", {})], 0.012),
        (10, [("Clip", {"min": 0.0, "max": 6.0})], 0.012),
        (13, [("Relu", {}), ("MaxPool", {"kernel_shape": [2, 2]})], 0.012),
        (13, [], 0.02),  # on both sides of 0
        (10, [("Clip", {"min": -1.0})], 0.02),
    ],
)
def test_it_is_near_what_floats_give(opset: int, before: Any, near: float) -> None:
    x = pictures(2)
    wanted = run(network(before, opset=opset), x)
    model = network(before, opset=opset)
    assert with_int8_convolutions(model) == 1
    assert {"ConvInteger"} == {n.op_type for n in model.graph if "Conv" in n.op_type}
    found = run(model, x)
    assert np.abs(found - wanted).max() < near * np.abs(wanted).max()
    assert np.abs(found - wanted).max() > 0


def test_a_picture_is_the_same_alone_and_beside_a_brighter_one() -> None:
    model = network([("Relu", {})])
    with_int8_convolutions(model)
    some = pictures(2) * np.array([1, 100], np.float32).reshape(2, 1, 1, 1)
    assert np.array_equal(run(model, some)[:1], run(model, some[:1]))


def test_a_black_picture_gives_the_bias() -> None:
    model = network([("Relu", {})])
    with_int8_convolutions(model)
    found = run(model, np.zeros((1, CHANNELS, 9, 7), np.float32))
    assert np.array_equal(found[0, :, 0, 0], np.arange(6) / 4)


@pytest.mark.parametrize("options", [{"group": 2}, {"opset": 9}, {"given": True}])
def test_what_stays(options: dict[str, Any]) -> None:
    model = network([], **options)
    assert with_int8_convolutions(model) == 0
    assert [node.op_type for node in model.graph] == ["Conv"]
