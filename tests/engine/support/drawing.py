"""Pictures that are made by a formula, so that they need not be kept."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Height and width.
SIZES = {
    "wide": (23, 40),
    "tall": (41, 22),
    "square": (32, 32),
    "odd": (17, 19),
    "dot": (1, 1),
    "line": (2, 90),
    "large": (97, 131),
}


def drawing(height: int, width: int, channels: int = 3) -> NDArray[np.uint8]:
    """Waves, an edge, and dots that no filter keeps: [height, width, channels]."""
    y, x, c = np.mgrid[:height, :width, :channels]
    waves = (x * (7 + 5 * c) + y * (11 - 3 * c)) % 256
    edge = np.where(x * height > y * width, 60, 0)
    dots = np.where((x * 31 + y * 17 + c * 5) % 7 == 0, 90, 0)
    return np.asarray((waves + edge + dots) % 256, np.uint8)
