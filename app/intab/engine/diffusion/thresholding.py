"""A clean sample kept in its range, as the config asks for."""

from __future__ import annotations

import numpy as np

from intab.engine.diffusion.betas import Floats
from intab.engine.diffusion.config import Config


def limited(sample: Floats, config: Config) -> Floats:
    """The sample thresholded, or else clipped, or as it is."""
    if config["thresholding"]:
        return threshold(sample, config["dynamic_thresholding_ratio"], config["sample_max_value"])
    if config.get("clip_sample"):
        return np.clip(sample, -config["clip_sample_range"], config["clip_sample_range"])
    return sample


def threshold(sample: Floats, ratio: float, most: float) -> Floats:
    """Imagen's dynamic thresholding (arXiv 2205.11487): clipped at a quantile of its own sizes, if
    that is above 1, and divided by it."""
    sizes = np.abs(sample).reshape(len(sample), -1)
    found = np.minimum(np.maximum(_quantile(sizes, ratio), 1), np.float32(most))
    limits = found.reshape(-1, *[1] * (sample.ndim - 1))
    return np.clip(sample, -limits, limits) / limits


def _quantile(rows: Floats, ratio: float) -> Floats:
    """torch's, whose place between two numbers is in float32."""
    rows = np.sort(rows, axis=1)
    place = np.float32(ratio) * np.float32(rows.shape[1] - 1)
    low, high = int(np.floor(place)), int(np.ceil(place))
    return rows[:, low] + (place - np.float32(low)) * (rows[:, high] - rows[:, low])
