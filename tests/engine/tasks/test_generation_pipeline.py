"""text-generation called as transformers' pipeline is."""

from __future__ import annotations

from typing import Any

import pytest

from intab.engine.tasks.generation_pipeline import GenerationPipeline
from intab.engine.tasks.generation_request import Request
from intab.errors import (
    ChatTemplateError,
    ContextLengthError,
    EmptyPromptError,
    ModelClosedError,
    OptionError,
    PromptError,
)
from tests.engine.conftest import Maker

USER = {"role": "user", "content": "Hi"}
GREEDY: dict[str, Any] = {"do_sample": False}


def pipe_of(make_model: Maker, answer: str = " there.", **generation: Any) -> Any:
    return GenerationPipeline(make_model(answer, {**GREEDY, **generation})[0])


async def test_a_text_goes_on(make_model: Maker) -> None:
    pipe = pipe_of(make_model)
    assert await pipe("Hi", **GREEDY) == [{"generated_text": "Hi there."}]
    assert await pipe("Hi", return_full_text=False) == [{"generated_text": " there."}]
    assert await pipe(["Hi"], **GREEDY) == [[{"generated_text": "Hi there."}]]
    [found] = await pipe("Hi", return_tensors=True)
    assert [*found] == ["generated_token_ids"]
    assert pipe.model.tokenizer.decode(found["generated_token_ids"]) == "Hi there."


async def test_a_prefix_is_read_and_not_given_back(make_model: Maker) -> None:
    assert await pipe_of(make_model)("Hi", prefix="Say: ") == [{"generated_text": "Hi there."}]


async def test_several_texts_and_generators(make_model: Maker) -> None:
    pipe = pipe_of(make_model)
    wanted = [[{"generated_text": f"{text} there."}] for text in "abc"]
    heard: list[int] = []
    found = await pipe([*"abc"], batch_size=2, on_progress=lambda p: heard.append(p.loaded))
    assert found == wanted
    assert heard == [2, 3]
    assert [one async for one in pipe(text for text in "abc")] == wanted


async def test_a_chat_has_one_more_message(make_model: Maker) -> None:
    [found] = await pipe_of(make_model)([USER])
    assert found["generated_text"] == [USER, {"role": "assistant", "content": " there."}]
    [[found]] = await pipe_of(make_model)([[USER]])
    assert len(found["generated_text"]) == 2


async def test_what_the_assistant_began_is_continued(make_model: Maker) -> None:
    begun = {"role": "assistant", "content": "Well"}
    [found] = await pipe_of(make_model)([USER, begun])
    assert found["generated_text"] == [USER, {"role": "assistant", "content": "Well there."}]


async def test_the_last_text_of_a_message_in_parts_is_continued(make_model: Maker) -> None:
    image = {"type": "image", "image": "cat.png"}
    parts = [{"type": "text", "text": "Well"}, image]
    [found] = await pipe_of(make_model)(
        [USER, {"role": "assistant", "content": parts}],
        tokenizer_encode_kwargs={"chat_template": "{{ messages[-1].content[0].text }}"},
    )
    done = [{"type": "text", "text": "Well there."}, image]
    assert found["generated_text"] == [USER, {"role": "assistant", "content": done}]


async def test_a_field_that_is_continued(make_model: Maker) -> None:
    thinking = {"role": "assistant", "reasoning_content": "So", "content": ""}
    template = {"chat_template": "{{ messages[-1].reasoning_content }}"}
    [found] = await pipe_of(make_model)(
        [USER, thinking],
        continue_final_message="reasoning_content",
        tokenizer_encode_kwargs=template,
    )
    last = {"role": "assistant", "reasoning_content": "So there.", "content": ""}
    assert found["generated_text"] == [USER, last]


async def test_a_prompt_is_cut(make_model: Maker) -> None:
    pipe = pipe_of(make_model)
    cut = {"truncation": True, "max_length": 3}
    asked: dict[str, Any] = {"return_tensors": True, **GREEDY}
    ids, chat = pipe.model.tokenizer.encode("abcdef"), pipe.model.encode([USER])
    [found] = await pipe("abcdef", tokenizer_encode_kwargs=cut, **asked)
    [uncut] = await pipe("abcdef", padding=True, tokenizer_encode_kwargs={}, **asked)
    new = uncut["generated_token_ids"][len(ids) :]
    assert found["generated_token_ids"] == [*ids[:3], *new]
    [found] = await pipe([USER], tokenizer_encode_kwargs={**cut, "padding": True}, **asked)
    assert found["generated_token_ids"] == [*chat[:3], *new]


async def test_several_answers(make_model: Maker) -> None:
    found = await pipe_of(make_model)("Hi", num_return_sequences=2, do_sample=True, top_k=1)
    assert [one["generated_text"] for one in found] == ["Hi there."] * 2


