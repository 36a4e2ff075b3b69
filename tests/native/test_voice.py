"""A detector of speech over onnxruntime in CPython tells what silero-vad tells with it."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import intab
from intab.errors import (
    ModelClosedError,
    OptionError,
    PromptError,
    UnsupportedModelError,
)
from tests.conftest import ROOT
from tests.engine.support.sounds import as_wav, given

TASK, FOLDER = "voice-activity-detection", ROOT / "tests/golden/voice"
GOLDEN = json.loads((ROOT / "tests/golden/voice.json").read_text("utf-8"))
STREAMED = ("threshold", "min_silence_duration_ms", "speech_pad_ms")


def paused(spec: dict[str, Any]) -> NDArray[np.float32]:
    """As tests/golden/make_voice.py makes it."""
    sound: NDArray[np.float32] = given(spec)
    for start, end in spec["pauses"]:
        sound[start:end] = 0
    return sound


async def detector() -> Any:
    return await intab.pipeline(TASK, FOLDER / "model.onnx")


async def in_blocks(sound: NDArray[np.float32]) -> AsyncGenerator[NDArray[np.float32]]:
    """Blocks of all lengths, some of them empty."""
    at = number = 0
    while at < len(sound):
        number += 1
        size = number * 37 % 1400
        yield sound[at : at + size]
        at += size


@pytest.mark.parametrize("case", GOLDEN["sounds"], ids=lambda case: str(case["sound"]["length"]))
async def test_as_silero(case: dict[str, Any]) -> None:
    pipe, sound = await detector(), paused(case["sound"])
    for call in case["calls"]:
        assert await pipe(sound, **call["options"]) == call["spans"]
        options = {name: value for name, value in call["options"].items() if name in STREAMED}
        turns = [told async for told in pipe.stream(in_blocks(sound), **options)]
        assert turns == call["turns"]
    await pipe.close()


async def test_sounds_of_other_rates_and_several_at_once() -> None:
    pipe = await detector()
    sound = paused(GOLDEN["sounds"][0]["sound"])
    spans = GOLDEN["sounds"][0]["calls"][0]["spans"]
    low = {"raw": sound[::2].copy(), "sampling_rate": 8000}
    found, other = await pipe([low, as_wav(sound)], batch_size=2)
    assert len(found) == len(other) == len(spans)
    for one, two in zip(found, spans, strict=True):
        assert abs(one["start"] - two["start"]) <= 512
    assert [told async for told in pipe.stream([sound[:8000]], return_seconds=True)] == [
        {"start": 0.0}
    ]
    await pipe.close()
    with pytest.raises(ModelClosedError, match="was closed"):
        pipe.stream([sound])


async def test_what_cannot_be_heard() -> None:
    pipe = await detector()
    with pytest.raises(PromptError, match="The sound has no samples"):
        await pipe(np.zeros(0, np.float32))
    with pytest.raises(OptionError, match="no option 'max_speech_duration_s' of a stream"):
        pipe.stream([], max_speech_duration_s=3)
    with pytest.raises(PromptError, match="A block of sound must be a numpy array, not list"):
        await anext(pipe.stream([[0.5]]))
    await pipe.close()


async def test_another_graph(tmp_path: Path) -> None:
    graph = ROOT / "tests/golden/speech/wav2vec2/onnx/model.onnx"
    (tmp_path / "model.onnx").write_bytes(graph.read_bytes())
    with pytest.raises(UnsupportedModelError, match="takes input_values, not input, state, sr"):
        await intab.pipeline(TASK, tmp_path / "model.onnx")
