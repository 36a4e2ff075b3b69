"""Beam search: several beginnings are followed at once, and the best whole answers are returned.

The algorithm, its scores and its ends are those of transformers' `_beam_search`, in numpy:
https://github.com/huggingface/transformers/blob/main/src/transformers/generation/utils.py
With sampling, candidates are drawn without replacement instead of being the best ones (beam
sampling). All arithmetic is float32, as there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from intab.engine.generation.batch import Job
from intab.engine.generation.logits_processors import make_processors
from intab.engine.generation.logprobs import TokenLogprob, token_logprob
from intab.engine.generation.metrics import UNKNOWN, Meter, Setting
from intab.engine.generation.next_token import make_rng, process, warpers
from intab.engine.generation.options import GenerationOptions
from intab.engine.generation.prefill import prefill
from intab.engine.generation.sampling import NEVER, largest, log_softmax
from intab.engine.generation.sequence_state import make_end
from intab.engine.generation.sequences import open_session
from intab.engine.generation.stop_strings import StopFinder, StoppedText, ends_with_a_stop
from intab.engine.generation.streamer import Generation, whole_characters
from intab.engine.generation.user_processors import forked
from intab.engine.replies.splitting import begin_reply
from intab.engine.runtime.decoder import Decoder
from intab.engine.text.tokenizer import Tokenizer
from intab.engine.types import Logits, LogitsProcessor
from intab.errors import RunError

if TYPE_CHECKING:
    from intab.engine.constrain.constraint import Follower

# What transformers adds to a score that must not win; finite, so that sums stay ordered.
LOSING = np.float32(-1e9)


@dataclass(frozen=True)
class Beam:
    """A beginning of an answer: its ids without the prompt, the beam it came from, its score; where
    it is in its grammar, None if it has ended or has none."""

    ids: tuple[int, ...]
    source: int
    score: np.float32
    reason: str | None = None
    logprobs: tuple[TokenLogprob, ...] = ()
    matcher: Follower | None = None


class BeamSearch:
    """The state of one search, without a decoder: rows of logits in, the next beams out."""

    def __init__(self, tokenizer: Tokenizer, job: Job, matcher: Follower | None = None) -> None:
        options = job.options
        ends = len(options.eos_token_id)
        self.running = [Beam((), 0, np.float32(0), matcher=matcher)]
        self.finished: list[Beam] = []
        self._tokenizer = tokenizer
        self._job = job
        self._end = make_end(options)
        self._rng = None if options.greedy else make_rng(options)
        self._keep = max(2, 1 + ends) * options.num_beams
        made = make_processors(options, len(job.prompt), several=True, source=job.source)
        self._processors = [made]  # each beam's
        self._warpers = [] if options.greedy else warpers(options, ends + 1)

    def advance(self, logits: Logits) -> bool:
        """Take the rows of logits [beams, vocab] of the running beams; whether to go on."""
        candidates = self._candidates(logits)
        self._finish(candidates)
        self.running = self._next(candidates)
        self._processors = forked(self._processors, [beam.source for beam in self.running])
        ended = all(one.reason for one in candidates)
        return self._can_improve() and not self._complete() and not ended

    def _candidates(self, logits: Logits) -> list[Beam]:
        """The best continuations of all beams, or drawn ones, best or first drawn first."""
        logprobs = [log_softmax(row) for row in logits]
        each = zip(self.running, logprobs, self._processors, strict=True)
        total = self._with_losing(np.concatenate([self._scored(*beam) for beam in each]))
        found = []
        for at in self._chosen(total):
            if self._job.begin and np.isneginf(total[at]):
                continue  # the grammar does not allow it
            place, token = divmod(int(at), logits.shape[1])
            source = min(place, len(self.running) - 1)
            beam = self.running[source]
            ids = (*beam.ids, token)
            told = (*beam.logprobs, *self._told(token, logprobs[source]))
            reason, matcher = self._reason(ids), beam.matcher
            if matcher and reason != "eos":
                matcher = matcher.copy()
                matcher.accept(token)
                reason = "stop" if matcher.ended else reason
            found.append(Beam(ids, source, total[at], reason, told, None if reason else matcher))
        return found

    def _with_losing(self, total: Logits) -> Logits:
        """If a first token is forced, there are fewer candidates than beams: then, as transformers
        has it, the other beams begin with the same tokens and scores that must not win. They win
        over what remove_invalid_values has made the least numbers of."""
        options = self._job.options
        if (
            len(self.running) > 1
            or self.running[0].ids
            or (total > total.max() + LOSING).sum() >= min(self._keep, total.size)
        ):
            return total
        return np.concatenate([total, *[total + LOSING] * (options.num_beams - 1)])

    def _told(self, token: int, logprobs: Logits) -> list[TokenLogprob]:
        options = self._job.options
        if not options.logprobs:
            return []
        return [token_logprob(self._tokenizer, token, logprobs, options.top_logprobs)]

    def _scored(self, beam: Beam, row: Logits, processors: list[LogitsProcessor]) -> Logits:
        options, ids = self._job.options, [*self._job.prompt, *beam.ids]
        row = process(ids, row, processors, keep=options.logprobs)
        if self._job.begin:
            row = self._held(beam, row)
            if np.isneginf(row.max()):
                return row
        for warp in self._warpers:
            row = warp(row)
        if options.renormalize_logits:
            row = log_softmax(row)
        return row + beam.score

    def _held(self, beam: Beam, row: Logits) -> Logits:
        """The row with what the beam's grammar allows, nothing after its end."""
        allowed = beam.matcher.allowed(row.size) if beam.matcher else False
        return np.where(allowed, row, NEVER)

    def _chosen(self, total: Logits) -> NDArray[np.intp]:
        if self._rng is not None:
            # The order of draws without replacement: https://arxiv.org/abs/1903.06059
            total = (total + self._rng.gumbel(size=total.size)).astype(np.float32)
        return largest(total, self._keep)

    def _reason(self, ids: tuple[int, ...]) -> str | None:
        options = self._job.options
        if ids[-1] not in options.eos_token_id and self._stops(ids):
            return "stop"
        return self._end(ids[-1], len(ids))

    def _stops(self, ids: tuple[int, ...]) -> bool:
        stops = self._job.options.stop
        whole = [*self._job.prompt, *ids] if stops else []
        return bool(stops) and ends_with_a_stop(self._tokenizer, whole, stops)

    def _next(self, candidates: Sequence[Beam]) -> list[Beam]:
        open_first = [
            replace(one, score=one.score + LOSING) if one.reason else one for one in candidates
        ]
        return _best(open_first, self._job.options.num_beams)

    def _finish(self, candidates: Sequence[Beam]) -> None:
        """The best answers so far; only the first num_beams candidates can become one."""
        count = self._job.options.num_beams
        ended = [self._penalised(one) for one in candidates[:count] if one.reason]
        self.finished = _best([*self.finished, *ended], count)

    def _penalised(self, beam: Beam) -> Beam:
        power = self._job.options.length_penalty
        return replace(beam, score=np.float32(beam.score / len(beam.ids) ** power))

    def _complete(self) -> bool:
        """Whether early_stopping=True ends the search."""
        options = self._job.options
        return options.early_stopping is True and len(self.finished) == options.num_beams

    def _can_improve(self) -> bool:
        """Whether a running beam may still beat the worst answer, by transformers' heuristics."""
        options = self._job.options
        if len(self.finished) < options.num_beams or not self.running:
            return bool(self.running)
        longest = options.early_stopping == "never" and options.length_penalty > 0
        length = options.max_new_tokens if longest else len(self.running[0].ids)
        best = self.running[0].score / length**options.length_penalty
        return bool(best > self.finished[-1].score)


