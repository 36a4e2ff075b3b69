"""Schedules of betas, and the products of alphas, in float32 as diffusers has them.

    alphas_cumprod(make_betas(config))    # float32 [num_train_timesteps], from near 1 to near 0

linear is DDPM's (arXiv 2006.11239), scaled_linear that of latent diffusion (arXiv 2112.10752),
squaredcos_cap_v2 that of improved DDPM (arXiv 2102.09672, formula 17).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intab.engine.diffusion.config import Config

Floats = NDArray[Any]  # of float32
_LARGEST = 0.999  # of a beta, where the cosine's would be 1


def make_betas(config: Config) -> Floats:
    """How much noise each trained step adds, float32 [num_train_timesteps]."""
    count, schedule = config["num_train_timesteps"], config["beta_schedule"]
    start, end = config["beta_start"], config["beta_end"]
    if config["trained_betas"] is not None:
        betas = np.array(config["trained_betas"], np.float32)
    elif schedule == "linear":
        betas = linspace(start, end, count)
    elif schedule == "scaled_linear":
        betas = linspace(start**0.5, end**0.5, count) ** 2
    else:
        betas = _cosine(count)
    return rescale_zero_terminal_snr(betas) if config.get("rescale_betas_zero_snr") else betas


def linspace(start: float, end: float, count: int) -> Floats:
    """torch's: it counts from both ends; the step and each sum are rounded to float32."""
    if count == 1:
        return np.array([start], np.float32)
    first, last = np.float32(start), np.float32(end)
    step = np.float64((last - first) / np.float32(count - 1))
    index = np.arange(count)
    rising, falling = first + step * index, last - step * index[::-1]
    return np.where(index < count // 2, rising, falling).astype(np.float32)


def _cosine(count: int) -> Floats:
    def alpha_bar(time: float) -> float:
        return math.cos((time + 0.008) / 1.008 * math.pi / 2) ** 2

    kept = [alpha_bar((i + 1) / count) / alpha_bar(i / count) for i in range(count)]
    return np.array([min(1 - part, _LARGEST) for part in kept], np.float32)


def rescale_zero_terminal_snr(betas: Floats) -> Floats:
    """So that nothing is left of the sample at the last step (arXiv 2305.08891, algorithm 1)."""
    roots = np.sqrt(alphas_cumprod(betas))
    first, last = roots[0], roots[-1]
    products = ((roots - last) * (first / (first - last))) ** 2
    alphas = np.concatenate([products[:1], products[1:] / products[:-1]])
    return 1 - alphas


def alphas_cumprod(betas: Floats) -> Floats:
    """How much of the sample is left after each step: torch multiplies in float64."""
    return np.cumprod(1 - betas, dtype=np.float64).astype(np.float32)
