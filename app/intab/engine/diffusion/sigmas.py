"""Other ways from the largest noise to the smallest, in float64 as diffusers has them.

A sigma is the noise's standard deviation beside a sample of 1: sqrt((1 - product) / product).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from intab.engine.diffusion.config import Config

Doubles = NDArray[np.float64]
_RHO = 7.0  # of Karras et al.


def karras(largest: float, smallest: float, steps: int) -> Doubles:
    """Denser where the noise is small (arXiv 2206.00364, formula 5)."""
    ramp = np.linspace(0, 1, steps)
    first, last = largest ** (1 / _RHO), smallest ** (1 / _RHO)
    found: Doubles = (first + ramp * (last - first)) ** _RHO
    return found


def exponential(largest: float, smallest: float, steps: int) -> Doubles:
    """Each sigma the same part of the one before."""
    return np.exp(np.linspace(math.log(largest), math.log(smallest), steps))


def lu(log_largest: float, log_smallest: float, steps: int) -> Doubles:
    """The same from logarithms, as diffusers does for Lu's lambdas (arXiv 2206.00927)."""
    return np.exp(log_largest + np.linspace(0, 1, steps) * (log_smallest - log_largest))


def converted(config: Config, sigmas: NDArray[np.floating], steps: int) -> Doubles | None:
    """The sigmas that the config asks for, within those given, largest first; None if it asks for
    none of these ways."""
    largest, smallest = (
        config["sigma_max"] or float(sigmas[0]),
        config["sigma_min"] or float(sigmas[-1]),
    )
    if config["use_karras_sigmas"]:
        return karras(largest, smallest, steps)
    if config.get("use_lu_lambdas"):
        logs = logarithms(sigmas)
        return lu(float(logs[0]), float(logs[-1]), steps)
    if config["use_exponential_sigmas"]:
        return exponential(largest, smallest, steps)
    return None


def sigmas_to_timesteps(sigmas: Doubles, trained: NDArray[np.float32]) -> Doubles:
    """Between which trained sigmas (smallest first) each lies, by the logarithm."""
    known, wanted = logarithms(trained), np.log(np.maximum(sigmas, 1e-10))
    # The last that is not larger: rescale_betas_zero_snr leaves the trained ones out of order.
    is_below = known[::-1, None] <= wanted
    low = np.where(is_below.any(0), len(known) - 1 - is_below.argmax(0), 0)
    low = np.minimum(low, len(known) - 2)
    part = (known[low] - wanted) / (known[low] - known[low + 1])
    part = np.clip(part, 0, 1)
    found: Doubles = (1 - part) * low + part * (low + 1)
    return found


def logarithms(sigmas: NDArray[np.floating]) -> NDArray[np.floating]:
    """Rounded once, so that they are the same on every machine."""
    return np.log(sigmas.astype(np.float64)).astype(sigmas.dtype)
