"""Whisper listens to a sound of any length, one piece of 30 seconds after another.

Each piece begins where the last segment ended; a poor answer is written again at a higher
temperature. The algorithm is that of transformers 5.24's `generate`, which is section 3.8 of
https://cdn.openai.com/papers/whisper.pdf.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from intab.engine.generation.next_token import warpers
from intab.engine.generation.options import GenerationOptions
from intab.engine.generation.sampling import softmax
from intab.engine.media.log_mel import Features
from intab.engine.runtime.encoded import Encoded
from intab.engine.tasks.sequence_model import SequenceModel
from intab.engine.tasks.speech.alignment import STEP, token_times
from intab.engine.tasks.speech.whisper_files import WhisperFiles
from intab.engine.tasks.speech.whisper_options import Listening
from intab.engine.tasks.speech.whisper_scores import ScoreKeeper, compression_ratio
from intab.engine.tasks.speech.whisper_segments import segments_of
from intab.engine.tasks.speech.whisper_start import begin
from intab.engine.tasks.speech.whisper_times import TimestampRules
from intab.errors import ContextLengthError, OptionError, UnsupportedModelError

_LOW = 0.5  # the temperature up to which what was written guides what follows
_STRIDE = 2  # frames of one place of the encoder


@dataclass(frozen=True)
class Segment:
    """Tokens, and if they are wanted the seconds at which each begins."""

    tokens: list[int]
    times: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Written:
    """What was written of a piece: its segments, and the token of the language that they are in, if
    any; `heard`: the frames that were listened to with it."""

    segments: list[Segment]
    language: int | None
    heard: int
    first: bool
    last: bool

    @property
    def tokens(self) -> list[int]:
        """Of all segments."""
        return [token for segment in self.segments for token in segment.tokens]

    @property
    def times(self) -> list[float]:
        """Of all tokens."""
        return [time for segment in self.segments for time in segment.times]


class Listener:
    """Listens to one sound. `options`: of generating."""

    def __init__(
        self,
        model: SequenceModel,
        files: WhisperFiles,
        how: Listening,
        options: Mapping[str, Any],
    ) -> None:
        self._model, self._files, self._how = model, files, how
        self._options = dict(options)
        self._guides = False  # whether what was written before guides what follows
        self._begin: list[int] = []
        self._known: tuple[int, Encoded] | None = None

    async def listen(self, features: Features, frames: int) -> AsyncGenerator[Written]:
        """What is said in features [bands, all frames], of which `frames` are of the sound: a piece
        after another, at least one."""
        total = features.shape[1]
        times = self._check_length(total)

        async def detect() -> int:
            return await self._detect(features)

        self._begin = await begin(self._files, self._how.wanted, detect, times=times)
        language = self._language()
        found: list[Segment] = []
        seek = 0
        while seek < total:
            piece, reached = await self._piece(features, seek, frames, found, times=times)
            found += piece
            first, seek = not seek, seek + reached
            yield Written(piece, language, min(seek, frames), first, seek >= total)

    def _check_length(self, total: int) -> bool:
        """Whether times are written, which long sounds need; OptionError."""
        files, how = self._files, self._how
        long = total > files.frames
        if long and how.times is False:
            raise OptionError(
                f"A sound of more than {files.frames / 100:g} seconds is written down piece by "
                "piece, by times: pass return_timestamps=True, or chunk_length_s."
            )
        times = long or bool(how.times)
        if times and files.no_timestamps is None:
            raise OptionError(
                "The model writes no times, so a long sound must be cut: pass chunk_length_s."
            )
        return times

    async def _piece(
        self, features: Features, seek: int, frames: int, found: Sequence[Segment], *, times: bool
    ) -> tuple[list[Segment], int]:
        """The segments of the piece from `seek` on, and how many frames are done with them."""
        size = min(features.shape[1] - seek, self._files.frames)
        source = await self._encode(features, seek)
        prompt = self._prompt(found)
        tokens = await self._write(source, prompt, times=times)
        if tokens is None:
            return [], size
        said = await self._times(source, prompt, tokens, frames - seek, seek)
        ended = tokens[:-1] if tokens[-1:] == [self._end] else tokens
        slices, reached = segments_of(ended, self._files.first_time)
        segments = [Segment(ended[a:b], said[a:b]) for a, b in slices]
        return segments, reached * _STRIDE if reached else size

    @property
    def _end(self) -> int:
        ends = self._options.get("eos_token_id")
        return int(ends[0] if isinstance(ends, (list, tuple)) else ends or 0)

    def _language(self) -> int | None:
        known = set((self._files.languages or {}).values())
        return next((token for token in self._begin if token in known), None)

    async def _encode(self, features: Features, seek: int) -> Encoded:
        """What the encoder makes of the piece from `seek` on, filled with zeros."""
        if self._known is None or self._known[0] != seek:
            frames = self._files.frames
            piece = features[:, seek : seek + frames]
            piece = np.pad(piece, ((0, 0), (0, frames - piece.shape[1])))
            self._known = seek, await self._model.reader.encode({"input_features": piece[None]})
        return self._known[1]

    async def _detect(self, features: Features) -> int:
        """The likeliest language of the first piece."""
        logits = await self._after([self._files.start], await self._encode(features, 0))
        known = list((self._files.languages or {}).values())
        known = [token for token in known if token < len(logits)]
        if not known:
            raise UnsupportedModelError(
                "lang_to_id in generation_config.json names no token of this model: pass language, "
                "or take the file that belongs to it."
            )
        return int(known[int(np.argmax(logits[known]))])

    async def _after(self, ids: Sequence[int], source: Encoded) -> Any:
        session = self._model.reader.reading([source]).session()
        try:
            return (await session.step([list(ids)]))[0, -1]
        finally:
            session.close()

    def _prompt(self, found: Sequence[Segment]) -> list[int]:
        """The ids before a piece's answer: what guides it, then language, task and so on."""
        how, files = self._how, self._files
        own = list(how.prompt or ())
        first = how.condition == "first-segment"
        kept = [_open_ended(one.tokens, files.first_time) for one in found]
        if own and first:
            kept.insert(0, own[1:] if own[0] == files.previous else own)
        if self._guides and kept:
            before = own if own and not first else _listed(files.previous)
            cut = files.most // 2 - 1
            return [*before, *[t for one in kept for t in one][-cut:], *self._begin]
        return [*own, *self._begin]

    async def _write(self, source: Encoded, prompt: list[int], *, times: bool) -> list[int] | None:
        """The tokens of a piece, None if nothing is said in it: of the first temperature that makes
        a good answer, or of the last."""
        how = self._how
        self._lengthen(len(prompt))
        silent = await self._silence(source, prompt)
        for temperature in how.temperatures:
            drawn = temperature is not None and temperature > 0
            if drawn:
                self._options["num_beams"] = 1  # and so it stays, as there
            keeper, options = self._attempt(prompt, temperature if drawn else None, times=times)
            [[answer]] = await self._model.answers([source], [prompt], options)
            tokens = list(answer.ids)
            mean = keeper.mean(tokens) if keeper else 0.0
            self._guides = how.on_previous and (temperature is None or temperature < _LOW)
            poor = how.logprob is not None and mean < how.logprob
            if poor and how.no_speech is not None and silent > how.no_speech:
                return None
            if how.compression_ratio is not None:
                ratio = compression_ratio(tokens, self._model.vocabulary)
                poor = poor or ratio > how.compression_ratio
            if not poor:
                break
        return tokens

    def _lengthen(self, prompt: int) -> None:
        """Settle how long the answer may be; max_length grows with each piece, as there."""
        most, new = self._files.most, self._options.get("max_new_tokens")
        if new is not None and new + prompt > most:
            raise ContextLengthError(
                f"max_new_tokens is {new:,}, the answer begins with {prompt:,} tokens, and the "
                f"model has places for {most:,}: pass a smaller max_new_tokens or a shorter prompt."
            )
        if new is None:
            length = self._options.get("max_length") or 20
            self._options["max_length"] = min(length + min(most // 2 - 1, prompt), most)

    async def _silence(self, source: Encoded, prompt: list[int]) -> float:
        """The probability that nothing is said, which the first place tells."""
        if self._how.no_speech is None or self._files.no_timestamps is None:
            return 0.0
        start = len(prompt) - len(self._begin) + 1
        logits = await self._after(prompt[:start], source)
        return float(softmax(logits)[self._files.no_timestamps - 1])

    def _attempt(
        self, prompt: Sequence[int], temperature: float | None, *, times: bool
    ) -> tuple[ScoreKeeper | None, GenerationOptions]:
        chosen = {**self._options, "do_sample": temperature is not None}
        chosen["temperature"] = temperature or 1.0
        if chosen.get("max_new_tokens") is None:
            chosen["max_new_tokens"] = max(chosen["max_length"] - len(prompt), 1)
        chosen.pop("max_length", None)
        own = list(chosen.get("logits_processors") or ())
        if times:
            own.insert(0, self._rules(len(prompt)))
        keeper = None
        if self._how.logprob is not None:
            first = self._model.options({}, chosen, len(prompt))
            drawn = [] if first.greedy else warpers(first)
            keeper = ScoreKeeper(len(prompt), first.eos_token_id, drawn, temperature or 1.0)
            own.append(keeper)
        return keeper, self._model.options({}, {**chosen, "logits_processors": own}, len(prompt))

    def _rules(self, prompt: int) -> TimestampRules:
        latest = self._files.said.get("max_initial_timestamp_index")
        latest = latest if isinstance(latest, int) else None
        return TimestampRules(prompt, self._files.no_timestamps or 0, self._end, latest)

    async def _times(
        self, source: Encoded, prompt: list[int], tokens: list[int], frames: int, seek: int
    ) -> list[float]:
        """The seconds at which the tokens begin, if they are wanted."""
        if not self._how.words:
            return []
        session = self._model.reader.reading([source]).session()
        heads = self._files.heads or []
        names = {layer: f"cross_attentions.{layer}" for layer, _ in heads}
        session.also = list(names.values())
        try:
            await session.step([[*prompt, *tokens[:-1]]])
            rows = np.stack([session.last[names[layer]][0, head] for layer, head in heads])
        finally:
            session.close()
        # Behind the sound's end frames are below 0, and count from the other end, as there.
        weights = rows[:, len(prompt) :, : frames // _STRIDE].astype(np.float32)
        width = self._files.config.get("median_filter_width")
        begun = token_times(weights, width if isinstance(width, int) else 7)
        offset = np.float32(seek / _STRIDE * STEP)
        if not begun:
            return [float(offset)] * len(tokens)
        return [float(np.float32(time) + offset) for time in (*begun, begun[-1])]


def _listed(token: int | None) -> list[int]:
    return [] if token is None else [token]


def _open_ended(tokens: list[int], first_time: int) -> list[int]:
    """A segment's tokens without the second of two times that it ends in."""
    return tokens[:-1] if len(tokens) > 2 and tokens[-2] >= first_time else tokens
