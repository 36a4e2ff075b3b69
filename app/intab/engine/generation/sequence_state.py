"""One sequence as it is generated: its ids, how the next one is chosen, what ends it.

The loops give it rows of logits and yield its steps; text, log-probabilities and figures are made
of the steps. It knows no decoder and no text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import NamedTuple

from intab.engine.generation.logits_processors import make_processors
from intab.engine.generation.next_token import choose, make_picker, needed_logits
from intab.engine.generation.options import GenerationOptions
from intab.engine.types import Logits

# (token, tokens of the answer with it) -> "eos", "length" or "time" if that ends the answer.
End = Callable[[int, int], str | None]


class Step(NamedTuple):
    """A token that was chosen, the row [vocab] of logits, and whether the token is the last one:
    "eos", "length", "time" or None.

    With the option logprobs the row is as the model gave it. Otherwise logits processors may have
    changed it, since a copy of each row takes time.
    """

    token: int
    row: Logits
    end: str | None = None


class SequenceState:
    """A sequence: `ids` are prompt and answer.

    number: which of num_return_sequences it is; each has random numbers of its own.
    several: other sequences are generated with the same options.

    Attributes:
        needed: how many of the largest logits of a row it looks at, 0 for all.
    """

    def __init__(
        self,
        prompt: Sequence[int],
        options: GenerationOptions,
        number: int = 0,
        *,
        several: bool = False,
    ) -> None:
        self.ids = list(prompt)
        self._prompt = len(prompt)
        self._processors = make_processors(options, len(prompt), several=several)
        self.needed = needed_logits(options, self._processors)
        self._keep = options.logprobs
        self._pick = make_picker(options, number)
        self._end = make_end(options)

    def advance(self, row: Logits) -> Step:
        """Choose the token that follows and append it; RunError if the row leaves no choice."""
        token = choose(self.ids, row, self._processors, self._pick, keep=self._keep)
        self.ids.append(token)
        return Step(token, row, self._end(token, len(self.ids) - self._prompt))


def make_end(options: GenerationOptions, clock: Callable[[], float] = perf_counter) -> End:
    """What ends an answer, but for stop strings; max_time counts from this call."""
    begun = clock()

    def end(token: int, count: int) -> str | None:
        if token in options.eos_token_id:
            return "eos"
        if count >= options.max_new_tokens:
            return "length"
        if options.max_time is not None and clock() - begun >= options.max_time:
            return "time"
        return None

    return end
