"""Weights in blocks of 4 bits: 16 steps of a scale, from a zero point.

    weight = scale * (value - zero)    value, zero: 0 to 15

A few large weights make all steps of a block wide. So several ranges are tried, in the narrower
ones of which the largest weights are cut off; each one's scale is fitted by least squares to the
values that it rounds to, and the best for the block is taken. An error counts as much as what the
weight is multiplied with is large: `sizes` has the mean square of each input, if that is known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intab.convert.architecture import Array

BLOCK = 32
LEVELS = 15
RANGES = (1.1, 1.05, 1.0, 0.95, 0.9, 0.85, 0.8, 0.72)  # of that between least and largest
FITS = 2  # of the scale to the values, and of these to the scale
LEAST = 1e-4  # of the mean: what is never read in a sample may be read in another
AT_ONCE = 2**18  # weights: what is computed of them stays in a processor's cache

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Blocks:
    """values: [outputs, blocks, BLOCK] of 0 to 15; scales and zeros: [outputs, blocks]."""

    values: Bytes
    scales: Array
    zeros: Bytes

    def packed_values(self) -> Bytes:
        """Two a byte, the first in its low half: [outputs, blocks, BLOCK / 2]."""
        return _packed(self.values)

    def packed_zeros(self) -> Bytes:
        """Likewise, each output for itself: [outputs, blocks / 2]."""
        odd = self.zeros.shape[-1] % 2
        return _packed(np.pad(self.zeros, ((0, 0), (0, odd))))

    def restored(self) -> Array:
        """The weight [inputs, outputs], with what fills the last blocks."""
        steps = self.values.astype(np.float32) - self.zeros[..., None]
        return (steps * self.scales[..., None]).reshape(len(steps), -1).T

    def where(self, chosen: NDArray[np.bool_], other: Blocks) -> Blocks:
        """These for the outputs that are chosen, and the others'."""
        column = chosen[:, None]
        return Blocks(
            np.where(column[..., None], self.values, other.values),
            np.where(column, self.scales, other.scales),
            np.where(column, self.zeros, other.zeros),
        )


def _packed(halves: Bytes) -> Bytes:
    packed: Bytes = np.bitwise_or(halves[..., ::2], halves[..., 1::2] << 4, dtype=np.uint8)
    return packed


def fit(weight: Array, sizes: Array | None = None) -> Blocks:
    """The blocks of a weight [inputs, outputs]; the last ones are filled with zeros.

    >>> found = fit(np.float32([[0.5], [-0.25]]))
    >>> found.scales * (found.values[..., :2].astype(np.float32) - found.zeros[..., None])[0]
    array([[ 0.5 , -0.25]], dtype=float32)
    """
    inputs, outputs = weight.shape
    rows = np.pad(weight.T.astype(np.float32), ((0, 0), (0, -inputs % BLOCK)))
    blocks = rows.reshape(-1, BLOCK)
    counted = np.ones(inputs, np.float32) if sizes is None else sizes / max(sizes.mean(), 1e-30)
    counts = np.pad(counted, (0, -inputs % BLOCK)).astype(np.float32).reshape(-1, BLOCK) + LEAST
    values = np.empty(blocks.shape, np.uint8)
    scales, zeros = np.empty(len(blocks), np.float32), np.empty(len(blocks), np.uint8)
    step = AT_ONCE // BLOCK
    for at in range(0, len(blocks), step):
        part = slice(at, at + step)
        of_each = counts[np.arange(at, min(at + step, len(blocks))) % len(counts)]
        values[part], scales[part], zeros[part] = fit_blocks(blocks[part], of_each)
    shape = (outputs, -1)
    return Blocks(values.reshape(outputs, -1, BLOCK), scales.reshape(shape), zeros.reshape(shape))


def fit_blocks(blocks: Array, counts: Array) -> tuple[Bytes, Array, Bytes]:
    """Values, scales and zeros of blocks; both are [blocks, BLOCK]."""
    low = np.minimum(blocks.min(-1), 0)
    width = np.maximum(blocks.max(-1), 0) - low
    width[width == 0] = 1
    zero = np.rint(-low / width * LEVELS)[:, None]
    best = np.zeros(blocks.shape, np.float32)
    scales, least = np.zeros(len(blocks), np.float32), np.full(len(blocks), np.inf, np.float32)
    for share in RANGES:
        scale = width * np.float32(share / LEVELS)
        for _ in range(FITS):
            steps = np.clip(np.rint(blocks / scale[:, None]), -zero, LEVELS - zero)
            scale = _least_squares(blocks, steps, counts, scale)
        error = (np.square(blocks - scale[:, None] * steps) * counts).sum(-1)
        better = error < least
        least[better], scales[better], best[better] = error[better], scale[better], steps[better]
    return (best + zero).astype(np.uint8), scales, zero[:, 0].astype(np.uint8)


def _least_squares(blocks: Array, steps: Array, counts: Array, before: Array) -> Array:
    """The scale of each block that fits its steps best; that of before if all of them are 0."""
    squares = (steps * steps * counts).sum(-1)
    fitted = (blocks * steps * counts).sum(-1) / np.maximum(squares, 1e-30)
    return np.where((squares > 0) & (fitted > 0), fitted, before).astype(np.float32)
