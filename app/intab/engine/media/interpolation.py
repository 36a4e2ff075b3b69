"""Maps of numbers at another size, as torch's interpolate has it (align_corners=False, no
antialias)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_CUBIC = -0.75  # torch's; Pillow has -0.5


def bilinear(maps: Floats, height: int, width: int) -> Floats:
    """Maps [..., h, w] at [..., height, width]."""
    return _along(_along(maps, width, -1, cubic=False), height, -2, cubic=False)


def bicubic(maps: Floats, height: int, width: int) -> Floats:
    """Maps [..., h, w] at [..., height, width]."""
    return _along(_along(maps, width, -1, cubic=True), height, -2, cubic=True)


def nearest(maps: Floats, height: int, width: int) -> Floats:
    """Maps [..., h, w] at [..., height, width], each number as it is."""
    rows, columns = (
        np.minimum(np.floor(np.arange(size) * np.float32(have / size)).astype(np.int64), have - 1)
        for size, have in ((height, maps.shape[-2]), (width, maps.shape[-1]))
    )
    return maps[..., rows[:, None], columns]


def largest(maps: Floats, height: int, width: int) -> NDArray[np.intp]:
    """Which of maps [classes, h, w] is the largest at each place of [height, width]; one map at a
    time is brought to that size."""
    found = np.zeros((height, width), np.intp)
    most = np.full((height, width), -np.inf, np.float32)
    for number, one in enumerate(maps):
        there = bilinear(one, height, width)
        better = there > most
        found[better], most[better] = number, there[better]
    return found


def _along(maps: Floats, size: int, axis: int, *, cubic: bool) -> Floats:
    have = maps.shape[axis]
    if have == size:
        return maps
    centres = (np.arange(size, dtype=np.float32) + np.float32(0.5)) * np.float32(have / size)
    centres -= np.float32(0.5)
    if not cubic:
        centres = np.maximum(centres, 0)
    first = np.floor(centres).astype(np.int64)
    part = (centres - first).astype(np.float32)
    taps = _cubic(part) if cubic else {0: 1 - part, 1: part}
    shape = [1] * maps.ndim
    shape[axis] = size
    found = np.zeros([*maps.shape[: maps.ndim + axis], size, *maps.shape[maps.ndim + axis + 1 :]],
                     np.float32)  # fmt: skip
    for offset, weights in taps.items():
        places = np.clip(first + offset, 0, have - 1)
        found += np.take(maps, places, axis) * weights.reshape(shape)
    return found


def _cubic(part: Floats) -> dict[int, Floats]:
    """The weights of the four neighbours, by their distance from the first below."""

    def near(x: Floats) -> Floats:
        return np.asarray(((_CUBIC + 2) * x - (_CUBIC + 3)) * x * x + 1, np.float32)

    def far(x: Floats) -> Floats:
        return np.asarray(((_CUBIC * x - 5 * _CUBIC) * x + 8 * _CUBIC) * x - 4 * _CUBIC, np.float32)

    return {-1: far(part + 1), 0: near(part), 1: near(1 - part), 2: far(2 - part)}
