"""The bands of the mel scale: triangles of frequencies, as Slaney's Auditory Toolbox has them.

Numbers are those of transformers' `mel_filter_bank` with norm="slaney", mel_scale="slaney":
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


def mel_filters(bins: int, bands: int, rate: int, top: float) -> Floats:
    """How much each of `bins` frequencies, 0 to rate / 2, counts in each band up to `top` Hz:
    [bins, bands]."""
    places = mel_to_hertz(np.linspace(hertz_to_mel(0.0), hertz_to_mel(top), bands + 2))
    frequencies = np.linspace(0, rate // 2, bins)
    widths = np.diff(places)
    slopes = places[None, :] - frequencies[:, None]
    rising, falling = -slopes[:, :-2] / widths[:-1], slopes[:, 2:] / widths[1:]
    filters = np.maximum(0.0, np.minimum(rising, falling))
    areas: Floats = filters * (2.0 / (places[2:] - places[:-2]))
    return areas
