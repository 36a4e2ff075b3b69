"""Pipelines over onnxruntime in CPython give what transformers' give, on tiny checkpoints."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import intab
from intab.errors import (
    ContextLengthError,
    DeviceError,
    IntabError,
    ManifestError,
    ModelClosedError,
    ModelNotFoundError,
    OptionError,
    PromptError,
    UnsupportedModelError,
)
from tests.conftest import ROOT

GOLDEN = ROOT / "tests/golden"
CASES = json.loads((GOLDEN / "pipelines.json").read_text("utf-8"))["cases"]


def folder_of(case: dict[str, Any], tmp_path: Path) -> Path:
    """A copy of a checkpoint, with its config.json changed."""
    folder = shutil.copytree(GOLDEN / "pipelines" / case["folder"], tmp_path / "m")
    config = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, **case["config"]}), "utf-8")
    return folder


def same(found: Any, wanted: Any) -> None:
    """The same labels, lists and numbers: these to the last digits of float32."""
    if isinstance(wanted, float):
        assert found == pytest.approx(wanted, rel=2e-4, abs=2e-5)
    elif isinstance(wanted, list):
        assert len(found) == len(wanted)
        for one, other in zip(found, wanted, strict=True):
            same(one, other)
    elif isinstance(wanted, dict):
        assert list(found) == list(wanted)
        for key in wanted:
            same(found[key], wanted[key])
    else:
        assert found == wanted


@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: " ".join([case["folder"], *case["config"]])
)
async def test_as_transformers(case: dict[str, Any], tmp_path: Path) -> None:
    pipe = await intab.pipeline(case["task"], folder_of(case, tmp_path))
    for call in case["calls"]:
        same(await pipe(call["inputs"], **call["options"]), call["result"])
    await pipe.close()


async def classifier() -> intab.Pipeline:
    return await intab.pipeline("sentiment-analysis", GOLDEN / "pipelines/bert-labels")


async def test_what_a_pipeline_says_of_itself() -> None:
    pipe = await classifier()
    assert (pipe.task, pipe.dtype, pipe.device) == ("text-classification", "fp32", "cpu")
    assert pipe.reason == "the model's only dtype"
    assert "intab.Pipeline text-classification" in repr(pipe)
    again = await intab.pipeline("text-classification", GOLDEN / "pipelines/bert-labels")
    assert again is pipe


async def test_a_closed_pipeline_says_so() -> None:
    pipe = await classifier()
    await pipe.close()
    with pytest.raises(ModelClosedError, match="was closed: load it again"):
        await pipe("good")


LONG = "it was a very good film " * 9


@pytest.mark.parametrize(
    ("inputs", "options", "kind", "says"),
    [
        ("good", {"topk": 1}, OptionError, "There is no option 'topk'"),
        ("good", {"top_k": 0}, OptionError, "top_k must be 1 or more"),
        ("good", {"top_k": "all"}, OptionError, "top_k must be a whole number"),
        ("good", {"function_to_apply": "tanh"}, OptionError, "must be one of softmax, sigmoid"),
        ("good", {"max_length": 4}, OptionError, "no effect without truncation"),
        ("good", {"truncation": True, "max_length": 0}, OptionError, "max_length must be a whole"),
        ("good", {"truncation": "sideways"}, OptionError, "truncation must be True or False"),
        (
            LONG,
            {},
            ContextLengthError,
            "has 56 tokens, the model takes 40: shorten it",
        ),
        (["good", ["a", "b"]], {}, PromptError, "A pair of texts is"),
        ({"texts": "good"}, {}, PromptError, "A pair of texts is"),
        (4, {}, PromptError, "A text must be a string, not int"),
    ],
)
async def test_what_cannot_be_is_an_error(
    inputs: Any, options: dict[str, Any], kind: type[IntabError], says: str
) -> None:
    pipe = await classifier()
    with pytest.raises(kind, match=says):
        await pipe(inputs, **options)


@pytest.mark.parametrize("labels", [["a"], {"one": "a"}, {"0": 4}])
async def test_labels_that_are_none(labels: object, tmp_path: Path) -> None:
    case = {"folder": "bert-labels", "config": {"id2label": labels}}
    with pytest.raises(ManifestError, match="id2label"):
        await intab.pipeline("text-classification", folder_of(case, tmp_path))


async def test_vectors_as_an_array() -> None:
    pipe = await intab.pipeline("feature-extraction", GOLDEN / "pipelines/bert-features")
    found = await pipe("the cat", return_tensors=True)
    assert isinstance(found, np.ndarray)
    assert found.shape == (1, 4, 16)
    with pytest.raises(OptionError, match="truncation is given twice"):
        await pipe("the cat", truncation=True, tokenize_kwargs={"truncation": True})


async def test_what_cannot_be_loaded(tmp_path: Path) -> None:
    folder = GOLDEN / "pipelines/bert-labels"
    with pytest.raises(OptionError, match=r"no task 'summarise'; .*feature-extraction, fill-mask"):
        await intab.pipeline("summarise", folder)
    with pytest.raises(UnsupportedModelError, match="does not classify texts: its architecture is"):
        await intab.pipeline("text-classification", GOLDEN / "pipelines/bert-features")
    with pytest.raises(UnsupportedModelError, match="cannot continue text"):
        await intab.load(folder)
    with pytest.raises(DeviceError, match="no role 'encoder_model'; it has: model"):
        await intab.pipeline("text-classification", folder, dtype={"encoder_model": "q4"})
    bare = shutil.copytree(folder, tmp_path / "bare")
    (bare / "onnx/model.onnx").unlink()
    with pytest.raises(ModelNotFoundError, match="onnx"):
        await intab.pipeline("text-classification", bare)


def run_snippet(number: int) -> str:
    """What a program of docs/pipelines.md prints."""
    text = (ROOT / "docs/pipelines.md").read_text("utf-8")
    program = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)[number]
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


def test_the_snippets_of_the_docs() -> None:
    label = r"\[\{'label': '[A-Z]+', 'score': 0\.\d+\}\]\n\[\[.+\]\]\n"
    assert re.fullmatch(label, run_snippet(0))
    vectors = r"\(3, 8\) \(1, 2\)\n4\n\[\{'corpus_id': \d, 'score': .+, 'text': '.+'\}\]\n"
    assert re.fullmatch(vectors, run_snippet(2))
    story = r"\[\{'generated_text': ['\"]Once upon a time.+\}\]\nModel 1\n"
    assert re.fullmatch(story, run_snippet(3))
    assert re.fullmatch(r"\{'text': .+, 'chunks': \[.*\]\}\n", run_snippet(9))
    assert re.fullmatch(r"(\d\.\d of 5\.0 s, partial: (True|False)\n)+.*\n", run_snippet(10))
    assert re.fullmatch(r"3\n(\[(\d+(, )?)*\]\n){3}", run_snippet(1))
    names = r"input_ids \(int64 \[\?, \?\]\)\nattention_mask .+\ntoken_type_ids .+\n"
    labels = r"\['NEGATIVE', 'NEUTRAL', 'POSITIVE'\]\n\(1, 3\)\n"
    assert re.fullmatch(names + labels, run_snippet(7))
    size = r"\(32, 32\)\n"
    assert re.fullmatch(r"<.+ of 1 picture of 32 x 32 pixels> " + size, run_snippet(6))
    boxes = r"\(15, 20\) \[\{'label': '[a-z]+', 'score': 0\.\d+\}\]\n2\n"
    assert re.fullmatch(boxes, run_snippet(4))