@pytest.mark.parametrize(
    ("given", "configured", "wanted"),
    [
        ({}, {}, {"max_new_tokens": 256, "do_sample": True, "temperature": 0.7}),
        ({"do_sample": False}, {}, {"max_new_tokens": 256, "do_sample": False}),
        ({}, {"do_sample": False, "max_length": 9}, {}),
        ({"max_length": 9}, {"temperature": 1.0}, {"do_sample": True, "max_length": 9}),
        ({"stop_sequence": "."}, {"do_sample": False}, {"max_new_tokens": 256, "stop": "."}),
    ],
)
def test_what_nobody_says(
    given: dict[str, Any], configured: dict[str, Any], wanted: dict[str, Any]
) -> None:
    assert Request.take(dict(given), configured).options == wanted


def test_a_stop_is_given_once() -> None:
    with pytest.raises(OptionError, match="stop_sequence and stop say the same"):
        Request.take({"stop": "a", "stop_sequence": "b"}, {})


async def test_a_long_prompt_leaves_a_hole(make_model: Maker) -> None:
    pipe, long = pipe_of(make_model), "abcdefgh" * 8
    with pytest.raises(ContextLengthError):
        await pipe(long, max_new_tokens=8)
    found = await pipe(long, max_new_tokens=8, handle_long_generation="hole")
    assert found == [{"generated_text": f"{long} there."}]
    with pytest.raises(ContextLengthError, match="leave no room for a prompt in a context of 64"):
        await pipe(long, max_new_tokens=64, handle_long_generation="hole")
    pipe.model._texts.tokenizer_config["model_max_length"] = 20  # counts too, as in transformers
    asked = {"handle_long_generation": "hole", "return_tensors": True}
    [found] = await pipe(long, max_new_tokens=8, **asked)
    prompt = pipe.model.tokenizer.encode(long)[-12:]
    assert found["generated_token_ids"][:12] == prompt


@pytest.mark.parametrize(
    ("inputs", "options", "kind", "says"),
    [
        ("Hi", {"return_text": True, "return_tensors": True}, OptionError, "Pass one of"),
        ("Hi", {"handle_long_generation": "cut"}, OptionError, "must be None or"),
        ("Hi", {"top_z": 1}, OptionError, "top_z"),
        ("Hi", {"prefix": 3}, OptionError, "prefix must be a text, not 3"),
        ("Hi", {"padding": 3}, OptionError, "padding must be one of"),
        ("Hi", {"return_full_text": "no"}, OptionError, "return_full_text must be True or False"),
        ("Hi", {"tokenizer_encode_kwargs": 3}, OptionError, "must be a dict, not 3"),
        ("Hi", {"tokenizer_encode_kwargs": {"foo": 1}}, OptionError, "no option 'foo'"),
        ("Hi", {"tokenizer_encode_kwargs": {"max_length": 3}}, OptionError, "without truncation"),
        ([USER], {"tokenizer_encode_kwargs": {"max_length": 3}}, OptionError, "without truncation"),
        ([USER], {"continue_final_message": 3}, OptionError, "a field's name, not 3"),
        ([USER], {"tools": len}, ChatTemplateError, "tools must be a list, not builtin_function"),
        ([USER], {"documents": USER}, ChatTemplateError, "documents must be a list, not dict"),
        ([USER, {"content": "Ho"}], {}, ChatTemplateError, "Message 1 must be a dict"),
        ([USER, "Ho"], {}, ChatTemplateError, "Message 1 must be a dict"),
        (4, {}, PromptError, "is a text or a list of messages, not int"),
        ([None], {}, PromptError, "is a text or a list of messages, not NoneType"),
    ],
)
async def test_what_cannot_be(
    make_model: Maker, inputs: Any, options: dict[str, Any], kind: type[Exception], says: str
) -> None:
    with pytest.raises(kind, match=says):
        await pipe_of(make_model)(inputs, **options)


async def test_what_changes_no_text(make_model: Maker) -> None:
    pipe = pipe_of(make_model, " there .")
    found = await pipe("Hi", pad_token_id=2, use_cache=True, **GREEDY)
    assert found == [{"generated_text": "Hi there ."}]
    assert await pipe("Hi", clean_up_tokenization_spaces=True, **GREEDY) == found  # of BPE
    for name, value in (("pad_token_id", -1), ("use_cache", 3), ("pad_token_id", "x")):
        with pytest.raises(OptionError, match=f"{name} must be"):
            await pipe("Hi", **{name: value})


async def test_an_empty_text_begins_with_the_first_token(make_model: Maker) -> None:
    [found] = await pipe_of(make_model, bos_token_id=7)("", return_tensors=True)
    assert found["generated_token_ids"][0] == 7
    assert await pipe_of(make_model, bos_token_id=7)("") == [{"generated_text": " there."}]
    with pytest.raises(EmptyPromptError, match="no bos_token_id: write at least one character"):
        await pipe_of(make_model)("")


async def test_what_it_says_of_itself(make_model: Maker) -> None:
    pipe = pipe_of(make_model)
    assert (pipe.task, pipe.lost, pipe.device) == ("text-generation", False, pipe.model.device)
    assert "text-generation" in repr(pipe)
    await pipe.close()
    assert pipe.model.closed
    with pytest.raises(ModelClosedError, match="load it again"):
        await pipe("Hi")
    with pytest.raises(OptionError, match="one input or a list, not 2"):
        pipe("Hi", "Ho")
