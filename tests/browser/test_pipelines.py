"""Pipelines in a real browser give what transformers' give."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import intab
from intab.convert.converter import Request, convert
from tests.browser.conftest import Stock
from tests.browser.programs import printed_json
from tests.browser.returning import Returning
from tests.browser.visitor import Visitor, visits
from tests.conftest import run_to_end
from tests.convert.tiny_encoders import write_checkpoint
from tests.native.test_pipelines import CASES, GOLDEN, same
from tests.native.test_reading import CASES as READING
from tests.native.test_sentences import RECORDED as SENTENCE_CASES
from tests.native.test_seq2seq import CASES as WRITTEN

PROGRAM = """
import intab, json, warnings

warnings.simplefilter("ignore")  # of targets that are not in a vocabulary
cases = json.loads({cases!r})
found = []
for case in cases:
    pipe = await intab.pipeline(case["task"], case["folder"])
    found.append([await pipe(*call["args"], **call["options"]) for call in case["calls"]])
    await pipe.close()
print(json.dumps(found))
"""


def as_arguments(case: dict[str, Any]) -> dict[str, Any]:
    return {**case, "calls": [{**call, "args": [call["inputs"]]} for call in case["calls"]]}


def some(case: dict[str, Any]) -> dict[str, Any]:
    """A case with every sixth of its calls, those that give an answer, in batches."""
    calls = [call for call in case["calls"][::6] if "result" in call]
    return {**case, "calls": [{**c, "options": {**c["options"], "batch_size": 3}} for c in calls]}


# What `intab convert` writes of tiny random checkpoints: a family and head each, and their tasks.
CONVERTED: dict[str, tuple[str, dict[str, Any]]] = {
    "bert labels": ("text-classification", {"top_k": None}),
    "distilbert tokens": ("token-classification", {"ignore_labels": []}),
    "roberta labels": ("text-classification", {"top_k": None}),
    "mpnet features": ("feature-extraction", {}),
    "modernbert tokens": ("token-classification", {"ignore_labels": []}),
}


def named(case: str) -> str:
    """Its folder's name in the page's models/."""
    return f"converted-{case.replace(' ', '-')}"


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Their folders, in float32 and in int8."""
    place = tmp_path_factory.mktemp("converted")
    for case in CONVERTED:
        checkpoint = write_checkpoint(place / "checkpoints" / case, case)
        convert(Request(checkpoint, place / "models" / named(case), ("fp32", "q8")))
    return place / "models"


@pytest.fixture(scope="module")
def visitor(returning: Returning, served: str, converted: Path, stock: Stock) -> Iterator[Visitor]:
    for place in (converted, GOLDEN / "pipelines", GOLDEN / "seq2seq"):
        for model in place.iterdir():
            shutil.copytree(model, stock(model.name))
    yield from visits(returning, served)


def test_as_transformers(visitor: Visitor) -> None:
    cases = [as_arguments(case) for case in CASES if not case["config"]]
    found = printed_json(visitor, PROGRAM.format(cases=json.dumps(cases)))
    for case, answers in zip(cases, found, strict=True):
        same(answers, [call["result"] for call in case["calls"]])


def test_reading(visitor: Visitor) -> None:
    cases = [some(case) for case in READING]
    found = printed_json(visitor, PROGRAM.format(cases=json.dumps(cases)))
    for case, answers in zip(cases, found, strict=True):
        same(answers, [call["result"] for call in case["calls"]])


READ = """
import intab, json

found = []
for name, task, options in json.loads({cases!r}):
    for dtype in ("fp32", "q8"):
        pipe = await intab.pipeline(task, name, dtype=dtype)
        found.append([pipe.dtype, await pipe(["a dog ran", "it was good"], **options)])
        await pipe.close()
print(json.dumps(found))
"""


def test_converted_encoders(visitor: Visitor, converted: Path) -> None:
    """Float32 gives native onnxruntime's numbers; int8 comes as near as kernels round."""
    cases = [(named(case), *about) for case, about in CONVERTED.items()]
    found = iter(printed_json(visitor, READ.format(cases=json.dumps(cases))))
    for name, task, options in cases:
        for dtype, near in (("fp32", 1e-5), ("q8", 0.02)):
            wanted = run_to_end(by_cpython(converted / name, task, dtype, options))
            chosen, answers = next(found)
            assert chosen == dtype
            a, b = np.array(list(numbers(answers))), np.array(list(numbers(wanted)))
            assert np.linalg.norm(a - b) <= near * np.linalg.norm(b), (name, dtype)


