"""int8 products of exported graphs get a scale for each row, in every form there is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

import intab
from intab.convert import community
from intab.convert.community import optimise
from intab.convert.requantizing import by_rows
from intab.engine.runtime.first_alone import COARSE
from intab.engine.runtime.graphs import EXACT_INT8
from tests.support.llama import GROUPED, write_llama

Array = NDArray[Any]
INPUTS, OUTPUTS = 32, 12
RNG = np.random.default_rng(4)
WEIGHT = RNG.standard_normal((INPUTS, OUTPUTS), np.float32)
BIAS = RNG.standard_normal(OUTPUTS).astype(np.float32)
ROWS = RNG.standard_normal((4, INPUTS), np.float32)
ROWS[1] *= 1000
SCALE = (np.abs(WEIGHT).max(0) / 127).astype(np.float32)
CONSTANTS = {
    "w": np.rint(WEIGHT / SCALE).astype(np.int8),
    "scale": SCALE,
    "w.2": np.rint(WEIGHT / SCALE).astype(np.int8),
    "zero": np.zeros(OUTPUTS, np.int8),
    "bias": BIAS,
}
QUANTIZE = helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "step", "at"])


def written_out(*, turned: bool) -> list[onnx.NodeProto]:
    """As quantize_dynamic writes it."""

    def mul(one: str, two: str, out: str) -> onnx.NodeProto:
        return helper.make_node("Mul", [two, one] if turned else [one, two], [out])

    return [
        QUANTIZE,
        mul("step", "scale", "both"),
        helper.make_node("MatMulInteger", ["q", "w", "at", "zero"], ["whole"]),
        helper.make_node("Cast", ["whole"], ["float"], to=TensorProto.FLOAT),
        mul("float", "both", "scaled"),
        helper.make_node("Add", ["scaled", "bias"], ["y"]),
    ]


def fused(kind: str, *inputs: str) -> onnx.NodeProto:
    return helper.make_node(kind, inputs, ["y"], domain="com.microsoft")


FORMS = {
    "written out": written_out(turned=False),
    "turned": written_out(turned=True),
    "MatMulIntegerToFloat": [
        QUANTIZE,
        fused("MatMulIntegerToFloat", "q", "w", "step", "scale", "at", "zero", "bias"),
    ],
    "DynamicQuantizeMatMul": [fused("DynamicQuantizeMatMul", "x", "w", "scale", "zero", "bias")],
}


def model_of(nodes: list[onnx.NodeProto], opset: int = 17) -> ir.Model:
    make, floats = helper.make_tensor_value_info, TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "product",
        [make("x", floats, ["rows", INPUTS])],
        [make("y", floats, ["rows", OUTPUTS])],
        [numpy_helper.from_array(value, name) for name, value in CONSTANTS.items()],
    )
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    return ir.from_proto(helper.make_model(graph, opset_imports=opsets, ir_version=8))


def run(model: ir.Model, rows: Array) -> Array:
    settings = onnxruntime.SessionOptions()
    for key, value in EXACT_INT8.items():
        settings.add_session_config_entry(key, value)
    data = ir.to_proto(model).SerializeToString()
    found: Array = onnxruntime.InferenceSession(data, settings).run(None, {"x": rows})[0]
    return found


@pytest.mark.parametrize("opset", [13, 17, 21])
@pytest.mark.parametrize("form", FORMS)
def test_a_large_row_ruins_no_other(form: str, opset: int) -> None:
    model = model_of(FORMS[form], opset)
    wanted = ROWS @ WEIGHT + BIAS
    before = np.abs(run(model, ROWS) - wanted)[[0, 2, 3]].max()
    assert by_rows(model) == 1
    found = run(model, ROWS)
    assert np.abs(found - wanted)[[0, 2, 3]].max() < min(0.2, 0.05 * before)
    for row, alone in zip(ROWS, found, strict=True):
        np.testing.assert_array_equal(run(model, row[None])[0], alone)
    assert not {node.op_type for node in model.graph} & {"DynamicQuantizeLinear", "MatMulInteger"}


def test_what_two_products_read_is_quantized_once() -> None:
    nodes = written_out(turned=False)[:-1]
    other = [helper.make_node(n.op_type, n.input, n.output) for n in nodes[1:]]
    for node, twin in zip(nodes[1:], other, strict=True):
        twin.attribute.extend(node.attribute)
        twin.output[:] = [f"{name}.2" for name in node.output]
        twin.input[:] = [
            f"{n}.2" if n in ("both", "whole", "float", "w") else n for n in node.input
        ]
    model = model_of([*nodes, *other, helper.make_node("Add", ["scaled", "scaled.2"], ["y"])])
    assert by_rows(model) == 2
    assert [node.op_type for node in model.graph].count("QuantizeLinear") == 1
    np.testing.assert_allclose(run(model, ROWS[:1]), 2 * ROWS[:1] @ WEIGHT, atol=0.3)


def test_what_is_no_such_product_stays() -> None:
    """An older graph, a weight that is computed, another use of the bytes."""
    assert by_rows(model_of(FORMS["written out"], 11)) == 0
    computed = model_of(FORMS["written out"])
    computed.graph.initializers["w"].const_value = None
    assert by_rows(computed) == 0
    back = helper.make_node("DequantizeLinear", ["q", "step", "at"], ["y"])
    assert by_rows(model_of([QUANTIZE, back])) == 0
    twice = [*FORMS["written out"], helper.make_node("MatMulInteger", ["q", "w"], ["other"])]
    assert by_rows(model_of(twice)) == 0


def test_a_weight_of_unsigned_bytes_keeps_its_zero_point(monkeypatch: pytest.MonkeyPatch) -> None:
    shifted = (CONSTANTS["w"].astype(np.int16) + 128).astype(np.uint8)
    monkeypatch.setitem(CONSTANTS, "w", shifted)
    monkeypatch.setitem(CONSTANTS, "zero", np.full(OUTPUTS, 128, np.uint8))
    model = model_of(FORMS["written out"])
    assert by_rows(model) == 1
    np.testing.assert_allclose(run(model, ROWS[:1]), ROWS[:1] @ WEIGHT + BIAS, atol=0.2)


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """A folder with onnxruntime's int8 of a small model, as the hub has them."""
    folder = write_llama(tmp_path / "exported", GROUPED, "grouped")
    graph = folder / "onnx" / "model.onnx"
    settings = onnxruntime.SessionOptions()  # its weights as they are multiplied
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    settings.optimized_model_filepath = str(graph)
    onnxruntime.InferenceSession(str(graph), settings, providers=["CPUExecutionProvider"])
    quantize_dynamic(
        graph, folder / "onnx" / "model_quantized.onnx", op_types_to_quantize=["MatMul"],
        weight_type=QuantType.QInt8, per_channel=True,
        extra_options={"DefaultTensorType": TensorProto.FLOAT},
    )  # fmt: skip
    graph.unlink()
    return folder


async def test_an_exported_folder_agrees_by_row_once_it_is_converted(
    exported: Path, tmp_path: Path
) -> None:
    coarse = await intab.load(str(exported))
    assert coarse.reason.endswith(COARSE)
    assert not coarse._rows_agree
    out = tmp_path / "model"
    [row] = optimise(exported, out).rows
    assert "int8 products got a scale for each row" in row.remark
    finer = await intab.load(str(out))
    assert finer._rows_agree
    assert "coarse" not in finer.reason


def test_a_graph_that_answers_otherwise_stays_as_it_was(
    exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(community, "_near", lambda *_: False)
    [row] = optimise(exported, tmp_path / "model").rows
    assert "for each row" not in row.remark
    kinds = {node.op_type for node in ir.load(tmp_path / "model/onnx/model_quantized.onnx").graph}
    assert "MatMulInteger" in kinds
