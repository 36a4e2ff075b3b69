"""What preprocessor_config.json asks for, done: a picture becomes what a model takes.

    processor = ImageProcessor.of({"image_processor_type": "ViTImageProcessor", "size": 32})
    processor(picture)    # float32 [3, 32, 32]

The numbers are those of transformers' processors over Pillow (backend="pil"): the same uint8 after
resizing and cropping, the same float32 after that. It knows no model and no task.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from intab.engine.media.antialiasing import antialiased
from intab.engine.media.cropping import Pixels, center_crop, placed, sides_of
from intab.engine.media.donut import page
from intab.engine.media.interpolation import smooth
from intab.engine.media.preparing import RESAMPLES, Preparation
from intab.engine.media.processors import BASE, BICUBIC, PROCESSORS, kind_of
from intab.engine.media.resizing import (
    Size,
    cut_to,
    edges,
    filled_to,
    multiples_within,
    possible,
    shortest_edge,
    to_multiples,
    within,
)
from intab.engine.media.settings import CHANGED, SIDES, checked
from intab.engine.media.timm import timm_settings
from intab.errors import ManifestError, OptionError, UnsupportedModelError

if TYPE_CHECKING:
    from PIL.Image import Image

# Those that do it in steps of their own.
_PAGES = ("DonutImage", "NougatImage")
_ODD = ("Owlv2Image", *_PAGES, "DINOv3ViTImage", "TimmWrapperImage")
_FILLED = ("MaskFormerImage", "Mask2FormerImage")
_UNCROPPED = 384  # ConvNext stretches to so many pixels and more, and crops to fewer


@dataclass(frozen=True)
class ImageProcessor:
    """The settings of a processor: its class, and what that and its file say."""

    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls, file: Mapping[str, Any], name: str = "preprocessor_config.json", family: str = ""
    ) -> ImageProcessor:
        """That of a parsed file; `family` is the model_type, which counts if no class is named.
        UnsupportedModelError for a class that is not known, ManifestError for a setting that cannot
        be."""
        kind = kind_of(file, family)
        if kind and kind not in PROCESSORS:
            known = ", ".join(f"{each}Processor" for each in PROCESSORS)
            raise UnsupportedModelError(
                f"{name} asks for {file.get('image_processor_type') or kind}, which is not known "
                f"here; known are {known}. Export the model with one of these, if it fits."
            )
        settings = {**BASE, **PROCESSORS.get(kind, {})}
        settings |= {key: value for key, value in file.items() if value is not None}
        if kind == "TimmWrapperImage":
            settings |= timm_settings(file.get("pretrained_cfg"), name)
        if kind == "DonutImage" and isinstance(settings["size"], list | tuple):
            settings["size"] = settings["size"][::-1]  # its pairs are (width, height)
        if "pad_and_return_pixel_mask" in file and "do_pad" not in file:
            settings["do_pad"] = file["pad_and_return_pixel_mask"]
        try:
            return cls(kind, checked(settings))
        except ValueError as exc:
            raise ManifestError(f"{name} is not valid: {exc}.") from exc

    def changed(self, options: Mapping[str, Any]) -> ImageProcessor:
        """With other settings; OptionError for one that is not known or cannot be."""
        for key in options:
            if key not in {*BASE, *CHANGED}:
                raise OptionError(f"There is no setting {key!r} of an image processor.")
        try:
            return ImageProcessor(self.kind, checked({**self.settings, **options}))
        except ValueError as exc:
            raise OptionError(f"The image processor's {exc}.") from exc

    def __call__(self, picture: Image) -> Pixels:
        """An RGB picture as [3, height, width]: float32, or uint8 if neither scaled nor
        normalised."""
        if self.kind == "Owlv2Image":
            return self._antialiased(picture)
        if self.kind == "DINOv3ViTImage":
            return self._in_floats(picture)
        pixels = self.uint8(picture)
        if self._scales:
            pixels = np.stack([table[c] for table, c in zip(self._tables, pixels, strict=True)])
        if self._says("do_flip_channel_order"):
            pixels = pixels[::-1]
        if self._says("do_pad") and self.settings.get("pad_size"):
            pixels = self._padded(pixels)
        if self._around:
            pixels = center_crop(pixels, filled_to(sides_of(pixels), self._around), first=False)
        return np.ascontiguousarray(pixels)

    def uint8(self, picture: Image) -> Pixels:
        """The picture resized and cropped, before its numbers are changed."""
        if self.kind in _PAGES:
            nougat = self.kind == "NougatImage"
            return page(picture, self._sides("size"), self.settings, nougat=nougat)
        if self._says("do_resize"):
            size = self.resized((picture.height, picture.width))
            picture = picture.resize((size[1], size[0]), resample=self.settings["resample"])
        pixels = np.moveaxis(np.asarray(picture), -1, 0)
        crop = self._own_crop if self._says("do_resize") else None
        if crop:
            pixels = center_crop(pixels, crop)
        if self._says("do_center_crop"):
            evenly = self.kind == "TimmWrapperImage"
            pixels = center_crop(pixels, self._sides("crop_size"), evenly=evenly)
        return pixels

    def preparation(self, size: Size) -> Preparation | None:
        """All that it does to a picture of that size (height, width), in one step; None if it
        does more, or otherwise than can be done without Pillow."""
        resizes, crops = self._says("do_resize"), self._says("do_center_crop")
        own = self._own_crop if resizes else None
        padded = self._says("do_pad") and self.settings.get("pad_size")
        odd = self.kind in _ODD or padded or self._around or (own and crops)
        if odd or not self._scales or (resizes and self.settings["resample"] not in RESAMPLES):
            return None
        resized = self.resized(size) if resizes else size
        made = own or (self._sides("crop_size") if crops else resized)
        top, left = (placed(*pair) for pair in zip(resized, made, strict=True))
        order = (2, 1, 0) if self._says("do_flip_channel_order") else (0, 1, 2)
        resample, tables = self.settings["resample"], np.stack(self._tables)
        return Preparation(resized, made, top, left, resample, tables, order=order)

    def resized(self, size: Size) -> Size:
        """The size (height, width) to which a picture of that size is resized."""
        found = self._own_size(size) or self._usual_size(size)
        if self.kind in ("", "Image") and (divisor := self.settings.get("size_divisibility")):
            found = cut_to(found, divisor)
        if self.kind in _FILLED and (divisor := self.settings["size_divisor"]):
            found = filled_to(found, divisor)
        return possible(size, found)

    def _usual_size(self, size: Size) -> Size:
        wanted = self.settings.get("size") or {}
        short, long = wanted.get("shortest_edge"), wanted.get("longest_edge")
        if short and long:
            return edges(size, short, long, 16 if self.kind == "YolosImage" else 0)
        if short:
            return shortest_edge(size, short)
        if "max_height" in wanted and "max_width" in wanted:
            return within(size, wanted["max_height"], wanted["max_width"])
        return self._sides("size")

    def _own_size(self, size: Size) -> Size | None:
        """As its class alone has it; None if that is the usual way."""
        if self.kind == "GLPNImage":
            return multiples_within(size, self.settings["size_divisor"] or 1)
        if self.kind in ("LevitImage", "PoolFormerImage") and self._uncropped:
            return shortest_edge(size, self._uncropped)
        short = (self.settings.get("size") or {}).get("shortest_edge")
        if self.kind == "ConvNextImage" and short:
            if not self._own_crop:
                return short, short
            return shortest_edge(size, int(short / self.settings["crop_pct"]))
        if self.kind == "DPTImage":
            keeps = self._says("keep_aspect_ratio")
            multiple = self.settings["ensure_multiple_of"]
            return to_multiples(size, self._sides("size"), multiple, keeps_shape=keeps)
        return None

    def made_of(self, size: Size) -> Size:
        """The size (height, width) that a picture of that size has in the end."""
        found = self.resized(size) if self._says("do_resize") else size
        found = self._own_crop if self._own_crop and self._says("do_resize") else found
        found = self._sides("crop_size") if self._says("do_center_crop") else found
        found = filled_to(found, self._around) if self._around else found
        return self._sides("pad_size") if self.settings.get("pad_size") else found

    @property
    def _own_crop(self) -> Size | None:
        """What ConvNext crops to after it resized."""
        short = (self.settings.get("size") or {}).get("shortest_edge", _UNCROPPED)
        return (short, short) if self.kind == "ConvNextImage" and short < _UNCROPPED else None

    @property
    def _uncropped(self) -> int:
        """The shortest edge of which a share is cropped to; 0 if the sides are given."""
        wanted = self.settings.get("size") or {}
        short, height, width = (wanted.get(name, 0) for name in ("shortest_edge", *SIDES))
        if self.kind == "LevitImage":
            return int((256 / 224) * short)
        return int((short or (height if height == width else 0)) / self.settings["crop_pct"])

    @property
    def _around(self) -> int:
        """Of what sides are multiples in the end, by zeros on all four; 0 if they need not be."""
        pads = self.kind == "DPTImage" and self._says("do_pad")
        return int(self.settings.get("size_divisor") or 0) if pads else 0

    @property
    def _scales(self) -> bool:
        """Whether numbers are changed."""
        return any(map(self._says, ("do_rescale", "do_normalize", "include_top")))

    @cached_property
    def _tables(self) -> list[NDArray[np.float32]]:
        """What each of the 256 levels becomes, for each channel: the same float32 as by computing
        it for each pixel."""
        levels = np.arange(256, dtype=np.float64)
        if self._says("do_rescale"):
            levels = levels * self.settings["rescale_factor"]
        levels32 = levels.astype(np.float32)
        if self._says("do_rescale") and self._says("rescale_offset"):
            levels32 -= 1
        means, stds = (_three(self.settings[name]) for name in ("image_mean", "image_std"))
        tables = [levels32] * 3
        if self._says("do_normalize"):
            tables = [(levels32 - mean) / std for mean, std in zip(means, stds, strict=True)]
        if self._says("include_top"):  # EfficientNet's: by the deviation once more
            tables = [table / std for table, std in zip(tables, stds, strict=True)]
        return tables

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

    def _in_floats(self, picture: Image) -> Pixels:
        """As DINOv3 has it: resized once its levels are floats, which are rounded nowhere."""
        levels = self.changed({"do_normalize": False})._tables[0]
        pixels: Pixels = levels[np.moveaxis(np.asarray(picture), -1, 0)]
        if self._says("do_resize"):
            if self.settings["resample"] not in RESAMPLES:
                raise UnsupportedModelError(f"{self.kind}Processor's resample must be 2 or 3.")
            cubic = self.settings["resample"] == BICUBIC
            pixels = smooth(pixels, *self.resized(sides_of(pixels)), cubic=cubic)
        if self._says("do_center_crop"):
            pixels = center_crop(pixels, self._sides("crop_size"), first=False)
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
        if not all(side in wanted for side in SIDES):
            raise UnsupportedModelError(
                f"The image processor's {name} must have height and width, and is {dict(wanted)}."
            )
        return wanted["height"], wanted["width"]


def _three(value: Any) -> NDArray[np.float32]:
    return np.broadcast_to(np.asarray(value, np.float32), 3)
