"""Log-probabilities of the tokens that were chosen and of those that were likely in their place.

They are the model's own: the log-softmax of the logits before temperature, filters, penalties and
processors, as OpenAI's API gives them (https://platform.openai.com/docs/api-reference/chat/object)
and as transformers' `compute_transition_scores` does for `output_logits`. Natural logarithms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from intab.engine.generation.options import GenerationOptions
from intab.engine.generation.sampling import largest, log_softmax
from intab.engine.text.tokenizer import Tokenizer
from intab.engine.types import Logits


@dataclass(frozen=True)
class TokenLogprob:
    """What the model thought of one token.

    Attributes:
        id: the token's id.
        text: the token alone; one that is part of a character has U+FFFD in it.
        logprob: its natural log-probability, 0 or less.
        top: the likeliest tokens at its place, best first, as many as top_logprobs asked for.
    """

    id: int
    text: str
    logprob: float
    top: tuple[TokenLogprob, ...] = ()


def make_recorder(tokenizer: Tokenizer, options: GenerationOptions) -> LogprobRecorder | None:
    """A recorder where the options ask for log-probabilities."""
    return LogprobRecorder(tokenizer, options.top_logprobs) if options.logprobs else None


class LogprobRecorder:
    """A logits processor that changes nothing and remembers the row; first of its list."""

    def __init__(self, tokenizer: Tokenizer, top: int) -> None:
        self._tokenizer = tokenizer
        self._top = top
        self._row = np.zeros(0, np.float32)

    def __call__(self, ids: list[int], logits: Logits) -> Logits:
        self._row = log_softmax(logits)
        return logits

    def of(self, token: int) -> TokenLogprob:
        """What the last row says of `token`."""
        best = largest(self._row, self._top).tolist() if self._top else []
        return self._one(token, tuple(self._one(i) for i in best))

    def _one(self, token: int, top: tuple[TokenLogprob, ...] = ()) -> TokenLogprob:
        text = self._tokenizer.decode([token], skip_special_tokens=False)
        return TokenLogprob(token, text, float(self._row[token]), top)
