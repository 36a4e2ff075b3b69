"""Where one sequence is in its grammar: what may follow, what must, and whether it has ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from intab.engine.constrain.bitmasks import NEVER, as_words, forbid
from intab.engine.constrain.library import MOST_ERROR, Start
from intab.engine.constrain.vocabulary import NONE, NOTHING
from intab.engine.types import Logits
from intab.errors import RunError

if TYPE_CHECKING:
    from llguidance import LLMatcher

_WHOLE = ("NoExtension", "NoExtensionBias", "EndOfSentence")


class Matcher:
    """One sequence in its grammar. `ended`: nothing may follow any more."""

    def __init__(
        self, start: Start, other: Matcher | None = None, *, is_first: bool = True
    ) -> None:
        self._start = start
        self._inner: LLMatcher = (other._inner if other else start.inner).deep_copy()
        self._is_first: bool = other._is_first if other else is_first
        self.ended: bool = other.ended if other else False

    def __deepcopy__(self, memo: object) -> Matcher:
        return self.copy()

    def copy(self) -> Matcher:
        """Another one at the same place, which goes its own way."""
        return Matcher(self._start, self)

    def mask(self, ids: list[int], logits: Logits) -> Logits:
        """A LogitsProcessor, the last of all: minus infinity for what may not follow."""
        if self._begins_otherwise():
            logits[~self.allowed(logits.size)] = NEVER
            is_left = not np.isneginf(logits.max())
        else:
            is_left = forbid(logits, as_words(self._compute(), logits.size))
        if not is_left:
            raise RunError(
                f"No token is left: what {self._start.constraint.option} allows, the other options "
                "or logits processors forbid."
            )
        return logits

    def _compute(self) -> bytes:
        """A bit for each id that may follow; RunError if the library gives up."""
        bits: bytes = self._inner.compute_bitmask()
        self._check()  # after an error the library allows the end token alone, and says nothing
        return bits

    def _begins_otherwise(self) -> bool:
        """Whether this is a first token, of which a text shows something else."""
        return self._is_first and self._start.vocabulary.first is not None

    def allowed(self, size: int) -> NDArray[np.bool_]:
        """Which of the first `size` ids may follow; RunError if the library gives up."""
        bits = np.frombuffer(self._compute(), np.uint8)
        # Padded or cut to the ids of the vocabulary, and of the row if it has more.
        count = max(size, len(self._start.vocabulary.tokens))
        found = np.unpackbits(bits, count=count, bitorder="little").view(bool)
        first = self._start.vocabulary.first
        if first is not None and self._is_first:
            same = found[np.maximum(first, 0)]
            found[: first.size] = np.where(first >= 0, same, first == NOTHING) | self._ends(found)
        return found[:size]

    def _ends(self, found: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The end tokens among those that may follow, which are no text."""
        vocabulary = self._start.vocabulary
        kept = np.zeros(len(vocabulary.tokens), bool)
        kept[vocabulary.special] = found[vocabulary.special]
        return kept

    def accept(self, token: int) -> None:
        """The token follows; RunError if it may not."""
        first = self._start.vocabulary.first
        if first is not None and self._is_first:
            same = int(first[token])
            token = token if same == NONE else same
        self._is_first = False
        if token != NOTHING and not self._inner.consume_token(token):
            self._check()
        self.ended = self._inner.is_stopped()
        if self.ended and self._inner.stop_reason() not in _WHOLE:
            self._check()

    def may_end(self) -> bool:
        """Whether what there is is whole, and could go on."""
        return bool(self._inner.is_accepting())

    def text_of(self, token: int) -> bytes:
        """The bytes that a token stands for."""
        return self._start.vocabulary.tokens[token]

    def forced(self) -> list[int]:
        """The tokens that must follow one after the other, [] for a choice."""
        vocabulary = self._start.vocabulary
        if self.ended or not vocabulary.whole or self._begins_otherwise():
            return []
        return list(self._inner.compute_ff_tokens())

    def agreeing(self, tokens: Sequence[int]) -> int:
        """How many of the tokens may follow one after the other."""
        if self.ended or self._begins_otherwise():
            return 0
        return int(self._inner.validate_tokens(list(tokens)))

    def _check(self) -> None:
        if self._inner.is_error():
            error = " ".join(self._inner.get_error().split())[:MOST_ERROR]
            raise RunError(
                f"{self._start.constraint.option} cannot be followed any further ({error}): make "
                "it simpler."
            )
