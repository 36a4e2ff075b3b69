"""An exported folder gets the last rows, hashes and a self-test, and computes what it did."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import pytest
from onnxruntime.quantization import QuantType, quantize_dynamic

import intab
from intab.cli.main import main
from intab.convert import community, reporting
from intab.convert.community import optimise
from intab.convert.running import Runner
from intab.convert.ungrouping import Ungrouped, ungroup
from intab.engine.hub.manifest import parse_manifest
from intab.errors import ConvertError
from tests.support.graphs import FORMS, reference, write_model
from tests.support.llama import GROUPED, write_llama

FINER = {"fp32": "", "q8": "; 15 int8 products got a scale for each row"}


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """A folder with a float graph and onnxruntime's int8 of it."""
    return add_int8(write_model(tmp_path / "exported", FORMS["decomposed"]))


@pytest.fixture
def grouped(tmp_path: Path) -> Path:
    """The same with GroupQueryAttention, its weights as they are multiplied."""
    folder = write_llama(tmp_path / "exported", GROUPED, "grouped")
    settings = onnxruntime.SessionOptions()
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    settings.optimized_model_filepath = path = str(folder / "onnx/model.onnx")
    onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
    return add_int8(folder)


def add_int8(folder: Path) -> Path:
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
    assert manifest["self_test"]["greedy_ids"]["fp32"] == reference(prompt, 8)
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
    model.graph.node[0].domain = "com.microsoft"
    model.graph.node[0].op_type = "GemmFloat8"
    onnx.save(model, path)
    with pytest.raises(
        ConvertError, match=r"fp32 graph runs on no device: no wasm kernel for com\.microsoft:G"
    ):
        optimise(exported, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def kinds(path: Path) -> set[str]:
    return {node.op_type for node in ir.load(path).graph}


async def test_grouped_attention_becomes_products_and_padding_possible(
    grouped: Path, tmp_path: Path
) -> None:
    out = tmp_path / "model"
    report = optimise(grouped, out)
    for row in report.rows:
        done = "GroupQueryAttention of 2 layers became matrix products"
        assert row.remark == done + FINER[row.dtype]
    assert "GroupQueryAttention" in kinds(grouped / "onnx/model.onnx")
    assert not kinds(out / "onnx/model.onnx") & {"GroupQueryAttention", "ReduceSum"}
    models = [await intab.load(str(folder), dtype="fp32") for folder in (grouped, out)]
    options: dict[str, Any] = {"do_sample": False, "max_new_tokens": 12, "eos_token_id": []}
    prompts = ["Once upon a time there was", "abc"]
    wanted, found = [await model.generate(prompts, **options) for model in models]
    assert [one.ids for one in found] == [one.ids for one in wanted]
    plans = [model._open_decoder().plan for model in models]
    assert [plan.can_pad for plan in plans] == [False, True]


def test_an_export_of_genais_builder_is_taken(grouped: Path, tmp_path: Path) -> None:
    """Its small weights lie beside the graph, some are Constant nodes, head sizes have a name."""
    path = grouped / "onnx/model.onnx"
    (grouped / "onnx/model_quantized.onnx").unlink()
    model = onnx.load(path)
    graph = model.graph
    whole = next(value for value in graph.initializer if value.data_type == onnx.TensorProto.INT64)
    graph.node.insert(0, onnx.helper.make_node("Constant", [], [whole.name], value=whole))
    graph.initializer.remove(whole)
    for value in (*graph.input, *graph.output):
        if "." in value.name:
            value.type.tensor_type.shape.dim[3].dim_param = "head_size"
    onnx.save(model, path, save_as_external_data=True, location="model.onnx.data", size_threshold=0)
    [row] = optimise(grouped, tmp_path / "model").rows
    assert row.remark == "GroupQueryAttention of 2 layers became matrix products"
    assert [file.name for file in (tmp_path / "model/onnx").iterdir()] == ["model.onnx"]
    made = Runner(tmp_path / "model/onnx/model.onnx")
    original = Runner(path, config={"num_key_value_heads": 3, "head_dim": 16})
    ids = list(range(20))
    np.testing.assert_allclose(made.logits(ids), original.logits(ids), atol=1e-5)


def test_attention_made_for_webgpu_stays(grouped: Path, tmp_path: Path) -> None:
    (grouped / "onnx/model_quantized.onnx").unlink()
    (grouped / "onnx/model.onnx").rename(grouped / "onnx/model_q4.onnx")
    [row] = optimise(grouped, tmp_path / "model").rows
    assert (row.dtype, row.remark) == ("q4", "")
    assert "GroupQueryAttention" in kinds(tmp_path / "model/onnx/model_q4.onnx")


def bounded(grouped: Path, **more: int) -> Path:
    """The folder's float graph with bounded scores, named as one for WebGPU."""
    (grouped / "onnx/model_quantized.onnx").unlink()
    model = ir.load(grouped / "onnx/model.onnx")
    for node in model.graph:
        if node.op_type == "GroupQueryAttention":
            node.attributes["softcap"] = ir.AttrFloat32("softcap", 0.5)
            for name, value in more.items():
                node.attributes[name] = ir.AttrInt64(name, value)
    ir.save(model, grouped / "onnx/model_q4.onnx")
    return grouped


def test_what_webgpu_s_attention_leaves_out_is_written_as_products(
    grouped: Path, tmp_path: Path
) -> None:
    out = tmp_path / "model"
    bounded(grouped)
    row = optimise(grouped, out, wanted=["q4"]).rows[0]
    assert row.remark == "GroupQueryAttention of 2 layers became matrix products"
    assert row.devices == ("wasm", "webgpu")
    assert {"Tanh", "Softmax"} <= kinds(out / "onnx/model_q4.onnx")
    assert "devices" not in json.loads((out / "intab.json").read_text())
    made, original = (Runner(folder / "onnx/model_q4.onnx") for folder in (out, grouped))
    ids = list(range(20))
    np.testing.assert_allclose(made.logits(ids), original.logits(ids), atol=1e-5)


async def test_where_that_cannot_be_the_dtype_is_not_for_webgpu(
    grouped: Path, tmp_path: Path
) -> None:
    out = tmp_path / "model"
    row = optimise(bounded(grouped, smooth_softmax=1), out, wanted=["q4"]).rows[0]
    assert row.devices == ("wasm",)
    assert "stays: it has smooth_softmax=1; not for webgpu, which has no kernel for" in row.remark
    manifest = parse_manifest(json.loads((out / "intab.json").read_text()))
    assert manifest.devices == {"q4": ("wasm",)}


def test_attention_that_cannot_be_written_anew_stays_and_is_told(
    grouped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = grouped / "onnx/model.onnx"
    model = ir.load(path)
    for node in model.graph:
        if node.op_type == "GroupQueryAttention":
            node.attributes["smooth_softmax"] = ir.AttrInt64("smooth_softmax", 1)
    ir.save(model, path)
    out = tmp_path / "model"
    assert main(["convert", "--from-onnx", str(grouped), "--out", str(out)]) == 0
    said = "fp32: GroupQueryAttention stays: it has smooth_softmax=1"
    assert said in " ".join(capsys.readouterr().err.split())
    assert said in (out / "README.md").read_text()
    assert "GroupQueryAttention" in kinds(out / "onnx/model.onnx")


def test_attention_that_computes_something_else_is_taken_back(
    grouped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoil(model: ir.Model) -> Ungrouped:
        for node in model.graph:
            if node.op_type == "GroupQueryAttention":
                node.attributes["scale"] = ir.AttrFloat32("scale", 9.0)
        return ungroup(model)

    monkeypatch.setattr(community, "ungroup", spoil)
    for row in optimise(grouped, tmp_path / "model").rows:
        stays = "GroupQueryAttention stays: with products it answers otherwise or not"
        assert row.remark == stays + FINER[row.dtype]
    assert "GroupQueryAttention" in kinds(tmp_path / "model/onnx/model.onnx")


def test_attention_that_does_not_run_anew_is_taken_back(
    grouped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise ConvertError("onnxruntime does not run it")

    monkeypatch.setattr(reporting.Graph, "run", failing)
    written = community.Work(grouped, tmp_path, "fp32", "onnx/model.onnx", [5, 6, 7]).write()
    assert written.remark.endswith("stays: with products it answers otherwise or not")


def test_a_dtype_may_be_chosen(grouped: Path, tmp_path: Path) -> None:
    order = ["convert", "--from-onnx", str(grouped), "--out", str(tmp_path / "model")]
    assert main([*order, "--dtypes", "q8"]) == 0
    assert list(json.loads((tmp_path / "model/intab.json").read_text())["dtypes"]) == ["q8"]
    with pytest.raises(ConvertError, match="has no graph of q4: it has fp32, q8"):
        optimise(grouped, tmp_path / "other", wanted=["q4"])


def test_perplexities_are_reported(grouped: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("Once upon a time there was a text. " * 20)
    report = optimise(grouped, tmp_path / "model", text)
    fp32, q8 = report.rows
    assert report.fp32 is fp32
    assert 1 < fp32.perplexity != q8.perplexity
    assert q8.perplexity == pytest.approx(fp32.perplexity, rel=0.1)
    assert "text.txt, read 256 at a time" in (tmp_path / "model/README.md").read_text()


def test_without_fp32_there_is_nothing_to_compare_with(grouped: Path, tmp_path: Path) -> None:
    (grouped / "onnx/model.onnx").unlink()
    assert optimise(grouped, tmp_path / "model").fp32 is None
    card = (tmp_path / "model/README.md").read_text()
    assert "there is no fp32" in card
    assert "--eval-text" in card