async def by_cpython(folder: Path, task: str, dtype: str, options: dict[str, Any]) -> Any:
    pipe = await intab.pipeline(task, folder, dtype=dtype)
    found = await pipe(["a dog ran", "it was good"], **options)
    await pipe.close()
    return found


def numbers(answer: Any) -> Iterator[float]:
    """All of an answer's, in an order that does not depend on scores."""
    if isinstance(answer, float):
        yield answer
    elif isinstance(answer, list):
        labels = [one.get("label", "") for one in answer if isinstance(one, dict)]
        ordered = sorted(answer, key=lambda one: one["label"]) if any(labels) else answer
        for one in ordered:
            yield from numbers(one)
    elif isinstance(answer, dict):
        yield from numbers(answer["score"])


SENTENCES = """
import intab, json

texts, documents = json.loads({given!r})
pipe = await intab.pipeline("sentence-similarity", "bert-sentences")
vectors = await pipe.encode(texts, batch_size=4)
small = await pipe.encode(texts, precision="ubinary")
ranker = await intab.pipeline("text-ranking", "bert-rank")
print(json.dumps([vectors.tolist(), small.tolist(), await ranker.rank(texts[0], documents)]))
"""


def test_sentences(visitor: Visitor) -> None:
    given = json.dumps([SENTENCE_CASES["texts"], SENTENCE_CASES["documents"]])
    vectors, small, ranks = printed_json(visitor, SENTENCES.format(given=given))
    wanted = {str(c["options"]): c["result"] for c in SENTENCE_CASES["sentences"][0]["calls"]}
    same(vectors, wanted["{}"])
    assert small == wanted["{'precision': 'ubinary'}"]
    same(ranks, SENTENCE_CASES["ranks"][0]["rank"])


WRITING = """
import intab, json, warnings
from intab.browser.ffi import js_worker

warnings.simplefilter("ignore")  # of lengths that are given twice
found = []
for case in json.loads({cases!r}):
    pipe = await intab.pipeline(case["task"], case["folder"])
    found.append([await pipe(call["inputs"], **call["options"]) for call in case["calls"]])
    if case["task"] == "summarization":
        text = [str(chunk) async for chunk in pipe.stream("a dog ran", max_new_tokens=8)]
        [one] = await pipe(["a dog ran"], max_new_tokens=8, num_beams=1)
        assert "".join(text) == one["summary_text"], (text, one)
    await pipe.close()
print(json.dumps([found, js_worker().keptTensors()]))
"""


def test_encoder_decoders(visitor: Visitor) -> None:
    """Merged decoders and pairs, greedy and beams; nothing stays in the end."""
    kinds = [("t5", "summarization"), ("bart", "text2text-generation"), ("nllb", "translation")]
    recorded = {case["folder"]: case["calls"] for case in WRITTEN}
    calls = [[c for c in recorded[n] if c["task"] == kind][:4] for n, kind in kinds]
    cases = [
        {"folder": name, "task": task, "calls": each[:1] if name == "t5" else each}
        for (name, task), each in zip(kinds, calls, strict=True)
    ]
    found, left = printed_json(visitor, WRITING.format(cases=json.dumps(cases)))
    assert found == [[call["result"] for call in case["calls"]] for case in cases]
    assert left == 0


GENERATION = """
import intab, json

pipe = await intab.pipeline("text-generation", "default")
model = await intab.load("default")
found = await pipe("Once upon a time", max_new_tokens=5, do_sample=False)
alone = await model.generate("Once upon a time", max_new_tokens=5, do_sample=False)
print(json.dumps([found, alone.text, pipe.model is model]))
"""


def test_generation(visitor: Visitor) -> None:
    found, alone, same_model = printed_json(visitor, GENERATION)
    assert found == [{"generated_text": f"Once upon a time{alone}"}]
    assert same_model
