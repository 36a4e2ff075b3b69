"""Pipelines of pictures over onnxruntime in CPython give what transformers' give."""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import intab
from intab.errors import IntabError, ManifestError, OptionError, PromptError, UnsupportedModelError
from tests.conftest import ROOT
from tests.engine.support.drawing import SIZES, drawing
from tests.native.test_plain_network import write_doubling

GOLDEN = ROOT / "tests/golden"
CASES = json.loads((GOLDEN / "pictures.json").read_text("utf-8"))["cases"]


def picture(call: dict[str, Any]) -> Image.Image:
    pixels = drawing(*SIZES[call["picture"]], call["channels"])
    return Image.fromarray(pixels[..., 0] if call["channels"] == 1 else pixels)


def copied(name: str, tmp_path: Path, **config: Any) -> Path:
    folder = shutil.copytree(GOLDEN / "pictures" / name, tmp_path / "m")
    known = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps({**known, **config}), "utf-8")
    return folder


def same(found: Any, wanted: Any) -> None:
    """Labels, order and boxes equal; numbers to 1e-4; masks to 99.9 % of their pixels."""
    if isinstance(wanted, dict) and "kind" in wanted:
        same_pixels(found, wanted)
    elif isinstance(wanted, float):
        assert found == pytest.approx(wanted, abs=1e-4)
    elif isinstance(wanted, list):
        assert len(found) == len(wanted)
        for one, other in zip(found, wanted, strict=True):
            same(one, other)
    elif isinstance(wanted, dict):
        assert found.keys() == wanted.keys()
        for key in wanted:
            same(found[key], wanted[key])
    else:
        assert found == wanted


def same_pixels(found: Any, wanted: dict[str, Any]) -> None:
    array, data = np.asarray(found), base64.b64decode(wanted["data"])
    assert list(array.shape) == wanted["shape"]
    if wanted["kind"] == "float32":
        floats = np.frombuffer(data, np.float32)
        most = max(1, np.abs(floats).max())
        assert np.allclose(array.reshape(-1), floats, atol=1e-4 * most)
        return
    assert found.mode == "L"
    flat, known = array.reshape(-1), np.frombuffer(data, np.uint8)
    if wanted["kind"] == "bits":
        known = np.unpackbits(known)[: flat.size] * np.uint8(255)
    assert (np.abs(flat.astype(int) - known) <= 1).mean() >= 0.999


@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: " ".join([case["folder"], *case["config"]])
)
async def test_as_transformers(case: dict[str, Any], tmp_path: Path) -> None:
    pipe = await intab.pipeline(case["task"], copied(case["folder"], tmp_path, **case["config"]))
    for call in case["calls"]:
        same(await pipe(picture(call), **call["options"]), call["result"])
    await pipe.close()


async def test_several_pictures_in_batches() -> None:
    pipe = await intab.pipeline("image-classification", GOLDEN / "pictures/vit-labels")
    pictures = [drawing(*size) for size in SIZES.values()]
    alone = [await pipe(one) for one in pictures]
    for size in (1, 3):
        together = await pipe(pictures, batch_size=size)
        for one, other in zip(together, alone, strict=True):
            same(one, other)
    assert await pipe(images=pictures[0]) == alone[0]


async def test_pictures_of_several_sizes_in_batches() -> None:
    pipe = await intab.pipeline("object-detection", GOLDEN / "pictures/yolos")
    pictures = [drawing(*SIZES[name]) for name in ("wide", "tall", "wide")]
    alone = [await pipe(one, threshold=0) for one in pictures]
    for one, other in zip(await pipe(pictures, threshold=0, batch_size=3), alone, strict=True):
        same(one, other)


VIT, CLIP = ("image-classification", "vit-labels"), ("zero-shot-image-classification", "clip")


@pytest.mark.parametrize(
    ("what", "options", "kind", "says"),
    [
        (VIT, {"topk": 1}, OptionError, "There is no option 'topk'; image-classification has"),
        (VIT, {"top_k": 0}, OptionError, "top_k must be 1 or more"),
        (VIT, {"function_to_apply": "tanh"}, OptionError, "must be one of softmax, sigmoid, none"),
        (VIT, {"image_processor_kwargs": 3}, OptionError, "must be a dict, such as"),
        (VIT, {"image_processor_kwargs": {"a": 3}}, OptionError, "There is no setting 'a'"),
        (
            VIT,
            {"image_processor_kwargs": {"size": 20}},
            OptionError,
            r"The picture becomes 20 x 20, and the graph .*'size': {'height': 16, 'width': 16}",
        ),
        (CLIP, {}, OptionError, "candidate_labels must be a list of labels"),
        (CLIP, {"candidate_labels": []}, OptionError, "candidate_labels is empty"),
        (
            CLIP,
            {"candidate_labels": ["a"], "hypothesis_template": "no place"},
            OptionError,
            "hypothesis_template must be a text with one {}",
        ),
        (
            CLIP,
            {"candidate_labels": ["a"], "tokenizer_kwargs": {"stride": 1}},
            OptionError,
            "tokenizer_kwargs has no 'stride'",
        ),
        (
            ("image-feature-extraction", "convnext-labels"),
            {"pool": True},
            OptionError,
            "The model has no pooled vector: it gives logits",
        ),
        (("image-segmentation", "segformer"), {"subtask": "x"}, OptionError, "must be one of pano"),
        (
            ("image-segmentation", "segformer"),
            {"subtask": "panoptic"},
            OptionError,
            "This model does not do panoptic segmentation",
        ),
        (("object-detection", "detr"), {"threshold": "x"}, OptionError, "threshold must be a num"),
    ],
)
async def test_what_cannot_be_is_an_error(
    what: tuple[str, str], options: dict[str, Any], kind: type[IntabError], says: str
) -> None:
    pipe = await intab.pipeline(what[0], GOLDEN / "pictures" / what[1])
    with pytest.raises(kind, match=says):
        await pipe(drawing(9, 9), **options)


