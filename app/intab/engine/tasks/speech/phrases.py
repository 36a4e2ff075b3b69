"""Phrases out of sound that comes in blocks: cut where nobody speaks.

    async for phrase in in_phrases(microphone, Loudness(), PhraseOptions()):
        ...

What is being said comes as a partial phrase too, from its beginning, so that it can be written down
before it ends. Places are samples at 16,000 a second.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Protocol

import numpy as np

from intab.engine.generation.option_checks import make_number
from intab.engine.media.sound import Samples, as_mono
from intab.engine.tasks.batches import each
from intab.engine.tasks.speech.voice_spans import RATE, WINDOW, Turns, VoiceOptions
from intab.errors import IntabError, OptionError, PromptError

_CUT_WITHIN = 100  # windows, 3.2 seconds: where a phrase that is too long may be cut
_LOUDER = 10  # decibels above what is always there
_LEAST = -50  # decibels; what is softer is silence
_RISE = 0.1  # decibels a window: by how much what is always there may become louder
_OPTIONS = {
    "threshold": make_number(0, 1, "a number from 0 to 1"),
    "max_speech_duration_s": make_number(1, 1e6, "a number of seconds from 1 on"),
    "partial_s": make_number(0.1, 1e6, "a number of seconds from 0.1 on, or None"),
}
_LONG = make_number(0, 1e6, "a number of milliseconds, 0 or more")


@dataclass(frozen=True)
class Phrase:
    """What was said between two silences.

    Attributes:
        samples: float32 [n] at 16,000 a second.
        start: the second at which it begins.
        heard: so many seconds were heard by now.
        partial: whether it still goes on; the next phrase then begins at the same place.
    """

    samples: Samples
    start: float
    heard: float
    partial: bool = False

    @property
    def end(self) -> float:
        """The second at which it ends."""
        return (round(self.start * RATE) + len(self.samples)) / RATE


@dataclass(frozen=True)
class PhraseOptions:
    """How sound is cut; `VoicePipeline.phrases` describes them."""

    threshold: float = 0.5
    min_silence_duration_ms: float = 600
    min_speech_duration_ms: float = 250
    speech_pad_ms: float = 200
    max_speech_duration_s: float = 28
    partial_s: float | None = 1

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> PhraseOptions:
        """A call's; OptionError for what is unknown or out of range."""
        known = [field.name for field in fields(cls)]
        for name, value in given.items():
            if name not in known:
                raise OptionError(f"Phrases have no option {name!r}, but: {', '.join(known)}.")
            if value is not None or name != "partial_s":
                _OPTIONS.get(name, _LONG)(name, value)
        return cls(**given)


class Detects(Protocol):
    """Tells how likely speech is in windows that follow each other."""

    async def hear(self, window: Samples) -> float:
        """Of 512 samples, from 0 to 1."""


class Loudness:
    """A detector without a model: what is much louder than what is always there is speech."""

    def __init__(self) -> None:
        self._floor = float(_LEAST)

    async def hear(self, window: Samples) -> float:
        """1 or 0."""
        power = float(np.square(window, dtype=np.float64).mean())
        level = 10 * np.log10(power + 1e-12)
        self._floor = max(min(level, self._floor + _RISE), _LEAST - _LOUDER)
        return float(level > self._floor + _LOUDER)


class Windows:
    """Blocks of any length become windows of 512 samples."""

    def __init__(self) -> None:
        self._rest: Samples = np.zeros(0, np.float32)

    def of(self, block: Any) -> Iterator[Samples]:
        """Those that are full with this block; PromptError for what is none."""
        if not isinstance(block, np.ndarray):
            raise PromptError(
                f"A block of sound must be a numpy array, not {type(block).__name__}."
            )
        samples = np.concatenate([self._rest, as_mono(block)])
        whole = len(samples) // WINDOW * WINDOW
        self._rest = samples[whole:]
        return (samples[at : at + WINDOW] for at in range(0, whole, WINDOW))


class Cutter:
    """Takes windows with their probabilities in order, and tells of phrases."""

    def __init__(self, options: PhraseOptions) -> None:
        self._options = options
        voice = VoiceOptions(
            threshold=options.threshold,
            min_silence_duration_ms=options.min_silence_duration_ms,
            speech_pad_ms=options.speech_pad_ms,
        )
        self._turns = Turns(voice)
        self._pad = int(options.speech_pad_ms * RATE / 1000)
        self._windows: list[Samples] = []  # what may still be needed
        self._scores: list[float] = []  # of each
        self._first = 0  # the sample that the first one begins with
        self._begun: int | None = None  # of what is being said
        self._told = 0  # up to there it was given as a partial phrase

    @property
    def _heard(self) -> int:
        return self._first + len(self._windows) * WINDOW

    def take(self, window: Samples, probability: float) -> Phrase | None:
        """One window more; the phrase that ends with it."""
        self._windows.append(window)
        self._scores.append(probability)
        told = self._turns.take(probability) or {}
        if "start" in told:
            self._begun = self._told = max(int(told["start"]), self._first)
        if self._begun is None:
            self._forget(self._heard - self._pad - WINDOW)
        elif "end" in told:
            return self._end(min(int(told["end"]), self._heard))
        elif self._heard - self._begun >= self._options.max_speech_duration_s * RATE:
            return self._cut()
        return None

    def so_far(self) -> Phrase | None:
        """What is being said, if much of it is new."""
        seconds = self._options.partial_s
        if seconds is None or self._begun is None or self._heard - self._told < seconds * RATE:
            return None
        self._told = self._heard
        return self._phrase(self._begun, self._heard, partial=True)

    def end(self) -> Phrase | None:
        """No more comes: what is being said."""
        return self._end(self._heard) if self._begun is not None else None

    def _end(self, end: int) -> Phrase | None:
        """A phrase, unless it is too short for speech."""
        assert self._begun is not None
        found = self._phrase(self._begun, end)
        long = len(found.samples) - 2 * self._pad >= self._least
        self._begun = None
        return found if long else None

    @property
    def _least(self) -> float:
        return self._options.min_speech_duration_ms * RATE / 1000

    def _cut(self) -> Phrase:
        """What is too long ends where speech was least likely of late, and goes on from there."""
        assert self._begun is not None
        late = self._scores[-min(_CUT_WITHIN, len(self._scores) // 2) :]
        end = self._heard - (len(late) - 1 - int(np.argmin(late))) * WINDOW
        found = self._phrase(self._begun, end)
        self._begun = self._told = end
        self._forget(end)
        return found

    def _phrase(self, start: int, end: int, *, partial: bool = False) -> Phrase:
        samples = np.concatenate(self._windows)[start - self._first : end - self._first]
        return Phrase(samples, start / RATE, self._heard / RATE, partial)

    def _forget(self, before: int) -> None:
        """Whole windows before a sample are not needed any more."""
        count = max((before - self._first) // WINDOW, 0)
        del self._windows[:count], self._scores[:count]
        self._first += count * WINDOW


async def in_phrases(
    blocks: Iterable[Any] | AsyncIterable[Any], detector: Detects, options: PhraseOptions
) -> AsyncGenerator[Phrase]:
    """The phrases of blocks of any length; what the blocks raise comes after the last of them."""
    cutter, windows = Cutter(options), Windows()
    try:
        async for block in each(blocks):
            for window in windows.of(block):
                if found := cutter.take(window, await detector.hear(window)):
                    yield found
            if so_far := cutter.so_far():
                yield so_far
    except IntabError:
        if last := cutter.end():
            yield last
        raise
    if last := cutter.end():
        yield last
