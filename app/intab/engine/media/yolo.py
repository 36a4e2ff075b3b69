"""The detectors that are exported without a config: YOLOv5, v8, v10, v11 and YOLOX, by their
shapes.

    layout = layout_of((1, 84, 8400), (640, 640))    # "v8": a row for each of 80 classes
    preparation, placed = letterbox((480, 640), (640, 640), layout)
    raw = run(preparation(picture))
    boxes, scores, labels = detections(raw, layout, (640, 640))

All take a picture that is scaled to fit and filled up with grey, and give a box for each cell of
three grids.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intab.engine.media.boxes import Boxes, corners
from intab.engine.media.preparing import LEVELS, Preparation
from intab.engine.media.resizing import Size

_STRIDES = (8, 16, 32)  # pixels of a cell's side
_GREY = 114
_BILINEAR = 2
Found = tuple[Boxes, NDArray[np.float32], NDArray[np.intp]]  # left, top, right, bottom; ...


@dataclass(frozen=True)
class Placed:
    """How a picture was put into the model's: scaled, and so many pixels from the corner."""

    scale: float
    left: int
    top: int

    def back(self, boxes: Boxes) -> Boxes:
        """Boxes in pixels of the picture itself."""
        moved = boxes - np.array([self.left, self.top] * 2, np.float32)
        return np.asarray(moved / np.float32(self.scale), np.float32)


def layout_of(shape: tuple[int | None, ...], size: Size) -> str:
    """ "yolox", "v5", "v8" or "v10", by the shape of the output for pictures of that size (height,
    width); "" for none of them."""
    if len(shape) != 3:
        return ""
    cells = sum((size[0] // stride) * (size[1] // stride) for stride in _STRIDES)
    _, rows, columns = shape
    if rows == cells and (columns is None or columns > 5):
        return "yolox"
    if rows == 3 * cells and (columns is None or columns > 5):
        return "v5"
    if columns == cells and (rows is None or rows > 4):
        return "v8"
    return "v10" if columns == 6 else ""


def letterbox(picture: Size, size: Size, layout: str) -> tuple[Preparation, Placed]:
    """How an RGB picture of that size becomes the model's: in the middle, or for YOLOX in the
    corner, as that has blue first and numbers to 255."""
    scale = min(want / have for have, want in zip(picture, size, strict=True))
    if layout == "yolox":
        height, width = (int(have * scale) for have in picture)
        left = top = 0
    else:
        height, width = (round(have * scale) for have in picture)
        left, top = (round((size[n] - have) / 2 - 0.1) for n, have in ((1, width), (0, height)))
    resized = max(height, 1), max(width, 1)
    levels = np.arange(LEVELS, dtype=np.float32)
    tables = np.stack([levels if layout == "yolox" else levels / np.float32(255)] * 3)
    order = (2, 1, 0) if layout == "yolox" else (0, 1, 2)
    prepared = Preparation(resized, size, top, left, _BILINEAR, tables, _GREY, order)
    return prepared, Placed(scale, left, top)


def detections(raw: NDArray[np.float32], layout: str, size: Size) -> Found:
    """The best class of each box, in pixels of the model's picture."""
    if layout == "v10":
        return raw[:, :4], raw[:, 4], raw[:, 5].astype(np.intp)
    rows = raw.T if layout == "v8" else raw
    boxes, scores = rows[:, :4], rows[:, 4:]
    if layout != "v8":
        scores = scores[:, 1:] * scores[:, :1]
    if layout == "yolox":
        boxes = _of_grids(boxes, size)
    labels = scores.argmax(-1)
    return corners(boxes), scores[np.arange(len(scores)), labels], labels


def _of_grids(boxes: Boxes, size: Size) -> Boxes:
    """Centres that are counted from their cells, and sides that are logarithms of them."""
    corner, strides = [], []
    for stride in _STRIDES:
        tall, wide = size[0] // stride, size[1] // stride
        y, x = np.mgrid[:tall, :wide]
        corner.append(np.stack([x, y], -1).reshape(-1, 2))
        strides.append(np.full((tall * wide, 1), stride))
    step = np.concatenate(strides).astype(np.float32)
    middle = (boxes[:, :2] + np.concatenate(corner).astype(np.float32)) * step
    return np.concatenate([middle, np.exp(boxes[:, 2:]) * step], axis=-1)
