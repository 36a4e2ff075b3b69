"""Every vision model's graph computes what torch does; pipelines read the folder."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import intab
from intab.convert.checkpoint import Checkpoint
from intab.convert.converter import Request, convert
from intab.convert.encoders.converting import form_of
from intab.convert.vision import resnet
from intab.convert.vision.converting import DTYPES, read_vision
from intab.errors import ConvertError
from tests.convert import tiny_vision as tiny
from tests.convert.make_encoders import outside
from tests.convert.make_vision import BOUNDS, DRAWN, NUMBERS, by_us
from tests.engine.support.drawing import SIZES, drawing

SHORT = {"hypothesis_template": "a {}"}  # the tiny tower reads 16 tokens
RECORDED = tiny.golden()["cases"]
TIMM = {"backbone_config": None, "use_timm_backbone": True}


def resnet_of(**changes: Any) -> dict[str, Any]:
    return {"backbone_config": {**tiny.config_of("detr")["backbone_config"], **changes}}


def timm_of(**changes: Any) -> dict[str, Any]:
    return {"backbone_config": {"model_type": "timm_backbone", "backbone": "resnet18", **changes}}


@pytest.mark.parametrize("case", tiny.CASES)
def test_outputs_are_torchs(tmp_path: Path, case: str) -> None:
    folder = tiny.write_checkpoint(tmp_path / "checkpoint", case)
    found = by_us(folder, case, "fp32")
    step = max(len(found) // NUMBERS, 1)
    np.testing.assert_allclose(
        found[::step][:NUMBERS], RECORDED[case]["outputs"], atol=3e-5, rtol=0
    )


def test_the_comparison_with_torch_is_recorded_and_within_its_bounds() -> None:
    assert list(RECORDED) == list(tiny.CASES)
    assert all(tuple(row["difference"]) == DTYPES for row in RECORDED.values())
    assert outside(RECORDED, BOUNDS) == []


@pytest.mark.parametrize(
    ("case", "task", "options"),
    [
        ("vit", "image-classification", {}),
        ("vit features", "image-feature-extraction", {}),
        ("yolos middle", "object-detection", {"threshold": 0.0}),
        ("clip", "zero-shot-image-classification", {"candidate_labels": "cat,dog", **SHORT}),
    ],
)
async def test_pipelines_load_what_is_written(
    tmp_path: Path, case: str, task: str, options: dict[str, Any]
) -> None:
    folder = tiny.write_checkpoint(tmp_path / "checkpoint", case)
    report = convert(Request(folder, tmp_path / "model"))
    assert [row.dtype for row in report.rows] == list(DTYPES)
    assert all("of their spread" in row.remark for row in report.rows[1:])
    for dtype in ("fp32", "q8"):
        pipe: Any = await intab.pipeline(task, tmp_path / "model", dtype=dtype)
        assert await pipe(drawing(32, 48), **options)
        await pipe.close()


async def test_vectors_are_pooled_if_the_checkpoint_can(tmp_path: Path) -> None:
    """tanh of a product of the class token, as ViTPooler has it."""
    folder = tiny.write_checkpoint(tmp_path / "checkpoint", "vit features")
    tensors = load_file(folder / "model.safetensors")
    convert(Request(folder, tmp_path / "model", ("fp32",)))
    pipe: Any = await intab.pipeline("image-feature-extraction", tmp_path / "model")
    rows = (await pipe(drawing(32, 48), return_tensors=True))[0]
    pooled = (await pipe(drawing(32, 48), return_tensors=True, pool=True))[0]
    weight, bias = (tensors.pop(f"pooler.dense.{name}") for name in ("weight", "bias"))
    np.testing.assert_allclose(pooled, np.tanh(rows[0] @ weight.T + bias), atol=1e-5)
    await pipe.close()
    save_file(tensors, folder / "model.safetensors")
    graph = read_vision(Checkpoint(folder)).write(form_of("fp32")).graph
    assert [output.name for output in graph.outputs] == ["last_hidden_state"]


async def test_a_detector_finds_what_transformers_pipeline_finds(tmp_path: Path) -> None:
    folder = tiny.write_checkpoint(tmp_path / "checkpoint", "detr")
    convert(Request(folder, tmp_path / "model", ("fp32",)))
    pipe: Any = await intab.pipeline("object-detection", tmp_path / "model")
    pictures = [drawing(*SIZES[name]) for name in DRAWN]
    found = await pipe(pictures, threshold=0.0, batch_size=2)
    for some, wanted in zip(found, RECORDED["detr"]["boxes"], strict=True):
        assert [one["label"] for one in some] == [one["label"] for one in wanted]
        for one, other in zip(some, wanted, strict=True):
            assert one["score"] == pytest.approx(other["score"], abs=1e-4)
            assert one["box"] == pytest.approx(other["box"], abs=1)
    await pipe.close()


def test_timms_names_are_the_same_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of a bottleneck: its tensors are renamed, and the numbers stay."""
    monkeypatch.setattr(resnet, "WIDTH", 4)
    monkeypatch.setitem(resnet.TIMM, "resnet50", ("bottleneck", (1, 2, 1, 1)))
    folder = tiny.write_checkpoint(tmp_path / "checkpoint", "detr")
    wanted = by_us(folder, "detr", "fp32")
    tensors = load_file(folder / "model.safetensors")
    save_file({by_timm(k): v for k, v in tensors.items()}, folder / "model.safetensors")
    config = {**tiny.config_of("detr"), **TIMM}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    assert np.array_equal(by_us(folder, "detr", "fp32"), wanted)


