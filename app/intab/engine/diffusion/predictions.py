"""What a model's output says of the clean sample and of the noise.

A sample is sqrt(kept) * clean + sqrt(1 - kept) * noise. The model answers with the noise (epsilon),
the clean sample (sample), or v = sqrt(kept) * noise - sqrt(1 - kept) * clean (arXiv 2202.00512).
"""

from __future__ import annotations

import numpy as np

from intab.engine.diffusion.betas import Floats


def clean_of(kind: str, output: Floats, sample: Floats, kept: np.float32) -> Floats:
    """The clean sample, as a model of that prediction_type answers."""
    found = output
    if kind == "epsilon":
        found = (sample - np.sqrt(1 - kept) * output) / np.sqrt(kept)
    elif kind == "v_prediction":
        found = np.sqrt(kept) * sample - np.sqrt(1 - kept) * output
    return found


def noise_of(kind: str, output: Floats, sample: Floats, kept: np.float32) -> Floats:
    """The noise, likewise."""
    found = output
    if kind == "sample":
        found = (sample - np.sqrt(kept) * output) / np.sqrt(1 - kept)
    elif kind == "v_prediction":
        found = np.sqrt(kept) * output + np.sqrt(1 - kept) * sample
    return found
