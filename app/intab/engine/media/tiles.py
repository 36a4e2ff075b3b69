"""A picture as Idefics 3 and SmolVLM look at it: cut into tiles, and once more as a whole.

    tiles = Tiler(processor)(picture)    # pixels [17, 3, 512, 512], 4 rows, 4 columns

The steps and numbers are those of transformers' Idefics3ImageProcessorPil:
https://github.com/huggingface/transformers/blob/main/src/transformers/models/idefics3/image_processing_pil_idefics3.py
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from intab.engine.media.cropping import Pixels
from intab.engine.media.processor import ImageProcessor
from intab.engine.media.resizing import Size
from intab.errors import OptionError, UnsupportedModelError

if TYPE_CHECKING:
    from PIL.Image import Image

KINDS = ("Idefics3Image", "SmolVLMImage")
# Not max_image_size: the tiles that the encoder looks at have one size.
# What a call may change.
CHANGED = ("do_image_splitting", "size", "do_resize")
_MOST = 4096  # pixels of a side, whatever is asked for


@dataclass(frozen=True)
class Tiles:
    """What is looked at, each float32 [3, side, side]: the tiles row by row, then the whole, which
    stands alone if there are no rows."""

    pixels: list[Pixels]
    rows: int
    columns: int


class Tiler:
    """Cuts pictures as a processor's settings say; UnsupportedModelError for one of another class,
    or without a longest edge."""

    def __init__(self, processor: ImageProcessor) -> None:
        if processor.kind not in KINDS:
            raise UnsupportedModelError(
                f"The model's pictures are made by {processor.kind or 'no named '}Processor, and "
                f"not by {' or '.join(KINDS)}Processor: models of other families cannot be run."
            )
        self._processor, self._settings = processor, processor.settings
        self._plain = processor.changed({"do_resize": False, "do_pad": False})
        self.side = self._longest("max_image_size")
        self._longest("size")

    def changed(self, options: Mapping[str, Any]) -> Tiler:
        """With other settings; OptionError for one that is not known or cannot be."""
        if others := [name for name in options if name not in CHANGED]:
            raise OptionError(
                f"processor_kwargs has no {others[0]!r}: it may have {', '.join(CHANGED)}."
            )
        try:
            return Tiler(self._processor.changed(options))
        except UnsupportedModelError as exc:
            raise OptionError(f"processor_kwargs: {exc}") from exc

    def __call__(self, picture: Image) -> Tiles:
        """The tiles of an RGB picture."""
        if self._settings["do_resize"]:
            picture = self._resized(picture, _fitted(_size(picture), self._longest("size")))
        whole = (self.side, self.side)
        if not self._settings["do_image_splitting"]:
            return Tiles([self._plain(self._resized(picture, whole))], 0, 0)
        picture = self._resized(picture, _multiples(_size(picture), self.side))
        if _size(picture) == whole:
            return Tiles([self._plain(picture)], 0, 0)
        tiles = [self._plain(tile) for tile in self._cut(picture)]
        rows, columns = (side // self.side for side in _size(picture))
        return Tiles([*tiles, self._plain(self._resized(picture, whole))], rows, columns)

    def _cut(self, picture: Image) -> Iterator[Image]:
        side = self.side
        for top in range(0, picture.height, side):
            for left in range(0, picture.width, side):
                yield picture.crop((left, top, left + side, top + side))

    def _resized(self, picture: Image, size: Size) -> Image:
        return picture.resize(size[::-1], resample=self._settings["resample"])

    def _longest(self, name: str) -> int:
        found = (self._settings.get(name) or {}).get("longest_edge")
        if not found:
            raise UnsupportedModelError(
                f"The image processor's {name} must have a longest_edge, and is "
                f"{self._settings.get(name)}."
            )
        return int(found)


def _fitted(size: Size, longest: int) -> Size:
    """The longer side as wanted; the other one even, but for what is then cut to _MOST."""
    height, width = size
    shape = width / height
    if width >= height:
        found = max(_even(int(longest / shape)), 1), longest
    else:
        found = longest, max(_even(int(longest * shape)), 1)
    return _within(found)


def _within(size: Size) -> Size:
    height, width = size
    shape = width / height
    if width >= height and width > _MOST:
        return max(int(_MOST / shape), 1), _MOST
    if height > width and height > _MOST:
        return _MOST, max(int(_MOST * shape), 1)
    return size


def _multiples(size: Size, side: int) -> Size:
    """Both sides in multiples: the longer one raised, the other one after it, and raised."""
    height, width = size
    shape = width / height
    if width >= height:
        width = _raised(width, side)
        return _raised(int(width / shape), side), width
    height = _raised(height, side)
    return height, _raised(int(height * shape), side)


def _even(value: int) -> int:
    return value + value % 2


def _raised(value: int, multiple: int) -> int:
    return math.ceil(value / multiple) * multiple


def _size(picture: Image) -> Size:
    return picture.height, picture.width
