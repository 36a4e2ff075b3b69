"""What settings of an image processor may be: sizes as transformers reads them, flags, numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

from intab.engine.media.resizing import MOST

SIDES = ("height", "width")
SIZES = ("size", "crop_size", "pad_size", "max_image_size")
FLAGS = ("do_resize", "do_center_crop", "do_rescale", "do_normalize", "do_pad",
         "do_flip_channel_order", "keep_aspect_ratio", "do_thumbnail", "do_align_long_axis",
         "rescale_offset", "include_top", "do_crop_margin", "do_image_splitting")  # fmt: skip
_NUMBERS = ("rescale_factor", "crop_pct", "ensure_multiple_of", "size_divisibility")
# What a call may change beside those that every class has.
CHANGED = (*SIZES, *FLAGS, "crop_pct", "ensure_multiple_of", "size_divisor")


def checked(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings with sizes as dicts; ValueError for one that cannot be."""
    square = bool(settings.get("default_to_square"))
    for name in SIZES:
        if settings.get(name) is not None:
            settings[name] = _size(name, settings[name], square or name != "size", settings)
    for name in FLAGS:
        if settings.get(name) not in (None, True, False):
            raise ValueError(f"{name} must be true or false, not {settings[name]!r}")
    if settings["resample"] not in range(6):
        raise ValueError(f"resample must be a number from 0 to 5, not {settings['resample']!r}")
    for name in ("image_mean", "image_std"):
        _check_numbers(name, settings[name])
    _check_scales(settings)
    return settings


def _check_scales(settings: Mapping[str, Any]) -> None:
    for name in _NUMBERS:
        value = settings.get(name, 1)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < inf:
            raise ValueError(f"{name} must be a number above 0, not {value!r}")
    for name, least in (("ensure_multiple_of", 1), ("size_divisor", 0)):
        whole = settings.get(name) or least
        if isinstance(whole, bool) or not isinstance(whole, int) or not least <= whole <= MOST:
            raise ValueError(f"{name} must be a whole number, not {whole!r}")


def _size(name: str, value: Any, square: bool, settings: Mapping[str, Any]) -> dict[str, int]:
    """As transformers reads older files: a number is a square or the shortest edge, a pair is
    (height, width)."""
    if isinstance(value, int) and not isinstance(value, bool):
        longest = settings.get("max_size")
        value = (
            dict.fromkeys(SIDES, value)
            if square
            else {"shortest_edge": value, **({"longest_edge": longest} if longest else {})}
        )
    elif isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 2:
        value = dict(zip(SIDES, value, strict=True))
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
