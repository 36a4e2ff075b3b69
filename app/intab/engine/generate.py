"""Generation in three layers of the same verb: tokens, chunks of text, the whole.

`generate_tokens` knows ids only; `stream` adds text, the end of the text and figures; `complete`
joins. Each is a short loop over the one below. None knows what computes the logits: a `Session`
takes ids and gives the logits that follow the last of them.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from intab.engine.guessing import Guesser
from intab.engine.metrics import Meter, Metrics
from intab.engine.options import GenerationOptions
from intab.engine.processors import make_processors
from intab.engine.sampling import Logits, LogitsProcessor, Sampler, make_sampler
from intab.engine.stopping import StopFinder
from intab.engine.tokenizer import StreamDecoder, Tokenizer
from intab.errors import OptionError, RunError


class Session(Protocol):
    """Sequences in a loaded network, in step with each other, with their KV cache."""

    @property
    def length(self) -> int:
        """Tokens in the cache, of each sequence, padding included."""

    async def step(self, ids: Sequence[Sequence[int]], rows: int = 1) -> Logits:
        """Append `ids` [batch][n]; the float32 logits [batch, rows, vocab] of the last `rows`.

        Padding comes first, as whatever ids. A step that is cancelled, or fails, changes nothing.
        """

    async def rewind(self, length: int) -> None:
        """Keep the first `length` tokens."""

    async def select(self, sequences: Sequence[int]) -> None:
        """Keep the sequences of these numbers, in this order, repeated as they are."""

    def fork(self) -> Session:
        """An independent session with the same sequences; the cache is shared until one changes."""

    def close(self) -> None:
        """Give the cache's memory back; may be called twice."""


@dataclass(frozen=True)
class TextChunk:
    """A piece of text and the ids it took; the last one says why the text ended."""

    text: str
    ids: tuple[int, ...]
    finish_reason: str | None = None
    metrics: Metrics | None = None

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Generation:
    """A whole answer; `str()` of it is the text."""

    text: str
    ids: tuple[int, ...]
    finish_reason: str
    metrics: Metrics

    def __str__(self) -> str:
        return self.text


async def generate_tokens(
    session: Session,
    prompt: Sequence[int],
    pick: Sampler,
    processors: Sequence[LogitsProcessor] = (),
    guesser: Guesser | None = None,
) -> AsyncGenerator[int]:
    """Yield one id after another, without an end of its own: the caller stops.

    The guesser's guesses change how many steps it takes, never the ids.
    """
    ids, new = list(prompt), list(prompt)
    while True:
        guess = guesser.guess(ids) if guesser else []
        rows = (await session.step([[*new, *guess]], len(guess) + 1))[0]
        known = len(ids)
        for logits, guessed in zip(rows, [*guess, None], strict=True):
            for process in processors:
                logits = _checked(process(ids, logits), logits.size, process)
            token = _picked(pick, logits)
            ids.append(token)
            yield token
            if token != guessed:
                break
        new = ids[-1:]
        if guesser and guess:
            guesser.learn(ids, len(ids) - known - 1, len(guess))
            await session.rewind(session.length - (len(guess) + 1 - (len(ids) - known)))


async def stream(
    session: Session,
    tokenizer: Tokenizer,
    prompt: Sequence[int],
    options: GenerationOptions,
    meter: Meter,
    guesser: Guesser | None = None,
) -> AsyncGenerator[TextChunk]:
    """Yield text as soon as it is complete; the last chunk has finish_reason and metrics.

    finish_reason is "eos" (an end token), "stop" (a stop string; neither is part of the text),
    "length" or "time".
    """
    decoder, stops, waiting = StreamDecoder(tokenizer), StopFinder(options.stop), list[int]()
    processors = make_processors(options, len(prompt))
    tokens = generate_tokens(session, prompt, make_picker(options), processors, guesser)
    async with aclosing(tokens):
        async for token in tokens:
            meter.token()
            waiting.append(token)
            reason = _reason(token, options, meter)
            text = "" if reason == "eos" else decoder.push(token)
            if reason:
                text += decoder.flush()
            text, stopped = stops.push(text, last=reason is not None)
            reason = "stop" if stopped else reason
            if text or reason:
                yield TextChunk(text, tuple(waiting), reason, _end(meter) if reason else None)
                waiting.clear()
            if reason:
                return


def _reason(token: int, options: GenerationOptions, meter: Meter) -> str | None:
    """Why the text ends with this token, None if it goes on."""
    if token in options.eos_token_id:
        return "eos"
    if meter.tokens >= options.max_new_tokens:
        return "length"
    if options.max_time is not None and meter.elapsed >= options.max_time:
        return "time"
    return None


async def complete(chunks: AsyncIterator[TextChunk]) -> Generation:
    """Join a stream into one Generation."""
    parts = [chunk async for chunk in chunks]
    last = parts[-1]
    if last.finish_reason is None or last.metrics is None:
        raise RunError("The stream ended before its last chunk.")
    return Generation(
        "".join(part.text for part in parts),
        tuple(token for part in parts for token in part.ids),
        last.finish_reason,
        last.metrics,
    )


def make_picker(options: GenerationOptions) -> Sampler:
    """The sampler that the options describe, with a generator of its own."""
    if options.greedy:
        return make_sampler()
    return make_sampler(
        options.temperature,
        options.top_k,
        options.top_p,
        options.min_p,
        options.typical_p,
        options.epsilon_cutoff,
        options.eta_cutoff,
        rng=np.random.default_rng(options.seed),
    )


def _end(meter: Meter) -> Metrics:
    meter.report()
    return meter.metrics()


def _checked(logits: object, vocab: int, process: LogitsProcessor) -> Logits:
    row = np.asarray(logits)
    if row.shape == (vocab,) and row.dtype.kind in "fiu":
        return row.astype(np.float32, copy=False)
    got = "nothing" if logits is None else f"{row.dtype} {row.shape}"
    name = getattr(process, "__name__", repr(process))
    raise OptionError(
        f"The logits processor {name} returned {got}: "
        f"return the row of {vocab:,} numbers it is given."
    )


def _picked(pick: Sampler, logits: Logits) -> int:
    best = logits.max()
    if np.isnan(best) or np.isposinf(best):
        raise RunError(
            "The model gave logits that are not finite: try another dtype or device, "
            "or check your logits processor."
        )
    if np.isneginf(best):
        raise RunError("No token is allowed any more: the logits processors forbid every one.")
    return pick(logits)
