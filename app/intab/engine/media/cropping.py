"""The middle of pictures: [3, height, width]."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from intab.engine.media.resizing import Size

Pixels = NDArray[Any]  # [3, height, width]


def sides_of(pixels: Pixels) -> Size:
    """The height and the width."""
    height, width = pixels.shape[1:]
    return height, width


def center_crop(
    pixels: Pixels, wanted: Size, *, first: bool = True, evenly: bool = False
) -> Pixels:
    """The middle; zeros around what is smaller: of an odd number one more `first`, or last. Where a
    half is cut off, `evenly` begins at an even place, as torchvision's rounding has it."""
    missing = [max(want - have, 0) for want, have in zip(wanted, pixels.shape[1:], strict=True)]
    if any(missing):
        before = [(size + first) // 2 for size in missing]
        sides = [(b, size - b) for b, size in zip(before, missing, strict=True)]
        # A side that is odd larger is cut where it would be without the zeros of the other one.
        pixels = np.pad(pixels, [(0, 0), *sides])
    more = (have - want for want, have in zip(wanted, pixels.shape[1:], strict=True))
    top, left = (round(size / 2) if evenly else size // 2 for size in more)
    return pixels[:, top : top + wanted[0], left : left + wanted[1]]


def placed(have: int, want: int) -> int:
    """Where `center_crop` puts the first pixel of a side: less than 0 if it is cut."""
    return -((have - want) // 2) if have >= want else -(-(want - have) // 2)
