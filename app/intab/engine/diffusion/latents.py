"""Latents' shapes, and pixels from what a VAE makes of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from intab.engine.diffusion.betas import Floats
from intab.errors import OptionError, RunError

_MULTIPLE = 8  # of pixels, as diffusers' pipelines ask


def latent_shape(
    count: int, height: int, width: int, *, channels: int = 4, scale: int = 8
) -> tuple[int, int, int, int]:
    """[count, channels, height, width] of latents for pictures of height by width pixels; `scale`
    is the VAE's. OptionError for a side that is no multiple of 8."""
    for name, side in (("height", height), ("width", width)):
        whole = isinstance(side, int) and not isinstance(side, bool)
        if not whole or side < scale or side % _MULTIPLE:
            raise OptionError(f"{name} must be a multiple of {_MULTIPLE} pixels, not {side!r}.")
    return count, channels, height // scale, width // scale


def to_floats(decoded: Floats) -> Floats:
    """float32 [batch, height, width, 3] from 0 to 1 of a VAE's answer, float [batch, 3, height,
    width] from -1 to 1; RunError if it has NaN, which fp16 makes of real models."""
    if not np.isfinite(decoded).all():
        raise RunError(
            "The VAE's picture has numbers that are none (NaN): run vae_decoder in fp32, if it ran "
            'in fp16: dtype={"vae_decoder": "fp32"}.'
        )
    halves = np.clip(decoded.astype(np.float32) / 2 + np.float32(0.5), 0, 1)
    return np.moveaxis(halves, 1, -1)


def to_pixels(floats: Floats) -> NDArray[Any]:
    """uint8 of floats from 0 to 1, rounded to even as diffusers does."""
    return (floats * 255).round().astype(np.uint8)
