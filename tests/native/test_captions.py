"""image-to-text over onnxruntime in CPython writes what transformers 4.57.6 writes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import intab
from intab.errors import ModelClosedError, OptionError, PromptError, UnsupportedModelError
from tests.conftest import ROOT
from tests.engine.support.drawing import SIZES, drawing
from tests.golden.make_cutouts import picture

FOLDERS = ROOT / "tests/golden/captions"
CASES = json.loads((ROOT / "tests/golden/captions.json").read_text("utf-8"))["cases"]
pytestmark = pytest.mark.filterwarnings("ignore:Both max_new_tokens")


def opened(name: str = "trocr") -> Any:
    return intab.pipeline("image-to-text", FOLDERS / name)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["folder"])
async def test_as_transformers(case: dict[str, Any]) -> None:
    pipe = await opened(case["folder"])
    for call in case["calls"]:
        pictures = [picture(name, 3) for name in call["pictures"]]
        given: Any = pictures if len(pictures) > 1 else pictures[0]
        found = await pipe(given, **call["options"])
        assert found == call["result"], (call["pictures"], call["options"])
        if len(pictures) > 1:
            assert await pipe(given, batch_size=3, **call["options"]) == call["result"]
    await pipe.close()


async def test_what_answers_begin_with() -> None:
    pipe = await opened()
    given, most = drawing(*SIZES["square"]), {"max_new_tokens": 8}
    by_ids = await pipe(given, decoder_input_ids=[7, 9], **most)
    assert by_ids == next(c for c in CASES if c["folder"] == "trocr")["calls"][5]["result"]
    text = pipe.texts.tokenizer.decode([7, 9])
    assert await pipe(images=given, decoder_input_ids=text, **most) == by_ids
    for wrong, says in (
        ([], "must be a text, or ids"),
        ([[1], [2]], "must be a text, or ids"),
        ([0.5], "must be a text, or ids"),
        ([70000], "decoder_input_ids must be from 0 to 70"),
    ):
        with pytest.raises(OptionError, match=says):
            await pipe(given, decoder_input_ids=wrong)


async def test_what_cannot_be() -> None:
    pipe = await opened()
    for options, says in (
        ({"generate_kwargs": 3}, "generate_kwargs must be a dict, not int"),
        ({"image_processor_kwargs": 3}, "image_processor_kwargs must be a dict, not int"),
        ({"num_beams": 2, "generate_kwargs": {"num_beams": 2}}, "num_beams is given twice"),
        ({"prompt": "what is it?"}, "prompt"),
        ({"num_beams": 0}, "num_beams must be"),
    ):
        with pytest.raises(OptionError, match=says):
            await pipe(drawing(9, 9), **options)
    with pytest.raises(PromptError, match="not a picture of a kind that is known"):
        await pipe(b"none")
    resampled = await pipe(
        drawing(40, 40), max_new_tokens=3, image_processor_kwargs={"resample": 0}
    )
    assert len(resampled) == 1
    await pipe.close()
    with pytest.raises(ModelClosedError):
        await pipe(drawing(9, 9))


async def test_a_folder_that_lacks_something(tmp_path: Path) -> None:
    folder = shutil.copytree(FOLDERS / "trocr", tmp_path / "m")
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(UnsupportedModelError, match=r"no preprocessor_config\.json"):
        await intab.pipeline("image-to-text", folder)


async def test_a_model_for_another_task() -> None:
    with pytest.raises(UnsupportedModelError, match="does not write text from pictures"):
        await intab.pipeline("image-to-text", ROOT / "tests/golden/seq2seq/t5")
    with pytest.raises(UnsupportedModelError, match="which is for image-to-text"):
        await intab.pipeline("summarization", FOLDERS / "trocr")


async def test_pictures_as_they_come() -> None:
    pipe = await opened("donut")
    pictures = (np.flip(drawing(*SIZES[name]), 0) for name in ("wide", "tall"))
    found = [answer async for answer in pipe(pictures, max_new_tokens=4)]
    assert [len(answer) for answer in found] == [1, 1]
    assert found[0] != found[1]
