"""What timm's models say of their pictures: pretrained_cfg in config.json, as settings.

The steps are those of timm's `transforms_imagenet_eval`:
https://github.com/huggingface/pytorch-image-models/blob/main/timm/data/transforms_factory.py
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from intab.errors import ManifestError, UnsupportedModelError

_RESAMPLES = ("nearest", "lanczos", "bilinear", "bicubic", "box", "hamming")  # by Pillow's numbers
_CROP = 0.875


def timm_settings(given: Any, name: str) -> dict[str, Any]:
    """Those of an image processor; UnsupportedModelError for what they cannot say, ManifestError
    for what cannot be."""
    if not isinstance(given, Mapping):
        raise ManifestError(f"{name} is not valid: it has no pretrained_cfg, which timm writes.")
    size = given.get("input_size") or (3, 224, 224)
    share, mode = given.get("crop_pct") or _CROP, given.get("crop_mode") or "center"
    filter_ = given.get("interpolation") or "bicubic"
    whole = isinstance(size, list | tuple) and all(type(side) is int for side in size)
    if not whole or len(size) != 3 or not isinstance(share, int | float) or share <= 0:
        raise ManifestError(f"{name} is not valid: input_size or crop_pct of pretrained_cfg.")
    if filter_ not in _RESAMPLES or mode not in ("center", "squash"):
        raise UnsupportedModelError(f"{name} asks for {filter_!r} and {mode!r}, not known here.")
    tall, wide = (int(side / share) for side in size[1:])
    if mode == "center" and tall != wide:
        raise UnsupportedModelError(f"{name} asks for {size[1:]}: a square alone is known here.")
    found = {
        "size": {"height": tall, "width": wide} if mode == "squash" else {"shortest_edge": tall},
        "do_center_crop": True,
        "crop_size": {"height": size[1], "width": size[2]},
        "resample": _RESAMPLES.index(filter_),
        "image_mean": given.get("mean"),
        "image_std": given.get("std"),
    }
    return {key: value for key, value in found.items() if value is not None}
