"""Whisper's rules for tokens of times: in pairs, never back in time, and sooner than text if all of
them together are likelier than any other token.

As WhisperTimeStampLogitsProcessor has them:
https://github.com/huggingface/transformers/blob/main/src/transformers/generation/logits_process.py
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from intab.engine.generation.sampling import NEVER, log_softmax
from intab.engine.types import Logits


@dataclass(frozen=True)
class TimestampRules:
    """A logits processor; `begin`: the number of ids before the answer."""

    begin: int
    no_timestamps: int
    end: int
    latest: int | None = None  # the most steps at which an answer may begin

    @property
    def first(self) -> int:
        """The token of 0.00 seconds."""
        return self.no_timestamps + 1

    def __call__(self, ids: list[int], logits: Logits) -> Logits:
        """Forbid what may not follow."""
        first, told = self.first, ids[self.begin :]
        logits[self.no_timestamps] = NEVER
        times = [token for token in told if token >= first]
        after_time = bool(told) and told[-1] >= first
        pair = len(told) < 2 or told[-2] >= first
        if after_time and pair:
            logits[first:] = NEVER
        elif after_time:
            logits[: self.end] = NEVER
        if times:
            least = times[-1] if after_time and not pair else times[-1] + 1
            logits[first:least] = NEVER
        if not told:
            logits[:first] = NEVER
            if self.latest is not None:
                logits[first + self.latest + 1 :] = NEVER
        self._prefer_times(logits)
        return logits

    def _prefer_times(self, logits: Logits) -> None:
        if np.isneginf(logits.max()):
            return
        scores = log_softmax(logits)
        times, best = scores[self.first :], scores[: self.first].max()
        most = times.max(initial=NEVER)
        if np.isneginf(most):
            return
        total = most + np.log(np.exp(times - most).sum(dtype=np.float32))
        if total > best:
            logits[: self.first] = NEVER
