"""Several answers at once: prompts side by side, padded on the left, and several answers to each.

    >>> [[one], [two]] = await generate_batch(decoder, tokenizer, [job, other])

Each answer is what its prompt alone would give, with its own end and its own figures; one that has
ended leaves the batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from intab.engine.constrain.constraint import Begin, beginning
from intab.engine.generation.metrics import UNKNOWN, Meter, Setting
from intab.engine.generation.options import GenerationOptions
from intab.engine.generation.prefill import prefill
from intab.engine.generation.sequence_state import SequenceState
from intab.engine.generation.sequences import open_session
from intab.engine.generation.streamer import Generation, TextChunk, Writer, join
from intab.engine.runtime.decoder import Decoder
from intab.engine.runtime.largest import narrow
from intab.engine.text.tokenizer import Tokenizer
from intab.engine.types import Logits

if TYPE_CHECKING:
    from intab.engine.constrain.constraint import Follower

PAD = 0  # which id it is does not matter: nothing looks at it


@dataclass(frozen=True)
class Job:
    """A prompt's ids and how to go on from them."""

    prompt: Sequence[int]
    options: GenerationOptions
    begin: Begin | None = None  # compiles the grammar that the options ask for
    source: Sequence[int] | None = None  # as for make_processors


def make_job(
    prompt: Sequence[int],
    options: GenerationOptions,
    tokenizer: Tokenizer,
    size: int,
    setting: Setting,
    context: Mapping[str, Any] | None = None,
) -> Job:
    """A job for a model of `size` logits, with what compiles its grammar if it has one, or else
    holds the calls of the tools that its chat template knows."""
    ends, bring = options.eos_token_id, setting.bring
    begin: Begin | None = beginning(options.constraint, tokenizer, size, ends, bring)
    if context and context.get("tools") and begin is None:
        from intab.engine.replies.held_calls import beginning_calls, held_calls  # few have tools

        begin = beginning_calls(held_calls(context["tools"], tokenizer, prompt, size, ends), bring)
    return Job(prompt, options, begin)


class Line:
    """One answer of a batch."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        job: Job,
        number: int,
        setting: Setting,
        matcher: Follower | None = None,
    ) -> None:
        options, prompt = job.options, job.prompt
        self.chunks: list[TextChunk] = []
        self.writer = Writer(tokenizer, options, Meter(len(prompt), setting), prompt)
        self._state = SequenceState(
            prompt, options, number, several=True, matcher=matcher, source=job.source
        )
        self.needed = self._state.needed

    def take(self, row: Logits) -> int:
        """Choose the next token and write it down."""
        step = self._state.advance(row)
        if chunk := self.writer.push(step):
            self.chunks.append(chunk)
        return step.token


async def generate_batch(
    decoder: Decoder,
    tokenizer: Tokenizer,
    jobs: Sequence[Job],
    setting: Setting = UNKNOWN,
) -> list[list[Generation]]:
    """The answers to each job, num_return_sequences of them."""
    counts = [job.options.num_return_sequences for job in jobs]
    owners = [i for i, count in enumerate(counts) for _ in range(count)]
    quiet = replace(setting, on_metrics=None)  # one meter tells of all answers together
    starts = [await job.begin() if job.begin else None for job in jobs]
    lines = [
        Line(tokenizer, jobs[i], k, quiet, start.matcher() if start else None)
        for i, (count, start) in enumerate(zip(counts, starts, strict=True))
        for k in range(count)
    ]
    await _write(decoder, lines, owners, jobs, setting)
    grouped = groupby(zip(owners, lines, strict=True), key=lambda pair: pair[0])
    return [[join(line.chunks) for _, line in group] for _, group in grouped]


async def _write(
    decoder: Decoder,
    lines: Sequence[Line],
    owners: Sequence[int],
    jobs: Sequence[Job],
    setting: Setting,
) -> None:
    longest = max(len(job.prompt) for job in jobs)
    padding = [longest - len(job.prompt) for job in jobs]
    padded = [[PAD] * pad + list(job.prompt) for pad, job in zip(padding, jobs, strict=True)]
    meter = Meter(sum(len(job.prompt) for job in jobs), setting)
    session = await open_session(decoder, padding, len(lines))
    narrow(session, _needed(lines))
    try:
        piece = jobs[0].options.prefill_chunk_size
        rows = (await prefill(session, padded, piece, meter.prefilled))[list(owners)]
        if list(owners) != list(range(len(jobs))):
            await session.select(owners)
        live = list(lines)
        while True:
            tokens = [line.take(row) for line, row in zip(live, rows, strict=True)]
            meter.token(len(tokens))
            going = [i for i, line in enumerate(live) if not line.writer.ended]
            if not going:
                break
            if len(going) < len(live):
                await session.select(going)
            live = [live[i] for i in going]
            rows = (await session.step([[tokens[i]] for i in going]))[:, -1]
        meter.report()
    finally:
        session.close()


def _needed(lines: Sequence[Line]) -> int:
    """How many of the largest logits are enough for each of the answers, 0 if all are needed."""
    counts = [line.needed for line in lines]
    return max(counts) if all(counts) else 0
