"""The baseline: a 5-gram model over the same tokens, interpolated Kneser-Ney.

    bits_a_byte(training_ids, held_out_ids, held_out_bytes)

An n-gram is one integer, so that counting is sorting. The formula is that of Chen and Goodman
(1998), "An Empirical Study of Smoothing Techniques for Language Modeling", section 2.7, with one
discount an order: D = n1 / (n1 + 2 n2), n1 and n2 being the n-grams seen once and twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recipe.rows import END
from recipe.settings import VOCABULARY

ORDER = 5
BITS = (VOCABULARY - 1).bit_length()  # 5 * 12 bits fit in an int64

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Table:
    """Counts of one order: of n-grams, and of their contexts; all sorted by their integer."""

    keys: Ints
    counts: Floats
    contexts: Ints
    totals: Floats
    followers: Floats  # how many different tokens follow a context
    discount: float


def bits_a_byte(training: Iterable[list[int]], held_out: Iterable[list[int]], size: int) -> float:
    """Of the held-out texts, `size` bytes in all, each from <|endoftext|> on."""
    tables = _count(_windows(training))
    return float(-np.log2(_probabilities(tables, _windows(held_out))).sum() / size)


def _windows(texts: Iterable[list[int]]) -> Ints:
    """The integer of the ORDER tokens that end at each token of each text."""
    parts = []
    for ids in texts:
        padded = np.array([END] * (ORDER - 1) + ids, np.int64)
        shifted = (padded[at : at + len(ids)] << BITS * (ORDER - 1 - at) for at in range(ORDER))
        parts.append(np.bitwise_or.reduce(list(shifted)))
    return np.concatenate(parts)


def _count(windows: Ints) -> list[_Table]:
    """Tables of orders 1 to ORDER; below the highest, counted are the different n-grams."""
    keys, counts = np.unique(windows, return_counts=True)
    tables = [_table(keys, counts)]
    for order in range(ORDER - 1, 0, -1):
        keys, counts = np.unique(keys & (1 << BITS * order) - 1, return_counts=True)
        tables.insert(0, _table(keys, counts))
    return tables


def _table(keys: Ints, counts: Ints) -> _Table:
    once, twice = ((counts == n).sum() for n in (1, 2))
    contexts, starts, followers = np.unique(keys >> BITS, return_index=True, return_counts=True)
    totals = np.add.reduceat(counts, starts)
    return _Table(
        keys,
        counts.astype(float),
        contexts,
        totals.astype(float),
        followers.astype(float),
        float(once / (once + 2 * twice)) if once else 0.5,  # no n-gram seen once: a toy text
    )


def _probabilities(tables: list[_Table], windows: Ints) -> Floats:
    found: Floats = np.full(len(windows), 1 / VOCABULARY)
    for order, table in enumerate(tables, 1):
        keys = windows & (1 << BITS * order) - 1
        seen = _look_up(table.keys, table.counts, keys)
        total = _look_up(table.contexts, table.totals, keys >> BITS)
        followers = _look_up(table.contexts, table.followers, keys >> BITS)
        known = total > 0
        scale = np.where(known, total, 1)
        mixed = (np.maximum(seen - table.discount, 0) + table.discount * followers * found) / scale
        found = np.where(known, mixed, found)
    return found


def _look_up(keys: Ints, values: Floats, wanted: Ints) -> Floats:
    """The value of each key that is wanted, 0 where there is none."""
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, values[at], 0.0)
