"""document-question-answering over onnxruntime in CPython answers as transformers' pipeline."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

import intab
from intab.errors import OptionError, PromptError, UnsupportedModelError
from tests.conftest import ROOT
from tests.golden.make_cutouts import picture

FOLDERS = ROOT / "tests/golden/captions"
CALLS = json.loads((ROOT / "tests/golden/documents.json").read_text("utf-8"))["calls"]
TASK = "document-question-answering"


async def opened() -> Any:
    return await intab.pipeline(TASK, FOLDERS / "docvqa")


async def test_as_transformers() -> None:
    pipe = await opened()
    for call in CALLS:
        page = picture(call["picture"], 3)
        found = await pipe(image=page, question=call["question"], **call["options"])
        assert found == call["result"], call
        assert await pipe(page, call["question"], **call["options"]) == call["result"]
    await pipe.close()


async def test_several_questions() -> None:
    pipe = await opened()
    asked = [{"image": picture(c["picture"], 3), "question": c["question"]} for c in CALLS[:3]]
    found = await pipe(asked, max_new_tokens=30, batch_size=2)
    assert found == [await pipe(one, max_new_tokens=30, top_k=2) for one in asked]

    def one_by_one() -> Iterator[dict[str, Any]]:
        yield from asked

    assert [one async for one in pipe(one_by_one(), max_new_tokens=30)] == found
    await pipe.close()


async def test_what_cannot_be() -> None:
    pipe = await opened()
    page = picture("tall", 3)
    for options, says in (
        ({"top_k": 0}, "top_k must be a whole number from 1 on, not 0"),
        ({"decoder_input_ids": "<s>"}, "decoder_input_ids is made of the question"),
        ({"generate_kwargs": 3}, "generate_kwargs must be a dict"),
        ({"max_new_tokens": -1}, "max_new_tokens must be"),
    ):
        with pytest.raises(OptionError, match=says):
            await pipe(page, "What?", **options)
    with pytest.raises(PromptError, match="A question about a page is"):
        await pipe({"image": page})
    with pytest.raises(PromptError, match="The question must be a text, not 3"):
        await pipe(page, 3)
    with pytest.raises(OptionError, match="takes one input or a list of them, not 0"):
        await pipe()
    await pipe.close()


async def test_a_model_that_reads_no_pages() -> None:
    with pytest.raises(UnsupportedModelError, match="is not Donut"):
        await intab.pipeline(TASK, FOLDERS / "trocr")
    with pytest.raises(UnsupportedModelError, match="answer questions about pages"):
        await intab.pipeline(TASK, ROOT / "tests/golden/seq2seq/t5")