def _best(beams: Sequence[Beam], count: int) -> list[Beam]:
    return sorted(beams, key=lambda beam: -beam.score)[:count]


async def search_beams(
    decoder: Decoder, tokenizer: Tokenizer, job: Job, setting: Setting = UNKNOWN
) -> list[Generation]:
    """The num_return_sequences best answers, the best first, each with its score."""
    options = job.options
    meter = Meter(len(job.prompt), setting)
    matcher = (await job.begin()).matcher() if job.begin else None
    search = BeamSearch(tokenizer, job, matcher)
    session = await open_session(decoder, (0,), options.num_beams)
    try:
        piece = options.prefill_chunk_size
        logits = await prefill(session, [job.prompt], piece, meter.prefilled)
        while search.advance(logits):
            meter.token()
            sources = [beam.source for beam in search.running]
            if sources != list(range(len(logits))):
                await session.select(sources)
            logits = (await session.step([beam.ids[-1:] for beam in search.running]))[:, -1]
        meter.token()
        meter.report()
    finally:
        session.close()
    if not search.finished:
        raise RunError("No token is left: the options forbid what the grammar allows.")
    best = search.finished[: options.num_return_sequences]
    return [_generation(tokenizer, beam, options, job.prompt, meter) for beam in best]


def _generation(
    tokenizer: Tokenizer,
    beam: Beam,
    options: GenerationOptions,
    prompt: Sequence[int],
    meter: Meter,
) -> Generation:
    text = _text(tokenizer, beam, options, prompt)
    reply = begin_reply(tokenizer, prompt, options.skip_special_tokens, StopFinder(options.stop))
    parts = reply.whole(beam.ids, text) if reply else None
    calls, rest = reply.called() if reply else ((), "")
    return Generation(
        text,
        beam.ids,
        beam.reason or "length",
        replace(meter.metrics(), new_tokens=len(beam.ids)),
        beam.logprobs if options.logprobs else None,
        float(beam.score),
        options.constraint,
        (parts[0], parts[1] + rest) if parts else None,
        calls,
    )


def _text(
    tokenizer: Tokenizer, beam: Beam, options: GenerationOptions, prompt: Sequence[int]
) -> str:
    skip = options.skip_special_tokens
    ids = beam.ids[:-1] if beam.reason == "eos" and skip else beam.ids
    stops = options.stop if beam.reason == "stop" else ()
    stopped = StoppedText(tokenizer, stops, skip, prompt)
    text = ""
    for token in ids:
        more, found = stopped.push(token)
        text += more
        if found:
            return text
    return text + whole_characters(stopped.push(None, last=True)[0], beam.reason, options)
