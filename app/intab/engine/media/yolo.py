"""The detectors that are exported without a config: YOLOv5, v8, v10, v11 and YOLOX, by their
shapes.

    layout = layout_of((1, 84, 8400), (640, 640))    # "v8": a row for each of 80 classes
    pixels, placed = letterbox(picture, (640, 640), layout)
    boxes, scores, labels = detections(raw, layout, (640, 640))

All take a picture that is scaled to fit and filled up with grey, and give a box for each cell of
three grids.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from intab.engine.media.boxes import Boxes, corners
from intab.engine.media.resizing import Size

if TYPE_CHECKING:
    from PIL.Image import Image

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


def letterbox(picture: Image, size: Size, layout: str) -> tuple[NDArray[np.float32], Placed]:
    """An RGB picture as [3, height, width]: in the middle, or for YOLOX in the corner, as that has
    blue first and numbers to 255."""
    scale = min(size[0] / picture.height, size[1] / picture.width)
    if layout == "yolox":
        width, height = int(picture.width * scale), int(picture.height * scale)
        left = top = 0
    else:
        width, height = round(picture.width * scale), round(picture.height * scale)
        left, top = (round((size[n] - have) / 2 - 0.1) for n, have in ((1, width), (0, height)))
    width, height = max(width, 1), max(height, 1)
    pixels = np.full((*size, 3), _GREY, np.uint8)
    resized = np.asarray(picture.resize((width, height), resample=_BILINEAR))
    pixels[top : top + height, left : left + width] = resized
    laid = np.moveaxis(pixels, -1, 0).astype(np.float32)
    laid = laid[::-1] if layout == "yolox" else laid / np.float32(255)
    return np.ascontiguousarray(laid), Placed(scale, left, top)


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
