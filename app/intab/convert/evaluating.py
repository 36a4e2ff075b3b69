"""Perplexity of a graph on a text, for the report."""

from __future__ import annotations

import math
from itertools import takewhile

import numpy as np

from intab.convert.running import Runner
from intab.engine.text.tokenizer import Tokenizer

WINDOW = 256  # tokens read together
MOST = 8192  # tokens of the text
LARGEST = 700.0  # what exp still takes


def windows(tokenizer: Tokenizer, text: str) -> list[list[int]]:
    """The text in pieces, each begun with what the tokenizer begins a text with: there are models
    that are lost without (Gemma's <bos>)."""
    start = leading(tokenizer)
    ids = tokenizer.encode(text, add_special_tokens=False)[:MOST]
    step = WINDOW - len(start)
    pieces = ([*start, *ids[at : at + step]] for at in range(0, len(ids), step))
    return [piece for piece in pieces if len(piece) > 1]


def leading(tokenizer: Tokenizer) -> list[int]:
    """The special tokens that stand before every text."""
    encoding = tokenizer.backend.encode("a")
    marked = zip(encoding.ids, encoding.special_tokens_mask, strict=True)
    return [token for token, _ in takewhile(lambda pair: pair[1], marked)]


def perplexity(runner: Runner, pieces: list[list[int]]) -> float:
    """exp of the mean negative log-likelihood of each token after the first of its piece."""
    losses = [loss for piece in pieces for loss in _losses(runner, piece)]
    return math.exp(min(sum(losses) / len(losses), LARGEST))


def _losses(runner: Runner, ids: list[int]) -> list[float]:
    logits = runner.logits(ids)[:-1].astype(np.float64)
    top = logits.max(-1)
    total = np.log(np.exp(logits - top[:, None]).sum(-1)) + top
    wanted = logits[np.arange(len(ids) - 1), ids[1:]]
    return list(map(float, total - wanted))
