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
from intab.convert.memory import memory_needed
from intab.convert.running import Runner
from intab.engine.hub.manifest import EXPANDING
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


def test_memory_is_that_of_weights_cache_and_work(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "SMALL", 0)
    convert(Request(checkpoint, tmp_path / "model", ("fp32", "q8", "q8f32", "q4f16")))
    memory = json.loads((tmp_path / "model/intab.json").read_text())["memory"]
    table = tiny.VOCABULARY * 64  # gathered from, and packed for lm_head
    parameters = Checkpoint(checkpoint).parameters() + table
    cache = 4 * 2 * 2 * 16 * 2048 * 4  # layers, key and value, heads, dim, context, float
    assert [memory[dtype]["cache"] for dtype in ("fp32", "q8", "q8f32")] == [cache] * 3
    assert memory["q4f16"]["cache"] == cache / 2
    layer = 512 * (2 * 4 * 2048 + 3 * 96 + 4 * 64) * 4
    half = layer / 2
    assert memory["q8"]["working"] == layer
    assert memory["q4f16"]["working"] == cache / 2 + half  # whose cache is made anew
    assert memory["fp32"]["weights"] == pytest.approx(4 * parameters, rel=0.01)
    assert memory["q8f32"]["weights"] == pytest.approx(4 * parameters, rel=0.03)
    assert memory["q8"]["weights"] == pytest.approx(parameters, rel=0.1)
    graph = ir.load(tmp_path / "model/onnx/model.onnx")
    assert set(memory_needed(graph, {"vocab_size": 10**6})) == {"weights"}  # no more is known
    short = {"vocab_size": 10**6, "hidden_size": 64, "max_position_embeddings": 8}
    assert memory_needed(graph, short)["working"] == 4 * 10**6
