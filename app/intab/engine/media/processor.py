"""What preprocessor_config.json asks for, done: a picture becomes what a model takes.

    processor = ImageProcessor.of({"image_processor_type": "ViTImageProcessor", "size": 32})
    processor(picture)    # float32 [3, 32, 32]

The numbers are those of transformers' processors over Pillow (backend="pil"): the same uint8 after
resizing and cropping, the same float32 after that. It knows no model and no task.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from intab.engine.media.antialiasing import antialiased
from intab.engine.media.donut import page
from intab.engine.media.preparing import RESAMPLES, Preparation
from intab.engine.media.processors import BASE, PROCESSORS, kind_of
from intab.engine.media.resizing import (
    MOST,
    Size,
    cut_to,
    edges,
    filled_to,
    possible,
    shortest_edge,
    to_multiples,
    within,
)
from intab.errors import ManifestError, OptionError, UnsupportedModelError

if TYPE_CHECKING:
    from PIL.Image import Image

Pixels = NDArray[Any]  # [3, height, width]
_SIDES = ("height", "width")
_SIZES = ("size", "crop_size", "pad_size")
_FLAGS = ("do_resize", "do_center_crop", "do_rescale", "do_normalize", "do_pad",
          "do_flip_channel_order", "keep_aspect_ratio", "do_thumbnail",
          "do_align_long_axis")  # fmt: skip
_FILLED = ("MaskFormerImage", "Mask2FormerImage")
_UNCROPPED = 384  # ConvNext stretches to so many pixels and more, and crops to fewer


@dataclass(frozen=True)
class ImageProcessor:
    """The settings of a processor: its class, and what that and its file say."""

    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, file: Mapping[str, Any], name: str = "preprocessor_config.json") -> ImageProcessor:
        """That of a parsed file; UnsupportedModelError for a class that is not known, ManifestError
        for a setting that cannot be."""
        kind = kind_of(file)
        if kind and kind not in PROCESSORS:
            known = ", ".join(f"{each}Processor" for each in PROCESSORS)
            raise UnsupportedModelError(
                f"{name} asks for {file.get('image_processor_type') or kind}, which is not known "
                f"here; known are {known}. Export the model with one of these, if it fits."
            )
        settings = {**BASE, **PROCESSORS.get(kind, {})}
        settings |= {key: value for key, value in file.items() if value is not None}
        if kind == "DonutImage" and isinstance(settings["size"], list | tuple):
            settings["size"] = settings["size"][::-1]  # its pairs are (width, height)
        if "pad_and_return_pixel_mask" in file and "do_pad" not in file:
            settings["do_pad"] = file["pad_and_return_pixel_mask"]
        try:
            return cls(kind, _checked(settings))
        except ValueError as exc:
            raise ManifestError(f"{name} is not valid: {exc}.") from exc

    def changed(self, options: Mapping[str, Any]) -> ImageProcessor:
        """With other settings; OptionError for one that is not known or cannot be."""
        for key in options:
            if key not in {*BASE, *_SIZES, *_FLAGS, "crop_pct", "ensure_multiple_of"}:
                raise OptionError(f"There is no setting {key!r} of an image processor.")
        try:
            return ImageProcessor(self.kind, _checked({**self.settings, **options}))
        except ValueError as exc:
            raise OptionError(f"The image processor's {exc}.") from exc

    def __call__(self, picture: Image) -> Pixels:
        """An RGB picture as [3, height, width]: float32, or uint8 if neither scaled nor
        normalised."""
        if self.kind == "Owlv2Image":
            return self._antialiased(picture)
        pixels = self.uint8(picture)
        if self._says("do_rescale") or self._says("do_normalize"):
            pixels = np.stack([table[c] for table, c in zip(self._tables, pixels, strict=True)])
        if self._says("do_flip_channel_order"):
            pixels = pixels[::-1]
        if self._says("do_pad") and self.settings.get("pad_size"):
            pixels = self._padded(pixels)
        return np.ascontiguousarray(pixels)

    def uint8(self, picture: Image) -> Pixels:
        """The picture resized and cropped, before its numbers are changed."""
        if self.kind == "DonutImage":
            return page(picture, self._sides("size"), self.settings)
        if self._says("do_resize"):
            size = self.resized((picture.height, picture.width))
            picture = picture.resize((size[1], size[0]), resample=self.settings["resample"])
        pixels = np.moveaxis(np.asarray(picture), -1, 0)
        crop = self._own_crop if self._says("do_resize") else None
        if crop:
            pixels = center_crop(pixels, crop)
        if self._says("do_center_crop"):
            pixels = center_crop(pixels, self._sides("crop_size"))
        return pixels

    def preparation(self, size: Size) -> Preparation | None:
        """All that it does to a picture of that size (height, width), in one step; None if it
        does more, or otherwise than can be done without Pillow."""
        resizes, crops = self._says("do_resize"), self._says("do_center_crop")
        own = self._own_crop if resizes else None
        padded = self._says("do_pad") and self.settings.get("pad_size")
        odd = self.kind in ("Owlv2Image", "DonutImage") or padded or (own and crops)
        scaled = self._says("do_rescale") or self._says("do_normalize")
        if odd or not scaled or (resizes and self.settings["resample"] not in RESAMPLES):
            return None
        resized = self.resized(size) if resizes else size
        made = own or (self._sides("crop_size") if crops else resized)
        top, left = (_placed(*pair) for pair in zip(resized, made, strict=True))
        order = (2, 1, 0) if self._says("do_flip_channel_order") else (0, 1, 2)
        resample, tables = self.settings["resample"], np.stack(self._tables)
        return Preparation(resized, made, top, left, resample, tables, order=order)

    def resized(self, size: Size) -> Size:
        """The size (height, width) to which a picture of that size is resized."""
        wanted = self.settings.get("size") or {}
        short, long = wanted.get("shortest_edge"), wanted.get("longest_edge")
        if self.kind == "ConvNextImage" and short:
            crop = self._own_crop
            if not crop:
                return short, short
            found = shortest_edge(size, int(short / self.settings["crop_pct"]))
        elif self.kind == "DPTImage":
            keeps = self._says("keep_aspect_ratio")
            multiple = self.settings["ensure_multiple_of"]
            found = to_multiples(size, self._sides("size"), multiple, keeps_shape=keeps)
        elif short and long:
            found = edges(size, short, long, 16 if self.kind == "YolosImage" else 0)
        elif short:
            found = shortest_edge(size, short)
        elif "max_height" in wanted:
            found = within(size, wanted["max_height"], wanted["max_width"])
        else:
            found = self._sides("size")
        if self.kind in ("", "Image") and (divisor := self.settings.get("size_divisibility")):
            found = cut_to(found, divisor)
        if self.kind in _FILLED and (divisor := self.settings["size_divisor"]):
            found = filled_to(found, divisor)
        return possible(size, found)

    def made_of(self, size: Size) -> Size:
        """The size (height, width) that a picture of that size has in the end."""
        found = self.resized(size) if self._says("do_resize") else size
        found = self._own_crop if self._own_crop and self._says("do_resize") else found
        found = self._sides("crop_size") if self._says("do_center_crop") else found
        return self._sides("pad_size") if self.settings.get("pad_size") else found

    @property
    def _own_crop(self) -> Size | None:
        """What ConvNext crops to after it resized."""
        short = (self.settings.get("size") or {}).get("shortest_edge", _UNCROPPED)
        return (short, short) if self.kind == "ConvNextImage" and short < _UNCROPPED else None

    @cached_property
    def _tables(self) -> list[NDArray[np.float32]]:
        """What each of the 256 levels becomes, for each channel: the same float32 as by computing
        it for each pixel."""
        levels = np.arange(256, dtype=np.float64)
        if self._says("do_rescale"):
            levels = levels * self.settings["rescale_factor"]
        levels32 = levels.astype(np.float32)
        if not self._says("do_normalize"):
            return [levels32] * 3
        means, stds = (_three(self.settings[name]) for name in ("image_mean", "image_std"))
        return [(levels32 - mean) / std for mean, std in zip(means, stds, strict=True)]

    def _antialiased(self, picture: Image) -> Pixels:
        """As OWLv2 has it: numbers from 0 to 1, in a square, and only then resized."""
        levels = self.changed({"do_normalize": False})._tables[0]
        pixels: Pixels = levels[np.moveaxis(np.asarray(picture), -1, 0)]
        if self._says("do_pad"):
            side = max(pixels.shape[1:])
            pixels = np.pad(pixels, [(0, 0), *((0, side - have) for have in pixels.shape[1:])])
        if self._says("do_resize"):
            pixels = antialiased(pixels, *self._sides("size"))
        if not self._says("do_normalize"):
            return pixels
        mean, std = (_three(self.settings[name]) for name in ("image_mean", "image_std"))
        return np.asarray((pixels - mean[:, None, None]) / std[:, None, None], np.float32)

    def _padded(self, pixels: Pixels) -> Pixels:
        """With zeros below and on the right."""
        height, width = self._sides("pad_size")
        if pixels.shape[1] > height or pixels.shape[2] > width:
            raise UnsupportedModelError(
                f"The image processor resizes to {list(pixels.shape[1:])} and pads to "
                f"{[height, width]}, which is smaller: change size or pad_size."
            )
        more = ((0, 0), (0, height - pixels.shape[1]), (0, width - pixels.shape[2]))
        return np.pad(pixels, more)

    def _says(self, flag: str) -> bool:
        return bool(self.settings.get(flag))

    def _sides(self, name: str) -> Size:
        wanted = self.settings.get(name) or {}
        if not all(side in wanted for side in _SIDES):
            raise UnsupportedModelError(
                f"The image processor's {name} must have height and width, and is {dict(wanted)}."
            )
        return wanted["height"], wanted["width"]


def center_crop(pixels: Pixels, wanted: Size) -> Pixels:
    """The middle of [3, height, width]; zeros around what is smaller."""
    missing = [max(want - have, 0) for want, have in zip(wanted, pixels.shape[1:], strict=True)]
    if any(missing):
        before = [-(-size // 2) for size in missing]
        sides = [(b, size - b) for b, size in zip(before, missing, strict=True)]
        # A side that is odd larger is cut where it would be without the zeros of the other one.
        pixels = np.pad(pixels, [(0, 0), *sides])
    top, left = ((have - want) // 2 for want, have in zip(wanted, pixels.shape[1:], strict=True))
    return pixels[:, top : top + wanted[0], left : left + wanted[1]]


def _placed(have: int, want: int) -> int:
    """Where `center_crop` puts the first pixel of a side: less than 0 if it is cut."""
    return -((have - want) // 2) if have >= want else -(-(want - have) // 2)


def _three(value: Any) -> NDArray[np.float32]:
    return np.broadcast_to(np.asarray(value, np.float32), 3)


def _checked(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings with sizes as dicts; ValueError for one that cannot be."""
    square = bool(settings.get("default_to_square"))
    for name in _SIZES:
        if settings.get(name) is not None:
            settings[name] = _size(name, settings[name], square or name != "size", settings)
    for name in _FLAGS:
        if settings.get(name) not in (None, True, False):
            raise ValueError(f"{name} must be true or false, not {settings[name]!r}")
    if settings["resample"] not in range(6):
        raise ValueError(f"resample must be a number from 0 to 5, not {settings['resample']!r}")
    for name in ("image_mean", "image_std"):
        _check_numbers(name, settings[name])
    for name in ("rescale_factor", "crop_pct", "ensure_multiple_of", "size_divisibility"):
        value = settings.get(name, 1)
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise ValueError(f"{name} must be a number above 0, not {value!r}")
    return settings


