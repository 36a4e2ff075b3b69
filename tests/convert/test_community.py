"""An exported folder gets the last rows, hashes and a self-test, and computes what it did."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
import pytest
from onnxruntime.quantization import QuantType, quantize_dynamic

import intab
from intab.cli.main import main
from intab.convert.community import optimise
from intab.convert.running import Runner
from intab.errors import ConvertError
from tests.graphs import FORMS, reference, write_model


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """A folder with a float graph and onnxruntime's int8 of it."""
    folder = write_model(tmp_path / "exported", FORMS["decomposed"])
    whole = folder / "onnx" / "model.onnx"
    small = folder / "onnx" / "model_quantized.onnx"
    unknown = {"DefaultTensorType": onnx.TensorProto.FLOAT}
    quantize_dynamic(
        whole, small, op_types_to_quantize=["MatMul"], weight_type=QuantType.QInt8,
        extra_options=unknown,
    )  # fmt: skip
    return folder


@pytest.mark.parametrize("dtype", ["fp32", "q8"])
async def test_the_folder_loads_and_answers_as_before(
    exported: Path, tmp_path: Path, dtype: str
) -> None:
    out = tmp_path / "model"
    assert main(["convert", "--from-onnx", str(exported), "--out", str(out)]) == 0
    manifest = json.loads((out / "intab.json").read_text())
    assert set(manifest["dtypes"]) == {"fp32", "q8"}
    runner = Runner(out / manifest["dtypes"][dtype][0])
    assert runner.step([5, 6, 7], {}, rows=1)[0].shape[0] == 1
    assert runner.step([5, 6, 7], {}, rows=0)[0].shape[0] == 3
    prompt = manifest["self_test"]["prompt_ids"]
    assert manifest["self_test"]["greedy_ids"] == reference(prompt, 8)
    model = await intab.load(str(out), dtype="fp32")
    answer = await model.generate("Once upon a time", max_new_tokens=8, do_sample=False)
    assert list(answer.ids) == reference(prompt, 8)


def test_a_folder_without_graphs_is_refused(exported: Path, tmp_path: Path) -> None:
    for graph in (exported / "onnx").iterdir():
        graph.unlink()
    with pytest.raises(ConvertError, match="has no onnx/model"):
        optimise(exported, tmp_path / "model")


def test_a_graph_that_runs_nowhere_is_refused(exported: Path, tmp_path: Path) -> None:
    path = exported / "onnx" / "model.onnx"
    model = onnx.load(path)
    model.graph.node[0].op_type = "Scan"
    onnx.save(model, path)
    with pytest.raises(ConvertError, match="fp32 graph runs on no device: no wasm kernel for Scan"):
        optimise(exported, tmp_path / "model")
    assert not (tmp_path / "model").exists()
