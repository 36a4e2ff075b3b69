"""Pictures at another size as OWLv2 has it: a Gaussian filter, then linear interpolation.

Numbers are those of scipy's `gaussian_filter` and `zoom(order=1, mode="mirror", grid_mode=True)`,
as transformers' Owlv2ImageProcessor calls them; that of scikit-image is the same:
https://github.com/scikit-image/scikit-image/blob/main/src/skimage/transform/_warps.py
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from intab.engine.media.interpolation import Floats

_TRUNCATED = 4.0  # deviations, beyond which the filter is nothing


def antialiased(pixels: Floats, height: int, width: int) -> Floats:
    """[channels, h, w] at [channels, height, width]; a channel at a time is in float64."""
    return np.stack([_channel(one, height, width) for one in pixels])


def _channel(one: Floats, height: int, width: int) -> Floats:
    found = one.astype(np.float64)
    for axis, size in ((0, height), (1, width)):
        found = _along(found, size, axis)
    return found.astype(np.float32)


def _along(one: NDArray[np.float64], size: int, axis: int) -> NDArray[np.float64]:
    """Filtered where the interpolation looks, and nowhere else."""
    last = one.shape[axis] - 1
    centres = np.abs((np.arange(size) + 0.5) * (one.shape[axis] / size) - 0.5)
    centres = np.where(centres > last, np.maximum(2 * last - centres, 0), centres)
    first = np.floor(centres).astype(np.int64)
    part = (centres - first).reshape([-1 if each == axis else 1 for each in (0, 1)])
    after = np.minimum(first + 1, last)
    shape = [size if each == axis else have for each, have in enumerate(one.shape)]
    found = np.zeros(shape, np.float64)
    for offset, weight in _gaussian(max(0.0, (one.shape[axis] / size - 1) / 2)):
        found += weight * (1 - part) * one.take(_mirrored(first + offset, last), axis)
        found += weight * part * one.take(_mirrored(after + offset, last), axis)
    return found


def _gaussian(sigma: float) -> list[tuple[int, float]]:
    """The weights of neighbours by their distance; all of it here for no deviation."""
    radius = int(_TRUNCATED * sigma + 0.5)
    if not radius:
        return [(0, 1.0)]
    offsets = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 / (sigma * sigma) * offsets**2)
    return list(zip(offsets.tolist(), (weights / weights.sum()).tolist(), strict=True))


def _mirrored(places: NDArray[np.int64], last: int) -> NDArray[np.int64]:
    """Places beyond the edges, as many times as need be, without the edge twice."""
    if not last:
        return np.zeros_like(places)
    within = np.abs(places) % (2 * last)
    return np.asarray(np.minimum(within, 2 * last - within), np.int64)
