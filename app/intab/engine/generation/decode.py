"""Generation in three layers of the same verb: tokens, chunks of text, the whole.

`generate_tokens` knows ids only; `stream` adds text, stop strings and figures; `complete` joins.
Each is a short loop over the one below. None knows what computes the logits: a `Session` takes ids
and gives the logits that follow the last of them.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing

from intab.engine.constrain.constraint import Begin
from intab.engine.generation.metrics import Meter
from intab.engine.generation.options import GenerationOptions
from intab.engine.generation.prefill import OnPrefill, append, prefill
from intab.engine.generation.prompt_lookup import Guesser, generate_with_guesses
from intab.engine.generation.sequence_state import SequenceState, Step
from intab.engine.generation.streamer import Generation, TextChunk, Writer, join
from intab.engine.io.protocols import silent
from intab.engine.runtime.decoder import Session
from intab.engine.runtime.largest import narrow
from intab.engine.text.tokenizer import Tokenizer


async def generate_tokens(
    session: Session,
    state: SequenceState,
    *,
    piece: int = 256,
    on_prefill: OnPrefill = silent,
) -> AsyncGenerator[Step]:
    """Yield each token with its row of logits, up to the one that ends the sequence.

    The ids that the session has already are not computed again; the rest goes in `piece` ids at a
    time, and `on_prefill` gets how many are in after each.
    """
    for step in state.certain():
        yield step
        if step.end:
            return
    row = (await prefill(session, [state.ids[session.length :]], piece, on_prefill))[0]
    while True:
        for step in (state.advance(row), *state.certain()):
            yield step
            if step.end:
                return
        row = (await append(session, [state.ids[session.length :]]))[0, -1]


async def stream(
    session: Session,
    tokenizer: Tokenizer,
    prompt: Sequence[int],
    options: GenerationOptions,
    meter: Meter,
    guesser: Guesser | None = None,
    begin: Begin | None = None,
    source: Sequence[int] | None = None,
) -> AsyncGenerator[TextChunk]:
    """Yield text as soon as it is complete; the last chunk has finish_reason and metrics.

    finish_reason is "eos" (an end token), "stop" (a stop string; neither is part of the text; or
    the end of the grammar that `begin` compiles), "length" or "time". `source` as for
    `make_processors`.
    """
    matcher = (await begin()).matcher() if begin else None
    state = SequenceState(prompt, options, matcher=matcher, source=source)
    narrow(session, state.needed)
    writer = Writer(tokenizer, options, meter, prompt)
    piece, told = options.prefill_chunk_size, meter.prefilled
    steps = (
        generate_with_guesses(session, state, guesser, piece=piece, on_prefill=told)
        if guesser
        else generate_tokens(session, state, piece=piece, on_prefill=told)
    )
    async with aclosing(steps):
        async for step in steps:
            if chunk := writer.push(step):
                yield chunk
            if writer.ended:
                return


async def complete(chunks: AsyncIterator[TextChunk]) -> Generation:
    """Join a stream into one Generation."""
    return join([chunk async for chunk in chunks])
