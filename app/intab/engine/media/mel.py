"""The mel scale's bands: triangles of frequencies, as Slaney's Auditory Toolbox or HTK has them.

Numbers are those of transformers' `mel_filter_bank`, of Slaney's with norm="slaney":
https://github.com/huggingface/transformers/blob/main/src/transformers/audio_utils.py
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_BREAK = 1000.0  # Hz; the scale is linear below, logarithmic above
_BREAK_MEL = 15.0


def hertz_to_mel(hertz: float) -> float:
    """A frequency on the mel scale."""
    if hertz < _BREAK:
        return 3.0 * hertz / 200.0
    return float(_BREAK_MEL + np.log(hertz / _BREAK) * (27.0 / np.log(6.4)))


def mel_to_hertz(mels: Floats) -> Floats:
    """Places on the mel scale as frequencies."""
    hertz = 200.0 * mels / 3.0
    above = mels >= _BREAK_MEL
    hertz[above] = _BREAK * np.exp(np.log(6.4) / 27.0 * (mels[above] - _BREAK_MEL))
    return hertz


def mel_filters(bins: int, bands: int, rate: int, top: float, bottom: float = 0.0) -> Floats:
    """How much each of `bins` frequencies, 0 to rate / 2, counts in each band from `bottom` to
    `top` Hz: [bins, bands]."""
    places = mel_to_hertz(np.linspace(hertz_to_mel(bottom), hertz_to_mel(top), bands + 2))
    areas: Floats = _triangles(places, bins, rate) * (2.0 / (places[2:] - places[:-2]))
    return areas


def htk_filters(bins: int, bands: int, rate: int, top: float, bottom: float = 0.0) -> Floats:
    """The same on HTK's scale, each band up to 1 whatever its width (mel_scale="htk",
    norm=None)."""
    low, high = (2595.0 * np.log10(1.0 + hertz / 700.0) for hertz in (bottom, top))
    places = 700.0 * (10.0 ** (np.linspace(low, high, bands + 2) / 2595.0) - 1.0)
    return _triangles(places, bins, rate)


def _triangles(places: Floats, bins: int, rate: int) -> Floats:
    frequencies = np.linspace(0, rate // 2, bins)
    widths = np.diff(places)
    slopes = places[None, :] - frequencies[:, None]
    rising, falling = -slopes[:, :-2] / widths[:-1], slopes[:, 2:] / widths[1:]
    found: Floats = np.maximum(0.0, np.minimum(rising, falling))
    return found
