"""Texts are spoken over onnxruntime in CPython as transformers speaks them."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import intab
from intab.errors import (
    EmptyPromptError,
    IntabError,
    ManifestError,
    ModelClosedError,
    OptionError,
    PromptError,
    UnsupportedModelError,
)
from tests.conftest import ROOT
from tests.engine.text.test_vits import own_json

FOLDERS = ROOT / "tests/golden/speaking"
CASES = json.loads((ROOT / "tests/golden/speaking.json").read_text("utf-8"))["cases"]


def same_sound(found: Any, wanted: Any) -> None:
    """Lists pair by pair; lengths and rates exactly, samples within 1e-4."""
    if isinstance(wanted, list):
        for one, other in zip(found, wanted, strict=True):
            same_sound(one, other)
        return
    assert found["sampling_rate"] == wanted["sampling_rate"]
    assert np.shape(found["audio"]) == np.shape(wanted["audio"])
    np.testing.assert_allclose(found["audio"], wanted["audio"], rtol=0, atol=1e-4)


async def speaker(name: str = "letters") -> Any:
    return await intab.pipeline("text-to-speech", FOLDERS / name)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["folder"])
async def test_as_transformers(case: dict[str, Any]) -> None:
    pipe = await speaker(case["folder"])
    assert pipe.task == "text-to-audio"
    for call in case["calls"]:
        found = await pipe(call["inputs"], **call["options"])
        same_sound(found, call["result"])
        one = found[0] if isinstance(found, list) else found
        assert one["audio"].dtype == np.float32
    await pipe.close()
    with pytest.raises(ModelClosedError, match="was closed"):
        await pipe("hello")


async def test_a_batch_changes_nothing() -> None:
    """transformers gives every row of a batch the length of the longest."""
    pipe = await speaker()
    texts = ["a", "a longer text", "the fox"]
    alone = [await pipe(text) for text in texts]
    same_sound(await pipe(texts, batch_size=3), alone)
    same_sound([one async for one in pipe(text for text in texts)], alone)


async def test_it_can_be_stopped_between_texts() -> None:
    pipe = await speaker()
    spoken: list[int] = []

    def stop(progress: Any) -> None:
        spoken.append(progress.loaded)
        task.cancel()

    task = asyncio.ensure_future(pipe(["hello"] * 50, on_progress=stop))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(spoken) < 3
    assert (await pipe("hello"))["audio"].size == 500


async def test_a_long_text() -> None:
    """It has no limit, as there."""
    pipe = await speaker()
    long = await pipe("the fox ran on and on " * 40)
    assert long["audio"].size > 10 * (await pipe("the fox ran"))["audio"].size


@pytest.mark.parametrize(
    ("name", "item", "options", "kind", "says"),
    [
        ("letters", "", {}, EmptyPromptError, "Nothing of the text is in the model's vocabulary"),
        ("letters", "42!", {}, EmptyPromptError, "numbers as words"),
        ("letters", 3, {}, PromptError, "A text must be a string, not int"),
        (
            "letters",
            "HELLO",
            {"preprocess_params": {"normalize": False}},
            PromptError,
            "characters that the model has no sound for",
        ),
        (
            "letters",
            "a",
            {"preprocess_params": {"normalize": 1}},
            OptionError,
            "normalize must be True or False",
        ),
        (
            "letters",
            "a",
            {"preprocess_params": {"padding": True}},
            OptionError,
            "no option 'padding'; preprocess_params has: normalize",
        ),
        ("letters", "a", {"speaker_id": 1}, OptionError, "text-to-audio has: forward_params"),
        ("letters", "a", {"forward_params": 1}, OptionError, "forward_params must be a dict"),
        (
            "letters",
            "a",
            {"forward_params": {"speaker_id": 1}},
            OptionError,
            "takes no speaker_id: .* It takes: a text alone",
        ),
        (
            "letters",
            "a",
            {"generate_kwargs": {"do_sample": True}},
            OptionError,
            "this one takes forward_params",
        ),
        ("speakers", "a", {}, OptionError, "speaker_id must be a whole number from 0 to 2"),
        (
            "speakers",
            "a",
            {"forward_params": {"speaker_id": 3}},
            OptionError,
            'from 0 to 2, not 3: pass it as forward_params={"speaker_id": ...}',
        ),
        (
            "speakers",
            "a",
            {"forward_params": {"speaker_id": 1, "speaking_rate": "fast"}},
            OptionError,
            "speaking_rate must be a number",
        ),
        (
            "speakers",
            "a",
            {"forward_params": {"speaker_id": 1, "speaking_rate": 0}},
            OptionError,
            "speaking_rate must be a number from 0.01",
        ),
    ],
)
async def test_what_cannot_be_is_an_error(
    name: str, item: Any, options: dict[str, Any], kind: type[IntabError], says: str
) -> None:
    pipe = await speaker(name)
    with pytest.raises(kind, match=says):
        await pipe(item, **options)


async def test_models_for_something_else() -> None:
    with pytest.raises(UnsupportedModelError, match="does not speak: its architecture is BertFor"):
        await intab.pipeline("text-to-audio", ROOT / "tests/golden/pipelines/bert-labels")
    with pytest.raises(UnsupportedModelError, match="VitsModel, which is for text-to-audio"):
        await intab.pipeline("text-classification", FOLDERS / "letters")
    with pytest.raises(UnsupportedModelError, match="cannot continue text: its architecture"):
        await intab.load(FOLDERS / "letters")


def copied(tmp_path: Path, graph: Path | None = None, **config: Any) -> Path:
    """A copy of a folder, with config.json and the graph changed."""
    folder = shutil.copytree(FOLDERS / "letters", tmp_path / "copy")
    told = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps({**told, **config}), "utf-8")
    if graph:
        shutil.copy(graph, folder / "onnx/model.onnx")
    return folder


async def test_a_folder_as_transformers_js_has_it(tmp_path: Path) -> None:
    """Its tokenizer.json, which names no kind of model, has what vocab.json would have."""
    folder = copied(tmp_path)
    words = json.loads((folder / "vocab.json").read_text("utf-8"))
    (folder / "vocab.json").unlink()
    with pytest.raises(ManifestError, match="has the characters that the model speaks"):
        await intab.pipeline("text-to-audio", folder)
    (folder / "tokenizer.json").write_text(own_json({"vocab": words}), "utf-8")
    pipe = await intab.pipeline("text-to-audio", folder)
    same_sound(await pipe("hello"), CASES[0]["calls"][0]["result"])


async def test_folders_that_are_not_right(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="sampling_rate must be a whole number"):
        await intab.pipeline("text-to-audio", copied(tmp_path / "a", sampling_rate=-1))
    graph = ROOT / "tests/golden/pipelines/bert-labels/onnx/model.onnx"
    other = copied(tmp_path / "b", graph)
    with pytest.raises(UnsupportedModelError, match="export a VitsModel for text-to-audio"):
        await intab.pipeline("text-to-audio", other)
