"""Image processors give the pixels of transformers' over Pillow: uint8 exactly, floats to 1e-6."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image

from intab.engine.media.processor import ImageProcessor
from intab.errors import IntabError, ManifestError, OptionError, PromptError, UnsupportedModelError
from tests.conftest import ROOT
from tests.engine.support.drawing import SIZES, drawing

CASES = json.loads((ROOT / "tests/golden/processors.json").read_text("utf-8"))["cases"]


def named(case: dict[str, Any]) -> str:
    config = case["config"]
    kind = config.get("image_processor_type") or config["feature_extractor_type"]
    return f"{kind} {config.get('size') or config.get('pretrained_cfg')}"


@pytest.mark.parametrize("case", CASES, ids=named)
@pytest.mark.parametrize("name", SIZES)
def test_as_transformers(case: dict[str, Any], name: str) -> None:
    processor, wanted = ImageProcessor.of(case["config"]), case["pictures"][name]
    picture = Image.fromarray(drawing(*SIZES[name]))
    if "error" in wanted:
        with pytest.raises(PromptError, match=r"far too long|too small"):
            processor(picture)
        return
    if wanted["sha256"]:
        plain = processor.changed(UNSCALED)(picture)
        assert plain.dtype == np.uint8
        assert hashlib.sha256(plain.tobytes()).hexdigest() == wanted["sha256"]
    found = processor(picture)
    assert list(found.shape) == wanted["shape"]
    first = [channel.reshape(-1)[: len(wanted["floats"][0])] for channel in found]
    near = 5e-6 if "DINOv3" in processor.kind else 1e-6  # torch's own weights are float32
    assert np.allclose(first, wanted["floats"], rtol=0, atol=near)
    assert processor.made_of(SIZES[name]) == found.shape[1:]


UNSCALED = {"do_rescale": False, "do_normalize": False, "include_top": False}
VIT = {"image_processor_type": "ViTImageProcessor"}


@pytest.mark.parametrize(
    ("config", "kind", "says"),
    [
        ({"image_processor_type": "OddImageProcessor"}, UnsupportedModelError, "OddImageProcessor"),
        ({**VIT, "size": "large"}, ManifestError, "size must be a size"),
        ({**VIT, "size": {"height": 0, "width": 3}}, ManifestError, "whole numbers from 1 to"),
        ({**VIT, "size": {"height": 1e9, "width": 3}}, ManifestError, "whole numbers from 1 to"),
        ({**VIT, "crop_size": {}}, ManifestError, "crop_size must be a size"),
        ({**VIT, "resample": 9}, ManifestError, "resample must be a number from 0 to 5, not 9"),
        ({**VIT, "do_resize": "yes"}, ManifestError, "do_resize must be true or false"),
        ({**VIT, "image_mean": "x"}, ManifestError, "image_mean must be a number or three"),
        ({**VIT, "image_mean": [1, 2]}, ManifestError, "image_mean must be a number or three"),
        ({**VIT, "image_std": [1, 0, 1]}, ManifestError, "image_std has a 0 in it"),
        ({**VIT, "rescale_factor": 0}, ManifestError, "rescale_factor must be a number above 0"),
        ({**VIT, "ensure_multiple_of": 2.5}, ManifestError, "ensure_multiple_of must be a whole"),
        ({**VIT, "crop_pct": float("nan")}, ManifestError, "crop_pct must be a number above 0"),
        ({**VIT, "size_divisor": "32"}, ManifestError, "size_divisor must be a whole number"),
    ],
)
def test_settings_that_cannot_be(config: dict[str, Any], kind: type[IntabError], says: str) -> None:
    with pytest.raises(kind, match=says):
        ImageProcessor.of(config)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"sise": 3}, "There is no setting 'sise' of an image processor"),
        ({"size": True}, "The image processor's size must be a size"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        ImageProcessor.of(VIT).changed(options)


def test_sizes_that_do_not_fit() -> None:
    picture = Image.fromarray(drawing(20, 20))
    clip = ImageProcessor.of({"image_processor_type": "CLIPImageProcessor"})
    with pytest.raises(UnsupportedModelError, match="crop_size must have height and width"):
        clip.changed({"crop_size": {"shortest_edge": 3}})(picture)
    with pytest.raises(UnsupportedModelError, match="size must have height and width"):
        clip.changed({"size": {"max_height": 9}})(picture)
    detr = {"image_processor_type": "DetrImageProcessor", "size": {"height": 9, "width": 9}}
    with pytest.raises(UnsupportedModelError, match=r"resizes to \[9, 9\] and pads to \[4, 4\]"):
        ImageProcessor.of({**detr, "pad_size": 4})(picture)


@pytest.mark.parametrize(
    ("given", "kind", "says"),
    [
        (None, ManifestError, "has no pretrained_cfg"),
        ({"input_size": "x"}, ManifestError, "input_size or crop_pct"),
        ({"crop_pct": "x"}, ManifestError, "input_size or crop_pct"),
        ({"interpolation": "random"}, UnsupportedModelError, "'random' and 'center', not known"),
        ({"crop_mode": "border"}, UnsupportedModelError, "'bicubic' and 'border', not known"),
        ({"input_size": [3, 16, 14]}, UnsupportedModelError, "a square alone is known here"),
    ],
)
def test_what_timm_cannot_say(given: Any, kind: type[IntabError], says: str) -> None:
    with pytest.raises(kind, match=says):
        ImageProcessor.of(
            {"image_processor_type": "TimmWrapperImageProcessor", "pretrained_cfg": given}
        )


def test_a_file_without_a_class_is_of_its_family() -> None:
    detr = ImageProcessor.of({"size": 20, "max_size": 33}, family="detr")
    assert detr.resized((23, 40)) == (19, 33)
    assert ImageProcessor.of({"size": 20}, family="modnet").resized((23, 40)) == (20, 20)


def test_floats_by_another_filter() -> None:
    config = {"image_processor_type": "DINOv3ViTImageProcessorFast", "resample": 0}
    with pytest.raises(UnsupportedModelError, match="resample must be 2 or 3"):
        ImageProcessor.of(config)(Image.fromarray(drawing(20, 20)))


def test_an_older_file_of_detr() -> None:
    older = {"feature_extractor_type": "DetrFeatureExtractor", "pad_and_return_pixel_mask": False}
    assert ImageProcessor.of(older).settings["do_pad"] is False
