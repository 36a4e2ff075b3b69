"""When each token was said, by where the decoder's attention lay: dynamic time warping.

Steps are those of `_extract_token_timestamps` in transformers 5.24:
https://github.com/huggingface/transformers/blob/main/src/transformers/models/whisper/generation_whisper.py
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float32]
STEP = 0.02  # seconds of one place of the encoder


def token_times(weights: Weights, width: int) -> list[float]:
    """The seconds at which tokens begin, by the attention [heads, tokens, places] of each; of
    `width` places the median is taken."""
    if not weights.shape[1]:
        return []
    deviation = weights.std(axis=-2, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        level = (weights - weights.mean(axis=-2, keepdims=True)) / deviation
    matrix = median_filter(level, width).mean(axis=0)
    tokens, places = time_warping(-matrix.astype(np.float64))
    jumps = np.diff(tokens, prepend=-1) > 0
    return [float(second) for second in places[jumps] * STEP]


def median_filter(values: Weights, width: int) -> Weights:
    """The median of each `width` (an odd number) neighbours along the last axis."""
    half = width // 2
    if values.shape[-1] <= half:
        return values
    padded = np.pad(values, [(0, 0)] * (values.ndim - 1) + [(half, half)], mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, width, axis=-1)
    return np.asarray(np.sort(windows, axis=-1)[..., half])


def time_warping(matrix: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The cheapest way through a matrix [tokens, places] of costs: its tokens and its places.

    Costs are float32, as there; one diagonal at a time, since a diagonal depends on the two before.
    """
    tokens, places = matrix.shape
    cost = np.full((tokens + 1, places + 1), np.inf, np.float32)
    trace = np.full(cost.shape, 2, np.int8)
    cost[0, 0] = 0
    for diagonal in range(2, tokens + places + 1):
        i = np.arange(max(1, diagonal - places), min(tokens, diagonal - 1) + 1)
        j = diagonal - i
        both, down, right = cost[i - 1, j - 1], cost[i - 1, j], cost[i, j - 1]
        turn = np.where((both < down) & (both < right), 0, 2)
        turn[(down < both) & (down < right)] = 1
        best = np.choose(turn, (both, down, right))
        cost[i, j] = matrix[i - 1, j - 1] + best
        trace[i, j] = turn
    return _back(trace)


def _back(trace: NDArray[np.int8]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    i, j = trace.shape[0] - 1, trace.shape[1] - 1
    trace[0, :], trace[:, 0] = 2, 1
    path = []
    while i > 0 or j > 0:
        path.append((i - 1, j - 1))
        turn = trace[i, j]
        i -= turn != 2
        j -= turn != 1
    found = np.array(path[::-1], np.intp).reshape(-1, 2)
    return found[:, 0], found[:, 1]
