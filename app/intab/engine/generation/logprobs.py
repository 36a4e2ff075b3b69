"""Log-probabilities of the tokens that were chosen and of those that were likely in their place.

They are the model's own: the log-softmax of the logits before temperature, filters, penalties and
processors, as OpenAI's API gives them (https://platform.openai.com/docs/api-reference/chat/object)
and as transformers' `compute_transition_scores` does for `output_logits`. Natural logarithms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from intab.engine.generation.sampling import largest
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

    def __str__(self) -> str:
        """Such as "' fox' 12.3 % (' cat' 40.1 %, ' fox' 12.3 %)"."""
        own = f"{self.text!r} {math.exp(self.logprob):.1%}".replace("%", " %")
        return f"{own} ({', '.join(map(str, self.top))})" if self.top else own


def token_logprob(tokenizer: Tokenizer, token: int, logprobs: Logits, top: int = 0) -> TokenLogprob:
    """What `logprobs` [vocab], the log-softmax of a row, says of `token` and of the `top` best."""
    best = largest(logprobs, top).tolist() if top else []
    others = tuple(token_logprob(tokenizer, other, logprobs) for other in best)
    text = tokenizer.decode([token], skip_special_tokens=False)
    return TokenLogprob(token, text, float(logprobs[token]), others)
