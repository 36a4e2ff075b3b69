"""Every encoder's graph, with every head, computes what torch does; pipelines read the folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import intab
from intab.convert.checkpoint import Checkpoint
from intab.convert.converter import Request, convert
from intab.convert.encoders.converting import read_encoder, write_graph
from intab.convert.forms import FORMS
from intab.convert.running import open_graph
from intab.engine.hub.manifest import EXPANDING
from intab.errors import ConvertError
from tests.convert import tiny_encoders as tiny
from tests.convert.make_encoders import NUMBERS, by_us, outside

RECORDED = tiny.golden()["cases"]


@pytest.mark.parametrize("case", tiny.CASES)
def test_outputs_are_torchs(tmp_path: Path, case: str) -> None:
    """Two rows of which one has padding."""
    folder = tiny.write_checkpoint(tmp_path / "checkpoint", case)
    found = by_us(folder, case, "fp32")
    step = max(len(found) // NUMBERS, 1)
    np.testing.assert_allclose(
        found[::step][:NUMBERS], RECORDED[case]["outputs"], atol=3e-5, rtol=0
    )


def test_the_comparison_with_torch_is_recorded_and_within_its_bounds() -> None:
    assert list(RECORDED) == tiny.CASES
    assert all(row["difference"].keys() == FORMS.keys() for row in RECORDED.values())
    assert outside(RECORDED) == []


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_a_row_is_the_same_alone_and_beside_others(tmp_path: Path, family: str) -> None:
    """In every dtype: int8 has a scale for each row, so that a batch changes nothing."""
    folder = tiny.write_checkpoint(tmp_path / "checkpoint", f"{family} tokens")
    write, feeds = read_encoder(Checkpoint(folder))[0], tiny.feeds()
    alone = {name: value[1:, : tiny.SHORT] for name, value in feeds.items()}
    for dtype in FORMS:
        graph = write_graph(tmp_path / dtype, dtype, write)
        session = open_graph(tmp_path / dtype / graph.files[0], EXPANDING if graph.expanded else {})
        asked = [value.name for value in session.get_inputs()]
        both, one = (
            session.run(None, {name: values[name] for name in asked})[0]
            for values in (feeds, alone)
        )
        near = 0.02 if dtype.endswith("16") else 1e-4
        np.testing.assert_allclose(both[1, : tiny.SHORT], one[0], atol=near, err_msg=dtype)
    kinds = {node.op_type for node in _nodes(tmp_path / "q8/onnx/model_quantized.onnx")}
    assert "MatMulIntegerToFloat" in kinds


def _nodes(path: Path) -> Any:
    import onnx_ir

    return onnx_ir.load(path).graph


@pytest.mark.parametrize(
    ("case", "task", "given"),
    [
        ("bert labels", "text-classification", {"text": "a dog ran"}),
        ("distilbert tokens", "token-classification", {"text": "a dog ran"}),
        ("roberta features", "feature-extraction", {"text": "a dog ran"}),
        ("modernbert answers", "question-answering", {"question": "who?", "context": "a dog"}),
    ],
)
async def test_pipelines_load_what_is_written(
    tmp_path: Path, case: str, task: str, given: dict[str, str]
) -> None:
    folder = tiny.write_checkpoint(tmp_path / "checkpoint", case)
    report = convert(Request(folder, tmp_path / "model", ("fp32", "q8", "q8f32")))
    assert [row.dtype for row in report.rows] == ["fp32", "q8", "q8f32"]
    assert all("of their spread" in row.remark for row in report.rows[1:])
    for dtype in ("fp32", "q8", "q8f32"):
        pipe: Any = await intab.pipeline(task, tmp_path / "model", dtype=dtype)
        assert await (pipe(given["text"]) if "text" in given else pipe(**given))
        await pipe.close()


async def test_a_sentence_transformers_folder(tmp_path: Path) -> None:
    """Its files are copied along; a masked language model's head is left out there."""
    folder = tiny.write_checkpoint(tmp_path / "checkpoint", "mpnet masks")
    kinds = ("Transformer", ""), ("Pooling", "1_Pooling")
    modules = [
        {"idx": n, "name": str(n), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for n, (kind, path) in enumerate(kinds)
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling").mkdir()
    pooling = {"word_embedding_dimension": 64, "pooling_mode_cls_token": True}
    (folder / "1_Pooling/config.json").write_text(json.dumps(pooling))
    convert(Request(folder, tmp_path / "model", ("fp32",)))
    words = await intab.pipeline("feature-extraction", tmp_path / "model")
    vectors = await intab.pipeline("sentence-similarity", tmp_path / "model")
    [first, *_] = (await words("a dog"))[0]
    np.testing.assert_allclose((await vectors.encode(["a dog"]))[0], first, atol=1e-6)
    await words.close()
    await vectors.close()


def test_old_names_of_norms_and_an_encoder_saved_alone(tmp_path: Path) -> None:
    """The first checkpoints have gamma and beta; AutoModel saves no prefix."""
    folder = tiny.write_checkpoint(tmp_path / "checkpoint", "bert features")
    wanted = by_us(folder, "bert features", "fp32")
    tensors = load_file(folder / "model.safetensors")
    renamed = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
            "LayerNorm.bias", "LayerNorm.beta"
        ): value
        for name, value in tensors.items()
    }
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    save_file(
        {f"bert.{name}": value for name, value in renamed.items()}, other / "model.safetensors"
    )
    np.testing.assert_array_equal(by_us(other, "bert features", "fp32"), wanted)


@pytest.mark.parametrize(
    ("case", "changes", "says"),
    [
        ("bert labels", {"architectures": ["BertForMultipleChoice"]}, "BertForMultipleChoice"),
        ("bert labels", {"architectures": "Bert"}, "architectures in config.json must be names"),
        ("bert labels", {"is_decoder": True}, "is a decoder"),
        ("bert labels", {"position_embedding_type": "relative_key"}, "position_embedding_type"),
        ("bert labels", {"num_attention_heads": 5}, "5 heads do not divide"),
        ("bert labels", {"num_hidden_layers": 2}, "more layers than the 2"),
        ("bert labels", {"id2label": {"0": "A"}}, "belong to different models"),
        ("bert labels", {"strange": 7}, "'strange'"),
        ("roberta labels", {"pad_token_id": None}, "pad_token_id"),
        ("mpnet features", {"relative_attention_num_buckets": 16}, "needs 32 at least"),
        ("modernbert labels", {"classifier_pooling": "max"}, "classifier_pooling"),
        ("modernbert labels", {"layer_types": ["full_attention", "a", "b"]}, "layer_types"),
        ("modernbert labels", {"rope_scaling": {"rope_type": "yarn"}}, "plain positions"),
    ],
)
def test_what_cannot_be_converted(
    tmp_path: Path, case: str, changes: dict[str, Any], says: str
) -> None:
    folder = tiny.write_checkpoint(tmp_path / "checkpoint", case, **changes)
    with pytest.raises(ConvertError, match=says):
        convert(Request(folder, tmp_path / "model", ("fp32",)))
    assert not (tmp_path / "model").exists()
