"""Logits processors: what depends on the ids so far, before the sampler's warpers.

Each `make_x` returns a function (ids, logits) -> logits; ids are prompt and answer. Order and
numbers are those of transformers' `_get_logits_processor` and of logits_process.py beside it;
presence_penalty and frequency_penalty, which transformers lacks, are OpenAI's:
https://platform.openai.com/docs/advanced-usage#frequency-and-presence-penalties
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from intab.engine.generation.options import GenerationOptions
from intab.engine.generation.sampling import NEVER
from intab.engine.generation.user_processors import own_processors
from intab.engine.types import Logits, LogitsProcessor

MOST = np.finfo(np.float32).max


def make_processors(
    options: GenerationOptions,
    prompt: int,
    *,
    several: bool = False,
    source: Sequence[int] | None = None,
) -> list[LogitsProcessor]:
    """The processors that `options` ask for, for one sequence: in transformers' order, the user's
    own last.

    `prompt` is the number of ids before the answer; `several` if other sequences have the same
    options; `source` are the ids that an encoder read, of which there are none in sounds and
    pictures, None for a decoder alone, which read the prompt.
    """
    o, ends, decay = options, options.eos_token_id, options.exponential_decay_length_penalty
    begin = prompt + 1 if prompt == 1 and o.forced_bos_token_id else prompt
    table: tuple[tuple[object, Callable[[], LogitsProcessor]], ...] = (
        (o.logit_bias, lambda: make_logit_bias(o.logit_bias)),
        (o.sequence_bias, lambda: make_sequence_bias(o.sequence_bias)),
        (
            o.encoder_repetition_penalty != 1,
            lambda: of_source(make_source_bonus(o.encoder_repetition_penalty), source, prompt),
        ),
        (o.repetition_penalty != 1, lambda: make_repetition_penalty(o.repetition_penalty)),
        (
            o.presence_penalty or o.frequency_penalty,
            lambda: make_count_penalty(o.presence_penalty, o.frequency_penalty, prompt),
        ),
        (o.no_repeat_ngram_size, lambda: make_no_repeat_ngram(o.no_repeat_ngram_size)),
        (
            o.encoder_no_repeat_ngram_size,
            lambda: of_source(make_no_source_ngram(o.encoder_no_repeat_ngram_size), source, prompt),
        ),
        (o.bad_words_ids, lambda: make_no_bad_words(o.bad_words_ids, ends)),
        (o.min_new_tokens, lambda: make_suppress(ends, range(prompt + o.min_new_tokens))),
        (o.forced_bos_token_id, lambda: make_forced(o.forced_bos_token_id, 1)),
        (
            o.forced_eos_token_id,
            lambda: make_forced(o.forced_eos_token_id, prompt + o.max_new_tokens - 1),
        ),
        (o.remove_invalid_values, lambda: remove_invalid),
        (decay and ends, lambda: make_length_decay(ends, prompt, *(decay or (0, 1)))),
        (o.suppress_tokens, lambda: make_suppress(o.suppress_tokens)),
        (o.begin_suppress_tokens, lambda: make_suppress(o.begin_suppress_tokens, [begin])),
    )
    ours = [make() for wanted, make in table if wanted]
    beams = o.num_beams > 1
    return [*ours, *own_processors(o.logits_processors, several=several, beams=beams)]


def make_logit_bias(bias: Mapping[int, float]) -> LogitsProcessor:
    """Add a number to some tokens' logits."""
    tokens, numbers = list(bias), np.array(list(bias.values()), np.float32)

    def process(ids: list[int], logits: Logits) -> Logits:  # noqa: ARG001
        logits[tokens] += numbers
        return logits

    return process


def make_sequence_bias(bias: Sequence[tuple[Sequence[int], float]]) -> LogitsProcessor:
    """Add a number to the last id of a sequence if the ids before it are there."""
    known = [(list(ids[:-1]), ids[-1], np.float32(number)) for ids, number in bias]

    def process(ids: list[int], logits: Logits) -> Logits:
        total = np.zeros_like(logits)
        for before, last, number in known:
            if not before or ids[-len(before) :] == before:
                total[last] += number
        return logits + total

    return process


def remove_invalid(ids: list[int], logits: Logits) -> Logits:  # noqa: ARG001
    """0 for NaN, and the greatest numbers for infinity."""
    return np.nan_to_num(logits)


def make_length_decay(
    ends: Sequence[int], prompt: int, start: int, factor: float
) -> LogitsProcessor:
    """Make the ends likelier, by the power of the number of ids of the answer beyond `start`."""

    def process(ids: list[int], logits: Logits) -> Logits:
        beyond = len(ids) - prompt - start
        if beyond > 0:
            tokens = [token for token in ends if token < logits.size]
            row = logits[tokens]
            size = np.abs(np.where(np.isfinite(row), row, 0))
            with np.errstate(over="ignore"):
                grown = np.minimum(np.float64(factor) ** beyond - 1, MOST).astype(np.float32)
                logits[tokens] = np.minimum(row + size * grown, MOST)
        return logits

    return process


