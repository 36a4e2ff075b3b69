"""`Sound`: samples with their rate.

>>> Sound(np.zeros((2, 16000), np.float32), 16000).seconds
1.0
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intab.errors import PromptError

Samples = NDArray[Any]  # float32 or float64, from -1 to 1


@dataclass(frozen=True)
class Sound:
    """Samples [channels, length] from -1 to 1, so many of them a second."""

    samples: Samples
    rate: int

    @property
    def seconds(self) -> float:
        """How long it is."""
        return float(self.samples.shape[1] / self.rate)

    @property
    def mono(self) -> Samples:
        """The mean of the channels: [length]."""
        one: Samples = self.samples[0] if len(self.samples) == 1 else self.samples.mean(axis=0)
        return one


def as_mono(samples: Samples) -> Samples:
    """An array of a caller's as [length], by the rules of transformers 5.24: two dimensions are
    [channels, length], one channel or two; PromptError."""
    if samples.ndim not in (1, 2):
        raise PromptError(
            f"A sound must be an array [length] or [channels, length], not one of {samples.ndim} "
            "dimensions."
        )
    if samples.ndim == 2 and len(samples) not in (1, 2):
        raise PromptError(
            f"A sound of two dimensions is [channels, length], and this one has {len(samples):,} "
            "channels: transpose it, or make one channel of them."
        )
    if samples.dtype.kind not in "fiu":
        raise PromptError(f"A sound must be an array of numbers, not of {samples.dtype}.")
    if samples.dtype.kind != "f":
        raise PromptError(
            f"A sound must be an array of floats from -1 to 1, not of {samples.dtype}: divide "
            f"by {float(np.iinfo(samples.dtype).max) + 1:.0f}."
        )
    if not np.isfinite(samples).all():
        raise PromptError("The sound has numbers that are not finite: read it again.")
    wide = samples if samples.dtype == np.float64 else samples.astype(np.float32, copy=False)
    return wide if wide.ndim == 1 else wide.mean(axis=0)
