"""A model's prompts, context, defaults; and that it is free again after whatever happens."""

from typing import Any

import pytest

from intab.engine.model import Texts, context_length
from intab.engine.text.special_tokens import TokenFiles
from intab.engine.text.tokenizer import Tokenizer
from intab.errors import (
    ChatTemplateError,
    ContextLengthError,
    EmptyPromptError,
    ManifestError,
    ModelClosedError,
    OptionError,
    PromptError,
)
from tests.engine.conftest import Maker, byte_tokenizer_json

HELLO = [{"role": "user", "content": "Hello"}]


async def test_a_string_and_messages(make_model: Maker) -> None:
    model, network = make_model("fine")
    assert str(await model.generate("Hello")) == "fine"
    assert str(await model.generate(HELLO)) == "fine"
    sent = [model.tokenizer.decode(session.steps[0][0]) for session in network.sessions]
    assert sent == ["Hello", "<user>Hello\n<assistant>"]


async def test_chunks_print_as_text(make_model: Maker) -> None:
    model, _ = make_model("abc")
    assert [str(chunk) async for chunk in model.stream("x")] == ["a", "b", "c", ""]


def test_repr_says_which_and_where(make_model: Maker) -> None:
    model, _ = make_model()
    assert repr(model) == "<intab.Model 'tiny', q8 on fake>"


@pytest.mark.parametrize(
    ("prompt", "error", "says"),
    [
        ("", EmptyPromptError, "at least one character"),
        (None, PromptError, "not NoneType"),
        (b"bytes", PromptError, "not bytes"),
        ([], ChatTemplateError, "empty"),
        ([{}, "Hello"], ChatTemplateError, "Message 0"),
        (["Hello"], PromptError, "A stream has one prompt"),
        ("x" * 64, ContextLengthError, "64 tokens, the model's context is 64"),
        ("a\ud83d", PromptError, "half of a surrogate pair"),
    ],
)
def test_prompts_that_cannot_be_used(
    make_model: Maker, prompt: Any, error: type[Exception], says: str
) -> None:
    """At the call, before anything is computed."""
    model, network = make_model()
    with pytest.raises(error, match=says):
        model.stream(prompt)
    assert network.sessions == []


async def test_what_the_template_is_given(make_model: Maker) -> None:
    model, network = make_model("fine")
    await model.generate(HELLO, chat_template_kwargs={"add_generation_prompt": False})
    assert model.tokenizer.decode(network.sessions[0].steps[0][0]) == "<user>Hello\n"
    with pytest.raises(PromptError, match="tools is for the chat template: pass messages"):
        model.stream("Hello", chat_template_kwargs={"tools": []})


def test_a_generation_config_that_is_wrong_is_named(make_model: Maker) -> None:
    with pytest.raises(ManifestError, match=r"generation_config\.json is not valid: top_k must be"):
        make_model(generation={"top_k": -1, "do_sample": True})


def test_options_are_checked_at_the_call(make_model: Maker) -> None:
    with pytest.raises(OptionError, match="max_new_tokens"):
        make_model()[0].stream("x", max_tokens=3)


async def test_the_context_ends_the_answer(make_model: Maker) -> None:
    model, _ = make_model("y" * 64)
    answer = await model.generate("x" * 60, max_new_tokens=50)
    assert (answer.text, answer.finish_reason) == ("yyyy", "length")


async def test_defaults_come_from_the_generation_config(make_model: Maker) -> None:
    model, _ = make_model("hello", generation={"max_new_tokens": 2, "eos_token_id": [1, 2]})
    answer = await model.generate("x")
    assert (answer.text, answer.finish_reason) == ("he", "length")
    assert str(await model.generate("x", max_new_tokens=3)) == "hel"


async def test_the_end_token_of_the_tokenizer_config() -> None:
    from intab.engine.model import Model
    from tests.engine.support.networks import FakeNetwork

    files = TokenFiles({"eos_token": {"content": "<|end|>"}})
    texts = Texts(Tokenizer(byte_tokenizer_json(), files), {}, {}, {}, {})
    model = Model("tiny", "q8", "", FakeNetwork(), texts)
    assert (await model.generate("x")).finish_reason == "eos"


async def test_breaking_out_frees_the_session(make_model: Maker) -> None:
    model, network = make_model("abc")
    chunks = model.stream("x")
    async for _ in chunks:
        break
    await chunks.aclose()
    assert network.sessions[0].closed
    assert str(await model.generate("x")) == "abc"


async def test_an_exception_in_a_processor_frees_the_session(make_model: Maker) -> None:
    model, network = make_model("abc")

    def fail(ids: list[int], logits: Any) -> Any:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await model.generate("x", logits_processors=[fail])
    assert network.sessions[0].closed
    assert str(await model.generate("x")) == "abc"


async def test_two_streams_do_not_disturb_each_other(make_model: Maker) -> None:
    model, _ = make_model("abc")
    one, two = model.stream("x"), model.stream("y")
    texts = ["", ""]
    for _ in range(4):
        texts[0] += str(await anext(one))
        texts[1] += str(await anext(two))
    assert texts == ["abc", "abc"]


async def test_a_closed_model_says_so(make_model: Maker) -> None:
    model, network = make_model()
    await model.close()
    await model.close()
    assert network.closed
    assert model.closed
    assert "closed" in repr(model)
    with pytest.raises(ModelClosedError, match="load it again"):
        model.stream("x")


@pytest.mark.parametrize(
    ("config", "length"),
    [
        ({"max_position_embeddings": 8}, 8),
        ({"n_positions": 9}, 9),
        ({"n_ctx": 0}, None),
        ({}, None),
    ],
)
def test_context_length(config: dict[str, Any], length: int | None) -> None:
    assert context_length(config) == length
