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


def resample(samples: Samples, rate: int, wanted: int) -> Samples:
    """Samples [length], float32 or float64, as so many a second; PromptError for a rate that
    cannot be."""
    check_rate(rate)
    if rate == wanted or not samples.size:
        return samples
    divisor = math.gcd(rate, wanted)
    old, new = rate // divisor, wanted // divisor
    reach = math.ceil(ZEROS * old / (min(old, new) * ROLLOFF))
    blocks = len(samples) // old + 1
    padded = np.pad(samples.astype(np.float64, copy=False), (reach, reach + 2 * old + 2))
    found = np.empty((blocks, new), samples.dtype)
    for phase in range(new):
        first, taps = _taps(phase, old, new, samples.dtype)
        rows = np.lib.stride_tricks.as_strided(
            padded[first + reach :],
            (blocks, len(taps)),
            (padded.strides[0] * old, padded.strides[0]),
            writeable=False,
        )
        found[:, phase] = rows @ taps
    # As torchaudio, which rounds the length to float32 before it rounds it up.
    return found.reshape(-1)[: math.ceil(np.float32(new * len(samples) / old))]


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
