"""Whisper over onnxruntime in CPython writes down what it writes with transformers 5.24."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import intab
from intab.engine.tasks.speech.languages import code_of
from intab.errors import (
    ContextLengthError,
    IntabError,
    ModelClosedError,
    ModelNotFoundError,
    OptionError,
    PromptError,
    RunError,
    UnsupportedModelError,
)
from tests.engine.support.sounds import made_up
from tests.native.test_pipelines import same
from tests.native.test_speech import GOLDEN, SPEECH, as_lists, sounds_of

FOLDERS = GOLDEN / "whisper"
RECORDED = json.loads((GOLDEN / "whisper.json").read_text("utf-8"))
CASES, LANGUAGES = RECORDED["cases"], RECORDED["languages"]
cases = pytest.mark.parametrize("case", CASES, ids=[case["folder"] for case in CASES])


@cases
async def test_as_transformers(case: dict[str, Any]) -> None:
    pipe = await intab.pipeline(SPEECH, FOLDERS / case["folder"])
    for call in case["calls"]:
        found = await pipe(sounds_of(call["inputs"]), **call["options"])
        try:
            same(as_lists(found), call["result"])
        except AssertionError as exc:
            raise AssertionError((call["inputs"], call["options"], found, call["result"])) from exc
    await pipe.close()


@cases
async def test_prompts_as_transformers(case: dict[str, Any]) -> None:
    pipe: Any = await intab.pipeline(SPEECH, FOLDERS / case["folder"])
    assert pipe.get_prompt_ids(" the cat, so ") == case["prompt"]
    for call in case["prompted"]:
        options = {**call["options"], "generate_kwargs": {"prompt_ids": case["prompt"]}}
        same(as_lists(await pipe(sounds_of(call["inputs"]), **options)), call["result"])
    with pytest.raises(PromptError, match="the special token"):
        pipe.get_prompt_ids("a <|nospeech|>")
    await pipe.close()


async def test_what_generation_config_says_of_language_and_task(tmp_path: Path) -> None:
    case = CASES[-1]
    for number, told in enumerate(case["told"]):
        folder = tmp_path / str(number)
        shutil.copytree(FOLDERS / case["folder"], folder)
        path = folder / "generation_config.json"
        path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **told["said"]}))
        pipe = await intab.pipeline(SPEECH, folder)
        for call in told["calls"]:
            found = await pipe(sounds_of(call["inputs"]), **call["options"])
            same(as_lists(found), call["result"])
        await pipe.close()


def test_languages_by_name_and_code() -> None:
    assert {name: code_of(name) for name in LANGUAGES} == LANGUAGES
    assert all(code_of(code) == code for code in LANGUAGES.values())


SOUND = made_up(16000)


@pytest.mark.parametrize(
    ("name", "options", "kind", "says"),
    [
        ("english", {"language": "en"}, OptionError, "knows English alone"),
        ("many", {"language": "klingon"}, OptionError, "no language 'klingon'; it knows de, en"),
        ("many", {"language": "korean"}, OptionError, "no language 'korean'"),
        ("many", {"language": 3}, OptionError, "language must be a text"),
        ("many", {"task": "sing"}, OptionError, "task must be one of translate, transcribe"),
        ("many", {"return_timestamps": "char"}, OptionError, "no times of letters"),
        ("many", {"return_timestamps": 3}, OptionError, "must be True, False or"),
        ("many", {"return_language": 3}, OptionError, "return_language must be True or False"),
        ("english", {"return_timestamps": "word"}, OptionError, "no alignment_heads"),
        ("many", {"do_sample": True}, OptionError, "no effect without a temperature"),
        ("many", {"temperature": []}, OptionError, "not an empty list"),
        ("many", {"temperature": -1.0}, OptionError, "temperature must be a number, 0 or more"),
        ("many", {"no_speech_threshold": 0.5}, OptionError, "needs logprob_threshold"),
        ("many", {"condition_on_prev_tokens": 1}, OptionError, "must be True or False"),
        ("many", {"prompt_condition_type": "b"}, OptionError, "must be one of first-segment"),
        (
            "many",
            {"prompt_condition_type": "all-segments"},
            OptionError,
            "needs condition_on_prev_tokens",
        ),
        ("many", {"prompt_ids": [1.5]}, OptionError, "a list of token ids"),
        ("many", {"generate_kwargs": 3}, OptionError, "must be a dict"),
        ("many", {"beams": 3}, OptionError, "Unknown option 'beams'"),
        ("many", {"stop": "the"}, OptionError, "stop is not for speech"),
        ("many", {"max_new_tokens": 80}, ContextLengthError, "the model has places for 64"),
    ],
)
async def test_what_cannot_be_is_an_error(
    name: str, options: dict[str, Any], kind: type[IntabError], says: str
) -> None:
    pipe = await intab.pipeline(SPEECH, FOLDERS / name)
    with pytest.raises(kind, match=says):
        await pipe(SOUND, **options)


async def test_a_long_sound_needs_times() -> None:
    pipe = await intab.pipeline(SPEECH, FOLDERS / "english")
    with pytest.raises(OptionError, match="pass return_timestamps=True, or chunk_length_s"):
        await pipe(made_up(40000))


async def test_drawn_answers() -> None:
    pipe = await intab.pipeline(SPEECH, FOLDERS / "many")
    options = {"temperature": (0.0, 0.8), "logprob_threshold": 0.0, "seed": 3}
    one = await pipe(SOUND, max_new_tokens=8, **options)
    assert one == await pipe(SOUND, max_new_tokens=8, **options)
    assert isinstance(one["text"], str)


LONG_SOUND = made_up(120_011, seed=5)
TIMED: dict[str, Any] = {"num_beams": 1, "return_timestamps": True, "max_new_tokens": 20}


@pytest.mark.parametrize(
    "options",
    [
        TIMED,
        {**TIMED, "return_timestamps": "word", "return_language": True},
        {**TIMED, "chunk_length_s": 2},
        {"num_beams": 1, "chunk_length_s": 1.5, "return_language": True},
    ],
)
async def test_what_was_written_so_far(options: dict[str, Any]) -> None:
    pipe: Any = await intab.pipeline(SPEECH, FOLDERS / "many")
    parts = [part async for part in pipe.stream(LONG_SOUND, **options)]
    answer = await pipe(LONG_SOUND, **options)
    assert (parts[-1].text, parts[-1].chunks) == (answer["text"], answer.get("chunks"))
    assert parts[-1] == pipe.transcript
    assert [part.partial for part in parts] == [True] * (len(parts) - 1) + [False]
    heard = [part.heard for part in parts]
    assert heard == sorted(set(heard))
    assert heard[-1] == parts[-1].seconds == 120_011 / 16000
    assert len(parts) > 3
    if options is TIMED:
        assert all(str(parts[-1]).startswith(str(part)) for part in parts)
    await pipe.close()


async def test_what_was_written_stays_when_it_is_broken_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pipe: Any = await intab.pipeline(SPEECH, FOLDERS / "many")
    parts = [part async for part in pipe.stream(LONG_SOUND, **TIMED)]
    async for part in pipe.stream(LONG_SOUND, **TIMED):
        assert part.partial
        break
    assert pipe.transcript == part == parts[0]
    answers = pipe.model.answers
    for how in ("raise", "cancel"):
        calls = iter([None, None, how])

        async def fails(*args: Any, calls: Any = calls) -> Any:
            match next(calls):
                case "raise":
                    raise RunError("out of memory")
                case "cancel":
                    raise asyncio.CancelledError
            return await answers(*args)

        monkeypatch.setattr(pipe.model, "answers", fails)
        with pytest.raises((RunError, asyncio.CancelledError)):
            await pipe(LONG_SOUND, **TIMED)
        assert pipe.transcript == parts[1]
    await pipe.close()
    with pytest.raises(ModelClosedError, match="was closed"):
        pipe.stream(LONG_SOUND)
    again: Any = await intab.pipeline(SPEECH, FOLDERS / "many")
    assert again.transcript is None


def copied(tmp_path: Path, name: str, without: str) -> Path:
    folder = shutil.copytree(FOLDERS / name, tmp_path / name)
    (folder / without).unlink()
    return folder


@pytest.mark.parametrize(
    ("without", "kind", "says"),
    [
        ("onnx/encoder_model.onnx", ModelNotFoundError, "encoder|writes down speech"),
        ("onnx/decoder_model.onnx", UnsupportedModelError, "an encoder and no decoder"),
        ("tokenizer.json", UnsupportedModelError, "no tokenizer.json"),
    ],
)
async def test_folders_that_lack_something(
    without: str, kind: type[IntabError], says: str, tmp_path: Path
) -> None:
    with pytest.raises(kind, match=says):
        await intab.pipeline(SPEECH, copied(tmp_path, "english", without))


async def test_no_decoder_with_a_past(tmp_path: Path) -> None:
    folder = copied(tmp_path, "english", "onnx/decoder_with_past_model.onnx")
    slow = await intab.pipeline(SPEECH, folder)
    fast = await intab.pipeline(SPEECH, FOLDERS / "english")
    assert await slow(SOUND, num_beams=2) == await fast(SOUND, num_beams=2)
    await slow.close()
