"""Whisper's features: the logarithm of a mel spectrogram, in float64.

    >>> LogMel().features(samples).shape      # 30 seconds, cut or filled with silence
    (80, 3000)

Steps and roundings are those of transformers' WhisperFeatureExtractor in numpy:
https://github.com/huggingface/transformers/blob/main/src/transformers/models/whisper/feature_extraction_whisper.py
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from intab.engine.media.mel import Floats, mel_filters
from intab.engine.media.sound import Samples

Features = NDArray[np.float32]
_FLOOR = 1e-10
_TOP = 8000.0  # Hz
_TOGETHER = 4096  # frames that are transformed at once: some 25 MB


@dataclass(frozen=True)
class LogMel:
    """The settings of preprocessor_config.json, under its names."""

    feature_size: int = 80
    sampling_rate: int = 16000
    hop_length: int = 160
    chunk_length: int = 30
    n_fft: int = 400
    padding_value: float = 0.0

    @property
    def n_samples(self) -> int:
        """The samples of one piece, of `chunk_length` seconds."""
        return self.chunk_length * self.sampling_rate

    @cached_property
    def filters(self) -> Floats:
        """[frequencies, bands]."""
        return mel_filters(1 + self.n_fft // 2, self.feature_size, self.sampling_rate, _TOP)

    @cached_property
    def window(self) -> Floats:
        """Hann's, periodic."""
        return np.hanning(self.n_fft + 1)[:-1]

    def features(self, samples: Samples, *, whole: bool = False) -> Features:
        """Features [bands, frames] of samples [length]: of one piece, cut or filled with silence,
        or of the `whole`, which is as long as a piece at least."""
        given = samples.astype(np.float32, copy=False)
        if not whole:
            given = given[: self.n_samples]
            rest = self.n_samples - len(given)
            given = np.pad(given, (0, rest), constant_values=self.padding_value)
        logs = self._logs(given)
        np.maximum(logs, logs.max() - np.float32(8.0), out=logs)
        logs += np.float32(4.0)  # in place: of an hour they are 115 MB
        logs /= np.float32(4.0)
        return logs

    def _logs(self, samples: Samples) -> Features:
        """Of all frames but the last, which the reference leaves out."""
        hop = self.hop_length
        count = (len(samples) + 2 * (self.n_fft // 2) - self.n_fft) // hop
        logs = np.empty((self.feature_size, count), np.float32)
        for at in range(0, count, _TOGETHER):
            # Windows of a whole sound have 2^31 bytes after 22 minutes, too many for wasm.
            piece = self._piece(samples, at, min(at + _TOGETHER, count))
            frames = np.lib.stride_tricks.sliding_window_view(piece, self.n_fft)[::hop]
            some = np.fft.rfft(frames * self.window, axis=-1)
            some = some.astype(np.complex64)  # as the reference keeps it
            power = some.real.astype(np.float64) ** 2 + some.imag.astype(np.float64) ** 2
            bands = np.maximum(_FLOOR, self.filters.T @ power.T)
            logs[:, at : at + _TOGETHER] = np.log10(bands)
        return logs

    def _piece(self, samples: Samples, first: int, end: int) -> Samples:
        """The samples of frames `first` to `end`; beyond the sound's ends it is mirrored."""
        half = self.n_fft // 2
        start = first * self.hop_length - half
        stop = (end - 1) * self.hop_length - half + self.n_fft
        low, high = max(start - self.n_fft, 0), min(stop + self.n_fft, len(samples))
        before, after = max(-start, 0), max(stop - high, 0)  # what is mirrored
        mirrored = np.pad(samples[low:high], (before, after), mode="reflect")
        begin = start - low + before
        return mirrored[begin : begin + stop - start]
