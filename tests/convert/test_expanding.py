"""q8f32 is q8's file, multiplied as floats; and the memory that each dtype is said to need."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx_ir as ir
import pytest

import intab
from intab.convert import forms
from intab.convert.checkpoint import Checkpoint
from intab.convert.converter import Request, convert
from intab.convert.running import Runner
from intab.engine.hub.manifest import EXPANDING, parse_manifest
from tests.convert import tiny


async def test_expanded_weights_are_those_of_q8(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model too large to be expanded unasked: q8f32 is a graph beside q8's weights."""
    monkeypatch.setattr(forms, "SMALL", 0)
    convert(Request(checkpoint, tmp_path / "apart", ("q8f32",)))
    out = tmp_path / "model"
    convert(Request(checkpoint, out, ("q8", "q8f32")))
    manifest = json.loads((out / "intab.json").read_text())
    assert "session_options" not in manifest
    shared = "onnx/model_quantized.onnx_data"
    assert manifest["dtypes"]["q8"] == ["onnx/model_quantized.onnx", shared]
    assert manifest["dtypes"]["q8f32"] == ["onnx/model_q8f32.onnx", shared]
    assert manifest["files"]["onnx/model_q8f32.onnx"]["size"] < 60_000
    folders = [tmp_path / "apart", out]
    runners = [Runner(folder / "onnx/model_q8f32.onnx", EXPANDING) for folder in folders]
    one, other = (runner.logits(tiny.ids()[0]) for runner in runners)
    np.testing.assert_array_equal(one, other)
    answers = []
    for folder in folders:
        model = await intab.load(str(folder), dtype="q8f32")
        answers.append((await model.generate("Once", max_new_tokens=8, do_sample=False)).ids)
    assert answers[0] == answers[1]


def test_expanded_weights_are_float_while_it_runs(checkpoint: Path, tmp_path: Path) -> None:
    """Rows computed side by side agree exactly with one by one, as no int8 product's do."""
    convert(Request(checkpoint, tmp_path / "model", ("q8",), license="MIT"))
    manifest = json.loads((tmp_path / "model/intab.json").read_text())
    assert (manifest["session_options"], manifest["license"]) == (EXPANDING, "MIT")
    graph = tmp_path / "model/onnx/model_quantized.onnx"
    operators = [node.op_type for node in ir.load(graph).graph]
    assert operators.count("DequantizeLinear") == 1 + 4 * 4  # the embedding is lm_head
    assert "DynamicQuantizeLinear" not in operators


def test_the_memory_of_the_weights_is_told(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "SMALL", 0)
    convert(Request(checkpoint, tmp_path / "model", ("fp32", "q8", "q8f32", "q4f16")))
    written = json.loads((tmp_path / "model/intab.json").read_text())
    assert "devices" not in written  # no dtype computes something else anywhere
    table = tiny.VOCABULARY * 64  # gathered from, and packed for lm_head
    parameters = Checkpoint(checkpoint).parameters() + table
    weights = parse_manifest(written).weights
    assert weights["fp32"] == pytest.approx(4 * parameters, rel=0.01)
    assert weights["q8f32"] == pytest.approx(4 * parameters, rel=0.03)
    assert weights["q8"] == pytest.approx(parameters, rel=0.1)
    assert weights["q4f16"] < weights["q8"]