@pytest.mark.parametrize(
    ("task", "name", "says"),
    [
        ("image-classification", "detr", "which is for object-detection"),
        ("object-detection", "vit-labels", "which is for image-classification"),
        ("image-segmentation", "dpt-depth", "which is for depth-estimation"),
        ("zero-shot-image-classification", "vit-features", "does not compare pictures with texts"),
    ],
)
async def test_a_model_for_another_task(task: str, name: str, says: str) -> None:
    with pytest.raises(UnsupportedModelError, match=says):
        await intab.pipeline(task, GOLDEN / "pictures" / name)


@pytest.mark.parametrize(
    ("task", "name", "says"),
    [
        ("object-detection", "vit-labels", "no output pred_boxes; it gives logits: export"),
        ("image-segmentation", "vit-labels", "not a score for each class and pixel"),
        ("image-classification", "clip", "takes input_ids .* beside the picture"),
        ("zero-shot-image-classification", "clip-less", "which takes input_ids and gives logits_p"),
    ],
)
async def test_a_graph_for_another_task(task: str, name: str, says: str, tmp_path: Path) -> None:
    folder = copied(name.removesuffix("-less"), tmp_path, architectures=[])
    if name.endswith("-less"):
        shutil.copy(GOLDEN / "pictures/vit-labels/onnx/model.onnx", folder / "onnx/model.onnx")
    with pytest.raises(UnsupportedModelError, match=says):
        await intab.pipeline(task, folder)


async def test_a_model_without_any_file_beside_it(tmp_path: Path) -> None:
    """And whose pictures have their channels last."""
    path = write_doubling(tmp_path / "odd.onnx", rows=1)
    (tmp_path / "labels.txt").write_text("\n".join(f"label {n}" for n in range(12)), "utf-8")
    pipe = await intab.pipeline("image-classification", path)
    with pytest.raises(OptionError, match=r"no preprocessor_config\.json, which says how pictures"):
        await pipe(drawing(4, 4))
    plain = {"do_resize": False, "do_rescale": False, "do_normalize": False}
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    options = {"function_to_apply": "none", "image_processor_kwargs": plain}
    found = await pipe(pixels, top_k=3, **options)
    assert found == [{"label": f"label {n}", "score": 2.0 * n} for n in (11, 10, 9)]
    sized = await pipe(drawing(8, 8), image_processor_kwargs={"do_normalize": False})
    assert len(sized) == 5
    (tmp_path / "labels.txt").write_text("only one", "utf-8")
    await pipe.close()
    again = await intab.pipeline("image-classification", path)
    found = await again(pixels, top_k=1, **options)
    assert found == [{"label": "LABEL_11", "score": 22.0}]


async def test_the_processor_of_a_file_of_several(tmp_path: Path) -> None:
    folder = copied("vit-labels", tmp_path)
    inner = json.loads((folder / "preprocessor_config.json").read_text("utf-8"))
    (folder / "preprocessor_config.json").unlink()
    (folder / "processor_config.json").write_text(json.dumps({"image_processor": inner}), "utf-8")
    call = next(case for case in CASES if case["folder"] == "vit-labels")["calls"][0]
    pipe = await intab.pipeline("image-classification", folder)
    same(await pipe(picture(call)), call["result"])


async def test_a_file_that_cannot_be(tmp_path: Path) -> None:
    folder = copied("vit-labels", tmp_path)
    (folder / "preprocessor_config.json").write_text('{"size": "x"}', "utf-8")
    with pytest.raises(ManifestError, match=r"preprocessor_config\.json is not valid: size must"):
        await intab.pipeline("image-classification", folder)


async def test_what_is_no_picture() -> None:
    pipe = await intab.pipeline("image-classification", GOLDEN / "pictures/vit-labels")
    with pytest.raises(PromptError, match="is not a picture of a kind that is known"):
        await pipe(b"none")
    with pytest.raises(OptionError, match="takes one input or a list of them, not 2"):
        await pipe(drawing(4, 4), drawing(4, 4))


async def test_the_tower_that_looks_gives_the_vectors(tmp_path: Path) -> None:
    """Of a folder with both towers together and each alone, as Transformers.js has CLIP's."""
    folder = copied("clip", tmp_path)
    tower = GOLDEN / "pictures/vit-features/onnx/model.onnx"
    shutil.copy(tower, folder / "onnx/vision_model.onnx")
    pipe: Any = await intab.pipeline("image-feature-extraction", folder)
    assert (await pipe(drawing(20, 30), return_tensors=True)).shape == (1, 17, 16)
    await pipe.close()
    both: Any = await intab.pipeline("zero-shot-image-classification", folder)
    assert len(await both(drawing(20, 30), candidate_labels=["cat", "dog"])) == 2
    await both.close()
