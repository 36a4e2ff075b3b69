"""A processor's steps in one give what they give one after the other."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from PIL import Image

from intab.engine.media.preparing import Preparation, is_frame
from intab.engine.media.processor import ImageProcessor
from tests.conftest import ROOT
from tests.engine.support.drawing import SIZES, drawing

CASES = json.loads((ROOT / "tests/golden/processors.json").read_text("utf-8"))["cases"]
VIT = {"image_processor_type": "ViTImageProcessor", "size": 5}


def same(config: dict[str, Any], size: tuple[int, int]) -> bool:
    """Whether it is one step, which then gives the same."""
    processor, picture = ImageProcessor.of(config), Image.fromarray(drawing(*size))
    preparation = processor.preparation(size)
    if preparation is None:
        return False
    found, wanted = preparation(picture), processor(picture)
    assert found.dtype == wanted.dtype
    assert np.array_equal(found, wanted)
    return True


def test_every_processor_of_the_goldens() -> None:
    sizes = [size for name, size in SIZES.items() if name not in ("dot", "line")]
    found = [same(case["config"], size) for case in CASES for size in sizes]
    assert sum(found) > len(found) / 2


@pytest.mark.parametrize(
    "config",
    [
        {"crop_size": 4, "do_center_crop": True},
        {"crop_size": 8, "do_center_crop": True},
        {"crop_size": {"height": 4, "width": 12}, "do_center_crop": True},
        {"do_resize": False, "crop_size": {"height": 30, "width": 7}, "do_center_crop": True},
        {"do_flip_channel_order": True, "do_normalize": False},
        {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 8}},
    ],
)
def test_what_is_cut_and_filled(config: dict[str, Any]) -> None:
    assert same({**VIT, **config}, (23, 40))


@pytest.mark.parametrize(
    "config",
    [
        {"resample": 1},
        {"do_rescale": False, "do_normalize": False},
        {"do_pad": True, "pad_size": 9},
        {"image_processor_type": "Owlv2ImageProcessor"},
        {"image_processor_type": "DonutImageProcessor", "size": [5, 5]},
    ],
)
def test_more_than_one_step(config: dict[str, Any]) -> None:
    assert not same({**VIT, **config}, (23, 40))


def test_what_a_frame_is_told() -> None:
    preparation = ImageProcessor.of(VIT).preparation((9, 9))
    assert isinstance(preparation, Preparation)
    assert json.loads(preparation.told()) == {
        "resized": [5, 5], "made": [5, 5], "top": 0, "left": 0, "resample": 2, "fill": 0,
        "order": [0, 1, 2],
    }  # fmt: skip
    assert not is_frame(Image.new("RGB", (1, 1)))
