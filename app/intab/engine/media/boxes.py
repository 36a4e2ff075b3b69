"""Boxes on pictures: [boxes, 4], and which of those that overlap stay."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float32]


def corners(boxes: Boxes) -> Boxes:
    """Left, top, right, bottom of centre, width and height."""
    middle, half = boxes[..., :2], boxes[..., 2:] * np.float32(0.5)
    return np.concatenate([middle - half, middle + half], axis=-1)


def overlaps(box: Boxes, others: Boxes) -> Boxes:
    """The part that a box [4] and each of the others [boxes, 4] share of both together; 0 to 1."""
    least, most = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    shared = np.prod(np.clip(most - least, 0, None), axis=-1)
    both = np.prod(box[2:] - box[:2]) + np.prod(others[:, 2:] - others[:, :2], axis=-1) - shared
    return np.asarray(shared / np.maximum(both, np.float32(1e-12)), np.float32)


def suppressed(
    boxes: Boxes, scores: NDArray[np.float32], labels: NDArray[np.intp], most: float
) -> NDArray[np.intp]:
    """The places of the boxes that stay, the best first: none shares more than `most` with a better
    one of its own label."""
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while len(order):
        best, order = int(order[0]), order[1:]
        kept.append(best)
        shares = overlaps(boxes[best], boxes[order]) > most
        order = order[~(shares & (labels[order] == labels[best]))]
    return np.array(kept, np.intp)
