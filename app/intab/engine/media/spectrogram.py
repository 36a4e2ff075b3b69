"""How loud the bands of a sound are in each frame, in float64.

    for first, bands in mel_bands(samples, hann(400), filters, hop=160, count=3000):
        ...                                   # [bands, frames], from the frame `first` on

Steps and roundings are those of transformers' `spectrogram` with power=2.0:
https://github.com/huggingface/transformers/blob/main/src/transformers/audio_utils.py
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from intab.engine.media.mel import Floats
from intab.engine.media.sound import Samples

_FLOOR = 1e-10
_TOGETHER = 4096  # frames that are transformed at once: some 25 MB


def hann(size: int) -> Floats:
    """Hann's window, periodic."""
    return np.hanning(size + 1)[:-1]


def frames_of(length: int, size: int, hop: int) -> int:
    """How many frames of `size` samples so many samples have, the first centred on the first of
    them."""
    return 1 + (length + 2 * (size // 2) - size) // hop


def mel_bands(
    samples: Samples, window: Floats, filters: Floats, hop: int, count: int
) -> Iterator[tuple[int, Floats]]:
    """The power in each band of the first `count` frames, some frames at a time."""
    size = len(window)
    for at in range(0, count, _TOGETHER):
        # Windows of a whole sound have 2^31 bytes after 22 minutes, too many for wasm.
        piece = _piece(samples, size, hop, at, min(at + _TOGETHER, count))
        frames = np.lib.stride_tricks.sliding_window_view(piece, size)[::hop]
        some = np.fft.rfft(frames * window, axis=-1)
        some = some.astype(np.complex64)  # as the reference keeps it
        power = some.real.astype(np.float64) ** 2 + some.imag.astype(np.float64) ** 2
        yield at, np.maximum(_FLOOR, filters.T @ power.T)


def _piece(samples: Samples, size: int, hop: int, first: int, end: int) -> Samples:
    """The samples of frames `first` to `end`; beyond the sound's ends it is mirrored."""
    half = size // 2
    start = first * hop - half
    stop = (end - 1) * hop - half + size
    low, high = max(start - size, 0), min(stop + size, len(samples))
    before, after = max(-start, 0), max(stop - high, 0)  # what is mirrored
    mirrored = np.pad(samples[low:high], (before, after), mode="reflect")
    begin = start - low + before
    return mirrored[begin : begin + stop - start]