def by_timm(name: str) -> str:
    """What timm calls a tensor of transformers' ResNet."""
    name = name.replace("embedder.embedder.convolution", "conv1")
    name = name.replace("embedder.embedder.normalization", "bn1")
    name = re.sub(r"encoder\.stages\.(\d)\.layers", lambda m: f"layer{int(m[1]) + 1}", name)
    name = re.sub(r"layer\.(\d)\.conv\w+", lambda m: f"conv{int(m[1]) + 1}", name)
    name = re.sub(r"layer\.(\d)\.norm\w+", lambda m: f"bn{int(m[1]) + 1}", name)
    name = name.replace("shortcut.convolution", "downsample.0")
    return name.replace("shortcut.normalization", "downsample.1")


def test_int8_has_convolutions_but_for_those_that_read_colours(tmp_path: Path) -> None:
    folder = tiny.write_checkpoint(tmp_path / "checkpoint", "detr basic")
    graph = read_vision(Checkpoint(folder)).write(form_of("q8")).graph
    kinds = [node.op_type for node in graph]
    assert kinds.count("ConvInteger") == 13
    weights = [node.inputs[1] for node in graph if node.op_type == "Conv"]
    shapes = [one.shape for one in weights if one is not None]
    assert [one and one[1] for one in shapes] == [3, 4, 4]  # few channels


@pytest.mark.parametrize(
    ("case", "changes", "says"),
    [
        ("vit", {"architectures": ["ViTForMaskedImageModeling"]}, "ViTForMaskedImageModeling"),
        ("vit", {"qkv_bias": False}, "qkv_bias in config.json is false"),
        ("vit", {"num_attention_heads": 5}, "5 heads do not divide"),
        ("vit", {"num_hidden_layers": 2}, "more layers than the 2"),
        ("vit", {"id2label": {"0": "A"}}, "belong to different models"),
        ("vit", {"image_size": 4}, "less than a patch of 8"),
        ("vit", {"image_size": "x"}, "image_size in config.json must be a whole number"),
        ("vit", {"hidden_act": "snake"}, "snake"),
        ("vit", {"strange": 7}, "'strange'"),
        ("detr", {"d_model": 30}, "d_model of 30, which 4 heads"),
        ("detr", {"encoder_layers": 1}, r"does not ask for \(model.encoder.layers.1"),
        ("detr", {"position_embedding_type": "learned"}, "\"learned\"; only 'sine' is known"),
        ("detr", {"architectures": ["DetrForSegmentation"]}, "DetrForSegmentation"),
        ("detr", resnet_of(strange=1), "not known for resnet: 'strange'"),
        ("detr", resnet_of(model_type="swin"), 'backbone is "swin"'),
        ("detr", resnet_of(depths=[1, 2]), "4 sizes, 2 depths"),
        ("detr", resnet_of(depths=3), "depths in config.json must be a list"),
        ("detr", resnet_of(out_features=["stage2"]), "only the last stage"),
        ("detr", resnet_of(out_features=None, out_indices=[2]), "looks at 2 of its backbone"),
        ("detr", {**TIMM, "backbone": "resnet50d"}, "timm's 'resnet50d'; these can"),
        ("detr", timm_of(output_stride=8), "output_stride in config.json is 8"),
        ("detr", timm_of(out_indices=[3]), "looks at 3 of its backbone"),
        ("clip", {"text_config": 3}, "text_config in config.json must be an object"),
        ("clip", {"projection_dim": 25}, "belong to different models"),
    ],
)
def test_what_cannot_be_converted(
    tmp_path: Path, case: str, changes: dict[str, Any], says: str
) -> None:
    folder = tiny.write_checkpoint(tmp_path / "checkpoint", case, **changes)
    with pytest.raises(ConvertError, match=says):
        convert(Request(folder, tmp_path / "model", ("fp32",)))
    assert not (tmp_path / "model").exists()


def test_a_checkpoint_without_its_image_processor(tmp_path: Path) -> None:
    folder = tiny.write_checkpoint(tmp_path / "checkpoint", "vit")
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(ConvertError, match=r"no preprocessor_config\.json"):
        convert(Request(folder, tmp_path / "model", ("fp32",)))
