"""Sounds are judged by the caller's labels over onnxruntime in CPython as transformers does it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import intab
from intab.errors import (
    ContextLengthError,
    IntabError,
    ManifestError,
    OptionError,
    PromptError,
    UnsupportedModelError,
)
from tests.conftest import ROOT
from tests.engine.support.sounds import made_up
from tests.native.test_pipelines import same
from tests.native.test_speech import sounds_of

FOLDERS = ROOT / "tests/golden/clap"
TASK = "zero-shot-audio-classification"
CASES = json.loads((ROOT / "tests/golden/clap.json").read_text("utf-8"))["cases"]
LABELS = ["a dog", "the cat"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["folder"])
async def test_as_transformers(case: dict[str, Any]) -> None:
    pipe = await intab.pipeline(TASK, FOLDERS / case["folder"])
    for call in case["calls"]:
        np.random.seed(1)
        same(await pipe(sounds_of(call["inputs"]), **call["options"]), call["result"])
    await pipe.close()


async def test_batches_and_labels_as_a_second_argument() -> None:
    pipe = await intab.pipeline(TASK, FOLDERS / "unfused")
    sounds = [made_up(9000, seed=n) for n in range(3)]
    alone = [await pipe(sound, LABELS) for sound in sounds]
    assert await pipe(sounds, candidate_labels="a dog, the cat", batch_size=2) == alone
    assert [one async for one in pipe(iter(sounds), candidate_labels=LABELS)] == alone


@pytest.mark.parametrize(
    ("sound", "options", "kind", "says"),
    [
        (made_up(9), {}, OptionError, "candidate_labels must be a list of labels"),
        (made_up(9), {"candidate_labels": []}, OptionError, "candidate_labels is empty"),
        (
            made_up(9),
            {"candidate_labels": LABELS, "hypothesis_template": "a sound"},
            OptionError,
            "hypothesis_template",
        ),
        (made_up(9), {"candidate_labels": LABELS, "top_k": 1}, OptionError, "no option 'top_k'"),
        (made_up(9), {"candidate_labels": ["long " * 60]}, ContextLengthError, r"shorten it\.$"),
        (made_up(0), {"candidate_labels": LABELS}, PromptError, "0 samples at 16,000 a second"),
    ],
)
async def test_what_cannot_be_is_an_error(
    sound: Any, options: dict[str, Any], kind: type[IntabError], says: str
) -> None:
    pipe = await intab.pipeline(TASK, FOLDERS / "unfused")
    with pytest.raises(kind, match=says):
        await pipe(sound, **options)


async def test_models_for_something_else() -> None:
    with pytest.raises(UnsupportedModelError, match="does not compare sounds with texts"):
        await intab.pipeline(TASK, ROOT / "tests/golden/speech/wav2vec2")
    with pytest.raises(UnsupportedModelError, match="ClapModel, which is for zero-shot-audio"):
        await intab.pipeline("audio-classification", FOLDERS / "unfused")


@pytest.mark.parametrize(
    ("changed", "kind", "says"),
    [
        ({"truncation": "head"}, ManifestError, "truncation must be one of fusion, rand_trunc"),
        ({"padding": 3}, ManifestError, "padding must be one of repeatpad, repeat, pad, not 3"),
        ({"frequency_max": 9000}, ManifestError, "frequency_max must be a number from 50.0 to"),
        ({"hop_length": 0}, ManifestError, "hop_length must be a whole number"),
        (
            {"feature_extractor_type": "Wav2Vec2FeatureExtractor"},
            UnsupportedModelError,
            "they do not belong together",
        ),
    ],
)
async def test_folders_that_are_not_right(
    changed: dict[str, Any], kind: type[IntabError], says: str, tmp_path: Path
) -> None:
    folder = shutil.copytree(FOLDERS / "unfused", tmp_path / "copy")
    path = folder / "preprocessor_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **changed}), "utf-8")
    with pytest.raises(kind, match=says):
        await intab.pipeline(TASK, folder)


async def test_a_graph_that_compares_nothing(tmp_path: Path) -> None:
    folder = shutil.copytree(FOLDERS / "unfused", tmp_path / "copy")
    graph = ROOT / "tests/golden/speech/wav2vec2/onnx/model.onnx"
    shutil.copy(graph, folder / "onnx/model.onnx")
    with pytest.raises(UnsupportedModelError, match="takes input_ids and gives logits_per_audio"):
        await intab.pipeline(TASK, folder)
