"""Another rate, by a polyphase filter: a sinc under a Hann window, as torchaudio's `resample` has
it, by which transformers 5.24 brings sounds to a model's rate.

    >>> resample(samples, 44100, 16000)

https://docs.pytorch.org/audio/stable/generated/torchaudio.functional.resample.html; its width of 6
zero crossings and rolloff of 0.99. Positions are rounded to the samples' dtype as there; sums are
float64. Of the filter the taps are computed that are not zero: some 40 a sample.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from intab.engine.media.sound import Samples
from intab.errors import PromptError

ZEROS = 6  # zero crossings on each side
ROLLOFF = 0.99  # of the lower one of the two Nyquist frequencies
MOST = 10_000_000  # samples a second; more is a mistake
PIECE = 1 << 20  # samples that are float64 at a time: a sound may last an hour


def resample(samples: Samples, rate: int, wanted: int) -> Samples:
    """Samples [length], float32 or float64, as so many a second; PromptError for a rate that
    cannot be."""
    check_rate(rate)
    if rate == wanted or not samples.size:
        return samples
    filters = _Filters(rate, wanted, samples.dtype)
    old, new = filters.old, filters.new
    blocks = len(samples) // old + 1
    found = np.empty((blocks, new), samples.dtype)
    for at in range(0, blocks, max(PIECE // old, 1)):
        some = found[at : at + max(PIECE // old, 1)]
        start = at * old - filters.reach
        filters.fill(some, _part(samples, start, start + filters.needs(len(some))))
    # As torchaudio, which rounds the length to float32 before it rounds it up.
    return found.reshape(-1)[: math.ceil(np.float32(new * len(samples) / old))]


class Resampler:
    """The same for sound that comes in blocks: what it gives, in a row, is what `resample` gives
    of all that it was given, but for the last few samples, which need what has not come yet."""

    def __init__(self, rate: int, wanted: int) -> None:
        check_rate(rate)
        self.rate, self._same = rate, rate == wanted
        self._filters = _Filters(rate, wanted, np.dtype(np.float32))
        self._rest = np.zeros(self._filters.reach, np.float32)

    def take(self, block: Samples) -> Samples:
        """One block more, float32 [n]; as many at the wanted rate as can be told by now."""
        if self._same:
            return block
        filters = self._filters
        self._rest = np.concatenate([self._rest, block])
        count = max((len(self._rest) - filters.needs(0)) // filters.old, 0)
        found = np.empty((count, filters.new), np.float32)
        filters.fill(found, self._rest.astype(np.float64))
        self._rest = self._rest[count * filters.old :]
        return found.reshape(-1)


class _Filters:
    """Of `old` samples each makes one of `new`; `reach`: so many samples before are looked at."""

    def __init__(self, rate: int, wanted: int, dtype: np.dtype[np.floating]) -> None:
        divisor = math.gcd(rate, wanted)
        self.old, self.new = rate // divisor, wanted // divisor
        self.reach = math.ceil(ZEROS * self.old / (min(self.old, self.new) * ROLLOFF))
        self._taps = [_taps(phase, self.old, self.new, dtype) for phase in range(self.new)]

    def needs(self, blocks: int) -> int:
        """Samples that so many blocks are made of, those around them too."""
        return (blocks + 2) * self.old + 2 * self.reach + 2

    def fill(self, found: NDArray[np.floating], part: NDArray[np.float64]) -> None:
        """Blocks [count, new], of samples that begin `reach` before them."""
        if not len(found):
            return
        for phase, (first, taps) in enumerate(self._taps):
            rows = np.lib.stride_tricks.as_strided(
                part[first + self.reach :],
                (len(found), len(taps)),
                (part.strides[0] * self.old, part.strides[0]),
                writeable=False,
            )
            found[:, phase] = rows @ taps


def _part(samples: Samples, start: int, end: int) -> NDArray[np.float64]:
    """The samples from `start` to `end` as float64, zeros where there are none."""
    inside = samples[max(start, 0) : end].astype(np.float64)
    before = max(-start, 0)
    return np.pad(inside, (before, end - start - before - len(inside)))


def check_rate(rate: object) -> None:
    """PromptError unless it is a number of samples a second."""
    whole = isinstance(rate, (int, np.integer)) and not isinstance(rate, bool)
    if not whole or not 1 <= int(rate) <= MOST:  # type: ignore[call-overload]
        raise PromptError(
            f"A sampling rate must be a whole number from 1 to {MOST:,}, not {rate!r}."
        )


def _taps(
    phase: int, old: int, new: int, dtype: np.dtype[np.floating]
) -> tuple[int, NDArray[np.float64]]:
    """Of the samples of one phase: where the filter begins, and the filter."""
    base = min(old, new) * ROLLOFF
    first = math.floor(old * phase / new - ZEROS * old / base)
    count = math.floor(2 * ZEROS * old / base) + 3
    kind = dtype.type
    places = np.arange(first, first + count).astype(dtype) / kind(old)
    at = np.clip((kind(-phase) / kind(new) + places) * kind(base), kind(-ZEROS), kind(ZEROS))
    angle = at * kind(math.pi) / kind(ZEROS) / kind(2)
    window = np.cos(angle.astype(np.float64)).astype(dtype) ** 2
    at = at * kind(math.pi)
    sine = np.sin(at.astype(np.float64)).astype(dtype)
    sinc = np.divide(sine, at, out=np.ones_like(at), where=at != 0)
    return first, (sinc * (window * kind(base / old))).astype(np.float64)
