"""Generation in three layers of the same verb: tokens, chunks of text, the whole.

`generate_tokens` knows ids only; `stream` adds text, the end of the text and figures; `complete`
joins. Each is a short loop over the one below. None knows what computes the logits: a `Session`
takes ids and gives the row of logits that follows the last of them.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from intab.engine.metrics import Meter, Metrics
from intab.engine.options import GenerationOptions
from intab.engine.sampling import Logits, LogitsProcessor, Sampler, make_sampler
from intab.engine.tokenizer import StreamDecoder, Tokenizer
from intab.errors import OptionError, RunError


class Session(Protocol):
    """One sequence of tokens in a loaded network, with its KV cache."""

    async def step(self, ids: Sequence[int]) -> Logits:
        """Append `ids` to the sequence; the float32 logits [vocab] after the last of them."""

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
) -> AsyncGenerator[int]:
    """Yield one id after another, without an end of its own: the caller stops."""
    ids, new = list(prompt), list(prompt)
    while True:
        logits = await session.step(new)
        for process in processors:
            logits = _checked(process(ids, logits), logits.size, process)
        token = _picked(pick, logits)
        ids.append(token)
        new = [token]
        yield token


async def stream(
    session: Session,
    tokenizer: Tokenizer,
    prompt: Sequence[int],
    options: GenerationOptions,
    meter: Meter,
) -> AsyncGenerator[TextChunk]:
    """Yield text as soon as it is complete; the last chunk has finish_reason and metrics.

    finish_reason is "eos" (an end-of-text token, not part of the text) or "length".
    """
    decoder, waiting, count = StreamDecoder(tokenizer), list[int](), 0
    reason = "length"
    tokens = generate_tokens(session, prompt, make_picker(options), options.logits_processors)
    async with aclosing(tokens):
        async for token in tokens:
            meter.token()
            count += 1
            waiting.append(token)
            if token in options.eos_token_id:
                reason = "eos"
                break
            text = decoder.push(token)
            if count == options.max_new_tokens:
                yield TextChunk(text + decoder.flush(), tuple(waiting), reason, _end(meter))
                return
            if text:
                yield TextChunk(text, tuple(waiting))
                waiting.clear()
    yield TextChunk(decoder.flush(), tuple(waiting), reason, _end(meter))


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
    rng = np.random.default_rng(options.seed)
    return make_sampler(options.temperature, options.top_k, options.top_p, rng)


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
