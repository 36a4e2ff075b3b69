"""Graphs are held against the kernels of the pinned onnxruntime-web."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import onnx
import onnx_ir as ir
import pytest

from intab.convert.checkpoint import Checkpoint
from intab.convert.converter import Request, convert
from intab.convert.decoder import decoder
from intab.convert.families import read_model
from intab.convert.forms import FORMS, Form
from intab.convert.kernels import entry_of, examine, table, without_kernel
from intab.errors import ConvertError
from tests.conftest import ROOT
from tests.convert import tiny
from tests.convert.grouped import Variant, make_grouped
from tests.support.gpu_graphs import HARMLESS, TRAPS


def test_the_table_is_of_the_pinned_version() -> None:
    """After a change of version: make site && python -m tools.kernels"""
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    assert table()["onnxruntime-web"] == package["dependencies"]["onnxruntime-web"]


def test_the_table_knows_what_is_known() -> None:
    """WebGPU multiplies no int8, casts no int64 and has no FusedMatMul; wasm does all three."""
    for name in ("com.microsoft:MatMulIntegerToFloat", "com.microsoft:FusedMatMul"):
        assert known(name, 1)["wasm"]
        assert not known(name, 1)["webgpu"]
    assert "int64" in known("Cast", 21)["wasm"][0]
    assert not any("T1=int64" in choice for choice in known("Cast", 21)["webgpu"])


def known(operator: str, opset: int) -> dict[str, Any]:
    entry = entry_of(operator, opset)
    assert entry
    return entry


def test_the_table_knows_versions_and_types() -> None:
    """Cos lost its WebGPU kernel at opset 22; small types have kernels where they are."""
    assert known("Cos", 21)["webgpu"]
    assert not known("Cos", 22)["webgpu"]
    for kind in ("int2", "uint2", "int4", "uint4", "float8e4m3fn", "float8e5m2fnuz"):
        assert any(kind in choice for choice in known("DequantizeLinear", 25)["wasm"])
    for name in ("Attention", "RMSNormalization", "RotaryEmbedding", "If", "Loop", "Scan"):
        assert known(name, 26)["wasm"]
    assert entry_of("Attention", 22) is None
    assert entry_of("NoSuchOperator", 26) is None


def test_the_table_knows_what_a_kernel_leaves_out() -> None:
    left_out = table()["left_out"]
    assert left_out == {"webgpu": {"com.microsoft:GroupQueryAttention": {"softcap": 0.0}}}


@pytest.mark.parametrize(("softcap", "count"), [(0.0, 0), (5.0, 1)])
def test_a_kernel_that_leaves_an_attribute_out_counts_as_none(softcap: float, count: int) -> None:
    model = ir.from_proto(make_grouped(Variant(settings={"softcap": softcap})))
    found = examine(model, "webgpu")
    assert len(found.wrong) == count
    assert list(without_kernel(model, "wasm")) == []
    if count:
        assert list(without_kernel(model, "webgpu")) == [
            "com.microsoft:GroupQueryAttention with softcap=5.0 (node attention)"
        ]


@pytest.mark.parametrize("name", [*TRAPS, *HARMLESS])
def test_what_webgpu_computes_otherwise_counts_as_none(name: str) -> None:
    graph = {**TRAPS, **HARMLESS}[name]
    model = ir.from_proto(onnx.load_from_string(graph.model))
    assert [text.partition(" (node")[0] for text in examine(model, "webgpu").wrong] == graph.words
    assert examine(model, "wasm").wrong == []


@pytest.mark.parametrize("case", tiny.CASES)
def test_every_node_has_a_kernel_where_it_is_to_run(tmp_path: Path, case: str) -> None:
    model = read_model(Checkpoint(tiny.write_checkpoint(tmp_path / case, case)))
    for dtype, form in FORMS.items():
        for device in form.devices:
            assert list(without_kernel(decoder(*model, form), device)) == [], (dtype, device)


def test_a_node_without_a_kernel_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = tiny.write_checkpoint(tmp_path / "checkpoint", "llama")
    monkeypatch.setitem(FORMS, "bnb4", Form("int8", "products", devices=("webgpu",)))
    with pytest.raises(ConvertError, match="webgpu kernel for Gather T=int8 Tind=int64"):
        convert(Request(checkpoint, tmp_path / "model", ("bnb4",)))
    assert not (tmp_path / "model").exists()
