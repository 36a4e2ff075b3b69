"""Which of the trained timesteps are taken (arXiv 2305.08891, table 2), from the noisiest down.

    spaced("leading", 4, 1000)    # [750, 500, 250, 0]

Where num_train_timesteps / steps is not exact, diffusers' trailing may have one timestep more than
was asked for, -1, which no model knows (61 of 1000, for instance): that is left out here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Timesteps = NDArray[Any]  # int64 [steps], or float32 for Euler's


def spaced(spacing: str, steps: int, trained: int, offset: int = 0) -> Timesteps:
    """float64 [steps]; linspace is not rounded."""
    if spacing == "linspace":
        return np.linspace(0, trained - 1, steps)[::-1]
    if spacing == "leading":
        return np.arange(steps, dtype=np.float64)[::-1] * (trained // steps) + offset
    return trailing(steps, trained, trained)


def spaced_without_last(
    spacing: str, steps: int, trained: int, noisiest: int, offset: int = 0
) -> Timesteps:
    """DPM-Solver's: as for one step more, without the last; `noisiest` timesteps are left of the
    trained."""
    if spacing == "linspace":
        return np.linspace(0, noisiest - 1, steps + 1).round()[::-1][:-1]
    if spacing == "leading":
        return np.arange(steps + 1)[::-1][:-1] * (noisiest // (steps + 1)) + offset
    return trailing(steps, trained, noisiest)


def trailing(steps: int, trained: int, noisiest: int) -> Timesteps:
    """From the noisiest down by trained / steps, which need not be whole."""
    found = np.arange(noisiest, 0, -trained / steps).round() - 1
    return found[:steps]
