"""Types that several packages of the engine speak in."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

# A float32 row of logits [vocab], or several: [batch, rows, vocab].
Logits = NDArray[np.float32]
# From a row of logits to a token's id.
Sampler = Callable[[Logits], int]
# A row of logits, changed: temperature, top_k ...
Warper = Callable[[Logits], Logits]
# The same, given the ids so far.
LogitsProcessor = Callable[[list[int], Logits], Logits]
# What makes one for a sequence.
LogitsProcessorFactory = Callable[[], LogitsProcessor]


class LiveNumber(float):
    """A number that somebody may change meanwhile, such as a slider's; `now()` is its value."""

    now: Callable[[], float]

    def __new__(cls, value: float, now: Callable[[], float]) -> LiveNumber:
        self = super().__new__(cls, value)
        self.now = now
        return self
