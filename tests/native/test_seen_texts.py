"""image-text-to-text over onnxruntime in CPython answers as transformers' pipeline."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import intab
from intab.errors import (
    ChatTemplateError,
    EmptyPromptError,
    ManifestError,
    ModelClosedError,
    OptionError,
    PromptError,
    UnsupportedModelError,
)
from tests.conftest import ROOT
from tests.golden.make_cutouts import picture
from tests.golden.seen_chats import altered, shown, told

FOLDER = ROOT / "tests/golden/seen"
DRAWING = (ROOT / "tests/engine/support/drawing.py").read_text("utf-8")
RECORDED = json.loads((ROOT / "tests/golden/seen_texts.json").read_text("utf-8"))
CALLS = RECORDED["calls"]
TASK = "image-text-to-text"


async def opened() -> Any:
    return await intab.pipeline(TASK, FOLDER)


def given(call: dict[str, Any]) -> dict[str, Any]:
    """A call's inputs."""
    prompt = shown(call["prompt"], call["pictures"])
    if isinstance(prompt, str):
        return {"images": [picture(name, 3) for name in call["pictures"]], "text": prompt}
    return {"text": prompt}


async def test_as_transformers() -> None:
    pipe = await opened()
    for call in CALLS:
        options = {k: v for k, v in call["options"].items() if k != "return_full_text"}
        ids = await pipe(**given(call), **options, return_tensors=True)
        assert [one["generated_token_ids"] for one in ids] == call["ids"], call["options"]
        found = await pipe(**given(call), **call["options"])
        assert told(found) == call["result"], call["options"]
        assert [one["input_text"] for one in found] == [given(call)["text"]] * len(found)
    await pipe.close()


def chat(name: str = "square", **part: Any) -> list[dict[str, Any]]:
    shown_part = {"type": "image", "image": picture(name, 3), **part}
    return [{"role": "user", "content": [shown_part, {"type": "text", "text": "What?"}]}]


async def test_a_processors_options_by_themselves() -> None:
    pipe = await opened()
    options: dict[str, Any] = {"max_new_tokens": 5, "return_tensors": True}
    one = await pipe(chat("wide"), do_image_splitting=False, **options)
    other = await pipe(chat("wide"), processor_kwargs={"do_image_splitting": False}, **options)
    assert one[0]["generated_token_ids"] == other[0]["generated_token_ids"]
    whole = await pipe(chat("wide"), **options)
    assert len(one[0]["generated_token_ids"]) < len(whole[0]["generated_token_ids"])
    await pipe.close()


async def test_several_chats_and_texts() -> None:
    pipe = await opened()
    chats = [chat("square"), chat("tall")]
    found = await pipe(chats, max_new_tokens=4, batch_size=2)
    assert found == [await pipe(one, max_new_tokens=4) for one in chats]

    def one_by_one() -> Iterator[Any]:
        yield from chats

    assert [one async for one in pipe(one_by_one(), max_new_tokens=4)] == found
    pictures, texts = [picture("tall", 3), picture("square", 3)], ["<image>", "no", "a <image>"]
    flat = await pipe(pictures, texts, max_new_tokens=3)
    alone = [(pictures[0], texts[0]), (None, texts[1]), (pictures[1], texts[2])]
    assert flat == [(await pipe(*one, max_new_tokens=3))[0] for one in alone]
    await pipe.close()


async def test_pictures_from_files_and_bytes(tmp_path: Path) -> None:
    pipe = await opened()
    picture("square", 3).save(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    wanted = await pipe(chat(), max_new_tokens=4, return_full_text=False)
    for part in ({"path": str(tmp_path / "a.png")}, {"base64": base64.b64encode(data).decode()}):
        found = await pipe(chat(image=None, **part), max_new_tokens=4, return_full_text=False)
        assert found[0]["generated_text"] == wanted[0]["generated_text"]
    await pipe.close()


async def test_an_answer_as_it_is_written() -> None:
    pipe = await opened()
    [found] = await pipe(chat(), max_new_tokens=9, return_full_text=False)
    chunks = [chunk async for chunk in pipe.stream(chat(), max_new_tokens=9)]
    assert "".join(chunk.text for chunk in chunks) == found["generated_text"]
    assert chunks[-1].finish_reason == "length"
    for given, says in (([chat(), chat()], "has one prompt"), (3, "A prompt is")):
        with pytest.raises(PromptError, match=says):
            await anext(pipe.stream(given))
    await pipe.close()
    with pytest.raises(ModelClosedError):
        await anext(pipe.stream(chat()))


async def test_stop_and_what_the_model_does_alone() -> None:
    """Its Model is one of text: pictures are the pipeline's."""
    pipe = await opened()
    [found] = await pipe(chat(), max_new_tokens=9, return_tensors=True)
    before = await pipe.model.generate([1, 2, 3], max_new_tokens=5)
    assert (await pipe.model.generate([1, 2, 3], max_new_tokens=5)).ids == before.ids
    text = pipe.model.tokenizer.decode(found["generated_token_ids"][-1:])
    [short] = await pipe(chat(), max_new_tokens=9, stop_sequence=text, return_tensors=True)
    assert len(short["generated_token_ids"]) <= len(found["generated_token_ids"])
    assert pipe.task == TASK
    assert (pipe.lost, pipe.device) == (False, "cpu")
    await pipe.close()
    with pytest.raises(ModelClosedError):
        await pipe(chat())


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"top_k": -1}, "top_k must be"),
        ({"timeout": 3}, "timeout"),
        ({"stop": "a", "stop_sequence": "b"}, "stop_sequence and stop say the same"),
        ({"generate_kwargs": 3}, "generate_kwargs must be a dict, not 3"),
        ({"max_new_tokens": 3, "generate_kwargs": {"max_new_tokens": 3}}, "is given twice"),
        ({"processor_kwargs": {"crop_size": 3}}, "processor_kwargs has no 'crop_size'"),
        ({"processor_kwargs": {"size": 9}}, "processor_kwargs: .* size must have a longest_edge"),
        ({"generate_kwargs": {"skip_special_tokens": True}}, "skip_special_tokens is an"),
        ({"chat_template_kwargs": {"continue_final_message": True}}, "_message is an option of"),
        ({"return_full_text": True, "return_tensors": True}, "Pass one of return_full_text"),
        ({"skip_special_tokens": 3}, "skip_special_tokens must be"),
    ],
)
async def test_options_that_cannot_be(options: dict[str, Any], says: str) -> None:
    pipe = await opened()
    with pytest.raises(OptionError, match=says):
        await pipe(chat(), **options)
    await pipe.close()


