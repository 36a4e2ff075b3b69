"""From a row of logits to the next token: pure functions, composed.

`apply_x` transforms a float32 row of logits [vocab]; `make_x` returns a callable. Order and numbers
are those of transformers' logits processors:
https://github.com/huggingface/transformers/blob/main/src/transformers/generation/logits_process.py

    >>> pick = make_sampler(temperature=0.8, top_p=0.9, rng=np.random.default_rng(1))
    >>> pick(np.array([0.1, 2.0, 1.0], np.float32))
    1
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.float32]
Sampler = Callable[[Logits], int]
LogitsProcessor = Callable[[list[int], Logits], Logits]
NEVER = np.float32(-np.inf)


def apply_temperature(logits: Logits, temperature: float) -> Logits:
    """Divide by the temperature: below 1 sharpens, above 1 flattens."""
    return np.divide(logits, np.float32(temperature))


def apply_top_k(logits: Logits, top_k: int) -> Logits:
    """Keep the `top_k` largest logits, and whatever ties with the smallest of them."""
    if top_k >= logits.size:
        return logits
    threshold = np.partition(logits, -top_k)[-top_k]
    return np.where(logits < threshold, NEVER, logits).astype(np.float32, copy=False)


def apply_top_p(logits: Logits, top_p: float) -> Logits:
    """Keep the most probable tokens whose probabilities just reach `top_p`; always one."""
    left = np.flatnonzero(logits > NEVER)
    order = left[np.argsort(logits[left], kind="stable")]  # ascending, as transformers sorts
    cumulative = np.cumsum(softmax(logits[order]))
    drop = order[:-1][cumulative[:-1] <= np.float32(1 - top_p)]
    kept = logits.copy()
    kept[drop] = NEVER
    return kept


def softmax(logits: Logits) -> Logits:
    """Probabilities of a row of logits, float32, summing to 1."""
    weights: Logits = np.exp(logits - logits.max())
    probabilities: Logits = weights / weights.sum(dtype=np.float32)
    return probabilities


def draw(logits: Logits, coin: float) -> int:
    """The token at which the cumulative probability passes `coin`, a number in [0, 1)."""
    kept = np.flatnonzero(logits > NEVER)
    cumulative = np.cumsum(softmax(logits[kept]), dtype=np.float64)
    return int(kept[np.searchsorted(cumulative, coin * cumulative[-1], side="right")])


def argmax(logits: Logits) -> int:
    """The most probable token; the first of equals."""
    return int(logits.argmax())


def make_sampler(
    temperature: float = 0.0,
    top_k: int = 0,
    top_p: float = 1.0,
    rng: np.random.Generator | None = None,
) -> Sampler:
    """A function from a row of logits to a token id; temperature 0 is greedy.

    The same generator state gives the same ids on every platform: one float64 is drawn per token.
    """
    if temperature == 0:
        return argmax
    coin = (rng or np.random.default_rng()).random
    warpers = _make_warpers(temperature, top_k, top_p)

    def sample(logits: Logits) -> int:
        for warp in warpers:
            logits = warp(logits)
        return draw(logits, coin())

    return sample


def _make_warpers(temperature: float, top_k: int, top_p: float) -> list[Callable[[Logits], Logits]]:
    warpers: list[Callable[[Logits], Logits]] = []
    if temperature != 1:
        warpers.append(partial(apply_temperature, temperature=temperature))
    if top_k:
        warpers.append(partial(apply_top_k, top_k=top_k))
    if top_p < 1:
        warpers.append(partial(apply_top_p, top_p=top_p))
    return warpers
