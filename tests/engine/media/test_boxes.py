"""Boxes, and the outputs of detectors without a config, on numbers that can be checked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from intab.engine.media.boxes import corners, overlaps, suppressed
from intab.engine.media.interpolation import bicubic, bilinear
from intab.engine.media.resizing import edges, shortest_edge, to_multiples, within
from intab.engine.media.yolo import Placed, detections, layout_of

SIZE = (64, 32)  # 8 x 4, 4 x 2 and 2 x 1 cells: 42
CELLS = 42


def test_corners_and_overlaps() -> None:
    boxes = corners(np.array([[5, 5, 4, 2], [6, 5, 4, 2], [50, 50, 2, 2]], np.float32))
    assert boxes.tolist() == [[3, 4, 7, 6], [4, 4, 8, 6], [49, 49, 51, 51]]
    assert overlaps(boxes[0], boxes).tolist() == pytest.approx([1, 6 / 10, 0])


@pytest.mark.parametrize(
    ("most", "labels", "kept"),
    [(0.5, [0, 0, 0], [1, 2]), (0.5, [0, 1, 0], [1, 0, 2]), (0.7, [0, 0, 0], [1, 0, 2])],
)
def test_what_shares_too_much_with_a_better_one_goes(
    most: float, labels: list[int], kept: list[int]
) -> None:
    boxes = np.array([[3, 4, 7, 6], [4, 4, 8, 6], [49, 49, 51, 51]], np.float32)
    scores = np.array([0.8, 0.9, 0.7], np.float32)
    assert suppressed(boxes, scores, np.array(labels), most).tolist() == kept


def test_no_boxes_at_all() -> None:
    none = np.zeros((0, 4), np.float32)
    assert suppressed(none, none[:, 0], np.zeros(0, np.intp), 0.5).tolist() == []


@pytest.mark.parametrize(
    ("shape", "layout"),
    [
        ((1, CELLS, 7), "yolox"),
        ((1, 3 * CELLS, 7), "v5"),
        ((1, 6, CELLS), "v8"),
        ((None, None, CELLS), "v8"),
        ((1, 300, 6), "v10"),
        ((1, 10, 7), ""),
        ((1, 10), ""),
    ],
)
def test_the_layout_is_in_the_shape(shape: tuple[int | None, ...], layout: str) -> None:
    assert layout_of(shape, SIZE) == layout


def test_what_each_layout_says() -> None:
    row = np.array([[10, 20, 4, 6, 0.5, 0.2, 0.8]], np.float32)
    box = [[8, 17, 12, 23]]
    boxes, scores, labels = detections(row, "v5", SIZE)
    assert (boxes.tolist(), labels.tolist()) == (box, [1])
    assert scores.tolist() == pytest.approx([0.4])
    boxes, scores, labels = detections(row[:, [0, 1, 2, 3, 5, 6]].T, "v8", SIZE)
    assert (boxes.tolist(), labels.tolist()) == (box, [1])
    assert scores.tolist() == pytest.approx([0.8])
    done = np.array([[8, 17, 12, 23, 0.7, 3]], np.float32)
    boxes, scores, labels = detections(done, "v10", SIZE)
    assert (boxes.tolist(), labels.tolist()) == (box, [3])
    assert scores.tolist() == pytest.approx([0.7])


def test_cells_of_yolox() -> None:
    """The cell in row 1 and column 2 of the finest grid, and the only one of the last row."""
    raw = np.zeros((CELLS, 6), np.float32)
    raw[1 * 4 + 2, :2] = [0.5, 0.25]
    boxes = detections(raw, "yolox", SIZE)[0]
    assert boxes[1 * 4 + 2].tolist() == [20 - 4, 10 - 4, 20 + 4, 10 + 4]
    assert boxes[-1].tolist() == [-16, 32 - 16, 16, 32 + 16]


def test_back_to_the_picture() -> None:
    placed = Placed(scale=0.5, left=3, top=1)
    assert placed.back(np.array([[3, 1, 13, 21]], np.float32)).tolist() == [[0, 0, 20, 40]]


def test_sizes() -> None:
    assert shortest_edge((480, 640), 224) == (224, 298)
    assert shortest_edge((640, 480), 224) == (298, 224)
    assert edges((480, 640), 800, 1333) == (800, 1066)
    assert edges((100, 1000), 800, 1333) == (133, 1333)
    assert edges((800, 900), 800, 1333) == (800, 900)
    assert edges((240, 159), 512, 1333, 16) == (768, 512)
    assert within((100, 200), 50, 50) == (25, 50)
    assert to_multiples((97, 131), (32, 32), 8, keeps_shape=False) == (32, 32)


def test_maps_at_another_size() -> None:
    """As torch: halves between the middles of pixels, the edge's own value beyond."""
    line = np.array([[0, 4]], np.float32)
    assert bilinear(line, 1, 4).tolist() == [[0, 1, 3, 4]]
    assert bilinear(line, 2, 2).tolist() == [[0, 4], [0, 4]]
    assert bilinear(np.array([[0, 1, 2, 3]], np.float32), 1, 2).tolist() == [[0.5, 2.5]]
    same = np.arange(12, dtype=np.float32).reshape(1, 3, 4)
    assert bicubic(same, 3, 4) is same
    assert np.allclose(bicubic(np.full((2, 3), 7, np.float32), 5, 9), 7)
    steps = bicubic(np.array([[0, 0, 1, 1]], np.float32), 1, 8)[0]
    assert steps.tolist() == pytest.approx(
        [0.0, -0.03515625, -0.10546875, 0.2265625, 0.7734375, 1.10546875, 1.03515625, 1.0], abs=1e-6
    )
