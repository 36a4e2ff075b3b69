"""The guidance scale as a UNet of a latent consistency model takes it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_SCALE, _SLOWEST = 1000.0, 10_000.0


def guidance_embedding(guidance_scale: float, width: int) -> NDArray[Any]:
    """float32 [1, width] of sines and cosines of `guidance_scale` - 1, as diffusers'
    get_guidance_scale_embedding, which is that of
    https://github.com/google-research/vdm/blob/dc27b98a554f65cdc654b800da5aa1846545d41b/model_vdm.py
    """
    half = width // 2
    step = np.log(np.float32(_SLOWEST)) / np.float32(max(half - 1, 1))
    rates = np.exp(np.arange(half, dtype=np.float32) * -step)
    angles = np.float32(np.float32(guidance_scale - 1) * np.float32(_SCALE)) * rates
    found = np.zeros((1, width), np.float32)
    found[0, : 2 * half] = np.concatenate([np.sin(angles), np.cos(angles)])
    return found
