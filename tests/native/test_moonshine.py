"""Moonshine over onnxruntime in CPython writes down what it writes with transformers 5.24."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import intab
from intab.errors import (
    IntabError,
    ModelClosedError,
    ModelNotFoundError,
    OptionError,
    PromptError,
    UnsupportedModelError,
)
from tests.engine.support.sounds import made_up
from tests.native.test_speech import GOLDEN, SPEECH, sounds_of

FOLDER = GOLDEN / "moonshine"
CALLS = json.loads((GOLDEN / "moonshine.json").read_text("utf-8"))["calls"]
GREEDY = {"num_beams": 1}


async def opened() -> Any:
    return await intab.pipeline(SPEECH, FOLDER)


async def test_as_transformers() -> None:
    pipe = await opened()
    for call in CALLS:
        found = await pipe(sounds_of(call["inputs"]), **call["options"])
        assert found == call["result"], (call["inputs"], call["options"])
    await pipe.close()


async def test_what_was_written_so_far() -> None:
    pipe, sound = await opened(), made_up(70_000)
    options = {**GREEDY, "chunk_length_s": 1.25, "stride_length_s": 0}
    parts = [part async for part in pipe.stream(sound, **options)]
    assert [part.heard for part in parts] == [1.25, 2.5, 3.75, 4.375]
    assert [part.partial for part in parts] == [True, True, True, False]
    assert parts[-1] == pipe.transcript
    assert str(parts[-1]) == (await pipe(sound, **options))["text"]
    # What is left over is less than the model needs.
    [one] = [part async for part in pipe.stream(sound[:20_300], **options)]
    assert (one.partial, one.heard) == (False, 20_300 / 16_000)
    await pipe.close()
    with pytest.raises(ModelClosedError, match="was closed"):
        pipe.stream(sound)


@pytest.mark.parametrize(
    ("item", "options", "kind", "says"),
    [
        (made_up(894), {}, PromptError, "894 samples at 16,000 a second, and the model needs 895"),
        (made_up(0), {}, PromptError, "The sound has 0 samples"),
        (made_up(16000), {"return_timestamps": True}, OptionError, "writes no times"),
        (made_up(16000), {"return_language": True}, OptionError, "for Whisper alone"),
        (made_up(16000), {"chunk_length_s": 1}, OptionError, "pass stride_length_s=0"),
        (made_up(16000), {"language": "en"}, OptionError, "Unknown option 'language'"),
        (
            {"raw": made_up(16000), "sampling_rate": 16000, "stride": (9, 9)},
            {},
            PromptError,
            "stride is for models of letters and Whisper",
        ),
    ],
)
async def test_what_cannot_be_is_an_error(
    item: Any, options: dict[str, Any], kind: type[IntabError], says: str
) -> None:
    pipe = await opened()
    with pytest.raises(kind, match=says):
        await pipe(item, **options)


@pytest.mark.parametrize(
    ("lacking", "kind", "says"),
    [
        ("onnx/encoder_model.onnx", ModelNotFoundError, "encoder|writes down speech"),
        ("onnx/decoder_model_merged.onnx", UnsupportedModelError, "an encoder and no decoder"),
        ("tokenizer.json", UnsupportedModelError, "no tokenizer.json"),
    ],
)
async def test_folders_that_lack_something(
    lacking: str, kind: type[IntabError], says: str, tmp_path: Path
) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "moonshine")
    (folder / lacking).unlink()
    with pytest.raises(kind, match=says):
        await intab.pipeline(SPEECH, folder)


async def test_features_of_another_model(tmp_path: Path) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "moonshine")
    whisper = GOLDEN / "whisper/english/preprocessor_config.json"
    shutil.copy(whisper, folder / "preprocessor_config.json")
    with pytest.raises(UnsupportedModelError, match="is not the model's"):
        await intab.pipeline(SPEECH, folder)


async def test_it_reads_no_text() -> None:
    with pytest.raises(UnsupportedModelError, match="reads sound"):
        await intab.pipeline("summarization", FOLDER)


async def test_silence_is_answered() -> None:
    pipe = await opened()
    assert isinstance((await pipe(np.zeros(16000, np.float32), **GREEDY))["text"], str)
    await pipe.close()


async def test_blocks_are_written_down_phrase_by_phrase() -> None:
    """What cannot be read breaks it off, and what was written before stays."""
    pipe, quiet = await opened(), np.zeros(16_000, np.float32)
    sound = np.concatenate([quiet, made_up(20_000), quiet])
    phrases = [part async for part in pipe.stream(iter([sound]), **GREEDY, max_new_tokens=3)]
    assert [part.partial for part in phrases] == [False]
    assert len(phrases[0].chunks) == 1
    blocks = pipe.stream(iter([sound, b"no sound"]), **GREEDY, max_new_tokens=3)
    assert await anext(blocks) == phrases[0]
    with pytest.raises(PromptError, match="must be a numpy array, not bytes"):
        await anext(blocks)
    assert pipe.transcript == phrases[0]
    await pipe.close()
