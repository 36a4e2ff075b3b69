"""Pages as Donut and Nougat have them: Nougat's without margins, turned the long way if asked for,
shrunk to fit, in the middle of black.

The steps are those of transformers' DonutImageProcessor and NougatImageProcessor:
https://github.com/huggingface/transformers/blob/main/src/transformers/models/donut/image_processing_donut.py
https://github.com/huggingface/transformers/blob/main/src/transformers/models/nougat/image_processing_nougat.py
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from intab.engine.media.resizing import Size, possible, shortest_edge

if TYPE_CHECKING:
    from PIL.Image import Image

_BICUBIC = 3
_DARK = 200  # of 255, below which a pixel is no margin


def page(
    picture: Image, size: Size, settings: Mapping[str, Any], *, nougat: bool
) -> NDArray[np.uint8]:
    """An RGB picture as uint8 [3, height, width]."""
    if nougat and settings.get("do_crop_margin"):
        picture = _without_margins(picture)
    if settings.get("do_align_long_axis") and _lies(size) * _lies(_size(picture)) < 0:
        picture = picture.rotate(-90, expand=True)
    if settings.get("do_resize"):
        made = possible(_size(picture), shortest_edge(_size(picture), min(size)))
        picture = picture.resize(made[::-1], resample=settings["resample"])
    if settings.get("do_thumbnail"):
        made = thumbnail(_size(picture), size)
        if made != _size(picture):
            gap = 2.0 if nougat else None
            resample = _BICUBIC if nougat else settings["resample"] or _BICUBIC
            picture = picture.resize(made[::-1], resample=resample, reducing_gap=gap)
    pixels = np.moveaxis(np.asarray(picture), -1, 0)
    if not settings.get("do_pad"):
        return pixels
    missing = [max(want - have, 0) for want, have in zip(size, pixels.shape[1:], strict=True)]
    return np.pad(pixels, [(0, 0), *((rest // 2, rest - rest // 2) for rest in missing)])


def _without_margins(picture: Image) -> Image:
    """What is around the dark pixels is cut off; a picture of one colour has no margins."""
    grey = np.asarray(picture.convert("L"))
    least, most = grey.min(), grey.max()
    if least == most:
        return picture
    rows, columns = np.nonzero((grey - least) / (most - least) * 255 < _DARK)
    left, top, right, low = map(int, (columns.min(), rows.min(), columns.max(), rows.max()))
    return picture.crop((left, top, right + 1, low + 1))


def thumbnail(have: Size, size: Size) -> Size:
    """What fits into a size, of the same shape, and is not larger than it was; PromptError if
    nothing would be left of a side."""
    height, width = min(have[0], size[0]), min(have[1], size[1])
    if (height, width) == have:
        return have
    if have[0] > have[1]:
        width = int(have[1] * height / have[0])
    elif have[1] > have[0]:
        height = int(have[0] * width / have[1])
    return possible(have, (height, width))


def _lies(size: Size) -> int:
    return (size[1] > size[0]) - (size[1] < size[0])


def _size(picture: Image) -> Size:
    return picture.height, picture.width
