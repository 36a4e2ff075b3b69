"""How good an answer of Whisper's is: the mean of its tokens' log-probabilities, and how well its
tokens compress. Poor ones are written again at a higher temperature (whisper_long.py)."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from math import log2

import numpy as np

from intab.engine.generation.sampling import log_softmax
from intab.engine.types import Logits, Warper

Path = tuple[int, ...]


class ScoreKeeper:
    """A logits processor that looks at the last row of each step, and keeps what its tokens have.

    prompt: ids before the answer. ends: tokens that end one. warpers: what follows it if tokens are
    drawn; temperature: what the rows are multiplied with again. All beams share one.
    """

    def __init__(
        self,
        prompt: int,
        ends: Sequence[int],
        warpers: Sequence[Warper] = (),
        temperature: float = 1.0,
    ) -> None:
        self._prompt, self._ends = prompt, ends
        self._warpers, self._temperature = warpers, np.float32(temperature)
        self._sums: dict[Path, float] = {}
        self._rows: dict[Path, Logits] = {}  # of the last step
        self._before: dict[Path, Logits] = {}
        self._ended: dict[Path, float] = {}
        self._length = 0

    def __deepcopy__(self, memo: object) -> ScoreKeeper:
        """Itself: it knows each beam by its tokens."""
        return self

    def __call__(self, ids: list[int], logits: Logits) -> Logits:
        """Keep the row's log-probabilities."""
        path = tuple(ids[self._prompt :])
        if len(path) != self._length:
            self._before, self._rows, self._length = self._rows, {}, len(path)
        self._sums[path] = self._sum(path, self._before) if path else 0.0
        row = logits
        for warp in self._warpers:
            row = warp(row)
        self._rows[path] = scores = log_softmax(row * self._temperature)
        for token in self._ends:
            self._ended[*path, token] = self._sums[path] + float(scores[token])
        return logits

    def _sum(self, path: Path, rows: dict[Path, Logits]) -> float:
        return self._sums[path[:-1]] + float(rows[path[:-1]][path[-1]])

    def mean(self, tokens: Sequence[int]) -> float:
        """The mean log-probability of an answer's tokens, its end included."""
        path = tuple(tokens)
        total = self._ended.get(path)
        if total is None:
            total = self._sum(path, self._rows)
        return total / len(path)


def compression_ratio(tokens: Sequence[int], vocabulary: int) -> float:
    """How many times smaller zlib makes the tokens; more than 2.4 tells of repetition."""
    width = int(log2(vocabulary) / 8) + 1
    data = b"".join(token.to_bytes(width, "little") for token in tokens)
    return len(data) / len(zlib.compress(data))
