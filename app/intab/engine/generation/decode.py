"""Generation in three layers of the same verb: tokens, chunks of text, the whole.

`generate_tokens` knows ids only; `stream` adds text, the end of the text and figures; `complete`
joins. Each is a short loop over the one below. None knows what computes the logits: a `Session`
takes ids and gives the logits that follow the last of them.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing

from intab.engine.generation.logits_processors import make_processors
from intab.engine.generation.logprobs import make_recorder
from intab.engine.generation.metrics import Meter
from intab.engine.generation.next_token import choose, make_picker
from intab.engine.generation.options import GenerationOptions
from intab.engine.generation.prefill import OnPrefill, prefill
from intab.engine.generation.prompt_lookup import Guesser
from intab.engine.generation.streamer import Generation, TextChunk, Writer, join
from intab.engine.runtime.decoder import Session
from intab.engine.text.tokenizer import Tokenizer
from intab.engine.types import LogitsProcessor, Sampler
from intab.errors import RunError


async def generate_tokens(
    session: Session,
    prompt: Sequence[int],
    pick: Sampler,
    processors: Sequence[LogitsProcessor] = (),
    guesser: Guesser | None = None,
    *,
    piece: int = 512,
    told: OnPrefill = lambda done: None,
) -> AsyncGenerator[int]:
    """Yield one id after another, without an end of its own: the caller stops.

    What of the prompt the session has already is not computed again; the rest goes in `piece` ids
    at a time, and `told` hears after each how many are in. The guesser's guesses change how many
    steps it takes, never the ids.
    """
    ids, guess = list(prompt), list[int]()
    rows = await prefill(session, [ids[session.length :]], piece, told)  # [1, vocab]
    while True:
        known = len(ids)
        for logits, guessed in zip(rows, [*guess, None], strict=True):
            token = choose(ids, logits, processors, pick)
            ids.append(token)
            yield token
            if token != guessed:
                break
        if guesser and guess:
            guesser.learn(ids, len(ids) - known - 1, len(guess))
            await session.rewind(session.length - (len(guess) + 1 - (len(ids) - known)))
        guess = guesser.guess(ids) if guesser else []
        try:
            rows = (await session.step([[*ids[-1:], *guess]], len(guess) + 1))[0]
        except RunError:
            if not guess:
                raise
            # Some graphs take a whole prompt or one token, nothing between.
            guesser, guess = None, []
            rows = (await session.step([ids[-1:]]))[0]


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
    recorder = make_recorder(tokenizer, options)
    writer = Writer(tokenizer, options, meter, recorder, prompt)
    processors = make_processors(options, len(prompt), recorder)
    tokens = generate_tokens(
        session,
        prompt,
        make_picker(options),
        processors,
        guesser,
        piece=options.prefill_chunk_size,
        told=meter.prefilled,
    )
    async with aclosing(tokens):
        async for token in tokens:
            if chunk := writer.push(token):
                yield chunk
            if writer.ended:
                return


async def complete(chunks: AsyncIterator[TextChunk]) -> Generation:
    """Join a stream into one Generation."""
    return join([chunk async for chunk in chunks])
