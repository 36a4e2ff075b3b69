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
from intab.engine.media.spectrogram import frames_of, hann, mel_bands

Features = NDArray[np.float32]
_TOP = 8000.0  # Hz


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
        """What frames are multiplied by."""
        return hann(self.n_fft)

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
        count = frames_of(len(samples), self.n_fft, self.hop_length) - 1
        logs = np.empty((self.feature_size, count), np.float32)
        for at, bands in mel_bands(samples, self.window, self.filters, self.hop_length, count):
            logs[:, at : at + bands.shape[1]] = np.log10(bands)
        return logs
