"""One sequence as it is generated: its ids, how the next one is chosen, what ends it.

The loops give it rows of logits and yield its steps; text, log-probabilities and figures are made
of the steps. It knows no decoder and no text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from intab.engine.generation.logits_processors import make_processors
from intab.engine.generation.next_token import choose, make_picker, needed_logits
from intab.engine.generation.options import GenerationOptions
from intab.engine.types import Logits

if TYPE_CHECKING:
    from intab.engine.constrain.constraint import Follower

NO_ROW = np.zeros(0, np.float32)
# (token, tokens of the answer with it) -> "eos", "length" or "time" if that ends the answer.
End = Callable[[int, int], str | None]


class Step(NamedTuple):
    """A token that was chosen, the row [vocab] of logits, and whether the token is the last one:
    "eos", "length", "time", "stop" (the end of a grammar) or None.

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
    matcher: where it is in its grammar, if it has one.
    source: as for `make_processors`.

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
        matcher: Follower | None = None,
        source: Sequence[int] | None = None,
    ) -> None:
        self.ids = list(prompt)
        self._prompt = len(prompt)
        self._processors = make_processors(options, len(prompt), several=several, source=source)
        if matcher:
            self._processors.append(matcher.mask)
        self.needed = needed_logits(options, self._processors)
        self._matcher = matcher
        self._forced = matcher.forced() if matcher else []
        self._keep = options.logprobs
        self._pick = make_picker(options, number)
        self._end = make_end(options)

    def advance(self, row: Logits) -> Step:
        """Choose the token that follows and append it; RunError if the row leaves no choice."""
        if self._forced:
            token = self._forced.pop(0)
        else:
            token = choose(self.ids, row, self._processors, self._pick, keep=self._keep)
        return self._taken(token, row)

    def certain(self) -> list[Step]:
        """Take the tokens that the grammar forces, whatever the logits are.

        None if log-probabilities are to be told, for which each needs its row.
        """
        steps: list[Step] = []
        while self._forced and not self._keep and not (steps and steps[-1].end):
            steps.append(self._taken(self._forced.pop(0), NO_ROW))
        return steps

    def agreeing(self, guess: list[int]) -> list[int]:
        """As much of a guess as the grammar allows."""
        return guess[: self._matcher.agreeing(guess)] if self._matcher else guess

    def _taken(self, token: int, row: Logits) -> Step:
        self.ids.append(token)
        end = self._end(token, len(self.ids) - self._prompt)
        if self._matcher and end != "eos":
            self._matcher.accept(token)
            end = "stop" if self._matcher.ended else end
            if not self._forced and not end:
                self._forced = self._matcher.forced()
        return Step(token, row, end)


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
