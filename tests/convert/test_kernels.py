"""Graphs are held against the kernels of the pinned onnxruntime-web."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from intab.convert.checkpoint import Checkpoint
from intab.convert.converter import Request, convert
from intab.convert.decoder import decoder
from intab.convert.families import read_model
from intab.convert.forms import FORMS, Form
from intab.convert.kernels import table, without_kernel
from intab.errors import ConvertError
from tests.conftest import ROOT
from tests.convert import tiny


def test_the_table_is_of_the_pinned_version() -> None:
    """After a change of version: make site && python -m tools.kernels"""
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    assert table()["onnxruntime-web"] == package["dependencies"]["onnxruntime-web"]


def test_the_table_knows_what_is_known() -> None:
    """WebGPU multiplies no int8, casts no int64 and has no FusedMatMul; wasm does all three."""
    operators = table()["operators"]
    for name in ("com.microsoft:MatMulIntegerToFloat", "com.microsoft:FusedMatMul"):
        assert operators[name]["wasm"]
        assert not operators[name]["webgpu"]
    assert "T1=int64 T2=float" in operators["Cast"]["wasm"]
    assert "T1=int64 T2=float" not in operators["Cast"]["webgpu"]


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
