"""Grounding DINO's boxes are those that transformers' pipeline makes of the same numbers."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from intab.engine.runtime.network import Arrays
from intab.engine.tasks.image_task import ImagePipeline
from intab.engine.tasks.zero_shot_object_detection import ZeroShotObjectDetection
from intab.errors import DeviceError
from tests.conftest import ROOT
from tests.engine.support.drawing import SIZES, drawing
from tests.engine.tasks.test_picture_tasks import make

GOLDEN = json.loads((ROOT / "tests/golden/grounded.json").read_text("utf-8"))
PICTURE = drawing(*SIZES["wide"])
LONGEST = 12  # tokens, behind which every score is minus infinity
MORE = ("input_ids", "attention_mask", "token_type_ids", "pixel_mask")
CONFIG = {"architectures": ["GroundingDinoForObjectDetection"]}
PROCESSOR = {
    "image_processor_type": "GroundingDinoImageProcessor",
    "size": {"shortest_edge": 48, "longest_edge": 70},
}


def recorded(feeds: Arrays, name: str) -> NDArray[np.float32]:
    """What the model gave for these ids; for others, such as those of its trial, the first."""
    ids = feeds["input_ids"]
    assert ids.shape[0] == len(feeds["pixel_values"]) == 1
    assert np.array_equal(feeds["attention_mask"], ids * 0 + 1)
    assert not feeds["token_type_ids"].any()
    runs = GOLDEN["runs"]
    run = next((one for one in runs if one["ids"] == ids[0].tolist()), runs[0])
    if name == "pred_boxes":
        return np.array([run["boxes"]], np.float32)
    logits = np.array([run["logits"]], np.float32)
    rest = LONGEST - logits.shape[2]
    return np.pad(logits, ((0, 0), (0, 0), (0, rest)), constant_values=-np.inf)


def grounded(wrong: float = 0.0, config: dict[str, Any] = CONFIG) -> ImagePipeline:
    return make(
        ZeroShotObjectDetection(),
        {
            "logits": lambda feeds: recorded(feeds, "logits") + np.float32(wrong),
            "pred_boxes": lambda feeds: recorded(feeds, "pred_boxes"),
        },
        more=MORE,
        config=config,
        processor=PROCESSOR,
    )


@pytest.mark.parametrize("call", GOLDEN["calls"], ids=lambda call: str(call["options"]))
async def test_as_transformers(call: dict[str, Any]) -> None:
    found = await grounded()(PICTURE, candidate_labels=GOLDEN["labels"], **call["options"])
    assert [one["label"] for one in found] == [one["label"] for one in call["result"]]
    for one, wanted in zip(found, call["result"], strict=True):
        assert one["score"] == pytest.approx(wanted["score"], abs=1e-6)
        assert one["box"] == wanted["box"]


async def test_mm_grounding_dino_is_read_alike() -> None:
    [call, *_] = GOLDEN["calls"]
    later = grounded(config={"architectures": ["MMGroundingDinoForObjectDetection"]})
    found = await later(PICTURE, candidate_labels=GOLDEN["labels"], **call["options"])
    assert [one["box"] for one in found] == [one["box"] for one in call["result"]]


async def test_scores_behind_the_text_pass_the_trial_and_no_others() -> None:
    task = ZeroShotObjectDetection()
    await task.self_test(grounded())
    with pytest.raises(DeviceError, match="not finite"):
        await task.self_test(grounded(np.nan))