async def test_prompts_that_cannot_be() -> None:
    pipe = await opened()
    with pytest.raises(EmptyPromptError, match="The prompt is empty"):
        await pipe("")
    hello, said = [{"role": "user", "content": "Hello."}], {"messages": 3}
    writes = await intab.pipeline("text-generation", FOLDER)
    for ask, name in (
        (pipe, "chat_template_kwargs"),
        (pipe.model.generate, "chat_template_kwargs"),
        (writes, "tokenizer_encode_kwargs"),
    ):
        with pytest.raises(ChatTemplateError, match="messages is what the chat template gets"):
            await ask(hello, **{name: said})
    await writes.close()
    await pipe.close()


def changed(folder: Path, name: str, **more: Any) -> Path:
    """The model with other settings in a file; None takes one out."""
    return altered(FOLDER, folder / "seen", {name: more})


@pytest.mark.parametrize(
    ("name", "more", "error", "says"),
    [
        ("processor_config.json", {"image_seq_len": 5}, UnsupportedModelError, "; 5 of 16 are"),
        ("processor_config.json", {"image_seq_len": None}, UnsupportedModelError, "; 169 of 16"),
        ("config.json", {"text_config": {"hidden_size": 8}}, UnsupportedModelError, "4 of 8 are"),
        ("processor_config.json", {"image_seq_len": "4"}, ManifestError, "must be a whole number"),
        (
            "processor_config.json",
            {"image_processor": None},
            UnsupportedModelError,
            "has no prepro",
        ),
        ("config.json", {"image_token_id": 3}, ManifestError, "is not the tokenizer's <image>"),
        ("config.json", {"architectures": ["ViTModel"]}, UnsupportedModelError, "does not write"),
    ],
)
async def test_files_that_do_not_fit(
    tmp_path: Path, name: str, more: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        await intab.pipeline(TASK, changed(tmp_path, name, **more))


@pytest.mark.parametrize("said", RECORDED["files"])
async def test_other_files(tmp_path: Path, said: dict[str, Any]) -> None:
    """Its chat template and first token are those of transformers' processor."""
    pipe = await intab.pipeline(TASK, altered(FOLDER, tmp_path / "seen", said["files"]))
    [found] = await pipe(text=said["prompt"], max_new_tokens=1, return_tensors=True)
    assert found["generated_token_ids"][:-1] == said["ids"]
    await pipe.close()


async def test_smolvlm(tmp_path: Path) -> None:
    """Which is Idefics 3 by other names."""
    told = json.loads((FOLDER / "processor_config.json").read_text("utf-8"))["image_processor"]
    files: dict[str, dict[str, Any]] = {
        "config.json": {"architectures": ["SmolVLMForConditionalGeneration"]},
        "processor_config.json": {"image_processor": None, "processor_class": "SmolVLMProcessor"},
        "preprocessor_config.json": {**told, "image_processor_type": "SmolVLMImageProcessor"},
    }
    pipe = await intab.pipeline(TASK, altered(FOLDER, tmp_path / "seen", files))
    found = await pipe(**given(CALLS[0]), **CALLS[0]["options"], return_tensors=True)
    assert [one["generated_token_ids"] for one in found] == CALLS[0]["ids"]
    await pipe.close()


async def test_a_graph_that_looks_at_something_else(tmp_path: Path) -> None:
    folder = changed(tmp_path, "config.json")
    shutil.copy(ROOT / "tests/golden/pictures/vit-labels/onnx/model.onnx",
                folder / "onnx/vision_encoder.onnx")  # fmt: skip
    with pytest.raises(UnsupportedModelError, match="one is needed that takes pixel_values"):
        await intab.pipeline(TASK, folder)


async def test_another_task_names_this_one() -> None:
    with pytest.raises(UnsupportedModelError, match="image-text-to-text"):
        await intab.pipeline("image-to-text", FOLDER)
