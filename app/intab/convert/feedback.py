"""Rounding in turn: what rounding one input's weights costs, those of later inputs make up for.

    blocks = blocks_in_turn(weight, sample)     # of 4 bits, as blocks.fit

GPTQ, https://arxiv.org/abs/2210.17323: the loss is that of the product over `sample` [rows,
inputs], which has what is multiplied. The inputs with the largest elements go first. An output for
which rounding each weight by itself loses less keeps that, so none is farther than without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intab.convert.architecture import Array
from intab.convert.blocks import BLOCK, LEVELS, Blocks, Bytes, fit, fit_blocks

DAMPING = 0.01  # of the inputs' mean square: for what a short sample does not tell
AT_ONCE = 4096  # outputs: what is computed of them stays in a processor's cache

# Of a block's number and its weights [BLOCK, outputs]: the scale, the least and the largest step.
Grid = Callable[[int, Array], tuple[Array, Array, Array]]


@dataclass(frozen=True)
class Turns:
    """In which order inputs are rounded, and what an error of each does to the product.

    order: the inputs, filled up to whole blocks, each of which stays together.
    root: upper; root @ root.T is the mean product of two inputs, in that order.
    upper: its inverse.
    """

    order: NDArray[np.int64]
    root: Array
    upper: Array

    @classmethod
    def of(cls, sample: Array) -> Turns:
        """Those of a sample, whose numbers must be finite."""
        rows = np.pad(sample, ((0, 0), (0, -sample.shape[1] % BLOCK))).astype(np.float64)
        products = rows.T @ rows
        sizes = np.diagonal(products).copy()
        order = largest_first(sizes)
        products /= sizes.mean() or 1.0
        products[np.diag_indices_from(products)] += DAMPING
        root = np.linalg.cholesky(products[np.ix_(order[::-1], order[::-1])])[::-1, ::-1]
        upper = np.triu(np.linalg.inv(root))
        return cls(order, root.astype(np.float32), upper.astype(np.float32))

    def ordered(self, weight: Array) -> Array:
        """A copy of a weight [inputs, outputs] in this order."""
        missing = len(self.order) - len(weight)
        ordered: Array = np.pad(weight, ((0, missing), (0, 0)))[self.order].astype(np.float32)
        return ordered

    def lost(self, errors: Array) -> Array:
        """What errors [inputs, outputs], in this order, cost each output."""
        lost: Array = np.square(self.root.T @ errors).sum(0)
        return lost

    def rounded(self, weight: Array, grid: Grid) -> tuple[Array, Array]:
        """The steps of a weight in this order, and what they lose of each output."""
        left = self.ordered(weight)
        whole, steps, errors = left.copy(), np.empty_like(left), np.empty_like(left)
        for at in range(0, len(left), BLOCK):
            part = slice(at, at + BLOCK)
            scale, least, most = grid(int(self.order[at]) // BLOCK, left[part])
            inner = self.upper[part, part]
            steps[part], passed = _block(left[part], inner, scale, least, most)
            left[at + BLOCK :] -= self.upper[part, at + BLOCK :].T @ passed
            errors[part] = steps[part] * scale - whole[part]
        return steps, self.lost(errors)


def largest_first(sizes: NDArray[np.float64]) -> NDArray[np.int64]:
    """Blocks by the sum of their inputs' sizes, and the inputs of each by their own."""
    blocks = sizes.reshape(-1, BLOCK)
    numbers = np.argsort(-blocks, axis=1, kind="stable") + BLOCK * np.arange(len(blocks))[:, None]
    order: NDArray[np.int64] = numbers[np.argsort(-blocks.sum(1), kind="stable")].reshape(-1)
    return order


def _block(
    left: Array, upper: Array, scale: Array, least: Array, most: Array
) -> tuple[Array, Array]:
    """The steps of a block's weights, and what is to be made up for; `left` is changed."""
    steps, passed = np.empty_like(left), np.empty_like(left)
    divisor = np.where(scale > 0, scale, 1)
    for number, weights in enumerate(left):
        steps[number] = np.clip(np.rint(weights / divisor), least, most)
        passed[number] = (weights - steps[number] * scale) / upper[number, number]
        left[number + 1 :] -= upper[number, number + 1 :, None] * passed[number]
    return steps, passed


def blocks_in_turn(weight: Array, sample: Array) -> Blocks:
    """The blocks of a weight [inputs, outputs]."""
    if not np.isfinite(sample).all():
        return fit(weight)
    turns, sizes = Turns.of(sample), np.square(sample).mean(0)
    parts = [_blocks(weight[:, part], turns, sizes) for part in _parts(weight)]
    return Blocks(
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.scales for part in parts]),
        np.concatenate([part.zeros for part in parts]),
    )


def _parts(weight: Array) -> Iterator[slice]:
    return (slice(at, at + AT_ONCE) for at in range(0, weight.shape[1], AT_ONCE))


def _blocks(weight: Array, turns: Turns, sizes: Array) -> Blocks:
    plain = fit(weight, sizes)
    scales, zeros = np.empty_like(plain.scales), np.empty_like(plain.zeros)
    weights = 1 / np.square(np.diagonal(turns.upper)).reshape(-1, BLOCK)
    counts = dict(zip(turns.order[::BLOCK] // BLOCK, weights / weights.mean(), strict=True))

    def grid(number: int, block: Array) -> tuple[Array, Array, Array]:
        rows = np.ascontiguousarray(block.T)
        of_each = np.broadcast_to(counts[number], rows.shape)
        _, scales[:, number], zeros[:, number] = fit_blocks(rows, of_each)
        least = -zeros[:, number].astype(np.float32)
        return scales[:, number], least, least + LEVELS

    steps, lost = turns.rounded(weight, grid)
    better = lost < turns.lost(turns.ordered(plain.restored()[: len(weight)] - weight))
    values = np.empty(steps.shape, np.float32)
    values[turns.order] = steps
    found = Blocks(_values(values, zeros), scales, zeros)
    return found.where(better, plain)


def _values(steps: Array, zeros: Bytes) -> Bytes:
    """Steps [inputs, outputs] from each block's zero as bytes [outputs, blocks, BLOCK]."""
    blocks = steps.T.reshape(*zeros.shape, BLOCK)
    values: Bytes = (blocks + zeros[..., None]).astype(np.uint8)
    return values
