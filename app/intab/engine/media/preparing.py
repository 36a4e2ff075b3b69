"""`Preparation`: what is done to a picture so that it becomes what a model takes, all of it in one
step, so that it can be done where the pixels are.

    preparation = processor.preparation((480, 640))    # None if it takes more than one step
    preparation(picture)    # float32 [3, 224, 224]
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from intab.engine.media.resizing import Size

if TYPE_CHECKING:
    from PIL.Image import Image

LEVELS = 256
RESAMPLES = (2, 3)  # bilinear and bicubic, which can be had without Pillow


@dataclass(frozen=True)
class Preparation:
    """A picture is resized, and lies at `top` and `left` of the result, which has the size `made`:
    less than 0 if it is cut there; `fill` is the level of what is around it.

    `order`: which of its channels comes first. `tables`: float32 [3, 256], what each level of each
    of its channels becomes.
    """

    resized: Size
    made: Size
    top: int
    left: int
    resample: int
    tables: NDArray[np.float32]
    fill: int = 0
    order: tuple[int, int, int] = (0, 1, 2)

    def __call__(self, picture: Image) -> NDArray[np.float32]:
        """It done by Pillow, to an RGB picture: [3, height, width]."""
        small = picture.resize(self.resized[::-1], resample=self.resample)
        pixels = np.full((*self.made, 3), self.fill, np.uint8)
        sides = zip(self.resized, self.made, (self.top, self.left), strict=True)
        shown, place = zip(*(_shown(*side) for side in sides), strict=True)
        pixels[place] = np.asarray(small)[shown]
        return np.stack([self.tables[channel][pixels[..., channel]] for channel in self.order])

    def told(self) -> str:
        """All but the tables, as JSON."""
        names = ("resized", "made", "top", "left", "resample", "fill", "order")
        return json.dumps({name: getattr(self, name) for name in names})


def _shown(have: int, made: int, offset: int) -> tuple[slice, slice]:
    """The part of a side that is shown, and where."""
    start, end = max(-offset, 0), min(have, made - offset)
    return slice(start, end), slice(start + offset, end + offset)


class Frame(Protocol):
    """A picture whose pixels are elsewhere until Pillow is asked for them."""

    width: int
    height: int

    def prepared(self, preparation: Preparation) -> Any:
        """What the preparation makes of it, left there."""


def is_frame(picture: object) -> bool:
    """Whether its pixels are elsewhere."""
    return hasattr(picture, "prepared")
