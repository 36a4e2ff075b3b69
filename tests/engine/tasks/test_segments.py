"""Segments of DETR's, MaskFormer's and Mask2Former's outputs are those that transformers makes."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest

from intab.engine.media.interpolation import bilinear, largest, nearest
from intab.engine.media.segments import sigmoid
from intab.engine.tasks.image_segmentation import ImageSegmentation
from intab.errors import OptionError
from tests.conftest import ROOT
from tests.engine.support.drawing import drawing
from tests.engine.support.segments import NAMES, outputs_of
from tests.engine.tasks.test_picture_tasks import make

CASES = json.loads((ROOT / "tests/golden/segments.json").read_text("utf-8"))["cases"]


def pipe_of(family: str, seed: int = 0) -> Any:
    given = dict(zip(NAMES[family], outputs_of(seed), strict=True))
    functions = {name: lambda feeds, value=value: value for name, value in given.items()}
    return make(ImageSegmentation(), functions, config={"model_type": family})


@pytest.mark.parametrize("family", NAMES)
@pytest.mark.parametrize("subtask", [None, "instance", "semantic"])
async def test_as_transformers(family: str, subtask: str | None) -> None:
    ran = 0
    for case in CASES:
        if case["family"] == family and case["options"].get("subtask") == subtask:
            pipe = pipe_of(family, case["seed"])
            found = await pipe(drawing(*case["size"]), **case["options"])
            same(found, case["result"])
            ran += 1
    assert ran >= 6


def same(found: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> None:
    """Labels and order equal, scores to 1e-5, masks in 99.9 % of their pixels."""
    assert [one["label"] for one in found] == [one["label"] for one in wanted]
    for one, other in zip(found, wanted, strict=True):
        assert one["score"] == (other["score"] and pytest.approx(other["score"], abs=1e-5))
        height, width = other["mask"]["shape"]
        assert (one["mask"].mode, one["mask"].size) == ("L", (width, height))
        bits = np.frombuffer(base64.b64decode(other["mask"]["data"]), np.uint8)
        known = np.unpackbits(bits)[: height * width] * 255
        assert (np.asarray(one["mask"]).reshape(-1) == known).mean() >= 0.999


async def test_panoptic_is_what_a_model_of_queries_does_first() -> None:
    pipe = pipe_of("maskformer")
    first, panoptic = [await pipe(drawing(9, 9), **o) for o in ({}, {"subtask": "panoptic"})]
    assert [(a["label"], a["score"], a["mask"].tobytes()) for a in first] == [
        (b["label"], b["score"], b["mask"].tobytes()) for b in panoptic
    ]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"threshold": 1.5}, "threshold must be a number from 0 to 1, not 1.5"),
        ({"mask_threshold": "x"}, "mask_threshold must be a number from 0 to 1"),
        ({"overlap_mask_area_threshold": True}, "overlap_mask_area_threshold must be a number"),
        ({"subtask": "semantic", "threshold": 0.5}, "threshold has no effect: semantic"),
    ],
)
async def test_what_cannot_be(options: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        await pipe_of("detr")(drawing(9, 9), **options)


def test_maps_at_another_size() -> None:
    maps = np.random.default_rng(1).normal(size=(5, 4, 6)).astype(np.float32)
    assert np.array_equal(largest(maps, 9, 13), bilinear(maps, 9, 13).argmax(0))
    assert np.array_equal(nearest(maps, 8, 12)[:, ::2, ::2], maps)
    assert nearest(maps, 1, 1).shape == (5, 1, 1)
    assert sigmoid(np.array([-1e4, 0, 1e4], np.float32)).tolist() == [0, 0.5, 1]
