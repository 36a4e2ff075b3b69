"""What latents would look like: a quick guess, a pixel for each latent.

The four factors are those that were fitted to Stable Diffusion 1.4's VAE, which 1 and 2 share:
https://discuss.huggingface.co/t/decoding-latents-to-rgb-without-upscaling/23204
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_RED_GREEN_BLUE = np.array(
    [
        [0.298, 0.207, 0.208],
        [0.187, 0.286, 0.173],
        [-0.158, 0.189, 0.264],
        [-0.184, -0.271, -0.473],
    ],
    np.float32,
)
CHANNELS, SCALING = 4, 0.18215  # of the latents that they are for


def guessed(latents: NDArray[Any]) -> NDArray[Any]:
    """float32 [batch, 3, height, width], about -1 to 1, of latents [batch, 4, height, width]."""
    found: NDArray[Any] = np.einsum("bchw,cr->brhw", latents, _RED_GREEN_BLUE)
    return found
