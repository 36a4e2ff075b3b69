"""From a row of logits to the next token: pure functions, composed.

`apply_x` transforms a float32 row of logits [vocab]; `make_x` returns a callable. Order and numbers
are those of transformers' logits processors:
https://github.com/huggingface/transformers/blob/main/src/transformers/generation/logits_process.py

    >>> pick = make_sampler(make_warpers(0.8, top_p=0.9), rng=np.random.default_rng(1))
    >>> pick(np.array([0.1, 2.0, 1.0], np.float32))
    1
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from intab.engine.types import Logits, Sampler, Warper

NEVER = np.float32(-np.inf)
GROUP = 64  # logits whose maximum stands for them when the largest of many are wanted
TINY = float(np.finfo(np.float32).tiny)


def apply_temperature(logits: Logits, temperature: float) -> Logits:
    """Divide by the temperature: below 1 sharpens, above 1 flattens."""
    with np.errstate(over="ignore"):
        scaled: Logits = logits / np.float32(temperature)
        if np.isfinite(scaled.max()):
            return scaled
        # So cold that the best overflows: the same probabilities, counted from the best.
        cold: Logits = (logits - logits.max()) / np.float32(max(temperature, TINY))
        return cold


def apply_top_k(logits: Logits, top_k: int, least: int = 1) -> Logits:
    """Keep the `top_k` largest logits, and whatever ties with the smallest of them."""
    top_k = max(top_k, least)
    if top_k >= logits.size:
        return logits
    return forbid(logits, logits < nth_largest(logits, top_k))


def apply_top_p(logits: Logits, top_p: float, least: int = 1) -> Logits:
    """Keep the most probable tokens whose probabilities just reach `top_p`."""
    probabilities = softmax(logits)
    likely, rest = _likely(logits, probabilities, 1 - top_p)
    order = likely[np.argsort(logits[likely], kind="stable")]  # ascending, as transformers sorts
    cumulative = (rest + np.cumsum(probabilities[order], dtype=np.float64)).astype(np.float32)
    kept = np.full_like(logits, NEVER)
    kept[likely] = logits[likely]
    kept[order[:-least][cumulative[:-least] <= np.float32(1 - top_p)]] = NEVER
    return kept


def _likely(
    logits: Logits, probabilities: Logits, mass: float
) -> tuple[NDArray[np.intp], np.float64]:
    """Tokens without the least probable ones, which have no more than `mass`, and what these have.

    Sorting the whole vocabulary takes milliseconds, and the most probable tokens have nearly all.
    """
    total = probabilities.sum(dtype=np.float64)
    for count in (256, 4096):
        if count < logits.size:
            likely = np.flatnonzero(logits >= nth_largest(logits, count))
            rest = total - probabilities[likely].sum(dtype=np.float64)
            if rest <= mass:
                return likely, rest
    return np.flatnonzero(logits > NEVER), np.float64(0)


def apply_min_p(logits: Logits, min_p: float, least: int = 1) -> Logits:
    """Keep tokens at least `min_p` times as probable as the most probable one."""
    probabilities = softmax(logits)
    unlikely = probabilities < np.float32(min_p) * probabilities.max()
    return forbid(logits, unlikely & (logits < nth_largest(logits, least)))


def apply_typical_p(logits: Logits, typical_p: float, least: int = 1) -> Logits:
    """Keep tokens whose surprise is nearest to the expected one until they reach `typical_p`."""
    log_probabilities = log_softmax(logits)
    probabilities = np.exp(log_probabilities)
    left = logits > NEVER
    entropy = -(log_probabilities[left] * probabilities[left]).sum(dtype=np.float32)
    order = np.argsort(np.abs(-log_probabilities - entropy), kind="stable")
    cumulative = running_sum(softmax(logits)[order])
    last = min(int((cumulative < typical_p).sum()), logits.size - 1)
    distance = np.abs(-log_probabilities - entropy)
    drop = distance > distance[order[last]]
    drop[order[:least]] = False
    return forbid(logits, drop)


def apply_epsilon_cutoff(logits: Logits, epsilon: float, least: int = 1) -> Logits:
    """Keep tokens with a probability of at least `epsilon`."""
    return forbid(logits, (softmax(logits) < epsilon) & (logits < nth_largest(logits, least)))


def apply_eta_cutoff(logits: Logits, epsilon: float, least: int = 1) -> Logits:
    """Like `apply_epsilon_cutoff`, with a cutoff that falls as the entropy rises."""
    log_probabilities = log_softmax(logits)
    # Zero times minus infinity is nothing here: forbidden tokens carry no information.
    terms = np.exp(log_probabilities) * np.maximum(log_probabilities, np.finfo(np.float32).min)
    eta = min(epsilon, float(np.sqrt(epsilon) * np.exp(terms.sum(dtype=np.float32))))
    return apply_epsilon_cutoff(logits, eta, least)


def nth_largest(logits: Logits, n: int) -> np.float32:
    """The n-th largest logit, the smallest if there are fewer."""
    if n == 1:
        return np.float32(logits.max())
    if n * 2 * GROUP < logits.size:
        logits = _at_least_n(logits, n)
    at = max(logits.size - n, 0)
    return np.float32(np.partition(logits, at)[at])


def largest(logits: Logits, n: int) -> NDArray[np.intp]:
    """The places of the `n` largest logits, the largest first; of equals the first."""
    likely = np.flatnonzero(logits >= nth_largest(logits, n))
    return likely[np.argsort(-logits[likely], kind="stable")][:n]


def _at_least_n(logits: Logits, n: int) -> Logits:
    """Some of the logits, the `n` largest among them; a partition of all takes ten times longer.

    The maxima of groups are n logits that are no smaller than the n-th of the maxima.
    """
    groups = logits.size // GROUP
    maxima = logits[: groups * GROUP].reshape(GROUP, groups).max(axis=0)
    likely: Logits = logits[logits >= np.partition(maxima, groups - n)[groups - n]]
    return likely


def running_sum(probabilities: Logits) -> Logits:
    """Cumulative sums, added up in float64 and rounded, as torch does on a CPU."""
    return np.cumsum(probabilities, dtype=np.float64).astype(np.float32)


def forbid(logits: Logits, where: NDArray[np.bool_]) -> Logits:
    """A copy with minus infinity where `where` is True."""
    kept: Logits = np.where(where, NEVER, logits)
    return kept


def log_softmax(logits: Logits) -> Logits:
    """Logarithms of the probabilities of a row of logits."""
    shifted: Logits = logits - logits.max()
    log_probabilities: Logits = shifted - np.log(np.exp(shifted).sum(dtype=np.float32))
    return log_probabilities


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


def make_warpers(
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    min_p: float = 0.0,
    typical_p: float = 1.0,
    epsilon_cutoff: float = 0.0,
    eta_cutoff: float = 0.0,
    *,
    least: int = 1,
) -> list[Warper]:
    """The warpers that are asked for, in transformers' order, which is that of the arguments.

    Each keeps `least` tokens at the least, however improbable.
    """
    table: tuple[tuple[bool, Warper], ...] = (
        (temperature != 1, lambda row: apply_temperature(row, temperature)),
        (top_k > 0, lambda row: apply_top_k(row, top_k, least)),
        (top_p < 1, lambda row: apply_top_p(row, top_p, least)),
        (min_p > 0, lambda row: apply_min_p(row, min_p, least)),
        (typical_p < 1, lambda row: apply_typical_p(row, typical_p, least)),
        (epsilon_cutoff > 0, lambda row: apply_epsilon_cutoff(row, epsilon_cutoff, least)),
        (eta_cutoff > 0, lambda row: apply_eta_cutoff(row, eta_cutoff, least)),
    )
    return [warp for wanted, warp in table if wanted]


def make_sampler(
    warpers: Sequence[Warper] = (), *, rng: np.random.Generator | None = None
) -> Sampler:
    """A function from a row of logits to a token id, drawn after all warpers.

    The same generator state gives the same ids on every platform: one float64 is drawn per token.
    """
    coin = (rng or np.random.default_rng()).random

    def sample(logits: Logits) -> int:
        tokens = None  # those that are left, if all others were forbidden
        for warp in warpers:
            logits = warp(logits)
            if tokens is None and np.isneginf(logits.min()):
                tokens = np.flatnonzero(logits > NEVER)
                logits = logits[tokens]
        drawn = draw(logits, coin())
        return drawn if tokens is None else int(tokens[drawn])

    return sample
