"""Detectors without a config: letterboxes, the three grids, and a choice equal to onnxruntime's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper
from PIL import Image

import intab
from intab.engine.media.boxes import suppressed
from intab.engine.media.yolo import letterbox
from intab.errors import OptionError
from tests.conftest import ROOT
from tests.engine.support.drawing import drawing

CELLS = 84  # of 64 x 64


def write_detector(path: Path, answer: NDArray[np.float32]) -> Path:
    """It says the same of every picture of 64 x 64."""
    made = helper.make_tensor_value_info("output0", TensorProto.FLOAT, list(answer.shape))
    taken = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, 64, 64])
    constants = [
        helper.make_tensor("answer", TensorProto.FLOAT, answer.shape, answer.reshape(-1)),
        helper.make_tensor("nothing", TensorProto.FLOAT, [], [0]),
    ]
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "nothing"], ["none"]),
        helper.make_node("Add", ["answer", "none"], ["output0"]),
    ]
    graph = helper.make_graph(nodes, "detector", [taken], [made], constants)
    opset = [helper.make_opsetid("", 21)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=10), path)
    path.with_name("classes.txt").write_text("cat\ndog\n", "utf-8")
    return path


def answer_of(layout: str) -> NDArray[np.float32]:
    """A cat at 10..30, 20..40, one that shares most of it, and a dog in the same place."""
    boxes = [[20, 30, 20, 20], [21, 30, 20, 20], [20, 30, 20, 20]]
    classes = [[0.9, 0.1], [0.8, 0.1], [0.2, 0.7]]
    if layout == "v10":
        return np.array([[[10, 20, 30, 40, 0.9, 0], [10, 20, 30, 40, 0.7, 1]]], np.float32)
    rows = np.zeros((3 * CELLS if layout == "v5" else CELLS, 6), np.float32)
    rows[:3] = np.concatenate([boxes, classes], axis=1)
    if layout == "v8":
        return rows.T[None]
    whole = np.insert(rows, 4, 1, axis=1)
    if layout == "yolox":  # the first cells of the finest grid, 8 pixels each
        whole[:3, :2] = whole[:3, :2] / 8 - [[0, 0], [1, 0], [2, 0]]
        whole[:3, 2:4] = np.log(whole[:3, 2:4] / 8)
    return whole[None].astype(np.float32)


@pytest.mark.parametrize("layout", ["v5", "v8", "v10", "yolox"])
async def test_boxes_of_each_layout(tmp_path: Path, layout: str) -> None:
    """A picture of 32 x 128 is halved, and lies in the middle or in the corner."""
    pipe = await intab.pipeline(
        "object-detection", write_detector(tmp_path / "best.onnx", answer_of(layout))
    )
    found = await pipe(drawing(32, 128), threshold=0.5)
    top = 0 if layout == "yolox" else 24
    box = {"xmin": 20, "ymin": (20 - top) * 2, "xmax": 60, "ymax": (40 - top) * 2}
    assert [(one["label"], round(one["score"], 3)) for one in found] == [("cat", 0.9), ("dog", 0.7)]
    for one in found:
        assert all(abs(one["box"][side] - box[side]) <= 1 for side in box)
    if layout != "v10":
        assert len(await pipe(drawing(32, 128), iou_threshold=0.99)) == 3


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"iou_threshold": "x"}, "iou_threshold must be a number, not 'x'"),
        ({"image_processor_kwargs": {"size": 3}}, "has no effect: YOLO's pictures"),
    ],
)
async def test_what_cannot_be(tmp_path: Path, options: dict[str, Any], says: str) -> None:
    path = write_detector(tmp_path / "best.onnx", answer_of("v8"))
    pipe = await intab.pipeline("object-detection", path)
    with pytest.raises(OptionError, match=says):
        await pipe(drawing(9, 9), **options)
    detr = await intab.pipeline("object-detection", ROOT / "tests/golden/pictures/detr")
    with pytest.raises(OptionError, match="iou_threshold has no effect"):
        await detr(drawing(9, 9), iou_threshold=0.3)


def test_letterboxes() -> None:
    picture = Image.fromarray(drawing(10, 20))
    middle, placed = letterbox((10, 20), (40, 40), "v8")
    pixels = middle(picture)
    assert (placed.scale, placed.left, placed.top) == (2, 0, 10)
    assert pixels.shape == (3, 40, 40)
    assert np.all(pixels[:, :10] == np.float32(114) / np.float32(255))
    first, corner = letterbox((10, 20), (40, 40), "yolox")
    raw = first(picture)
    assert (corner.left, corner.top) == (0, 0)
    assert np.all(raw[:, 20:] == 114)
    assert np.allclose(raw[::-1, :20], pixels[:, 10:30] * 255)
    line = letterbox((1, 900), (40, 40), "v8")[0]
    assert line(Image.fromarray(drawing(1, 900))).shape == (3, 40, 40)


def chosen_by_onnxruntime(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], labels: NDArray[np.intp], most: float
) -> list[int]:
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("NonMaxSuppression", ["b", "s", "n", "i", "t"], ["y"])],
        "nms",
        [info("b", TensorProto.FLOAT, [1, "n", 4]), info("s", TensorProto.FLOAT, [1, "c", "n"])],
        [info("y", TensorProto.INT64, ["k", 3])],
        [
            helper.make_tensor("n", TensorProto.INT64, [1], [1000]),
            helper.make_tensor("i", TensorProto.FLOAT, [1], [most]),
            helper.make_tensor("t", TensorProto.FLOAT, [1], [1e-6]),
        ],
    )
    opset = [helper.make_opsetid("", 11)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8)
    of_each = np.zeros((1, labels.max() + 1, len(boxes)), np.float32)
    of_each[0, labels, np.arange(len(boxes))] = scores
    session = ort.InferenceSession(model.SerializeToString())
    [found] = session.run(None, {"b": boxes[None][..., [1, 0, 3, 2]], "s": of_each})
    return sorted(int(place) for _, _, place in found)


@pytest.mark.parametrize("seed", range(12))
def test_as_onnxruntime_chooses(seed: int) -> None:
    random = np.random.default_rng(seed)
    count = int(random.integers(1, 120))
    least = random.uniform(0, 60, (count, 2))
    boxes = np.concatenate([least, least + random.uniform(1, 40, (count, 2))], 1).astype(np.float32)
    scores = random.uniform(0.01, 1, count).astype(np.float32)
    labels = random.integers(0, 3, count)
    most = float(random.uniform(0.1, 0.9))
    found = suppressed(boxes, scores, labels, most)
    assert np.all(np.diff(scores[found]) <= 0)
    assert sorted(found.tolist()) == chosen_by_onnxruntime(boxes, scores, labels, most)
