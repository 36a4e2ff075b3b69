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
        logs = self._logs(given)[:, :-1]
        logs = np.maximum(logs, logs.max() - np.float32(8.0))
        return np.asarray((logs + np.float32(4.0)) / np.float32(4.0), np.float32)

    def _logs(self, samples: Samples) -> Features:
        half = self.n_fft // 2
        padded = np.pad(samples, half, mode="reflect").astype(np.float64)
        frames = np.lib.stride_tricks.sliding_window_view(padded, self.n_fft)[:: self.hop_length]
        logs = np.empty((self.feature_size, len(frames)), np.float32)
        for at in range(0, len(frames), _TOGETHER):
            some = np.fft.rfft(frames[at : at + _TOGETHER] * self.window, axis=-1)
            some = some.astype(np.complex64)  # as the reference keeps it
            power = some.real.astype(np.float64) ** 2 + some.imag.astype(np.float64) ** 2
            bands = np.maximum(_FLOOR, self.filters.T @ power.T)
            logs[:, at : at + _TOGETHER] = np.log10(bands)
        return logs
