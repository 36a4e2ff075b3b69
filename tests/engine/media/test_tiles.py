"""Tiles of a picture equal those of transformers' Idefics3ImageProcessorPil."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image

from intab.engine.media.processor import ImageProcessor
from intab.engine.media.tiles import Tiler
from intab.errors import ManifestError, OptionError, UnsupportedModelError
from tests.conftest import ROOT
from tests.engine.support.drawing import drawing

CASES = json.loads((ROOT / "tests/golden/seen_texts.json").read_text("utf-8"))["tiles"]


def tiler(settings: dict[str, Any], kind: str = "Idefics3ImageProcessor") -> Tiler:
    return Tiler(ImageProcessor.of({"image_processor_type": kind, **settings}))


def test_as_transformers() -> None:
    for case in CASES:
        width, height = case["size"]
        found = tiler(case["settings"])(Image.fromarray(drawing(width, height, 3)))
        pixels = np.stack(found.pixels)
        assert [found.rows, found.columns] == case["places"], case
        assert list(pixels.shape) == case["shape"], case
        assert hashlib.sha256(pixels.tobytes()).hexdigest() == case["digest"], case


def test_what_a_call_changes() -> None:
    settings = CASES[0]["settings"]
    picture = Image.fromarray(drawing(40, 30, 3))
    changed = tiler(settings, "SmolVLMImageProcessor").changed({"do_image_splitting": False})
    assert len(changed(picture).pixels) == 1
    with pytest.raises(OptionError, match="processor_kwargs has no 'crop_size': it may have do_"):
        tiler(settings).changed({"crop_size": 3})
    with pytest.raises(OptionError, match="size must have whole numbers from 1 to"):
        tiler(settings).changed({"size": {"longest_edge": 0}})


def test_what_cannot_be() -> None:
    with pytest.raises(UnsupportedModelError, match="made by ViTImageProcessor, and not by"):
        tiler({}, "ViTImageProcessor")
    with pytest.raises(UnsupportedModelError, match="size must have a longest_edge, and is"):
        tiler({"size": {"height": 3, "width": 4}})
    with pytest.raises(ManifestError, match="do_image_splitting must be true or false"):
        tiler({"do_image_splitting": "no"})
