"""Pipelines for sound over onnxruntime in CPython give what transformers' give."""

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
    ManifestError,
    ModelClosedError,
    ModelNotFoundError,
    OptionError,
    PromptError,
    UnsupportedModelError,
)
from tests.conftest import ROOT
from tests.engine.support.sounds import as_wav, given, made_up
from tests.native.test_pipelines import same

GOLDEN = ROOT / "tests/golden"
CASES = json.loads((GOLDEN / "speech.json").read_text("utf-8"))["cases"]
SPEECH, LABELS = "automatic-speech-recognition", "audio-classification"


def as_lists(value: Any) -> Any:
    """Tuples as JSON has them."""
    return json.loads(json.dumps(value))


def sounds_of(inputs: Any) -> Any:
    return [given(spec) for spec in inputs] if isinstance(inputs, list) else given(inputs)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["folder"])
async def test_as_transformers(case: dict[str, Any]) -> None:
    pipe = await intab.pipeline(case["task"], GOLDEN / "speech" / case["folder"])
    for call in case["calls"]:
        found = await pipe(sounds_of(call["inputs"]), **call["options"])
        same(as_lists(found), call["result"])
    await pipe.close()


async def letters(name: str = "wav2vec2") -> intab.Pipeline:
    return await intab.pipeline(SPEECH, GOLDEN / "speech" / name)


async def test_files_and_bytes(tmp_path: Path) -> None:
    pipe = await letters()
    sound = (np.round(made_up(16000) * 32768) / 32768).astype(np.float32)
    path = tmp_path / "a sound.wav"
    path.write_bytes(as_wav(sound))
    wanted = await pipe(sound)
    assert wanted["text"]
    assert await pipe(str(path)) == await pipe(path) == await pipe(path.read_bytes()) == wanted
    stereo = as_wav(np.array([sound, sound]), rate=32000)
    as_dict = {"raw": np.array([sound, sound]), "sampling_rate": 32000}
    assert await pipe(stereo) == await pipe(as_dict)
    with pytest.raises(PromptError, match="No such file or directory"):
        await pipe(str(tmp_path / "other.wav"))


async def test_several_in_batches_and_from_a_generator() -> None:
    pipe = await letters()
    sounds = [made_up(16000, seed=n) for n in range(4)]
    alone = [await pipe(sound) for sound in sounds]
    assert await pipe(sounds, batch_size=3) == alone
    assert [one async for one in pipe(sound for sound in sounds)] == alone


@pytest.mark.parametrize(
    ("item", "options", "kind", "says"),
    [
        (4, {}, PromptError, "must be a path, the bytes of a file, a numpy array"),
        ({"raw": made_up(9)}, {}, PromptError, 'needs "raw", a numpy array, and "sampling_rate"'),
        ({"raw": [1], "sampling_rate": 1}, {}, PromptError, 'needs "raw", a numpy array'),
        ({"raw": made_up(9), "sampling_rate": 0}, {}, PromptError, "sampling rate must be"),
        (b"OggS", {}, PromptError, "The Ogg file cannot be decoded"),
        (made_up(0), {}, PromptError, "0 samples at 16,000 a second, and the model needs 400"),
        (made_up(399), {}, PromptError, "399 samples"),
        (made_up(16000), {"return_timestamps": True}, OptionError, '"char" or "word"'),
        (made_up(16000), {"return_language": True}, OptionError, "for Whisper alone"),
        (made_up(16000), {"num_beams": 3}, OptionError, "no option 'num_beams'"),
        (made_up(16000), {"stride_length_s": 1}, OptionError, "no effect without chunk_length_s"),
        (made_up(16000), {"chunk_length_s": "1"}, OptionError, "must be a number of seconds"),
        (
            made_up(16000),
            {"chunk_length_s": 1, "stride_length_s": 0.5},
            OptionError,
            "more than the strides on both sides",
        ),
        (
            made_up(16000),
            {"chunk_length_s": 1, "stride_length_s": [1, 2, 3]},
            OptionError,
            "a number of seconds or two of them",
        ),
        (
            {"raw": made_up(9), "sampling_rate": 16000, "stride": (5, 5)},
            {},
            PromptError,
            "longer than the sound",
        ),
        (
            {"raw": made_up(9), "sampling_rate": 16000, "stride": 5},
            {},
            PromptError,
            "two numbers of samples",
        ),
    ],
)
async def test_what_cannot_be_is_an_error(
    item: Any, options: dict[str, Any], kind: type[IntabError], says: str
) -> None:
    pipe = await letters()
    with pytest.raises(kind, match=says):
        await pipe(item, **options)


async def test_labels() -> None:
    pipe = await intab.pipeline(LABELS, GOLDEN / "speech/wav2vec2-labels")
    for options, says in (
        ({"top_k": 0}, "top_k must be 1 or more"),
        ({"function_to_apply": "tanh"}, "must be one of softmax"),
        ({"labels": 2}, "no option 'labels'"),
    ):
        with pytest.raises(OptionError, match=says):
            await pipe(made_up(16000), **options)
    assert pipe.texts.tokenizer.size == 0
    await pipe.close()
    with pytest.raises(ModelClosedError, match="was closed"):
        await pipe(made_up(16000))


