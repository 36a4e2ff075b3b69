"""Graphs with newer operators, small types, branches and bodies are taken, and answer as before."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from intab.convert.community import optimise
from intab.convert.kernels import entry_of, examine
from intab.convert.running import Runner
from intab.errors import ConvertError
from tests.convert.newer import KINDS, write_newer

IDS = list(range(40, 60))


@pytest.mark.parametrize("name", KINDS)
def test_a_graph_that_runs_is_taken(tmp_path: Path, name: str) -> None:
    source, out = write_newer(tmp_path / "source", name), tmp_path / "model"
    [row] = optimise(source, out).rows
    assert "wasm" in row.devices
    assert row.remark == ""
    before, after = (Runner(folder / "onnx/model.onnx") for folder in (source, out))
    np.testing.assert_array_equal(after.logits(IDS), before.logits(IDS))
    assert after.greedy(IDS, 4) == before.greedy(IDS, 4)


def test_weights_of_a_branch_come_along(tmp_path: Path) -> None:
    source, out = write_newer(tmp_path / "source", "if", external_data=True), tmp_path / "model"
    optimise(source, out)
    wanted = Runner(source / "onnx/model.onnx").logits(IDS)
    (source / "onnx/model.onnx_data").unlink()
    np.testing.assert_array_equal(Runner(out / "onnx/model.onnx").logits(IDS), wanted)
    assert [path.name for path in (out / "onnx").iterdir()] == ["model.onnx"]
    files = json.loads((out / "intab.json").read_text())["files"]
    assert not any(name.endswith("_data") for name in files)


def test_what_is_not_known_is_told_where_onnxruntime_runs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_newer(tmp_path / "source", "swish")
    monkeypatch.setattr("intab.convert.kernels.entry_of", without("Swish"))
    [row] = optimise(source, tmp_path / "model").rows
    assert "wasm" in row.devices
    assert "of Swish (node" in row.remark
    assert "intab does not know whether onnxruntime-web has a kernel" in row.remark


def without(operator: str) -> Callable[[str, int], Any]:
    """A table that has not heard of an operator."""
    return lambda name, opset: None if name == operator else entry_of(name, opset)


def test_a_branch_is_looked_into(tmp_path: Path) -> None:
    source = write_newer(tmp_path / "source", "if")
    path = source / "onnx/model.onnx"
    model = onnx.load(path)
    [choice] = [node for node in model.graph.node if node.op_type == "If"]
    choice.attribute[0].g.node[0].op_type = "GemmFloat8"
    choice.attribute[0].g.node[0].domain = "com.microsoft"
    onnx.save(model, path)
    with pytest.raises(ConvertError, match=r"no wasm kernel for com\.microsoft:GemmFloat8"):
        optimise(source, tmp_path / "model")


def test_types_are_followed_into_bodies_and_out(tmp_path: Path) -> None:
    """A Tanh of doubles has no kernel, in a Scan as elsewhere; Cast's target counts."""
    source = write_newer(tmp_path / "source", "scan")
    model = ir.load(source / "onnx/model.onnx")
    assert not examine(model, "wasm").missing
    [scan] = [node for node in model.graph if node.op_type == "Scan"]
    for value in scan.attributes["body"].as_graph().inputs:
        value.type = ir.TensorType(ir.DataType.BFLOAT16)
    assert any("Tanh T=bfloat16" in node for node in examine(model, "wasm").missing)


@pytest.mark.parametrize(
    ("version", "opset", "says"),
    [
        (14, 26, "IR version 14, and onnxruntime reads up to 13: set model.ir_version = 13"),
        (10, 28, "opset 28, and onnxruntime has up to opset 26: export it with opset_version=26"),
        (14, 28, "IR version 14"),
    ],
)
def test_what_onnx_writes_unasked_is_told(
    tmp_path: Path, version: int, opset: int, says: str
) -> None:
    source = write_newer(tmp_path / "source", "gelu")
    path = source / "onnx/model.onnx"
    model = onnx.load(path)
    model.ir_version = version
    model.opset_import[0].version = opset
    onnx.save(model, path)
    with pytest.raises(ConvertError, match=says):
        optimise(source, tmp_path / "model")
