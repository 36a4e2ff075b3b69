"""How samples become what a model takes, by preprocessor_config.json.

    features = read_features(texts)
    features.feeds(samples)      # {"input_values": ..., "attention_mask": ...}

Models of the wav2vec 2 kind take the samples themselves, with mean 0 and deviation 1; Whisper takes
a spectrogram.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from intab.engine.io.small_files import parse_object
from intab.engine.io.untrusted import number, whole
from intab.engine.media.clap_mel import PADDING, TRUNCATION, ClapMel
from intab.engine.media.log_mel import LogMel
from intab.engine.media.resampling import MOST
from intab.engine.media.sound import Samples
from intab.engine.runtime.network import Arrays
from intab.engine.text.assets import Texts
from intab.errors import ManifestError, UnsupportedModelError

SETTINGS, PROCESSOR = "preprocessor_config.json", "processor_config.json"
TEXTS = (SETTINGS, PROCESSOR, "vocab.json", "tokenizer.json")  # what the tasks of sound read
_VALUES, _WHISPER = "Wav2Vec2FeatureExtractor", "WhisperFeatureExtractor"
_CLAP = "ClapFeatureExtractor"
_SMALLEST = np.float32(1e-7)


class SoundFeatures(Protocol):
    """What makes feeds of samples at `sampling_rate`."""

    @property
    def sampling_rate(self) -> int:
        """Samples a second."""

    def feeds(self, samples: Samples) -> Arrays:
        """Of one row, without the axis of batches."""


@dataclass(frozen=True)
class Values:
    """The samples themselves, as Wav2Vec2FeatureExtractor gives them."""

    sampling_rate: int = 16000
    do_normalize: bool = True

    def feeds(self, samples: Samples) -> Arrays:
        """input_values [length], and a mask that hides nothing."""
        values = samples.astype(np.float32, copy=False)
        if self.do_normalize:
            values = (values - values.mean()) / np.sqrt(values.var() + _SMALLEST)
        return {"input_values": values, "attention_mask": np.ones(len(values), np.int64)}


@dataclass(frozen=True)
class MelFeatures:
    """Whisper's spectrogram of one piece, which is cut or filled with silence."""

    log_mel: LogMel

    @property
    def sampling_rate(self) -> int:
        """Samples a second."""
        return self.log_mel.sampling_rate

    def feeds(self, samples: Samples) -> Arrays:
        """input_features [bands, frames]."""
        return {"input_features": self.log_mel.features(samples)}


@dataclass(frozen=True)
class ClapFeatures:
    """CLAP's spectrogram of ten seconds, chosen by chance out of a longer sound."""

    mel: ClapMel

    @property
    def sampling_rate(self) -> int:
        """Samples a second."""
        return self.mel.sampling_rate

    def feeds(self, samples: Samples) -> Arrays:
        """input_features [1 or 4, frames, bands], and whether that is not all; of one sound alone
        transformers says so whatever its length, if it is fused."""
        longer = self.mel.fuses or self.mel.is_longer(samples)
        return {"input_features": self.mel.features(samples), "is_longer": np.array([longer])}


def read_features(texts: Texts) -> Values | MelFeatures | ClapFeatures:
    """ManifestError if the file is missing or not valid, UnsupportedModelError for another kind."""
    settings = _settings(texts)
    kind = settings.get("feature_extractor_type", _VALUES)
    if kind not in (_VALUES, _WHISPER, _CLAP):
        raise UnsupportedModelError(
            f"The model's sound is prepared by {kind}, which intab does not have: it has "
            f"{_VALUES}, {_WHISPER} and {_CLAP}."
        )
    try:
        if kind == _CLAP:
            return ClapFeatures(_clap_mel(settings))
        return MelFeatures(_log_mel(settings)) if kind == _WHISPER else _values(settings)
    except ValueError as exc:
        raise ManifestError(f"{SETTINGS} is not valid: {exc}.") from exc


def _settings(texts: Texts) -> Mapping[str, Any]:
    """preprocessor_config.json, or what transformers 5 writes into processor_config.json."""
    if SETTINGS in texts.more:
        return parse_object(texts.more[SETTINGS], SETTINGS)
    told = parse_object(texts.more[PROCESSOR], PROCESSOR) if PROCESSOR in texts.more else {}
    inner = told.get("feature_extractor")
    if not isinstance(inner, Mapping):
        raise ManifestError(
            f"The folder has no {SETTINGS}, which says how sound is prepared for the model: put it "
            "beside config.json."
        )
    return inner


def _values(settings: Mapping[str, Any]) -> Values:
    normalizes = settings.get("do_normalize", True)
    if not isinstance(normalizes, bool):
        raise ManifestError(f"{SETTINGS} is not valid: do_normalize must be true or false.")
    return Values(_whole(settings, "sampling_rate", 16000, MOST), normalizes)


def _log_mel(settings: Mapping[str, Any]) -> LogMel:
    default = LogMel()
    most = {"feature_size": 1024, "hop_length": 1 << 16, "chunk_length": 3600, "n_fft": 1 << 16}
    read = {
        name: _whole(settings, name, getattr(default, name), most.get(name, MOST))
        for name in ("feature_size", "sampling_rate", "hop_length", "chunk_length", "n_fft")
    }
    padding = number(settings.get("padding_value", 0.0), -1.0, 1.0)
    return LogMel(**read, padding_value=padding)


def _clap_mel(settings: Mapping[str, Any]) -> ClapMel:
    default = ClapMel()
    sizes = {"feature_size": 1024, "hop_length": 1 << 16, "max_length_s": 3600}
    sizes |= {"fft_window_size": 1 << 16, "sampling_rate": MOST}
    read: dict[str, Any] = {
        name: _whole(settings, name, getattr(default, name), most) for name, most in sizes.items()
    }
    for name in ("frequency_min", "frequency_max"):
        low, high = read.get("frequency_min", 0.0), read["sampling_rate"] / 2
        read[name] = _number(settings, name, getattr(default, name), low, high)
    for name, known in (("truncation", TRUNCATION), ("padding", PADDING)):
        read[name] = settings.get(name, getattr(default, name))
        if read[name] not in known:
            raise ValueError(f"{name} must be one of {', '.join(known)}, not {read[name]!r}")
    return ClapMel(**read)


def _number(
    settings: Mapping[str, Any], name: str, default: float, low: float, high: float
) -> float:
    try:
        return number(settings.get(name, default), low, high)
    except ValueError as exc:
        raise ValueError(f"{name} {exc}") from exc


def _whole(settings: Mapping[str, Any], name: str, default: int, most: int) -> int:
    try:
        return whole(settings.get(name, default), 1, most)
    except ValueError as exc:
        raise ValueError(f"{name} {exc}") from exc