def _size(name: str, value: Any, square: bool, settings: Mapping[str, Any]) -> dict[str, int]:
    """As transformers reads older files: a number is a square or the shortest edge, a pair is
    (height, width)."""
    if isinstance(value, int) and not isinstance(value, bool):
        longest = settings.get("max_size")
        value = (
            dict.fromkeys(_SIDES, value)
            if square
            else {"shortest_edge": value, **({"longest_edge": longest} if longest else {})}
        )
    elif isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 2:
        value = dict(zip(_SIDES, value, strict=True))
    if not isinstance(value, Mapping) or not value:
        raise ValueError(f"{name} must be a size, such as {{'height': 224, 'width': 224}}")
    found = {str(key): number for key, number in value.items() if number is not None}
    for number in found.values():
        if not isinstance(number, int) or isinstance(number, bool) or not 0 < number <= MOST:
            raise ValueError(f"{name} must have whole numbers from 1 to {MOST:,}, not {number!r}")
    return found


def _check_numbers(name: str, value: Any) -> None:
    numbers = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    right = all(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers)
    if len(numbers) not in (1, 3) or not right:
        raise ValueError(f"{name} must be a number or three, not {value!r}")
    if name == "image_std" and not all(numbers):
        raise ValueError(f"{name} has a 0 in it, by which nothing can be divided")
