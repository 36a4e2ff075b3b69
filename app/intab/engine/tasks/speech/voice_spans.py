"""Where somebody speaks, by the probability of speech in each window of 512 samples.

The rules, names and defaults are those of `get_speech_timestamps` and `VADIterator` in silero-vad
6.2.3: https://github.com/snakers4/silero-vad/blob/master/src/silero_vad/utils_vad.py
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

from intab.engine.generation.option_checks import boolean, make_number
from intab.errors import OptionError

RATE, WINDOW = 16000, 512
_SECOND = RATE / 1000  # samples of a millisecond
_SHARE = make_number(0, 1, "a number from 0 to 1")
_LONG = make_number(0, 1e9, "a number, 0 or more")


@dataclass(frozen=True)
class VoiceOptions:
    """How probabilities become spans: lengths are in milliseconds but for max_speech_duration_s."""

    threshold: float = 0.5
    neg_threshold: float | None = None
    min_speech_duration_ms: float = 250
    max_speech_duration_s: float = math.inf
    min_silence_duration_ms: float = 100
    speech_pad_ms: float = 30
    min_silence_at_max_speech: float = 98
    use_max_poss_sil_at_max_speech: bool = True
    return_seconds: bool = False
    time_resolution: int = 1

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> VoiceOptions:
        """A call's; OptionError for what is unknown or out of range."""
        known = {field.name for field in fields(cls)}
        if unknown := [name for name in given if name not in known]:
            raise OptionError(
                f"There is no option {unknown[0]!r}; voice-activity-detection has: "
                f"{', '.join(sorted(known))}."
            )
        return cls(**{k: _checked(k, value) for k, value in given.items() if value is not None})

    @property
    def low(self) -> float:
        """Below that speech may have ended."""
        usual = max(self.threshold - 0.15, 0.01)
        return usual if self.neg_threshold is None else self.neg_threshold

    def told(self, samples: float) -> float:
        """A place as the caller wants it: in samples or in seconds."""
        return round(samples / RATE, self.time_resolution) if self.return_seconds else int(samples)


def _checked(name: str, value: Any) -> Any:
    if name in ("threshold", "neg_threshold"):
        return _SHARE(name, value)
    if name.startswith(("use_", "return_")):
        return boolean(name, value)
    if name == "time_resolution":
        if type(value) is not int or not 0 <= value <= 9:
            raise OptionError(f"time_resolution must be a number of digits, 0 to 9, not {value!r}.")
        return value
    return value if value == math.inf and name.startswith("max_") else _LONG(name, value)


class SpanFinder:
    """Takes the windows' probabilities in order, then gives the spans."""

    def __init__(self, options: VoiceOptions) -> None:
        self._options = options
        pads = 2 * options.speech_pad_ms * _SECOND
        self._most = options.max_speech_duration_s * RATE - WINDOW - pads
        self._at = 0  # samples before the window
        self._found: list[list[int]] = []
        self._start: int | None = None  # of what is being said
        self._forget()

    def _forget(self) -> None:
        """What is known of silences in what is being said."""
        self._silence = 0  # where the one that goes on began
        self._cut_at = self._cut_until = 0  # the last one that was long enough to cut at
        self._silences: list[tuple[int, int]] = []  # those that ended: where, and how long

    def take(self, probability: float) -> None:
        """One window more."""
        at, self._at = self._at, self._at + WINDOW
        speaks = probability >= self._options.threshold
        if speaks and self._silence:
            self._end_silence(at)
        if speaks and self._start is None:
            self._start = at
            return
        if self._start is None:
            return
        if at - self._start > self._most:
            self._cut(at)
        if probability < self._options.low and self._start is not None:
            self._be_silent(at)

    def _end_silence(self, at: int) -> None:
        length = at - self._silence
        if length > self._options.min_silence_at_max_speech * _SECOND:
            self._silences.append((self._silence, length))
        self._silence = 0
        if self._cut_until < self._cut_at:
            self._cut_until = at

    def _cut(self, at: int) -> None:
        """It is too long: it ends at the longest silence, else at the last one, else here."""
        assert self._start is not None
        if self._options.use_max_poss_sil_at_max_speech and self._silences:
            end, length = max(self._silences, key=lambda silence: silence[1])
            after: int | None = end + length
        elif self._cut_at:
            end = self._cut_at
            after = self._cut_until if self._cut_until >= end else None
        else:
            end, after = at, None
        self._found.append([self._start, end])
        self._start = after
        self._forget()

    def _be_silent(self, at: int) -> None:
        """Speech ends once a silence is long enough."""
        assert self._start is not None
        options = self._options
        self._silence = self._silence or at
        length = at - self._silence
        longest = options.use_max_poss_sil_at_max_speech
        if not longest and length > options.min_silence_at_max_speech * _SECOND:
            self._cut_at = self._silence
        if length >= options.min_silence_duration_ms * _SECOND:
            self._keep(self._silence)
            self._start = None
            self._forget()

    def _keep(self, end: int) -> None:
        """What is being said, unless it is too short."""
        assert self._start is not None
        if end - self._start > self._options.min_speech_duration_ms * _SECOND:
            self._found.append([self._start, end])

    def spans(self, length: int) -> list[dict[str, float]]:
        """All that was said in a sound of so many samples; nothing may be taken after."""
        if self._start is not None:
            self._keep(length)
        found, options = _padded(self._found, length, options=self._options), self._options
        last = length / RATE if options.return_seconds else length
        return [
            {"start": max(options.told(start), 0), "end": min(options.told(end), last)}
            for start, end in found
        ]


def _padded(spans: list[list[int]], length: int, options: VoiceOptions) -> list[list[int]]:
    """Each wider by the padding, or by half of the silence between two."""
    pad = options.speech_pad_ms * _SECOND
    if spans:
        spans[0][0] = int(max(0, spans[0][0] - pad))
        spans[-1][1] = int(min(length, spans[-1][1] + pad))
    for before, after in pairwise(spans):
        silence = after[0] - before[1]
        if silence < 2 * pad:
            before[1] += silence // 2
            after[0] = max(0, after[0] - silence // 2)
        else:
            before[1] = int(min(length, before[1] + pad))
            after[0] = int(max(0, after[0] - pad))
    return spans


class Turns:
    """Tells, window by window, that somebody begins to speak or has ended; of the options
    threshold, min_silence_duration_ms, speech_pad_ms, return_seconds and time_resolution."""

    def __init__(self, options: VoiceOptions) -> None:
        self._options = options
        self._at = 0  # samples up to the end of the window
        self._silence = 0
        self.speaks = False

    def take(self, probability: float) -> dict[str, float] | None:
        """{"start"} or {"end"} if that is known with this window."""
        options, pad = self._options, self._options.speech_pad_ms * _SECOND
        self._at += WINDOW
        if probability >= options.threshold:
            self._silence = 0
            if not self.speaks:
                self.speaks = True
                return {"start": options.told(max(0, self._at - pad - WINDOW))}
        elif probability < options.threshold - 0.15 and self.speaks:
            self._silence = self._silence or self._at
            if self._at - self._silence >= options.min_silence_duration_ms * _SECOND:
                end, self._silence, self.speaks = self._silence + pad - WINDOW, 0, False
                return {"end": options.told(end)}
        return None
