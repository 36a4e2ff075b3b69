"""Perplexity of a graph on a text, for the report."""

from __future__ import annotations

import math

import numpy as np

from intab.convert.running import Runner

WINDOW = 256  # tokens read together
MOST = 8192  # tokens of the text


def perplexity(runner: Runner, ids: list[int]) -> float:
    """exp of the mean negative log-likelihood of each token after the first of its window."""
    losses = [
        loss
        for start in range(0, min(len(ids), MOST) - 1, WINDOW)
        for loss in _losses(runner, ids[start : start + WINDOW])
    ]
    return math.exp(sum(losses) / len(losses))


def _losses(runner: Runner, ids: list[int]) -> list[float]:
    logits = runner.logits(ids)[:-1].astype(np.float64)
    top = logits.max(-1)
    total = np.log(np.exp(logits - top[:, None]).sum(-1)) + top
    wanted = logits[np.arange(len(ids) - 1), ids[1:]]
    return list(map(float, total - wanted))