def make_repetition_penalty(penalty: float) -> LogitsProcessor:
    """Make every token of prompt and answer less likely: https://arxiv.org/abs/1909.05858"""

    tokens = SeenTokens()

    def process(ids: list[int], logits: Logits) -> Logits:
        return _penalized(logits, tokens.among(ids), penalty)

    return process


def _penalized(logits: Logits, tokens: NDArray[np.intp] | list[int], penalty: float) -> Logits:
    """Logits of tokens that are made less likely, or more by a penalty below 1."""
    row, factor = logits[tokens], np.float32(penalty)
    logits[tokens] = np.where(row < 0, row * factor, row / factor)
    return logits


def of_source(
    process: Callable[[list[int], list[int], Logits], Logits],
    source: Sequence[int] | None,
    prompt: int,
) -> LogitsProcessor:
    """A processor that looks at what was read too: (source, ids, logits) -> logits."""
    read = None if source is None else list(source)
    return lambda ids, logits: process(ids[:prompt] if read is None else read, ids, logits)


def make_source_bonus(penalty: float) -> Callable[[list[int], list[int], Logits], Logits]:
    """Make every token that was read more likely."""
    return lambda source, ids, logits: _penalized(logits, source, 1 / penalty)


def make_no_source_ngram(size: int) -> Callable[[list[int], list[int], Logits], Logits]:
    """Forbid what would complete a sequence of `size` ids that was read."""

    def process(source: list[int], ids: list[int], logits: Logits) -> Logits:
        logits[_completing(size, source, ids)] = NEVER
        return logits

    return process


class SeenTokens:
    """The different tokens of a sequence that grows, without reading all of it again."""

    def __init__(self) -> None:
        self._ids: list[int] = []
        self._seen: dict[int, None] = {}
        self._array = np.zeros(0, np.intp)

    def among(self, ids: list[int]) -> NDArray[np.intp]:
        """Each token of `ids` once."""
        known = len(self._ids)
        if ids[:known] != self._ids:
            self._ids, self._seen, known = [], {}, 0
        new = ids[known:]
        self._ids += new
        self._seen.update(dict.fromkeys(new))
        if len(self._seen) != self._array.size or not known:
            self._array = np.fromiter(self._seen, np.intp, len(self._seen))
        return self._array


def make_count_penalty(presence: float, frequency: float, prompt: int) -> LogitsProcessor:
    """Subtract `presence` from each token of the answer, and `frequency` for each time it came."""

    def process(ids: list[int], logits: Logits) -> Logits:
        seen, counts = np.unique(ids[prompt:], return_counts=True)
        logits[seen.astype(int)] -= np.float32(presence) + np.float32(frequency) * counts
        return logits

    return process


def make_no_repeat_ngram(size: int) -> LogitsProcessor:
    """Forbid what would complete a sequence of `size` ids that is there already."""

    def process(ids: list[int], logits: Logits) -> Logits:
        logits[_completing(size, ids, ids)] = NEVER
        return logits

    return process


def _completing(size: int, known: list[int], ids: list[int]) -> list[int]:
    """What would complete a sequence of `size` ids that is known."""
    tail = ids[len(ids) - size + 1 :]
    starts = range(len(known) - size + 1)
    return [known[at + size - 1] for at in starts if known[at : at + size - 1] == tail]


def make_no_bad_words(words: Sequence[Sequence[int]], ends: Sequence[int]) -> LogitsProcessor:
    """Forbid the last id of each word if the ids before it are there; ends are never words."""
    kept = [list(word) for word in words if list(word) not in [[end] for end in ends]]

    def process(ids: list[int], logits: Logits) -> Logits:
        for *before, last in kept:
            if not before or ids[-len(before) :] == before:
                logits[last] = NEVER
        return logits

    return process


def make_suppress(tokens: Sequence[int], lengths: Container[int] | None = None) -> LogitsProcessor:
    """Forbid tokens; if `lengths` is given, only while there are that many ids."""
    forbidden = list(tokens)

    def process(ids: list[int], logits: Logits) -> Logits:
        if lengths is None or len(ids) in lengths:
            logits[[token for token in forbidden if token < logits.size]] = NEVER
        return logits

    return process


def make_forced(tokens: Sequence[int], length: int) -> LogitsProcessor:
    """Allow nothing but `tokens` when there are exactly `length` ids."""
    wanted = list(tokens)

    def process(ids: list[int], logits: Logits) -> Logits:
        if len(ids) == length:
            logits[:] = NEVER
            logits[wanted] = 0
        return logits

    return process
