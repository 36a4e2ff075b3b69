"""Guess and check: several tokens a step if the text repeats itself (prompt lookup decoding).

A guess is what came after the last three ids when they came before. The network computes the logits
after each guessed id in one step, for little more than one id costs; each row is then processed and
sampled as it would have been alone, and the first token that is not its guess ends the step. So the
tokens are those of a loop that never guesses, for every option and every seed; guesses change only
the time it takes. The idea: https://github.com/apoorvumang/prompt-lookup-decoding

    >>> Guesser(most=8, end=100).guess([5, 6, 7, 8, 9, 5, 6, 7])
    [8, 9]
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

import numpy as np

from intab.engine.generation.options import GenerationOptions
from intab.engine.generation.prefill import OnPrefill, append, prefill
from intab.engine.generation.sequence_state import SequenceState, Step
from intab.engine.io.protocols import silent
from intab.engine.runtime.decoder import Decoder, Session
from intab.engine.runtime.decoder_plan import DecoderPlan
from intab.engine.types import Logits
from intab.errors import OptionError, RunError

MOST = 8  # rows that cost about as much as one, in WebAssembly
NGRAM = 3
FIRST = 2  # ids guessed until a guess was right
REST = 8  # tokens without a guess after a wrong one; twice as many after each one more
LONGEST_REST = 64
ROUNDING = 1e-3  # of the logits' range: less than quantization makes, more than float16's rounding


async def generate_with_guesses(
    session: Session,
    state: SequenceState,
    guesser: Guesser | None,
    *,
    piece: int = 256,
    on_prefill: OnPrefill = silent,
) -> AsyncGenerator[Step]:
    """Yield what decode.generate_tokens yields for the same arguments, in fewer steps."""
    ids, guess = state.ids, list[int]()
    rows: Logits | None = None
    while True:
        for step in state.certain():
            yield step
            if step.end:
                return
        if rows is None:
            rows = await prefill(session, [ids[session.length :]], piece, on_prefill)  # [1, vocab]
        else:
            guess, rows, guesser = await _next(session, state, guesser)
        known = len(ids)
        for row, guessed in zip(rows, [*guess, None], strict=True):
            step = state.advance(row)
            yield step
            if step.end:
                return
            if step.token != guessed:
                break
        if guesser and guess:
            guesser.learn(ids, len(ids) - known - 1, len(guess))
            await session.rewind(session.length - (len(guess) + 1 - (len(ids) - known)))


async def _next(
    session: Session, state: SequenceState, guesser: Guesser | None
) -> tuple[list[int], Logits, Guesser | None]:
    """A guess, the rows after what is new and after each of its ids, and who guesses from now on:
    nobody if the graph cannot."""
    new = state.ids[session.length :]
    guess = state.agreeing(guesser.guess(state.ids)) if guesser else []
    if guess:
        try:
            rows = await session.step([[*new, *guess]], len(guess) + 1)
        except RunError:
            # Some graphs take a whole prompt or one token, nothing between.
            guess, guesser = [], None
        else:
            return guess, rows[0], guesser
    return [], (await append(session, [new]))[0], guesser


class Guesser:
    """Guesses what comes next: more after guesses that were right, rarely after wrong ones.

    most: ids guessed at once, at most.
    end: no guess makes the sequence as long as that, so that the context holds it.
    switch_at: no guess goes beyond so many tokens from before, if that makes the cache useless.
    """

    def __init__(self, most: int, end: int, switch_at: int = 0) -> None:
        self._most = most
        self._end = end
        self._switch_at = switch_at
        self._after: dict[tuple[int, ...], int] = {}  # the last ids -> where it went on from them
        self._known = NGRAM  # `_after` has what came before this place
        self._size = FIRST
        self._rest = REST
        self._waits_until = 0

    def guess(self, ids: Sequence[int]) -> list[int]:
        """The ids that may follow `ids`, which only ever grow; none if nothing tells."""
        self._look_at(ids)
        start = self._after.get(tuple(ids[-NGRAM:]))
        if start is None or len(ids) < self._waits_until:
            return []
        seen = ids[start:]
        size = min(self._size, self._most, self._end - len(ids) - 1)
        if len(ids) <= self._switch_at:
            size = min(size, self._switch_at - len(ids))
        # What repeats once may repeat again and again.
        return [seen[i % len(seen)] for i in range(size)]

    def learn(self, ids: Sequence[int], right: int, guessed: int) -> None:
        """`right` of the `guessed` ids came true, and `ids` are what there is now."""
        if right:
            self._size = min(2 * right + 1, self._most)
            self._rest = max(self._rest // 2, REST)  # chance is right now and then
        elif guessed:
            self._size = FIRST
            self._waits_until = len(ids) + self._rest
            self._rest = min(2 * self._rest, LONGEST_REST)

    def _look_at(self, ids: Sequence[int]) -> None:
        for at in range(self._known, len(ids)):
            self._after[tuple(ids[at - NGRAM : at])] = at
        self._known = max(self._known, len(ids))


def make_guesser(
    options: GenerationOptions, prompt: int, plan: DecoderPlan, *, agree: bool = True
) -> Guesser | None:
    """The guesser that `options` ask for, None for no guesses.

    `prompt` is the number of ids before the answer, `agree` whether the logits after each id of a
    step are those of a step for each: see `rows_agree`.
    """
    most = options.prompt_lookup_num_tokens
    if most and not plan.all_rows:
        raise OptionError(
            "prompt_lookup_num_tokens needs a graph that gives the logits after every token, and "
            "this one gives the last row alone: leave the option out."
        )
    if most and not plan.can_rewind:
        raise OptionError(
            "prompt_lookup_num_tokens needs a cache from which wrong guesses can be taken, and "
            "this model's has states: leave the option out."
        )
    able = plan.all_rows and plan.can_rewind
    most = MOST if most is None and able and agree else most
    return Guesser(most, prompt + options.max_new_tokens, plan.switch_at) if most else None


def refuse_guesses(options: GenerationOptions) -> None:
    """OptionError if guesses are asked for and there are several answers, as in transformers."""
    if options.prompt_lookup_num_tokens:
        raise OptionError(
            "prompt_lookup_num_tokens guesses for one answer at a time: with several prompts, "
            "num_return_sequences or num_beams, leave it out or pass 0."
        )


async def rows_agree(decoder: Decoder, alone: Logits) -> bool:
    """Whether a row of logits is the same, but for rounding, in a step with another id after it;
    `alone` [vocabulary] is that of a step with the id 0 and no other.

    The int8 graphs of others take one scale for all ids of a step: there guesses would change the
    numbers a little, and so an answer now and then.
    """
    if not decoder.plan.all_rows:
        return False
    session = decoder.session()
    try:
        beside = (await session.step([[0, 1]], 2))[0, 0]
    finally:
        session.close()
    return bool(np.abs(alone - beside).max() <= ROUNDING * np.ptp(alone))
