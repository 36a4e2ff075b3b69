"""Maps of numbers at another size, as torch's interpolate has it (align_corners=False), without
antialias but in `smooth`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_CUBIC = -0.75  # torch's; Pillow has -0.5, and torch too with antialias
_SMOOTH = -0.5


def bilinear(maps: Floats, height: int, width: int) -> Floats:
    """Maps [..., h, w] at [..., height, width]."""
    return _along(_along(maps, width, -1, cubic=False), height, -2, cubic=False)


def bicubic(maps: Floats, height: int, width: int) -> Floats:
    """Maps [..., h, w] at [..., height, width]."""
    return _along(_along(maps, width, -1, cubic=True), height, -2, cubic=True)


def smooth(maps: Floats, height: int, width: int, *, cubic: bool) -> Floats:
    """Maps [..., h, w] at [..., height, width] with antialias: what is shrunk is blurred."""
    found = np.moveaxis(_blurred(maps, width, cubic=cubic), -1, -2)
    return np.moveaxis(_blurred(found, height, cubic=cubic), -1, -2)


def _blurred(maps: Floats, size: int, *, cubic: bool) -> Floats:
    """Along the last axis. Weights are float32 where torch's are:
    https://github.com/pytorch/pytorch/blob/main/aten/src/ATen/native/cpu/UpSampleKernel.cpp"""
    have = maps.shape[-1]
    if have == size:
        return maps
    scale = np.float32(have / size)
    support = np.float32((2 if cubic else 1) * max(scale, np.float32(1)))
    centres = (np.float64(scale) * (np.arange(size) + 0.5)).astype(np.float32)
    first = np.maximum((centres - support + 0.5).astype(np.int64), 0)
    last = np.minimum((centres + support + 0.5).astype(np.int64), have)  # and no further
    places = first + np.arange(int((last - first).max()))[:, None]  # [neighbours, size]
    far = (np.float64((places - centres).astype(np.float32)) + 0.5) / max(scale, np.float32(1))
    weights = _weight(np.abs(far.astype(np.float32)), cubic=cubic) * (places < last)
    weights = (weights / weights.sum(0, dtype=np.float32)).astype(np.float32)
    found = np.zeros([*maps.shape[:-1], size], np.float32)
    for place, weight in zip(np.minimum(places, have - 1), weights, strict=True):
        found += np.take(maps, place, -1) * weight
    return found


def _weight(distance: Floats, *, cubic: bool) -> Floats:
    if not cubic:
        return np.maximum(1 - distance, 0)
    near, far = _near(distance, _SMOOTH), _far(distance, _SMOOTH)
    return np.where(distance < 1, near, np.where(distance < 2, far, np.float32(0)))


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
    return {-1: _far(part + 1), 0: _near(part), 1: _near(1 - part), 2: _far(2 - part)}


def _near(x: Floats, a: float = _CUBIC) -> Floats:
    return np.asarray(((a + 2) * x - (a + 3)) * x * x + 1, np.float32)


def _far(x: Floats, a: float = _CUBIC) -> Floats:
    return np.asarray(((a * x - 5 * a) * x + 8 * a) * x - 4 * a, np.float32)