def copied(name: str, tmp_path: Path, **changed: Any) -> Path:
    """A copy of a folder, with files changed: by keys that are merged, None for none."""
    folder = shutil.copytree(GOLDEN / "speech" / name, tmp_path / name)
    for file, change in changed.items():
        path = folder / f"{file}.json"
        if change is None:
            path.unlink()
        else:
            path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **change}), "utf-8")
    return folder


async def test_processor_config_of_transformers_5(tmp_path: Path) -> None:
    folder = copied("wav2vec2", tmp_path)
    settings = json.loads((folder / "preprocessor_config.json").read_text("utf-8"))
    (folder / "preprocessor_config.json").unlink()
    inner = json.dumps({"processor_class": "Wav2Vec2Processor", "feature_extractor": settings})
    (folder / "processor_config.json").write_text(inner, "utf-8")
    pipe = await intab.pipeline(SPEECH, folder)
    assert await pipe(made_up(16000)) == await (await letters())(made_up(16000))
    await pipe.close()


@pytest.mark.parametrize(
    ("changed", "kind", "says"),
    [
        ({"preprocessor_config": None}, ManifestError, "no preprocessor_config.json"),
        (
            {"preprocessor_config": {"feature_extractor_type": "ASTFeatureExtractor"}},
            UnsupportedModelError,
            "prepared by ASTFeatureExtractor",
        ),
        (
            {"preprocessor_config": {"sampling_rate": "16000"}},
            ManifestError,
            "not valid: sampling_rate must be a whole number",
        ),
        (
            {"preprocessor_config": {"do_normalize": 1}},
            ManifestError,
            "do_normalize must be true or false",
        ),
        (
            {"preprocessor_config": {"feature_extractor_type": "WhisperFeatureExtractor"}},
            UnsupportedModelError,
            "they do not belong together",
        ),
        ({"vocab": {"E": "x"}}, ManifestError, "'E' must have an id"),
        (
            {"tokenizer_config": {"target_lang": "eng"}},
            ManifestError,
            "no tokens of the target_lang 'eng'",
        ),
    ],
)
async def test_folders_that_are_not_right(
    changed: dict[str, Any], kind: type[IntabError], says: str, tmp_path: Path
) -> None:
    with pytest.raises(kind, match=says):
        await intab.pipeline(SPEECH, copied("wav2vec2", tmp_path, **changed))


async def test_models_for_something_else(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModelError, match="does not write down speech"):
        await intab.pipeline(SPEECH, GOLDEN / "pipelines/bert-labels")
    with pytest.raises(UnsupportedModelError, match="which is for text-classification"):
        await intab.pipeline(LABELS, GOLDEN / "pipelines/bert-labels")
    folder = copied("wav2vec2", tmp_path)
    (folder / "onnx/model.onnx").unlink()
    with pytest.raises(ModelNotFoundError):
        await intab.pipeline(SPEECH, folder)


async def test_what_was_written_so_far() -> None:
    """After each window; the last one is what a call answers."""
    pipe: Any = await letters()
    sound = made_up(50_000)
    options = {"chunk_length_s": 1, "stride_length_s": 0.1, "return_timestamps": "word"}
    parts = [part async for part in pipe.stream(sound, **options)]
    assert len(parts) == 4
    assert [part.partial for part in parts] == [True, True, True, False]
    assert parts[0].heard == pytest.approx(0.9, abs=0.02)
    assert parts[-1].heard == parts[-1].seconds == 50_000 / 16_000
    whole = await pipe(sound, **options)
    assert {"text": parts[-1].text, "chunks": parts[-1].chunks} == whole
    assert parts[-1] == pipe.transcript
    [one] = [part async for part in pipe.stream(sound)]
    assert (one.text, one.chunks) == ((await pipe(sound))["text"], None)


async def test_blocks_are_written_down_phrase_by_phrase() -> None:
    pipe: Any = await letters()
    quiet = np.zeros(16_000, np.float32)
    sound = np.concatenate([quiet, made_up(20_000), quiet, made_up(24_000, seed=2), quiet])
    parts = [part async for part in pipe.stream(iter(np.split(sound, 40)))]
    assert parts[-1] == pipe.transcript
    assert not parts[-1].partial
    assert [chunk["timestamp"][0] > 0.7 for chunk in parts[-1].chunks] == [True, True]
    assert any(part.partial for part in parts)
    with pytest.raises(OptionError, match="the model takes 16,000 and the sound has 8,000"):
        pipe.stream(intab.microphone(8000))
    with pytest.raises(OptionError, match='must be "char" or "word"'):
        pipe.stream(sound, return_timestamps=True)
    await pipe.close()
    with pytest.raises(ModelClosedError, match="was closed"):
        pipe.stream(sound)
