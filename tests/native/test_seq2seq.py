"""Encoder-decoders over onnxruntime in CPython write what transformers 4.57.6 writes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import intab
from intab.engine.generation.logits_processors import make_processors
from intab.engine.generation.next_token import process, warpers
from intab.engine.generation.sampling import softmax
from intab.engine.tasks.text_to_text import TextToTextPipeline
from intab.errors import (
    ContextLengthError,
    DeviceError,
    IntabError,
    ModelClosedError,
    ModelNotFoundError,
    OptionError,
    PromptError,
    UnsupportedModelError,
)
from tests.conftest import ROOT

FOLDERS = ROOT / "tests/golden/seq2seq"
CASES = json.loads((ROOT / "tests/golden/seq2seq.json").read_text("utf-8"))["cases"]
NAMES = [case["folder"] for case in CASES]
pytestmark = pytest.mark.filterwarnings("ignore:Both max_new_tokens")


@pytest.mark.parametrize("case", CASES, ids=NAMES)
async def test_as_transformers(case: dict[str, Any]) -> None:
    for call in case["calls"]:
        pipe = await intab.pipeline(call["task"], FOLDERS / case["folder"])
        found = await pipe(call["inputs"], **call["options"])
        assert found == call["result"], (call["task"], call["options"])
        await pipe.close()


@pytest.mark.parametrize("case", CASES, ids=NAMES)
async def test_what_a_token_is_drawn_from(case: dict[str, Any]) -> None:
    pipe: Any = await intab.pipeline("text2text-generation", FOLDERS / case["folder"])
    model, own = pipe.model, pipe.defaults
    for recorded in case["sampled"]:
        passed = {"do_sample": True, "num_beams": 1, "max_new_tokens": 8, **recorded["options"]}
        options = model.options(passed, own, 1)
        ids = pipe._ids("the cat sat on a mat", pipe.request({}))[len(pipe.prefix) // 3 :]
        if pipe.prefix:
            ids = model.texts.tokenizer.encode("the cat sat on a mat")
        feeds = {"input_ids": np.array([ids]), "attention_mask": np.ones((1, len(ids)), np.int64)}
        session = model.reader.reading([await model.reader.encode(feeds)]).session()
        processors, warping = make_processors(options, 1), warpers(options)
        so_far = recorded["ids"][:1]
        for token, step in zip(recorded["ids"][1:], recorded["steps"], strict=True):
            row = process(so_far, (await session.step([so_far[-1:]]))[0, -1], processors)
            for warp in warping:
                row = warp(row)
            found = softmax(row)[step["ids"]]
            np.testing.assert_allclose(found, step["probabilities"], rtol=0, atol=1e-5)
            so_far = [*so_far, token]
        session.close()
    await pipe.close()


def written(name: str = "t5", task: str = "summarization") -> Any:
    return intab.pipeline(task, FOLDERS / name)


async def test_an_answer_as_it_is_written() -> None:
    pipe = await written()
    assert isinstance(pipe, TextToTextPipeline)
    chunks = [chunk async for chunk in pipe.stream("a dog ran", max_new_tokens=9)]
    [one] = await pipe(["a dog ran"], max_new_tokens=9, num_beams=1)
    assert "".join(map(str, chunks)) == one["summary_text"]
    assert chunks[-1].finish_reason == "length"
    assert chunks[-1].metrics
    assert chunks[-1].metrics.new_tokens == 9
    told = [c async for c in pipe.stream("a dog", max_new_tokens=2, logprobs=True, do_sample=True)]
    assert len([entry for chunk in told for entry in chunk.logprobs or ()]) == 2
    await pipe.close()


async def test_a_stop_and_several_answers() -> None:
    pipe = await written()
    [[*several]] = [
        await pipe("a dog", num_beams=1, do_sample=True, seed=3, num_return_sequences=2)
    ]
    assert len(several) == 2
    source = await pipe.model.reader.encode(
        {"input_ids": np.array([[5, 6]]), "attention_mask": np.ones((1, 2), np.int64)}
    )
    options = pipe.model.options({"num_beams": 1, "max_new_tokens": 9, "stop": "was"}, {}, 1)
    [[one]] = await pipe.model.answers([source], [[0]], options)
    assert "was" not in one.text
    found = [answer async for answer in pipe(text for text in ("a dog", "a cat"))]
    assert [list(answer[0]) for answer in found] == [["summary_text"]] * 2
    await pipe.close()


async def test_beginnings_of_two_lengths() -> None:
    """They go one after another, and come back in order."""
    pipe = await written()
    ids = np.array([[5, 6, 1]])
    sources = [
        await pipe.model.reader.encode({"input_ids": ids, "attention_mask": ids * 0 + 1})
    ] * 3
    options = pipe.model.options({"num_beams": 1, "max_new_tokens": 4}, {}, 1)
    found = await pipe.model.answers(sources, [[0], [0, 3], [0]], options)
    alone = [
        await pipe.model.answers(sources[:1], [start], options) for start in ([0], [0, 3], [0])
    ]
    assert [answer.ids for [answer] in found] == [answer.ids for [[answer]] in alone]
    await pipe.close()


@pytest.mark.parametrize(
    ("inputs", "options", "kind", "says"),
    [
        (4, {}, PromptError, "A text must be a string"),
        ("a", {"beams": 3}, OptionError, "Unknown option 'beams'"),
        ("a", {"truncation": 4}, OptionError, "truncation must be True or False"),
        ("a", {"stop_sequence": ""}, OptionError, "no token in it"),
        ("a", {"prompt_lookup_num_tokens": 3}, OptionError, "for decoders alone"),
        ("a cat " * 60, {}, ContextLengthError, "the model takes 64: shorten it"),
    ],
)
async def test_what_cannot_be_is_an_error(
    inputs: Any, options: dict[str, Any], kind: type[IntabError], says: str
) -> None:
    pipe = await written("bart", "text2text-generation")
    with pytest.raises(kind, match=says):
        await pipe(inputs, **options)
    with pytest.raises(OptionError, match="takes one input"):
        pipe("a", "b")
    with pytest.raises(OptionError, match="one answer with one beam"):
        pipe.stream("a", num_beams=2)


async def test_truncation_and_a_stop_sequence() -> None:
    pipe = await written("bart", "text2text-generation")
    assert await pipe("a cat " * 60, truncation=True) == await pipe("a cat " * 22 + "a cat")
    [found] = await pipe("a dog", stop_sequence="t", num_beams=1, return_tensors=True)
    assert found["generated_token_ids"][-1] in (pipe.texts.tokenizer.token_id("t"), 2)
    await pipe.close()
    with pytest.raises(ModelClosedError, match="was closed"):
        await pipe("a")
    assert pipe.device == "nothing (closed)"


async def test_languages() -> None:
    pipe = await written("nllb", "translation")
    for options, says in (
        ({}, "pass src_lang"),
        ({"src_lang": "eng_Latn"}, "pass tgt_lang"),
        ({"src_lang": "eng_Latn", "tgt_lang": "xxx_Latn"}, "knows no language 'xxx_Latn'"),
        ({"src_lang": "eng_Cyrl", "tgt_lang": "fra_Latn"}, "but it knows eng_Latn"),
        ({"src_lang": "eng_Latn", "tgt_lang": "the"}, "knows no language 'the'"),
        ({"src_lang": 4, "tgt_lang": "fra_Latn"}, "must be the name of a language"),
        (
            {"src_lang": "eng_Latn", "tgt_lang": "fra_Latn", "forced_bos_token_id": 5},
            "tgt_lang and forced_bos_token_id both say",
        ),
    ):
        with pytest.raises(OptionError, match=says):
            await pipe("the cat", **options)
    pair = {"src_lang": "eng_Latn", "tgt_lang": "fra_Latn"}
    long = await pipe("a cat " * 60, truncation=True, max_new_tokens=3, **pair)
    assert [*long[0]] == ["translation_text"]


def copied(name: str, tmp_path: Path, without: str = "") -> Path:
    folder = shutil.copytree(FOLDERS / name, tmp_path / name)
    if without:
        (folder / "onnx" / f"{without}.onnx").unlink()
    return folder


async def test_folders_that_lack_a_graph(tmp_path: Path) -> None:
    task = "text2text-generation"
    with pytest.raises(ModelNotFoundError, match="encoder"):
        await intab.pipeline(task, copied("bart", tmp_path, "encoder_model"))
    with pytest.raises(ModelNotFoundError, match="decoder_model_merged or decoder_model"):
        await intab.pipeline(task, copied("t5", tmp_path, "decoder_model_merged"))
    slow = await intab.pipeline(task, copied("marian", tmp_path, "decoder_with_past_model"))
    fast = await written("marian", task)
    assert await slow("a dog", num_beams=2) == await fast("a dog", num_beams=2)
    await slow.close()
    await fast.close()


async def test_dtypes_and_devices_by_role(tmp_path: Path) -> None:
    folder = copied("bart", tmp_path)
    for role in ("decoder_model", "decoder_with_past_model"):
        graph = folder / "onnx" / f"{role}.onnx"
        shutil.copy(graph, graph.with_name(f"{role}_quantized.onnx"))
    pipe = await intab.pipeline("summarization", folder, dtype={"decoder_model": "q8"})
    files = {p.name for p in (folder / "onnx").iterdir()}
    assert "decoder_with_past_model_quantized.onnx" in files
    assert pipe.dtype == "fp32"
    await pipe.close()
    with pytest.raises(DeviceError, match="no dtype 'q4'"):
        await intab.pipeline("summarization", folder, dtype={"decoder_model": "q4"})


async def test_models_for_something_else(tmp_path: Path) -> None:
    reading = ROOT / "tests/golden/pipelines/bert-labels"
    with pytest.raises(UnsupportedModelError, match="does not write text from text"):
        await intab.pipeline("summarization", reading)
    with pytest.raises(UnsupportedModelError, match=r"intab\.pipeline"):
        await intab.load(FOLDERS / "t5")
    folder = copied("t5", tmp_path)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    whisper = {**config, "architectures": ["WhisperForConditionalGeneration"]}
    (folder / "config.json").write_text(json.dumps(whisper), "utf-8")
    with pytest.raises(UnsupportedModelError, match="reads sound"):
        await intab.pipeline("summarization", folder)


async def test_an_answer_must_be_able_to_begin(tmp_path: Path) -> None:
    folder = copied("bart", tmp_path)
    (folder / "generation_config.json").unlink()
    config = json.loads((folder / "config.json").read_text("utf-8"))
    pipe: Any = await intab.pipeline("summarization", folder)
    assert pipe.model.start == 2
    await pipe.close()
    names = ("decoder_start_token_id", "bos_token_id", "forced_bos_token_id")
    bare = {k: v for k, v in config.items() if k not in names}
    (folder / "config.json").write_text(json.dumps(bare), "utf-8")
    with pytest.raises(UnsupportedModelError, match="No decoder_start_token_id"):
        await intab.pipeline("summarization", folder)


async def test_decoders_that_do_not_belong_together(tmp_path: Path) -> None:
    folder = copied("bart", tmp_path)
    other = FOLDERS / "marian/onnx/decoder_with_past_model.onnx"
    shutil.copy(other, folder / "onnx/decoder_with_past_model.onnx")
    with pytest.raises(DeviceError, match="other logits"):
        await intab.pipeline("summarization", folder)
