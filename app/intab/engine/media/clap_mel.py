"""CLAP's features: a mel spectrogram in decibels of ten seconds, whatever a sound's length.

    >>> ClapMel(truncation="rand_trunc").features(samples).shape
    (1, 1001, 64)

A shorter sound is repeated or followed by silence. Of a longer one chance chooses ten seconds;
with "fusion" the whole is shrunk, and three pieces lie beside it. Steps and roundings are those of
transformers' ClapFeatureExtractor, and chance is numpy's own there too, so that `np.random.seed`
gives the same pieces:
https://github.com/huggingface/transformers/blob/main/src/transformers/models/clap/feature_extraction_clap.py
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from intab.engine.media.interpolation import bilinear
from intab.engine.media.mel import Floats, htk_filters, mel_filters
from intab.engine.media.sound import Samples
from intab.engine.media.spectrogram import frames_of, hann, mel_bands

Features = NDArray[np.float32]
TRUNCATION = ("fusion", "rand_trunc")
PADDING = ("repeatpad", "repeat", "pad")


@dataclass(frozen=True)
class ClapMel:
    """The settings of preprocessor_config.json, under its names."""

    feature_size: int = 64
    sampling_rate: int = 48000
    hop_length: int = 480
    max_length_s: int = 10
    fft_window_size: int = 1024
    frequency_min: float = 0.0
    frequency_max: float = 14000.0
    truncation: str = "fusion"
    padding: str = "repeatpad"

    @property
    def n_samples(self) -> int:
        """The samples that a model hears."""
        return self.max_length_s * self.sampling_rate

    @property
    def fuses(self) -> bool:
        """Whether the whole of a long sound goes in, beside pieces of it."""
        return self.truncation == "fusion"

    @cached_property
    def filters(self) -> Floats:
        """[frequencies, bands]."""
        make = htk_filters if self.fuses else mel_filters
        bins = self.fft_window_size // 2 + 1
        top, bottom = self.frequency_max, self.frequency_min
        return make(bins, self.feature_size, self.sampling_rate, top, bottom)

    def features(self, samples: Samples) -> Features:
        """Features [1, frames, bands], with "fusion" [4, frames, bands], of samples [length]."""
        if self.is_longer(samples) and not self.fuses:
            samples = self._some(samples)
        found = self._decibels(self._filled(samples))
        if not self.fuses:
            return found[None]
        frames = frames_of(self.n_samples, self.fft_window_size, self.hop_length)
        return np.stack([found] * 4 if len(found) == frames else self._fused(found, frames))

    def is_longer(self, samples: Samples) -> bool:
        """Whether not all of it is heard."""
        return len(samples) > self.n_samples

    def _some(self, samples: Samples) -> Samples:
        start = np.random.randint(0, len(samples) - self.n_samples + 1)
        return samples[start : start + self.n_samples]

    def _filled(self, samples: Samples) -> Samples:
        most, length = self.n_samples, len(samples)
        if length < most and self.padding != "pad":
            times = most // length + (self.padding == "repeat")
            samples = np.tile(samples, times)[:most]
        return np.pad(samples, (0, max(most - len(samples), 0)))

    def _decibels(self, samples: Samples) -> Features:
        size, hop = self.fft_window_size, self.hop_length
        count = frames_of(len(samples), size, hop)
        found = np.empty((count, self.feature_size), np.float32)
        for at, bands in mel_bands(samples, hann(size), self.filters, hop, count):
            found[at : at + bands.shape[1]] = 10.0 * np.log10(bands).T
        return found

    def _fused(self, found: Features, frames: int) -> list[Features]:
        """All of a long sound at the size of a piece, and a piece of each third of it."""
        thirds = np.array_split(np.arange(len(found) - frames + 1), 3)
        starts = [np.random.choice(third if len(third) else [0]) for third in thirds]
        whole = bilinear(found[None], frames, self.feature_size)[0]
        return [whole, *(found[start : start + frames] for start in starts)]
